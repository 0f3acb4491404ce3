"""Regressions: which claims are held against which simulation, and that wrong ones are seen."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from collapse_sim.certify import FAMILY_ERROR
from collapse_sim.linear.data import Rows
from collapse_sim.linear.design import GivenDesign
from collapse_sim.linear.generalised import LogisticLearner, PoissonLearner
from collapse_sim.replicates import EMPTY, Stream
from collapse_sim.run_directory import RunDirectory
from experiments import curse_of_recursion
from experiments.recursion import regressions
from experiments.recursion.settings import ALL, Settings
from tests.experiments.evidence import evidence_of

PROCESSES = {process.name: process for process in regressions.processes(Settings())}

LIMITS = {
    "replace, logistic": 4.0, "accumulate, logistic": 205 / 144, "replace, Poisson": 4.0,
    "accumulate, Poisson": 205 / 144,
}  # fmt: skip
"""Errors of the fourth fit by hand: 1 + 1 + 1 + 1 and 1 + 1/4 + 1/9 + 1/16."""


def test_both_claims_have_evidence_of_both_regressions_and_the_family_is_no_part_of_all():
    predicted = {name: [e.predicted[0] for e in evidence_of(p)] for name, p in PROCESSES.items()}
    assert predicted == {name: [pytest.approx(limit)] for name, limit in LIMITS.items()}
    claims = {e.claim for p in PROCESSES.values() for e in evidence_of(p)}
    assert claims == {"dey2024.discard", "dey2024.augment"}
    assert "regressions" not in ALL
    assert Settings(family="regressions").families() == ("regressions",)


@pytest.mark.parametrize("name", PROCESSES)
def test_claims_hold_and_numbers_five_percent_off_do_not(name):
    """The chance of a false alarm of a verdict is 1e-3 / 4; the seed is fixed.

    Of the sum of 1 / k^2 one more fit makes 3 %, and one less 5 %.
    """
    process = PROCESSES[name]
    *_, summary = Stream.of(process.simulation).extend(EMPTY, jax.random.key(7), 2**16)
    assert summary.moments["separated"].largest.max() == 0
    (evidence,) = evidence_of(process)
    verdict = evidence.judge(summary, FAMILY_ERROR / 4)
    assert verdict.verdict == "holds" and verdict.control is True, verdict
    assert verdict.within <= verdict.tolerance == 0.02
    for factor in (0.95, 1.05):
        off = factor * evidence.predicted[0]
        wrong = replace(evidence, predicted=(off, off))
        assert wrong.judge(summary, FAMILY_ERROR / 4).verdict == "violated", factor


def test_counts_stand_for_single_rows():
    """Copies of a row with single labels have the weights of one row with their sum."""
    rng, copies = np.random.default_rng(0), 50
    learners = regressions.learners("float32", copies)
    inputs = np.repeat(regressions.ROWS, copies, axis=0)
    design = GivenDesign.of(inputs)
    singles = {"logistic": LogisticLearner(design), "Poisson": PoissonLearner(design)}
    for name, single in singles.items():
        labels = rng.integers(0, 2, (len(regressions.ROWS), copies)).astype(np.float32)
        rows, repeated = (jnp.asarray(x, jnp.float32) for x in (regressions.ROWS, inputs))
        long = single.fit(Rows(repeated, jnp.asarray(labels.ravel())))
        short = learners[name].fit(Rows(rows, jnp.asarray(labels.sum(axis=1))))
        shift = np.zeros(rows.shape[1])
        shift[0] = np.log(copies) if name == "Poisson" else 0
        np.testing.assert_allclose(short.weights - shift, long.weights, atol=2e-5)


def test_the_command_writes_a_run_and_prints_80_columns(tmp_path, monkeypatch, capfd):
    few = [replace(PROCESSES[name], replicates=512) for name in LIMITS if "Poisson" in name]
    monkeypatch.setattr(regressions, "processes", lambda settings: few)
    flags = ["--family", "regressions", "--out", str(tmp_path / "run")]
    assert curse_of_recursion.command(flags, configure=lambda settings: None) == 0
    run = RunDirectory(tmp_path / "run")
    assert run.is_finished() and (run.path / "figure.png").is_file()
    assert [v["claim"] for v in run.verdicts()] == ["dey2024.discard", "dey2024.augment"]
    tables = capfd.readouterr().out.partition(str(tmp_path))[0]
    assert "Poisson regression" in tables
    assert max(map(len, tables.splitlines())) <= 80
