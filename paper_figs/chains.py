"""The processes of a run, as every experiment leaves them in chains.parquet."""

from dataclasses import dataclass, replace

import numpy as np
from jaxtyping import Float, Int

from collapse_sim.run_directory import CHAIN_COLUMNS, RunDirectory, RunError
from paper_figs.style import End, Mark, mark_of

NORMAL_95 = 1.959964
"""Half-width of a 95 % interval in standard errors."""

WRITERS = ("frozen", "external")
"""Who writes the edits, where it is not the latest model."""

RESIDUAL_MASKS = ("confident", "nested", "free")

NAMES = ("family", "regime", "mask", "variant")
"""Columns that tell the processes of a run apart."""

Values = Float[np.ndarray, " generations"]


@dataclass(frozen=True, eq=False)
class Curve:
    """One measure of one process, generation by generation."""

    family: str
    regime: str
    mask: str
    variant: str
    generation: Int[np.ndarray, " generations"]
    mean: Values
    error: Values
    """Standard error of the mean."""
    median: Values
    low: Values
    high: Values
    """The range of the replicates, or the interval that the process has of its own."""
    edited: Values
    """Share of the data edited just before this generation's fit."""
    predicted: Values
    """The closed form of the mean, nan where there is none."""
    kind: str
    """How it is known: exact, averaged (over designs), leading (order in d/T), or empty."""

    @property
    def half_width(self) -> Values:
        """Half-width of the normal 95 % interval of the mean."""
        return NORMAL_95 * self.error

    @property
    def reach(self) -> Float[np.ndarray, "2 generations"]:
        """Distances from the mean down to `low` and up to `high`."""
        return np.stack([self.mean - self.low, self.high - self.mean])

    @property
    def name(self) -> str:
        """Name as in the verdicts."""
        variant = "" if self.variant == "chained" else self.variant
        return " ".join(part for part in (self.regime, self.mask, variant) if part)

    @property
    def mark(self) -> Mark:
        """Mark of the regime or the masks, whoever writes; an external model has diamonds."""
        whole = f"{self.regime} {self.mask}" if self.mask else self.regime
        mark = mark_of(self.name, whole, *([] if whole.startswith("edit ") else [self.regime]))
        return mark._replace(marker="D") if self.variant == "external" else mark

    def end(self, text: str, x: float | None = None) -> End:
        """Name of its line of means, where that ends."""
        return End(text, float(self.mean[-1]), self.mark.colour, x)

    @property
    def looks_at_labels(self) -> bool:
        """Tell whether its masks are chosen by residuals."""
        return self.mask in RESIDUAL_MASKS

    def in_units_of(self, unit: float) -> "Curve":
        """The same of a measure that is so many units."""
        names = ("mean", "error", "median", "low", "high", "predicted")
        return replace(self, **{name: getattr(self, name) / unit for name in names})


def read_curves(run: RunDirectory, *measures: str, family: str | None = None) -> list[Curve]:
    """The first of the measures that a process has, of every process that has one.

    Of a family or of all, in the run's order.
    """
    columns = _columns(run)
    keys = list(zip(*(columns[name] for name in NAMES), strict=True))
    found = []
    for key in dict.fromkeys(keys):
        own = np.array([other == key for other in keys])
        rows = [own & (columns["measure"] == measure) for measure in measures]
        chosen = next((row for row in rows if row.any()), None)
        if chosen is not None and family in (None, key[0]):
            found.append(
                Curve(
                    *map(str, key),
                    generation=columns["generation"][chosen],
                    mean=columns["mean"][chosen],
                    error=columns["standard_error"][chosen],
                    median=columns["q50"][chosen],
                    low=columns["low"][chosen],
                    high=columns["high"][chosen],
                    edited=columns["edited_fraction"][chosen],
                    predicted=columns["predicted"][chosen],
                    kind=_kind(columns["predicted_kind"][chosen], columns["predicted"][chosen]),
                )
            )
    return found


def _kind(kinds: np.ndarray, predicted: np.ndarray) -> str:
    """Kind of the closed form; empty unless it is known at every generation."""
    return str(kinds[0]) if np.isfinite(predicted).all() else ""


def families(run: RunDirectory) -> list[str]:
    """Names of the families, in the run's order."""
    return list(dict.fromkeys(map(str, _columns(run)["family"])))


def measures(run: RunDirectory, family: str) -> list[str]:
    """Names of the measures of a family's processes, in the run's order."""
    columns = _columns(run)
    return list(dict.fromkeys(map(str, columns["measure"][columns["family"] == family])))


def _columns(run: RunDirectory) -> dict[str, np.ndarray]:
    columns = run.chains()
    missing = [name for name in CHAIN_COLUMNS if name not in columns]
    if missing:
        raise RunError(
            f"{run.path}: chains.parquet lacks {', '.join(missing)}, as in an earlier version: "
            "accepted are runs of this one"
        )
    return columns
