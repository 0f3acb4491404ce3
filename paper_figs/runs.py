"""The processes of a run of experiments/linear_bound.py, in units of b and in plain words."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from collapse_sim.run_directory import RunDirectory, RunError
from paper_figs.style import MARKS, OWN_MASKS, Mark

NORMAL_95 = 1.959964
"""Half-width of a 95 % interval in standard errors."""

MEASURES = ("scale_averaged_error", "test_error")
"""Measures of equal mean; the first has no heavy tail and is read where a run has it."""

RESIDUAL_MASKS = ("confident", "nested", "free")

NUMBERS = (
    "no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve",
)  # fmt: skip

WRITERS = ("frozen", "external")
"""Names of the writers of edits other than the latest model."""

RESAMPLING = {
    "replace": "full resampling",
    "accumulate": "accumulate",
    "halfway": "resampling $nT$ rows",
    "subsample": "accumulate, subsample",
    "mix_fresh": "mix with fresh labels",
    "mix_fixed": "mix with the first labels",
}


@dataclass(frozen=True, eq=False)
class Curve:
    """Mean test error of one process, generation by generation, in units of b."""

    regime: str
    mask: str
    variant: str
    generation: np.ndarray
    mean: np.ndarray
    half_width: np.ndarray
    """Half width of the normal 95 % interval."""
    edited: np.ndarray
    """Share of rows edited just before this generation's fit."""
    predicted: np.ndarray
    """The closed form, nan where there is none."""
    kind: str
    """Kind of closed form: exact, averaged (over designs), leading (order in d/T), or empty."""

    @property
    def name(self) -> str:
        """Name of the process, as in the verdicts."""
        variant = "" if self.variant == "chained" else self.variant
        return " ".join(part for part in (self.regime, self.mask, variant) if part)

    @property
    def mark(self) -> Mark:
        """Mark of the masks, for every writer; an external model has diamonds."""
        if self.variant not in WRITERS:
            return MARKS.get(self.name, OWN_MASKS)
        mark = MARKS.get(f"{self.regime} {self.mask}", OWN_MASKS)
        return mark._replace(marker="D") if self.variant == "external" else mark

    @property
    def looks_at_labels(self) -> bool:
        """True if the masks are chosen by residuals."""
        return self.mask in RESIDUAL_MASKS


def read_curves(run: RunDirectory) -> list[Curve]:
    """Read every process of a run, in the run's order."""
    base, columns = run.config()["base_error"], run.chains()
    keys = list(zip(*(columns[name] for name in ("regime", "mask", "variant")), strict=True))
    found = []
    for key in dict.fromkeys(keys):
        mine = np.array([other == key for other in keys])
        measure = next(name for name in MEASURES if name in columns["measure"][mine])
        mine &= columns["measure"] == measure
        mean, error, predicted = (
            columns[name][mine] / base for name in ("mean", "standard_error", "predicted")
        )
        found.append(
            Curve(
                *map(str, key),
                generation=columns["generation"][mine],
                mean=mean,
                half_width=NORMAL_95 * error,
                edited=columns["edited_fraction"][mine],
                predicted=predicted,
                kind=str(columns["predicted_kind"][mine][0]),
            )
        )
    if not found:
        raise RunError(f"{run.path}: chains.parquet holds no process")
    return found


def plain_name(curve: Curve, parameters: dict[str, Any]) -> str:
    """Name of a process in words; `parameters` stand in the run's config."""
    if curve.regime != "edit":
        stem, _, kind = curve.regime.partition("_")
        if stem == "mix":
            return RESAMPLING[curve.regime]
        return RESAMPLING[stem] + (", fresh design" if kind == "fresh" else "")
    shares = curve.edited[curve.edited > 0]
    blocks, mean = len(shares), float(shares.mean()) if len(shares) else 0.0
    once, again = parameters["once_residual_threshold"], parameters["residual_threshold"]
    half = abs(mean - 0.5) < 1e-3
    share = "half" if half else _percent(mean)
    names = {
        "one": f"one edit of {share}{'' if half else ' of'} the rows",
        "halves": "two halves" if half else f"two blocks of {share}",
        "disjoint": _blocks(blocks, float(shares.sum())),
        "fixed": f"the same {share} each time",
        "random": f"random {_percent(mean)} each time",
        "random anchored": f"random {_percent(mean)}, rest human",
        "random additive": f"random {_percent(mean)}, noise added",
        "geometric": f"random {_list(shares)}",
        "confident": f"confident rows ({_within(once)}), once",
        "nested": f"confident rows ({_within(again)}), nested",
        "free": f"confident rows ({_within(again)}), free",
    }
    own = f"masks of {Path(curve.mask).name}"
    if curve.variant in WRITERS:
        external = ", by another" if curve.variant == "external" else ""
        looks = ", frozen" if curve.looks_at_labels else ""
        return names.get(curve.mask, own) + external + looks
    return names.get(curve.name.removeprefix("edit "), own)


def design_name(run: RunDirectory) -> str:
    """Name of the design, with its size and b."""
    design, size = run.config()["parameters"]["design"], _size(run)
    words = [] if design == "gaussian" else [Path(design).name]
    if size is not None:
        words += [f"$d={size[0]}$", f"$T={size[1]}$"]
    return ", ".join([*words, f"$b=\\sigma^2d/{'(T-d-1)' if design == 'gaussian' else 'T'}$"])


def design_size(run: RunDirectory) -> tuple[int, int]:
    """Columns and rows."""
    size = _size(run)
    if size is None:
        raise RunError(f"{run.path}: verdicts.json does not tell the size of the design")
    return size


def _size(run: RunDirectory) -> tuple[int, int] | None:
    """Columns and rows; for a given design they are read from the verdicts, if there are any."""
    parameters = run.config()["parameters"]
    if parameters["design"] != "gaussian":
        claims = [verdict["parameters"] for verdict in run.verdicts()]
        parameters = next((p for p in claims if isinstance(p.get("samples"), int)), None)
    return None if parameters is None else (parameters["dim"], parameters["samples"])


def error_label(parameters: dict[str, Any]) -> str:
    """Label of the y axis."""
    if parameters["labels"] is not None:
        return "squared distance from the first fit / $b$"
    return "inflation $v_n$ = test error / $b$"


def _percent(share: float) -> str:
    return f"{100 * share:.2g} %"


def _within(threshold: float) -> str:
    """Residuals of at most so many standard deviations of the noise."""
    return f"≤ {'' if threshold == 1 else format(threshold, 'g')}σ"


def _blocks(blocks: int, total: float) -> str:
    number = NUMBERS[blocks] if blocks < len(NUMBERS) else str(blocks)
    plural = "" if blocks == 1 else "s"
    each = "" if abs(total - 1) < 1e-3 or not blocks else f" of {_percent(total / blocks)}"
    return f"{number} disjoint block{plural}{each}"


def _list(shares: np.ndarray) -> str:
    first = ", ".join(f"{100 * share:.2g}" for share in shares[:3])
    return f"{first}{', ...' if len(shares) > 3 else ''} %"
