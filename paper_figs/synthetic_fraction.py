"""Perplexity against the share of synthetic text, ours and the published.

Left: held-out perplexity by generator, with the bootstrap's approximate 95 % intervals over
documents and seeds. Middle: the same in each domain for the first generator, in units of that of
human text, beside the published. Right: the loss on the training text, with the range of the seeds.
Also the figure that experiments/synthetic_fraction.py leaves in its run directory.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from collapse_sim.run_directory import RunDirectory
from paper_figs import style
from theory.published import SYNTHETIC_FRACTION

COLOURS = (style.BLACK, style.BLUE, style.ORANGE, style.GREEN, style.RED, style.PURPLE)
MARKERS = "^ovsDd"

Points = dict[float, tuple[float, float, float]]
"""Mean, low and high by per cent of synthetic text."""


def can_draw(run: RunDirectory) -> bool:
    """True if a run is a study: a comparison of two given texts has no arms."""
    return (run.path / "chains.parquet").is_file() and bool(_authors(run))


def _authors(run: RunDirectory) -> list[str]:
    """Generators in the order of the run."""
    arms = [str(arm) for arm in run.chains()["arm"] if str(arm).endswith("%")]
    return list(dict.fromkeys(arm.rpartition(", ")[0] for arm in arms))


def _points(run: RunDirectory, author: str, measure: str) -> Points:
    chains, found = run.chains(), {}
    for i in np.flatnonzero(chains["measure"] == measure):
        name, _, share = str(chains["arm"][i]).rpartition(", ")
        if name == author and share.endswith("%"):
            values = (chains[column][i] for column in ("mean", "low", "high"))
            found[float(share.split()[0])] = tuple(map(float, values))
    return dict(sorted(found.items()))


def _domains(run: RunDirectory) -> list[str]:
    names = dict.fromkeys(str(name) for name in run.chains()["measure"])
    return [name for name in names if name.startswith("perplexity/")]


def draw(run: RunDirectory) -> Figure:
    with style.context():
        figure = style.new_figure(style.PAGE, 2.3)
        axes = figure.subplots(1, 3)
        ends = [
            _draw_authors(axes[0], run, "perplexity"),
            _draw_domains(axes[1], run),
            _draw_authors(axes[2], run, "training_loss"),
        ]
        axes[0].set_title("Held-out perplexity")
        style.log_inflation_axis(axes[0])
        axes[1].set_title("Perplexity / that of human text")
        style.log_inflation_axis(axes[1])
        axes[2].set_title("Loss on the training text, nats")
        for ax, names in zip(axes, ends, strict=True):
            ax.set_xlabel("synthetic text")
            ax.set_xticks([0, 50, 100], ["0 %", "50 %", "100 %"])
            style.label_ends(ax, names)
        style.settle(figure)
    return figure


def _draw_authors(ax: Axes, run: RunDirectory, measure: str) -> list[style.End]:
    """A line with intervals for each generator."""
    ends = []
    for author, colour, marker in zip(_authors(run), COLOURS, MARKERS, strict=False):
        points = _points(run, author, measure)
        shares, values = np.array(list(points)), np.array(list(points.values()))
        mean, low, high = values.T
        ax.errorbar(
            shares,
            mean,
            [mean - low, high - mean],
            color=colour,
            marker=marker,
            linewidth=0.9,
            elinewidth=0.6,
            markeredgewidth=0,
        )
        ends.append(style.End(author, mean[-1], colour, shares[-1]))
    return ends


def _draw_domains(ax: Axes, run: RunDirectory) -> list[style.End]:
    """Ratios to human text in each domain, and of the published models in grey."""
    ends, author = [], _authors(run)[0]
    for name, row in SYNTHETIC_FRACTION.items():
        ratios = np.array(list(row.values())) / row[0]
        ax.plot(list(row), ratios, **style.PUBLISHED, linestyle="--")
        ends.append(style.End(name.partition(",")[0], ratios[-1], style.GREY, 100))
    for domain, colour, marker in zip(_domains(run), COLOURS, MARKERS, strict=False):
        points = _points(run, author, domain)
        shares = np.array(list(points))
        ratios = np.array([mean for mean, _, _ in points.values()])
        ratios /= ratios[0]
        ax.plot(shares, ratios, color=colour, marker=marker, linewidth=0.9, markeredgewidth=0)
        ends.append(style.End(domain.partition("/")[2], ratios[-1], colour, shares[-1]))
    return ends
