"""Certificate of what leaves the eligible set to leading order, in fractions."""

from fractions import Fraction

from theory.claims import certificate
from theory.language import edited_text

FALLS = [
    {Fraction(0): Fraction(1, 2), Fraction(1, 10): Fraction(1, 2)},
    {Fraction(1, 3): Fraction(1, 4), Fraction(1): Fraction(3, 4)},
    {Fraction(1): Fraction(1)},
]
"""Laws of the fall of a logit: chance by fall."""

LINES = [(Fraction(2), Fraction(0)), (Fraction(3), Fraction(-1)), (Fraction(1), Fraction(2))]
"""Densities of tokens above the threshold, a + b x at the distance x."""

TRIANGLE = (Fraction(1), Fraction(1, 2))
"""A density that rises from this value with slope 1 to a peak at this place, and then falls."""


@certificate("ref.edited_leading")
def leavers_follow_density_and_fall() -> bool:
    """Leavers are what lies within the fall above the threshold, mean over the law of the fall."""
    holds = []
    for law in FALLS:
        mean = sum((chance * fall for fall, chance in law.items()), Fraction(0))
        square = sum((chance * fall**2 for fall, chance in law.items()), Fraction(0))
        for value, slope in LINES:
            leavers = sum(
                chance * (value * fall + slope * fall**2 / 2) for fall, chance in law.items()
            )
            error = abs(float(leavers) - _leading(value, mean))
            holds.append(abs(error - _bound(abs(slope), square)) < 1e-12)  # reached
        value, peak = TRIANGLE
        leavers = sum(chance * _below_triangle(value, peak, fall) for fall, chance in law.items())
        error = abs(float(leavers) - _leading(value, mean))
        holds.append(error <= _bound(Fraction(1), square))
    return all(holds)


def _leading(density: Fraction, fall: Fraction) -> float:
    return edited_text.leavers_per_change(density=float(density), fall=float(fall))


def _bound(slope: Fraction, square: Fraction) -> float:
    return edited_text.leading_error(slope=float(slope), fall_squared=float(square))


def _below_triangle(value: Fraction, peak: Fraction, fall: Fraction) -> Fraction:
    """Mass within `fall` above the threshold."""
    up, down = min(fall, peak), max(fall - peak, Fraction(0))
    return value * up + up**2 / 2 + (value + peak) * down - down**2 / 2
