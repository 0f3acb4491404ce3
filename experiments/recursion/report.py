"""Report in the terminal: findings in plain sentences, then tables."""

from collections.abc import Iterator, Mapping, Sequence

from rich.console import Console
from rich.table import Table

from collapse_sim.experiment.process import Result
from collapse_sim.verdict import Verdict
from experiments.plain_table import plain_table
from experiments.recursion.families import family_of
from experiments.recursion.family import Column, Found
from experiments.recursion.settings import Settings
from experiments.seeds import how_sure_over_seeds
from experiments.verdicts import how_sure, number, verdict_table

NARROWEST = 60
"""Columns of a terminal below which tables are not made to fit."""


def by_family(
    settings: Settings, results: Sequence[Result], verdicts: Sequence[Verdict]
) -> dict[str, Found]:
    """Results by the family's name."""
    return {
        family: Found(
            settings,
            {r.process.name: r for r in results if r.process.family == family},
            [v for v in verdicts if v.parameters.get("family") == family],
        )
        for family in dict.fromkeys(result.process.family for result in results)
    }


def sentences(
    settings: Settings, found: Mapping[str, Found], verdicts: Sequence[Verdict]
) -> Iterator[str]:
    """Sentences on each family, and the number of decided claims."""
    if settings.preset == "quick":
        yield "A smoke test: too few replicates to decide equalities within 1 %."
    for family, own in found.items():
        yield from family_of(family).sentences(own)
    if verdicts:
        outcomes = [verdict.verdict for verdict in verdicts]
        rest = [
            f"{outcomes.count(name)} {name}" for name in dict.fromkeys(outcomes) if name != "holds"
        ]
        count = f"{outcomes.count('holds')} of {len(outcomes)} claims hold"
        yield f"{', '.join([count, *rest])}."


def family_table(family: str, columns: Sequence[Column], results: Sequence[Result]) -> Table:
    """Table of a family: every process at its own last generation."""
    lengths = {result.generations for result in results}
    title = f"{family} after generation {max(lengths)}"
    if len(lengths) > 1:
        title = f"{family}, each process after its last generation"
    table = plain_table(title)
    table.add_column("regime", overflow="fold")  # the one that gives way
    shown = [
        column for column in columns if any(column.value(result) is not None for result in results)
    ]
    rows = [[number(column.value(result)) for column in shown] for result in results]
    for column, cells in zip(shown, zip(*rows, strict=True), strict=True):
        longest = max(len(text) for text in (*cells, *column.title.split()))
        table.add_column(column.title, justify="right", min_width=longest)
    for result, cells in zip(results, rows, strict=True):
        if any(cell != "-" for cell in cells):
            table.add_row(result.process.name, *cells)
    return table


def print_report(settings: Settings, results: list[Result], verdicts: list[Verdict]) -> None:
    """Print the findings, a table with its explanation for each family, and every verdict."""
    console = Console(highlight=False)
    console.width = max(console.width, NARROWEST)
    found = by_family(settings, results, verdicts)
    for sentence in sentences(settings, found, verdicts):
        console.print(sentence, markup=False)
    for name, own in found.items():
        family = family_of(name)
        console.print()
        console.print(family_table(name, family.table, list(own.results.values())))
        for table in family.tables(own):
            console.print()
            console.print(table)
        told = family.explained(own) if callable(family.explained) else family.explained
        if told:
            console.print(told, markup=False)
    console.print()
    if verdicts:
        console.print(verdict_table(verdicts, lambda v: str(v.parameters["process"])))
        console.print()
    sure = how_sure(verdicts)
    if verdicts and all("seeds" in verdict.parameters for verdict in verdicts):
        sure = how_sure_over_seeds(verdicts, "these data and one classifier")
    console.print(sure, markup=False)
