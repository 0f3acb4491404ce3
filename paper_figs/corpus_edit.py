"""An edit of a corpus: probabilities of its tokens, and the share of them that was edited.

Bars are 95 % intervals over documents; beside the deciles those printed for a prior thousands of
times larger (Zhu et al. 2025, figure 5). Needs the report.json of `collapse-sim edit --report`.
"""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import NullLocator

from collapse_sim.run_directory import RunDirectory
from paper_figs import deciles, style
from paper_figs.panels import new_panels

COLOUR = style.MARKS["edit confident"].colour
SHARES = {"eligible": "eligible", "changed": "changed", "dropped": "dropped"}
MOST_FILES = 8
LETTERS = 24
"""Most of a file's name that are shown."""


@style.context()
def draw(run: RunDirectory, width: float = style.PAGE) -> Figure:
    report = run.read_json("report.json")
    page = new_panels(2, width=width)
    left, right = page.axes
    draw_deciles(left, report["all"]["shares"])
    shares = draw_shares(right, report)
    return page.finish([*shares, style.key_point("95 % of documents")])


def draw_deciles(ax: Axes, shares: dict) -> None:
    """Two bars for each tenth of [0, 1]."""
    found = np.array([shares[f"decile_{tenth}"] for tenth in range(10)], float)
    label = "this corpus"
    deciles.draw_deciles(ax, found[:, 0], reach(found), colour=COLOUR, label=label)
    ax.set_title("Tokens before the edit")
    ax.set_xlabel("probability under the model")


def draw_shares(ax: Axes, report: dict) -> list[style.Handle]:
    """Shares of all tokens, of the corpus and its first files; on a log axis: they differ."""
    parts = {"all": report["all"]}
    if len(report["files"]) > 1:
        parts |= dict(list(report["files"].items())[:MOST_FILES])
    marks = dict(zip(SHARES, "osX", strict=True))
    handles: list[style.Handle] = []
    for share, label in SHARES.items():
        found = np.array([part["shares"][share] for part in parts.values()], float)
        if not np.nan_to_num(found[:, 0]).any():
            continue
        shown = np.where(found[:, 0] > 0, found[:, 0], np.nan)
        look: dict[str, Any] = {"color": COLOUR, "marker": marks[share], "linestyle": "none"}
        places = np.arange(len(parts))
        ax.errorbar(shown, places, xerr=reach(found), elinewidth=0.8, **look)
        handles.append(Line2D([], [], label=label, **look))
    ax.set_yticks(range(len(parts)), [shortened(name) for name in parts], parse_math=False)
    ax.set_ylim(len(parts) - 0.5, -0.5)
    if handles:
        ax.set_xscale("log")
        low, high = np.log10(ax.get_xlim())
        ax.set_xlim(10 ** np.floor(low), 10 ** np.ceil(high))
        ax.xaxis.set_minor_locator(NullLocator())
    style.percent_axis(ax.xaxis)
    ax.set_title("Share of the tokens")
    return handles


def shortened(name: str) -> str:
    """The end of a long name of a file."""
    return name if len(name) <= LETTERS else f"…{name[1 - LETTERS :]}"


def reach(found: np.ndarray) -> np.ndarray:
    """Lengths of error bars, (2, n); none where an interval is infinite, and none below 0."""
    value, low, high = found.T
    lengths = np.stack([value - np.maximum(low, 0), high - value])
    return np.where(np.isfinite(lengths), lengths, 0.0)
