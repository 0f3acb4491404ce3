"""Models of several sizes on the same text: what synthetic text costs each of them.

Left: the test error over generations of full resampling, a line for each size. Middle: its slope.
Right: what one round costs where a share of the text is human. Costs are medians over seeds, their
bars reach from the smallest seed to the largest, and a line is fitted to them. Also the figure that
`collapse-sim transformer --sizes` leaves in its run directory.
"""

from collections.abc import Sequence
from itertools import cycle
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from collapse_sim.run_directory import RunDirectory
from paper_figs import style
from paper_figs.chains import Curve, read_curves
from paper_figs.curves import draw_points, scale_generations
from paper_figs.language_runs import first_text, is_oracle, run_name
from paper_figs.panels import new_panels

COSTS = {
    "replace": ("lm.replace_grows", "lm.size_slope", "Slope, nats a generation"),
    "keep_human": ("zhu2025.fraction", "dohmatob2025.size", "One round, {share:.3g} % human, nats"),
}
"""By the regime: the claims on its cost at one size and along all of them, and a title."""

TRENDS = {"holds": "rises", "violated": "falls"}
"""What a cost does with the size, by the verdict on the claim that it rises."""

LINES = ("-", "--", "-.", ":")
"""Of the sizes, one after the other."""

Verdicts = Sequence[dict[str, Any]]


def can_draw(run: RunDirectory) -> bool:
    """A run of several sizes with full resampling."""
    return bool(run.config()["parameters"].get("sizes")) and bool(_errors(run))


@style.context()
def draw(run: RunDirectory, width: float = style.PAGE) -> Figure:
    """Panels of costs that no claim of the run is about are left out."""
    curves, verdicts = _errors(run), run.verdicts()
    costs = [regime for regime in COSTS if _along(verdicts, regime)]
    page = new_panels(1 + len(costs), width=width, labels=len(curves), across=3)
    left, *others = page.axes
    ends = {left: _draw_errors(left, curves, run)}
    for ax, regime in zip(others, costs, strict=True):
        ends[ax] = _draw_cost(ax, verdicts, regime, run)
    key = [style.key_point("left: mean ± 2 standard errors; else median, all seeds")]
    return page.finish(key, run_name(run), ends)


def _errors(run: RunDirectory) -> list[Curve]:
    """The test error of full resampling at every size."""
    measure = "kl" if is_oracle(run) else "held_out_loss"
    return [curve for curve in read_curves(run, measure) if curve.regime == "replace"]


def _draw_errors(ax: Axes, curves: Sequence[Curve], run: RunDirectory) -> list[style.End]:
    for curve, line in zip(curves, cycle(LINES), strict=False):
        ax.plot(curve.generation, curve.mean, line, color=curve.mark.colour, linewidth=0.9)
        draw_points(ax, curve.generation, curve.mean, 2 * curve.error, curve.mark)
    scale_generations(ax, int(curves[0].generation[-1]))
    ax.set_title("KL divergence, nats" if is_oracle(run) else "Held-out loss, nats per token")
    ax.set_xlabel(f"generation (1: {first_text(run)})")
    return [curve.end(curve.family.upper(), curve.generation[-1]) for curve in curves]


def _draw_cost(ax: Axes, verdicts: Verdicts, regime: str, run: RunDirectory) -> list[style.End]:
    """The cost at every size, and the line that the claim along the sizes is about."""
    (along,), mark = _along(verdicts, regime), style.MARKS[regime]
    parameters = np.array(along["parameters"]["parameters"])
    sizes = [_at(verdicts, regime, size) for size in along["parameters"]["sizes"]]
    median = np.array([verdict["observed"] for verdict in sizes])
    low, high = np.array([verdict["interval"] for verdict in sizes]).T
    line = np.polyval(np.polyfit(np.log10(parameters), median, 1), np.log10(parameters))
    ax.plot(parameters, line, color=mark.colour, linewidth=0.9)
    draw_points(ax, parameters, median, np.stack([median - low, high - median]), mark)
    ax.set_xscale("log")
    ax.set_xticks(parameters)
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value / 1e6:.2g}M"))
    if low.min() > 0:
        ax.set_ylim(bottom=0)
    ax.set_title(COSTS[regime][2].format(share=100 * run.config()["parameters"]["human_share"]))
    ax.set_xlabel("parameters")
    trend = TRENDS.get(along["verdict"], "cannot be told")
    return [style.End(trend, line[-1], mark.colour, parameters[-1])]


def _along(verdicts: Verdicts, regime: str) -> list[dict[str, Any]]:
    return [verdict for verdict in verdicts if verdict["claim"] == COSTS[regime][1]]


def _at(verdicts: Verdicts, regime: str, size: str) -> dict[str, Any]:
    (found,) = [
        verdict
        for verdict in verdicts
        if verdict["claim"] == COSTS[regime][0] and verdict["parameters"]["family"] == size
    ]
    return found
