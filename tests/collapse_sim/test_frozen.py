"""Frozen and external priors: rows, statistics and exact means over noise agree with theory."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from collapse_sim import masks
from collapse_sim.editing import Edit
from collapse_sim.linear.design import GaussianDesign
from collapse_sim.linear.expectation import (
    RandomMaskExpectation,
    ScheduledExpectation,
    StepwiseExpectation,
)
from collapse_sim.linear.learner import ExternalPrior, LinearLearner
from collapse_sim.loop import Chain
from collapse_sim.moments import Moments
from tests.collapse_sim.draws import FAILURE_RATE, double_precision, draw
from theory.editing.frozen import external_error, frozen_error
from theory.linear.wishart import base_error

DIM, SAMPLES = 4, 24
DESIGN = GaussianDesign(DIM, SAMPLES)
BASE = base_error(dim=DIM, samples=SAMPLES)
SCHEDULE = np.array([np.arange(SAMPLES) < 12, np.arange(SAMPLES) >= 6])  # rows 6 to 11 twice
ROWS = (0, 12, 24)
QUANTILE = stats.norm.isf(FAILURE_RATE / 2)


def moments(simulation, measure: str, count: int = 2**14):
    found = Moments.of(draw(simulation, seed=3, count=count)[measure])
    return found.mean, found.standard_error


def agrees(found, expected) -> bool:
    mean, error = found
    return bool((np.abs(mean - expected) <= QUANTILE * error + 1e-6 * mean).all())


def simulations(variant: str, prior: ExternalPrior | None):
    sizes, blocks = masks.blocks_of(SCHEDULE)
    statistics = LinearLearner(DESIGN, representation="statistics", sizes=sizes)
    edit = "frozen" if prior else variant
    error = float(prior.test_error) if prior else 0.0
    return {
        "rows": Chain(
            LinearLearner(DESIGN), Edit.of(masks.MaskPolicy.of(SCHEDULE), edit), 3, prior
        ),
        "statistics": Chain(statistics, Edit.of(masks.MaskPolicy.of(blocks), edit), 3, prior),
        "mean over noise": ScheduledExpectation.of(DESIGN, SCHEDULE, variant, error),
    }


@pytest.mark.parametrize("name", ["rows", "statistics", "mean over noise"])
def test_frozen_edits_are_one_edit_of_the_rows_edited_so_far(name):
    expected = np.array([frozen_error(dim=DIM, samples=SAMPLES, edited_rows=k) for k in ROWS])
    found = moments(simulations("frozen", None)[name], "scale_averaged_error")
    assert agrees(found, expected)
    assert not agrees(found, expected * [1, 1.1, 1.1])
    assert not agrees(moments(simulations("chained", None)[name], "scale_averaged_error"), expected)


@pytest.mark.parametrize("name", ["rows", "statistics", "mean over noise"])
def test_an_external_prior_costs_its_error_once(name):
    where = {"dim": DIM, "samples": SAMPLES, "prior_error": 0.5 * BASE}
    expected = np.array([external_error(**where, edited_rows=k) for k in ROWS])
    found = moments(simulations("external", ExternalPrior(0.5 * BASE))[name], "test_error")
    assert agrees(found, expected)
    assert not agrees(found, expected * [1, 1.1, 1.1])


@pytest.mark.parametrize("frozen", [False, True])
def test_stepwise_means_are_those_of_the_chains_with_less_noise(frozen):
    policy = masks.confident(SAMPLES, 3, 1.0)
    variant = "frozen" if frozen else "chained"
    chain = Chain(LinearLearner(DESIGN), Edit.of(policy, variant), 4)
    mean, error = moments(chain, "scale_averaged_error")
    averaged = StepwiseExpectation(DESIGN, policy, 4, np.asarray(frozen))
    exact, less = moments(averaged, "scale_averaged_error")
    assert (np.abs(mean - exact) <= QUANTILE * np.hypot(error, less)).all()
    assert (less[1:] < error[1:] / 2.8).all()
    several = StepwiseExpectation(DESIGN, policy, 4, np.asarray(frozen), noises=4)
    same, least = moments(several, "scale_averaged_error")
    assert (np.abs(mean - same) <= QUANTILE * np.hypot(error, least)).all()
    assert (least[1:] < less[1:] / 1.8).all()
    other = StepwiseExpectation(DESIGN, policy, 4, np.asarray(not frozen))
    changed, _ = moments(other, "scale_averaged_error")
    assert abs(changed[-1] - mean[-1]) > QUANTILE * np.hypot(error, less)[-1]


@pytest.mark.parametrize("writes", [False, True])
def test_chains_that_carry_a_prior_are_those_that_do_or_do_not(writes):
    regime, prior = Edit.of(masks.MaskPolicy.of(SCHEDULE), "frozen"), ExternalPrior(0.5 * BASE)
    learner, key = LinearLearner(DESIGN), jax.random.key(3)
    own = Chain(learner, regime, 3, prior if writes else None)(key)
    carried = Chain(learner, regime, 3, prior, np.asarray(writes))(key)
    other = Chain(learner, regime, 3, prior, np.asarray(not writes))(key)
    np.testing.assert_allclose(carried["test_error"], own["test_error"], rtol=1e-6)
    assert not np.allclose(other["test_error"][1:], own["test_error"][1:], rtol=1e-3)


@pytest.mark.parametrize(
    "mean",
    [
        ScheduledExpectation.of(DESIGN, SCHEDULE),
        RandomMaskExpectation.of(DESIGN, np.full(2, 0.3), np.full(2, 0.09)),
        StepwiseExpectation(DESIGN, masks.confident(SAMPLES, 2, 1.0), 3),
    ],
    ids=["scheduled", "random", "stepwise"],
)
def test_float32_is_kept_where_there_is_float64(mean):
    with double_precision():
        for dtype in (jnp.float32, jnp.float64):
            found = replace(mean, dtype=dtype)(jax.random.key(0))
            assert {values.dtype for values in found.values()} == {np.dtype(dtype)}


def test_only_known_ways_to_write_are_accepted():
    with pytest.raises(ValueError, match="accepted are chained, frozen, external"):
        ScheduledExpectation.of(DESIGN, SCHEDULE, "anchored")
    with pytest.raises(ValueError, match="accepted are chained, anchored, additive, frozen"):
        Edit.of(masks.MaskPolicy.of(SCHEDULE), "external")
    edit = Edit.of(masks.MaskPolicy.of(SCHEDULE), "frozen")
    with pytest.raises(ValueError, match="prior_writes without prior: accepted is beside"):
        Chain(LinearLearner(DESIGN), edit, 3, prior_writes=True)
    with pytest.raises(ValueError, match="noises=0: accepted"):
        StepwiseExpectation(DESIGN, masks.confident(SAMPLES, 2, 1.0), 3, noises=0)


def test_an_external_prior_is_the_truth_where_no_error_is_given():
    assert ScheduledExpectation.of(DESIGN, SCHEDULE, "external").prior.test_error == 0
