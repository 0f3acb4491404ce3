"""Verdicts on what is measured over seeds: Student intervals, of paired differences of arms.

All arms of a run share seeds, initialisation and batch order. The chance that any verdict of a run
is wrong is shared over its trends, as if the seeds' values were normal.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import stats

from collapse_sim.certify import FAMILY_ERROR, Relation, Verdict, decide
from theory.claims import ledger


@dataclass(frozen=True, eq=False)
class Trend:
    """One number for each seed, and what is claimed of its mean.

    With rows of them, (steps, seeds), what is claimed of every row's mean.
    """

    claim: str
    values: np.ndarray
    relation: Relation
    bound: float = 0.0
    parameters: Mapping[str, Any] = field(default_factory=dict)
    generation: int | None = None
    note: str = ""


def student_interval(values: np.ndarray, error: float) -> tuple[float, float]:
    """Two-sided interval for the mean of normal values, one for each seed."""
    count = len(values)
    if count < 2:
        return -np.inf, np.inf
    half = stats.t.isf(error / 2, count - 1) * values.std(ddof=1) / np.sqrt(count)
    return float(values.mean() - half), float(values.mean() + half)


def worst_interval(
    values: np.ndarray, relation: Relation, error: float
) -> tuple[float, tuple[float, float]]:
    """The row's mean that is nearest to breaking a bound, and an interval for it.

    Every row must keep the bound for the claim to hold, so that needs no correction for their
    number; that any one of them breaks it does.
    """
    rows = np.atleast_2d(values)
    error *= min(1.0, 2 / len(rows))
    lows, highs = np.array([student_interval(row, error) for row in rows]).T
    least = np.min if relation == ">=" else np.max
    return float(least(rows.mean(axis=1))), (float(least(lows)), float(least(highs)))


def judge(trends: Sequence[Trend], family_error: float = FAMILY_ERROR) -> list[Verdict]:
    """A verdict for every trend; the chance that any is wrong is at most `family_error`."""
    error = family_error / max(len(trends), 1)
    verdicts = []
    for trend in trends:
        observed, interval = worst_interval(trend.values, trend.relation, error)
        record = ledger()[trend.claim]
        verdicts.append(
            Verdict(
                claim=record.id,
                source=record.source,
                parameters={**trend.parameters, "seeds": trend.values.shape[-1]},
                generation=trend.generation,
                relation=trend.relation,
                predicted=trend.bound,
                observed=observed,
                interval=list(interval),
                confidence=1 - error,
                verdict=decide(trend.relation, interval, (trend.bound,) * 2, tolerance=0.0),
                note=trend.note,
            )
        )
    return verdicts
