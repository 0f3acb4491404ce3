"""Limits: measured at T, 2T, 4T, ... rows, extrapolated, and judged with their rate."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from collapse_sim.certify import require_generation, verdict_of
from collapse_sim.intervals import ANYWHERE, SMALLEST_LOOK, Interval, mean_interval
from collapse_sim.replicates import Summary
from collapse_sim.verdict import Outcome, Verdict, decide, held_within, is_caught, replicates_needed

RATE_SLACK = 0.25
"""Tolerance of an order below the claimed one: the next order is felt at these rungs."""


@dataclass(frozen=True)
class Limit:
    """Limit of a quantity as dim/samples -> 0, from rungs T, 2T, 4T, ..."""

    samples: tuple[int, ...]
    deviations: tuple[Interval, ...]
    """Relative deviation from the claim at each rung: the finite-sample effect."""
    extrapolated: Interval
    from_fewer: tuple[Interval, ...]
    """The same without the last rung, and without the first."""
    orders: tuple[Interval | None, ...]
    """Rate at which the deviation vanishes from a rung to the next, as a power of 1/samples; None
    below the noise."""

    @property
    def order(self) -> Interval | None:
        """Rate between the last two rungs."""
        return self.orders[-1] if self.orders else None


def extrapolate(samples: Sequence[int], intervals: Sequence[Interval], claimed: float) -> Limit:
    """Richardson extrapolation over rungs that double `samples` each time.

    With k rungs all terms up to samples^-(k-1) cancel. The rungs must be independent, each looked
    at once: then the errors of their means add up in squares, and so do the half widths here.
    """
    if any(b != 2 * a for a, b in zip(samples, samples[1:], strict=False)):
        raise ValueError(f"samples={tuple(samples)}: accepted are rungs T, 2T, 4T, ...")
    deviations = tuple((lo / claimed - 1, hi / claimed - 1) for lo, hi in intervals)
    fewer = intervals[:-1], intervals[1:]
    orders = (_order(*pair) for pair in zip(deviations, deviations[1:], strict=False))
    return Limit(
        samples=tuple(samples),
        deviations=deviations,
        extrapolated=_extrapolated(intervals),
        from_fewer=tuple(_extrapolated(some) for some in fewer if some),
        orders=tuple(orders),
    )


def _extrapolated(intervals: Sequence[Interval]) -> Interval:
    low, high = np.array(intervals, dtype=float).T
    if not np.isfinite([low, high]).all():
        return ANYWHERE
    weights = np.ones(1)
    for power in range(1, len(intervals)):
        grown = np.zeros(power + 1)
        grown[1:] += 2**power * weights
        grown[:-1] -= weights
        weights = grown / (2**power - 1)
    centre = float(weights @ ((low + high) / 2))
    half = float(np.linalg.norm(weights * (high - low) / 2))
    return centre - half, centre + half


def _order(first: Interval, second: Interval) -> Interval | None:
    """Interval of log2 of the ratio of two deviations; None unless both are clear of 0."""
    (a, b), (c, d) = first, second
    if not np.isfinite([a, b, c, d]).all() or min(a * b, c * d, a * c) <= 0:
        return None
    larger, smaller = sorted((abs(a), abs(b))), sorted((abs(c), abs(d)))
    return math.log2(larger[0] / smaller[1]), math.log2(larger[1] / smaller[0])


def decide_limit(limit: Limit, claimed: float, *, tolerance: float, rate: float = 1.0) -> Outcome:
    """Verdict of a claim about a limit: the extrapolated value is it, and the rate is not refuted.

    The tolerance bounds how precisely the *limit* must be known; deviations at finite samples are
    not forgiven by it. Extrapolation already presumes that they vanish like powers of 1/samples;
    an order below `rate` by more than RATE_SLACK refutes the claim.

    Where the smallest rungs are too small for that, each extrapolation lands elsewhere. So a claim
    is refuted only if those from one rung fewer refute it too, all from the same side, or if the
    order is too low all along.
    """

    def of(interval: Interval) -> Outcome:
        return decide("->", interval, (claimed, claimed), tolerance=tolerance)

    outcome = of(limit.extrapolated)
    every = (limit.extrapolated, *limit.from_fewer)
    if outcome == "violated":
        agree = len({low > claimed for low, _ in every}) == 1
        return outcome if agree and all(of(one) == outcome for one in every) else "undecided"
    slow = [order is not None and order[1] < rate - RATE_SLACK for order in limit.orders]
    return "violated" if outcome == "holds" and slow and all(slow) else outcome


@dataclass(frozen=True)
class LimitEvidence:
    """Claim about the limit of a measure's mean along rungs T, 2T, 4T, ...

    `units` are what the measure is divided by at each rung. Every rung is simulated to a number of
    replicates fixed in advance, and looked at once.
    """

    claim: str
    source: str
    generation: int
    claimed: float
    measure: str
    samples: tuple[int, ...]
    units: tuple[float, ...]
    tolerance: float
    control: float
    smallest_look: int = SMALLEST_LOOK
    """Replicates before the first look. Means over the noise hardly vary, so that few are
    enough."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""

    def __post_init__(self):
        require_generation(self.generation)

    def judge(self, summaries: Sequence[Summary], error: float) -> Verdict:
        """The verdict with chance `error` of being wrong: half for the value, half for the rate."""
        limit = self._limit(summaries, error / 2)
        rungs = self._limit(summaries, error / 2 / len(self.samples))
        limit = replace(limit, deviations=rungs.deviations, orders=rungs.orders)
        outcome = decide_limit(limit, self.claimed, tolerance=self.tolerance)
        test = "->", limit.extrapolated, (self.claimed, self.claimed)
        holds, options = outcome == "holds", {"tolerance": self.tolerance}
        is_wide = outcome == decide(*test, **options) == "undecided"
        count = min(summary.count for summary in summaries)
        return verdict_of(
            self,
            relation="->",
            predicted=self.claimed,
            observed=sum(limit.extrapolated) / 2,
            interval=list(limit.extrapolated),
            confidence=1 - error,
            verdict=outcome,
            within=held_within(*test) if holds else None,
            control=is_caught(*test, **options, control=self.control) if holds else None,
            needed=replicates_needed(*test, count, **options) if is_wide else None,
        )

    def deviations(self, summaries: Sequence[Summary], error: float) -> str:
        """Distance of each rung from the limit, in words."""
        limit = self._limit(summaries, error)
        shown = ", ".join(
            f"{100 * (lo + hi) / 2:+.2f} %" if math.isfinite(hi - lo) else "unknown"
            for lo, hi in limit.deviations
        )
        order = "" if limit.order is None else f", order {sum(limit.order) / 2:.2f} in 1/T"
        return f"deviation at T = {self.samples}: {shown}{order}"

    def _limit(self, summaries: Sequence[Summary], error: float) -> Limit:
        intervals = []
        for summary, unit in zip(summaries, self.units, strict=True):
            low, high = mean_interval(
                summary.moments[self.measure],
                self.generation - 1,
                error,
                smallest_look=self.smallest_look,
            )
            intervals.append((low / unit, high / unit))
        return extrapolate(self.samples, intervals, self.claimed)
