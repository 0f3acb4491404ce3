"""Verdicts on trends: Student intervals over seeds, of paired differences where arms are compared.

All arms share seeds, initialisation and batch order. The chance that any verdict of a run is wrong
is shared over its trends, as if the seeds' values were normal.
"""

from dataclasses import dataclass

import numpy as np
from language_lab.runner import Row
from language_lab.settings import Settings
from scipy import stats

from collapse_sim.certify import FAMILY_ERROR, Verdict, decide
from theory.claims import ledger


def measure_of(rows: list[Row]) -> str:
    """The test error: exact where the true law is known, on held-out text elsewhere."""
    return "kl" if "kl" in rows[0].values else "held_out_loss"


@dataclass(frozen=True)
class Trend:
    """One number for each seed, and what is claimed of its mean."""

    claim: str
    regime: str
    values: np.ndarray
    bound: float
    relation: str
    note: str


def student_interval(values: np.ndarray, error: float) -> tuple[float, float]:
    """Two-sided interval for the mean of normal values, one for each seed."""
    count = len(values)
    if count < 2:
        return -np.inf, np.inf
    half = stats.t.isf(error / 2, count - 1) * values.std(ddof=1) / np.sqrt(count)
    return float(values.mean() - half), float(values.mean() + half)


def losses(rows: list[Row], regime: str) -> np.ndarray:
    """Test error in nats per token, (generations, seeds)."""
    measure = measure_of(rows)
    return np.stack([row.values[measure] for row in rows if row.regime == regime])


def slopes(values: np.ndarray) -> np.ndarray:
    """Least-squares slope over generations, for each seed."""
    return np.polyfit(np.arange(len(values)), values, 1)[0]


def control_spread(rows: list[Row]) -> float | None:
    """Standard deviation of the control's loss over generations and seeds."""
    found = losses(rows, "control") if any(row.regime == "control" for row in rows) else None
    return None if found is None else float(found.std(ddof=1))


def gather(settings: Settings, rows: list[Row]) -> list[Trend]:
    """Every trend that this run speaks about."""
    present = list(dict.fromkeys(row.regime for row in rows))
    loss = {name: losses(rows, name) for name in present}
    trends = []
    if "replace" in loss:
        slope = slopes(loss["replace"])
        note = "slope of the held-out loss, nats a generation"
        trends.append(Trend("lm.replace_grows", "replace", slope, 0.0, ">=", note))
        for name in present:
            if name != "replace":
                last = loss["replace"][-1] - loss[name][-1]
                note = f"loss of full resampling minus that of {name}, last generation, nats"
                trends.append(Trend("lm.replace_worst", name, last, 0.0, ">=", note))
    for name in present:
        if name.startswith("edit"):
            slope, note = slopes(loss[name]), "slope of the held-out loss, nats a generation"
            trends.append(Trend("lm.edit_bounded", name, slope, settings.bounded_slope, "<=", note))
    return trends


def judge(settings: Settings, rows: list[Row], family_error: float = FAMILY_ERROR) -> list[Verdict]:
    """A verdict for every trend; the chance that any is wrong is at most `family_error`."""
    trends = gather(settings, rows)
    error = family_error / max(len(trends), 1)
    verdicts = []
    for trend in trends:
        interval = student_interval(trend.values, error)
        bound = (trend.bound, trend.bound)
        claim = ledger()[trend.claim]
        verdicts.append(
            Verdict(
                claim=claim.id,
                source=claim.source,
                parameters={"regime": trend.regime, "seeds": settings.seeds},
                generation=settings.generations,
                relation=trend.relation,  # type: ignore[arg-type]
                predicted=trend.bound,
                observed=float(trend.values.mean()),
                interval=list(interval),
                confidence=1 - error,
                verdict=decide(trend.relation, interval, bound, tolerance=0.0),  # type: ignore[arg-type]
                note=trend.note,
            )
        )
    return verdicts
