"""Evidence: a stream of replicate values is judged against a predicted number.

The chance that any of a run's verdicts is wrong is shared over its claims. It rests on what the
intervals rest on: replicates that are independent, and enough of them for the normal limit.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Protocol, runtime_checkable

import numpy as np

from collapse_sim.intervals import (
    ANYWHERE,
    SMALLEST_LOOK,
    Interval,
    largest_distance,
    law_interval,
    mean_interval,
    why_unknown,
)
from collapse_sim.pytree import require_integer
from collapse_sim.replicates import Summary
from collapse_sim.verdict import (
    NO_INTERVAL,
    Outcome,
    Verdict,
    decide,
    held_within,
    is_caught,
    replicates_needed,
    require_interval,
    require_relation,
)

FAMILY_ERROR = 1e-3
"""Chance that any verdict of one run is wrong."""

NOT_BEGUN = "not begun: out of time"
"""Note of a verdict without a single replicate."""


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
class Evidence:
    """Claim to be decided on the mean of one generation of a stream.

    `predicted` is an interval when the closed form itself is an average over designs. A formula off
    by the share `control` must not hold; None asks for no such negative control. Raises ValueError
    for an unknown relation, a generation below 1, a prediction that is no interval and a negative
    tolerance.
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
        require_tolerance(self.tolerance)

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
        """The verdict with chance `error` of being wrong.

        Where the prediction is an interval, that may miss with a chance of half of it.
        """
        moments = require_measure(summary.moments, self.measure)
        require_generation(self.generation, len(moments.mean))
        index, options = self.generation - 1, {"tolerance": self.tolerance, "trivial": self.trivial}
        least, most = self.predicted
        own_error = error / 2 if least < most else error
        interval = mean_interval(
            moments,
            index,
            own_error,
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
        found = self
        if not np.isfinite(interval).all():
            unknown = why_unknown(
                moments, index, own_error, support=self.support, smallest_look=self.smallest_look
            )
            found = replace(self, note="; ".join(filter(None, (self.note, NO_INTERVAL + unknown))))
        return verdict_of(
            found,
            relation=self.relation,
            predicted=(least + most) / 2,
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


def require_tolerance(tolerance: Any) -> None:
    """Raises ValueError for a tolerance that is no number from 0 on."""
    number = isinstance(tolerance, int | float | np.number) and not isinstance(tolerance, bool)
    if not number or not 0 <= tolerance < math.inf:
        raise ValueError(f"tolerance={tolerance!r}: accepted are numbers >= 0, 0.01 for 1 %")


def require_generation(generation: Any, generations: int | None = None) -> None:
    """Raises ValueError for a generation that is none of 1, ..., `generations`."""
    require_integer("generation", generation, 1, generations)


def require_measure(measures: Mapping[str, Any], name: str) -> Any:
    """Summary of one measure; raises ValueError for a measure that was not recorded."""
    if name not in measures:
        raise ValueError(f"measure={name!r}: accepted are {', '.join(measures) or 'none recorded'}")
    return measures[name]
