"""Figure of a run of experiments/token_editing.py: probabilities, passes, and models of the text.

Bars reach from the smallest seed to the largest. The figure that the study leaves in its run
directory.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from collapse_sim.run_directory import RunDirectory
from paper_figs import style
from paper_figs.edited_share import draw_shares
from paper_figs.editing_runs import HERE, TEMPERED, run_name
from paper_figs.token_probabilities import draw_deciles

SUFFIX = " - unedited"

LINEAR = 0.01
"""Nats per token to which the axis of differences is linear, and logarithmic beyond."""


def draw(run: RunDirectory) -> Figure:
    with style.context():
        figure = style.new_figure(style.PAGE, 4.5)
        panels = list(np.ravel(figure.subplots(2, 2)))
        draw_deciles(panels[0], run)
        names = [
            draw_shares(panels[1], run, "eligible"),
            draw_shares(panels[3], run, "changed"),
        ]
        draw_differences(panels[2], run)
        figure.legend(handles=[], title=run_name(run), loc="outside upper right")
        for ax, ends in zip(panels[1::2], names, strict=True):
            style.label_ends(ax, ends)
        style.settle(figure)
    return figure


def draw_differences(ax: Axes, run: RunDirectory) -> None:
    """Edited minus unedited by stage and measure; below zero editing helps. None, no panel."""
    columns = run.chains()
    rows = [row for row, arm in enumerate(columns["arm"]) if arm.endswith(SUFFIX)]
    if not rows:
        ax.remove()
        return
    for place, row in enumerate(rows):
        mean, low, high = (columns[name][row] for name in ("mean", "low", "high"))
        main = columns["arm"][row].split()[1] == "edited"
        mark = HERE if main else TEMPERED
        ax.errorbar(
            mean,
            place,
            xerr=[[mean - low], [high - mean]],
            color=mark.colour,
            marker=mark.marker,
            linestyle="none",
            elinewidth=0.8,
            markeredgewidth=0,
        )
    # Other rules cost a hundred times more than the main one.
    ax.set_xscale("symlog", linthresh=LINEAR)
    ax.axvline(0, color=style.NEUTRAL, linewidth=0.6, zorder=1)
    ax.set_yticks(range(len(rows)), [_name(columns, row) for row in rows], linespacing=0.95)
    ax.set_ylim(len(rows) - 0.5, -0.5)
    ax.set_title("Edited minus unedited: below 0 it helps")
    ax.set_xlabel(f"nats per token, linear to ±{LINEAR}")


def _name(columns: dict[str, np.ndarray], row: int) -> str:
    stage, arm = columns["arm"][row].removesuffix(SUFFIX).split()
    rule = "" if arm == "edited" else f", {arm}"
    return f"{stage}{rule}:\n{columns['measure'][row]}"
