"""How probable the first model finds the text of each generation, block by block.

The figure of "The Curse of Recursion" (Shumailov et al. 2023, arXiv 2305.17493): histograms of
perplexity under the model of human text, of what later models were trained on.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, NullLocator, ScalarFormatter

from collapse_sim.run_directory import RunDirectory
from paper_figs import style
from paper_figs.chains import Curve
from paper_figs.language_runs import arm_name, first_text, read_trends

BINS = [f"block_perplexity/bin{place:02d}" for place in range(11)]
EDGES = 2.0 ** np.arange(len(BINS) + 1)
"""Of the bins, of which the first and the last are open."""
ARM = "replace"
"""Whose text is shown; in a run without it, that of the first arm that leaves human text."""


def can_draw(run: RunDirectory) -> bool:
    """Whether the models were pretrained: the text of small ones is told by its tokens."""
    return bool(run.config()["parameters"].get("base")) and read_histograms(run) is not None


def read_histograms(run: RunDirectory) -> tuple[Curve, np.ndarray] | None:
    """An arm, and the shares of its blocks by perplexity, (generations, bins)."""
    by_bin = [read_trends(run, name) for name in BINS]
    arms = [curve for curve in by_bin[0] if curve.regime != "human_only"]
    if not arms or not all(by_bin):
        return None
    name = next((curve.name for curve in arms if curve.name == ARM), arms[0].name)
    own = [next(curve for curve in curves if curve.name == name) for curves in by_bin]
    return own[0], np.stack([curve.mean for curve in own], axis=1)


def draw_histograms(ax: Axes, run: RunDirectory) -> None:
    """Human text filled; later texts as lines, the last one strongest."""
    found = read_histograms(run)
    assert found is not None
    curve, shares = found
    ax.stairs(shares[0], EDGES, fill=True, color="#E0E0E0", label=f"1: {first_text(run)}")
    for place, own in enumerate(shares[1:], start=1):
        strength = 0.35 + 0.65 * place / (len(shares) - 1)
        label = f"{curve.generation[place]:.0f}"
        ax.stairs(own, EDGES, color=curve.mark.colour, alpha=strength, label=label, linewidth=1.0)
    ax.set_xscale("log", base=2)
    ax.xaxis.set_major_locator(FixedLocator(EDGES[1::3].tolist()))
    ax.xaxis.set_major_formatter(ScalarFormatter())
    ax.xaxis.set_minor_locator(NullLocator())
    ax.set_xlim(EDGES[0], EDGES[-1])
    ax.set_ylim(0, 1.9 * shares.max())
    style.percent_axis(ax.yaxis)
    ax.set_title("Blocks by perplexity")
    ax.set_xlabel("perplexity, first model")
    ax.legend(title=arm_name(curve, run), loc="upper right")
