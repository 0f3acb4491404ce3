"""The tables of a plan."""

import math
from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from experiments.plain_table import plain_table
from experiments.planning.advice import advice, measured
from experiments.planning.assumptions import assumptions
from experiments.planning.calibration import Compared
from experiments.planning.options import Option
from experiments.planning.settings import Settings
from theory.claims import ledger

COLOURS = {"met": "green", "not met": "red", "not known": "yellow"}

MOST_ROUNDS = 5
"""Columns of rounds: of more, the first ones and the last."""


def print_plan(settings: Settings, options: Sequence[Option]) -> None:
    """Print sentences first, then numbers by round, then their assumptions."""
    console = Console(highlight=False)
    for sentence in advice(settings, options):
        console.print(Text(f"- {sentence}"))
    console.print()
    console.print(_costs(settings, options))
    console.print(
        "Excess loss in units of that of the human text alone, by round of writing and training.\n"
    )
    table = plain_table("Assumed")
    for name in ("needs", "here", "because"):
        table.add_column(name, overflow="fold")
    for needs, status, says in assumptions(settings, options):
        table.add_row(Text(needs), Text(status, COLOURS[status]), Text(says))
    console.print(table)
    console.print("\nOnly measured, on small models; nothing is proved:")
    for name, found in measured():
        console.print(Text(f"- {name}: {found}"))


def rounds_shown(settings: Settings) -> list[int]:
    """Rounds that have a column."""
    last = settings.rounds
    return list(range(1, last + 1)) if last <= MOST_ROUNDS else [1, 2, 3, last]


def _costs(settings: Settings, options: Sequence[Option]) -> Table:
    shown = rounds_shown(settings)
    table = plain_table(words=["what you do"], numbers=[*map(str, shown), "ever"])
    table.add_column("claim", overflow="fold")
    for option in options:
        exact = "~" if ledger()[option.claim].order == "leading" else ""
        table.add_row(
            option.name,
            *(f"{option.costs[number]:.2f}" for number in shown),
            "no end" if math.isinf(option.limit) else f"{option.limit:.2f}",
            f"{exact}{option.claim}",
        )
    return table


def print_calibration(compared: Sequence[Compared]) -> None:
    """Prediction beside measurement, in nats a token."""
    console = Console(highlight=False)
    table = plain_table("Calibrated on small models")
    for name in ("what was done", "round", "predicted", "measured"):
        table.add_column(name, justify="left" if name == "what was done" else "right")
    for one in compared:
        table.add_row(
            one.name,
            str(one.round),
            "the unit" if one.is_unit else f"{one.predicted:+.4f}",
            f"{one.measured:+.4f} ± {2 * one.error:.4f}",
        )
    console.print()
    console.print(table)
    console.print(
        "Held-out loss above that of the model trained on human text, nats a token: mean over "
        "seeds ± two standard errors, paired. The unit is what the first replacement costs; from "
        "it the claims above predict every other number."
    )
    others = [one for one in compared if not one.is_unit]
    agree = sum(one.agrees for one in others)
    above = sum(one.measured > one.predicted and not one.agrees for one in others)
    verdict = f"{agree} of {len(others)} predictions lie within two standard errors"
    if above:
        verdict += f", {above} fall short: such models lose more than a regression would"
    console.print(f"{verdict}.")
