"""Verdicts in the terminal: one table for every experiment, in 80 columns, and how sure it is."""

from collections.abc import Callable, Sequence

import numpy as np
from rich.table import Table
from rich.text import Text

from collapse_sim.certify import FAMILY_ERROR, Verdict

COLOURS = {"holds": "green", "violated": "red", "undecided": "magenta"}
"""Other verdicts are yellow."""

TITLES = ("claim", "on", "predicted", "interval", "verdict")
WIDTH = 80


def verdict_table(
    verdicts: Sequence[Verdict],
    on: Callable[[Verdict], str],
    unit: Callable[[Verdict], float] = lambda _: 1.0,
) -> Table:
    """Every verdict: what it was decided `on`, what was predicted and measured, in a `unit`.

    What it was decided on is cut where the line is full. The relation `->` is a limit as d/T -> 0.
    """
    cells = []
    for verdict in verdicts:
        predicted, interval = "-", "-"
        if verdict.predicted is not None and verdict.interval is not None:
            predicted = f"{verdict.relation} {number(verdict.predicted / unit(verdict))}"
            interval = " - ".join(number(end / unit(verdict)) for end in verdict.interval)
        cells.append((verdict.claim, on(verdict), predicted, interval, verdict.verdict))
    widths = [max(map(len, column)) for column in zip(TITLES, *cells, strict=True)]
    widths[1] = min(widths[1], WIDTH + widths[1] - sum(widths) - len(TITLES))
    table = Table(title="Verdicts", title_justify="left", box=None,
                  padding=(0, 1, 0, 0), header_style="bold")  # fmt: skip
    for title, width in zip(TITLES, widths, strict=True):
        is_number = title in ("predicted", "interval")
        table.add_column(title, width=width, justify="right" if is_number else "left", no_wrap=True)
    for *row, verdict in cells:
        table.add_row(*row, Text(verdict, style=COLOURS.get(verdict, "yellow")))
    return table


def number(value: float | None) -> str:
    """Four significant digits; `-` for none and nan."""
    if value is None or np.isnan(value):
        return "-"
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return f"{value:.4g}"
    return f"{value:.1e}"


def how_sure(verdicts: Sequence[Verdict], assuming: str = "") -> str:
    """The chance of a wrong verdict, under an assumption where there is one."""
    if not verdicts:
        return "No claim is about this run."
    undecided = sum(verdict.verdict == "undecided" for verdict in verdicts)
    return (
        f"The chance that any of the {len(verdicts)} verdicts is wrong is at most "
        f"{FAMILY_ERROR:g}{assuming and f', {assuming}'}."
        + (f" {undecided} undecided: more replicates or seeds may decide." if undecided else "")
    )
