"""Verdicts over seeds: exact intervals for the median, whatever the law of a seed's value."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from collapse_sim.certify import Verdict
from experiments.trends import (
    CONDITIONS,
    Trend,
    at_most,
    how_sure_over_seeds,
    judge,
    median_interval,
    seed_range,
    spread,
)

ANYWHERE = (-np.inf, np.inf, 0.0)
SCALE = 10 ** np.arange(20.0)
"""Values that no symmetric interval fits; the k-th smallest is 10^(k - 1)."""


# Intervals by hand: an end misses with the chance of fewer than k heads in n tosses


@pytest.mark.parametrize(
    ("count", "error", "k", "miss"),
    [
        (2, 1e-4, 1, 1 / 2),  # 2 / 4
        (2, 0.5, 1, 1 / 2),
        (3, 0.05, 1, 1 / 4),  # 2 / 8
        (6, 1e-4, 1, 1 / 32),  # 2 / 64
        (6, 0.05, 1, 1 / 32),
        (6, 0.25, 2, 14 / 64),  # 2 (1 + 6) / 64
        (8, 1e-4, 1, 1 / 128),  # 2 / 256
        (8, 0.05, 1, 1 / 128),
        (8, 18 / 256, 2, 18 / 256),  # 2 (1 + 8) / 256, reached exactly
        (8, 0.3, 3, 74 / 256),  # 2 (1 + 8 + 28) / 256
        (20, 1e-6, 1, 2 / 2**20),  # out of reach
        (20, 2e-6, 1, 2 / 2**20),
        (20, 1e-4, 2, 42 / 2**20),  # 2 (1 + 20)
        (20, 1e-3, 3, 422 / 2**20),  # 2 (1 + 20 + 190)
        (20, 0.05, 6, 43400 / 2**20),  # 2 (1 + 20 + 190 + 1140 + 4845 + 15504)
    ],
)
def test_intervals_by_hand(count, error, k, miss):
    values = np.random.default_rng(0).permutation(SCALE[:count])
    assert median_interval(values, error) == (10.0 ** (k - 1), 10.0 ** (count - k), miss)


@pytest.mark.parametrize(
    "values", [[3.0], [0.5, 0.5], [0.5] * 8, [0.0, -0.0], [1.0, np.nan, 2.0, 3.0, 4.0, 5.0]]
)
def test_values_that_tell_nothing(values):
    """A single one; seeds that agree to the last bit; a seed that is no number."""
    assert median_interval(np.array(values), 0.1) == ANYWHERE


def test_a_seed_that_diverged_counts_as_the_largest():
    values = np.array([1.0, np.inf, 2.0, 3.0, 4.0, 5.0])
    assert median_interval(values, 1e-4) == (1.0, np.inf, 1 / 32)
    assert judge([Trend("zhu2025.fraction", values, ">=")])[0].verdict == "holds"


def test_thousands_of_seeds_have_an_interval():
    low, high, miss = median_interval(np.arange(5000.0), 1e-3)
    k = int(stats.binom.ppf(5e-4, 5000, 0.5))  # P(Bin < k) is at most 5e-4, P(Bin <= k) more
    assert (low, high) == (k - 1, 5000 - k)
    assert miss == pytest.approx(2 * stats.binom.cdf(k - 1, 5000, 0.5))


@given(st.lists(st.integers(-3, 3), min_size=2, max_size=25), st.floats(1e-8, 0.5))
def test_an_interval_turns_with_its_values_and_is_ordered(values, error):
    """The same of any increasing map, which a Student interval is not; mirrored by x -> -x."""
    found = np.array(values, float)
    low, high, miss = median_interval(found, error)
    assert low <= high and 0 <= miss <= 1
    assert median_interval(-found, error) == (-high, -low, miss)
    assert median_interval(np.exp(found), error) == (
        ANYWHERE if miss == 0 else (np.exp(low), np.exp(high), miss)
    )
    if miss:
        assert low <= np.median(found) <= high
        assert miss <= error or (low, high) == seed_range(found)


# How often an interval misses

BATCHES, ALARM = 20_000, 1e-6
"""Exact binomial tests: a count that a right level gives with a chance below ALARM."""

LAWS = {
    "exponential": (lambda random, size: random.exponential(size=size), np.log(2)),
    "normal": (lambda random, size: random.normal(size=size), 0.0),
    "Cauchy": (lambda random, size: random.standard_cauchy(size), 0.0),
    "lognormal": (lambda random, size: random.lognormal(0, 3, size), 1.0),
    # Laws with ties: the median is a value that many seeds take.
    "rounded": (lambda random, size: np.round(random.exponential(size=size), 1), 0.7),
    "three in five": (lambda random, size: random.choice([0.0, 0, 0, 1, 2], size), 0.0),
}


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("count", [6, 8])
def test_an_interval_misses_the_median_no_oftener_than_it_says(law, count):
    """At the level that so few seeds can give; where nothing ties exactly as often."""
    draw, median = LAWS[law]
    values = draw(np.random.default_rng((count, 1)), (BATCHES, count))
    low, high, miss = np.array([median_interval(own, 1e-4) for own in values]).T
    missed = np.count_nonzero((low > median) | (high < median))
    level = 2.0 ** (1 - count)
    assert set(miss) <= {0.0, level}
    assert missed <= stats.binom.isf(ALARM, BATCHES, level)
    if law not in ("rounded", "three in five"):
        assert missed >= stats.binom.isf(1 - ALARM, BATCHES, level)


@pytest.mark.parametrize(("error", "times"), [(1e-3, 10), (1e-3 / 9, 30)])
@pytest.mark.parametrize("count", [6, 8])
def test_a_student_interval_fails_that_test(count, error, times):
    """The control: at one in a thousand, alone or shared by nine, it misses the mean of exponential
    values that many times as often."""
    values = np.random.default_rng((count, 2)).exponential(size=(20 * BATCHES, count))
    half = stats.t.isf(error / 2, count - 1) * values.std(axis=1, ddof=1) / np.sqrt(count)
    missed = np.count_nonzero(abs(values.mean(axis=1) - 1) > half)
    assert missed > stats.binom.isf(ALARM, len(values), error)
    assert missed > times * error * len(values)


@pytest.mark.parametrize("count", [6, 8])
def test_a_wrong_verdict_is_no_oftener_than_half_of_that(count):
    """A relation with one side is wrong on one side only: here its claim is just false."""
    values = np.random.default_rng((count, 3)).exponential(size=(4000, count)) - np.log(2)
    trends = [Trend("zhu2025.fraction", own, ">=", bound=1e-9) for own in values]
    wrong = sum(verdict.verdict == "holds" for verdict in judge(trends))
    assert wrong <= stats.binom.isf(ALARM, len(values), 2.0**-count)
    assert wrong >= stats.binom.isf(1 - ALARM, len(values), 2.0**-count) > 0


# Verdicts


@pytest.mark.parametrize(
    ("values", "relation", "verdict"),
    [
        ([1, 2, 3, 4, 5, 99], ">=", "holds"),
        ([-1, -2, -3, -4, -5, -99], ">=", "violated"),
        ([1, 2, 3, 4, 5, -1e-9], ">=", "undecided"),  # five of six seeds
        ([1, 2, 3, 4, 5, 0], ">=", "holds"),  # a seed on the bound is on its right side
        ([-1, -2, -3, -4, -5, 0], ">=", "undecided"),
        ([-1, -2, -3, -4, -5, -99], "<=", "holds"),
        ([1, 2, 3, 4, 5, 99], "<=", "violated"),
        ([1, 1, 1, 1, 1, 1], ">=", "undecided"),
        ([0, 0, 0, 0, 0, 0], "<=", "undecided"),
        ([1, 2, 3, 4, 5], ">=", "undecided"),  # 93.75 % is the most that five seeds can give
    ],
)
def test_a_trend_is_judged_by_whether_its_seeds_agree(values, relation, verdict):
    (found,) = judge([Trend("zhu2025.fraction", np.array(values, float), relation)])
    assert found.verdict == verdict and found.parameters["seeds"] == len(values)


def test_a_verdict_says_its_median_and_the_level_that_it_reached():
    values = np.array([5.0, 1.0, 2.0, 3.0, 4.0, 99.0])
    (found,) = judge([Trend("zhu2025.fraction", values, ">=", note="slope")])
    assert found.observed == 3.5 and found.interval == [1.0, 99.0]
    assert found.confidence == 1 - 1 / 32 and found.note == "median over seeds: slope"
    two = judge([Trend("zhu2025.fraction", np.array([1.0, 2.0]), ">=")])[0]
    assert (two.verdict, two.confidence, two.interval) == ("undecided", 0.5, [1.0, 2.0])


def test_error_is_shared_over_trends():
    """Of 20 seeds: 3rd to 18th alone, 2nd to 19th where ten verdicts share a thousandth."""
    trend = Trend("zhu2025.fraction", SCALE, ">=")
    (alone,), ten = judge([trend]), judge([trend] * 10)
    assert alone.interval == [1e2, 1e17] and alone.confidence == 1 - 422 / 2**20
    assert all(verdict.interval == [1e1, 1e18] for verdict in ten)
    assert sum(1 - verdict.confidence for verdict in ten) < 1e-3


# In words


def verdicts(seeds: int, count: int = 9) -> list[Verdict]:
    values = np.arange(1.0, seeds + 1)
    return judge([Trend("zhu2025.fraction", values, ">=")] * count)


def test_how_sure_by_hand():
    """Six seeds miss with 1 / 32 each, nine such at most with 9 / 32."""
    said = how_sure_over_seeds(verdicts(6))
    assert "median over 6 seeds: each is wrong with a chance of at most 3.2 %" in said
    assert "any of the 9 with one of at most 29 %" in said
    assert said.endswith(f"independent seeds, and for {CONDITIONS}.")
    eight = how_sure_over_seeds(verdicts(8, 3), "one source")
    assert "at most 0.79 %, any of the 3 with one of at most 2.4 %" in eight
    assert eight.endswith("and for one source.")
    assert "at most 0.0041 %, any of the 9 with one of at most 0.037 %" in how_sure_over_seeds(
        verdicts(20)
    )


def test_what_is_undecided_is_counted_and_a_smoke_test_is_called_one():
    first, *rest = verdicts(6)
    some = [replace(first, verdict="undecided"), *rest]
    assert how_sure_over_seeds(some).endswith("1 undecided: more seeds may decide.")
    assert "undecided" not in how_sure_over_seeds(verdicts(6))
    for seeds in (2, 5):
        said = how_sure_over_seeds(verdicts(seeds))
        assert said.startswith(f"A smoke test: {seeds} seeds decide nothing") and "%" not in said
    assert how_sure_over_seeds([]) == "No claim is about this run."


@pytest.mark.parametrize(
    ("chance", "said"),
    [(1 / 32, "3.2 %"), (9 / 32, "29 %"), (0.5, "50 %"), (0.999, "100 %"), (2.5, "100 %"),
     (1, "100 %"), (0, "0 %"), (0.001, "0.1 %"), (2**-19, "0.0002 %"), (0.30001, "31 %")],
)  # fmt: skip
def test_a_chance_is_rounded_up(chance, said):
    assert at_most(chance) == said


def test_two_standard_errors_by_hand():
    assert spread(np.array([1.0, 2.0, 3.0])) == pytest.approx(2 / np.sqrt(3))
