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

NORMAL_SEEDS = "for seeds that vary as a normal law does"
"""What the chance of a wrong verdict rests on."""


@dataclass(frozen=True, eq=False)
class Trend:
    """One number for each seed, and what is claimed of its mean."""

    claim: str
    values: np.ndarray
    relation: Relation
    bound: float = 0.0
    parameters: Mapping[str, Any] = field(default_factory=dict)
    generation: int | None = None
    note: str = ""


def student_interval(values: np.ndarray, error: float) -> tuple[float, float]:
    """Two-sided interval for the mean of normal values, one for each seed.

    A single value and equal values say nothing of their spread: (-inf, inf).
    """
    count = len(values)
    if count < 2 or values.min() == values.max():
        return -np.inf, np.inf
    half = stats.t.isf(error / 2, count - 1) * values.std(ddof=1) / np.sqrt(count)
    return float(values.mean() - half), float(values.mean() + half)


def judge(trends: Sequence[Trend], family_error: float = FAMILY_ERROR) -> list[Verdict]:
    """A verdict for every trend; the chance that any is wrong is at most `family_error`."""
    error = family_error / max(len(trends), 1)
    verdicts = []
    for trend in trends:
        interval = student_interval(trend.values, error)
        record = ledger()[trend.claim]
        verdicts.append(
            Verdict(
                claim=record.id,
                source=record.source,
                parameters={**trend.parameters, "seeds": len(trend.values)},
                generation=trend.generation,
                relation=trend.relation,
                predicted=trend.bound,
                observed=float(trend.values.mean()),
                interval=list(interval),
                confidence=1 - error,
                verdict=decide(trend.relation, interval, (trend.bound, trend.bound), tolerance=0.0),
                note=trend.note,
            )
        )
    return verdicts


def arm_of(verdict: Verdict) -> str:
    """What a trend was measured on: its first parameter in words."""
    words = (value for value in verdict.parameters.values() if isinstance(value, str))
    return next(words, "").replace("_", " ")
