"""Estimates: which claims are held against which simulation, and that wrong ones are seen."""

from dataclasses import replace

import jax
import pytest

from collapse_sim.certify import FAMILY_ERROR
from collapse_sim.replicates import EMPTY, Stream
from collapse_sim.run_directory import RunDirectory
from experiments import curse_of_recursion
from experiments.recursion import estimates
from experiments.recursion.settings import ALL, Settings
from tests.experiments.evidence import evidence_of

PROCESSES = {process.name: process for process in estimates.processes(Settings())}

DECIDED = """
ref.coverage neon2026.gauss ref.neon_error dhoot2026.fixedpoint dhoot2026.fixedpoint_mean
raisa2024.m ferbach2024.gain ref.curation_rate ref.one_pass ref.two_stage
rezaei2026.mean_shift rezaei2026.covariance_shift
""".split()

QUICK = {
    "replace, nine for each": 2**18,
    "fresh human, exactly 3 of 10": 2**18,
    "choose, one of 2": 2**12,
    "choose, two types": 2**13,
    "wider, inputs": 2**10,
}
"""Processes that run quickly, and replicates that decide them."""


def test_every_claim_has_evidence_and_the_family_is_no_part_of_all():
    claims = {check.claim for process in PROCESSES.values() for check in process.checks}
    assert claims == set(DECIDED)
    assert "estimates" not in ALL
    assert Settings(family="estimates").families() == ("estimates",)


@pytest.mark.parametrize(("name", "replicates"), QUICK.items())
def test_claims_hold_and_numbers_six_percent_off_do_not(name, replicates):
    """The chance of a false alarm of a verdict is 1e-3 / 20; the seed is fixed."""
    process = PROCESSES[name]
    *_, summary = Stream.of(process.simulation).extend(EMPTY, jax.random.key(7), replicates)
    error = FAMILY_ERROR / 20
    for evidence in evidence_of(process):
        verdict = evidence.judge(summary, error)
        assert verdict.verdict == "holds", evidence.claim
        if evidence.relation == "==":
            assert verdict.control is True and verdict.within <= verdict.tolerance <= 0.02
            for factor in (0.94, 1.06):
                off = factor * evidence.predicted[0]
                wrong = replace(evidence, predicted=(off, off))
                assert wrong.judge(summary, error).verdict == "violated", (evidence.claim, factor)


def test_a_bound_above_the_mean_is_seen():
    process = PROCESSES["choose, one of 4"]
    *_, summary = Stream.of(process.simulation).extend(EMPTY, jax.random.key(8), 2**12)
    (evidence,) = evidence_of(process)
    more = 1.15 * evidence.predicted[0]
    wrong = replace(evidence, predicted=(more, more))
    assert wrong.judge(summary, FAMILY_ERROR / 20).verdict == "violated"


def test_the_command_writes_a_run_and_prints_80_columns(tmp_path, monkeypatch, capfd):
    names = ("replace, equal sizes", "average, several sets")
    few = [replace(PROCESSES[name], replicates=2000) for name in names]
    monkeypatch.setattr(estimates, "processes", lambda settings: few)
    flags = ["--family", "estimates", "--out", str(tmp_path / "run")]
    assert curse_of_recursion.command(flags, configure=lambda settings: None) == 0
    run = RunDirectory(tmp_path / "run")
    assert run.is_finished() and (run.path / "figure.png").is_file()
    assert {v["claim"] for v in run.verdicts()} == {"ref.coverage", "raisa2024.m"}
    tables = capfd.readouterr().out.partition(str(tmp_path))[0]
    assert max(map(len, tables.splitlines())) <= 80
