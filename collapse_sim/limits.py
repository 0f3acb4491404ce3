"""Limits: measured at T, 2T, 4T, ... rows, extrapolated, and judged with their rate."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
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
    order: Interval | None
    """Rate at which the deviation vanishes, as a power of 1/samples; None below the noise."""


def extrapolate(samples: Sequence[int], intervals: Sequence[Interval], claimed: float) -> Limit:
    """Richardson extrapolation over rungs that double `samples` each time.

    With k rungs all terms up to samples^-(k-1) cancel. The rungs must be independent, each looked
    at once: then the errors of their means add up in squares, and so do the half widths here.
    """
    if any(b != 2 * a for a, b in zip(samples, samples[1:], strict=False)):
        raise ValueError(f"samples={tuple(samples)}: accepted are rungs T, 2T, 4T, ...")
    weights = np.ones(1)
    for power in range(1, len(samples)):
        grown = np.zeros(power + 1)
        grown[1:] += 2**power * weights
        grown[:-1] -= weights
        weights = grown / (2**power - 1)
    deviations = tuple((lo / claimed - 1, hi / claimed - 1) for lo, hi in intervals)
    low, high = np.array(intervals, dtype=float).T
    if not np.isfinite([low, high]).all():
        return Limit(tuple(samples), deviations, ANYWHERE, None)
    centre = float(weights @ ((low + high) / 2))
    half = float(np.linalg.norm(weights * (high - low) / 2))
    return Limit(tuple(samples), deviations, (centre - half, centre + half), _order(deviations))


def _order(deviations: Sequence[Interval]) -> Interval | None:
    """Interval of log2 of the ratio of the last two deviations; None unless both are clear of 0."""
    (a, b), (c, d) = deviations[-2:]
    if min(a * b, c * d, a * c) <= 0:
        return None
    first, second = sorted((abs(a), abs(b))), sorted((abs(c), abs(d)))
    return math.log2(first[0] / second[1]), math.log2(first[1] / second[0])


def decide_limit(limit: Limit, claimed: float, *, tolerance: float, rate: float = 1.0) -> Outcome:
    """Verdict of a claim about a limit: the extrapolated value is it, and the rate is not refuted.

    The tolerance bounds how precisely the *limit* must be known; deviations at finite samples are
    not forgiven by it. Extrapolation already presumes that they vanish like powers of 1/samples;
    an order below `rate` by more than RATE_SLACK refutes the claim.
    """
    outcome = decide("->", limit.extrapolated, (claimed, claimed), tolerance=tolerance)
    slow = limit.order is not None and limit.order[1] < rate - RATE_SLACK
    return "violated" if outcome == "holds" and slow else outcome


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
        limit = Limit(limit.samples, rungs.deviations, limit.extrapolated, rungs.order)
        outcome = decide_limit(limit, self.claimed, tolerance=self.tolerance)
        test = "->", limit.extrapolated, (self.claimed, self.claimed)
        holds, options = outcome == "holds", {"tolerance": self.tolerance}
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
            needed=replicates_needed(*test, count, **options) if outcome == "undecided" else None,
        )

    def deviations(self, summaries: Sequence[Summary], error: float) -> str:
        """Distance of each rung from the limit, in words."""
        limit = self._limit(summaries, error)
        shown = ", ".join(f"{100 * (lo + hi) / 2:+.2f} %" for lo, hi in limit.deviations)
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
