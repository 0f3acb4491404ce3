"""Expectation maximisation: NumPy's step, scikit-learn's optimum, and chains that collapse."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.mixture import GaussianMixture

from collapse_sim.distributions.divergences import Mixture, Truth, covariances_of, l2_distance
from collapse_sim.distributions.mixture import (
    CANDIDATES,
    VARIANCE_FLOOR,
    MixtureLearner,
    improve,
    maximise,
    plus_plus,
)
from collapse_sim.distributions.sample import Sample
from collapse_sim.editing import Edit
from collapse_sim.loop import Chain, Learner
from collapse_sim.masks import MaskPolicy
from collapse_sim.regimes import Accumulate, Mix, Replace
from tests.collapse_sim.draws import COMPILE_FAST, draw, same_mean

SMALL = settings(max_examples=10)
TWO = Mixture.of([0.5, 0.5], [-2.0, 2.0], [1.0, 1.0])
PLANE = Mixture.of([0.4, 0.6], [[-2.0, 0.0], [2.0, 1.0]], [np.eye(2), [[1.0, 0.5], [0.5, 2.0]]])
ONE = MixtureLearner(PLANE, 33, 1, steps=2)
PLANES = MixtureLearner(PLANE, 33, 2, steps=2)
KEY = jax.random.key(7)


@partial(jax.jit, static_argnums=0, compiler_options=COMPILE_FAST)
def fit(learner: MixtureLearner, data: Sample, key) -> Mixture:
    return learner.fit(data, key)


step = jax.jit(improve, compiler_options=COMPILE_FAST)
starts = jax.jit(plus_plus, static_argnums=3, compiler_options=COMPILE_FAST)
resample = jax.jit(MixtureLearner.resample, compiler_options=COMPILE_FAST)


@partial(jax.jit, static_argnums=2, compiler_options=COMPILE_FAST)
def path_from(start: Mixture, points, steps: int) -> Mixture:
    """The mixtures after 0, 1, ..., steps - 1 steps."""
    weights, least = jnp.ones(points.shape[1]), jnp.zeros(points.shape[0])

    def step(law, _):
        return improve(law, points, weights, least), law

    return jax.lax.scan(step, start, length=steps)[1]


@partial(jax.jit, static_argnums=0, compiler_options=COMPILE_FAST)
def measures(learner: MixtureLearner, law: Mixture, truth: Mixture):
    return learner.measure(law, Truth.of(truth))


def points_of(law: Mixture, rows: int, seed: int) -> np.ndarray:
    random = np.random.default_rng(seed)
    choice = random.choice(len(law.weights), p=law.weights, size=rows)
    noise = random.normal(size=(rows, law.means.shape[1]))
    return law.means[choice] + np.einsum("rij,rj->ri", law.factors[choice], noise)


def at(path: Mixture, step: int) -> Mixture:
    return Mixture(*(x[step] for x in path))


def numpy_step(points: np.ndarray, law: Mixture) -> tuple[np.ndarray, ...]:
    """One step of expectation maximisation in float64, and the log-likelihood before it."""
    weights, means, factors = (np.asarray(x, float) for x in law)
    chances = []
    for weight, mean, factor in zip(weights, means, factors, strict=True):
        z = np.linalg.solve(factor, (points - mean).T)
        width = np.prod(np.diag(factor)) * (2 * np.pi) ** (len(mean) / 2)
        chances.append(weight * np.exp(-np.sum(z**2, axis=0) / 2) / width)
    chances = np.array(chances)
    shares = chances / chances.sum(0)
    members = shares.sum(1)
    means = shares @ points / members[:, None]
    covariances = [
        (share * (points - mean).T) @ (points - mean) / share.sum()
        for share, mean in zip(shares, means, strict=True)
    ]
    return members / len(points), means, np.array(covariances), np.log(chances.sum(0)).sum()


@SMALL
@given(seed=st.integers(0, 999), plane=st.booleans())
def test_a_step_is_numpy_s_and_the_likelihood_never_falls(seed, plane):
    truth = PLANE if plane else TWO
    points = points_of(truth, 60, seed)
    start = truth._replace(means=truth.means / 2, weights=np.array([0.7, 0.3]))
    path = path_from(start.astype(jnp.float32), jnp.asarray(points.T, jnp.float32), 12)
    likelihoods = []
    for step in range(11):
        weights, means, covariances, likelihood = numpy_step(points, at(path, step))
        likelihoods.append(likelihood)
        after = at(path, step + 1)
        np.testing.assert_allclose(after.weights, weights, atol=1e-5)
        np.testing.assert_allclose(after.means, means, atol=1e-5)
        np.testing.assert_allclose(covariances_of(after), covariances, atol=1e-5)
    assert np.diff(likelihoods).min() > -1e-4  # of about 100


def test_the_optimum_is_scikit_learn_s():
    points = 100 + points_of(PLANE, 400, seed=0)
    learner = MixtureLearner(PLANE, 400, 2, steps=100)
    got = fit(learner, Sample.of(jnp.asarray(points, jnp.float32), jnp.float32), KEY)
    reference = GaussianMixture(2, tol=1e-9, max_iter=1000, reg_covar=0, random_state=0)
    reference.fit(points)
    ours, theirs = np.argsort(got.means[:, 0]), np.argsort(reference.means_[:, 0])
    np.testing.assert_allclose(got.weights[ours], reference.weights_[theirs], atol=1e-3)
    np.testing.assert_allclose(got.means[ours], reference.means_[theirs], atol=5e-3)
    covariances = covariances_of(got)[ours]
    np.testing.assert_allclose(covariances, reference.covariances_[theirs], atol=1e-2)


@SMALL
@given(seed=st.integers(0, 999))
def test_one_component_is_the_gaussian_of_maximum_likelihood(seed):
    points = points_of(PLANE, 30, seed).astype(np.float32)
    # Rows of weight 0 may hold anything.
    padded = np.concatenate([np.full((3, 2), np.nan, np.float32), points])
    data = Sample(jnp.asarray(padded), jnp.asarray(np.arange(33) >= 3, jnp.float32))
    got = fit(ONE, data, KEY)
    np.testing.assert_allclose(got.means[0], points.mean(0), atol=1e-5)
    np.testing.assert_allclose(
        covariances_of(got)[0], np.cov(points.T, ddof=0), rtol=2e-5, atol=2e-5
    )
    assert float(got.weights[0]) == 1


def test_rows_of_weight_0_do_not_matter():
    points = points_of(TWO, 50, seed=1)
    is_data = np.arange(60) % 6 > 0
    padded = np.full((60, 1), 9.0)
    padded[is_data] = points
    law, least = TWO.astype(jnp.float32), jnp.zeros(1)
    whole = step(law, jnp.asarray(points.T, jnp.float32), jnp.ones(50), least)
    weights = jnp.asarray(is_data, jnp.float32)
    again = step(law, jnp.asarray(padded.T, jnp.float32), weights, least)
    for first, second in zip(whole, again, strict=True):
        np.testing.assert_allclose(first, second, rtol=1e-6)
    # Every start is a point that is data, and no two are the same.
    centres = starts(KEY, jnp.asarray(padded.T, jnp.float32), weights, 40)
    assert np.isin(centres, points.astype(np.float32)).all()
    assert len(np.unique(centres)) == 40


def test_a_component_without_members_stays_with_weight_0():
    law = Mixture(jnp.array([0.5, 0.5]), jnp.array([[0.0], [0.7]]), jnp.full((2, 1, 1), 0.1))
    points = jnp.array([[-0.1, 0.1, 0.3]])
    shares = jnp.array([[1.0, 1.0, 1.0], [0.0, 0.0, 0.0]])
    after = jax.jit(maximise)(law, points, shares, jnp.full(1, 0.25))
    np.testing.assert_array_equal(after.weights, [1, 0])
    np.testing.assert_allclose(after.means[:, 0], [0.1, 0.7], rtol=1e-6)
    # The variance is 0.08 / 3, below the floor.
    np.testing.assert_allclose(after.factors[:, 0, 0], [0.5, 0.1], rtol=1e-6)


def test_shares_of_less_than_a_point_in_all_count_as_any_others():
    law = Mixture(jnp.array([0.5, 0.5]), jnp.array([[0.0], [0.7]]), jnp.full((2, 1, 1), 0.1))
    points = jnp.array([[-0.1, 0.1, 0.3]])
    shares = jnp.array([[0.2, 0.2, 0.2], [0.1, 0.05, 0.0]])
    after = jax.jit(maximise)(law, points, shares, jnp.full(1, 1e-6))
    np.testing.assert_allclose(after.weights, [0.8, 0.2], rtol=1e-6)
    np.testing.assert_allclose(after.means[:, 0], [0.1, -0.1 / 3], rtol=1e-5)
    np.testing.assert_allclose(after.factors[:, 0, 0] ** 2, [0.08 / 3, 0.08 / 9], rtol=1e-5)


def test_a_component_of_one_point_has_the_least_variance():
    points = np.append(np.linspace(-1, 1, 32), 1000.0)[:, None]
    data = Sample.of(jnp.asarray(points, jnp.float32), jnp.float32)
    got = fit(MixtureLearner(TWO, 33, 2), data, KEY)
    np.testing.assert_allclose(np.sort(got.weights), [1 / 33, 32 / 33], rtol=1e-5)
    expected = np.sqrt(VARIANCE_FLOOR * points.var())
    np.testing.assert_allclose(got.factors[jnp.argmin(got.weights)], expected, rtol=1e-3)


def test_a_point_mass_stays_one():
    learner = MixtureLearner(TWO, 3, 2, steps=3)
    assert isinstance(learner, Learner)
    trace = draw(Chain(learner, Replace(), 200), seed=0, count=16)
    assert set(trace) == {
        "edited_fraction", "kl", "l2_distance", "least_weight", "log_variance", "tail_mass",
        "variance",
    }  # fmt: skip
    assert all(np.isfinite(values).all() for values in trace.values())
    assert (trace["variance"][:, -1] == 0).all()
    np.testing.assert_allclose(trace["log_variance"][:, -1], np.log(np.finfo(np.float32).tiny))
    assert (trace["kl"][:, -1] > 60).all()


def test_equal_points_and_none_at_all_are_a_point_mass():
    for weights in (jnp.ones(33), jnp.zeros(33)):
        data = Sample(jnp.full((33, 2), 0.1), weights)
        law = fit(PLANES, data, KEY)
        assert float(law.weights.sum()) == 1
        assert np.all(law.means[law.weights > 0] == data.labels[0])
        assert not np.any(law.factors)


def test_one_component_and_all_data_so_far_lose_variance_as_a_gaussian_does():
    # Of maximum likelihood: the product of 1 - 1/(M k^2).
    learner = MixtureLearner(Mixture.of(), 10, 1, steps=0)
    got = draw(Chain(learner, Accumulate(), 5), seed=3)["variance"]
    assert same_mean(got, np.cumprod(1 - 1 / (10 * np.arange(1, 6) ** 2)))


@pytest.mark.parametrize(
    ("settings", "low", "high"),
    [
        ({}, 0.0, 0.004),
        ({"steps": 1}, 0.006, 1.0),
        ({"steps": 5, "sum_dtype": jnp.bfloat16}, 0.01, 1.0),
    ],
    ids=["full", "few_steps", "half_sums"],
)
def test_each_source_of_error_has_its_setting(settings, low, high):
    """KL at first, of 1,000 points."""
    learner = MixtureLearner(TWO, 1000, **({"components": 2} | settings))
    assert low < errors(learner, jax.random.split(KEY, 32)).mean() < high


@partial(jax.jit, static_argnums=0, compiler_options=COMPILE_FAST)
def errors(learner: MixtureLearner, keys):
    def error(key):
        human, truth = learner.human(key)
        return learner.measure(learner.fit(human, key), truth)["kl"]

    return jax.vmap(error)(keys)


def test_the_best_gaussian_of_two_is_where_it_should_be():
    # E[log truth] + log(2 pi e sigma^2) / 2 with sigma^2 = 5.
    grid = np.linspace(-12, 12, 4801)
    p = np.exp(-((grid - 2) ** 2) / 2) / np.sqrt(8 * np.pi)
    p = p + p[::-1]
    expected = np.sum(p * np.log(p)) * 0.005 + np.log(10 * np.pi * np.e) / 2
    law = Mixture(jnp.ones(1), jnp.zeros((1, 1)), jnp.full((1, 1, 1), np.sqrt(5.0)))
    got = measures(MixtureLearner(TWO, 40, 2), law, TWO.astype(jnp.float32))["kl"]
    np.testing.assert_allclose(got, expected, rtol=1e-5)


def test_surprise_is_minus_the_log_density():
    law = PLANE.astype(jnp.float32)
    points = jnp.asarray(points_of(PLANE, 99, seed=0), jnp.float32)
    drawn = resample(PLANES, KEY, law, Sample.of(points, jnp.float32))
    expected = [
        np.log(weight / (2 * np.pi) / np.linalg.det(factor))
        - np.sum(np.linalg.solve(factor, (points - mean).T) ** 2, axis=0) / 2
        for weight, mean, factor in zip(*PLANE, strict=True)
    ]
    np.testing.assert_allclose(drawn.surprise, -np.logaddexp(*expected), rtol=1e-4)
    assert not np.any(drawn.labels == points)


def test_measures_are_those_of_the_law():
    learner = MixtureLearner(TWO, 40, 2)
    truth = TWO.astype(jnp.float32)
    model = Mixture.of([0.25, 0.75], [-1.0, 1.0], [2.0, 0.5]).astype(jnp.float32)
    got = measures(learner, model, truth)
    variance = 0.75 + 0.25 * 2 + 0.75 * 0.5
    expected = {"least_weight": 0.25, "variance": variance, "log_variance": np.log(variance)}
    for name, value in expected.items():
        np.testing.assert_allclose(got[name], value, rtol=1e-6)
    np.testing.assert_allclose(got["l2_distance"], jax.jit(l2_distance)(truth, model), rtol=1e-5)
    at_truth = measures(learner, truth, truth)
    np.testing.assert_allclose(at_truth["tail_mass"], 0.0026998, rtol=1e-3)
    assert float(at_truth["kl"]) == 0


def test_a_fit_needs_a_key():
    with pytest.raises(ValueError, match="^key=None: accepted is a key"):
        MixtureLearner(TWO, 40, 2).fit(Sample.of(jnp.ones((40, 1)), jnp.float32))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"samples": 1}, "samples=1: accepted are integers >= 2"),
        ({"components": 0}, "components=0: accepted are integers from 1 to samples = 40"),
        ({"components": 41}, "components=41: accepted are integers from 1 to samples = 40"),
        ({"steps": -1}, "steps=-1: accepted are integers >= 0"),
        ({"sum_dtype": jnp.float64}, "sum_dtype=.*float64.*: accepted are float16"),
    ],
    ids=["samples", "none", "many", "steps", "sum_dtype"],
)
def test_unusable_settings_are_refused(arguments, message):
    with pytest.raises(ValueError, match="^" + message):
        MixtureLearner(TWO, **({"samples": 40, "components": 2} | arguments))


@pytest.mark.parametrize(
    "regime",
    [Mix(0.5), Replace(growing=True), Edit.of(MaskPolicy.of(np.ones((1, 40))), "additive")],
    ids=["mix", "growing", "additive"],
)
def test_regimes_that_points_cannot_follow_are_refused(regime):
    with pytest.raises(ValueError, match="accepted"):
        Chain(MixtureLearner(TWO, 40, 2), regime, 2)


def test_a_centre_is_the_best_of_several_points():
    """The first, of points on a line, is the candidate nearest to the middle: the least of so many
    uniform distances. A single candidate is 1 / 4 away from it."""
    points, keys = jnp.linspace(0, 1, 201)[None], jax.random.split(KEY, 1024)
    weights = jnp.ones(201)
    centres = jax.jit(jax.vmap(lambda key: plus_plus(key, points, weights, 1)))(keys)
    found, several = jnp.abs(centres - 0.5).mean(), CANDIDATES
    deviation = 0.5 * np.sqrt(several / (several + 2)) / (several + 1)
    assert abs(found - 0.5 / (several + 1)) < 5 * deviation / np.sqrt(len(keys)) < 0.02
