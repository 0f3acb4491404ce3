"""Probabilities of human tokens under a prior that never saw them: a U-shape.

Deciles of P(token), beside those printed for a prior thousands of times larger (Zhu et al. 2025,
figure 5). Needs a run of experiments/token_editing.py.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from collapse_sim.run_directory import RunDirectory
from paper_figs import style
from paper_figs.editing_runs import HERE, read_arm, run_name
from theory.language.printed import PROBABILITY_DECILES

WIDTH = 0.38
"""Width of a bar, in deciles."""


def draw(run: RunDirectory) -> Figure:
    with style.context():
        figure = style.new_figure(style.PAGE * 0.55, 2.3)
        draw_deciles(figure.subplots(), run)
        figure.legend(handles=[], title=run_name(run), loc="outside upper right")
        style.settle(figure)
    return figure


def draw_deciles(ax: Axes, run: RunDirectory) -> None:
    """Two bars for each tenth of [0, 1]."""
    found = [read_arm(run, "human", f"probability/{decile}") for decile in range(10)]
    mean = np.concatenate([curve.mean for curve in found])
    reach = np.concatenate([curve.reach for curve in found], axis=1)
    middle = np.arange(10) + 0.5
    ax.bar(
        middle - WIDTH / 2,
        mean,
        WIDTH,
        yerr=reach,
        color=HERE.colour,
        error_kw={"elinewidth": 0.8, "ecolor": style.NEUTRAL},
        label="here, range of the seeds",
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
    ax.set_title("Tokens of human text")
    ax.set_xlabel("probability under the prior")
    ax.legend(loc="upper center")
