"""Verdicts on the median over replicates, whatever their law: for few and costly ones, as seeds.

Processes that are compared share their seeds, so that differences are paired. Nothing is assumed
but that replicates are independent of one another.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, ClassVar, NamedTuple

import numpy as np
from jaxtyping import Float

from collapse_sim.certify import require_generation, require_measure
from collapse_sim.intervals import ANYWHERE
from collapse_sim.replicates import Summary
from collapse_sim.verdict import Verdict, decide, replicates_needed, require_relation

LARGEST_MISS = 0.05
"""An interval that may miss more often decides nothing."""

LEAST_SEEDS = 6
"""That decide anything: the range of n seeds misses their median with a chance of 2^(1-n)."""

Statistic = Callable[
    [Float[np.ndarray, "replicates generations"]], Float[np.ndarray, " replicates"]
]
"""One number of each replicate, from its values by generation."""


class MedianInterval(NamedTuple):
    """An interval for a median, ends included, and the largest chance that it misses it."""

    low: float
    high: float
    miss: float


def median_interval(values: np.ndarray, error: float) -> MedianInterval:
    """Interval from the k-th smallest to the k-th largest of independent values of any one law.

    Each end misses the median with a chance of at most P(Bin(n, 1/2) < k), exactly that where no
    two values can be equal (Thompson 1936, Annals of Mathematical Statistics 7; David and Nagaraja
    2003, "Order Statistics", section 7.1). k is the largest at which both ends together miss with a
    chance of at most `error`. Where n values cannot reach it k is 1, and `miss` what they can.

    A single value, equal values and values that are no numbers tell nothing, (-inf, inf): seeds
    that agree to the last bit were not seen to be independent.
    """
    count = len(values)
    if count < 2 or np.isnan(values).any() or values.min() == values.max():
        return MedianInterval(*ANYWHERE, miss=0.0)
    k, miss = _rank(count, error)
    ordered = np.sort(values)
    return MedianInterval(float(ordered[k - 1]), float(ordered[-k]), miss)


@cache
def _rank(count: int, error: float) -> tuple[int, float]:
    """The k of that interval, and the chance that it misses, from exact binomial coefficients."""
    ways = below = 1
    k, miss = 1, 2 / 2**count
    for heads in range(1, (count + 1) // 2):
        ways = ways * (count - heads + 1) // heads
        below += ways
        more = 2 * below / 2**count
        if more > error:
            break
        k, miss = heads + 1, more
    return k, miss


@dataclass(frozen=True, eq=False)
class MedianEvidence:
    """One claim to be decided on the median of a number that each replicate yields.

    Raises ValueError for a relation other than <= and >=, and for a generation below 1.
    """

    claim: str
    source: str
    relation: str
    generation: int
    predicted: float
    measure: str
    statistic: Statistic | None = None
    """Else the value at the generation."""
    looks: int = 1
    """Replicate counts at which it may be judged; they share the error, as an interval holds at
    one."""
    parameters: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    tolerance: ClassVar[None] = None
    """A median is held against the number itself."""

    def __post_init__(self):
        require_relation(self.relation, ("<=", ">="))
        require_generation(self.generation)

    def judge(self, summary: Summary, error: float) -> Verdict:
        """The verdict, at the level `error` or the one that so few replicates can give.

        The `confidence` is that of the interval, of which a relation errs on one side only. Fewer
        than six replicates decide nothing.
        """
        trace = require_measure(summary.sample, self.measure)
        values = trace[:, self.generation - 1] if self.statistic is None else self.statistic(trace)
        low, high, miss = median_interval(values, error / self.looks)
        miss = min(self.looks * miss, 1.0)
        bound = (self.predicted, self.predicted)
        test = self.relation, (low, high), bound
        outcome = decide(*test, tolerance=0.0) if miss <= LARGEST_MISS else "undecided"
        needed = None
        if outcome == "undecided":
            needed = replicates_needed(*test, len(values), tolerance=0.0)
        return Verdict(
            claim=self.claim,
            source=self.source,
            parameters=dict(self.parameters),
            generation=self.generation,
            relation=self.relation,
            predicted=self.predicted,
            observed=float(np.median(values)),
            interval=[low, high],
            confidence=1 - miss,
            verdict=outcome,
            needed=None if needed is None else max(needed, LEAST_SEEDS),
            note="; ".join(filter(None, ("median", self.note))),
        )
