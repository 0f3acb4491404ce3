"""Tokens that leave or enter the eligible set because an edit before them moved their context.

Needs a run of `collapse-sim editing` with a pretrained prior. Bars are 95 % intervals over
documents.
"""

import numpy as np
from matplotlib.axes import Axes

from collapse_sim.run_directory import RunDirectory
from paper_figs import style
from paper_figs.chains import Curve, read_curves
from paper_figs.editing_runs import HERE

ARM = "moved, "
MEASURES = {
    "left": ("left, measured", HERE),
    "left_least": ("no fewer: law of falls", style.Mark(style.BLACK, "s")),
    "left_most": ("no more: law of surprises", style.Mark(style.GREY, "d")),
    "entered": ("entered, measured", HERE._replace(marker="^")),
}
ASIDE = 0.16
"""Between the points of two measures."""


def draw_moved(ax: Axes, run: RunDirectory) -> None:
    """Draw the moves for each changed token: measured, by the law, and to leading order."""
    arms: list[str] = []
    for place, (measure, (label, mark)) in enumerate(MEASURES.items()):
        found = read_moved(run, measure)
        arms = [curve.regime.removeprefix(ARM) for curve in found]
        values = np.array([curve.mean[0] for curve in found])
        reach = np.concatenate([curve.reach[:, :1] for curve in found], axis=1)
        ax.errorbar(
            values,
            np.arange(len(found)) + ASIDE * (place - 1.5),
            xerr=reach,
            label=label,
            **mark.points,
        )
    ax.set_yticks(range(len(arms)), [arm.replace(" beta", "\nbeta") for arm in arms])
    ax.set_ylim(len(arms) - 0.5, -0.5)
    ax.set_xlim(left=0)
    ax.set_title("Contexts that move")
    ax.set_xlabel("tokens for each changed token")
    ax.legend(loc="lower right")


def read_moved(run: RunDirectory, measure: str) -> list[Curve]:
    """One measure of every chained arm that changed something."""
    changed = {c.regime for c in read_curves(run, "changed") if c.mean[0] > 0}
    curves = read_curves(run, measure)
    return [c for c in curves if c.regime.startswith(ARM) and c.regime in changed]
