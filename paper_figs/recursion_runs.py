"""The processes of a run of experiments/curse_of_recursion.py, as lines in plain words; panels."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Protocol

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from collapse_sim.run_directory import RunDirectory
from paper_figs import style
from paper_figs.chains import Curve, families, read_curves
from paper_figs.curves import LINES, NAMES, draw_curve, key_of, scale_generations
from paper_figs.panels import new_panels

REGIMES = {
    "human_only": "human data only",
    "replace": "full resampling",
    "accumulate": "accumulate",
    "subsample": "accumulate, subsample",
    "edit": "edits, chained",
    "edit_anchored": "edits, anchored",
}
FIRST = "first"
"""Stands for the variant of the first process."""


def plain_name(line: Curve, run: RunDirectory) -> str:
    """Name of a process in few words."""
    kept = 100 * run.config()["parameters"]["human_share"]
    if line.regime in ("keep_human", "fresh_human"):
        return f"{'keep' if line.regime == 'keep_human' else 'new'} {kept:.3g} % human"
    return REGIMES.get(line.regime, line.regime)


def draw_means(ax: Axes, lines: Sequence[Curve]) -> None:
    """Simulated means as points; the closed form, where there is one, as a line through them."""
    for line in lines:
        draw_curve(ax, line)


def draw_medians(ax: Axes, lines: Sequence[Curve]) -> None:
    """The median chain, as a line of dashes and dots."""
    for line in lines:
        look = {"color": line.mark.colour, "zorder": 2, "label": f"_{NAMES['median']}"}
        ax.plot(line.generation, line.median, **look, **LINES["median"])


def mean_ends(lines: Sequence[Curve], run: RunDirectory) -> list[style.End]:
    """The names of the processes, where their means end."""
    return [line.end(plain_name(line, run)) for line in lines]


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


class DrawFamily(Protocol):
    """Draws one family of a run, and returns the names of its lines."""

    def __call__(self, ax: Axes, run: RunDirectory, family: str) -> list[style.End]: ...


@dataclass(frozen=True)
class Panel:
    """Means of one measure against their closed forms, generation by generation."""

    measure: str
    title: str
    """With {variant} where that of the first process shown stands."""
    regime: str | None = None
    """The only one shown; all where none is named."""
    variant: str | None = None
    """The only one shown, "" of processes that have none; all where none is named."""
    scale: Callable[[Axes], object] = lambda ax: None
    """Scales the y axis."""

    def __call__(self, ax: Axes, run: RunDirectory, family: str) -> list[style.End]:
        lines = read_curves(run, self.measure, family=family)
        variant = lines[0].variant if self.variant == FIRST else self.variant
        lines = [
            line
            for line in lines
            if self.regime in (None, line.regime) and variant in (None, line.variant)
        ]
        draw_means(ax, lines)
        self.scale(ax)
        title = self.title.format(variant=lines[0].variant)
        finish(ax, lines, title[:1].upper() + title[1:])
        return told_apart(lines, run)


@dataclass(frozen=True)
class FamilyFigure:
    """Figure of some families, each with a panel; a run may lack some of them."""

    panels: Sequence[tuple[str, DrawFamily]]

    def can_draw(self, run: RunDirectory) -> bool:
        return any(family in families(run) for family, _ in self.panels)

    @style.context()
    def draw(self, run: RunDirectory, width: float = style.PAGE) -> Figure:
        shown = [panel for panel in self.panels if panel[0] in families(run)]
        page = new_panels(len(shown), width=width)
        ends = page.draw([partial(draw, run=run, family=family) for family, draw in shown])
        return page.finish(key_of(page.axes), ends=ends)
