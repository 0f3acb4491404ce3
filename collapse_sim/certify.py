"""From a stream of replicate values and a predicted number to a verdict.

Intervals are asymptotic confidence sequences: valid at every look at once, so a run may stop as
soon as it knows. The chance that any of a run's verdicts is wrong is shared over its claims.
"""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import numpy as np
from jaxtyping import Float

from collapse_sim.replicates import Moments, Summary

FAMILY_ERROR = 1e-3
"""Chance that any verdict of one run is wrong."""

SMALLEST_LOOK = 1000
"""Fewest replicates at which the normal limit behind a confidence sequence is trusted."""

LARGEST_SHARE = 0.02
"""A single replicate with more of the variance than this shows a tail too heavy for a mean.

Of events so rare that the mean is made of them, fifty must have been seen: then a confidence
sequence misses their chance no oftener than it says, where with five it did so 25 times as often.
It is the share at SMALLEST_LOOK replicates; where fewer are enough it is larger in proportion.
"""

Relation = Literal["==", "<=", ">=", "->", "assumption"]
Outcome = Literal["holds", "violated", "vacuous", "assumption not met", "undecided"]
Interval = tuple[float, float]

ANYWHERE: Interval = (-math.inf, math.inf)
"""The interval of which nothing is known."""


@dataclass(frozen=True)
class Verdict:
    """One decided (or undecided) claim, as written to verdicts.json."""

    claim: str
    source: str
    parameters: dict[str, Any]
    generation: int | None
    relation: Relation
    predicted: float | None
    observed: float | None
    interval: list[float] | None
    confidence: float
    verdict: Outcome
    note: str = ""


def require_finite_variance(finite_moments: float, what: str) -> None:
    """Raises ValueError unless moments of order above 2 are finite, as every mean test needs.

    The test error of least squares on fresh Gaussian rows has finite moments below order
    (samples - dim + 1) / 2: a variance from samples = dim + 4 on.
    """
    if finite_moments <= 2:
        raise ValueError(
            f"{what} has finite moments only below order {finite_moments:g}: a test of its mean "
            "needs more than 2; test its law, or the mean over the design's scale"
        )


def radius(count: int, error: float, *, best_at: int = 20_000) -> float:
    """Half width, in standard deviations, of a confidence sequence for a mean after `count` values.

    Asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform
    central limit theory and asymptotic confidence sequences" (Annals of Statistics 2024),
    Theorem 2.2, with the scale of its normal mixture chosen to be narrowest at `best_at`.
    Needs a finite variance. `error` is the chance that the sequence ever misses the mean.
    """
    if not 0 < error < 1:
        raise ValueError(f"error={error}: accepted is (0, 1)")
    log = -2 * math.log(error)
    scale = count * (log + math.log(log + 1)) / best_at
    return math.sqrt(2 * (scale + 1) / (count * scale) * math.log(math.sqrt(scale + 1) / error))


def mean_interval(
    moments: Moments,
    index: int,
    error: float,
    *,
    finite_moments: float = math.inf,
    smallest_look: int = SMALLEST_LOOK,
    support: Interval = ANYWHERE,
) -> Interval:
    """Confidence sequence for one generation's mean; (-inf, inf) before `smallest_look` replicates.

    Also (-inf, inf) when one replicate makes up too much of the variance, which then may not even
    be finite, whatever `finite_moments` says. When all n replicates are equal another differs with
    a chance of at most log(1 / error) / n, and may lie anywhere in the `support`. Raises ValueError
    where no finite variance is known to exist.
    """
    require_finite_variance(finite_moments, "the measured error")
    if moments.count < smallest_look:
        return ANYWHERE
    mean = float(moments.mean[index])
    if moments.least[index] == moments.largest[index]:
        other = min(1.0, math.log(1 / error) / moments.count)
        return mean - other * (mean - support[0]), mean + other * (support[1] - mean)
    if moments.largest_share[index] > LARGEST_SHARE * SMALLEST_LOOK / smallest_look:
        return ANYWHERE
    half = radius(moments.count, error) * math.sqrt(moments.variance[index])
    return mean - half, mean + half


def decide(
    relation: Relation,
    interval: Interval,
    predicted: Interval,
    *,
    tolerance: float,
    trivial: float = math.inf,
    factor: float = 2.0,
) -> Outcome:
    """The verdict of `observed relation predicted`, both known up to an interval.

    `holds` and `violated` need every pair of values from the two intervals to agree. An equality
    holds inside a relative `tolerance` of the prediction. A bound is `vacuous` when it is more than
    `factor` times a `trivial` one, or infinite.
    """
    (low, high), (least, most) = interval, predicted
    if relation in ("<=", ">=") and not math.isfinite(least):
        return "vacuous"
    if relation == "<=":
        if low > most:
            return "violated"
        if least > factor * trivial:
            return "vacuous"
        return "holds" if high <= least else "undecided"
    if relation == ">=":
        return "holds" if low >= most else "violated" if high < least else "undecided"
    slack = tolerance * abs(least + most) / 2
    if most - slack <= low and high <= least + slack:
        return "holds"
    return "violated" if low > most + slack or high < least - slack else "undecided"


def largest_distance(
    sample: Float[np.ndarray, " replicates"], law: Callable[[np.ndarray], np.ndarray]
) -> float:
    """Kolmogorov's distance between a sample and a distribution function."""
    ordered = law(np.sort(np.asarray(sample, np.float64)))
    steps = np.arange(len(ordered) + 1) / len(ordered)
    return float(max((steps[1:] - ordered).max(), (ordered - steps[:-1]).max()))


def law_interval(distance: float, count: int, error: float) -> Interval:
    """Interval for the true distance between two laws, from one look at `count` draws.

    Dvoretzky-Kiefer-Wolfowitz with Massart's constant; no moment needs to be finite.
    """
    half = math.sqrt(math.log(2 / error) / (2 * count))
    return max(distance - half, 0.0), distance + half


@dataclass(frozen=True)
class Limit:
    """What rungs T, 2T, 4T, ... say of a quantity's limit as dim/samples -> 0."""

    samples: tuple[int, ...]
    deviations: tuple[Interval, ...]
    """Relative deviation from the claim at each rung: the finite-sample effect."""
    extrapolated: Interval
    order: Interval | None
    """Rate at which the deviation vanishes, as a power of 1/samples; None below the noise."""


def extrapolate(samples: Sequence[int], intervals: Sequence[Interval], claimed: float) -> Limit:
    """Richardson extrapolation over rungs that double `samples` each time.

    With k rungs all terms up to samples^-(k-1) cancel; the interval adds the half widths of the
    rungs times their weights, so it is valid whenever theirs are all valid.
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
        return Limit(tuple(samples), deviations, (-math.inf, math.inf), None)
    centre, half = weights @ ((low + high) / 2), np.abs(weights) @ ((high - low) / 2)
    return Limit(
        tuple(samples), deviations, (float(centre - half), float(centre + half)), _order(deviations)
    )


def _order(deviations: Sequence[Interval]) -> Interval | None:
    """Interval of log2 of the ratio of the last two deviations; None unless both are clear of 0."""
    (a, b), (c, d) = deviations[-2:]
    if min(a * b, c * d, a * c) <= 0:
        return None
    first, second = sorted((abs(a), abs(b))), sorted((abs(c), abs(d)))
    return math.log2(first[0] / second[1]), math.log2(first[1] / second[0])


def decide_limit(
    limit: Limit, claimed: float, *, tolerance: float, rate: float = 1.0, rate_slack: float = 0.25
) -> Outcome:
    """Verdict of a claim about a limit: the extrapolated value is it, and the rate is not refuted.

    The tolerance bounds how precisely the *limit* must be known; deviations at finite samples are
    not forgiven by it. Extrapolation already presumes that they vanish like powers of 1/samples;
    an order below `rate` by more than `rate_slack` (the next order is still felt at these rungs)
    refutes the claim.
    """
    outcome = decide("==", limit.extrapolated, (claimed, claimed), tolerance=tolerance)
    slow = limit.order is not None and limit.order[1] < rate - rate_slack
    return "violated" if outcome == "holds" and slow else outcome


@dataclass(frozen=True)
class Evidence:
    """One claim to be decided on the mean of one generation of a stream.

    `predicted` is an interval when the closed form itself is an average over designs.
    """

    claim: str
    source: str
    relation: Relation
    generation: int
    predicted: Interval
    measure: str
    tolerance: float
    finite_moments: float = math.inf
    support: Interval = ANYWHERE
    """Where the measure of a replicate lies."""
    trivial: float = math.inf
    parameters: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""

    def judge(self, summary: Summary, error: float) -> Verdict:
        """The verdict with chance `error` of being wrong."""
        moments, index = summary.moments[self.measure], self.generation - 1
        interval = mean_interval(
            moments, index, error, finite_moments=self.finite_moments, support=self.support
        )
        outcome = decide(
            self.relation,
            interval,
            self.predicted,
            tolerance=self.tolerance,
            trivial=self.trivial,
        )
        return Verdict(
            claim=self.claim,
            source=self.source,
            parameters=dict(self.parameters),
            generation=self.generation,
            relation=self.relation,
            predicted=sum(self.predicted) / 2,
            observed=float(moments.mean[index]),
            interval=list(interval),
            confidence=1 - error,
            verdict=outcome,
            note=self.note,
        )


@dataclass(frozen=True)
class LawEvidence:
    """One claim about the whole law of a measure at one generation.

    Decided in one look at the first `size` replicates, so that no moment need be finite: the
    Kolmogorov distance between the two laws must be below `tolerance`.
    """

    claim: str
    source: str
    generation: int
    law: Callable[[np.ndarray], np.ndarray]
    measure: str = "test_error"
    size: int = 2**14
    tolerance: float = 0.03
    parameters: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""

    def judge(self, summary: Summary, error: float) -> Verdict:
        """The verdict with chance `error` of being wrong."""
        sample = summary.sample[self.measure][: self.size, self.generation - 1]
        distance = largest_distance(sample, self.law)
        low, high = law_interval(distance, len(sample), error)
        outcome: Outcome = "undecided"
        if len(sample) == self.size:
            outcome = "holds" if high <= self.tolerance else "violated" if low > 0 else outcome
        return Verdict(
            claim=self.claim,
            source=self.source,
            parameters=dict(self.parameters),
            generation=self.generation,
            relation="==",
            predicted=0.0,
            observed=distance,
            interval=[low, high],
            confidence=1 - error,
            verdict=outcome,
            note=self.note,
        )
