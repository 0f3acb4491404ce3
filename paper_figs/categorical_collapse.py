"""Words counted and drawn again and again: which survive, and how varied a small language stays.

Left: types left of a text's words; points on the closed form of full resampling. Right: the chance
that two tokens differ, in a language of four types. Needs a run with the categorical family.
"""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from collapse_sim.run_directory import RunDirectory
from paper_figs import style
from paper_figs.chains import families, read_curves
from paper_figs.curves import key_of
from paper_figs.panels import draw_ends, new_panels
from paper_figs.recursion_runs import draw_means, finish, mean_ends


def can_draw(run: RunDirectory) -> bool:
    return "categorical" in families(run)


def draw(run: RunDirectory, width: float = style.PAGE) -> Figure:
    with style.context():
        page = new_panels(2, width=width)
        ends = [draw_types(page.axes[0], run), _draw_variety(page.axes[1], run)]
        page.draw_key(key_of(page.axes))
        draw_ends(page.axes, ends)
        style.settle(page.figure)
    return page.figure


def draw_types(ax: Axes, run: RunDirectory, family: str = "categorical") -> list[style.End]:
    """Types of the words that are left."""
    lines = [
        line
        for line in read_curves(run, "surviving_types", family=family)
        if line.variant == "words"
    ]
    draw_means(ax, lines)
    style.log_inflation_axis(ax)
    finish(ax, lines, "Words: types left")
    return mean_ends(lines, run)


def _draw_variety(ax: Axes, run: RunDirectory) -> list[style.End]:
    lines = [
        line
        for line in read_curves(run, "heterozygosity", family="categorical")
        if line.variant == "four types"
    ]
    draw_means(ax, lines)
    finish(ax, lines, "Four types, 40 tokens: chance that two differ")
    return mean_ends(lines, run)
