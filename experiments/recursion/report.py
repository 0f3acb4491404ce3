"""Report in the terminal: findings in plain sentences, then tables."""

from typing import NamedTuple

from rich.console import Console
from rich.table import Table

from collapse_sim.certify import Verdict
from collapse_sim.experiment.process import Result
from experiments.recursion.sentences import sentences
from experiments.recursion.settings import Settings
from experiments.verdicts import how_sure, number, verdict_table

NARROWEST = 60
"""Columns of a terminal below which tables are not made to fit."""


class Column(NamedTuple):
    """Column of a table: a statistic of one measure at one generation (-1: the last)."""

    title: str
    measure: str
    statistic: str = "mean"
    """mean, median, or closed: the closed form of the mean."""
    generation: int = -1


TABLES = {
    "gaussian": (
        Column("tails", "tail_mass", "median"),
        Column("variance", "variance", "median"),
        Column("its mean", "variance"),
        Column("theory", "variance", "closed"),
        Column("mean error", "squared_mean_error"),
        Column("theory", "squared_mean_error", "closed"),
    ),
    "categorical": (
        Column("tails", "tail_mass", "median"),
        Column("types", "surviving_types"),
        Column("theory", "surviving_types", "closed"),
        Column("heterozygosity", "heterozygosity"),
        Column("theory", "heterozygosity", "closed"),
    ),
    "mixture": (
        Column("tails", "tail_mass", "median"),
        Column("variance", "variance", "median"),
        Column("least weight", "least_weight", "median"),
        Column("KL at first", "kl", "mean", 0),
        Column("KL", "kl"),
    ),
    "kde": (
        Column("tails", "tail_mass", "median"),
        Column("variance", "variance"),
        Column("theory", "variance", "closed"),
        Column("KL at first", "kl", "mean", 0),
        Column("KL", "kl"),
    ),
    "sources": (
        Column("KL at first", "kl", "mean", 0),
        Column("KL", "kl"),
        Column("median", "kl", "median"),
        Column("L2", "l2_distance"),
    ),
    "selection": (
        Column("test error", "test_error"),
        Column("collapsed", "collapsed"),
        Column("variation", "total_variation"),
        Column("accuracy", "accuracy"),
    ),
    "forgetting": (
        Column("fits to one", "fits"),
        Column("several left", "several"),
        Column("test error", "test_error"),
        Column("variance", "variance"),
        Column("mean error", "squared_mean_error"),
    ),
    "contamination": (
        Column("error", "squared_distance"),
        Column("theory", "squared_distance", "closed"),
        Column("distance", "distance"),
        Column("theory", "distance", "closed"),
        Column("largest error", "largest_mean_error"),
        Column("test error", "test_error", "mean", 0),
    ),
    "corpora": (
        Column("excess", "excess"),
        Column("theory", "excess", "closed"),
        Column("heterozygosity", "heterozygosity"),
        Column("theory", "heterozygosity", "closed"),
        Column("lost", "test_error"),
        Column("alike", "alike"),
        Column("first type", "first_type"),
    ),
    "regressions": (
        Column("error", "scaled_error"),
        Column("theory", "scaled_error", "closed"),
        Column("separated", "separated"),
    ),
    "ridge": (
        Column("test error", "test_error"),
        Column("theory", "test_error", "closed"),
        Column("memory", "memory"),
        Column("theory", "memory", "closed"),
    ),
    "estimates": (
        Column("covered", "covered"),
        Column("theory", "covered", "closed"),
        Column("variance", "variance"),
        Column("drawn variance", "drawn_variance"),
        Column("mean error", "squared_mean_error"),
    ),
}

EXPLAINED = {
    "gaussian": (
        "Tails: the median model's chance of a point beyond 3 true standard deviations (the truth "
        "has 0.0027). Under full resampling the mean variance stays at 1 for ever while almost "
        "every chain loses its variance: {above:.1%} of the chains are above 1 and hold {held:.0%} "
        "of the mean. Read the median and the log-variance, not the mean."
    ),
    "categorical": "Tails: median mass left on the rarest types, a tenth of the true mass.",
    "mixture": "KL of the truth to the model, in nats. Tails: mass beyond 99.73 % of the truth.",
    "kde": "A kernel of fixed width adds its variance in every generation: the law diffuses.",
    "sources": (
        "KL in nats, each source of error alone. Functional errors are there at once; the "
        "statistical one grows with every generation."
    ),
    "selection": "",
    "forgetting": "",
    "contamination": (
        "Debiased: the model's part is taken out of every batch. Distance: of the mean of a model "
        "to its human points, as a share of the first. Test error: of the first model."
    ),
    "corpora": (
        "Excess: squared error above that of the human tokens alone. Lost: human mass of words "
        "that are known no more. Alike: chance that two tokens are of one type. First type: its "
        "probability."
    ),
    "regressions": (
        "Error: squared, in the norm of the Fisher information, by dimension; that of one fit to "
        "many rows is 1."
    ),
    "ridge": "Memory: share of true weights that are not 0 which is left in the mean fit.",
    "estimates": "Covered: share of usual 95 % intervals that hold the truth.",
}


def _value(result: Result, column: Column) -> float | None:
    if column.measure not in result.summary.moments:
        return None
    if column.statistic == "closed":
        closed = result.closed(column.measure)
        return None if closed is None else float(closed[column.generation])
    if column.statistic == "median":
        return float(result.quantile(column.measure, 0.5)[column.generation])
    return float(result.mean(column.measure)[column.generation])


def family_table(family: str, results: list[Result]) -> Table:
    """Table of a family: every process at its own last generation."""
    lengths = {result.generations for result in results}
    title = f"{family} after generation {max(lengths)}"
    if len(lengths) > 1:
        title = f"{family}, each process after its last generation"
    table = Table(
        title=title, title_justify="left", box=None, padding=(0, 1, 0, 0), header_style="bold"
    )
    table.add_column("regime", overflow="fold")  # the one that gives way
    shown = [
        column
        for column in TABLES[family]
        if any(_value(result, column) is not None for result in results)
    ]
    rows = [[number(_value(result, column)) for column in shown] for result in results]
    for column, cells in zip(shown, zip(*rows, strict=True), strict=True):
        longest = max(len(text) for text in (*cells, *column.title.split()))
        table.add_column(column.title, justify="right", min_width=longest)
    for result, cells in zip(results, rows, strict=True):
        if any(cell != "-" for cell in cells):
            table.add_row(result.process.name, *cells)
    return table


def explanation(family: str, results: list[Result]) -> str:
    """Explanation of the numbers of a family."""
    text = EXPLAINED[family]
    for result in results:
        if result.process.name == "replace" and "variance" in result.summary.sample:
            last = result.summary.sample["variance"][:, -1]
            above = last > 1
            return text.format(above=above.mean(), held=last[above].sum() / last.sum())
    return "" if "{" in text else text


def print_report(settings: Settings, results: list[Result], verdicts: list[Verdict]) -> None:
    """Print the findings, a table with its explanation for each family, and every verdict."""
    console = Console(highlight=False)
    console.width = max(console.width, NARROWEST)
    for sentence in sentences(settings, results, verdicts):
        console.print(sentence, markup=False)
    for family in dict.fromkeys(result.process.family for result in results):
        mine = [result for result in results if result.process.family == family]
        console.print()
        console.print(family_table(family, mine))
        if explained := explanation(family, mine):
            console.print(explained, markup=False)
    console.print()
    if verdicts:
        console.print(verdict_table(verdicts, lambda v: str(v.parameters["process"])))
        console.print()
    console.print(how_sure(verdicts), markup=False)
