"""Differences between two processes, replicate by replicate: points with their intervals.

Intervals of two means may overlap where every pair of replicates agrees on which is larger: a
verdict on pairs is drawn as the difference that it is about.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes

from paper_figs import style

FAR = 8.0
"""Differences so many times the median one stand at the edge, as numbers."""


class Difference(NamedTuple):
    """First less second process, with its interval."""

    name: str
    value: float
    low: float
    high: float
    mark: style.Mark


def draw_differences(ax: Axes, found: Sequence[Difference], title: str, unit: str) -> None:
    """One row for each difference, from above; a line stands at 0."""
    sizes = np.abs([(each.low, each.high) for each in found]).max(axis=1)
    limit = FAR * float(np.median(sizes))
    for place, each in enumerate(found):
        if sizes[place] > limit:
            words = f"{each.low:+.2g} to {each.high:+.2g}"
            words = f"{words} →" if each.value > 0 else f"← {words}"
            x, side = (1, "right") if each.value > 0 else (0, "left")
            where = ax.get_yaxis_transform()
            look = {"fontsize": style.SMALL, "color": style.ink(each.mark.colour)}
            ax.text(x, place, words, ha=side, va="center", transform=where, **look)
            continue
        ax.errorbar(
            [each.value],
            [place],
            xerr=[[each.value - each.low], [each.high - each.value]],
            **each.mark.points,
        )
    ax.axvline(0, color=style.NEUTRAL, linewidth=0.6, zorder=1)
    ax.set_yticks(range(len(found)), [each.name for each in found], linespacing=0.95)
    ax.set_ylim(len(found) - 0.5, -0.5)
    ax.locator_params(axis="x", nbins=5)
    ax.set_title(title)
    ax.set_xlabel(unit)
