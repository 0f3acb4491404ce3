"""Intervals of means and of laws: error rates that are what they say."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from collapse_sim.intervals import (
    ANYWHERE,
    LARGEST_SHARE,
    SMALLEST_LOOK,
    largest_distance,
    largest_share,
    law_interval,
    mean_interval,
    radius,
)
from collapse_sim.moments import Moments
from tests.collapse_sim.draws import FAILURE_RATE


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
    assert mean_interval(skewed, 0, 1e-3, finite_moments=2.01) != ANYWHERE


def test_the_interval_is_the_mean_and_a_radius_of_standard_deviations(skewed):
    for index in (0, 1):
        low, high = mean_interval(skewed, index, 1e-3)
        half = radius(skewed.count, 1e-3) * skewed.variance[index] ** 0.5
        assert (low + high) / 2 == pytest.approx(skewed.mean[index])
        assert (high - low) / 2 == pytest.approx(half)


def test_nothing_is_known_before_the_smallest_look():
    values = np.random.default_rng(2).normal(size=SMALLEST_LOOK)
    assert mean_interval(moments(values[:-1]), 0, 1e-3) == ANYWHERE
    assert mean_interval(moments(values), 0, 1e-3) != ANYWHERE
    assert mean_interval(moments(values[:50]), 0, 1e-3, smallest_look=50) != ANYWHERE


def test_nothing_is_known_when_one_replicate_dominates():
    values = np.random.default_rng(3).normal(size=5000)

    def interval(outlier: float):
        return mean_interval(moments(np.append(values, outlier)), 0, 1e-3)

    # an outlier x has the share x^2 / (x^2 + 5000) of the squares
    edge = math.sqrt(5000 * LARGEST_SHARE / (1 - LARGEST_SHARE))
    for sign in (-1, 1):
        assert interval(1.1 * sign * edge) == ANYWHERE
        assert interval(0.9 * sign * edge) != ANYWHERE


def test_fewer_replicates_may_have_more_of_the_variance_each():
    values = np.append(np.random.default_rng(3).normal(size=199), 4.5)
    assert LARGEST_SHARE < moments(values).largest_share[0] < 0.2
    assert mean_interval(moments(values), 0, 1e-3, smallest_look=100) != ANYWHERE
    assert mean_interval(moments(np.append(np.zeros(1199), 4.5)), 0, 1e-3) == ANYWHERE


def chance_to_miss(count: int, error: float, expected: float, largest_share: float) -> float:
    """Of missing a rare event, `expected` times among `count` replicates, at one look."""
    seen = np.arange(1, 1000)
    share = seen / count
    squares = seen * (1 - share)
    told = (1 - share) ** 2 / squares <= largest_share
    half = radius(count, error) * np.sqrt(squares / (count - 1)) * count
    missed = np.abs(seen - expected) > half
    return float(stats.binom.pmf(seen, count, expected / count)[told & missed].sum())


@pytest.mark.parametrize("error", [1e-3, 2.5e-5, 1e-6, 1e-8])
@pytest.mark.parametrize("count", [1024, 16_384, 131_072])
@given(expected=st.floats(1, 400))
def test_what_is_rare_is_missed_no_oftener_than_said(count, error, expected):
    assert chance_to_miss(count, error, expected, largest_share(count, error)) <= error


def chance_to_miss_at_any_look(error: float, expected: float, largest_share) -> float:
    """Of missing a rare event, `expected` times at the first of five looks: 4,096, 8,192, ..."""
    seen = np.arange(int(16 * expected + 50 * expected**0.5 + 100))
    chance, missed, before = np.where(seen == 0, 1.0, 0.0), 0.0, 0.0
    for count in (4096 * 2**look for look in range(5)):
        mean = expected * count / 4096
        more = stats.poisson.pmf(seen, mean - before)
        chance, before = np.convolve(chance, more)[: len(seen)], mean
        told = seen * largest_share(count, error) >= 1
        wrong = told & (np.abs(seen - mean) > radius(count, error) * np.sqrt(count * seen))
        missed += chance[wrong].sum()
        chance[wrong] = 0
    return missed


@pytest.mark.parametrize("error", [1e-3, 1e-5, 1e-6, 1e-8])
def test_what_is_rare_is_missed_no_oftener_than_said_at_all_looks_together(error):
    expected = np.geomspace(3, 300, 24)
    chances = [chance_to_miss_at_any_look(error, mean, largest_share) for mean in expected]
    assert max(chances) <= error


def test_fifty_rare_events_would_be_too_few_where_errors_are_small():
    """The control of the one above: a ledger has some 300 checks, of an error of 2e-6 each."""
    expected = np.geomspace(3, 300, 24)
    for error, oftener in ((1e-6, 2), (1e-8, 10)):
        fifty = [chance_to_miss_at_any_look(error, mean, lambda *_: 1 / 50) for mean in expected]
        assert max(fifty) > oftener * error


def test_few_replicates_have_a_larger_share_as_long_as_they_are_few():
    assert largest_share(128, 1e-5, 100) == pytest.approx(0.2)
    assert largest_share(16_384, 1e-5, 100) == pytest.approx(largest_share(16_384, 1e-5))


def test_of_five_rare_events_it_would_be_missed_far_oftener():
    """The control of the one above: most of all where 16.6 are expected."""
    assert 20 < chance_to_miss(131_072, 2.5e-5, 16.6, 1 / 5) / 2.5e-5 < 30


@pytest.mark.parametrize("value", [0.0, 0.3])
def test_equal_replicates_show_nothing_of_what_is_rare(value):
    equal = moments(np.full(5000, value))
    assert mean_interval(equal, 0, 1e-3) == ANYWHERE
    low, high = mean_interval(equal, 0, 1e-3, support=(0.0, 1.0))
    other = math.log(2000) / 5000  # of 5,000 replicates none has it, with a chance of 5e-4
    assert (1 - other) ** 5000 == pytest.approx(5e-4, rel=0.01)
    assert (low, high) == pytest.approx(((1 - other) * value, value + other * (1 - value)))


def test_equal_and_unequal_replicates_share_the_error_where_a_support_is_given(skewed):
    low, high = mean_interval(skewed, 0, 1e-3, support=(0.0, 50.0))
    assert (low, high) == mean_interval(skewed, 0, 5e-4)


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


def test_an_event_that_was_not_seen_among_values_that_differ_is_not_reckoned_with():
    """The limit that the docs state: of chance 1/2000 it is missed by one sample in eight."""
    chance, count = 1 / 2000, 4096
    unseen = np.random.default_rng(8).normal(0.0, 1e-3, (count, 1))
    _, high = mean_interval(Moments.of(unseen), 0, 0.01)
    assert high < chance and (1 - chance) ** count > 1 / 8
