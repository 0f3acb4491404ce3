"""Language models over generations of their own text: their loss, and the change of the text.

Held-out loss; how much worse full resampling ends, seed by seed; the tail of the text that each
generation is trained on; how probable the first model finds the tokens of human text and of the
last generation's, or, of pretrained models, the blocks of every generation of full resampling. Also
the figure that experiments/transformer_collapse.py leaves in its run directory.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, MultipleLocator, NullLocator

from collapse_sim.run_directory import RunDirectory
from paper_figs import style
from paper_figs.block_perplexities import can_draw as can_draw_blocks
from paper_figs.block_perplexities import draw_histograms as draw_blocks
from paper_figs.chains import Curve
from paper_figs.differences import draw_differences
from paper_figs.language_runs import (
    BARS,
    HUMAN,
    WORSE,
    arm_name,
    draw_against_human,
    draw_trends,
    first_text,
    key_of,
    read_trends,
    read_worse,
    run_name,
)
from paper_figs.panels import DrawPanel, new_panels

LOSS, TAIL = "held_out_loss", "tail_mass"

DECILES = [f"probability/{decile}" for decile in range(10)]

EDGES = np.linspace(0, 1, 11)
MIDDLES = (EDGES[1:] + EDGES[:-1]) / 2

FLOOR = 1e-5
"""Least share drawn: smaller ones are a handful of tokens."""

TAILS = "Rare tokens (< 0.1 % of human text)"

HUMAN_STEPS = {"color": HUMAN, "linewidth": 2.0, "zorder": 1}

LEAST_SHARE = 0.01
"""Share of human tokens of probability above 0.1 under the first model; with fewer no panel is
drawn."""

COMPARED = ("replace", "edit confident", "edit confident anchored", "edit share")
"""Arms whose last text is compared with human text; all arms in a run without these."""


def can_draw(run: RunDirectory) -> bool:
    """Arms of one size: those of a ladder have a figure of their own."""
    return bool(read_trends(run, LOSS)) and not run.config()["parameters"].get("sizes")


@style.context()
def draw(run: RunDirectory, width: float = style.PAGE) -> Figure:
    """Any subset of the arms; panels that would be empty are left out."""
    losses, tails, blocks = read_trends(run, LOSS), read_trends(run, TAIL), can_draw_blocks(run)
    histograms = [] if blocks else _histograms(run)
    worse = read_worse(run, losses)
    panels: list[DrawPanel] = [
        lambda ax: draw_trends(ax, losses, "Held-out loss, nats per token", run)
    ]
    if worse:
        panels.append(lambda ax: draw_differences(ax, worse, WORSE, f"held-out loss, {BARS}"))
    if tails:
        panels.append(lambda ax: draw_against_human(ax, tails, TAILS, run))
    if blocks:
        panels.append(lambda ax: draw_blocks(ax, run))
    if histograms:
        panels.append(lambda ax: _draw_histograms(ax, histograms, run))
    page = new_panels(len(panels), width=width, labels=1 + len(losses), across=2)
    ends = page.draw(panels)
    return page.finish(key_of(losses), run_name(run), ends)


def _histograms(run: RunDirectory) -> list[tuple[Curve, np.ndarray]]:
    """Deciles of P(token) of every arm to be compared, (generations, deciles)."""
    by_decile = [read_trends(run, name) for name in DECILES]
    if not all(by_decile):
        return []
    arms = [
        (deciles[0], np.stack([decile.mean for decile in deciles], axis=1))
        for deciles in zip(*by_decile, strict=True)
    ]
    if arms[0][1][0, 1:].sum() < LEAST_SHARE:
        return []
    moving = [arm for arm in arms if arm[0].regime != "human_only"]
    return [arm for arm in moving if arm[0].name in COMPARED] or moving


def _draw_histograms(
    ax: Axes, arms: list[tuple[Curve, np.ndarray]], run: RunDirectory
) -> list[style.End]:
    """The last texts over the steps of the first, as far to the right as there are tokens."""
    drawn = np.stack([arms[0][1][0], *(shares[-1] for _, shares in arms)])
    seen = np.where(drawn >= FLOOR, drawn, np.nan)  # a log axis has no place for none
    last = [int(np.flatnonzero(shares >= FLOOR)[-1]) for shares in drawn]
    low = np.nanmin(seen) / 1.5
    ax.stairs(drawn[0], EDGES, baseline=low, **HUMAN_STEPS)
    ends = [style.End(first_text(run), drawn[0, last[0]], HUMAN, EDGES[last[0] + 1])]
    for (curve, _), shares, end in zip(arms, seen[1:], last[1:], strict=True):
        ax.plot(
            MIDDLES,
            shares,
            color=curve.mark.colour,
            marker=curve.mark.marker,
            linewidth=0.9,
            markeredgewidth=0,
        )
        name = arm_name(curve, run)
        ends.append(style.End(name, shares[end], curve.mark.colour, MIDDLES[end]))
    ax.set_yscale("log")
    ax.set_ylim(low, 1.4)
    ax.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if low > 0.005 else (1,), numticks=20))
    ax.yaxis.set_minor_locator(NullLocator())
    style.percent_axis(ax.yaxis)
    ax.set_xlim(0, EDGES[max(last) + 1])
    ax.xaxis.set_major_locator(
        MultipleLocator(0.5 if max(last) == 9 else 0.2 if max(last) > 2 else 0.1)
    )
    ax.set_title(f"Text of generation {arms[0][0].generation[-1]} by $P$(token)")
    ax.set_xlabel("$P$(token), first model")
    return ends
