"""Penalised and minimum-norm fits: which claims are held against what, and wrong ones are seen."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from collapse_sim.certify import FAMILY_ERROR
from collapse_sim.experiment.evidence import limit_evidence
from collapse_sim.replicates import EMPTY, Stream
from collapse_sim.run_directory import RunDirectory
from experiments import curse_of_recursion
from experiments.recursion import ridge
from experiments.recursion.settings import ALL, Settings
from tests.experiments.evidence import evidence_of
from theory import ledger

PROCESSES = {process.key: process for process in ridge.processes(Settings())}

DECIDED = """
garg2026.minnorm dohmatob2024a.overparam ref.overparam_shared ref.ridge_chain ref.ridge_memory
dohmatob2024a.linear dohmatob2024a.ridgeless ref.strong_T dohmatob2025.thm1 dohmatob2025.cor1
dohmatob2025.cor2 ref.weighted dohmatob2025.cor3
""".split()

QUICK = {
    "ridge mixture, few rows": 2**15,
    "ridge mixture, 10,000 rows": 2**12,
    "ridge mixture, weight 0.1": 2**12,
}
"""Processes of one compiled program, and replicates that decide them."""


def test_every_claim_has_a_check_and_the_family_is_no_part_of_all():
    checks = {check.claim for process in PROCESSES.values() for check in process.checks}
    assert checks == set(DECIDED)
    assert "ridge" not in ALL and Settings(family="ridge").families() == ("ridge",)


def test_whole_rows_are_synthetic():
    for process in PROCESSES.values():
        rows = getattr(process.simulation, "synthetic_rows", np.zeros(1))
        np.testing.assert_allclose(rows, np.round(rows), atol=1e-9)


@pytest.mark.parametrize(("name", "replicates"), QUICK.items())
def test_claims_are_decided_and_numbers_six_percent_off_do_not_hold(name, replicates):
    """The chance of a false alarm of a verdict is 1e-3 / 22; the seed is fixed."""
    process = PROCESSES[name]
    *_, summary = Stream.of(process.simulation).extend(EMPTY, jax.random.key(7), replicates)
    error = FAMILY_ERROR / 22
    for evidence in evidence_of(process):
        expected = "violated" if evidence.claim == "dohmatob2025.cor2" else "holds"
        verdict = evidence.judge(summary, error)
        assert verdict.verdict == expected, evidence.claim
        for factor in (0.94, 1.06):
            off = factor * evidence.predicted[0]
            wrong = replace(evidence, predicted=(off, off))
            assert wrong.judge(summary, error).verdict == "violated", (evidence.claim, factor)


def test_a_limit_is_the_same_number_at_every_size():
    for process in PROCESSES.values():
        for check in process.checks:
            if check.along:
                rungs = [PROCESSES[key] for key in check.along]
                claims = [limit_evidence(check, [rung], ledger()).claimed for rung in rungs]
                np.testing.assert_allclose(claims, claims[0], rtol=1e-12)
                assert all(rung.looks == (rung.replicates,) for rung in rungs)


def test_the_command_writes_a_run_and_prints_80_columns(tmp_path, monkeypatch, capfd):
    names = "ridge replace, ridge", "ridge mixture, 1,000,000 rows"
    few = [replace(PROCESSES[name], replicates=1024) for name in names]
    monkeypatch.setattr(ridge, "processes", lambda settings: few)
    flags = ["--family", "ridge", "--out", str(tmp_path / "run")]
    assert curse_of_recursion.command(flags, configure=lambda settings: None) == 0
    run = RunDirectory(tmp_path / "run")
    assert run.is_finished() and (run.path / "figure.png").is_file()
    assert {v["claim"] for v in run.verdicts()} == {
        "ref.ridge_chain", "ref.ridge_memory", "dohmatob2025.cor1"
    }  # fmt: skip
    tables = capfd.readouterr().out.partition(str(tmp_path))[0]
    assert max(map(len, tables.splitlines())) <= 80
