"""Panels of edits, one a mask: the true law, the simulation and the printed Theorem 1.

Points are simulated means with 95 % normal intervals. The dotted black line is the published
Theorem 1, 1 + the share of rows edited so far, which is exact only for added noise.
"""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from collapse_sim.run_directory import RunDirectory
from paper_figs import style
from paper_figs.chains import Curve
from paper_figs.curves import draw_curve, key_of, scale_generations
from paper_figs.panels import new_panels
from paper_figs.runs import design_name, design_size, error_label, plain_name, read_errors
from theory.editing.corrected import additive_inflation

COLUMNS = 4

BOUND = 2.0

PRINTED = {"color": style.BLACK, "linestyle": ":", "linewidth": 0.9, "zorder": 2.5}

ABOVE, BELOW = style.ink(style.RED), style.ink(style.SKY)


def can_draw(run: RunDirectory) -> bool:
    return bool(_edits(run))


@style.context()
def draw(run: RunDirectory, width: float = style.PAGE) -> Figure:
    """Draw one panel for each edit of the run, all on the same scale."""
    parameters, curves, size = run.config()["parameters"], _edits(run), design_size(run)
    page = new_panels(
        len(curves), width=width, height=1.35, across=COLUMNS, sharex=True, sharey=True
    )
    for ax, curve in zip(page.axes, curves, strict=True):
        _draw_panel(ax, curve, parameters, size)
    style.log_inflation_axis(page.axes[0])
    for ax in page.axes:
        style.draw_published(ax, BOUND)
    page.figure.supxlabel("generation $n$ (1: fit on human data)", fontsize=8)
    page.figure.supylabel(error_label(parameters), fontsize=8)
    more = [Line2D([], [], label="published bound", **style.PUBLISHED)]
    if _has_printed(parameters):
        more.append(Line2D([], [], label="published Theorem 1", **PRINTED))
    return page.finish(key_of(page.axes, *more), design_name(run))


def _edits(run: RunDirectory) -> list[Curve]:
    return [curve for curve in read_errors(run) if curve.regime == "edit"]


def _has_printed(parameters: dict[str, Any]) -> bool:
    """Given X, Theorem 1 depends on the leverages of the edited rows, which a run does not hold."""
    return parameters["design"] == "gaussian"


def _draw_panel(ax: Axes, curve: Curve, parameters: dict[str, Any], size: tuple[int, int]) -> None:
    last = len(curve.generation)
    draw_curve(ax, curve)
    if _has_printed(parameters):
        printed = [additive_inflation(fractions=curve.edited[1:n]) for n in curve.generation]
        ax.plot(curve.generation, printed, **PRINTED)
    scale_generations(ax, last)
    frozen = ", frozen" if curve.variant == "frozen" and not curve.looks_at_labels else ""
    ax.set_title(plain_name(curve, parameters) + frozen, fontsize=7, pad=11)
    ax.text(
        0,
        1.04,
        _note(curve, size),
        transform=ax.transAxes,
        fontsize=style.SMALL,
        color=ABOVE if curve.mean[-1] > BOUND else BELOW,
    )


def _note(curve: Curve, size: tuple[int, int]) -> str:
    """Note on the end of the simulation, beside the published bound, and on the limit by theory."""
    low, high = curve.mean[-1] + np.array([-1, 1]) * curve.half_width[-1]
    sign = ">" if low > BOUND else "<" if high < BOUND else "\\approx"
    inflation = f"$v_{{{len(curve.generation)}}}={curve.mean[-1]:.2f}{sign}2$"
    return f"{inflation}, {_fate(curve, *size)}"


def _fate(curve: Curve, dim: int, samples: int) -> str:
    """Fate of the mean error as edits go on: docs/theory.md, Theorems B to E and the last
    sections."""
    rate = float(curve.edited[1:].mean())
    never_edited = round(samples * (1 - rate))
    endless = {
        "edit random": rate > 0,
        "edit random additive": rate > 0,
        "edit random anchored": rate == 1,
        "edit fixed": never_edited < dim + 2,
    }
    if curve.mask == "free":
        return "finite? unproved"
    return "grows without end" if endless.get(curve.name, False) else "stays finite"
