"""Perplexity against the share of synthetic text, ours and the published.

Held-out perplexity by generator, with 95 % intervals over documents and seeds; the slopes of the
losses over the share of synthetic text, seed by seed; perplexity in each domain for the first
generator, in units of that of human text, beside the published; the loss on the training text. Also
the figure that experiments/synthetic_fraction.py leaves in its run directory.
"""

from math import exp

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from collapse_sim.run_directory import RunDirectory
from paper_figs import style
from paper_figs.chains import read_curves
from paper_figs.differences import Difference, draw_differences
from paper_figs.language_runs import ASIDE
from paper_figs.panels import new_panels
from theory.language.printed import SYNTHETIC_FRACTION

COLOURS = (style.BLACK, "#D0006F", "#5C7F00", "#00687A")
"""Colours of generators, which no regime has but the first: all of them resample."""

MARKERS = "^ovsDd"

PAIRED = {"zhu2025.fraction": "held-out", "zhu2025.training_loss": "training"}
"""Claims on slopes over the share of synthetic text, by the loss that they are about."""

PREFIX = "held_out_loss/"
"""Of the measures of single domains."""

TITLE = (
    "Slope over the share of synthetic text",
    "nats per token, from 0 to 100 % (bars: all seeds)",
)
NOTE = "A generator is named by its number of parameters and its temperature."

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


@style.context()
def draw(run: RunDirectory, width: float = style.PAGE) -> Figure:
    authors, paired = _authors(run), _read_paired(run)
    page = new_panels(3 + bool(paired), width=width)
    whole, *differences, ratios, training = page.axes
    losses = {name: _points(run, name, "training_loss") for name in authors}
    ends = {
        whole: _draw_authors(whole, {name: _perplexities(run, name) for name in authors}),
        ratios: _draw_domains(ratios, run),
        training: _draw_authors(training, losses),
    }
    whole.set_title("Held-out perplexity")
    style.log_inflation_axis(whole)
    ratios.set_title(f"Perplexity / that of human text, {authors[0]}")
    style.log_inflation_axis(ratios)
    training.set_title("Loss on the training text, nats per token")
    for ax in differences:
        draw_differences(ax, paired, *TITLE)
    for ax in ends:
        ax.set_xlabel("synthetic text")
        ax.set_xticks([0, 50, 100], ["0 %", "50 %", "100 %"])
    return page.finish(_key(), NOTE, ends)


def _read_paired(run: RunDirectory) -> list[Difference]:
    """Slopes of losses over the share of synthetic text, seed by seed, from the verdicts."""
    looks = {author: _mark(place) for place, author in enumerate(_authors(run))}
    found = []
    for verdict in run.verdicts():
        author = verdict["parameters"].get("family")
        if verdict["claim"] in PAIRED and author in looks:
            name = f"{author}:\n{PAIRED[verdict['claim']]} loss"
            value, (low, high) = verdict["observed"], verdict["interval"]
            found.append(Difference(name, value, low, high, looks[author]))
    return found


def _mark(place: int) -> style.Mark:
    return style.Mark(COLOURS[place % len(COLOURS)], MARKERS[place % len(MARKERS)])


def _key() -> list[style.Handle]:
    return [
        style.key_point("mean, 95 % over documents and seeds (training: all seeds)"),
        Line2D([], [], **style.PUBLISHED, linestyle="--", label="published"),
    ]


def _draw_authors(ax: Axes, by_author: dict[str, Points]) -> list[style.End]:
    """A line with intervals for each generator.

    Without synthetic text the model is that of all; later points stand side by side, so that no
    interval hides another.
    """
    ends = []
    for place, author in enumerate(by_author):
        colour, marker = _mark(place)
        points = by_author[author]
        shares, values = np.array(list(points)), np.array(list(points.values()))
        mean, low, high = values.T
        aside = (place - (len(by_author) - 1) / 2) * ASIDE * 100  # the axis ends at 100 %
        ax.errorbar(
            shares + aside * (shares > 0),
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
    """Ratios to human text in each domain, told apart by markers, and of the published models."""
    ends, author = [], _authors(run)[0]
    for name, row in SYNTHETIC_FRACTION.items():
        ratios = np.array(list(row.values())) / row[0]
        ax.plot(list(row), ratios, **style.PUBLISHED, linestyle="--")
        ends.append(style.End(name.partition(",")[0], ratios[-1], style.PUBLISHED["color"], 100))
    colour = _mark(0).colour
    for domain, marker in zip(_domains(run), MARKERS, strict=False):
        points = _perplexities(run, author, domain)
        shares = np.array(list(points))
        ratios = np.array([mean for mean, _, _ in points.values()])
        ratios /= ratios[0]
        ax.plot(shares, ratios, color=colour, marker=marker, linewidth=0.9, markeredgewidth=0)
        name = domain.replace("$", r"\$")  # is no formula
        ends.append(style.End(name, ratios[-1], colour, shares[-1]))
    return ends
