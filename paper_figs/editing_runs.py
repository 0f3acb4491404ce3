"""A run of experiments/token_editing.py as figures read it: means, ranges, and its name."""

from typing import NamedTuple

import numpy as np

from collapse_sim.run_directory import RunDirectory
from paper_figs import style

HERE = style.MARKS["edit confident"]
ANCHORED = style.MARKS["edit confident anchored"]
TEMPERED = style.Mark(style.ORANGE, "o")


class Points(NamedTuple):
    """Means over seeds, and how far the smallest and largest seed lie below and above."""

    mean: np.ndarray
    reach: np.ndarray


def read(run: RunDirectory, arm: str, measures: list[str]) -> Points:
    """Measures of one arm."""
    columns = run.chains()
    mine = columns["arm"] == arm
    rows = [int(np.flatnonzero(mine & (columns["measure"] == name))[0]) for name in measures]
    mean, low, high = (columns[name][rows] for name in ("mean", "low", "high"))
    return Points(mean, np.stack([mean - low, high - mean]))


def passes(run: RunDirectory) -> list[int]:
    measures = run.chains()["measure"]
    return sorted({int(m.partition("/")[2]) for m in measures if m.startswith("changed/")})


def run_name(run: RunDirectory) -> str:
    """Seeds, the prior and the rule."""
    parameters = run.config()["parameters"]
    return (
        f"{parameters['seeds']} seeds, prior of {parameters['prior_size'].upper()} parameters, "
        f"edits where P ≥ {parameters['edit_above']:g}"
    )
