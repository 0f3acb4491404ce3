"""Figure of a run of experiments/curse_of_recursion.py, one panel for each family.

The figure that the experiment leaves in its run directory.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from collapse_sim.run_directory import RunDirectory
from paper_figs import picture_generations, style
from paper_figs.categorical_collapse import draw_types
from paper_figs.chains import families, measures, read_curves
from paper_figs.curves import key_of
from paper_figs.error_sources import draw_sources
from paper_figs.gaussian_collapse import draw_median
from paper_figs.mixture_collapse import draw_kl
from paper_figs.panels import draw_ends, new_panels
from paper_figs.recursion_runs import draw_means, finish, median_key, told_apart


@dataclass(frozen=True)
class Panel:
    """Means of one measure against their closed forms, generation by generation."""

    measure: str
    title: str
    """With {variant} where that of the first process shown stands."""
    regime: str = ""
    """The only one shown; all where none is named."""
    variant: str = ""
    """The only one shown; "first" stands for the first process's, all where none is named."""
    axis: Literal["linear", "log", "share"] = "linear"

    def __call__(self, ax: Axes, run: RunDirectory, family: str) -> list[style.End]:
        lines = read_curves(run, self.measure, family=family)
        variant = lines[0].variant if self.variant == "first" else self.variant
        lines = [
            line
            for line in lines
            if self.regime in ("", line.regime) and variant in ("", line.variant)
        ]
        draw_means(ax, lines)
        if self.axis == "log":
            ax.set_yscale("log")
        elif self.axis == "share":
            ax.set_ylim(0, 1)
        title = self.title.format(variant=lines[0].variant)
        finish(ax, lines, title[:1].upper() + title[1:])
        return told_apart(lines, run)


def default_panel(run: RunDirectory, family: str) -> Panel:
    """Panel of a family without one of its own: the measure with most closed forms."""

    def known(measure: str) -> int:
        curves = read_curves(run, measure, family=family)
        return sum(bool(np.isfinite(curve.predicted).any()) for curve in curves)

    measure = max(measures(run, family), key=known)
    return Panel(measure, f"{family}: {measure.replace('_', ' ')}")


PANELS: dict[str, Callable[[Axes, RunDirectory, str], list[style.End]]] = {
    "gaussian": draw_median,
    "categorical": draw_types,
    "mixture": draw_kl,
    "kde": draw_kl,
    "sources": draw_sources,
    "selection": Panel("collapsed", "A spiked family: share of chains collapsed", axis="share"),
    "forgetting": Panel("alive", "A rare word: share of chains that still know it", axis="share"),
    "contamination": Panel(
        "squared_distance",
        "Batches of {variant} words: squared error",
        variant="first",
        axis="log",
    ),
    "corpora": Panel("excess", "Human words kept: squared error added", regime="keep_human"),
    "regressions": Panel(
        "scaled_error",
        "{variant} regression: squared error, in those of one fit",
        variant="first",
    ),
    "ridge": Panel(
        "test_error",
        "Ridge fits to their own labels: test error",
        regime="replace",
        variant="ridge",
    ),
    "table": Panel("variance", "Columns of the table: mean share of their variance"),
    "vae": Panel("code_spread", "Pictures: spread of their codes", axis="log"),
    "estimates": Panel(
        "covered", "The usual 95 % interval: share that cover the truth", axis="share"
    ),
}
"""Panels of families whose default would not do."""


def draw(run: RunDirectory, width: float = style.PAGE) -> Figure:
    shown = families(run)
    if shown == ["vae"] and picture_generations.can_draw(run):
        return picture_generations.draw(run, width)
    with style.context():
        page = new_panels(len(shown), width=width)
        ends = [
            (PANELS.get(family) or default_panel(run, family))(ax, run, family)
            for ax, family in zip(page.axes, shown, strict=True)
        ]
        page.draw_key(key_of(page.axes, *([median_key()] if "gaussian" in shown else [])))
        draw_ends(page.axes, ends)
        style.settle(page.figure)
    return page.figure
