"""The columns of a user's own table, as a Gaussian and as a Gaussian copula of their own values."""

from collections.abc import Iterator
from functools import partial

import numpy as np
from rich.table import Table

from collapse_sim.distributions.columns import Law, TableLearner
from collapse_sim.experiment.process import Curve, Process, Result
from collapse_sim.loop import Chain
from experiments.plain_table import plain_table
from experiments.recursion.family import Column, Family, Found, with_theory
from experiments.recursion.points import regimes_of
from experiments.recursion.settings import Settings
from experiments.recursion.table_columns import Columns, read_columns
from experiments.verdicts import number
from theory.distributions import gaussian, gaussian_accumulate

LAWS: dict[Law, str] = {"gaussian": "Gaussian", "copula": "copula"}

ROWS, GENERATIONS = 2000, 20
"""Most rows of a chain and fits in it, where no others are asked for."""

NUMBERS, FEWEST, MOST = 2**24, 16, 256
"""Numbers that all chains of a process may sort, and the fewest and most replicates."""

CHUNK = 8
SHOWN = (1, 2, 5, 10, 20, 50, 100)
"""Generations in the report, beside the last."""


def read(settings: Settings) -> Columns:
    """The columns of --data."""
    return read_columns(settings.data or "", settings.columns)


def processes(settings: Settings, columns: Columns) -> Iterator[Process]:
    """Every regime asked for, of either law."""
    rows, dim = columns.table.shape
    samples = settings.samples or min(rows, ROWS)
    if not dim + 2 <= samples <= rows:
        raise ValueError(
            f"--samples {samples}: accepted are integers from {dim + 2} to {rows}, the rows of "
            f"--data {columns.source}"
        )
    generations = settings.generations or GENERATIONS
    for law, variant in LAWS.items():
        learner = TableLearner.of(
            columns.table, law, names=columns.names, samples=samples, dtype=settings.dtype
        )
        for name in settings.regimes:
            grows = name in ("accumulate", "subsample")
            cost = samples * dim * generations * (generations if grows else 1)
            yield Process(
                name,
                Chain(learner, regimes_of(settings, samples)[name], generations),
                int(np.clip(NUMBERS // cost, FEWEST, MOST)),
                variant=variant,
                where={"samples": samples, "rows": rows, "dim": dim},
                chunk=CHUNK,
                closed=closed_forms(law, name, rows, samples),
            )


def closed_forms(law: Law, regime: str, rows: int, samples: int) -> dict[str, Curve]:
    """Mean variance of every column, as a share of the table's, where it is known.

    The draws of a copula's column are its own values with equal chances, whatever they are; so its
    variance is that of maximum likelihood on any law. The table's own, with the divisor `rows`, is
    not drawn: a sample without replacement has rows/(rows - 1) of it in the mean, unbiased.
    """
    formulas = {
        "replace": gaussian.replace_variance,
        "accumulate": gaussian_accumulate.accumulate_variance,
    }
    if regime not in formulas:
        return {}
    return {"variance": partial(_share, formulas[regime], rows, samples, law == "gaussian")}


def _share(formula, rows: int, samples: int, unbiased: bool, *, generation: int) -> float:
    own = formula(samples=samples, generation=generation, unbiased=unbiased)
    return rows / (rows - 1) * own


def _sentences(found: Found) -> Iterator[str]:
    for variant in LAWS.values():
        name = f"replace, {variant}"
        if not found.has(name):
            continue
        result = found.results[name]
        first, last = (found.percent(name, "tails", n) for n in (1, 0))
        text = (
            f"As a {variant}{' of their own values' * (variant == 'copula')}, fitted "
            f"{result.generations} times to {result.process.where['samples']:,} rows of the last "
            f"fit, the columns keep {number(found.percent(name, 'variance'))} % of their variance; "
            f"their mass beyond the human 1 % and 99 % quantiles goes from {number(first)} to "
            f"{number(last)} %"
        )
        if "correlation_error" in result.summary.moments:
            error = found.mean(name, "correlation_error")
            text += f", and correlations are off by {error} (root mean square)"
        yield f"{text}."


def _tables(found: Found) -> Iterator[Table]:
    """Tails and correlations by generation, under full resampling or the first regime asked for."""
    for variant in LAWS.values():
        of = [result for name, result in found.results.items() if name.endswith(f", {variant}")]
        if of:
            yield _by_generation(of[0])


def _by_generation(result: Result) -> Table:
    last = result.generations
    shown = sorted({n for n in SHOWN if n < last} | {last})
    shown = shown if len(shown) <= 6 else [*shown[:5], last]
    table = plain_table(f"{result.process.name}: tails and correlations by generation")
    table.add_column("", overflow="fold")
    for n in shown:
        table.add_column(str(n), justify="right", no_wrap=True)
    for measure in result.summary.moments:
        kind, _, of = measure.partition("/")
        if kind in ("tails", "correlation") and of:
            values = result.mean(measure)
            table.add_row(f"{kind} {of}", *(number(float(values[n - 1])) for n in shown))
    return table


FAMILY = Family(
    processes,
    table=(
        *with_theory("variance", "variance"),
        Column("its median", "variance", "median"),
        Column("tails at first", "tails", "mean", 0),
        Column("tails", "tails"),
        Column("correlations off", "correlation_error"),
    ),
    sentences=_sentences,
    tables=_tables,
    explained=(
        "Variance: mean over columns, a share of the table's. Tails: a model's mass beyond the "
        "table's 1 % and 99 % quantiles, 0.02 in the table. Correlations: of the Gaussian, or of "
        "the copula's normal scores, those of the table's most correlated pairs. A copula draws "
        "values of the table alone: what it has once not drawn is gone, and as values repeat they "
        "share ranks, which shrinks correlations. Means over chains; the "
        "interval of each stands in chains.parquet."
    ),
    given=read,
    verified=False,
)
