"""Differences of synthetic text from human text: one panel for each.

Perplexities under a judge lack the long tail; importance weights tell the two texts apart; the mass
of words and of pairs lies in other hashed buckets; some pairs of words are far commoner than they
were. Densities among human documents and maps, which analysis.json has too, differ little and are
not drawn. Also the figure that experiments/synthetic_fraction.py --analyse leaves in its run
directory.
"""

import textwrap
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
from paper_figs.panels import LETTERS, new_panels

FILE = "analysis.json"

HUMAN, SYNTHETIC = "#B8B8B8", style.BLACK
"""Colours of both texts: one is light and filled, one dark and drawn."""

LINES: tuple[dict[str, Any], ...] = (
    {"color": HUMAN, "linewidth": 2.4},
    {"color": SYNTHETIC, "linewidth": 1.1},
)
POINTS: tuple[dict[str, Any], ...] = (
    {"color": HUMAN, "linestyle": "none", "marker": "o", "markeredgewidth": 0},
    {"color": SYNTHETIC, "linestyle": "none", "marker": "x", "markeredgewidth": 0.6},
)

LEVEL: dict[str, Any] = {"color": style.NEUTRAL, "linewidth": 0.6, "linestyle": ":", "zorder": 0}

TOP = 10
"""Pairs of words that are shown: those whose counts differ most."""

LONGEST = 18
"""Most letters of a pair of words."""

PUBLISHED = (
    "Published (Zhu et al. 2025, figure 3): perplexities of human text from 1 to above 100, of "
    "synthetic text from 0 to 14."
)


def can_draw(run: RunDirectory) -> bool:
    return (run.path / FILE).is_file()


def read(run: RunDirectory) -> dict[str, Any]:
    """analysis.json; raises RunError where it cannot be read."""
    return run.read_json(FILE)


@style.context()
def draw(run: RunDirectory, width: float = style.PAGE) -> Figure:
    analysis = read(run)
    page = new_panels(4, width=width, height=2.2)
    perplexity, importance, curves, bigrams = page.axes
    _draw_perplexity(perplexity, analysis)
    _draw_importance(importance, analysis)
    _draw_curves(curves, analysis)
    _draw_bigrams(bigrams, most_changed(analysis))
    caption = textwrap.fill(_caption(analysis), int(LETTERS * width))
    page.figure.supxlabel(caption, fontsize=style.SMALL, color=style.NEUTRAL)
    return page.finish(*_key(analysis))


def _draw_perplexity(ax: Axes, analysis: dict[str, Any]) -> None:
    """Shares of blocks on a logarithmic axis, with the range of the synthetic ones."""
    found = analysis["perplexity"]
    _draw_shares(ax, found)
    ax.set_xscale("log")
    low, high = ax.get_xlim()
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if high / low < 100 else (1,)))
    _plain_numbers(ax)
    ax.xaxis.set_minor_locator(NullLocator())
    for end in (found["quantiles"][1][0], found["quantiles"][1][-1]):
        ax.axvline(end, **LEVEL)
    ax.set_title("Perplexity of blocks")
    ax.set_xlabel("perplexity under a judge (dotted: 98 % of the synthetic)")


def _draw_importance(ax: Axes, analysis: dict[str, Any]) -> None:
    """Shares of blocks by how much likelier they are under the law of human text."""
    found = analysis["importance"]
    _draw_shares(ax, found)
    ax.axvline(0, **LEVEL)
    human, synthetic = (quantiles[len(quantiles) // 2] for quantiles in found["quantiles"])
    ax.set_title(f"Importance: medians {human:+.1f} and {synthetic:+.1f}")
    ax.set_xlabel("log $p$(human) / $p$(synthetic), nats a block")


def _draw_shares(ax: Axes, found: dict[str, Any]) -> None:
    human, synthetic = found["shares"]
    ax.stairs(human, found["edges"], fill=True, color=HUMAN)
    ax.stairs(synthetic, found["edges"], **LINES[1])
    ax.set_ylim(bottom=0)
    style.percent_axis(ax.yaxis)


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


def most_changed(analysis: dict[str, Any]) -> list[tuple[str, int, int]]:
    """Pairs of words with their counts in human and synthetic text, the largest change first."""
    human, synthetic = (analysis["bigrams"][name] for name in ("human", "synthetic"))
    found = {pair["words"]: (pair["count"], pair["other"]) for pair in human}
    found |= {pair["words"]: (pair["other"], pair["count"]) for pair in synthetic}
    pairs = [(words, *counts) for words, counts in found.items()]
    return sorted(pairs, key=lambda pair: -abs(pair[1] - pair[2]))[:TOP]


def _draw_bigrams(ax: Axes, pairs: list[tuple[str, int, int]]) -> None:
    """Both counts of every pair of words."""
    rows = np.arange(len(pairs))
    human, synthetic = ([pair[place] for pair in pairs] for place in (1, 2))
    ax.hlines(rows, human, synthetic, color=style.NEUTRAL, linewidth=0.5, zorder=2)
    for each, look in zip((human, synthetic), POINTS, strict=True):
        ax.plot(each, rows, clip_on=False, markersize=4, zorder=3, **look)
    ax.set_yticks(rows, [shown(words) for words, *_ in pairs], parse_math=False)
    ax.set_ylim(len(pairs) - 0.5, -0.5)
    ax.set_xlim(left=0)
    ax.xaxis.set_major_locator(MaxNLocator(5))
    _plain_numbers(ax)
    ax.set_title("Pairs of words that change most")
    ax.set_xlabel("how often a pair is in each text")


def _plain_numbers(ax: Axes) -> None:
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def shown(words: str) -> str:
    """Cut text to a number of letters; a letter that the font lacks becomes a box."""
    letters = FT2Font(findfont("STIXGeneral")).get_charmap()
    written = "".join(letter if ord(letter) in letters else "□" for letter in words)
    return written if len(written) <= LONGEST else written[: LONGEST - 1] + "…"


def _key(analysis: dict[str, Any]) -> tuple[list[style.Handle], str]:
    """Marks of both texts, and their sizes."""
    handles: list[style.Handle] = [
        Patch(color=HUMAN, label="human"),
        Line2D([], [], marker="x", markeredgewidth=0.6, **LINES[1], label="synthetic"),
    ]
    size = f"{analysis['documents']:,} blocks and {analysis['tokens']:,} tokens of each text"
    return handles, size


def _caption(analysis: dict[str, Any]) -> str:
    """Shares in each range of perplexities, and the published ones."""
    human_share, synthetic_share = (
        f"{100 * analysis['coverage'][name]['value']:.1f} %" for name in ("human", "synthetic")
    )
    return (
        f"{human_share} of the human blocks lie between the dotted lines, the synthetic 1 and "
        f"99 % of perplexity; {synthetic_share} of the synthetic ones in the human range. "
        f"{PUBLISHED}"
    )
