"""Report in the terminal: the answer in sentences, then where each column passes the level."""

from collections.abc import Iterator, Sequence

import numpy as np
from rich.console import Console
from rich.table import Table

from collapse_sim.certify import FAMILY_ERROR
from experiments.phase.settings import Settings
from experiments.phase.strips import Map
from experiments.plain_table import plain_table
from experiments.verdicts import INDEPENDENT

SHOWN = 8
"""Lines of the table."""

WRITES = {
    "latest": "Written by the latest model on the latest rows",
    "frozen": "Written by one frozen model",
    "anchored": "Written by the latest model, all other rows human",
    "diverse": "From near diversity",
    "collapsed": "From collapse",
}
OFF = 0.05
"""Share by which a formula is off that the intervals must refuse."""


def print_report(settings: Settings, maps: Sequence[Map]) -> None:
    """The answer, the table of boundaries and how sure they are."""
    console, level = Console(highlight=False), settings.level
    sentences = _edits if settings.map == "editing" else _mixtures
    for found in maps:
        console.print(sentences(found, level))
    console.print()
    console.print(boundary_table(settings, maps))
    console.print()
    for line in _how_sure(settings, maps):
        console.print(line)


def boundary(sides: np.ndarray, up: Sequence[float], rises: bool) -> tuple[float, float]:
    """Between which values a column passes the level: (last surely before, first surely after).

    -inf or inf where it is on no side there. A column that falls is over the level at first.
    """
    first = -1 if rises else 1
    after = np.flatnonzero(sides == -first)
    end = after[0] if len(after) else len(up)
    before = np.flatnonzero(sides[:end] == first)
    return (
        float(up[before[-1]]) if len(before) else -np.inf,
        float(up[end]) if len(after) else np.inf,
    )


def boundary_table(settings: Settings, maps: Sequence[Map]) -> Table:
    """Table of the points where each column passes the level, by simulation and by theory."""
    editing, panel = settings.map == "editing", maps[0].panel
    what = f"Generation that passes {settings.level:g} b" if editing else "Human share needed"
    table = plain_table(f"{what}: after - by")
    table.add_column("edited" if editing else "temperature", justify="right")
    for found in maps:
        table.add_column(found.panel.name, justify="right")
        table.add_column("theory", justify="right")
    lines = np.unique(np.linspace(0, len(panel.across) - 1, SHOWN).round().astype(int))
    for i in lines:
        at = panel.across[i]
        cells = [cell for found in maps for cell in _cells(found, i, settings.level)]
        table.add_row(f"{100 * at:g} %" if editing else f"{at:g}", *cells)
    return table


def _cells(found: Map, i: int, level: float) -> tuple[str, str]:
    panel = found.panel
    simulated = boundary(found.sides(level)[i], panel.up, panel.rises)
    known = boundary(found.known_sides(level)[i], panel.up, panel.rises)
    return _between(*simulated), _between(*known)


def _between(after: float, by: float) -> str:
    if np.isinf(by):
        return "-" if np.isinf(after) else f"> {after:g}"
    return f"< {by:g}" if np.isinf(after) else f"{after:g} - {by:g}"


def _edits(found: Map, level: float) -> str:
    """Sentence on one writer, by simulated intervals alone."""
    panel, side = found.panel, found.sides(level)
    n, over = panel.up[-1], (side == 1).any(axis=1)
    safe = [rate for rate, column in zip(panel.across, side, strict=True) if (column == -1).all()]
    limit = f"{level:g} b for all {n} generations"
    text = f"{WRITES[panel.name]}, edits keep the test error under {limit} "
    text += f"at edit rates up to {100 * max(safe):g} %" if safe else "at no edit rate"
    if not over.any():
        under = 100 * (side == -1).mean()
        rest = "" if under == 100 else ", and too near to tell at the rest"
        return f"{text}; they are over it nowhere, under it at {under:.0f} % of all points{rest}."
    first = int(np.argmax(over))
    middle = int(np.argmin(np.abs(np.array(panel.across) - max(0.3, panel.across[first]))))
    after, by = boundary(side[middle], panel.up, panel.rises)
    text += f", and pass it from {100 * panel.across[first]:g} % on"
    passes = "" if np.isinf(by) else f" (after generation {after:g}, by {by:g})"
    return f"{text}; at {100 * panel.across[middle]:g} %{passes or ' it is undecided when'}."


def _mixtures(found: Map, level: float) -> str:
    """Sentence on one start, by simulated intervals alone."""
    panel, side = found.panel, found.sides(level)
    middle = int(np.argmin(np.abs(np.array(panel.across) - 0.7)))
    after, by = boundary(side[middle], panel.up, panel.rises)
    keeps = "keeps" if panel.name == "diverse" else "brings back"
    share = "no human share here" if np.isinf(by) else f"a human share of {by:g}"
    less = "" if np.isinf(after) else f" and one of {after:g} does not"
    return (
        f"{WRITES[panel.name]}, at temperature {panel.across[middle]:g} {share} {keeps} diversity"
        f"{less}; the first word stays under {level:g} times its human frequency at "
        f"{100 * (side == -1).mean():.0f} % of all points."
    )


def _how_sure(settings: Settings, maps: Sequence[Map]) -> Iterator[str]:
    level = settings.level
    side = np.concatenate([found.sides(level).ravel() for found in maps])
    count = {name: int((side == value).sum()) for name, value in _SIDES.items()}
    yield (
        f"{len(side):,} points of {settings.draws:,} replicates: "
        + ", ".join(f"{number:,} {name}" for name, number in count.items())
        + f". The chance that any is wrong is at most {FAMILY_ERROR:g}, {INDEPENDENT}."
    )
    against = sum(contradicted(found, level) for found in maps)
    missed = {shift: sum(missed_points(found, 1 + shift) for found in maps) for shift in _SHIFTS}
    yield (
        f"Theory is on the other side at {against:,} points. Its value lies outside the interval "
        f"at {missed[0]:,} of them; were it {100 * OFF:g} % higher, at {missed[OFF]:,}, and "
        f"{100 * OFF:g} % lower, at {missed[-OFF]:,}."
    )


_SIDES = {"under": -1, "over": 1, "undecided": 0}
_SHIFTS = (0, OFF, -OFF)


def contradicted(found: Map, level: float) -> int:
    """Points that are surely on another side than theory's value."""
    return int((found.sides(level) * found.known_sides(level) == -1).sum())


def missed_points(found: Map, factor: float) -> int:
    """Points whose interval does not hold theory's value times a factor."""
    value = factor * found.predicted
    return int(((value < found.low) | (value > found.high)).sum())
