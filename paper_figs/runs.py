"""The processes of a run of experiments/linear_bound.py, in units of b and in plain words."""

from pathlib import Path
from typing import Any

import numpy as np

from collapse_sim.run_directory import RunDirectory, RunError
from paper_figs.chains import WRITERS, Curve, read_curves

MEASURES = ("scale_averaged_error", "test_error")
"""Measures of equal mean; the first has no heavy tail and is read where a run has it."""

NUMBERS = (
    "no",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
)

RESAMPLING = {
    "replace": "full resampling",
    "accumulate": "accumulate",
    "halfway": "resampling $nT$ rows",
    "subsample": "accumulate, subsample",
    "mix_fresh": "mix with fresh labels",
    "mix_fixed": "mix with the first labels",
}


def read_errors(run: RunDirectory) -> list[Curve]:
    """Mean test error of every process of a run, in units of b."""
    found = read_curves(run, *MEASURES)
    if not found:
        raise RunError(f"{run.path}: chains.parquet holds no process")
    return [curve.in_units_of(run.config()["base_error"]) for curve in found]


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
        raise RunError(f"{run.path}: config.json does not tell the size of the design")
    return size


def _size(run: RunDirectory) -> tuple[int, int] | None:
    """Columns and rows; a run of an earlier version does not tell those of a given design."""
    config = run.config()
    told = config["parameters"] if config["parameters"]["design"] == "gaussian" else config
    return (told["dim"], told["samples"]) if "samples" in told else None


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
