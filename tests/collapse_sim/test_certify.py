"""Verdicts: every outcome, and error rates that are what they say."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from collapse_sim.certify import (
    LARGEST_SHARE,
    SMALLEST_LOOK,
    Evidence,
    LawEvidence,
    decide,
    decide_limit,
    extrapolate,
    largest_distance,
    law_interval,
    mean_interval,
    radius,
)
from collapse_sim.replicates import EMPTY, Moments, Summary
from tests.collapse_sim.draws import FAILURE_RATE

EVERYTHING = (-math.inf, math.inf)


@pytest.mark.parametrize(
    ("relation", "interval", "predicted", "outcome"),
    [
        ("==", (0.99, 1.01), (1.0, 1.0), "holds"),  # inside the tolerance of 5 %
        ("==", (0.95, 1.05), (1.0, 1.0), "holds"),
        ("==", (0.94, 1.01), (1.0, 1.0), "undecided"),
        ("==", (0.99, 1.06), (1.0, 1.0), "undecided"),
        ("==", (1.06, 1.07), (1.0, 1.0), "violated"),
        ("==", (0.90, 0.94), (1.0, 1.0), "violated"),
        ("==", (3.85, 4.15), (4.0, 4.0), "holds"),  # a relative tolerance
        ("==", EVERYTHING, (1.0, 1.0), "undecided"),
        ("==", (-1.01, -0.99), (-1.0, -1.0), "holds"),
        ("==", (-1.07, -1.06), (-1.0, -1.0), "violated"),
        # a prediction known to an interval: every value of it must agree
        ("==", (0.99, 1.01), (0.97, 1.03), "holds"),
        ("==", (0.99, 1.01), (0.90, 1.10), "undecided"),
        ("==", (1.09, 1.10), (0.98, 1.02), "violated"),
        ("==", (1.05, 1.10), (0.98, 1.02), "undecided"),
        ("->", (0.99, 1.01), (1.0, 1.0), "holds"),
        ("->", (1.06, 1.07), (1.0, 1.0), "violated"),
        ("<=", (0.5, 0.6), (1.0, 1.0), "holds"),
        ("<=", (0.5, 1.0), (1.0, 1.0), "holds"),
        ("<=", (0.5, 1.01), (1.0, 1.0), "undecided"),  # no tolerance for a bound
        ("<=", (1.01, 1.02), (1.0, 1.0), "violated"),
        ("<=", EVERYTHING, (1.0, 1.0), "undecided"),
        ("<=", (0.5, 0.95), (0.9, 1.1), "undecided"),
        ("<=", (1.05, 1.2), (0.9, 1.1), "undecided"),
        ("<=", (1.15, 1.2), (0.9, 1.1), "violated"),
        ("<=", (0.5, 0.6), (math.inf, math.inf), "vacuous"),
        ("<=", (0.5, 0.6), (3.1, 3.1), "vacuous"),  # a trivial bound is 1.5, the factor 2
        ("<=", (0.5, 0.6), (2.9, 2.9), "holds"),
        ("<=", (3.2, 3.3), (3.1, 3.1), "violated"),  # even a useless bound can be wrong
        ("<=", EVERYTHING, (3.1, 3.1), "vacuous"),
        (">=", (1.1, 1.2), (1.0, 1.0), "holds"),
        (">=", (1.0, 1.2), (1.0, 1.0), "holds"),
        (">=", (0.9, 1.2), (1.0, 1.0), "undecided"),
        (">=", (0.8, 0.9), (1.0, 1.0), "violated"),
        (">=", EVERYTHING, (1.0, 1.0), "undecided"),
        (">=", (1.0, 1.05), (0.9, 1.1), "undecided"),
        (">=", (0.8, 0.95), (0.9, 1.1), "undecided"),
        (">=", (0.5, 0.6), (-math.inf, -math.inf), "vacuous"),
    ],
)
def test_every_relation_has_its_verdicts(relation, interval, predicted, outcome):
    found = decide(relation, interval, predicted, tolerance=0.05, trivial=1.5, factor=2.0)
    assert found == outcome


ENDS = st.floats(-2, 2, allow_subnormal=False)
INTERVALS = st.tuples(ENDS, ENDS).map(lambda ends: (min(ends), max(ends)))


@given(
    relation=st.sampled_from(["==", "<=", ">="]),
    interval=INTERVALS,
    predicted=ENDS,
    inner=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_a_verdict_once_reached_stays_as_the_interval_shrinks(relation, interval, predicted, inner):
    low, high = interval
    a, b = sorted(low + x * (high - low) for x in inner)
    narrower = (max(a, low), min(b, high))
    at = {"predicted": (predicted, predicted), "tolerance": 0.1}
    first, later = decide(relation, interval, **at), decide(relation, narrower, **at)
    assert first in (later, "undecided")


def moments(values) -> Moments:
    return Moments.of(np.asarray(values, float).reshape(len(values), -1))


@pytest.fixture(scope="module")
def skewed() -> Moments:
    """Chi-squares of one degree: mean 1, variance 2, skewness 2.8."""
    return moments(np.random.default_rng(1).chisquare(1, size=(20_000, 2)))


@pytest.mark.parametrize("finite_moments", [2.0, 1.5])
def test_no_mean_is_tested_without_a_variance(skewed, finite_moments):
    message = rf"finite moments only below order {finite_moments:g}: .* needs more than 2"
    with pytest.raises(ValueError, match=message):
        mean_interval(skewed, 0, 1e-3, finite_moments=finite_moments)
    assert mean_interval(skewed, 0, 1e-3, finite_moments=2.01) != EVERYTHING


def test_the_interval_is_the_mean_and_a_radius_of_standard_deviations(skewed):
    for index in (0, 1):
        low, high = mean_interval(skewed, index, 1e-3)
        half = radius(skewed.count, 1e-3) * skewed.variance[index] ** 0.5
        assert (low + high) / 2 == pytest.approx(skewed.mean[index])
        assert (high - low) / 2 == pytest.approx(half)


def test_nothing_is_known_before_the_smallest_look():
    values = np.random.default_rng(2).normal(size=SMALLEST_LOOK)
    assert mean_interval(moments(values[:-1]), 0, 1e-3) == EVERYTHING
    assert mean_interval(moments(values), 0, 1e-3) != EVERYTHING
    assert mean_interval(moments(values[:50]), 0, 1e-3, smallest_look=50) != EVERYTHING


def test_nothing_is_known_when_one_replicate_dominates():
    values = np.random.default_rng(3).normal(size=5000)

    def interval(outlier: float):
        return mean_interval(moments(np.append(values, outlier)), 0, 1e-3)

    # an outlier x has the share x^2 / (x^2 + 5000) of the squares
    edge = math.sqrt(5000 * LARGEST_SHARE / (1 - LARGEST_SHARE))
    for sign in (-1, 1):
        assert interval(1.1 * sign * edge) == EVERYTHING
        assert interval(0.9 * sign * edge) != EVERYTHING


@pytest.mark.parametrize("error", [0.0, 1.0, -0.1, 1.5, math.nan])
def test_an_error_rate_is_a_probability(error):
    with pytest.raises(ValueError, match=r"accepted is \(0, 1\)"):
        radius(5000, error)


@given(count=st.integers(1000, 10**7), error=st.floats(1e-9, 0.3))
def test_the_radius_is_wider_than_one_look_and_shrinks(count, error):
    one_look = stats.norm.isf(error / 2) / count**0.5
    assert one_look < radius(count, error) < 4 * one_look * math.log(count) ** 0.5
    assert radius(2 * count, error) < radius(count, error)
    assert radius(count, error / 2) > radius(count, error)


@pytest.mark.parametrize("error", [0.05, 1e-5])
def test_the_radius_is_narrowest_where_asked(error):
    radii = {b: radius(10_000, error, best_at=b) for b in (1000, 5000, 10_000, 20_000, 100_000)}
    # the formula for the scale of the mixture is itself an approximation
    assert radii[10_000] < 1.001 * min(radii.values())
    assert min(radii[1000], radii[100_000]) > 1.02 * radii[10_000]


LARGE_ERROR, RUNS, LENGTH = 0.05, 2000, 8192
LOOKS = np.unique(np.geomspace(SMALLEST_LOOK, LENGTH, 60).astype(int))


@pytest.fixture(scope="module")
def errors_in_standard_deviations() -> np.ndarray:
    """|sample mean - mean| / sample deviation of skewed values, (runs, looks)."""
    rng, found = np.random.default_rng(4), []
    for _ in range(20):
        values = rng.chisquare(1, size=(RUNS // 20, LENGTH))
        sums, squares = np.cumsum(values, 1)[:, LOOKS - 1], np.cumsum(values**2, 1)[:, LOOKS - 1]
        mean = sums / LOOKS
        deviation = np.sqrt((squares - LOOKS * mean**2) / (LOOKS - 1))
        found.append(np.abs(mean - 1) / deviation)
    return np.concatenate(found)


def missed_too_often(misses: np.ndarray) -> bool:
    """Whether an exact binomial test excludes a chance of at most LARGE_ERROR."""
    test = stats.binomtest(int(misses.sum()), len(misses), LARGE_ERROR, alternative="greater")
    return test.pvalue < FAILURE_RATE


def test_the_confidence_sequence_covers_at_all_looks_at_once(errors_in_standard_deviations):
    half = np.array([radius(int(count), LARGE_ERROR) for count in LOOKS])
    assert not missed_too_often((errors_in_standard_deviations > half).any(1))


def test_a_fixed_sample_interval_does_not(errors_in_standard_deviations):
    """Negative control: right at each look, wrong when looked at many times."""
    half = stats.norm.isf(LARGE_ERROR / 2) / np.sqrt(LOOKS)
    misses = errors_in_standard_deviations > half
    assert not missed_too_often(misses[:, -1])
    assert missed_too_often(misses.any(1))


@given(seed=st.integers(0, 2**32 - 1), count=st.integers(1, 200))
def test_the_largest_distance_is_kolmogorovs(seed, count):
    sample = np.random.default_rng(seed).normal(0.3, 1.2, size=count)
    expected = stats.kstest(sample, stats.norm.cdf).statistic
    assert largest_distance(sample, stats.norm.cdf) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("count", [100, 1000, 100_000])
@pytest.mark.parametrize("error", [0.05, 1e-6])
def test_the_law_interval_misses_at_most_so_often_and_hardly_less(count, error):
    """Against Kolmogorov's exact law of the distance at this sample size."""
    low, high = law_interval(0.9, count, error)
    half = high - 0.9
    assert low == pytest.approx(0.9 - half)
    chance = float(stats.kstwo.sf(half, count))
    assert 0.3 * error < chance <= error


def test_a_distance_is_never_negative():
    assert law_interval(0.001, 100, 0.05)[0] == 0


def point(value: float) -> tuple[float, float]:
    return value, value


@given(
    rungs=st.integers(2, 4),
    first=st.integers(10, 1000),
    coefficients=st.lists(st.floats(-5, 5), min_size=3, max_size=3),
)
def test_extrapolation_is_exact_for_polynomials(rungs, first, coefficients):
    """With k rungs: 2 + c_1 / T + ... + c_(k-1) / T^(k-1)."""
    samples = [first * 2**i for i in range(rungs)]

    def rung(count: int) -> float:
        x = first / count
        return 2 + sum(c * x ** (i + 1) for i, c in enumerate(coefficients[: rungs - 1]))

    limit = extrapolate(samples, [point(rung(count)) for count in samples], 2.0)
    assert limit.extrapolated == pytest.approx((2, 2), abs=1e-12)
    assert limit.samples == tuple(samples)
    for deviation, count in zip(limit.deviations, samples, strict=True):
        assert deviation == pytest.approx(point(rung(count) / 2 - 1))


def test_one_power_more_is_not_extrapolated_away():
    """Negative control: two rungs do not remove a second power."""
    limit = extrapolate((10, 20), [point(2 + 1.0), point(2 + 0.25)], 2.0)
    assert limit.extrapolated == pytest.approx(point(1.5))


def test_the_extrapolated_interval_covers_every_choice_of_rungs():
    samples, intervals = (10, 20, 40), [(1.0, 1.2), (1.1, 1.2), (1.15, 1.3)]
    low, high = extrapolate(samples, intervals, 1.0).extrapolated
    corners = [
        extrapolate(samples, [point(x) for x in (a, b, c)], 1.0).extrapolated[0]
        for a in intervals[0]
        for b in intervals[1]
        for c in intervals[2]
    ]
    assert (low, high) == pytest.approx((min(corners), max(corners)))


@pytest.mark.parametrize("samples", [(10, 30), (10, 20, 30), (20, 10)])
def test_rungs_must_double(samples):
    with pytest.raises(ValueError, match="accepted are rungs T, 2T, 4T"):
        extrapolate(samples, [point(1.0)] * len(samples), 1.0)


RUNGS = (50, 100, 200)


def ladder(limit: float, power: float, half: float = 1e-4, size: float = 0.2):
    """Intervals around limit (1 + size (T / 50)^-power), judged against a claim of 2."""
    values = [limit * (1 + size * (count / RUNGS[0]) ** -power) for count in RUNGS]
    return extrapolate(RUNGS, [(value - half, value + half) for value in values], 2.0)


@pytest.mark.parametrize(
    ("limit", "power", "half", "outcome"),
    [
        (2.0, 1.0, 1e-4, "holds"),
        (2.0, 2.0, 1e-4, "holds"),  # sooner than asked
        (2.1, 1.0, 1e-4, "violated"),  # off by 5 %
        (1.9, 1.0, 1e-4, "violated"),
        (2.0, 0.5, 1e-4, "violated"),  # too slow: not the claimed leading order
        (2.0, 1.0, 0.05, "undecided"),
    ],
)
def test_a_limit_needs_its_value_and_its_rate(limit, power, half, outcome):
    assert decide_limit(ladder(limit, power, half), 2.0, tolerance=0.02) == outcome


@pytest.mark.parametrize("size", [0.2, -0.2])
def test_the_order_is_that_of_the_last_two_rungs(size):
    for power in (0.5, 1.0, 2.0):
        order = ladder(2.0, power, half=1e-5, size=size).order
        assert order is not None
        assert order[0] < power < order[1]
        assert order[1] - order[0] < 0.01


def test_a_slow_rate_alone_refutes():
    """Where the value would pass: the deviation is too small for its slowness to be seen in it."""
    slow = ladder(2.0, 0.5, half=1e-5, size=0.01)
    assert decide("==", slow.extrapolated, (2.0, 2.0), tolerance=0.02) == "holds"
    assert decide_limit(slow, 2.0, tolerance=0.02) == "violated"
    assert decide_limit(slow, 2.0, tolerance=0.02, rate=0.5) == "holds"


def test_a_deviation_below_the_noise_has_no_order():
    limit = ladder(2.0, 1.0, half=1e-3, size=1e-4)
    assert limit.order is None
    assert decide_limit(limit, 2.0, tolerance=0.02) == "holds"


def test_a_rung_of_which_nothing_is_known_leaves_the_limit_unknown():
    """Quietly: such rungs are what too few replicates give."""
    limit = extrapolate((10, 20), [(1.9, 2.1), EVERYTHING], 2.0)
    assert limit.extrapolated == EVERYTHING
    assert limit.order is None
    assert decide_limit(limit, 2.0, tolerance=0.02) == "undecided"


def summary(**measures: np.ndarray) -> Summary:
    return EMPTY.add(measures)


def evidence(relation: str, predicted: tuple[float, float], **options) -> Evidence:
    return Evidence(
        claim="the mean",
        source="by construction",
        relation=relation,
        generation=2,
        predicted=predicted,
        measure="test_error",
        tolerance=0.05,
        **options,
    )


@pytest.mark.parametrize(
    ("relation", "predicted", "options", "outcome"),
    [
        ("==", (1.0, 1.0), {}, "holds"),
        ("==", (1.2, 1.2), {}, "violated"),
        ("<=", (1.2, 1.2), {}, "holds"),
        ("<=", (1.2, 1.2), {"trivial": 0.5}, "vacuous"),
        ("<=", (0.8, 0.8), {}, "violated"),
        (">=", (0.8, 0.8), {}, "holds"),
        (">=", (0.9, 1.1), {}, "undecided"),
    ],
)
def test_evidence_is_judged_at_its_generation(relation, predicted, options, outcome):
    values = np.random.default_rng(5).chisquare(1, size=(200_000, 2)) * [100, 1]
    found = evidence(relation, predicted, parameters={"dim": 2}, note="n", **options)
    verdict = found.judge(summary(test_error=values, other=100 * values), error=1e-4)
    assert verdict.verdict == outcome
    assert verdict.observed == pytest.approx(values[:, 1].mean())
    assert verdict.interval == pytest.approx(list(mean_interval(moments(values), 1, 1e-4)))
    assert verdict.predicted == pytest.approx(sum(predicted) / 2)
    assert verdict.confidence == pytest.approx(1 - 1e-4)
    assert (verdict.claim, verdict.source, verdict.relation, verdict.generation) == (
        "the mean",
        "by construction",
        relation,
        2,
    )
    assert (verdict.parameters, verdict.note) == ({"dim": 2}, "n")


def test_evidence_on_few_replicates_is_undecided():
    values = np.random.default_rng(6).normal(1, 0.01, size=(SMALLEST_LOOK - 1, 2))
    verdict = evidence("==", (1.0, 1.0)).judge(summary(test_error=values), error=1e-3)
    assert verdict.verdict == "undecided"
    assert verdict.interval == list(EVERYTHING)


def test_evidence_without_a_variance_is_refused():
    values = summary(test_error=np.random.default_rng(7).normal(size=(5000, 2)))
    with pytest.raises(ValueError, match="test its law, or the mean over the design's scale"):
        evidence("==", (1.0, 1.0), finite_moments=1.5).judge(values, error=1e-3)


@pytest.mark.parametrize(
    ("law", "count", "outcome"),
    [
        (stats.norm(1, 1), 2**13, "holds"),
        (stats.norm(1, 1), 2**13 - 1, "undecided"),  # one look, at a stated size
        (stats.norm(1.2, 1), 2**13, "violated"),
        (stats.t(3, 1), 2**13, "violated"),
        (stats.norm(1.005, 1), 2**13, "holds"),  # not to be told apart, and no need to
    ],
)
def test_a_law_is_judged_by_its_distance_in_one_look(law, count, outcome):
    values = np.random.default_rng(8).normal([9, 1], 1, size=(2**14, 2))[:count]
    found = LawEvidence(
        claim="the law",
        source="by construction",
        generation=2,
        law=law.cdf,
        size=2**13,
        tolerance=0.05,
        parameters={"dim": 2},
        note="n",
    )
    verdict = found.judge(summary(test_error=values, other=values + 1), error=1e-4)
    assert verdict.verdict == outcome
    distance = stats.kstest(values[:, 1], law.cdf).statistic
    assert verdict.observed == pytest.approx(distance)
    assert verdict.interval == pytest.approx(list(law_interval(distance, count, 1e-4)))
    assert (verdict.relation, verdict.predicted, verdict.generation) == ("==", 0.0, 2)
    assert verdict.confidence == pytest.approx(1 - 1e-4)
    assert (verdict.claim, verdict.parameters, verdict.note) == ("the law", {"dim": 2}, "n")
