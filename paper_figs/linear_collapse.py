"""Test error against generation: full resampling, accumulation, and every token edit of a run.

Points are simulated means with 95 % normal intervals, lines are closed forms. Also the figure
that experiments/linear_bound.py leaves in its run directory.
"""

from typing import Any, NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from collapse_sim.run_directory import RunDirectory
from paper_figs import style
from paper_figs.curves import ROUNDING, draw_curve, key_of, scale_generations
from paper_figs.panels import new_panels
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


@style.context()
def draw(run: RunDirectory, width: float = style.PAGE) -> Figure:
    """Edits by the latest model, those by a frozen one, and everything else."""
    parameters, curves = run.config()["parameters"], read_errors(run)
    panels, bounds = _panels(curves), _bounds(parameters)
    labels = len(bounds) + max(len(members) for members in panels.values())
    page = new_panels(len(panels), width=width, labels=labels, height=2.3, sharey=True)
    for ax, (title, members) in zip(page.axes, panels.items(), strict=True):
        for curve in members:
            draw_curve(ax, curve, least=ROUNDING)
        scale_generations(ax, len(members[0].generation))
        ax.set_title(title)
        ax.set_xlabel("generation $n$ (1: fit on human data)")
        ax.set_ylabel(error_label(parameters))
        ax.tick_params(labelleft=True)
    style.log_inflation_axis(page.axes[0])
    ends = {}
    for ax, members in zip(page.axes, panels.values(), strict=True):
        own = bounds if any(curve.regime == "edit" for curve in members) else []
        _draw_bounds(ax, own)
        ends[ax] = _names(members, own, parameters)
    return page.finish(key_of(page.axes), design_name(run), ends)


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
    """Bounds on edits, in units of b. The corrected one is proved for Gaussian designs alone."""
    where: dict[str, Any] = {"dim": 1, "samples": 3}  # any size: the bound is a multiple of b
    published = theorem_2a_bound(**where) / base_error(**where)
    bounds = [Bound("published bound: $2b$", published, style.PUBLISHED)]
    if parameters["design"] == "gaussian":
        text, value = "corrected, disjoint edits: $(2e-1)b$", disjoint_inflation_bound()
        bounds.append(Bound(text, value, style.CORRECTED))
    return bounds


def _draw_bounds(ax: Axes, bounds: list[Bound]) -> None:
    """Draw the published bound, with the region it forbids, and the one proved in its place."""
    if bounds:
        published, *others = bounds
        for bound in others:
            ax.axhline(bound.value, **bound.look)
        style.draw_published(ax, published.value)


def _names(
    members: list[Curve], bounds: list[Bound], parameters: dict[str, Any]
) -> list[style.End]:
    names = [style.End(bound.text, bound.value, bound.look["color"]) for bound in bounds]
    return names + [
        curve.end(plain_name(curve, parameters)) for curve in members if curve.mean[-1] > ROUNDING
    ]
