"""Synthetic text beside human text, panel by panel.

Top: perplexities under a judge, densities among human documents, importance weights. Middle: how
the mass of words and of pairs of words lies in hashed buckets, and maps of documents. Bottom: the
commonest pairs of words of each text. Also the figure that experiments/synthetic_fraction.py
--analyse leaves in its run directory, from analysis.json.
"""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import findfont
from matplotlib.ft2font import FT2Font
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullLocator

from collapse_sim.run_directory import RunDirectory
from paper_figs import style

FILE = "analysis.json"

HUMAN, SYNTHETIC = "#B8B8B8", style.BLUE
"""Colours of both texts: one is light and filled, one dark and drawn, so that they differ in
grey."""

LINES: tuple[dict[str, Any], ...] = (
    {"color": HUMAN, "linewidth": 2.4},
    {"color": SYNTHETIC, "linewidth": 1.1},
)
POINTS: tuple[dict[str, Any], ...] = (
    {"color": HUMAN, "linestyle": "none", "marker": "o", "markeredgewidth": 0},
    {"color": SYNTHETIC, "linestyle": "none", "marker": "x", "markeredgewidth": 0.6},
)

LEVEL: dict[str, Any] = {"color": style.NEUTRAL, "linewidth": 0.6, "linestyle": ":", "zorder": 0}

TOP = 16
"""Commonest pairs of words that are shown."""

LONGEST = 18
"""Most letters of a pair of words."""

PUBLISHED = (
    "Published (Zhu et al. 2025, figure 3): perplexities of human text from 1 to above 100, of "
    "synthetic text from 0 to 14."
)

TITLES = {"pca": "Documents: two principal components", "tsne": "Documents: t-SNE"}


def can_draw(run: RunDirectory) -> bool:
    return (run.path / FILE).is_file()


def read(run: RunDirectory) -> dict[str, Any]:
    """analysis.json; raises RunError where it cannot be read."""
    return run.read_json(FILE)


def draw(run: RunDirectory) -> Figure:
    """Draw the figure; a run without maps has no panels of them."""
    analysis = read(run)
    with style.context():
        figure = style.new_figure(style.PAGE, 7.2)
        rows = figure.add_gridspec(3, 1, height_ratios=(1, 1, 1.45))
        histograms = [figure.add_subplot(cell) for cell in rows[0].subgridspec(1, 3)]
        middle = rows[1].subgridspec(1, 1 + len(analysis["maps"]))
        curves, *maps = [figure.add_subplot(cell) for cell in middle]
        bigrams = [figure.add_subplot(cell) for cell in rows[2].subgridspec(1, 2)]
        _draw_histograms(histograms, analysis)
        _draw_curves(curves, analysis)
        for ax, (kind, places) in zip(maps, analysis["maps"].items(), strict=True):
            _draw_map(ax, TITLES[kind], np.array(places))
        for ax, name in zip(bigrams, ("human", "synthetic"), strict=True):
            _draw_bigrams(ax, name, analysis["bigrams"][name][:TOP])
        _draw_key(figure, analysis)
        style.settle(figure)
    return figure


def _draw_histograms(axes: list[Axes], analysis: dict[str, Any]) -> None:
    """Shares of documents; both axes of values that have ratios are logarithmic."""
    named = {
        "perplexity": ("Perplexity of documents", "perplexity under a judge"),
        "density": ("Density", "among human text, 1: no word shared"),
        "importance": ("Importance for human text", "log $p$(human) / $p$(synthetic), nats"),
    }
    for ax, (measure, (title, label)) in zip(axes, named.items(), strict=True):
        found = analysis[measure]
        human, synthetic = found["shares"]
        ax.stairs(human, found["edges"], fill=True, color=HUMAN)
        ax.stairs(synthetic, found["edges"], **LINES[1])
        ax.set_title(title)
        ax.set_xlabel(label)
        ax.set_ylim(bottom=0)
        style.percent_axis(ax.yaxis)
    for ax in axes[:2]:
        ax.set_xscale("log")
        low, high = ax.get_xlim()
        ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high / low < 100 else (1,)))
        _plain_numbers(ax)
        ax.xaxis.set_minor_locator(NullLocator())
    low, *_, high = analysis["perplexity"]["quantiles"][1]
    for ax, value in ((axes[0], low), (axes[0], high), (axes[2], 0)):
        ax.axvline(value, **LEVEL)


def _draw_curves(ax: Axes, analysis: dict[str, Any]) -> None:
    """Cumulative shares of the fullest buckets: words solid, pairs dashed."""
    for name, line in (("unigram", "-"), ("bigram", "--")):
        for values, look in zip(analysis["curves"][name], LINES, strict=True):
            ax.plot(analysis["ranks"], values, linestyle=line, **look)
    ax.set_xscale("log")
    ax.xaxis.set_minor_locator(NullLocator())
    ax.axvline(100, **LEVEL)
    ax.set_ylim(0, 1.02)
    style.percent_axis(ax.yaxis)
    ax.set_title("Share in the fullest buckets")
    ax.set_xlabel("buckets of 10 000 (words –, pairs - -)")


def _draw_map(ax: Axes, title: str, places: np.ndarray) -> None:
    """Places of human documents as discs, of synthetic ones as crosses."""
    for points, look in zip(places, POINTS, strict=True):
        ax.plot(*points.T, **look)
    ax.set_xticks([])
    ax.set_yticks([])
    ax.set_title(title)


def _draw_bigrams(ax: Axes, name: str, bigrams: list[dict[str, Any]]) -> None:
    """Draw the commonest pairs of words of one text, with their counts in both."""
    rows = np.arange(len(bigrams))
    own, other = ([bigram[key] for bigram in bigrams] for key in ("count", "other"))
    ax.hlines(rows, own, other, color=style.NEUTRAL, linewidth=0.5, zorder=2)
    counts = (own, other) if name == "human" else (other, own)
    for each, look in zip(counts, POINTS, strict=True):
        ax.plot(each, rows, clip_on=False, markersize=4, zorder=3, **look)
    labels = [shown(bigram["words"]) for bigram in bigrams]
    ax.set_yticks(rows, labels, parse_math=False)
    ax.set_ylim(len(bigrams) - 0.5, -0.5)
    ax.set_xlim(left=0)
    ax.xaxis.set_major_locator(MaxNLocator(5))
    _plain_numbers(ax)
    ax.set_title(f"Commonest in {name} text")
    ax.set_xlabel("how often a pair of words is in each text")


def _plain_numbers(ax: Axes) -> None:
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def shown(words: str) -> str:
    """Cut text to a number of letters; a letter that the font lacks becomes a box."""
    letters = FT2Font(findfont("STIXGeneral")).get_charmap()
    written = "".join(letter if ord(letter) in letters else "□" for letter in words)
    return written if len(written) <= LONGEST else written[: LONGEST - 1] + "…"


def _draw_key(figure: Figure, analysis: dict[str, Any]) -> None:
    """Draw the key: marks and sizes of both texts, and the shares in each range of perplexities."""
    handles = [
        Patch(color=HUMAN),
        Line2D([], [], marker="x", markeredgewidth=0.6, **LINES[1]),
    ]
    figure.legend(handles, ["human", "synthetic"], loc="outside upper left", ncols=2)
    size = f"{analysis['documents']} documents and {analysis['tokens']} tokens of each text"
    figure.legend(handles=[], title=size, loc="outside upper right")
    human_share, synthetic_share = (
        f"{100 * analysis['coverage'][name]['value']:.1f} %" for name in ("human", "synthetic")
    )
    covered = (
        f"{human_share} of the human documents lie between the dotted lines, the synthetic 1 and "
        f"99 % of perplexity; {synthetic_share} of the synthetic ones in the human range."
    )
    figure.supxlabel(f"{covered}\n{PUBLISHED}", fontsize=style.SMALL, color=style.NEUTRAL)
