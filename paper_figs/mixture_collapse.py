"""A mixture by EM and a kernel density, each fitted to its own draws: distance from the truth.

KL divergence of the truth to the fit under every regime of the run. Needs a run with the mixture
or the kde family.
"""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from collapse_sim.run_directory import RunDirectory
from paper_figs import style
from paper_figs.chains import families, read_curves
from paper_figs.curves import key_of
from paper_figs.panels import draw_ends, new_panels
from paper_figs.recursion_runs import draw_means, finish, mean_ends

TITLES = {"mixture": "Mixture of two, by EM: KL, nats", "kde": "Kernel density: KL, nats"}


def can_draw(run: RunDirectory) -> bool:
    return any(family in families(run) for family in TITLES)


def draw(run: RunDirectory, width: float = style.PAGE) -> Figure:
    shown = [family for family in TITLES if family in families(run)]
    with style.context():
        page = new_panels(len(shown), width=width)
        ends = [draw_kl(ax, run, family) for ax, family in zip(page.axes, shown, strict=True)]
        page.draw_key(key_of(page.axes))
        draw_ends(page.axes, ends)
        style.settle(page.figure)
    return page.figure


def draw_kl(ax: Axes, run: RunDirectory, family: str) -> list[style.End]:
    """Every regime's mean divergence."""
    lines = [line for line in read_curves(run, "kl", family=family) if not line.variant]
    draw_means(ax, lines)
    style.log_inflation_axis(ax)
    finish(ax, lines, TITLES[family])
    return mean_ends(lines, run)
