"""Curves of a process against generations: a line for theory, points for simulation."""

from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from paper_figs import style
from paper_figs.chains import Curve

MOST_POINTS = 16
"""Most points of a line: more would run into one another. They are spread over the generations."""

ROUNDING = 1e-6
"""Largest error that is rounding alone: a log axis cannot show the first fit's distance from
itself."""

LINES = {
    "exact": {"linestyle": "-"},
    "averaged": {"linestyle": "-"},
    "leading": {"linestyle": "--"},
    "": {"linestyle": ":", "linewidth": 0.7},
}
"""Styles of lines by the kind of closed form; without one, a dotted line joins the points."""

NAMES = {
    "exact": "closed form",
    "averaged": "closed form",
    "leading": "closed form for $T\\gg d$",
    "": "no closed form",
}


def draw_curve(ax: Axes, curve: Curve) -> None:
    """The closed form as a line and simulated means as points."""
    line = curve.predicted if curve.kind else curve.mean
    seen = line > ROUNDING
    ax.plot(
        curve.generation[seen], line[seen], color=curve.mark.colour, zorder=2, **LINES[curve.kind]
    )
    count = len(curve.generation)
    shown = np.unique(np.linspace(0, count - 1, min(count, MOST_POINTS)).round().astype(int))
    shown = shown[curve.mean[shown] > ROUNDING]
    draw_points(ax, curve.generation[shown], curve.mean[shown], curve.half_width[shown], curve.mark)


def draw_points(
    ax: Axes, x: ArrayLike, mean: ArrayLike, half_width: ArrayLike, mark: style.Mark
) -> None:
    """Simulated means with their intervals."""
    ax.errorbar(
        x,
        mean,
        half_width,
        color=mark.colour,
        marker=mark.marker,
        linestyle="none",
        elinewidth=0.8,
        markeredgewidth=0,
        zorder=3,
    )


def draw_key(
    figure: Figure, curves: Sequence[Curve], title: str = "", more: Sequence[Artist] = ()
) -> None:
    """Draw the key of points and of the lines that occur; the design stands on the right."""
    points = style.key_point(figure.axes[0], "simulated mean, 95 % interval")
    occurring = {curve.kind for curve in curves}
    looks = {NAMES[kind]: LINES[kind] for kind in LINES if kind in occurring}
    lines = [Line2D([], [], color=style.NEUTRAL, label=k, **v) for k, v in looks.items()]
    handles = [points, *lines, *more]
    figure.legend(
        handles=handles,
        loc="outside upper left",
        ncols=4 if len(handles) < 5 else 3,
        columnspacing=1.5,
    )
    if title:
        figure.legend(handles=[], title=title, loc="outside upper right")


def scale_generations(ax: Axes, last: int) -> None:
    """Whole generations from 1 on, at most about seven of them with a tick."""
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100, 10**9) if last <= 7 * step)
    ax.set_xticks(range(1, last + 1, step) if step < 5 else [1, *range(step, last + 1, step)])
    margin = 0.025 * (last - 1)
    ax.set_xlim(1 - margin, last + margin)
