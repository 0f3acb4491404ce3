"""A language model over generations of its own text, where the law of the language is known.

Left: exact KL divergence from the source to the model. Middle: share of the language of which each
model is sure or, where that is not recorded, the tail of the text that each generation is trained
on, by the source's own probabilities. Right: mass of the most probable token under the
published token rule with a frozen prior, pass after pass over the same text.
"""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from collapse_sim.run_directory import RunDirectory
from paper_figs import style
from paper_figs.chains import Curve
from paper_figs.curves import draw_points
from paper_figs.language_runs import (
    LEVEL,
    draw_against_human,
    draw_key,
    draw_trends,
    is_oracle,
    new_row,
    read_frozen,
    read_trends,
    trend_ends,
)
from theory.language.token_rule import top_mass

DIVERGENCE, TOP = "kl", "top_mass"
SHARES = {
    "sure_share": "Tokens of which the model is sure",
    "oracle_tail_mass": "Tokens of true probability < 0.1 %",
}
"""The middle panel, by what a run has recorded; the first one there is drawn."""


def can_draw(run: RunDirectory) -> bool:
    is_ladder = bool(run.config()["parameters"].get("sizes"))
    return is_oracle(run) and bool(read_trends(run, DIVERGENCE)) and not is_ladder


def draw(run: RunDirectory) -> Figure:
    """Any subset of the arms; panels that would be empty are left out."""
    divergences, frozen = read_trends(run, DIVERGENCE), read_frozen(run, TOP)
    recorded = ((title, read_trends(run, name)) for name, title in SHARES.items())
    title, shares = next((found for found in recorded if found[1]), ("", []))
    with style.context():
        figure, axes = new_row(1 + bool(shares) + bool(frozen), 1 + len(divergences))
        draw_trends(axes[0], divergences, "KL divergence, nats per token", run)
        axes[0].set_ylim(bottom=0)
        ends = [trend_ends(divergences, run)]
        if shares:
            ends.append(draw_against_human(axes[1], shares, title, run))
            style.percent_axis(axes[1].yaxis)
        if frozen:
            ends.append(_draw_passes(axes[-1], frozen))
        draw_key(figure, run)
        for ax, names in zip(axes, ends, strict=True):
            style.label_ends(ax, names)
        style.settle(figure)
    return figure


def _draw_passes(ax: Axes, curves: list[Curve]) -> list[style.End]:
    """Closed form as a line, simulation as points, and the mass that editing is said to keep."""
    ends = []
    for curve in curves:
        passes = curve.generation - 1
        prior_top = float(curve.predicted[0]) ** (1 / (passes[0] + 1))
        exact = [top_mass(prior_top=prior_top, passes=int(n)) for n in passes]
        ax.axhline(prior_top, **LEVEL)
        ax.plot(passes, exact, color=curve.mark.colour, zorder=2)
        draw_points(ax, passes, curve.mean, 2 * curve.error, curve.mark)
        ends += [
            style.End("published: kept", prior_top, LEVEL["color"]),
            style.End("exact: $a^{n+1}$", exact[-1], curve.mark.colour, passes[-1]),
        ]
    style.percent_axis(ax.yaxis)
    ax.xaxis.set_major_locator(MaxNLocator(7, integer=True))
    ax.set_title("Mass of the top token, frozen prior")
    ax.set_xlabel("passes $n$ of the token rule")
    return ends
