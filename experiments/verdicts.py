"""Verdicts in the terminal: one table for every experiment, and how sure it is."""

from collections.abc import Callable, Sequence

import numpy as np
from rich.table import Table
from rich.text import Text

from collapse_sim.certify import FAMILY_ERROR, NOT_BEGUN
from collapse_sim.verdict import Verdict, rounded_up
from experiments.plain_table import plain_table

COLOURS = {"holds": "green", "violated": "red", "undecided": "magenta"}
"""Colours of verdicts; others are yellow."""

INDEPENDENT = "for independent replicates, as many as the normal limit needs"
"""Assumption behind the chance of a wrong verdict where replicates are simulated."""


def process_of(verdict: Verdict) -> str:
    """The process that a verdict is about."""
    return str(verdict.parameters["process"])


def verdict_table(verdicts: Sequence[Verdict], on: Callable[[Verdict], str]) -> Table:
    """Table of verdicts, two lines each: the claim and its subject (`on`), predicted and measured.

    The relation `->` is a limit as d/T -> 0, `~` a whole law. After `±` stands the tolerance, and
    beside `holds` what the claim holds within.
    """
    table = plain_table("Verdicts")
    table.add_column("claim", overflow="fold")  # the one that gives way
    for title in ("predicted", "interval"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for verdict in verdicts:
        outcome = Text(_broken(in_words(verdict)), style=COLOURS.get(verdict.verdict, "yellow"))
        about = Text.assemble(verdict.claim, "\n  ", (on(verdict), "dim"))
        table.add_row(about, *_numbers(verdict), outcome)
    return table


def _numbers(verdict: Verdict) -> tuple[str, str]:
    if verdict.predicted is None or verdict.interval is None:
        return "-", "-"
    tolerance = f"\n± {percent(verdict.tolerance)}" if verdict.tolerance else ""
    predicted = f"{verdict.relation} {number(verdict.predicted / verdict.unit)}{tolerance}"
    low, high = (number(end / verdict.unit) for end in verdict.interval)
    return predicted, f"{low} -\n{high}"


def _broken(words: str) -> str:
    """Break words into two lines, the first at most as long as `assumption` or `holds within`."""
    first = next((w for w in ("holds within", "assumption") if words.startswith(w)), words)
    return first + words[len(first) :].replace(" ", "\n", 1)


def in_words(verdict: Verdict) -> str:
    """Verdict in words; where a tolerance was allowed, with the deviation it holds within."""
    if verdict.verdict == "holds" and verdict.tolerance and verdict.within:
        return f"holds within {percent(verdict.within)}"
    return verdict.verdict


def percent(share: float) -> str:
    """A share in per cent, to two digits, rounded up: nothing is said to be closer than it is."""
    value = 100 * share
    if value <= 0 or not np.isfinite(value):
        return f"{value:g} %"
    unit = 10.0 ** (np.floor(np.log10(value)) - 1)
    return f"{np.ceil(value / unit - 1e-9) * unit:.2g} %"


def number(value: float | None) -> str:
    """Four significant digits; `-` for none and nan."""
    if value is None or np.isnan(value):
        return "-"
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return f"{value:.4g}"
    return f"{value:.1e}"


def how_sure(verdicts: Sequence[Verdict], assuming: str = INDEPENDENT) -> str:
    """Sentences on the chance of a wrong verdict, the negative controls and undecided claims."""
    if not verdicts:
        return "No claim is about this run."
    lines = [chance_of_error(verdicts, assuming), *controls_caught(verdicts)]
    undecided = [verdict for verdict in verdicts if verdict.verdict == "undecided"]
    begun = [verdict for verdict in undecided if verdict.note != NOT_BEGUN]
    if len(begun) < len(undecided):
        lines.append(f"Undecided: {len(undecided) - len(begun)} not begun, out of time.")
    lines += [
        f"Undecided: {verdict.claim} on {verdict.parameters.get('process', 'this run')}; "
        f"{verdict.what_decides}."
        for verdict in begun
    ]
    return "\n".join(lines)


def chance_of_error(verdicts: Sequence[Verdict], assuming: str = INDEPENDENT) -> str:
    """A sentence on the chance that any is wrong: a run's own, or the sum where that is more."""
    any_verdict = "the verdict" if len(verdicts) == 1 else f"any of the {len(verdicts)} verdicts"
    every = sum(1 - verdict.confidence for verdict in verdicts)
    chance = max(FAMILY_ERROR, rounded_up(every, digits=2))
    return f"The chance that {any_verdict} is wrong is at most {chance:.2g}, {assuming}."


def controls_caught(verdicts: Sequence[Verdict]) -> list[str]:
    """A sentence on the negative controls, where there are any."""
    controls = [verdict.control for verdict in verdicts if verdict.control is not None]
    if not controls:
        return []
    return [
        f"{sum(controls)} of {len(controls)} negative controls caught: the same formulas off "
        "by 2 % (5 % where they are of leading order) do not hold."
    ]
