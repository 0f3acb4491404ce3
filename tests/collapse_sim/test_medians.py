"""Verdicts over seeds: exact intervals for the median, whatever the law of a seed's value."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from collapse_sim.distributions.gaussian import GaussianLearner
from collapse_sim.experiment.process import Process
from collapse_sim.loop import Chain
from collapse_sim.medians import MedianEvidence, _rank, median_interval
from collapse_sim.regimes import Replace
from collapse_sim.replicates import EMPTY, SAMPLE, Summary


def seeds(*values: float) -> Summary:
    """One generation of so many seeds."""
    return EMPTY.add({"loss": np.array(values, float)[:, None]})


MEDIAN = MedianEvidence("zhu2025.fraction", "source", "<=", 1, 0.0, "loss")


def judge(values, relation: str, bound: float = 0.0, error: float = 1e-3):
    evidence = replace(MEDIAN, relation=relation, predicted=bound)
    return evidence.judge(seeds(*values), error)


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
    low, high, miss = median_interval(values - 1, 1e-4)
    assert (low, high, miss) == (0.0, np.inf, 1 / 32)


def test_thousands_of_seeds_have_an_interval():
    for count in (5000, SAMPLE):
        low, high, miss = median_interval(np.arange(float(count)), 1e-3)
        k = int(stats.binom.ppf(5e-4, count, 0.5))  # P(Bin < k) is at most 5e-4, P(Bin <= k) more
        assert (low, high) == (k - 1, count - k)
        assert miss == pytest.approx(2 * stats.binom.cdf(k - 1, count, 0.5))


def test_looks_share_the_error():
    """With four looks an interval for one look misses three times as often as it says."""
    looks, error = (4096, 8192, 16384, 32768), 0.05
    process = Process("coin", Chain(GaussianLearner(1, 8), Replace(), 2), 2**20, about="median")
    assert process.targets == looks
    drawn = np.diff(looks, prepend=0)
    below = np.random.default_rng(5).binomial(drawn, 0.5, (20_000, 4)).cumsum(axis=1)

    def missed(error: float) -> int:
        ranks = np.array([_rank(count, error)[0] for count in looks])
        return np.count_nonzero(((below < ranks) | (looks - below < ranks)).any(axis=1))

    assert missed(error / len(looks)) <= stats.binom.isf(ALARM, len(below), error)
    assert missed(error) > 2 * error * len(below)
    values = np.arange(101.0)
    one, four = (
        replace(MEDIAN, looks=looks).judge(seeds(*values), error) for looks in (1, len(looks))
    )
    assert four.interval[0] < one.interval[0] and four.confidence >= 1 - error
    assert 1 - four.confidence == pytest.approx(4 * _rank(101, error / 4)[1])


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
        assert miss <= error or (low, high) == (found.min(), found.max())


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
    wrong = sum(judge(own, ">=", 1e-9).verdict == "holds" for own in values)
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
    found = judge(values, relation)
    assert found.verdict == verdict


def test_a_verdict_says_its_median_and_the_level_that_it_reached():
    values = (5.0, 1.0, 2.0, 3.0, 4.0, 99.0)
    evidence = MedianEvidence("a.claim", "a source", ">=", 1, 0.0, "loss", note="slope")
    found = evidence.judge(seeds(*values), 1e-3)
    assert found.observed == 3.5 and found.interval == [1.0, 99.0]
    assert found.confidence == 1 - 1 / 32 and found.note == "median; slope"
    two = judge((1.0, 2.0), ">=")
    assert (two.verdict, two.confidence, two.interval) == ("undecided", 0.5, [1.0, 2.0])


def test_the_level_is_what_was_asked_where_the_seeds_are_enough():
    """Of 20 seeds: 3rd to 18th at a thousandth, 2nd to 19th at a tenth of it."""
    assert judge(SCALE, ">=").interval == [1e2, 1e17]
    assert judge(SCALE, ">=").confidence == 1 - 422 / 2**20
    assert judge(SCALE, ">=", error=1e-4).interval == [1e1, 1e18]


def test_a_statistic_is_of_the_seeds_own_generations():
    """Slopes 1, ..., 6, which no generation shows alone."""
    levels, slopes = np.array([9.0, -7, 5, -3, 1, 0]), np.arange(1.0, 7)
    trace = levels[:, None] + slopes[:, None] * np.arange(4)

    def slope(values):
        return np.polyfit(np.arange(4), values.T, 1)[0]

    evidence = MedianEvidence("a.claim", "a source", ">=", 4, 0.5, "loss", slope)
    found = evidence.judge(EMPTY.add({"loss": trace}), 1e-3)
    assert found.verdict == "holds"
    np.testing.assert_allclose([*found.interval, found.observed], [1, 6, 3.5])
    plain = MedianEvidence("a.claim", "a source", ">=", 4, 0.5, "loss")
    assert plain.judge(EMPTY.add({"loss": trace}), 1e-3).verdict == "undecided"


@pytest.mark.parametrize(
    ("named", "said"),
    [({"relation": "=="}, "relation='=='"), ({"generation": 0}, "generation=0")],
)
def test_what_no_median_decides_is_one_line(named, said):
    given_ = {"relation": ">=", "generation": 1, "predicted": 0.0, "measure": "loss"} | named
    with pytest.raises(ValueError, match=said):
        MedianEvidence("a.claim", "a source", **given_)


def test_a_measure_that_was_not_recorded_is_named():
    evidence = MedianEvidence("a.claim", "a source", ">=", 1, 0.0, "kl")
    with pytest.raises(ValueError, match="measure='kl': accepted are loss"):
        evidence.judge(seeds(1, 2), 1e-3)


def test_an_undecided_median_says_how_many_seeds_would_decide():
    """Where the interval shrinks as 1 / sqrt(n) to the same middle."""
    values = stats.norm.ppf((np.arange(400) + 0.5) / 400)
    verdict = judge(values, ">=", bound=-0.04)
    assert verdict.verdict == "undecided" and verdict.interval is not None
    half = verdict.interval[1]  # the middle is 0
    assert verdict.needed == pytest.approx(400 * (half / 0.04) ** 2, rel=0.01)
    assert judge(values, ">=", bound=0.0).needed is None
    few = judge([1.0, 2.0, 3.0], ">=")
    assert (few.verdict, few.needed) == ("undecided", 6)
    assert few.what_decides == "about 6 replicates would decide"
