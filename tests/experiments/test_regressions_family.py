"""Regressions: their numbers by hand, and counts that stand for single rows."""

import jax.numpy as jnp
import numpy as np
import pytest

from collapse_sim.linear.data import Rows
from collapse_sim.linear.design import GivenDesign
from collapse_sim.linear.generalised import LogisticLearner, PoissonLearner
from experiments.recursion import regressions
from tests.experiments.evidence import evidence_of, family_processes

PROCESSES = family_processes("regressions")

LIMITS = {
    "replace, logistic": 4.0,
    "accumulate, logistic": 205 / 144,
    "replace, Poisson": 4.0,
    "accumulate, Poisson": 205 / 144,
}
"""Errors of the fourth fit by hand: 1 + 1 + 1 + 1 and 1 + 1/4 + 1/9 + 1/16."""


def test_the_numbers_are_those_by_hand():
    predicted = {name: [e.predicted[0] for e in evidence_of(p)] for name, p in PROCESSES.items()}
    assert predicted == {name: [pytest.approx(limit)] for name, limit in LIMITS.items()}


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
