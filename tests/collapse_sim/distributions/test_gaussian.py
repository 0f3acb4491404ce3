"""Exact answers of the Gaussian learner: fits, factors, measures, point masses, refusals."""

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import jaxtyping
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from collapse_sim import masks
from collapse_sim.distributions.gaussian import (
    Gaussian,
    GaussianLearner,
    Scatter,
    triangular_factor,
)
from collapse_sim.distributions.sample import Sample
from collapse_sim.editing import Edit
from collapse_sim.loop import Chain, Learner
from collapse_sim.regimes import Accumulate, AccumulateSubsample, HumanOnly, KeepHuman, Mix, Replace
from tests.collapse_sim.draws import COMPILE_FAST, draw

SMALL = settings(max_examples=6)  # each shape is compiled
TINY = float(np.finfo(np.float32).tiny)

fast = partial(jax.jit, compiler_options=COMPILE_FAST)
factor_of = fast(triangular_factor)


def scatter_of(points: np.ndarray) -> np.ndarray:
    """Mean and factor of one block of points, in float64."""
    mean = points.mean(0)
    centred = np.concatenate([points - mean, np.zeros((points.shape[1],) * 2)])
    r = np.linalg.qr(centred, mode="r")
    signs = np.where(np.diag(r) < 0, -1, 1)
    return np.concatenate([mean[:, None], (r * signs[:, None]).T], axis=1)


@partial(fast, static_argnums=0)
def fits(learner: GaussianLearner, sample: Sample, blocks: Scatter, last: Scatter):
    """The same points fitted as points, as blocks, and as blocks that joined a pool."""
    joined = blocks.pool(2).put(last, jnp.int32(1))
    together = Scatter(
        jnp.concatenate([blocks.labels, last.labels]), jnp.concatenate([blocks.counts, last.counts])
    )
    return [learner.fit(data) for data in (sample, together, joined)]


@SMALL
@given(rows=st.integers(1, 6), dim=st.integers(1, 4), seed=st.integers(0, 99))
def test_the_triangular_factor_is_one(rows, dim, seed):
    # For rows < dim, and for the equal columns, the matrix has no full rank.
    matrix = np.random.default_rng(seed).normal(size=(rows, dim)).astype(np.float32)
    matrix[:, -1] = matrix[:, 0]
    lower = np.asarray(factor_of(matrix))
    np.testing.assert_allclose(lower @ lower.T, matrix.T @ matrix, atol=1e-5)
    assert np.isfinite(lower).all()
    assert (np.diag(lower) >= 0).all()
    assert (np.triu(lower, 1) == 0).all()


@given(
    points=st.lists(st.floats(-4, 4, width=32, allow_subnormal=False), min_size=3, max_size=3),
)
def test_the_span_of_two_opposite_points_is_a_line(points):
    # What is left of the second column has no direction of its own, only rounding errors.
    matrix = np.array([points, [-x for x in points]], np.float32)
    lower = np.asarray(factor_of(matrix), float)
    np.testing.assert_allclose(lower @ lower.T, matrix.T @ matrix, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("size", [0.0, 1e-30, 1e30])
def test_no_square_of_the_factor_leaves_the_range(size):
    matrix = np.array([[3.0, 1.0], [4.0, 2.0]], np.float32)
    expected = np.array([[5.0, 0.0], [2.2, 0.4]])
    lower = np.asarray(factor_of(matrix * np.float32(size)), float)
    np.testing.assert_allclose(lower, expected * size, rtol=1e-5)


LEARNERS = {1: GaussianLearner(1, 9), 3: GaussianLearner(3, 9, "maximum_likelihood")}


@settings(max_examples=30)
@given(
    sizes=st.lists(st.integers(1, 5), min_size=1, max_size=4),
    dim=st.sampled_from([1, 3]),
    seed=st.integers(0, 99),
)
def test_points_and_their_statistics_have_numpy_s_fit(sizes, dim, seed):
    learner = LEARNERS[dim]
    # What is left of the capacity is data of weight 0.
    points = 5 + np.random.default_rng(seed).normal(size=(20, dim)).astype(np.float32)
    sample = Sample(jnp.asarray(points), jnp.asarray(np.arange(20) < sum(sizes), jnp.float32))
    points = points[: sum(sizes)]
    parts = [scatter_of(part) for part in np.split(points, np.cumsum(sizes)[:-1])]
    empty = np.eye(1, 1 + dim)[None].repeat(dim, 1).repeat(4 - len(sizes), 0)  # a mean, no scatter
    labels = jnp.asarray(np.concatenate([parts, empty]), jnp.float32)
    counts = jnp.asarray([*sizes, *np.zeros(4 - len(sizes))], jnp.float32)
    first, rest = Scatter(labels[:1], counts[:1]), Scatter(labels[1:], counts[1:])
    scatter = (points - points.mean(0)).T @ (points - points.mean(0))
    divisor = max(len(points) - 1, 1) if learner.estimator == "unbiased" else len(points)
    for mean, factor in fits(learner, sample, first, rest):
        np.testing.assert_allclose(mean, points.mean(0), rtol=1e-5)
        np.testing.assert_allclose(factor @ factor.T, scatter / divisor, atol=2e-5)
        assert (np.triu(factor, 1) == 0).all()


def test_the_fit_of_one_block_keeps_its_factor_to_the_bit():
    factor = jnp.array([[1.0, 0.0], [1e4, 1e-30]])
    block = Scatter(jnp.concatenate([jnp.zeros((2, 1)), factor], axis=1)[None], jnp.array([10.0]))
    fitted = fast(GaussianLearner(2, 10).fit)(block).factor
    np.testing.assert_array_equal(fitted, factor / jnp.sqrt(9.0))


def test_shares_are_those_of_points():
    blocks = Scatter(jnp.zeros((3, 1, 2)), jnp.array([1.0, 2.0, 5.0]))
    assert blocks.size == 3
    assert float(blocks.share_of(jnp.array([True, False, True]))) == 0.75


def test_measures_worked_out_by_hand():
    params = Gaussian(jnp.array([1.0, 3.0]), jnp.array([[2.0, 0.0], [1.0, 0.5]]))
    learner = GaussianLearner(2, 10)
    found = fast(learner.measure)(params, params)
    assert {name: float(value) for name, value in found.items()} == pytest.approx(
        {
            "squared_mean_error": 5.0,
            "variance": 2.625,
            "standard_deviation": 2.0,
            "log_variance": 2 * np.log(2),
            "mean_log_variance": 0.0,
            "tail_mass": stats.norm.sf(3, 1, 2) + stats.norm.cdf(-3, 1, 2),
        },
        abs=1e-6,
    )
    one = Gaussian(jnp.array([3.0]), jnp.array([[0.5]]))
    found = fast(GaussianLearner(1, 10).measure)(one, one)
    assert found["squared_wasserstein"] == 9.25


def test_the_tail_of_the_truth_is_its_own():
    truth = Gaussian(jnp.zeros(3), jnp.eye(3))
    found = fast(GaussianLearner(3, 10).measure)(truth, truth)
    assert float(found["tail_mass"]) == pytest.approx(2 * stats.norm.sf(3), rel=1e-4)


@pytest.mark.parametrize("mean", [0.1, 3.0])
def test_measures_of_a_point_mass_are_finite(mean):
    mass = Gaussian(jnp.full(2, mean), jnp.zeros((2, 2)))
    found = fast(GaussianLearner(2, 10).measure)(mass, mass)
    assert all(np.isfinite(value) for value in found.values())
    assert float(found["log_variance"]) == pytest.approx(2 * np.log(TINY))
    assert found["variance"] == 0


def test_surprise_is_the_distance_in_standard_deviations():
    learner = GaussianLearner(2, 4)
    params = Gaussian(jnp.array([1.0, 1.0]), jnp.array([[2.0, 0.0], [1.0, 0.5]]))
    points = jnp.array([[1.0, 1.0], [3.0, 2.0], [1.0, 2.0], [5.0, 4.0]])
    drawn = fast(learner.resample)(jax.random.key(0), params, Sample.of(points, jnp.float32))
    np.testing.assert_allclose(drawn.surprise, [0, 1, 2, np.sqrt(8)], rtol=1e-6)


def test_a_point_mass_is_surprised_by_every_other_point():
    learner = GaussianLearner(2, 3)
    flat = Gaussian(jnp.zeros(2), jnp.array([[1.0, 0.0], [1.0, 0.0]]))
    points = jnp.array([[0.0, 0.0], [2.0, 2.0], [0.0, 1.0]])
    sample = Sample.of(points, jnp.float32)
    surprise = fast(learner.resample)(jax.random.key(0), flat, sample).surprise
    np.testing.assert_allclose(surprise[:2], [0, 2])
    assert surprise[2] > 1e18


@pytest.mark.parametrize(
    "learner",
    [
        GaussianLearner(2, 5),
        GaussianLearner(2, 5, representation="statistics"),
        GaussianLearner(2, 5, "maximum_likelihood", "statistics", sizes=np.array([1, 4])),
    ],
    ids=["rows", "statistics", "blocks"],
)
def test_a_point_mass_stays_where_it_is(learner):
    mass = Gaussian(jnp.array([0.1, 1 / 3]), jnp.zeros((2, 2)))

    @fast
    def again(key):
        human, _ = learner.human(key)
        data = learner.generate(key, mass, human)
        return [learner.fit(x) for x in (data, data.pool(2), data.pool(2).put(data, jnp.int32(1)))]

    for mean, factor in again(jax.random.key(0)):
        np.testing.assert_array_equal(mean, mass.mean)
        np.testing.assert_array_equal(factor, mass.factor)


def test_a_chain_beyond_underflow_is_finite():
    # At 3 points the logarithms of variance fall by 0.58 and 1.96 a generation.
    learner = GaussianLearner(2, 3, representation="statistics")
    found = draw(Chain(learner, Replace(), generations=600), seed=1, count=8)
    assert all(np.isfinite(values).all() for values in found.values())
    np.testing.assert_array_equal(found["variance"][:, -1], 0)
    np.testing.assert_allclose(found["mean_log_variance"][:, -1], 2 * np.log(TINY), rtol=1e-6)


def test_points_with_a_singular_covariance_collapse_without_a_nan():
    learner = GaussianLearner(3, 2, "maximum_likelihood")
    found = draw(Chain(learner, Replace(), generations=200), seed=1, count=8)
    assert all(np.isfinite(values).all() for values in found.values())
    assert (found["variance"][:, -1] < 1e-12).all()


def test_a_block_of_one_point_has_no_scatter():
    learner = GaussianLearner(2, 5, representation="statistics", sizes=np.array([1, 2, 2]))
    human, _ = fast(learner.human)(jax.random.key(0))
    assert isinstance(human, Scatter)
    factors = np.asarray(human.labels[:, :, 1:])
    assert (factors[0] == 0).all()
    assert (factors[1:, :, 1] == 0).all()  # two points lie on a line
    assert (factors[1:, :, 0] != 0).all()


@pytest.mark.parametrize("representation", ["rows", "statistics"])
def test_the_sampling_variance_scales_what_is_drawn_and_not_what_is_human(representation):
    @fast
    def drawn(variance, key):
        learner = GaussianLearner(
            2, 5, representation=representation, sampling_variance=jnp.asarray(variance)
        )
        human, truth = learner.human(key)
        params = truth._replace(mean=jnp.array([1.0, 2.0]))
        again = learner.generate(key, params, human), learner.resample(key, params, human)
        return learner.fit(human), *(learner.fit(replace(human, labels=x.labels)) for x in again)

    cold, warm = drawn(0.25, jax.random.key(0)), drawn(1.0, jax.random.key(0))
    np.testing.assert_array_equal(cold[0].factor, warm[0].factor)
    for low, high in zip(cold[1:], warm[1:], strict=True):
        np.testing.assert_allclose(low.factor, high.factor / 2, rtol=1e-5)
        shifts = low.mean - np.array([1, 2]), high.mean - np.array([1, 2])
        np.testing.assert_allclose(shifts[0], shifts[1] / 2, atol=1e-6)


def test_copies_are_rounded_down_to_whole_points():
    learner = GaussianLearner(1, 10, representation="statistics", sizes=np.array([3, 7]))

    @fast
    def counts(key, copies):
        human, truth = learner.human(key)
        return learner.generate(key, truth, human, copies).counts

    np.testing.assert_array_equal(counts(jax.random.key(0), jnp.float32(1.5)), [4, 10])
    np.testing.assert_array_equal(counts(jax.random.key(0), jnp.float32(0.1)), [1, 1])


def test_it_is_a_learner():
    assert isinstance(GaussianLearner(1, 2), Learner)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"dim": 0}, "dim=0"),
        ({"samples": 1, "estimator": "maximum_likelihood"}, "samples=1"),
        ({"dim": 10}, "samples=10"),
        ({"sampling_variance": 0.0}, "sampling_variance=0.0"),
        ({"sampling_variance": np.inf}, "sampling_variance=inf"),
        ({"sizes": np.array([5, 5])}, r"sizes=\[5 5\]"),
        ({"sizes": np.array([5, 4]), "representation": "statistics"}, r"sizes=\[5 4\]"),
        ({"sizes": np.array([0, 10]), "representation": "statistics"}, r"sizes=\[ 0 10\]"),
    ],
    ids=lambda x: x if isinstance(x, str) else "-".join(x),
)
def test_unusable_settings_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        GaussianLearner(**({"dim": 1, "samples": 10} | arguments))


@pytest.mark.parametrize("name", ["estimator", "representation"])
def test_a_word_that_is_no_choice_is_refused_without_a_type_checker(name, monkeypatch):
    monkeypatch.setattr(jaxtyping.config, "jaxtyping_disable", True)
    with pytest.raises(ValueError, match=f"{name}=other: accepted are"):
        GaussianLearner(1, 10, **{name: "other"})


FIXED = masks.MaskPolicy.of(masks.fixed(10, 2, 0.5))


@pytest.mark.parametrize(
    ("regime", "refused"),
    [
        (Mix(0.5), ("rows", "statistics")),
        (Edit.of(FIXED, "additive"), ("rows", "statistics")),
        (Replace(growing=True), ("rows",)),
        (AccumulateSubsample(), ("statistics",)),
        (KeepHuman(0.5), ("statistics",)),
        (Edit.of(masks.confident(10, 2, 1.0)), ("statistics",)),
        (Edit.of(FIXED), ()),
        (Replace(), ()),
        (Accumulate(), ()),
        (HumanOnly(), ()),
    ],
    ids=[
        *("mix", "additive", "growing", "subsample", "keep", "confident"),
        *("edit", "replace", "accumulate", "human"),
    ],
)
@pytest.mark.parametrize("representation", ["rows", "statistics"])
def test_regimes_that_points_or_statistics_cannot_follow_are_refused(
    regime, refused, representation
):
    learner = GaussianLearner(1, 10, representation=representation)
    if representation not in refused:
        learner.require(regime)
        return
    with pytest.raises(ValueError, match="accepted"):
        Chain(learner, regime, generations=2)


@pytest.mark.parametrize(
    "regime",
    [AccumulateSubsample(), KeepHuman(0.5), Edit.of(masks.confident(6, 2, 1.0))],
    ids=["subsample", "keep", "confident"],
)
def test_points_follow_the_regimes_that_look_at_points(regime):
    found = draw(Chain(GaussianLearner(1, 6), regime, generations=3), seed=0, count=8)
    assert all(np.isfinite(values).all() for values in found.values())
