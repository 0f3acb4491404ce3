"""Style of all figures: size, fonts, colours, labels at line ends, and files.

No state is global: figures are drawn and saved inside `context()`. Fonts are those that come with
Matplotlib, and no file holds a date, so that one run gives the same bytes everywhere.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib
import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex, to_rgb
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.text import Annotation
from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator
from numpy.typing import ArrayLike
from tueplots import axes as tue_axes
from tueplots import bundles

from collapse_sim.run_directory import write_atomically

PAGE, COLUMN = 6.75, 3.25
"""Widths of a text block of two columns, and of one of them, inches."""

SMALL = 6.5
"""Size of labels, ticks and keys, points."""

PARAMETERS: dict[Any, Any] = (
    bundles.icml2024(usetex=False)
    | tue_axes.lines()
    | {
        "figure.constrained_layout.use": False,  # `new_figure` asks for it, until `settle`
        # Times-like, and inside Matplotlib's wheel: no machine falls back to another font.
        "font.family": "STIXGeneral",
        "mathtext.fontset": "stix",
        "xtick.labelsize": SMALL,
        "ytick.labelsize": SMALL,
        "legend.fontsize": SMALL,
        "legend.title_fontsize": SMALL,
        "axes.titlesize": 8,
        "axes.titlelocation": "left",
        "axes.spines.top": False,
        "axes.spines.right": False,
        "lines.markersize": 3.0,
        "legend.frameon": False,
        "legend.handlelength": 1.8,
        "pdf.fonttype": 42,
        "svg.fonttype": "path",
        "svg.hashsalt": "collapse_sim",
    }
)

Handle = Artist | ErrorbarContainer
"""An entry of a key."""

METADATA = {"png": {"Software": None}, "pdf": {"CreationDate": None}, "svg": {"Date": None}}

BLACK, GREY = "#000000", "#808080"
SKY, RED = "#56B4E9", "#D55E00"


class Mark(NamedTuple):
    """Mark of a process in every figure: circles are edits by masks set in advance, squares by
    masks that look at residuals or probabilities, diamonds edit the human data or are written by
    another model, triangles resample, a cross is human data alone."""

    colour: str
    marker: str

    @property
    def points(self) -> dict[str, Any]:
        """Look of means with their bars."""
        bars = {"elinewidth": 0.8, "markeredgewidth": 0}
        return {"color": self.colour, "marker": self.marker, "linestyle": "none", **bars}


# One colour for one regime, and of edits for one rule that chooses what is edited. The commonest
# have the colours of Okabe and Ito, which colour-blind readers tell apart.
MARKS = {
    "human_only": Mark(GREY, "X"),
    "replace": Mark(BLACK, "^"),
    "accumulate": Mark("#009E73", "^"),
    "subsample": Mark("#66C2A5", "^"),
    "halfway": Mark("#4D4D80", "^"),
    "mix_fixed": Mark("#9E9AC8", "^"),
    "mix_fresh": Mark("#9E9AC8", "v"),
    "keep_human": Mark("#0072B2", "^"),
    "fresh_human": Mark("#17BECF", "v"),
    "debiased": Mark("#332288", "s"),
    "pooled": Mark("#AA4499", "o"),
    "edit": Mark(SKY, "o"),
    "edit confident": Mark(SKY, "s"),
    "frozen_edit": Mark(SKY, "v"),
    "edit_anchored": Mark(RED, "d"),
    "edit confident anchored": Mark(RED, "D"),
    "edit random anchored": Mark(RED, "h"),
    "edit random additive": Mark("#F28E8E", "d"),
    "edit one": Mark("#B5BD00", "o"),
    "edit halves": Mark("#E69F00", "o"),
    "edit disjoint": Mark("#882255", "o"),
    "edit random": Mark("#CC79A7", "o"),
    "edit blind": Mark("#CC79A7", "p"),
    "edit fixed": Mark("#8C564B", "o"),
    "edit geometric": Mark("#7A7A00", "o"),
    "edit nested": Mark("#1F4E9E", "s"),
    "edit free": Mark("#6A3D9A", "s"),
    "edit share": Mark("#C49A6C", "s"),
    "edit below": Mark("#B15928", "o"),
    "edit tempered": Mark("#117A8B", "o"),
}
"""Marks by the name of the process, as in the verdicts of a run, or by its regime alone. A process
that draws fresh rows (`replace_fresh`) has its regime's mark upside down."""

OWN_MASKS = Mark(GREY, "o")
"""Mark of masks from a user's file."""

NEUTRAL = "#606060"
"""Colour of keys and notes."""

PUBLISHED = {"color": "#303030", "linewidth": 2.2, "zorder": 1}
CORRECTED = {"color": "#909090", "linewidth": 1.0, "zorder": 1}
"""Lines of the two bounds on token editing; the bound in question is bold."""

FORBIDDEN = {"color": "#ECECEC", "linewidth": 0, "zorder": 0}
"""Look of the region that the published bound forbids."""

LEVEL = {"color": GREY, "linewidth": 1.2, "zorder": 1}
"""Line of the level of human data, or of the truth."""


class End(NamedTuple):
    """The name of a line that ends at height `value`, at `x` or else at the edge of the axes."""

    text: str
    value: float
    colour: str
    x: float | None = None


@contextmanager
def context() -> Iterator[None]:
    """The style, for the time of a `with` block or of a function that it decorates."""
    with matplotlib.rc_context(PARAMETERS):
        yield


def new_figure(width: float, height: float) -> Figure:
    """Make a figure outside pyplot: it needs neither a display nor closing."""
    figure = Figure(figsize=(width, height), layout="constrained")
    FigureCanvasAgg(figure)
    return figure


def settle(figure: Figure) -> None:
    """Make room for all there is, then never again: a figure saved twice is the same twice."""
    engine = figure.get_layout_engine()
    assert engine is not None, "settled before"
    engine.execute(figure)
    figure.set_layout_engine(None)  # with the engine "none" each file would be drawn twice


def save(figure: Figure, folder: Path, name: str) -> None:
    """Write `name`.png, .pdf and .svg into `folder`, each whole or not at all."""
    with context():
        for suffix, metadata in METADATA.items():
            write = partial(figure.savefig, dpi=300, metadata=metadata)
            write_atomically(folder / f"{name}.{suffix}", write)


def ink(colour: str) -> str:
    """Darken a colour for small letters on white."""
    red, green, blue = (0.72 * channel for channel in to_rgb(colour))
    return to_hex((red, green, blue))


def mark_of(*names: str) -> Mark:
    """Mark of the first of the names that has one; masks from a user's file have their own."""
    for name in names:
        if name in MARKS:
            return MARKS[name]
        if name.endswith("_fresh") and name.removesuffix("_fresh") in MARKS:
            return MARKS[name.removesuffix("_fresh")]._replace(marker="v")
    return OWN_MASKS


def draw_published(ax: Axes, bound: float) -> None:
    """The published bound, bold, and grey above it, where it lets no error be.

    The last thing to be drawn: it keeps the limits of the axes.
    """
    limits = ax.get_ylim()
    ax.axhline(bound, **PUBLISHED)
    ax.axhspan(min(bound, limits[1]), limits[1], **FORBIDDEN)
    ax.set_ylim(limits)


def key_point(label: str) -> ErrorbarContainer:
    """A point with its interval for the key, drawn nowhere."""
    line = Line2D([], [], color=NEUTRAL, marker="o", linestyle="none")
    bar = LineCollection([np.zeros((0, 2))], colors=NEUTRAL, linewidths=0.8)
    return ErrorbarContainer((line, (), (bar,)), has_yerr=True, label=label)


def spread(values: ArrayLike, gap: float, low: float, high: float) -> np.ndarray:
    """The least move of all `values` that puts them `gap` apart, inside [low, high] if they fit.

    With z_i = y_i - i gap for sorted y this is isotonic regression, solved by pooling adjacent
    violators; its bounded solution is the unbounded one, clipped.
    """
    wanted = np.asarray(values, dtype=float)
    order = np.argsort(wanted, kind="stable")
    steps = gap * np.arange(len(wanted))
    pools: list[tuple[float, int]] = []
    for value in wanted[order] - steps:
        pools.append((value, 1))
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            (second, n), (first, m) = pools.pop(), pools.pop()
            pools.append(((first * m + second * n) / (m + n), m + n))
    level = np.repeat([mean for mean, _ in pools], [count for _, count in pools])
    placed = np.empty(len(wanted))
    placed[order] = np.clip(level, low, max(low, high - steps[-1])) + steps
    return placed


def label_ends(axes: Axes, ends: Sequence[End]) -> list[Annotation]:
    """Name every line beside the right edge of axes, at heights that `spread_ends` has to set."""
    figure = axes.figure
    assert isinstance(figure, Figure)
    edge = axes.get_xlim()[1]
    # Not too near to a narrow panel.
    beside = max(0.065, 7.5 * figure.dpi / 72 / axes.get_window_extent().width)
    return [
        axes.annotate(
            end.text,
            xy=(edge if end.x is None else end.x, end.value),
            xytext=(1 + beside, 0.5),
            textcoords="axes fraction",
            va="center",
            fontsize=SMALL,
            color=ink(end.colour),
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-",
                "color": end.colour,
                "linewidth": 0.5,
                "relpos": (0, 0.5),
                "shrinkA": 1,
                "shrinkB": 0,
            },
        )
        for end in ends
    ]


def spread_ends(axes: Axes, labels: Sequence[Annotation]) -> None:
    """Move the names of lines up and down, beside axes that are settled, until none overlap."""
    if not labels:
        return
    figure = axes.figure
    assert isinstance(figure, Figure)
    box = axes.get_window_extent()
    pixels = axes.transData.transform([label.xy for label in labels])[:, 1]
    heights = (pixels - box.y0) / box.height
    gap = 1.25 * SMALL / (box.height * 72 / figure.dpi)
    # No label rises above the axes, where a title may stand.
    for label, height in zip(labels, spread(heights, gap, gap / 2, 1 - gap / 2), strict=True):
        label.xyann = (label.xyann[0], height)


def log_inflation_axis(axes: Axes) -> None:
    """A logarithmic y axis whose ticks are plain numbers, dense enough over any range."""
    axes.set_yscale("log")
    low, high = axes.get_ylim()
    steps = (1, 2, 3, 4, 6, 8) if high / low < 20 else (1, 2, 5)
    axes.yaxis.set_major_locator(LogLocator(subs=steps, numticks=20))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def percent_axis(axis: Axis) -> None:
    """Shares as per cent, in as few digits as they need."""
    axis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:.10g} %"))
