"""Phase diagram of a run of experiments/phase_diagram.py: is this point under the level?

Colours are simulated means, orange above the level. Dots mark points that their interval leaves
undecided. The solid line is theory's boundary, at the run's own sizes; the dashed one is that of
infinitely many words and generations.
"""

from typing import Any, NamedTuple

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import FuncFormatter, MultipleLocator, NullLocator

from collapse_sim.run_directory import RunDirectory, RunError
from paper_figs import style
from paper_figs.panels import new_panels
from theory.distributions.temperature import return_share, stay_share

MEASURES = {"editing": "scale_averaged_error", "mixing": "first_type"}
LABELS = {
    "editing": ("share of rows edited in each generation", "generation", "test error / $b$"),
    "mixing": ("temperature", "human share", "first word / its human frequency"),
}
ROUNDING = 1e-6

LARGEST = 4.0
"""Colours end at so many levels."""


class Field(NamedTuple):
    """One panel: across x up."""

    title: str
    mean: np.ndarray
    low: np.ndarray
    high: np.ndarray
    predicted: np.ndarray

    def undecided(self, level: float) -> np.ndarray:
        return (self.low <= level) & (self.high > level)


def read_fields(run: RunDirectory) -> list[Field]:
    """The panels of a run, in its unit; raises RunError for a run that lacks points."""
    config, columns = run.config(), run.chains()
    shape = len(config["panels"]), len(config["across"]), len(config["up"])
    own = columns["measure"] == MEASURES[config["parameters"]["map"]]
    if own.sum() != np.prod(shape):
        raise RunError(f"{run.path}: chains.parquet holds {own.sum()} points, not {np.prod(shape)}")
    names = ("mean", "low", "high", "predicted")
    found = [columns[name][own].astype(float).reshape(shape) / config["unit"] for name in names]
    return [Field(title, *(f[i] for f in found)) for i, title in enumerate(config["panels"])]


@style.context()
def draw(run: RunDirectory, width: float = style.PAGE) -> Figure:
    """A panel for each writer, or for each start."""
    config, fields = run.config(), read_fields(run)
    which, level = config["parameters"]["map"], config["level"]
    across, up = np.array(config["across"]), np.array(config["up"], dtype=float)
    norm = LogNorm(level / LARGEST, level * LARGEST, clip=True)  # white is the level
    page = new_panels(len(fields), width=width, across=3, sharey=True)
    for ax, field in zip(page.axes, fields, strict=True):
        shown = ax.pcolormesh(
            _edges(across), _edges(up), field.mean.T, cmap="PuOr_r", norm=norm, rasterized=True
        )
        x, y = np.meshgrid(across, up, indexing="ij")
        near = field.undecided(level)
        ax.plot(x[near], y[near], ".", color=style.BLACK, markersize=1.2, markeredgewidth=0)
        # A level that is attained exactly is not passed.
        if field.predicted.min() < level < field.predicted.max() / (1 + ROUNDING):
            ax.contour(across, up, field.predicted.T, [level], colors=style.BLACK, linewidths=1.3)
        ax.set_title(field.title)
        ax.set_xlabel(LABELS[which][0])
        if which == "mixing":
            _limit(ax, config, field.title)
    for ax in page.axes:
        ax.set_ylabel(LABELS[which][1])
        ax.label_outer()
    _scale(page.axes[0], which, up)
    bar = page.figure.colorbar(shown, ax=page.axes, extend="max")
    bar.set_label(LABELS[which][2])
    ticks = [level * factor for factor in (0.5, 0.75, 1, 2, 4)]
    bar.set_ticks(ticks, labels=[f"{t:g}" for t in ticks])
    bar.ax.yaxis.set_minor_locator(NullLocator())
    bar.ax.set_ylim(min(1, level / 2), LARGEST * level)  # nothing is far below 1
    bar.ax.axhline(level, color=style.BLACK, linewidth=1.3)
    return page.finish(_key(which, level))


def _edges(middles: np.ndarray) -> np.ndarray:
    """Edges of cells around evenly spaced middles."""
    step = middles[1] - middles[0]
    return np.append(middles - step / 2, middles[-1] + step / 2)


def _scale(ax: Axes, which: str, up: np.ndarray) -> None:
    if which == "mixing":
        return
    ax.set_yscale("log")
    ax.set_ylim(up[0] - 0.5, up[-1] + 0.5)
    ticks = [t for t in (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000) if t <= up[-1]]
    ax.set_yticks(ticks, labels=[str(t) for t in ticks])
    ax.yaxis.set_minor_locator(NullLocator())
    for other in ax.figure.axes:
        other.xaxis.set_major_locator(MultipleLocator(0.25))
        other.xaxis.set_major_formatter(FuncFormatter(lambda x, _: f"{100 * x:.0f} %"))


def _limit(ax: Axes, config: dict[str, Any], title: str) -> None:
    """The boundary of infinitely many words and generations."""
    heat = np.linspace(0.02, 0.98, 97)
    if title == config["panels"][0]:
        share = [stay_share(temperature=t) for t in heat]
    else:
        types = config["parameters"]["types"]
        share = [return_share(types=types, temperature=t) for t in heat]
    ax.plot(heat, share, color=style.BLACK, linewidth=0.8, linestyle="--")


def _key(which: str, level: float) -> list[style.Handle]:
    unit = " $b$" if which == "editing" else " times human"
    look: dict[str, Any] = {"color": style.BLACK}
    lines = [Line2D([], [], linewidth=1.3, **look, label=f"theory: {level:g}{unit}")]
    if which == "mixing":
        label = "theory: diversity kept, regained"
        lines.append(Line2D([], [], linewidth=0.8, linestyle="--", **look, label=label))
    dots: dict[str, Any] = {"marker": ".", "linestyle": "none", "markersize": 3}
    return [*lines, Line2D([], [], **dots, **look, label="undecided by simulation")]
