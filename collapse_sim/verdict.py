"""Verdicts: an interval that holds a measured number is compared with a claimed one."""

import math
from dataclasses import dataclass
from typing import Any, Literal, get_args

from collapse_sim.intervals import Interval

ROUNDING = 1e-6
"""Share of a bound by which float32 may pass it where it is attained exactly."""

NO_INTERVAL = "no interval: "
"""Beginning of the last part of a note, which says why an interval is infinite."""

Relation = Literal["==", "<=", ">=", "->", "~", "assumption"]
"""`->`: a limit; `~`: the whole law of a measure."""

Outcome = Literal["holds", "violated", "vacuous", "assumption not met", "undecided"]


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

    def __post_init__(self):
        if self.interval is not None and len(self.interval) != 2:
            raise ValueError(f"interval={self.interval}: accepted are two numbers")

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
        if self.verdict == "undecided":
            parts.append(self.what_decides)
        return f"{'; '.join(parts)} (chance of error {rounded_up(1 - self.confidence):.1g})"

    @property
    def what_decides(self) -> str:
        """What would decide an undecided claim, or why nothing does."""
        if self.needed is not None:
            return f"about {int(float(f'{self.needed:.1e}')):,} replicates would decide"
        _, found, reason = self.note.rpartition(NO_INTERVAL)
        return found + reason if found else "more replicates alone would not decide"


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
    relative `tolerance` of the prediction: an equality holds inside it, and is violated outside it
    and by more than ROUNDING; a bound holds when it is not exceeded by more than the tolerance, and
    is violated once it is exceeded by more than ROUNDING, `vacuous` when it is more than `factor`
    times a `trivial` one, or infinite so that nothing exceeds it.
    Raises ValueError for a relation that says nothing of a mean, and for intervals that are none.
    """
    require_relation(relation, ("==", "->", "<=", ">="))
    (low, high), (least, most) = require_interval("interval", interval), predicted
    require_interval("predicted", predicted)
    if (relation, least) == ("<=", math.inf) or (relation, most) == (">=", -math.inf):
        return "vacuous"
    centre = abs(least + most) / 2 if math.isfinite(least) and math.isfinite(most) else 0.0
    slack, rounding = tolerance * centre, ROUNDING * centre
    room = max(slack, rounding)
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
    return "violated" if low > most + room or high < least - room else "undecided"


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
    less, more = (1 + math.copysign(control, sign * sum(predicted)) for sign in (-1, 1))
    for shift in {"<=": (less,), ">=": (more,)}.get(relation, (less, more)):
        wrong = predicted[0] * shift, predicted[1] * shift
        found = decide(relation, interval, (min(wrong), max(wrong)), tolerance=tolerance)
        if found == "holds" or (relation in ("<=", ">=") and found != "violated"):
            return False
    return True


def replicates_needed(
    relation: str, interval: Interval, predicted: Interval, count: int, **options: float
) -> int | None:
    """About how many replicates decide, if the mean stays: widths shrink as 1 / sqrt(count).

    None where the interval is infinite, or no more than a thousandth of its width would do; and for
    an equality without room, with 0 or at tolerance 0, which can be refuted alone: where its
    interval shrinks to is chance.
    """
    centre, half = sum(interval) / 2, (interval[1] - interval[0]) / 2
    without_room = relation in ("==", "->") and not options["tolerance"] * sum(predicted)
    if not math.isfinite(half) or without_room:
        return None

    narrow, wide = -3.0, 0.0  # powers of ten of the width
    if not _decides(relation, centre, 10**narrow * half, predicted, options):
        return None
    for _ in range(20):
        middle = (narrow + wide) / 2
        enough = _decides(relation, centre, 10**middle * half, predicted, options)
        narrow, wide = (middle, wide) if enough else (narrow, middle)
    return math.ceil(count * 10 ** (-2 * narrow))


def _decides(
    relation: str, centre: float, half: float, predicted: Interval, options: dict[str, float]
) -> bool:
    """Whether an interval of this half width decides."""
    return decide(relation, (centre - half, centre + half), predicted, **options) != "undecided"


def rounded_up(chance: float | int, digits: int = 1) -> float:
    """A chance of error to so many digits, rounded up: none is said to be smaller than it is."""
    if not 0 < chance < 1:
        return float(min(chance, 1))
    unit = 10.0 ** (math.floor(math.log10(chance)) + 1 - digits)
    return math.ceil(chance / unit - 1e-6) * unit


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
