"""Perplexity against the share of synthetic text, ours and the published.

Left: held-out perplexity by generator, with the bootstrap's approximate 95 % intervals over
documents and seeds. Middle: the same in each domain for the first generator, in units of that of
human text, beside the published. Right: the loss on the training text, with the range of the seeds.
Also the figure that experiments/synthetic_fraction.py leaves in its run directory.
"""

from math import exp

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from collapse_sim.run_directory import RunDirectory
from paper_figs import style
from paper_figs.chains import read_curves
from theory.language.printed import SYNTHETIC_FRACTION

COLOURS = (style.BLACK, style.BLUE, style.ORANGE, style.GREEN, style.RED, style.PURPLE)
MARKERS = "^ovsDd"

PREFIX = "held_out_loss/"
"""Of the measures of single domains."""

Points = dict[float, tuple[float, float, float]]
"""Mean, low and high by per cent of synthetic text."""


def can_draw(run: RunDirectory) -> bool:
    """Two given texts have no arms, and no figure."""
    return (run.path / "chains.parquet").is_file() and bool(_authors(run))


def _authors(run: RunDirectory) -> list[str]:
    """Generators in the order of the run."""
    shares = [curve for curve in read_curves(run, "held_out_loss") if curve.regime.endswith("%")]
    return list(dict.fromkeys(curve.family for curve in shares))


def _points(run: RunDirectory, author: str, measure: str) -> Points:
    return {
        float(curve.regime.split()[0]): (curve.mean[-1], curve.low[-1], curve.high[-1])
        for curve in read_curves(run, measure, family=author)
        if curve.regime.endswith("%")
    }


def _perplexities(run: RunDirectory, author: str, domain: str = "") -> Points:
    losses = _points(run, author, PREFIX + domain if domain else "held_out_loss")
    return {share: (exp(mean), exp(low), exp(high)) for share, (mean, low, high) in losses.items()}


def _domains(run: RunDirectory) -> list[str]:
    names = dict.fromkeys(str(name) for name in run.chains()["measure"])
    return [name.removeprefix(PREFIX) for name in names if name.startswith(PREFIX)]


def draw(run: RunDirectory) -> Figure:
    with style.context():
        figure = style.new_figure(style.PAGE, 2.3)
        axes = figure.subplots(1, 3)
        ends = [
            _draw_authors(axes[0], {name: _perplexities(run, name) for name in _authors(run)}),
            _draw_domains(axes[1], run),
            _draw_authors(
                axes[2], {name: _points(run, name, "training_loss") for name in _authors(run)}
            ),
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


def _draw_authors(ax: Axes, by_author: dict[str, Points]) -> list[style.End]:
    """A line with intervals for each generator."""
    ends = []
    for author, colour, marker in zip(by_author, COLOURS, MARKERS, strict=False):
        points = by_author[author]
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
        points = _perplexities(run, author, domain)
        shares = np.array(list(points))
        ratios = np.array([mean for mean, _, _ in points.values()])
        ratios /= ratios[0]
        ax.plot(shares, ratios, color=colour, marker=marker, linewidth=0.9, markeredgewidth=0)
        ends.append(style.End(domain, ratios[-1], colour, shares[-1]))
    return ends
