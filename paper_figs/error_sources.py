"""The three sources of error, one by one: statistical, functional and computational.

KL divergence of the truth to a mixture fitted again and again under full resampling, with few
points, with a family or an optimiser that is too weak, and with sums in half precision. Needs a run
with the sources family.
"""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from collapse_sim.run_directory import RunDirectory
from paper_figs import style
from paper_figs.chains import families, read_curves
from paper_figs.recursion_runs import draw_key, draw_means, finish, mark_of

NAMES = {
    "none": "none: 3,000 points",
    "few points": "statistical: 100 points",
    "one Gaussian": "functional: one Gaussian",
    "few EM steps": "functional: one EM step",
    "float16 sums": "computational: float16 sums",
    "all": "all of them",
}


def can_draw(run: RunDirectory) -> bool:
    return "sources" in families(run)


def draw(run: RunDirectory) -> Figure:
    with style.context():
        figure = style.new_figure(style.PAGE * 0.62, 2.6)
        ax = figure.subplots()
        names = draw_sources(ax, run)
        draw_key(figure)
        style.label_ends(ax, names)
        style.settle(figure)
    return figure


def draw_sources(ax: Axes, run: RunDirectory, family: str = "sources") -> list[style.End]:
    """One line for each source."""
    lines = read_curves(run, "kl", family=family)
    draw_means(ax, lines)
    style.log_inflation_axis(ax)
    finish(ax, lines, "Sources of error: KL, nats")
    return [
        style.End(NAMES[line.variant], float(line.mean[-1]), mark_of(line).colour) for line in lines
    ]
