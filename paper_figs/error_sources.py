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
from paper_figs.curves import draw_curve, key_of
from paper_figs.panels import draw_ends, new_panels
from paper_figs.recursion_runs import finish

SOURCES = {
    "none": ("none: 3,000 points", "X"),
    "few points": ("statistical: 100 points", "^"),
    "one Gaussian": ("functional: one Gaussian", "s"),
    "few EM steps": ("functional: one EM step", "o"),
    "float16 sums": ("computational: float16 sums", "v"),
    "all": ("all of them", "D"),
}
"""Names and markers; the colour is that of full resampling."""


def can_draw(run: RunDirectory) -> bool:
    return "sources" in families(run)


def draw(run: RunDirectory, width: float = style.PAGE) -> Figure:
    with style.context():
        page = new_panels(1, width=width)
        names = draw_sources(page.axes[0], run)
        page.draw_key(key_of(page.axes))
        draw_ends(page.axes, [names])
        style.settle(page.figure)
    return page.figure


def draw_sources(ax: Axes, run: RunDirectory, family: str = "sources") -> list[style.End]:
    """One line for each source."""
    lines = read_curves(run, "kl", family=family)
    for line in lines:
        draw_curve(ax, line, mark=line.mark._replace(marker=SOURCES[line.variant][1]))
    style.log_inflation_axis(ax)
    finish(ax, lines, "Sources of error: KL, nats")
    return [
        style.End(SOURCES[line.variant][0], float(line.mean[-1]), line.mark.colour)
        for line in lines
    ]
