"""Corpora: which claims are held against which simulation, and that wrong ones are seen."""

from dataclasses import replace

import jax
import pytest

from collapse_sim.certify import FAMILY_ERROR
from collapse_sim.replicates import EMPTY, Stream
from collapse_sim.run_directory import RunDirectory
from experiments import curse_of_recursion
from experiments.recursion import corpora
from experiments.recursion.settings import ALL, Settings
from tests.experiments.evidence import evidence_of

PROCESSES = {process.name: process for process in corpora.processes(Settings())}

DECIDED = """
ref.kept_excess ref.polya ref.missing_mass
""".split()

QUICK = {
    "keep human, 126 drawn": 2**16,
    "accumulate, an urn": 2**13,
}
"""Processes that run quickly, and replicates that decide them."""


def test_every_claim_has_evidence_and_the_family_is_no_part_of_all():
    assert {e.claim for p in PROCESSES.values() for e in evidence_of(p)} == set(DECIDED)
    assert "corpora" not in ALL
    assert Settings(family="corpora").families() == ("corpora",)


@pytest.mark.parametrize(("name", "replicates"), QUICK.items())
def test_claims_hold_and_numbers_six_percent_off_do_not(name, replicates):
    """The chance of a false alarm of a verdict is 1e-3 / 20; the seed is fixed."""
    process = PROCESSES[name]
    *_, summary = Stream.of(process.simulation).extend(EMPTY, jax.random.key(7), replicates)
    error = FAMILY_ERROR / 20
    for evidence in evidence_of(process):
        verdict = evidence.judge(summary, error)
        assert verdict.verdict == "holds", evidence.claim
        assert verdict.control is True and verdict.within <= verdict.tolerance <= 0.02
        for factor in (0.94, 1.06):
            off = factor * evidence.predicted[0]
            wrong = replace(evidence, predicted=(off, off))
            assert wrong.judge(summary, error).verdict == "violated", (evidence.claim, factor)


def test_more_synthetic_tokens_are_worse_and_then_better():
    few, peak, many = (
        float(evidence_of(PROCESSES[f"keep human, {n} drawn"])[0].predicted[0])
        for n in corpora.SYNTHETIC
    )
    assert few < 0.6 * peak and many < 0.5 * peak


def test_the_command_writes_a_run_and_prints_80_columns(tmp_path, monkeypatch, capfd):
    names = "keep human, 126 drawn", "accumulate, an urn"
    few = [replace(PROCESSES[name], replicates=2000) for name in names]
    monkeypatch.setattr(corpora, "processes", lambda settings: few)
    flags = ["--family", "corpora", "--out", str(tmp_path / "run")]
    assert curse_of_recursion.command(flags, configure=lambda settings: None) == 0
    run = RunDirectory(tmp_path / "run")
    assert run.is_finished() and (run.path / "figure.png").is_file()
    assert [v["claim"] for v in run.verdicts()] == ["ref.kept_excess", "ref.polya", "ref.polya"]
    tables = capfd.readouterr().out.partition(str(tmp_path))[0]
    assert max(map(len, tables.splitlines())) <= 80
