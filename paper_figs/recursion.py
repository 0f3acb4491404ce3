"""Figure of a run of experiments/curse_of_recursion.py, one panel for each family.

The figure that the experiment leaves in its run directory.
"""

from collections.abc import Callable

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from collapse_sim.run_directory import RunDirectory
from paper_figs import style
from paper_figs.categorical_collapse import draw_types
from paper_figs.chains import families, read_curves
from paper_figs.error_sources import draw_sources
from paper_figs.gaussian_collapse import draw_variance
from paper_figs.mixture_collapse import draw_kl
from paper_figs.recursion_runs import (
    draw_key,
    draw_means,
    finish,
    mean_ends,
)

COLUMNS, HEIGHT = 2, 2.2


def _draw_share(
    ax: Axes, run: RunDirectory, family: str, measure: str, title: str
) -> list[style.End]:
    """A share of the chains on its closed form."""
    lines = read_curves(run, measure, family=family)
    draw_means(ax, lines)
    ax.set_ylim(0, 1)
    finish(ax, lines, title)
    return mean_ends(lines, run)


def _draw_contaminated(ax: Axes, run: RunDirectory) -> list[style.End]:
    """Two estimates from the same batches, mostly synthetic, on their closed forms."""
    lines = read_curves(run, "squared_distance", family="contamination")
    least = lines[0].variant
    lines = [line for line in lines if line.variant == least]
    draw_means(ax, lines)
    ax.set_yscale("log")
    finish(ax, lines, f"Batches of {least} words: squared error")
    return mean_ends(lines, run)


def _draw_excess(ax: Axes, run: RunDirectory) -> list[style.End]:
    """Human tokens kept beside few and many of a model's own: the error they add."""
    lines = read_curves(run, "excess", family="corpora")
    lines = [line for line in lines if line.regime == "keep_human"]
    draw_means(ax, lines)
    finish(ax, lines, "Human words kept: squared error added")
    colour = style.MARKS["keep_human"].colour
    return [style.End(line.variant, float(line.mean[-1]), colour) for line in lines]


def _draw_regressions(ax: Axes, run: RunDirectory) -> list[style.End]:
    """Errors of one regression on its own labels, on their closed forms."""
    lines = read_curves(run, "scaled_error", family="regressions")
    first = lines[0].variant
    lines = [line for line in lines if line.variant == first]
    draw_means(ax, lines)
    finish(ax, lines, f"{first.capitalize()} regression: squared error, in those of one fit")
    return mean_ends(lines, run)


def _draw_forgetful(ax: Axes, run: RunDirectory) -> list[style.End]:
    """The error of a chain of ridge fits, on its closed form."""
    lines = read_curves(run, "test_error", family="ridge")
    lines = [line for line in lines if (line.regime, line.variant) == ("replace", "ridge")]
    draw_means(ax, lines)
    finish(ax, lines, "Ridge fits to their own labels: test error")
    return mean_ends(lines, run)


PANELS: dict[str, Callable[[Axes, RunDirectory], list[style.End]]] = {
    "gaussian": draw_variance,
    "categorical": draw_types,
    "mixture": lambda ax, run: draw_kl(ax, run, "mixture"),
    "kde": lambda ax, run: draw_kl(ax, run, "kde"),
    "sources": draw_sources,
    "selection": lambda ax, run: _draw_share(
        ax, run, "selection", "collapsed", "A spiked family: share of chains collapsed"
    ),
    "forgetting": lambda ax, run: _draw_share(
        ax, run, "forgetting", "alive", "A rare word: share of chains that still know it"
    ),
    "contamination": _draw_contaminated,
    "corpora": _draw_excess,
    "regressions": _draw_regressions,
    "ridge": _draw_forgetful,
    "estimates": lambda ax, run: _draw_share(
        ax, run, "estimates", "covered", "The usual 95 % interval: share that cover the truth"
    ),
}


def draw(run: RunDirectory) -> Figure:
    shown = [family for family in PANELS if family in families(run)]
    columns = min(COLUMNS, len(shown))
    rows = -(-len(shown) // columns)
    with style.context():
        figure = style.new_figure(style.PAGE * (1 if columns == 2 else 0.6), 0.4 + HEIGHT * rows)
        axes = np.ravel(figure.subplots(rows, columns))
        ends = [PANELS[family](ax, run) for ax, family in zip(axes, shown, strict=False)]
        for ax in axes[len(shown) :]:
            ax.remove()
        draw_key(figure, medians="gaussian" in shown)
        for ax, names in zip(axes, ends, strict=False):
            style.label_ends(ax, names)
        style.settle(figure)
    return figure
