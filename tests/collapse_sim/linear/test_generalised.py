"""Logistic and Poisson regression: exact fits, other solvers, separated data, and exact chains.

A chain on one row of N trials is a Wright-Fisher chain of N tokens of two types, and one on a
single Poisson row is a branching process: the share of separated fits is known in both.
"""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import linprog, minimize
from scipy.special import expit
from scipy.stats import binom
from sklearn.linear_model import LogisticRegression

from collapse_sim.linear.data import Rows
from collapse_sim.linear.design import GaussianDesign, GivenDesign
from collapse_sim.linear.generalised import Fit, GeneralisedLearner, LogisticLearner, PoissonLearner
from collapse_sim.loop import Chain
from collapse_sim.regimes import Accumulate, Replace
from tests.collapse_sim.draws import COMPILE_FAST, draw, same_mean

ONE = GivenDesign.of(np.ones((1, 1)))
ANY = GaussianDesign(3, 12)


@partial(jax.jit, compiler_options=COMPILE_FAST)
def _fits(learner: GeneralisedLearner, inputs, labels) -> Fit:
    return jax.vmap(lambda x, y: learner.fit(Rows(x, y)))(inputs, labels)


def fits(learner: GeneralisedLearner, inputs, labels) -> tuple[np.ndarray, np.ndarray]:
    """Weights of many data sets in float64, and which of these are separated."""
    found = _fits(learner, jnp.asarray(inputs, jnp.float32), jnp.asarray(labels, jnp.float32))
    return np.asarray(found.weights, np.float64), np.asarray(found.separated)


def one_fit(learner: GeneralisedLearner, inputs, labels) -> tuple[np.ndarray, bool]:
    weights, separated = fits(learner, np.asarray(inputs)[None], np.asarray(labels)[None])
    return weights[0], bool(separated[0])


@given(st.lists(st.integers(1, 99), min_size=3, max_size=3))
def test_a_saturated_design_fits_the_share_and_the_mean_of_each_row(counts):
    inputs = np.array([[1, 0, 0], [1, 1, 0], [1, -2, 3.0]])
    weights, separated = one_fit(LogisticLearner(ANY, trials=100), inputs, counts)
    assert not separated
    np.testing.assert_allclose(100 * expit(inputs @ weights), counts, rtol=2e-5)
    weights, separated = one_fit(PoissonLearner(ANY), inputs, counts)
    assert not separated
    np.testing.assert_allclose(np.exp(inputs @ weights), counts, rtol=2e-5)


def test_fits_by_hand():
    # two rows at x = 1 and x = 2: exp(w) + 2 exp(2 w) = y1 + 2 y2 = 10 at exp(w) = 2
    assert one_fit(PoissonLearner(ONE), [[1], [2]], [4, 3])[0] == pytest.approx(np.log(2), rel=1e-6)
    # three successes in four trials: odds of 3
    weights, _ = one_fit(LogisticLearner(ONE), np.ones((4, 1)), [1, 0, 1, 1])
    assert weights == pytest.approx(np.log(3), rel=1e-6)


@pytest.fixture(scope="module")
def problems() -> tuple[np.ndarray, np.ndarray]:
    """Inputs and linear predictors of fifty regressions."""
    rng = np.random.default_rng(0)
    inputs = rng.standard_normal((50, 40, 3)).astype(np.float32)
    return inputs, np.einsum("rtd,rd->rt", inputs, rng.standard_normal((50, 3)))


def test_logistic_fits_are_those_of_scikit_learn(problems):
    inputs, predictor = problems
    labels = np.random.default_rng(1).random(predictor.shape) < expit(predictor)
    weights, separated = fits(LogisticLearner(ANY), inputs, labels)
    assert not separated.any()
    for x, y, found in zip(inputs, labels, weights, strict=True):
        other = LogisticRegression(
            C=np.inf, fit_intercept=False, solver="newton-cholesky", tol=1e-10, max_iter=1000
        ).fit(np.asarray(x, float), y)
        np.testing.assert_allclose(found, other.coef_[0], rtol=2e-5, atol=2e-5)


def test_poisson_fits_are_those_of_scipy(problems):
    inputs, predictor = problems
    labels = np.random.default_rng(2).poisson(np.exp(predictor))
    weights, separated = fits(PoissonLearner(ANY), inputs, labels)
    assert not separated.any()
    for x, y, found in zip(np.asarray(inputs, float), labels, weights, strict=True):
        other = minimize(
            lambda w, x=x, y=y: np.exp(x @ w).sum() - y @ x @ w,
            np.zeros(3),
            jac=lambda w, x=x, y=y: x.T @ (np.exp(x @ w) - y),
            hess=lambda w, x=x: (x.T * np.exp(x @ w)) @ x,
            method="trust-exact",
            options={"gtol": 1e-9},
        )
        np.testing.assert_allclose(found, other.x, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
def test_fits_far_from_the_start_and_columns_of_any_unit(scale):
    """Means from 1e-5 to 1e8, which whole Newton steps from zero overshoot."""
    x = np.linspace(-1, 1, 9)
    inputs = np.column_stack([np.ones(9), scale * x])
    counts = np.round(np.exp(3.5 + 15 * x))
    weights, separated = one_fit(PoissonLearner(ANY), inputs, counts)
    assert not separated
    residual = np.asarray(inputs, np.float32).T @ (np.exp(inputs @ weights) - counts)
    assert np.abs(residual / scale ** np.arange(2)).max() < 2e-5 * counts.sum()


def can_be_separated(x: np.ndarray, y: np.ndarray, law: str) -> bool:
    """Whether the likelihood rises for ever in some direction, by linear programming."""
    bounds = [(-1, 1)] * x.shape[1]
    if law == "logistic":
        signed = np.where(y > 0, x.T, -x.T).T
        return linprog(-signed.sum(0), -signed, np.zeros(len(x)), bounds=bounds).fun < -1e-7
    none, some = x[y == 0], x[y > 0]
    equal = {"A_eq": some, "b_eq": np.zeros(len(some))} if len(some) else {}
    found = linprog(none.sum(0), none, np.zeros(len(none)), bounds=bounds, **equal)
    return bool(len(none)) and found.fun < -1e-7


@pytest.mark.parametrize("law", ["logistic", "Poisson"])
@pytest.mark.parametrize(("rows", "dim"), [(8, 2), (6, 3)])
def test_data_are_separated_where_linear_programming_says_so(rows, dim, law):
    """Inputs of few values, so that many data are separated only in part."""
    rng = np.random.default_rng(rows)
    inputs = rng.integers(-1, 2, (150, rows, dim)).astype(float)
    inputs = inputs[np.linalg.matrix_rank(inputs) == dim]
    labels = rng.integers(0, 2, inputs.shape[:2])
    if law == "Poisson":
        labels *= rng.integers(1, 20, labels.shape)
    learner = LogisticLearner(ANY) if law == "logistic" else PoissonLearner(ANY)
    weights, separated = fits(learner, inputs, labels)
    expected = [can_be_separated(x, y, law) for x, y in zip(inputs, labels, strict=True)]
    assert 0.01 < np.mean(expected) < 0.9
    np.testing.assert_array_equal(separated, expected)
    assert np.abs(weights).max() < 1000


def test_rows_that_do_not_span_the_weights_are_separated_and_finite():
    for learner in (LogisticLearner(ANY), PoissonLearner(ANY)):
        for inputs in (np.ones((6, 2)), np.eye(6)[:, :2] * [1, 0], np.zeros((6, 2))):
            weights, separated = one_fit(learner, inputs, [0, 1, 0, 1, 1, 0])
            assert separated and np.isfinite(weights).all()


def test_means_above_the_range_are_said():
    weights, separated = one_fit(PoissonLearner(ONE), [[1.0]], [4e8])
    assert not separated and weights == pytest.approx(np.log(4e8), rel=1e-6)
    assert one_fit(PoissonLearner(ONE), [[1.0]], [6e8])[1]
    labels = PoissonLearner(ONE).draw(jax.random.key(0), jnp.array([50.0]))
    assert labels == pytest.approx(np.exp(20), rel=1e-3)


@given(st.integers(0, 2**32 - 1))
def test_a_row_of_trials_is_as_many_rows_and_a_row_of_zeros_is_none(seed):
    rng = np.random.default_rng(seed)
    inputs = rng.standard_normal((4, 2))
    successes = np.array([1, 3, 2, 1])
    repeated = np.repeat(inputs, 4, axis=0)
    single = np.concatenate([np.arange(4) < count for count in successes])
    short, separated = one_fit(LogisticLearner(ANY, trials=4), inputs, successes)
    long, _ = one_fit(LogisticLearner(ANY), repeated, single)
    padded, _ = one_fit(
        LogisticLearner(ANY, trials=4), np.pad(inputs, ((0, 3), (0, 0))), np.pad(successes, (0, 3))
    )
    if not separated:
        np.testing.assert_allclose(short, long, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(short, padded, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("trials", [1, 5, 500])
def test_logistic_labels_have_their_mean_and_variance(trials):
    predictor = jnp.array([-3.0, 0.2, 1.0, 40.0])
    learner = LogisticLearner(ANY, trials=trials)
    keys = jax.random.split(jax.random.key(3), 20_000)
    labels = np.asarray(jax.vmap(lambda key: learner.draw(key, predictor))(keys), float)
    assert (labels[:, 3] == trials).all()
    chance = expit(np.asarray(predictor[:3], float))
    assert same_mean(labels[:, :3], trials * chance)
    assert same_mean((labels[:, :3] - trials * chance) ** 2, trials * chance * (1 - chance))
    np.testing.assert_allclose(
        learner.variance(predictor)[:3], trials * chance * (1 - chance), rtol=1e-6
    )


def test_surprise_is_the_residual_in_standard_deviations():
    data = Rows(jnp.ones((2, 1)), jnp.array([1.0, 4.0]))
    drawn = LogisticLearner(ONE, trials=4).resample(
        jax.random.key(0), Fit(jnp.zeros(1), jnp.array(False)), data
    )
    np.testing.assert_allclose(drawn.surprise, [1.0, 2.0], rtol=1e-6)
    drawn = PoissonLearner(ONE).resample(
        jax.random.key(0), Fit(jnp.log(jnp.array([4.0])), jnp.array(False)), data
    )
    np.testing.assert_allclose(drawn.surprise, [1.5, 0.0], rtol=1e-5, atol=1e-5)


def test_errors_are_in_the_norm_of_the_information():
    inputs = np.array([[1, 1], [1, -1], [1, 0.0]])
    learner = PoissonLearner(GivenDesign.of(inputs), np.array([np.log(3), 0.0]))
    _, truth = learner.human(jax.random.key(0))
    np.testing.assert_allclose(truth.information, [[9, 0], [0, 6]], rtol=1e-6)
    found = learner.measure(Fit(truth.weights + jnp.array([2.0, -1.0]), jnp.array(True)), truth)
    assert found["scaled_error"] == pytest.approx((9 * 4 + 6 * 1) / 2, rel=1e-6)
    assert found["test_error"] == pytest.approx(4 + 2 / 3, rel=1e-6)
    assert found["separated"] == 1


GENERATIONS, TRIALS, CHANCE, MEAN = 4, 6, 0.7, 2.0


def test_separated_fits_of_one_row_of_trials_are_fixations():
    """And the error before, by the law of the counts; a type once lost stays lost."""
    truth = np.log(CHANCE / (1 - CHANCE))
    chain = Chain(LogisticLearner(ONE, np.array([truth]), trials=TRIALS), Replace(), GENERATIONS)
    found = draw(chain, seed=1)
    counts = np.arange(TRIALS + 1)
    law = binom.pmf(counts, TRIALS, CHANCE)
    step = binom.pmf(counts, TRIALS, counts[:, None] / TRIALS)
    inner = counts[1:-1]
    errors = (np.log(inner / (TRIALS - inner)) - truth) ** 2 * TRIALS * CHANCE * (1 - CHANCE)
    for n in range(GENERATIONS):
        separated = found["separated"][:, n]
        assert same_mean(separated, law[0] + law[-1])
        assert not same_mean(separated, 1.5 * (law[0] + law[-1]))
        error = np.where(separated > 0, 0, found["scaled_error"][:, n])
        assert same_mean(error, law[1:-1] @ errors)
        assert not same_mean(error, 1.2 * law[1:-1] @ errors)
        law = law @ step
    assert (np.diff(found["separated"], axis=1) >= 0).all()
    assert all(np.isfinite(values).all() for values in found.values())


def test_separated_fits_of_one_poisson_row_are_extinctions():
    chain = Chain(PoissonLearner(ONE, np.array([np.log(MEAN)])), Replace(), GENERATIONS)
    separated = draw(chain, seed=2)["separated"]
    extinct = 0.0
    for n in range(GENERATIONS):
        # Each of the first, Poisson many, leaves offspring for n rounds with chance 1 - extinct.
        assert same_mean(separated[:, n], np.exp(MEAN * (extinct - 1)))
        assert not same_mean(separated[:, n], 1.5 * np.exp(MEAN * (extinct - 1)))
        extinct = np.exp(extinct - 1)


def test_single_trials_and_fresh_rows_have_the_errors_of_many_to_leading_order():
    """1.25 = 1 + 1 / 4 at the second fit to everything, and 2 to the last labels, within 10 %."""
    shared, fresh = GaussianDesign(2, 300), GaussianDesign(2, 300, shared=False)
    for learner, regime, limit in (
        (LogisticLearner(shared), Accumulate(), 1.25),
        (LogisticLearner(fresh), Replace(), 2),
        (PoissonLearner(fresh), Accumulate(), 1.25),
    ):
        found = draw(Chain(learner, regime, 2), seed=3, count=2048)
        assert not found["separated"].any()
        assert found["scaled_error"][:, 1].mean() == pytest.approx(limit, rel=0.1)


@pytest.mark.parametrize("trials", [0, -1, 2**24 + 1])
def test_unusable_trials_are_refused(trials):
    with pytest.raises(ValueError, match=f"trials={trials}: accepted are integers from 1 to"):
        LogisticLearner(ANY, trials=trials)


def test_true_weights_of_another_length_are_refused():
    with pytest.raises(ValueError, match=r"true_weights of shape \(2,\): accepted is \(3,\)"):
        Chain(LogisticLearner(ANY, np.zeros(2)), Replace(), 2)(jax.random.key(0))
