"""Contamination: which claims are held against which simulation, and that wrong ones are seen."""

from dataclasses import replace
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from collapse_sim.certify import FAMILY_ERROR
from collapse_sim.replicates import EMPTY, Stream
from collapse_sim.run_directory import RunDirectory
from experiments import curse_of_recursion
from experiments.recursion import contamination
from experiments.recursion.settings import ALL, Settings
from tests.experiments.evidence import evidence_of
from theory.distributions import zipf_tails

PROCESSES = {process.name: process for process in contamination.processes(Settings())}

DECIDED = """
ref.debiased kanabar2025.minimax ref.pooled wang2026.rate bertrand2024.stab ref.mixed_rate
barzilai2025.thm41 dohmatob2024b.thm32
""".split()

QUICK = {
    "keep human, 0.25 drawn": 2**17,
    "keep human, 2 drawn": 2**17,
    "accumulate, max likelihood": 2**13,
    "replace, on the plateau": 2**12,
}
"""Processes that run quickly, and replicates that decide them."""


def test_every_claim_has_evidence_and_the_family_is_no_part_of_all():
    assert {e.claim for p in PROCESSES.values() for e in evidence_of(p)} == set(DECIDED)
    assert "contamination" not in ALL
    assert Settings(family="contamination").families() == ("contamination",)


@pytest.mark.parametrize(("name", "replicates"), QUICK.items())
def test_claims_hold_and_numbers_six_percent_off_do_not(name, replicates):
    """The chance of a false alarm of a verdict is 1e-3 / 20; the seed is fixed."""
    process = PROCESSES[name]
    *_, summary = Stream.of(process.simulation).extend(EMPTY, jax.random.key(7), replicates)
    error = FAMILY_ERROR / 20
    for evidence in evidence_of(process):
        promised = np.isfinite(evidence.predicted[0])
        verdict = evidence.judge(summary, error)
        assert verdict.verdict == ("holds" if promised else "vacuous"), evidence.claim
        if evidence.relation == "==":
            assert verdict.control is True and verdict.within <= verdict.tolerance <= 0.02
            for factor in (0.94, 1.06):
                off = factor * evidence.predicted[0]
                wrong = replace(evidence, predicted=(off, off))
                assert wrong.judge(summary, error).verdict == "violated", (evidence.claim, factor)


def test_a_bound_below_the_mean_is_seen():
    process = PROCESSES["accumulate, max likelihood"]
    *_, summary = Stream.of(process.simulation).extend(EMPTY, jax.random.key(8), 2**16)
    (evidence,) = evidence_of(process)
    third = evidence.predicted[0] / 3
    wrong = replace(evidence, predicted=(third, third))
    assert wrong.judge(summary, FAMILY_ERROR / 20).verdict == "violated"


def test_numbers_of_leading_order_are_as_near_as_their_tolerance_needs():
    """Half of it, so that an interval of the other half decides."""
    for process in PROCESSES.values():
        errors: Any = process.closed.get("squared_distance")
        for evidence in evidence_of(process):
            if evidence.claim == "wang2026.rate":
                assert errors is not None
                assert evidence.predicted[0] == pytest.approx(errors[-1], rel=0.0101)
            if evidence.claim == "dohmatob2024b.thm32":
                exact = zipf_tails.memoriser_error(**process.where)
                assert evidence.predicted[0] == pytest.approx(exact, rel=0.0101)


def test_debiasing_halves_the_error_of_a_tenth_human():
    debiased, pooled = (
        PROCESSES[f"{estimate}, 10 % human"].closed["squared_distance"]
        for estimate in ("debiased", "pooled")
    )
    assert 2 < pooled[-1] / debiased[-1] < 2.1


def test_the_largest_error_never_falls():
    trace = {"squared_mean_error": jnp.array([0.2, 0.1, 0.4, 0.3])}
    found = contamination._largest(trace)["largest_mean_error"]
    np.testing.assert_allclose(found, [0.2, 0.2, 0.4, 0.4])


def test_the_command_writes_a_run_and_prints_80_columns(tmp_path, monkeypatch, capfd):
    monkeypatch.setattr(contamination, "BATCHES", 4)
    shorter = {process.name: process for process in contamination.processes(Settings())}
    names = ("debiased, 10 % human", "pooled, 10 % human", "keep human, 2 drawn")
    few = [replace(shorter[name], replicates=2000) for name in names]
    few[:2] = [replace(process, checks=()) for process in few[:2]]
    monkeypatch.setattr(contamination, "processes", lambda settings: few)
    flags = ["--family", "contamination", "--out", str(tmp_path / "run")]
    assert curse_of_recursion.command(flags, configure=lambda settings: None) == 0
    run = RunDirectory(tmp_path / "run")
    assert run.is_finished() and (run.path / "figure.png").is_file()
    assert [v["claim"] for v in run.verdicts()] == ["bertrand2024.stab", "ref.mixed_rate"]
    tables = capfd.readouterr().out.partition(str(tmp_path))[0]
    assert max(map(len, tables.splitlines())) <= 80
