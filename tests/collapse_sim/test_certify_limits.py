"""Limits: extrapolated exactly, and judged by their value and their rate."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from collapse_sim.intervals import ANYWHERE, radius
from collapse_sim.limits import LimitEvidence, decide_limit, extrapolate
from collapse_sim.replicates import EMPTY, Summary
from collapse_sim.verdict import decide
from tests.collapse_sim.draws import FAILURE_RATE


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


def test_the_half_widths_of_independent_rungs_add_up_in_squares():
    intervals = [(1.0, 1.2), (1.1, 1.2), (1.15, 1.3)]
    low, high = extrapolate((10, 20, 40), intervals, 1.0).extrapolated
    weights = np.array([1 / 3, -2, 8 / 3])
    centre = weights @ [1.1, 1.15, 1.225]
    half = float(np.hypot.reduce(weights * [0.1, 0.05, 0.075]))
    assert (low, high) == pytest.approx((centre - half, centre + half))


def test_the_extrapolated_interval_misses_no_oftener_than_said():
    """20,000 ladders of independent normal rungs at an error of 5 %: an exact binomial test."""
    rng, error, truth = np.random.default_rng(3), 0.05, np.array([1.2, 1.1, 1.05])
    half = radius(5000, error)  # of a confidence sequence, here looked at once

    def misses(width: float) -> int:
        means = truth + rng.standard_normal((20_000, 3)) / 5000**0.5
        intervals = [[(m - width, m + width) for m in row] for row in means]
        found = [extrapolate((10, 20, 40), rungs, 1.0).extrapolated for rungs in intervals]
        return sum(not low <= 1.0 <= high for low, high in found)

    def too_often(count: int) -> bool:
        return stats.binomtest(count, 20_000, error, alternative="greater").pvalue < FAILURE_RATE

    assert not too_often(misses(half))
    assert too_often(misses(0.7 * stats.norm.isf(error / 2) / 5000**0.5))


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


SMALL = (24, 48, 96)
"""Rungs of d = 20 columns that were simulated, and what they deviate from a limit that is right."""
FELT = {"conf_nested": (0.4761, 0.2632, 0.1150), "conf_nested_share": (1.9258, 0.7031, 0.3019)}


@pytest.mark.parametrize("deviations", FELT.values(), ids=FELT)
def test_rungs_that_are_too_small_refute_no_limit(deviations):
    """Three rungs are extrapolated to 6 % below the limit and 4 % above; two to either side."""
    intervals = [(2 * (1 + d) - 1e-4, 2 * (1 + d) + 1e-4) for d in deviations]
    limit = extrapolate(SMALL, intervals, 2.0)
    assert decide("->", limit.extrapolated, (2.0, 2.0), tolerance=0.02) == "violated"
    assert decide_limit(limit, 2.0, tolerance=0.02) == "undecided"
    # The control: a limit that is off by a half is refuted by all of them.
    wrong = extrapolate(SMALL, intervals, 3.0)
    assert decide_limit(wrong, 3.0, tolerance=0.02) == "violated"


def test_small_rungs_are_not_said_to_need_replicates():
    evidence = LimitEvidence(
        claim="the limit", source="by construction", generation=2, claimed=2.0,
        measure="test_error", samples=SMALL, units=(1.0, 1.0, 1.0), tolerance=0.02, control=0.05,
    )  # fmt: skip
    summaries = [rung(2 * (1 + d), 0.02, 20_000, i) for i, d in enumerate(FELT["conf_nested"])]
    verdict = evidence.judge(summaries, 1e-3)
    assert verdict.verdict == "undecided" and verdict.needed is None
    assert verdict.what_decides == "more replicates alone would not decide"


def test_a_deviation_that_changes_its_sign_is_not_slow():
    """0.02 x - 0.03 x^2 is -1 % at T, +0.25 % at 2T and +0.31 % at 4T, before it falls like x."""
    x = np.array([1, 1 / 2, 1 / 4])
    intervals = [(v - 1e-5, v + 1e-5) for v in 2 * (1 + 0.02 * x - 0.03 * x**2)]
    limit = extrapolate(RUNGS, intervals, 2.0)
    assert limit.orders[0] is None and limit.order is not None and limit.order[1] < 0
    assert decide_limit(limit, 2.0, tolerance=0.02) == "holds"


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
    limit = extrapolate((10, 20), [(1.9, 2.1), ANYWHERE], 2.0)
    infinite = EMPTY.add({"test_error": np.full((9, 2), 1.0)})
    evidence = LimitEvidence("a", "b", 2, 2.0, "test_error", (10,), (1.0,), 0.02, 0.05)
    assert evidence.deviations([infinite], 1e-3) == "deviation at T = (10,): unknown"
    assert limit.extrapolated == ANYWHERE
    assert limit.order is None
    assert decide_limit(limit, 2.0, tolerance=0.02) == "undecided"


def rung(value: float, spread: float, count: int, seed: int) -> Summary:
    values = np.random.default_rng(seed).normal(value, spread, size=(count, 2))
    return EMPTY.add({"test_error": values, "edited_fraction": values})


def judged(limit: float, spread: float = 0.1, order: float = 1.0):
    """Rungs 3 limit (1 + (T / 10)^-order), in units of 3, judged against a limit of 2."""
    evidence = LimitEvidence(
        claim="the limit", source="by construction", generation=2, claimed=2.0,
        measure="test_error", samples=RUNGS, units=(3.0, 3.0, 3.0), tolerance=0.02, control=0.05,
    )  # fmt: skip
    means = [3 * limit * (1 + (count / 10) ** -order) for count in RUNGS]
    summaries = [rung(mean, spread, 20_000, i) for i, mean in enumerate(means)]
    return evidence.judge(summaries, 1e-3), evidence.deviations(summaries, 1e-3)


def test_evidence_of_a_limit_says_what_it_holds_within_and_catches_its_control():
    verdict, words = judged(2.0)
    assert (verdict.verdict, verdict.relation, verdict.predicted) == ("holds", "->", 2.0)
    low, high = verdict.interval
    assert verdict.within == pytest.approx(max(high - 2, 2 - low) / 2)
    assert verdict.within < verdict.tolerance == 0.02
    assert verdict.control is True and verdict.needed is None
    assert verdict.confidence == pytest.approx(1 - 1e-3)
    assert words.startswith("deviation at T = (50, 100, 200): +20.")
    assert words.endswith(", order 0.99 in 1/T")


def test_evidence_of_a_wrong_limit_is_refused():
    assert judged(2.1)[0].verdict == judged(1.9)[0].verdict == "violated"
    assert judged(2.0, order=0.4)[0].verdict == "violated"  # too slow to be a leading order


def test_evidence_of_a_vague_limit_says_how_many_replicates_it_needs():
    verdict, _ = judged(2.0, spread=1.5)
    assert verdict.verdict == "undecided" and verdict.within is None
    assert 20_000 < verdict.needed < 10_000_000
