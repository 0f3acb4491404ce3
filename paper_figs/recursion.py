"""Figures of a run of experiments/curse_of_recursion.py, made of panels on its families.

`draw` makes the one that the experiment leaves in its run directory: a panel for each family.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from collapse_sim.run_directory import RunDirectory
from paper_figs import picture_generations, style
from paper_figs.chains import families, measures, read_curves
from paper_figs.curves import draw_curve
from paper_figs.recursion_runs import (
    FIRST,
    DrawFamily,
    FamilyFigure,
    Panel,
    draw_means,
    draw_medians,
    finish,
    mean_ends,
    plain_name,
)

TAIL = 0.0026998
"""The truth's chance of a point beyond 3 standard deviations."""

SOURCES = {
    "none": ("none: 3,000 points", "X"),
    "few points": ("statistical: 100 points", "^"),
    "one Gaussian": ("functional: one Gaussian", "s"),
    "few EM steps": ("functional: one EM step", "o"),
    "float16 sums": ("computational: float16 sums", "v"),
    "all": ("all of them", "D"),
}
"""Names and markers of sources of error; the colour is that of full resampling."""


def log(ax: Axes) -> None:
    ax.set_yscale("log")


def share(ax: Axes) -> None:
    ax.set_ylim(0, 1)


def draw_median(ax: Axes, run: RunDirectory, family: str) -> list[style.End]:
    """The median variance of every regime and, beside it, the mean of full resampling."""
    lines = read_curves(run, "variance", family=family)
    lines = [line for line in lines if not line.variant]  # in one dimension, unbiased
    resampling = [line for line in lines if line.regime == "replace"]
    draw_medians(ax, lines)
    draw_means(ax, resampling)
    style.log_inflation_axis(ax)
    finish(ax, lines, "Gaussian: variance of the median fit")
    means = [end._replace(text=f"mean of {end.text}") for end in mean_ends(resampling, run)]
    return means + [
        line.end(plain_name(line, run))._replace(value=float(line.median[-1])) for line in lines
    ]


def draw_tails(ax: Axes, run: RunDirectory, family: str) -> list[style.End]:
    """What the median model leaves of the tails."""
    lines = read_curves(run, "tail_mass", family=family)
    lines = [line for line in lines if not line.variant]
    draw_medians(ax, lines)
    ax.axhline(TAIL, **style.LEVEL)
    ax.set_yscale("log")
    ax.yaxis.set_minor_locator(NullLocator())
    finish(ax, lines, "Chance of a point beyond 3 s.d., median fit")
    least = ax.get_ylim()[0]
    return [style.End("truth", TAIL, style.LEVEL["color"])] + [
        line.end(plain_name(line, run))._replace(value=max(float(line.median[-1]), least))
        for line in lines
    ]


def draw_sources(ax: Axes, run: RunDirectory, family: str) -> list[style.End]:
    """Divergence of a mixture by full resampling, one line for each source of error."""
    lines = read_curves(run, "kl", family=family)
    for line in lines:
        draw_curve(ax, line, mark=line.mark._replace(marker=SOURCES[line.variant][1]))
    style.log_inflation_axis(ax)
    finish(ax, lines, "Sources of error: KL, nats")
    return [line.end(SOURCES[line.variant][0]) for line in lines]


TYPES = Panel(
    "surviving_types", "Words: types left", variant="words", scale=style.log_inflation_axis
)
KL = {
    family: Panel("kl", f"{model}: KL, nats", variant="", scale=style.log_inflation_axis)
    for family, model in (("mixture", "Mixture of two, by EM"), ("kde", "Kernel density"))
}
PANELS: dict[str, DrawFamily] = {
    "gaussian": draw_median,
    "categorical": TYPES,
    **KL,
    "sources": draw_sources,
    "selection": Panel("collapsed", "A spiked family: share of chains collapsed", scale=share),
    "forgetting": Panel("alive", "A rare word: share of chains that still know it", scale=share),
    "contamination": Panel(
        "squared_distance", "Batches of {variant} words: squared error", variant=FIRST, scale=log
    ),
    "corpora": Panel("excess", "Human words kept: squared error added", regime="keep_human"),
    "regressions": Panel(
        "scaled_error",
        "{variant} regression: squared error, in those of one fit",
        variant=FIRST,
    ),
    "ridge": Panel(
        "test_error",
        "Ridge fits to their own labels: test error",
        regime="replace",
        variant="ridge",
    ),
    "table": Panel("variance", "Columns of the table: mean share of their variance"),
    "vae": Panel("code_spread", "Pictures: spread of their codes", scale=log),
    "estimates": Panel(
        "covered", "The usual 95 % interval: share that cover the truth", scale=share
    ),
}
"""Panels of families whose default would not do."""

FIGURES = {
    # The mean variance of full resampling stays at 1 although almost every chain loses it.
    "gaussian_collapse": FamilyFigure(
        [
            ("gaussian", Panel("variance", "Mean variance of the fit", variant="")),
            ("gaussian", draw_median),
            ("gaussian", draw_tails),
        ]
    ),
    # Words counted and drawn again and again: which survive, how varied a small language stays.
    "categorical_collapse": FamilyFigure(
        [
            ("categorical", TYPES),
            (
                "categorical",
                Panel(
                    "heterozygosity",
                    "Four types, 40 tokens: chance that two differ",
                    variant="four types",
                ),
            ),
        ]
    ),
    # Divergence of the truth to a mixture by EM and to a kernel density, under every regime.
    "mixture_collapse": FamilyFigure(list(KL.items())),
    # Few points, a family or an optimiser that is too weak, sums in half precision: one by one.
    "error_sources": FamilyFigure([("sources", draw_sources)]),
}
"""Figures of single families, for a paper."""


def default_panel(run: RunDirectory, family: str) -> Panel:
    """Panel of a family without one of its own: the measure with most closed forms."""

    def known(measure: str) -> int:
        curves = read_curves(run, measure, family=family)
        return sum(bool(np.isfinite(curve.predicted).any()) for curve in curves)

    measure = max(measures(run, family), key=known)
    return Panel(measure, f"{family}: {measure.replace('_', ' ')}")


def draw(run: RunDirectory, width: float = style.PAGE) -> Figure:
    """A panel for each family; pictures of an autoencoder where it is alone."""
    shown = families(run)
    if shown == ["vae"] and picture_generations.can_draw(run):
        return picture_generations.draw(run, width)
    panels = [(family, PANELS.get(family) or default_panel(run, family)) for family in shown]
    return FamilyFigure(panels).draw(run, width)
