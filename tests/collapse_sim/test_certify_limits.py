"""Limits: extrapolated exactly, and judged by their value and their rate."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collapse_sim.certify import ANYWHERE, decide, decide_limit, extrapolate


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
    limit = extrapolate((10, 20), [(1.9, 2.1), ANYWHERE], 2.0)
    assert limit.extrapolated == ANYWHERE
    assert limit.order is None
    assert decide_limit(limit, 2.0, tolerance=0.02) == "undecided"
