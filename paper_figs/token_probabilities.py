"""Probabilities of human tokens under a prior that never saw them: a U-shape.

Deciles of P(token), beside those printed for a prior thousands of times larger (Zhu et al. 2025,
figure 5). Needs a run of experiments/token_editing.py.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from collapse_sim.run_directory import RunDirectory
from paper_figs import deciles, style
from paper_figs.editing_runs import HERE, is_pretrained, reach, read_arm, run_name
from paper_figs.panels import new_panels


@style.context()
def draw(run: RunDirectory, width: float = style.PAGE) -> Figure:
    page = new_panels(1, width=width)
    draw_deciles(page.axes[0], run)
    return page.finish([], run_name(run))


def draw_deciles(ax: Axes, run: RunDirectory) -> None:
    """Two bars for each tenth of [0, 1]."""
    found = [read_arm(run, "human", f"probability/{decile}") for decile in range(10)]
    mean = np.concatenate([curve.mean for curve in found])
    bars = np.concatenate([reach(run, curve) for curve in found], axis=1)
    label = "here, 95 % of documents" if is_pretrained(run) else "here, range of the seeds"
    deciles.draw_deciles(ax, mean, bars, colour=HERE.colour, label=label)
    ax.set_title("Tokens of human text")
    ax.set_xlabel("probability under the prior")
