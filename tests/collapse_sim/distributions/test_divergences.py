"""Gaussian mixtures as laws: densities by scipy, divergences by closed form and quadrature."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from collapse_sim.distributions.divergences import (
    LOG_LIMIT,
    TAIL,
    Mixture,
    Truth,
    covariances_of,
    floored_cholesky,
    kl,
    l2_distance,
)
from collapse_sim.distributions.sample import Sample
from tests.collapse_sim.draws import COMPILE_FAST, same_law, same_mean

SMALL = settings(max_examples=20)

PLANE = Mixture.of(
    [0.3, 0.7],
    [[-2.0, 0.0], [2.0, 1.0]],
    [[[1.0, 0.0], [0.0, 1.0]], [[1.0, 0.5], [0.5, 2.0]]],
)


def fast(function):
    return jax.jit(function, compiler_options=COMPILE_FAST)


def single(law: Mixture) -> Mixture:
    return law.astype(jnp.float32)


@fast
def divergence(truth: Mixture, model: Mixture):
    return kl(truth, model.log_density)


distance = fast(l2_distance)
truth_of = fast(Truth.of)
log_density = fast(Mixture.log_density)
draws = fast(Mixture.draw)
tails = fast(Mixture.tails)


def density(law: Mixture, points: np.ndarray) -> np.ndarray:
    """By scipy, in float64."""
    return sum(
        weight * stats.multivariate_normal(mean, factor @ factor.T).pdf(points)
        for weight, mean, factor in zip(*(np.asarray(x, float) for x in law), strict=True)
    )


def line(seed: int, components: int) -> Mixture:
    """A random mixture in one dimension."""
    random = np.random.default_rng(seed)
    weights = random.dirichlet(np.full(components, 2.0))
    return Mixture.of(weights, random.normal(size=components), random.uniform(0.3, 2, components))


@pytest.mark.parametrize("law", [PLANE, line(0, 3)], ids=["plane", "line"])
def test_the_density_is_scipy_s(law):
    points = 3 * np.random.default_rng(1).normal(size=(50, law.means.shape[1]))
    got = log_density(single(law), jnp.asarray(points, jnp.float32))
    np.testing.assert_allclose(got, np.log(density(law, points)), rtol=2e-6, atol=2e-6)


def test_the_divergence_of_two_gaussians_is_the_closed_form():
    truth, model = Mixture.of([1.0], [0.5], [2.0]), Mixture.of([1.0], [-1.0], [0.7])
    expected = (2 / 0.7 - 1 - np.log(2 / 0.7) + 1.5**2 / 0.7) / 2
    got = divergence(single(truth), single(model))
    np.testing.assert_allclose(got, expected, rtol=1e-5)


def test_the_divergence_of_two_gaussians_in_the_plane_is_the_closed_form():
    first, second = np.array([[1.0, 0.3], [0.3, 0.5]]), np.array([[0.7, -0.2], [-0.2, 1.5]])
    step = np.array([0.4, -0.9])
    truth, model = Mixture.of([1.0], [[0.0, 0.0]], [first]), Mixture.of([1.0], [step], [second])
    ratio = np.linalg.solve(second, first)
    quadratic = step @ np.linalg.solve(second, step)
    expected = (np.trace(ratio) - 2 - np.log(np.linalg.det(ratio)) + quadratic) / 2
    np.testing.assert_allclose(divergence(single(truth), single(model)), expected, rtol=1e-5)


@SMALL
@given(seed=st.integers(0, 999))
def test_divergences_of_mixtures_are_those_of_a_fine_grid(seed):
    truth, model = line(seed, 2), line(seed + 1000, 3)
    grid = np.linspace(-20, 20, 8001)[:, None]
    p, q = density(truth, grid), density(model, grid)
    keep = p > 1e-30
    expected = np.sum(p[keep] * np.log(p[keep] / np.maximum(q[keep], 1e-30))) * 0.005
    got = divergence(single(truth), single(model))
    np.testing.assert_allclose(got, expected, rtol=1e-4, atol=2e-6)
    got = distance(single(truth), single(model))
    np.testing.assert_allclose(got, np.sum((p - q) ** 2) * 0.005, rtol=1e-4, atol=2e-7)
    assert abs(float(divergence(single(truth), single(truth)))) == 0
    assert float(distance(single(model), single(model))) < 1e-6


def test_the_distance_in_the_plane_is_that_of_a_fine_grid():
    other = PLANE._replace(weights=np.array([0.6, 0.4]))
    axis = np.linspace(-12, 12, 481)
    grid = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    p, q = density(PLANE, grid), density(other, grid)
    got = distance(single(PLANE), single(other))
    np.testing.assert_allclose(got, np.sum((p - q) ** 2) * 0.05**2, rtol=1e-4)
    expected = np.sum(p * np.log(p / q)) * 0.05**2
    np.testing.assert_allclose(divergence(single(PLANE), single(other)), expected, rtol=1e-4)


def test_the_mass_of_the_tails():
    normal = truth_of(single(Mixture.of()))
    np.testing.assert_allclose([normal.low, normal.high], [-3, 3], rtol=1e-5)
    law = single(line(3, 3))
    truth = truth_of(law)
    np.testing.assert_allclose(tails(law, truth.low, jnp.float32(99.0)), TAIL / 2, rtol=1e-3)
    np.testing.assert_allclose(tails(law, jnp.float32(-99.0), truth.high), TAIL / 2, rtol=1e-3)
    wide = single(Mixture.of([1.0], [1.0], [4.0]))
    expected = stats.norm.cdf(-2) + stats.norm.sf(1)
    np.testing.assert_allclose(tails(wide, normal.low, normal.high), expected, rtol=1e-5)
    # Of the first coordinate alone, whatever the second.
    plane = Mixture.of([1.0], [[0.0, 5.0]], [[[4.0, 1.0], [1.0, 9.0]]])
    np.testing.assert_allclose(truth_of(single(plane)).high, 6, rtol=1e-5)


def test_the_variance_is_that_within_and_between():
    expected = np.mean([0.3 * 1 + 0.7 * 1 + 0.21 * 16, 0.3 * 1 + 0.7 * 2 + 0.21 * 1])
    np.testing.assert_allclose(single(PLANE).variance(), expected, rtol=1e-6)


def test_draws_have_the_law_and_leave_out_a_component_of_weight_0():
    law = single(Mixture.of([0.3, 0.7, 0.0], [-2.0, 2.0, 99.0], [1.0, 0.25, 1.0]))
    like = Sample(jnp.zeros((200_000, 1)), jnp.arange(200_000.0))
    drawn = draws(law, jax.random.key(0), like)
    np.testing.assert_array_equal(drawn.weights, like.weights)
    points = np.asarray(drawn.labels[:, 0], float)

    class Expected:
        @staticmethod
        def cdf(x):
            return 0.3 * stats.norm.cdf(x + 2) + 0.7 * stats.norm.cdf((x - 2) / 0.5)

    assert points.max() < 10
    assert same_law(points, Expected)
    assert not np.array_equal(draws(law, jax.random.key(1), like).labels, drawn.labels)


def test_draws_in_the_plane_have_the_moments():
    drawn = draws(single(PLANE), jax.random.key(2), Sample.of(jnp.zeros((200_000, 2)), jnp.float32))
    x, y = np.asarray(drawn.labels, float).T
    mean = 0.3 * np.array([-2, 0]) + 0.7 * np.array([2, 1])
    second = 0.3 * np.array([5, 1, 0]) + 0.7 * np.array([5, 3, 2.5])
    assert same_mean(np.stack([x, y, x * x, y * y, x * y], 1), np.array([*mean, *second]))


def test_every_distance_to_a_point_mass_is_finite():
    for law in (Mixture.of(), PLANE):
        law = single(law)
        point = law._replace(factors=jnp.zeros_like(law.factors), means=0 * law.means)
        limit = float(divergence(law, point))
        assert LOG_LIMIT - 5 < limit < LOG_LIMIT
        assert np.isfinite(float(distance(law, point)))
        assert float(point.variance()) == 0
        assert float(tails(point, jnp.float32(-3), jnp.float32(3))) == 0
        np.testing.assert_allclose(log_density(point, 0 * law.means), LOG_LIMIT, rtol=1e-6)


@SMALL
@given(seed=st.integers(0, 999))
def test_the_factor_is_cholesky_s_and_its_diagonal_has_a_floor(seed):
    random = np.random.default_rng(seed)
    half = random.normal(size=(4, 3, 3))
    matrices = jnp.asarray(half @ np.swapaxes(half, 1, 2) + 0.1 * np.eye(3), jnp.float32)
    lower = floored_cholesky(matrices, jnp.zeros(3))
    np.testing.assert_allclose(lower, np.linalg.cholesky(matrices), atol=1e-3)
    assert float(jnp.min(jnp.diagonal(floored_cholesky(matrices, 4 + jnp.zeros(3)).T))) >= 2
    law = Mixture(jnp.full(4, 0.25), jnp.zeros((4, 3)), lower)
    np.testing.assert_allclose(covariances_of(law), matrices, atol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "accepted"),
    [
        (([0.5, 0.6], [0, 1], [1, 1]), "weights=.*: accepted are numbers >= 0 that add up to 1"),
        (([1.5, -0.5], [0, 1], [1, 1]), "weights=.*: accepted are numbers >= 0 that add up to 1"),
        (([1.0], [0, 1], [1]), "means=.*: accepted are 1 finite points"),
        (([1.0], [np.nan], [1]), "means=.*: accepted are 1 finite points"),
        (([1.0], [0], [0.0]), "covariances=.*: accepted are 1 positive definite matrices"),
        (([1.0], [[0, 0]], [[[1, 2], [2, 1]]]), "covariances=.*: accepted are 1 positive"),
        (([1.0], [[0, 0]], [[[1, 0.5], [0, 1]]]), "covariances=.*: accepted are 1 positive"),
        (([1.0], [[0, 0]], [1.0]), "covariances=.*: accepted are 1 positive definite matrices"),
    ],
    ids=["sum", "negative", "count", "nan", "zero", "indefinite", "asymmetric", "dimension"],
)
def test_what_is_no_mixture_is_refused(arguments, accepted):
    with pytest.raises(ValueError, match="^" + accepted):
        Mixture.of(*arguments)


def test_there_is_no_quadrature_beyond_the_plane():
    law = single(Mixture.of([1.0], [np.zeros(3)], [np.eye(3)]))
    with pytest.raises(ValueError, match="^dim=3: accepted are 1, 2"):
        kl(law, law.log_density)
