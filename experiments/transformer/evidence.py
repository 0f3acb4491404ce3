"""The trends that a run over generations speaks about, by seed."""

from collections.abc import Mapping

import numpy as np

from experiments.transformer.runner import Row
from experiments.transformer.settings import Settings
from experiments.trends import Trend


def measure_of(rows: list[Row]) -> str:
    """The test error: exact where the true law is known, on held-out text elsewhere."""
    return "kl" if "kl" in rows[0].values else "held_out_loss"


def losses(rows: list[Row], regime: str) -> np.ndarray:
    """Test error in nats per token, (generations, seeds)."""
    measure = measure_of(rows)
    return np.stack([row.values[measure] for row in rows if row.regime == regime])


def slopes(values: np.ndarray) -> np.ndarray:
    """Least-squares slope over generations, for each seed."""
    return np.polyfit(np.arange(len(values)), values, 1)[0]


def control_spread(rows: list[Row]) -> float | None:
    """Standard deviation of the control's loss over generations and seeds."""
    found = losses(rows, "human_only") if any(row.regime == "human_only" for row in rows) else None
    return None if found is None else float(found.std(ddof=1))


def gather(settings: Settings, rows: list[Row]) -> list[Trend]:
    """Every trend that this run speaks about."""
    present = list(dict.fromkeys(row.regime for row in rows))
    loss = {name: losses(rows, name) for name in present}
    trends = []

    def add(claim, regime, values, relation, bound, note):
        where: Mapping[str, str] = {"regime": regime}
        trends.append(Trend(claim, values, relation, bound, where, settings.generations, note))

    if "replace" in loss:
        slope = slopes(loss["replace"])
        note = "slope of the held-out loss, nats a generation"
        add("lm.replace_grows", "replace", slope, ">=", 0.0, note)
        for name in present:
            if name != "replace":
                last = loss["replace"][-1] - loss[name][-1]
                note = f"loss of full resampling minus that of {name}, last generation, nats"
                add("lm.replace_worst", name, last, ">=", 0.0, note)
    for name in present:
        if name.startswith("edit"):
            slope, note = slopes(loss[name]), "slope of the held-out loss, nats a generation"
            add("lm.edit_bounded", name, slope, "<=", settings.bounded_slope, note)
    return trends
