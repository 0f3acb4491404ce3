"""A Gaussian fitted to its own draws: its variance by mean and median, and its tails.

The mean variance of full resampling stays at 1 although almost every chain loses it, as the median
shows. Last: what the median model leaves of the tails. Needs a run with the gaussian family.
"""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from collapse_sim.run_directory import RunDirectory
from paper_figs import style
from paper_figs.chains import Curve, families, read_curves
from paper_figs.curves import key_of
from paper_figs.panels import draw_ends, new_panels
from paper_figs.recursion_runs import (
    draw_means,
    draw_medians,
    finish,
    mean_ends,
    median_key,
    plain_name,
)

TAIL = 0.0026998
"""The truth's chance of a point beyond 3 standard deviations."""


def can_draw(run: RunDirectory) -> bool:
    return "gaussian" in families(run)


def draw(run: RunDirectory, width: float = style.PAGE) -> Figure:
    with style.context():
        page = new_panels(3, width=width)
        mean, median, tails = page.axes
        ends = [_draw_mean(mean, run), draw_median(median, run), _draw_tails(tails, run)]
        page.draw_key(key_of(page.axes, median_key()))
        draw_ends(page.axes, ends)
        style.settle(page.figure)
    return page.figure


def _draw_mean(ax: Axes, run: RunDirectory) -> list[style.End]:
    lines = _plain(read_curves(run, "variance", family="gaussian"))
    draw_means(ax, lines)
    finish(ax, lines, "Mean variance of the fit")
    return mean_ends(lines, run)


def draw_median(ax: Axes, run: RunDirectory, family: str = "gaussian") -> list[style.End]:
    """The median chain of every regime and, beside it, the mean of full resampling."""
    lines = _plain(read_curves(run, "variance", family=family))
    resampling = [line for line in lines if line.regime == "replace"]
    draw_medians(ax, lines)
    draw_means(ax, resampling)
    style.log_inflation_axis(ax)
    finish(ax, lines, "Gaussian: variance of the median fit")
    means = [end._replace(text=f"mean of {end.text}") for end in mean_ends(resampling, run)]
    return means + [
        style.End(plain_name(line, run), float(line.median[-1]), line.mark.colour) for line in lines
    ]


def _draw_tails(ax: Axes, run: RunDirectory) -> list[style.End]:
    lines = _plain(read_curves(run, "tail_mass", family="gaussian"))
    draw_medians(ax, lines)
    ax.axhline(TAIL, **style.LEVEL)
    ax.set_yscale("log")
    ax.yaxis.set_minor_locator(NullLocator())
    finish(ax, lines, "Chance of a point beyond 3 s.d., median fit")
    names = [style.End("truth", TAIL, style.LEVEL["color"])]
    return names + [
        style.End(
            plain_name(line, run),
            max(float(line.median[-1]), ax.get_ylim()[0]),
            line.mark.colour,
        )
        for line in lines
    ]


def _plain(lines: list[Curve]) -> list[Curve]:
    """One dimension, unbiased variance: the processes without a variant."""
    return [line for line in lines if not line.variant]
