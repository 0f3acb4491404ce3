"""Tokens by their probability under a model, beside the published histogram."""

import numpy as np
from matplotlib.axes import Axes

from paper_figs import style
from theory.language.printed import PROBABILITY_DECILES

WIDTH = 0.38


def draw_deciles(ax: Axes, mean: np.ndarray, reach: np.ndarray, *, colour: str, label: str) -> None:
    """Two bars for each tenth of [0, 1]: shares `mean`, with error bars `reach`, and published."""
    middle = np.arange(10) + 0.5
    ax.bar(
        middle - WIDTH / 2,
        mean,
        WIDTH,
        yerr=reach,
        color=colour,
        error_kw={"elinewidth": 0.8, "ecolor": style.NEUTRAL},
        label=label,
    )
    ax.bar(
        middle + WIDTH / 2,
        np.array(PROBABILITY_DECILES) / 100,
        WIDTH,
        color="white",
        edgecolor=style.NEUTRAL,
        linewidth=0.6,
        hatch="////",
        label="published",
    )
    ax.set_xticks(range(0, 11, 2), [f"{tick / 10:g}" for tick in range(0, 11, 2)])
    ax.set_xlim(0, 10)
    ax.set_ylim(bottom=0)
    style.percent_axis(ax.yaxis)
    ax.legend(loc="upper center")
