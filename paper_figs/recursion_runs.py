"""The processes of a run of experiments/curse_of_recursion.py, as lines in plain words."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from collapse_sim.run_directory import RunDirectory
from paper_figs import style
from paper_figs.chains import Curve
from paper_figs.curves import draw_points, scale_generations

MOST_POINTS = 12

NAMES = {
    "human_only": "human data only",
    "replace": "full resampling",
    "accumulate": "accumulate",
    "subsample": "accumulate, subsample",
    "edit": "edits, chained",
    "edit_anchored": "edits, anchored",
}

MARKS = {
    "edit": style.Mark(style.SKY, "o"),
    "edit_anchored": style.Mark(style.RED, "D"),
    **{name: style.MARKS[name] for name in ("human_only", "replace", "keep_human", "accumulate")},
    "subsample": style.MARKS["subsample"],
    "fresh_human": style.Mark(style.BLUE, "v"),
    "debiased": style.Mark(style.BLUE, "s"),
    "pooled": style.Mark(style.ORANGE, "o"),
}

SOURCES = {
    "none": style.Mark(style.GREY, "X"),
    "few points": style.Mark(style.BLACK, "^"),
    "one Gaussian": style.Mark(style.RED, "s"),
    "few EM steps": style.Mark(style.ORANGE, "o"),
    "float16 sums": style.Mark(style.BLUE, "v"),
    "all": style.Mark(style.PURPLE, "D"),
}


def mark_of(curve: Curve) -> style.Mark:
    """Colour and marker of a process."""
    return SOURCES.get(curve.variant) or MARKS.get(curve.regime, style.OWN_MASKS)


def plain_name(line: Curve, run: RunDirectory) -> str:
    """Name of a process in few words."""
    kept = 100 * run.config()["parameters"]["human_share"]
    if line.regime in ("keep_human", "fresh_human"):
        return f"{'keep' if line.regime == 'keep_human' else 'new'} {kept:.3g} % human"
    return NAMES.get(line.regime, line.regime)


def draw_means(ax: Axes, lines: Sequence[Curve]) -> None:
    """Simulated means as points; the closed form, where there is one, as a line through them."""
    for line in lines:
        known = np.isfinite(line.predicted).all()
        ax.plot(
            line.generation,
            line.predicted if known else line.mean,
            color=mark_of(line).colour,
            zorder=2,
            linewidth=1.0 if known else 0.7,
            linestyle="-" if known else ":",
        )
        count = len(line.generation)
        shown = np.unique(np.linspace(0, count - 1, min(count, MOST_POINTS)).round().astype(int))
        x, mean, half_width = line.generation[shown], line.mean[shown], line.half_width[shown]
        draw_points(ax, x, mean, half_width, mark_of(line))


def draw_medians(ax: Axes, lines: Sequence[Curve]) -> None:
    """The median chain, as a dashed line."""
    for line in lines:
        ax.plot(line.generation, line.median, color=mark_of(line).colour, linestyle="--", zorder=2)


def mean_ends(lines: Sequence[Curve], run: RunDirectory) -> list[style.End]:
    """The names of the processes, where their means end."""
    return [
        style.End(plain_name(line, run), float(line.mean[-1]), mark_of(line).colour)
        for line in lines
    ]


def told_apart(lines: Sequence[Curve], run: RunDirectory) -> list[style.End]:
    """The names of processes by what differs between them: regimes, variants, or both."""
    variants = {line.variant for line in lines}
    one_regime = len({line.regime for line in lines}) == 1
    if len(variants) == 1:
        return mean_ends(lines, run)
    return [
        end._replace(text=line.variant if one_regime else f"{end.text}, {line.variant}")
        for line, end in zip(lines, mean_ends(lines, run), strict=True)
    ]


def finish(ax: Axes, lines: Sequence[Curve], title: str) -> None:
    scale_generations(ax, int(max(line.generation[-1] for line in lines)))
    ax.set_title(title)
    ax.set_xlabel("generation (1: human data)")


def draw_key(figure: Figure, *, medians: bool = False) -> None:
    """Draw the key of points and lines."""
    points = style.key_point(figure.axes[0], "simulated mean, 95 % interval")
    handles = [points, Line2D([], [], color=style.NEUTRAL, label="closed form")]
    if medians:
        handles.append(Line2D([], [], color=style.NEUTRAL, linestyle="--", label="median chain"))
    figure.legend(handles=handles, loc="outside upper left", ncols=3, columnspacing=1.5)
