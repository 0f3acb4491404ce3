"""A Gaussian fitted to its own draws: its variance by mean and median, and its tails.

Left: the mean variance of full resampling stays at 1 although almost every chain loses it. Right:
what the median model leaves of the tails. Needs a run with the gaussian family.
"""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from collapse_sim.run_directory import RunDirectory
from paper_figs import style
from paper_figs.chains import Curve, families, read_curves
from paper_figs.recursion_runs import (
    draw_key,
    draw_means,
    draw_medians,
    finish,
    mark_of,
    plain_name,
)

TAIL = 0.0026998
"""The truth's chance of a point beyond 3 standard deviations."""


def can_draw(run: RunDirectory) -> bool:
    return "gaussian" in families(run)


def draw(run: RunDirectory) -> Figure:
    with style.context():
        figure = style.new_figure(style.PAGE, 2.7)
        axes = figure.subplots(1, 2)
        ends = [draw_variance(axes[0], run), _draw_tails(axes[1], run)]
        draw_key(figure, medians=True)
        for ax, names in zip(axes, ends, strict=True):
            style.label_ends(ax, names)
        style.settle(figure)
    return figure


def draw_variance(ax: Axes, run: RunDirectory, family: str = "gaussian") -> list[style.End]:
    """Means with their closed forms, medians dashed."""
    lines = _plain(read_curves(run, "variance", family=family))
    draw_means(ax, lines)
    draw_medians(ax, lines)
    style.log_inflation_axis(ax)
    finish(ax, lines, "Gaussian: variance of the fit")
    return [
        style.End(plain_name(line, run), float(line.median[-1]), mark_of(line).colour)
        for line in lines
    ]


def _draw_tails(ax: Axes, run: RunDirectory) -> list[style.End]:
    lines = _plain(read_curves(run, "tail_mass", family="gaussian"))
    draw_medians(ax, lines)
    ax.axhline(TAIL, **style.PUBLISHED)
    ax.set_yscale("log")
    finish(ax, lines, "Chance of a point beyond 3 s.d., median model")
    names = [style.End("truth", TAIL, style.PUBLISHED["color"])]
    return names + [
        style.End(
            plain_name(line, run),
            max(float(line.median[-1]), ax.get_ylim()[0]),
            mark_of(line).colour,
        )
        for line in lines
    ]


def _plain(lines: list[Curve]) -> list[Curve]:
    """One dimension, unbiased variance: the processes without a variant."""
    return [line for line in lines if not line.variant]
