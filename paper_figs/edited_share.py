"""The share of tokens that each pass of editing touches, and how many of them change.

Chained passes edit the text of the pass before, anchored ones the human text again, under one
frozen prior; beside them the published decay (Zhu et al. 2025, table 15). Bars reach from the
smallest seed to the largest, or are 95 % intervals over documents. Needs a run of
experiments/token_editing.py.
"""

from functools import partial

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from collapse_sim.run_directory import RunDirectory
from paper_figs import style
from paper_figs.curves import draw_points
from paper_figs.editing_runs import ANCHORED, HERE, TEMPERED, key_point, reach, read_arm, run_name
from paper_figs.panels import new_panels
from theory.language.printed import EDITED_SHARE

ARMS = {
    "chained": ("chained", HERE),
    "anchored": ("anchored", ANCHORED),
    "chained beta 1.5": ("chained, $\\beta = 1.5$", TEMPERED),
}
"""Names and looks by arm."""

TITLES = {"eligible": "Tokens to be edited", "changed": "Tokens that change"}

ASIDE = 0.06
"""Passes between the points of two arms."""


@style.context()
def draw(run: RunDirectory, width: float = style.PAGE) -> Figure:
    page = new_panels(2, width=width)
    ends = page.draw([partial(draw_shares, run=run, measure=name) for name in TITLES])
    return page.finish([key_point(run)], run_name(run), ends)


def draw_shares(ax: Axes, run: RunDirectory, measure: str) -> list[style.End]:
    """Shares of all tokens over passes: `eligible`, of a probability to be edited, or `changed`."""
    numbers, ends = [], []
    for place, (arm, (name, mark)) in enumerate(ARMS.items()):
        found = read_arm(run, arm, measure)
        numbers = found.generation.tolist()
        x = [number + ASIDE * (place - 1) for number in numbers]
        ax.plot(x, found.mean, color=mark.colour, linewidth=0.9, zorder=2)
        draw_points(ax, x, found.mean, reach(run, found), mark)
        ends.append(style.End(name, float(found.mean[-1]), mark.colour, x[-1]))
    if measure == "eligible":
        shares = [share / 100 for share in EDITED_SHARE]
        ax.plot(range(1, len(shares) + 1), shares, **style.PUBLISHED)
        name, colour = "published, P ≥ 0.99", style.PUBLISHED["color"]
        ends.append(style.End(name, shares[-1], colour, len(shares)))
    ax.set_xticks(numbers)
    ax.set_xlim(numbers[0] - 0.2, numbers[-1] + 0.2)
    ax.set_ylim(bottom=0)
    ax.set_xlabel("pass")
    ax.set_title(TITLES[measure])
    style.percent_axis(ax.yaxis)
    return ends
