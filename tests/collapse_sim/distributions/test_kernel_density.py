"""Kernel densities: the exact recursions of their variance, densities, refusals."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import optimize, stats

from collapse_sim.distributions.divergences import Mixture, Truth
from collapse_sim.distributions.kernel_density import KernelDensity, KernelDensityLearner, spread
from collapse_sim.distributions.sample import Sample
from collapse_sim.editing import Edit
from collapse_sim.loop import Chain, Learner
from collapse_sim.masks import MaskPolicy
from collapse_sim.regimes import Accumulate, Mix, Replace
from tests.collapse_sim.draws import COMPILE_FAST, draw, same_law, same_mean

TWO = Mixture.of([0.5, 0.5], [-2.0, 2.0], [1.0, 1.0])
SPACE = Mixture.of([1.0], [[0.0, 0.0, 0.0]], [np.diag([1.0, 2.0, 3.0])])
LINE = KernelDensityLearner(3, 0.5)
M = 8
SOME = 2048
"""Replicates; the density of each is measured on a grid."""
n = np.arange(6)


def variances(first: float, growth: float, gain: float) -> np.ndarray:
    """s_1, s_2, ... with s_{n+1} = growth (s_n + gain)."""
    values = [first]
    for _ in n[1:]:
        values.append(growth * (values[-1] + gain))
    return np.array(values)


def test_a_fixed_bandwidth_adds_its_variance_each_time():
    learner = KernelDensityLearner(M, 0.6)
    got = draw(Chain(learner, Replace(), len(n)), seed=0, count=SOME)
    kept = 1 - 1 / M
    expected = variances(kept, kept, 0.36)
    assert same_mean(got["data_variance"], expected)
    assert same_mean(got["variance"], expected + 0.36)
    # A draw gains 0.36 of variance over chains each time; what is not within them is the mean's.
    error = 1 + 0.36 * n - expected
    assert same_mean(got["squared_mean_error"], error)


def test_a_chain_that_starts_at_the_limit_stays():
    # s^2 = h^2 (M - 1): human points of variance h^2 M.
    learner = KernelDensityLearner(M, 0.6, Mixture.of([1.0], [0.0], [0.36 * M]))
    got = draw(Chain(learner, Replace(), len(n)), seed=1, count=SOME)["data_variance"]
    assert same_mean(got, np.full(len(n), 0.36 * (M - 1)))


def test_silverman_s_bandwidth_makes_the_variance_grow():
    learner = KernelDensityLearner(M, "silverman")
    got = draw(Chain(learner, Replace(), len(n)), seed=2, count=SOME)
    kept = 1 - 1 / M
    square = 1.06**2 * M**-0.4
    expected = kept * (kept * (1 + square)) ** n
    assert same_mean(got["data_variance"], expected)
    assert same_mean(got["variance"], (1 + square) * expected)


def test_accumulated_points_count_in_full():
    learner = KernelDensityLearner(M, 0.6, SPACE)
    got = draw(Chain(learner, Accumulate(), 3), seed=3, count=SOME)["data_variance"]
    chain = [2 * (1 - 1 / M)]
    for batches in (1, 2):
        # A batch of variance v joins: shares a and b of v's own (1 - 1/M) v and of the old, and
        # a b times the square between their means, v / M.
        v, share = chain[-1] + 0.36, 1 / (batches + 1)
        between = share * (1 - share) * v / M
        chain.append((1 - share) * chain[-1] + share * (1 - 1 / M) * v + between)
    assert same_mean(got, np.array(chain))


@partial(jax.jit, static_argnums=0, compiler_options=COMPILE_FAST)
def measures(learner: KernelDensityLearner, model: KernelDensity, truth: Mixture):
    return learner.measure(model, Truth.of(truth))


@partial(jax.jit, compiler_options=COMPILE_FAST)
def draws(key, model: KernelDensity, like: Sample) -> Sample:
    return model.draw(key, like)


def density(points, weights=None, bandwidth=0.5) -> KernelDensity:
    points = jnp.asarray(points, jnp.float32)
    weights = jnp.ones(len(points)) if weights is None else jnp.asarray(weights, jnp.float32)
    return KernelDensity(Sample(points, weights), jnp.float32(bandwidth))


def test_densities_are_scipy_s():
    random = np.random.default_rng(0)
    points, at = random.normal(size=(20, 2)), random.normal(size=(30, 2))
    weights = np.append(random.uniform(size=19), 0)
    kernels = [stats.multivariate_normal(point, 0.25).pdf(at) for point in points]
    expected = np.log(weights @ np.array(kernels) / weights.sum())
    got = jax.jit(KernelDensity.log_density)(density(points, weights), jnp.asarray(at, jnp.float32))
    np.testing.assert_allclose(got, expected, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("dim", [1, 2])
def test_one_generation_has_the_mean_variance_of_the_recursion(dim):
    points = np.random.default_rng(1).normal(size=(4, dim))
    model = density(points)

    def again(key):
        drawn = model.draw(key, model.data)
        return KernelDensity(drawn, model.bandwidth).variance(), spread(drawn)

    keys = jax.random.split(jax.random.key(2), 2**16)
    variance, square = np.asarray(jax.jit(jax.vmap(again))(keys), float)
    expected = 0.75 * (points.var(0).mean() + 0.25)
    assert same_mean(square, expected)
    assert same_mean(variance, expected + 0.25)
    assert not same_mean(square, 1.02 * expected)


def test_draws_have_the_law_and_leave_out_points_of_weight_0():
    model = density([[99.0], [-1.0], [2.0], [99.0]], [0.0, 1.0, 3.0, 0.0])
    drawn = draws(jax.random.key(0), model, Sample.of(jnp.zeros((200_000, 1)), jnp.float32))

    class Expected:
        @staticmethod
        def cdf(x):
            return 0.25 * stats.norm.cdf((x + 1) / 0.5) + 0.75 * stats.norm.cdf((x - 2) / 0.5)

    assert same_law(np.asarray(drawn.labels[:, 0], float), Expected)


def test_measures_are_those_of_the_density():
    model = density([[-1.0], [4.0], [99.0]], [1.0, 1.0, 0.0])
    got = measures(LINE, model, TWO.astype(jnp.float32))
    grid = np.linspace(-12, 12, 4801)
    p = (stats.norm(-2, 1).pdf(grid) + stats.norm(2, 1).pdf(grid)) / 2
    q = (stats.norm(-1, 0.5).pdf(grid) + stats.norm(4, 0.5).pdf(grid)) / 2
    expected = np.sum(p * np.log(p / np.maximum(q, 1e-30))) * 0.005
    np.testing.assert_allclose(got["kl"], expected, rtol=1e-4)
    np.testing.assert_allclose(got["variance"], 2.5**2 + 0.25, rtol=1e-6)
    np.testing.assert_allclose(got["data_variance"], 2.5**2, rtol=1e-6)
    np.testing.assert_allclose(got["squared_mean_error"], 1.5**2, rtol=1e-6)
    # The truth's tails begin where (P(z > x - 2) + P(z > x + 2)) / 2 = P(z > 3).
    above = stats.norm.sf
    edge = optimize.brentq(lambda x: (above(x - 2) + above(x + 2)) / 2 - above(3), 3, 6)
    tail = (above((edge - 4) / 0.5) + above((edge - 1) / 0.5)) / 2
    np.testing.assert_allclose(got["tail_mass"], tail, rtol=1e-3)


def test_silverman_s_bandwidth_is_that_of_the_points_that_are_data():
    points = np.random.default_rng(0).normal(size=(6, 1))
    data = Sample(jnp.asarray(points, jnp.float32), jnp.asarray([1.0, 1, 0, 1, 1, 1]))
    expected = 1.06 * points[[0, 1, 3, 4, 5]].std() * 5**-0.2
    got = jax.jit(KernelDensityLearner(6, "silverman").fit)(data).bandwidth
    np.testing.assert_allclose(got, expected, rtol=1e-5)


def test_a_point_mass_stays_one_under_silverman():
    data = Sample.of(jnp.full((3, 1), 0.1), jnp.float32)
    model = jax.jit(KernelDensityLearner(3, "silverman").fit)(data)
    assert float(model.bandwidth) == 0
    np.testing.assert_array_equal(draws(jax.random.key(0), model, data).labels, data.labels)
    values = measures(LINE, model, TWO.astype(jnp.float32))
    assert all(np.isfinite(value) for value in values.values())
    assert float(values["variance"]) == 0


def test_an_edit_of_the_likely_points_changes_some():
    learner = KernelDensityLearner(20, 0.3)
    assert isinstance(learner, Learner)
    likely = Edit.of(MaskPolicy.of(np.ones((2, 20), bool), most=1.5))
    trace = draw(Chain(learner, likely, 3), seed=5, count=8)
    assert all(np.isfinite(values).all() for values in trace.values())
    assert 0 < trace["edited_fraction"][:, 1].mean() < 1
    assert set(trace) == {
        "data_variance",
        "edited_fraction",
        "kl",
        "squared_mean_error",
        "tail_mass",
        "variance",
    }


def test_errors_of_the_mean_are_averaged_over_the_coordinates_and_from_the_truth_s():
    truth = Mixture.of([0.25, 0.75], [[0.0, 0.0], [4.0, 0.0]], [np.eye(2)] * 2)
    learner = KernelDensityLearner(3, 0.5, truth)
    model = density([[3.0, 1.0], [7.0, 3.0], [99.0, 0.0]], [1.0, 1.0, 0.0])
    got = measures(learner, model, truth.astype(jnp.float32))
    np.testing.assert_allclose(got["squared_mean_error"], (2.0**2 + 2.0**2) / 2, rtol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"samples": 0}, "samples=0: accepted are integers >= 1"),
        ({"bandwidth": 0.0}, "bandwidth=0.0: accepted are finite numbers > 0"),
        ({"bandwidth": -1.0}, "bandwidth=-1.0: accepted are finite numbers > 0"),
        ({"bandwidth": float("nan")}, "bandwidth=nan: accepted are finite numbers > 0"),
        ({"bandwidth": "silverman", "truth": SPACE}, "bandwidth=silverman: accepted are numbers"),
    ],
    ids=["samples", "zero", "negative", "nan", "silverman"],
)
def test_unusable_settings_are_refused(arguments, message):
    with pytest.raises(ValueError, match="^" + message):
        KernelDensityLearner(**({"samples": 20, "bandwidth": 0.3} | arguments))


@pytest.mark.parametrize(
    "regime",
    [Mix(0.5), Replace(growing=True), Edit.of(MaskPolicy.of(np.ones((1, 20))), "additive")],
    ids=["mix", "growing", "additive"],
)
def test_regimes_that_points_cannot_follow_are_refused(regime):
    with pytest.raises(ValueError, match="accepted"):
        Chain(KernelDensityLearner(20, 0.3), regime, 2)
