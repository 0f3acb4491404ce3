"""Test error against generation: full resampling, accumulation, and every token edit of a run.

Points are simulated means with 95 % normal intervals, lines are closed forms. Also the figure
that experiments/linear_bound.py leaves in its run directory.
"""

from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from collapse_sim.run_directory import RunDirectory
from paper_figs import style
from paper_figs.curves import ROUNDING, draw_curve, draw_key, scale_generations
from paper_figs.runs import (
    WRITERS,
    Curve,
    design_name,
    error_label,
    plain_name,
    read_errors,
)
from theory.editing.corrected import disjoint_inflation_bound
from theory.editing.published import theorem_2a_bound
from theory.linear.wishart import base_error


class Bound(NamedTuple):
    """Bound on the inflation at every generation, proved or merely published."""

    text: str
    value: float
    look: dict[str, Any]


def draw(run: RunDirectory) -> Figure:
    """Edits by the latest model beside those by a frozen one, and everything else on the right."""
    parameters, curves = run.config()["parameters"], read_errors(run)
    panels, bounds = _panels(curves), _bounds(parameters)
    labels = len(bounds) + max(len(members) for members in panels.values())
    with style.context():
        width = style.PAGE * (0.6, 1, 1.4)[len(panels) - 1]
        figure = style.new_figure(width, max(2.9, 0.9 + 0.14 * labels))
        axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
        for ax, (title, members) in zip(axes, panels.items(), strict=True):
            for curve in members:
                draw_curve(ax, curve)
            for bound in _that_apply(bounds, members):
                ax.axhline(bound.value, **bound.look)
            scale_generations(ax, len(members[0].generation))
            ax.set_title(title)
            ax.set_xlabel("generation $n$ (1: fit on human data)")
        axes[0].set_ylabel(error_label(parameters))
        style.log_inflation_axis(axes[0])
        draw_key(figure, curves, design_name(run))
        for ax, members in zip(axes, panels.values(), strict=True):
            _label(ax, members, _that_apply(bounds, members), parameters)
        style.settle(figure)
    return figure


def _panels(curves: list[Curve]) -> dict[str, list[Curve]]:
    """Processes by panel: one panel for each writer; full resampling is in all panels of edits."""
    blind = [c for c in curves if c.variant == "chained" and not c.looks_at_labels]
    frozen = [c for c in curves if c.variant in WRITERS and not c.looks_at_labels]
    others = [curve for curve in curves if curve not in blind and curve not in frozen]
    resampling = [curve for curve in curves if curve.regime == "replace"]
    if (blind or frozen) and others == resampling:
        others = []
    panels = {
        "Edits by the latest model": resampling + blind if blind else [],
        "Edits by one frozen model": resampling + frozen if frozen else [],
        "Masks that look at the labels, and the rest": others,
    }
    return {title: members for title, members in panels.items() if members}


def _bounds(parameters: dict[str, Any]) -> list[Bound]:
    """Bounds in units of b. The corrected one is proved for Gaussian designs alone."""
    where: dict[str, Any] = {"dim": 1, "samples": 3}  # any size: the bound is a multiple of b
    published = theorem_2a_bound(**where) / base_error(**where)
    bounds = [Bound("published bound: $2b$", published, style.PUBLISHED)]
    if parameters["design"] == "gaussian":
        text, value = "corrected, disjoint edits: $(2e-1)b$", disjoint_inflation_bound()
        bounds.append(Bound(text, value, style.CORRECTED))
    return bounds


def _that_apply(bounds: list[Bound], members: list[Curve]) -> list[Bound]:
    """Select the bounds of a panel: they are about edits alone."""
    return bounds if any(curve.regime == "edit" for curve in members) else []


def _label(ax: Axes, members: list[Curve], bounds: list[Bound], parameters: dict[str, Any]) -> None:
    names = [style.End(bound.text, bound.value, bound.look["color"]) for bound in bounds]
    names += [
        style.End(plain_name(curve, parameters), float(curve.mean[-1]), curve.mark.colour)
        for curve in members
        if curve.mean[-1] > ROUNDING
    ]
    style.label_ends(ax, names)
