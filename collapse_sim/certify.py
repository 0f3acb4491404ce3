"""Verdicts: a stream of replicate values is judged against a predicted number.

The chance that any of a run's verdicts is wrong is shared over its claims. It rests on what the
intervals rest on: replicates that are independent, and enough of them for the normal limit.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Protocol, get_args, runtime_checkable

import numpy as np

from collapse_sim.intervals import (
    ANYWHERE,
    SMALLEST_LOOK,
    Interval,
    largest_distance,
    law_interval,
    mean_interval,
)
from collapse_sim.replicates import Summary

FAMILY_ERROR = 1e-3
"""Chance that any verdict of one run is wrong."""

ROUNDING = 1e-6
"""Share of a bound by which float32 may pass it where it is attained exactly."""

NOT_BEGUN = "not begun: out of time"
"""Note of a verdict without a single replicate."""

Relation = Literal["==", "<=", ">=", "->", "~", "assumption"]
"""`->`: a limit; `~`: the whole law of a measure."""

Outcome = Literal["holds", "violated", "vacuous", "assumption not met", "undecided"]


@runtime_checkable
class Record(Protocol):
    """Fields of a ledger's claim that evidence copies."""

    @property
    def id(self) -> str: ...
    @property
    def source(self) -> str: ...
    @property
    def relation(self) -> Any: ...
    @property
    def attained(self) -> bool: ...
    @property
    def tolerance(self) -> float: ...
    @property
    def control(self) -> float: ...


@dataclass(frozen=True)
class Verdict:
    """Verdict on one claim, as written to verdicts.json."""

    claim: str
    source: str
    parameters: dict[str, Any]
    generation: int | None
    relation: str
    predicted: float | None
    observed: float | None
    interval: list[float] | None
    confidence: float
    verdict: Outcome
    note: str = ""
    tolerance: float | None = None
    """The largest `within` at which the claim still holds: relative, or a distance of laws."""
    within: float | None = None
    """Largest distance of the interval's points from the formula: the claim holds within it."""
    control: bool | None = None
    """True if the negative control was caught; None for a claim without one."""
    needed: int | None = None
    """Estimate of the replicates that would decide an undecided claim; None where no number
    would."""
    unit: float = 1.0
    """Unit of predicted, observed and interval in tables: b, for test errors."""

    def __str__(self) -> str:
        """Verdict, measured value, claimed value and confidence in one line."""
        where = "" if self.generation is None else f", generation {self.generation}"
        within = f" within {100 * self.within:.2g} %" if self.within else ""
        parts = [f"{self.claim}{where}: {self.verdict}{within}"]
        if self.interval is not None:
            low, high = self.interval
            parts.append(f"measured {low:.4g} to {high:.4g}")
        if self.predicted is not None:
            allowed = f" up to {100 * self.tolerance:g} %" if self.tolerance else ""
            parts.append(f"claimed {self.relation} {self.predicted:.4g}{allowed}")
        if self.needed is not None:
            parts.append(f"about {int(float(f'{self.needed:.1e}')):,} replicates would decide")
        return f"{'; '.join(parts)} (chance of error {1 - self.confidence:.1g})"


def decide(
    relation: str,
    interval: Interval,
    predicted: Interval,
    *,
    tolerance: float,
    trivial: float = math.inf,
    factor: float = 2.0,
) -> Outcome:
    """The verdict of `observed relation predicted`, both known up to an interval.

    `holds` and `violated` need every pair of values from the two intervals to agree, up to a
    relative `tolerance` of the prediction: an equality holds inside it; a bound holds when it is
    not exceeded by more, and is violated once it is exceeded by more than ROUNDING, `vacuous`
    when it is more than `factor` times a `trivial` one, or infinite. Raises ValueError for a
    relation that says nothing of a mean, and for intervals that are none.
    """
    require_relation(relation, ("==", "->", "<=", ">="))
    (low, high), (least, most) = require_interval("interval", interval), predicted
    require_interval("predicted", predicted)
    if relation in ("<=", ">=") and not math.isfinite(least):
        return "vacuous"
    centre = abs(least + most) / 2
    slack, rounding = tolerance * centre, ROUNDING * centre
    if relation == "<=":
        if low > most + rounding:
            return "violated"
        if least > factor * trivial:
            return "vacuous"
        return "holds" if high <= least + slack else "undecided"
    if relation == ">=":
        if high < least - rounding:
            return "violated"
        return "holds" if low >= most - slack else "undecided"
    if most - slack <= low and high <= least + slack:
        return "holds"
    return "violated" if low > most + slack or high < least - slack else "undecided"


def held_within(relation: str, interval: Interval, predicted: Interval) -> float:
    """The smallest relative tolerance at which the relation holds of every pair of values."""
    (low, high), (least, most) = interval, predicted
    above, below = high - least, most - low
    excess = {"<=": above, ">=": below}.get(relation, max(above, below))
    centre = abs(least + most) / 2
    return max(excess, 0.0) / centre if centre else (0.0 if excess <= 0 else math.inf)


def is_caught(
    relation: str, interval: Interval, predicted: Interval, *, tolerance: float, control: float
) -> bool:
    """True if the same check refuses a formula that is off by the share `control`.

    Above and below for an equality; for a bound only the stricter one, which must be violated.
    """
    shifts = {"<=": (1 - control,), ">=": (1 + control,)}.get(relation, (1 - control, 1 + control))
    for shift in shifts:
        wrong = predicted[0] * shift, predicted[1] * shift
        found = decide(relation, interval, (min(wrong), max(wrong)), tolerance=tolerance)
        if found == "holds" or (relation in ("<=", ">=") and found != "violated"):
            return False
    return True


def replicates_needed(
    relation: str, interval: Interval, predicted: Interval, count: int, **options: float
) -> int | None:
    """About how many replicates decide, if the mean stays: widths shrink as 1 / sqrt(count).

    None where the interval is infinite, or no more than a thousandth of its width would do.
    """
    centre, half = sum(interval) / 2, (interval[1] - interval[0]) / 2
    if not math.isfinite(half):
        return None

    def decides(share: float) -> bool:
        narrower = centre - share * half, centre + share * half
        return decide(relation, narrower, predicted, **options) != "undecided"

    narrow, wide = -3.0, 0.0  # powers of ten of the width
    if not decides(10**narrow):
        return None
    for _ in range(20):
        middle = (narrow + wide) / 2
        narrow, wide = (middle, wide) if decides(10**middle) else (narrow, middle)
    return math.ceil(count * 10 ** (-2 * narrow))


@dataclass(frozen=True)
class Evidence:
    """Claim to be decided on the mean of one generation of a stream.

    `predicted` is an interval when the closed form itself is an average over designs. A formula off
    by the share `control` must not hold; None asks for no such negative control. Raises ValueError
    for an unknown relation, a generation below 1 and a prediction that is no interval.
    """

    claim: str
    source: str
    relation: str
    """Relation that is claimed: ==, ->, <= or >=."""
    generation: int
    predicted: Interval
    measure: str
    tolerance: float
    control: float | None = None
    finite_moments: float = math.inf
    smallest_look: int = SMALLEST_LOOK
    """Replicates before the first look. Few are enough where each is itself a mean."""
    support: Interval = ANYWHERE
    """Interval that holds the measure of every replicate."""
    trivial: float = math.inf
    unit: float = 1.0
    parameters: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""

    def __post_init__(self):
        require_relation(self.relation, ("==", "->", "<=", ">="))
        require_generation(self.generation)
        require_interval("predicted", self.predicted)

    @staticmethod
    def of(
        record: Record, predicted: float | Interval, *, relation: str | None = None, **of: Any
    ) -> "Evidence":
        """Evidence of a claim of the ledger, at the claim's own tolerance.

        A bound has none, and no control, unless the record says that it is attained.
        """
        relation = str(relation or record.relation)
        strict = relation in ("<=", ">=") and not record.attained
        precision = {
            "tolerance": 0.0 if strict else record.tolerance,
            "control": None if strict else record.control,
        }
        pair = predicted if isinstance(predicted, tuple) else (predicted, predicted)
        low, high = float(pair[0]), float(pair[1])
        return Evidence(
            claim=record.id,
            source=record.source,
            relation=relation,
            predicted=(low, high),
            **(precision | of),
        )

    def judge(self, summary: Summary, error: float) -> Verdict:
        """The verdict with chance `error` of being wrong."""
        moments = require_measure(summary.moments, self.measure)
        require_generation(self.generation, len(moments.mean))
        index, options = self.generation - 1, {"tolerance": self.tolerance, "trivial": self.trivial}
        interval = mean_interval(
            moments,
            index,
            error,
            finite_moments=self.finite_moments,
            smallest_look=self.smallest_look,
            support=self.support,
        )
        test = self.relation, interval, self.predicted
        outcome = decide(*test, **options)
        holds, needed, caught = outcome == "holds", None, None
        within = held_within(*test) if holds else None
        if outcome == "undecided":
            needed = replicates_needed(*test, moments.count, **options)
        touched = bool(within) or self.relation in ("==", "->")
        if holds and touched and self.control is not None:
            caught = is_caught(*test, tolerance=self.tolerance, control=self.control)
        return verdict_of(
            self,
            relation=self.relation,
            predicted=sum(self.predicted) / 2,
            observed=float(moments.mean[index]),
            interval=list(interval),
            confidence=1 - error,
            verdict=outcome,
            within=within,
            control=caught,
            needed=needed,
            unit=self.unit,
        )


@dataclass(frozen=True)
class LawEvidence:
    """Claim about the whole law of a measure at one generation.

    Decided in one look at the first `size` replicates, so that no moment need be finite: the
    Kolmogorov distance between the two laws must be below `tolerance`. The negative control is the
    law of a measure that is larger or smaller by `control`.
    """

    claim: str
    source: str
    generation: int
    law: Callable[[np.ndarray], np.ndarray]
    measure: str = "test_error"
    size: int = 2**15
    tolerance: float = 0.025
    control: float = 0.02
    parameters: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""

    def __post_init__(self):
        require_generation(self.generation)

    def judge(self, summary: Summary, error: float) -> Verdict:
        """The verdict with chance `error` of being wrong."""
        values = require_measure(summary.sample, self.measure)
        require_generation(self.generation, values.shape[1])
        sample = values[: self.size, self.generation - 1]
        whole = len(sample) == self.size

        def distance_to(law: Callable[[np.ndarray], np.ndarray]) -> tuple[float, Interval]:
            distance = largest_distance(sample, law)
            return distance, law_interval(distance, len(sample), error)

        distance, (low, high) = distance_to(self.law)
        holds = whole and high <= self.tolerance
        caught = None
        if holds:
            wrong = (distance_to(self._scaled(1 + s))[1] for s in (self.control, -self.control))
            caught = all(above > self.tolerance for _, above in wrong)
        outcome: Outcome = "holds" if holds else "violated" if whole and low > 0 else "undecided"
        return verdict_of(
            self,
            relation="~",
            predicted=0.0,
            observed=distance,
            interval=[low, high],
            confidence=1 - error,
            verdict=outcome,
            within=high if holds else None,
            control=caught,
            needed=self.size if outcome == "undecided" and not whole else None,
        )

    def _scaled(self, factor: float) -> Callable[[np.ndarray], np.ndarray]:
        return lambda values: self.law(values / factor)


def verdict_of(evidence: Any, **found: Any) -> Verdict:
    """A verdict with all that it takes over from its evidence."""
    return Verdict(
        claim=evidence.claim,
        source=evidence.source,
        parameters=dict(evidence.parameters),
        generation=evidence.generation,
        note=evidence.note,
        tolerance=evidence.tolerance,
        **found,
    )


def not_begun(evidence: Any, error: float) -> Verdict:
    """The verdict without a single replicate."""
    verdict = verdict_of(
        evidence,
        relation=getattr(evidence, "relation", "~"),
        predicted=None,
        observed=None,
        interval=None,
        confidence=1 - error,
        verdict="undecided",
    )
    return replace(verdict, note=NOT_BEGUN)


def require_relation(relation: str, accepted: tuple[str, ...] = get_args(Relation)) -> None:
    """Raise ValueError for a relation that is not accepted."""
    if relation not in accepted:
        raise ValueError(f"relation={relation!r}: accepted are {', '.join(accepted)}")


def require_interval(name: str, interval: Any) -> Interval:
    """Raises ValueError for anything but two numbers in order."""
    try:
        low, high = (float(end) for end in interval)
    except (TypeError, ValueError):
        low, high = math.nan, math.nan
    if not low <= high:
        raise ValueError(f"{name}={interval!r}: accepted are two numbers (low, high), low <= high")
    return low, high


def require_generation(generation: Any, generations: int | None = None) -> None:
    """Raises ValueError for a generation that is none of 1, ..., `generations`."""
    whole = isinstance(generation, int | np.integer) and not isinstance(generation, bool)
    if not whole or generation < 1 or (generations is not None and generation > generations):
        most = "" if generations is None else f" to {generations}"
        raise ValueError(f"generation={generation!r}: accepted are integers from 1{most}")


def require_measure(measures: Mapping[str, Any], name: str) -> Any:
    """Summary of one measure; raises ValueError for a measure that was not recorded."""
    if name not in measures:
        raise ValueError(f"measure={name!r}: accepted are {', '.join(measures) or 'none recorded'}")
    return measures[name]
