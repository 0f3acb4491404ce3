"""Curves of a process against generations: a line for theory, points for simulation."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
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
    "median": {"linestyle": "-."},
}
"""Styles of lines by the kind of closed form, without which a dotted line joins the points; and of
medians."""

NAMES = {
    "exact": "closed form",
    "averaged": "closed form",
    "leading": "closed form for $T\\gg d$",
    "": "no closed form",
    "median": "median chain",
}


def draw_curve(
    ax: Axes, curve: Curve, *, mark: style.Mark | None = None, least: float = -np.inf
) -> None:
    """The closed form as a line and simulated means as points, where they are above `least`."""
    mark = mark or curve.mark
    line = curve.predicted if curve.kind else curve.mean
    seen = line > least
    look = {"color": mark.colour, "zorder": 2, "label": f"_{NAMES[curve.kind]}"}
    ax.plot(curve.generation[seen], line[seen], **look, **LINES[curve.kind])
    count = len(curve.generation)
    shown = np.unique(np.linspace(0, count - 1, min(count, MOST_POINTS)).round().astype(int))
    shown = shown[curve.mean[shown] > least]
    draw_points(ax, curve.generation[shown], curve.mean[shown], curve.half_width[shown], mark)


def draw_points(
    ax: Axes, x: ArrayLike, mean: ArrayLike, half_width: ArrayLike, mark: style.Mark
) -> None:
    """Simulated means with their intervals."""
    ax.errorbar(x, mean, half_width, zorder=3, **mark.points)


def key_of(panels: Sequence[Axes], *more: style.Handle) -> list[style.Handle]:
    """The key of points and of the kinds of lines that were drawn."""
    occurring = {str(line.get_label())[1:] for ax in panels for line in ax.lines}
    looks = {NAMES[kind]: LINES[kind] for kind in LINES if NAMES[kind] in occurring}
    lines = [Line2D([], [], color=style.NEUTRAL, label=k, **v) for k, v in looks.items()]
    return [style.key_point("simulated mean, 95 % interval"), *lines, *more]


def scale_generations(ax: Axes, last: int) -> None:
    """Whole generations from 1 on, at most about seven of them with a tick."""
    step = next(step for step in (1, 2, 5, 10, 20, 50, 100, 10**9) if last <= 7 * step)
    ax.set_xticks(range(1, last + 1, step) if step < 5 else [1, *range(step, last + 1, step)])
    margin = 0.025 * (last - 1)
    ax.set_xlim(1 - margin, last + margin)
