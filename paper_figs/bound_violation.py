"""Violations of the published bound 2b, and the bound that replaces it.

Left: inflation against the share of rows edited so far, no row twice. Right: inflation once every
row has been edited, against rows per column.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MultipleLocator, NullLocator

from collapse_sim.run_directory import RunDirectory
from paper_figs import style
from paper_figs.chains import Curve
from paper_figs.curves import LINES, NAMES, draw_points, key_of
from paper_figs.panels import new_panels
from paper_figs.runs import design_size, plain_name, read_errors
from theory.editing.corrected import disjoint_inflation_bound
from theory.editing.finite import disjoint_inflation_one_dimension, two_disjoint_edits_inflation

PUBLISHED = 2.0

SINGLE = style.MARKS["edit disjoint"].colour

THIN = 0.7
"""Width of the lines of one column, d = 1."""

ROWS = (10, 40)
"""T of the row-by-row edits drawn on the left, d = 1."""

HALVES = (1, 10)
"""d of the two halves drawn on the right."""

LEAST_RATIO, RATIO = 1.1, 40.0
"""T/d on the right, which runs further when a run does."""

SINGLE_ROWS = (3, 4, 5, 6, 8, 10, 14, 20, 28, 40)
"""T of the row-by-row edits on the right: the time of the exact law grows as T cubed."""


@dataclass(frozen=True, eq=False)
class Path:
    """Path of a disjoint schedule: inflation after each edit, and rows edited by then."""

    curve: Curve
    name: str
    ratio: float
    total: np.ndarray


def can_draw(run: RunDirectory) -> bool:
    return bool(read_paths(run))


@style.context()
def draw(runs: Sequence[RunDirectory], width: float = style.PAGE) -> Figure:
    """Draw the figure of any number of runs with disjoint masks."""
    paths = [path for run in runs for path in read_paths(run)]
    ratio = max([RATIO, *(path.ratio for path in paths)])
    page = new_panels(2, width=width, height=2.4, sharey=True)
    left, right = page.axes
    left_ends = [*_draw_bounds(left), *_draw_rows(left), *_draw_paths(left, paths)]
    right_ends = [
        *_draw_levels(right),
        *_draw_sizes(right, ratio),
        *_draw_last(right, paths),
    ]
    _finish_left(left)
    _finish_right(right, ratio)
    for ax in page.axes:
        ax.set_ylabel("inflation $v$ = test error / $b$")
        ax.tick_params(labelleft=True)
        style.draw_published(ax, PUBLISHED)
    return page.finish(key_of(page.axes), ends={left: left_ends, right: right_ends})


def read_paths(run: RunDirectory) -> list[Path]:
    """Read the disjoint schedules of two or more edits on Gaussian designs, which the bound is
    about.

    One edit is left out: there the published bound is right.
    """
    rows_so_far = {
        verdict["parameters"]["process"]: verdict["parameters"]["rows_edited_so_far"]
        for verdict in run.verdicts()
        if verdict["claim"] == "zhu2025.eq16" and verdict["verdict"] == "holds"
    }
    dim, samples = design_size(run)
    parameters, paths = run.config()["parameters"], []
    for curve in read_errors(run):
        total = np.array(rows_so_far.get(curve.name, [])) / samples
        if np.count_nonzero(np.diff(total)) < 2:
            continue
        paths.append(Path(curve, plain_name(curve, parameters), samples / dim, total))
    return paths


def _draw_bounds(ax: Axes) -> list[style.End]:
    total = np.linspace(0, 1, 101)
    corrected = [disjoint_inflation_bound(edited_total=t) for t in total]
    ax.plot(total, corrected, **style.CORRECTED)
    return [
        style.End("published bound: 2", PUBLISHED, style.PUBLISHED["color"]),
        style.End("corrected bound: $2e^\\tau-1$", corrected[-1], style.CORRECTED["color"]),
    ]


def _draw_rows(ax: Axes) -> list[style.End]:
    """Draw edits row after row for d = 1, where the law is exact at every T."""
    ends = []
    for samples in ROWS:
        inflations = _row_by_row(samples)
        total = np.arange(samples + 1) / samples
        ax.plot(total, inflations, color=SINGLE, linewidth=THIN, zorder=2)
        label = f"row by row, $d=1$, $T={samples}$"
        ends.append(style.End(label, inflations[-1], SINGLE))
    return ends


def _draw_paths(ax: Axes, paths: list[Path]) -> list[style.End]:
    for path in paths:
        new = np.concatenate([[True], np.diff(path.total) > 0])
        curve, total = path.curve, path.total[new]
        look = {"color": curve.mark.colour, "label": f"_{NAMES[curve.kind]}"}
        ax.plot(total, curve.predicted[new], **look, **LINES[curve.kind])
        draw_points(ax, total, curve.mean[new], curve.half_width[new], curve.mark)
    return [path.curve.end(f"{path.name}, $T/d={path.ratio:.3g}$") for path in paths]


def _draw_levels(ax: Axes) -> list[style.End]:
    corrected = disjoint_inflation_bound()
    ax.axhline(corrected, **style.CORRECTED)
    return [
        style.End("published bound: 2", PUBLISHED, style.PUBLISHED["color"]),
        style.End("corrected bound: $2e-1$", corrected, style.CORRECTED["color"]),
    ]


def _draw_sizes(ax: Axes, ratio: float) -> list[style.End]:
    """Exact inflations once all rows are edited, at every number of rows."""
    halves, colour = 0.0, style.MARKS["edit halves"].colour
    for dim in HALVES:
        rows = np.unique(2 * (np.geomspace(LEAST_RATIO, ratio, 60) * dim / 2).round().astype(int))
        rows = rows[rows >= dim + 2]
        inflations = [_two_halves(dim, int(samples)) for samples in rows]
        ax.plot(rows / dim, inflations, color=colour, linewidth=THIN if dim == 1 else 1, zorder=2)
        halves = inflations[-1]
    single = [_row_by_row(samples)[-1] for samples in SINGLE_ROWS]
    ax.plot(SINGLE_ROWS, single, color=SINGLE, linewidth=THIN, zorder=2)
    return [
        style.End(f"two halves, $d={HALVES[-1]}$ (thin: $d=1$)", halves, colour),
        style.End("row by row, $d=1$", single[-1], SINGLE, SINGLE_ROWS[-1]),
    ]


def _draw_last(ax: Axes, paths: list[Path]) -> list[style.End]:
    """Points of the schedules that end with all rows edited, at their rows per column."""
    ends = []
    for path in paths:
        if abs(path.total[-1] - 1) < 1e-9:
            curve = path.curve
            draw_points(ax, [path.ratio], curve.mean[-1:], curve.half_width[-1:], curve.mark)
            ends.append(curve.end(f"{path.name}, simulated", path.ratio))
    return ends


@cache
def _row_by_row(samples: int) -> list[float]:
    return [float(v) for v in disjoint_inflation_one_dimension(block_sizes=[1] * samples)]


def _two_halves(dim: int, samples: int) -> float:
    counts = (samples // 2, samples - samples // 2)
    return float(two_disjoint_edits_inflation(dim=dim, samples=samples, edit_counts=counts))


def _finish_left(ax: Axes) -> None:
    ax.set_title("No row is edited twice")
    ax.set_xlabel("share of rows edited so far, $\\tau$")
    ax.set_xlim(-0.02, 1.02)
    ax.set_ylim(0.9, 4.7)
    ax.yaxis.set_major_locator(MultipleLocator(1))


def _finish_right(ax: Axes, ratio: float) -> None:
    ax.set_title("Every row edited once")
    ax.set_xlabel("rows per column, $T/d$")
    ax.set_xscale("log")
    ax.set_xlim(LEAST_RATIO / 1.05, ratio * 1.05)
    ax.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    ax.xaxis.set_minor_locator(NullLocator())
    ax.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
