"""A language model over generations of its own text, where the law of the language is known.

Exact KL divergence from the source to the model; how much worse full resampling ends, seed by seed;
share of the language of which each model is sure or, where that is not recorded, the tail of the
text that each generation is trained on, by the source's own probabilities; mass of the most
probable token under the published token rule with a frozen prior, pass after pass.
"""

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from collapse_sim.run_directory import RunDirectory
from paper_figs import style
from paper_figs.chains import Curve
from paper_figs.curves import draw_points
from paper_figs.differences import draw_differences
from paper_figs.language_runs import (
    BARS,
    WORSE,
    draw_against_human,
    draw_trends,
    is_oracle,
    key_of,
    read_frozen,
    read_trends,
    read_worse,
    run_name,
)
from paper_figs.panels import DrawPanel, new_panels
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


@style.context()
def draw(run: RunDirectory, width: float = style.PAGE) -> Figure:
    """Any subset of the arms; panels that would be empty are left out."""
    divergences, frozen = read_trends(run, DIVERGENCE), read_frozen(run, TOP)
    recorded = ((title, read_trends(run, name)) for name, title in SHARES.items())
    title, shares = next((found for found in recorded if found[1]), ("", []))
    worse = read_worse(run, divergences)
    panels: list[DrawPanel] = [lambda ax: _draw_divergences(ax, divergences, run)]
    if worse:
        panels.append(lambda ax: draw_differences(ax, worse, WORSE, f"KL divergence, {BARS}"))
    if shares:
        panels.append(lambda ax: draw_against_human(ax, shares, title, run))
    if frozen:
        panels.append(lambda ax: _draw_passes(ax, frozen))
    page = new_panels(len(panels), width=width, labels=1 + len(divergences))
    ends = page.draw(panels)
    return page.finish(key_of(divergences), run_name(run), ends)


def _draw_divergences(ax: Axes, curves: list[Curve], run: RunDirectory) -> list[style.End]:
    ends = draw_trends(ax, curves, "KL divergence, nats per token", run)
    ax.set_ylim(bottom=0)
    return ends


def _draw_passes(ax: Axes, curves: list[Curve]) -> list[style.End]:
    """Closed form as a line, simulation as points, and the mass that editing is said to keep."""
    ends = []
    for curve in curves:
        passes = curve.generation - 1
        prior_top = float(curve.predicted[0]) ** (1 / (passes[0] + 1))
        exact = [top_mass(prior_top=prior_top, passes=int(n)) for n in passes]
        ax.axhline(prior_top, **style.PUBLISHED)
        ax.plot(passes, exact, color=curve.mark.colour, zorder=2)
        draw_points(ax, passes, curve.mean, 2 * curve.error, curve.mark)
        ends += [
            style.End("published: kept", prior_top, style.PUBLISHED["color"]),
            style.End("exact: $a^{n+1}$", exact[-1], curve.mark.colour, passes[-1]),
        ]
    style.percent_axis(ax.yaxis)
    ax.xaxis.set_major_locator(MaxNLocator(7, integer=True))
    ax.set_title("Mass of the top token, frozen prior")
    ax.set_xlabel("passes $n$ of the token rule")
    return ends
