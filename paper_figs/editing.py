"""Figure of a run of experiments/token_editing.py: probabilities, passes, and models of the text.

Bars reach from the smallest seed to the largest. Of a pretrained prior a panel shows contexts that
move, and bars of what is no model are 95 % intervals over documents. The figure that the study
leaves in its run directory.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from collapse_sim.run_directory import RunDirectory
from paper_figs import style
from paper_figs.chains import Curve, read_curves
from paper_figs.edited_share import draw_shares
from paper_figs.editing_runs import HERE, TEMPERED, is_pretrained, run_name
from paper_figs.moved_contexts import draw_moved
from paper_figs.token_probabilities import draw_deciles

SUFFIX = " - unedited"

LINEAR = 0.01
"""Nats per token to which the axis of differences is linear, and logarithmic beyond."""


def draw(run: RunDirectory) -> Figure:
    rows = 3 if is_pretrained(run) and read_differences(run) else 2
    with style.context():
        figure = style.new_figure(style.PAGE, 2.25 * rows)
        panels = list(np.ravel(figure.subplots(rows, 2)))
        draw_deciles(panels[0], run)
        names = [
            draw_shares(panels[1], run, "eligible"),
            draw_shares(panels[3], run, "changed"),
        ]
        if is_pretrained(run):
            draw_moved(panels[2], run)
        if rows == 3 or not is_pretrained(run):
            draw_differences(panels[4 if rows == 3 else 2], run)
        for spare in panels[5:]:
            spare.remove()
        figure.legend(handles=[], title=run_name(run), loc="outside upper right")
        for ax, ends in zip((panels[1], panels[3]), names, strict=True):
            style.label_ends(ax, ends)
        style.settle(figure)
    return figure


def draw_differences(ax: Axes, run: RunDirectory) -> None:
    """Edited minus unedited by stage and measure; below zero editing helps. None, no panel."""
    found = read_differences(run)
    if not found:
        ax.remove()
        return
    for place, (_, curve) in enumerate(found):
        mark = HERE if curve.regime == "edited" + SUFFIX else TEMPERED
        ax.errorbar(
            curve.mean,
            [place],
            xerr=curve.reach,
            color=mark.colour,
            marker=mark.marker,
            linestyle="none",
            elinewidth=0.8,
            markeredgewidth=0,
        )
    # Other rules cost a hundred times more than the main one.
    ax.set_xscale("symlog", linthresh=LINEAR)
    ax.axvline(0, color=style.NEUTRAL, linewidth=0.6, zorder=1)
    ax.set_yticks(range(len(found)), [_name(*pair) for pair in found], linespacing=0.95)
    ax.set_ylim(len(found) - 0.5, -0.5)
    ax.set_title("Edited minus unedited: below 0 it helps")
    ax.set_xlabel(f"nats per token, linear to ±{LINEAR}")


def read_differences(run: RunDirectory) -> list[tuple[str, Curve]]:
    """Measures of every difference between arms, by stage."""
    measures = dict.fromkeys(map(str, run.chains()["measure"]))
    found = [(measure, curve) for measure in measures for curve in read_curves(run, measure)]
    differences = [pair for pair in found if pair[1].regime.endswith(SUFFIX)]
    stages = list(dict.fromkeys(curve.family for _, curve in differences))
    return sorted(differences, key=lambda pair: stages.index(pair[1].family))


def _name(measure: str, curve: Curve) -> str:
    arm = curve.regime.removesuffix(SUFFIX)
    return f"{curve.family}{'' if arm == 'edited' else f', {arm}'}:\n{measure}"
