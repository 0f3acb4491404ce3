"""The processes of a run of experiments/curse_of_recursion.py, as lines in plain words."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from collapse_sim.run_directory import RunDirectory
from paper_figs import style
from paper_figs.chains import Curve
from paper_figs.curves import draw_curve, scale_generations

NAMES = {
    "human_only": "human data only",
    "replace": "full resampling",
    "accumulate": "accumulate",
    "subsample": "accumulate, subsample",
    "edit": "edits, chained",
    "edit_anchored": "edits, anchored",
}


def plain_name(line: Curve, run: RunDirectory) -> str:
    """Name of a process in few words."""
    kept = 100 * run.config()["parameters"]["human_share"]
    if line.regime in ("keep_human", "fresh_human"):
        return f"{'keep' if line.regime == 'keep_human' else 'new'} {kept:.3g} % human"
    return NAMES.get(line.regime, line.regime)


def draw_means(ax: Axes, lines: Sequence[Curve]) -> None:
    """Simulated means as points; the closed form, where there is one, as a line through them."""
    for line in lines:
        draw_curve(ax, line)


def draw_medians(ax: Axes, lines: Sequence[Curve]) -> None:
    """The median chain, as a line of dashes and dots."""
    for line in lines:
        ax.plot(line.generation, line.median, color=line.mark.colour, linestyle="-.", zorder=2)


def mean_ends(lines: Sequence[Curve], run: RunDirectory) -> list[style.End]:
    """The names of the processes, where their means end."""
    return [
        style.End(plain_name(line, run), float(line.mean[-1]), line.mark.colour) for line in lines
    ]


def told_apart(lines: Sequence[Curve], run: RunDirectory) -> list[style.End]:
    """The names of processes by their differences: regimes, variants, or both."""
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


def median_key() -> Line2D:
    """The key of a median's line."""
    return Line2D([], [], color=style.NEUTRAL, linestyle="-.", label="median chain")
