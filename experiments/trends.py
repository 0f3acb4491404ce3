"""Verdicts on measurements over seeds, for any law of a seed's value.

A verdict is about the median over seeds, of paired differences where arms are compared: all arms
of a run share seeds, initialisation and batch order. Nothing is assumed but that seeds are
independent of one another.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, NamedTuple

import numpy as np

from collapse_sim.certify import ANYWHERE, FAMILY_ERROR, Relation, Verdict, decide
from theory.claims import ledger

LARGEST_MISS = 0.05
"""Largest chance to miss at which an interval still decides."""

LEAST_SEEDS = 6
"""Fewest seeds that decide anything: the range of n seeds misses the median with a chance of
2^(1-n)."""

CONDITIONS = "one corpus, one split of it and one tokenizer"
"""Conditions of verdicts over seeds: all seeds of a run share these."""


@dataclass(frozen=True, eq=False)
class Trend:
    """Measurement over seeds: one number for each, and the claim on their median."""

    claim: str
    values: np.ndarray
    relation: Relation
    bound: float = 0.0
    parameters: Mapping[str, Any] = field(default_factory=dict)
    generation: int | None = None
    note: str = ""


class MedianInterval(NamedTuple):
    """An interval for a median, ends included, and the largest chance that it misses it."""

    low: float
    high: float
    miss: float


def median_interval(values: np.ndarray, error: float) -> MedianInterval:
    """Interval for a median, from the k-th smallest to the k-th largest of independent values.

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
    below = accumulate(math.comb(count, smaller) for smaller in range((count + 1) // 2))
    misses = [2 * ways / 2**count for ways in below]
    k = max(sum(miss <= error for miss in misses), 1)
    ordered = np.sort(values)
    return MedianInterval(float(ordered[k - 1]), float(ordered[-k]), misses[k - 1])


def judge(trends: Sequence[Trend], family_error: float = FAMILY_ERROR) -> list[Verdict]:
    """A verdict for every trend, at the level that its seeds can give.

    The chance that any is wrong is at most `family_error` where the seeds are enough for it, and
    else the sum of what the verdicts' `confidence` leaves: that of their intervals, of which a
    relation errs on one side only. Fewer than six seeds decide nothing.
    """
    error = family_error / max(len(trends), 1)
    verdicts = []
    for trend in trends:
        low, high, miss = median_interval(trend.values, error)
        bound = (trend.bound, trend.bound)
        outcome = decide(trend.relation, (low, high), bound, tolerance=0.0)
        record = ledger()[trend.claim]
        verdicts.append(
            Verdict(
                claim=record.id,
                source=record.source,
                parameters={**trend.parameters, "seeds": len(trend.values)},
                generation=trend.generation,
                relation=trend.relation,
                predicted=trend.bound,
                observed=float(np.median(trend.values)),
                interval=[low, high],
                confidence=1 - miss,
                verdict=outcome if miss <= LARGEST_MISS else "undecided",
                note=f"median over seeds: {trend.note}",
            )
        )
    return verdicts


def how_sure_over_seeds(verdicts: Sequence[Verdict], conditions: str = CONDITIONS) -> str:
    """Sentence on the chance of a wrong verdict and its conditions."""
    if not verdicts:
        return "No claim is about this run."
    seeds = min(verdict.parameters["seeds"] for verdict in verdicts)
    if seeds < LEAST_SEEDS:
        return (
            f"A smoke test: {seeds} seeds decide nothing, whatever they show. With {LEAST_SEEDS} "
            "or more the run gives verdicts."
        )
    misses = [1 - verdict.confidence for verdict in verdicts]
    undecided = sum(verdict.verdict == "undecided" for verdict in verdicts)
    return (
        f"Verdicts are about the median over {seeds} seeds: each is wrong with a chance of at most "
        f"{at_most(max(misses))}, any of the {len(verdicts)} with one of at most "
        f"{at_most(sum(misses))}, whatever the law of a seed's value. That holds for independent "
        f"seeds, and for {conditions}."
        + (f" {undecided} undecided: more seeds may decide." if undecided else "")
    )


def at_most(chance: float) -> str:
    """A chance in per cent, two digits, rounded up."""
    if not 0 < chance < 1:
        return f"{100 * min(chance, 1.0):g} %"
    unit = 10.0 ** (math.floor(math.log10(100 * chance)) - 1)
    return f"{math.ceil(100 * chance / unit - 1e-9) * unit:g} %"


def spread(values: np.ndarray) -> float:
    """Two standard errors of the mean over seeds."""
    return float(2 * values.std(ddof=1) / math.sqrt(len(values)))


def seed_range(values: np.ndarray) -> tuple[float, float]:
    """The smallest and the largest value: of n seeds they hold the median but for 2^(1-n)."""
    return float(values.min()), float(values.max())


def arm_of(verdict: Verdict) -> str:
    """Subject of a trend: its first parameter in words."""
    words = (value for value in verdict.parameters.values() if isinstance(value, str))
    return next(words, "").replace("_", " ")
