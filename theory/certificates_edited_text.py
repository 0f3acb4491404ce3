"""Certificates of what leaves the eligible set: to leading order, and between two laws."""

from collections.abc import Callable
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


SURE = (Fraction(5, 9), Fraction(5, 8), Fraction(7, 10), Fraction(10, 11), Fraction(100, 101))
"""Probabilities of eligible tokens at a threshold of one half, that of the tokens near it."""

CHANCES = (Fraction(1, 20), Fraction(2, 9), Fraction(3, 10), Fraction(1, 2), Fraction(4, 5))
"""Of the law that is mixed in, by change: a token keeps the rest of its probability. None takes a
token to the threshold itself."""


@certificate("ref.edited_between")
def leavers_lie_between_falls_and_surprises() -> bool:
    """Token by token and change by change: of odds that are multiplied, of laws that are mixed, and
    of both at once, no fewer than by the one law and no more than by the other."""
    half = Fraction(1, 2)
    mixed, multiplied = (_after(shift) for shift in (_mixed, _multiplied))
    both = [half * (a + b) for a, b in zip(mixed, multiplied, strict=True)]
    sure, before = [float(p) for p in SURE], [float(half)] * len(CHANCES)
    after = [float(half * (1 - chance)) for chance in CHANCES]
    least, most = (
        law(sure=sure, before=before, after=after, threshold=float(half))
        for law in (edited_text.left_by_odds, edited_text.left_by_surprise)
    )
    counts = [
        float(sum(probability < half for probability in after) / Fraction(len(CHANCES)))
        for after in (multiplied, both, mixed)
    ]
    reached = abs(counts[0] - least) < 1e-12 and abs(counts[2] - most) < 1e-12
    return reached and counts[0] < counts[1] < counts[2]


def _after(shift: Callable[[Fraction, Fraction], Fraction]) -> list[Fraction]:
    """Probabilities of all sure tokens after every change."""
    return [shift(probability, chance) for probability in SURE for chance in CHANCES]


def _mixed(probability: Fraction, chance: Fraction) -> Fraction:
    return (1 - chance) * probability


def _multiplied(probability: Fraction, chance: Fraction) -> Fraction:
    """Odds times those that a token at the threshold has after the change."""
    odds = probability / (1 - probability) * (1 - chance) / (1 + chance)
    return odds / (1 + odds)


def _leading(density: Fraction, fall: Fraction) -> float:
    return edited_text.leavers_per_change(density=float(density), fall=float(fall))


def _bound(slope: Fraction, square: Fraction) -> float:
    return edited_text.leading_error(slope=float(slope), fall_squared=float(square))


def _below_triangle(value: Fraction, peak: Fraction, fall: Fraction) -> Fraction:
    """Mass within `fall` above the threshold."""
    up, down = min(fall, peak), max(fall - peak, Fraction(0))
    return value * up + up**2 / 2 + (value + peak) * down - down**2 / 2
