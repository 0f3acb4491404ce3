"""Report in the terminal: the answer in sentences, then the numbers behind it."""

from collections.abc import Iterable, Iterator, Sequence

import numpy as np
from rich.console import Console
from rich.table import Table

from collapse_sim.certify import FAMILY_ERROR
from collapse_sim.experiment.process import Result
from collapse_sim.intervals import mean_interval
from collapse_sim.loaded import read_verdicts
from collapse_sim.run_directory import RunDirectory
from collapse_sim.verdict import Verdict
from experiments.linear.answers import answers, last_errors, reported_measure, stored_answers
from experiments.linear.settings import Settings
from experiments.plain_table import plain_table
from experiments.verdicts import how_sure, verdict_table

KINDS = {"exact": "", "averaged": "", "leading": "~"}
"""Signs before closed forms: `~` before one that is right to leading order in d/T."""


def error_table(settings: Settings, base: float, results: Sequence[Result], error: float) -> Table:
    """Test error of every process at its last generation, in units of the base error b.

    One line for each way to choose the rows: beside what the latest model makes of them stands what
    a frozen one does.
    """
    table = plain_table(
        f"Test error after generation {settings.generations}, in units of b = {base:.6g}"
    )
    table.add_column("data", overflow="fold")
    for title in ("latest writes", "theory", "frozen writes", "theory", "edited"):
        table.add_column(title, justify="right")
    for name, latest, frozen in _lines(results):
        shown = [cell for result in (latest, frozen) for cell in _cells(result, base, error)]
        some = latest or frozen
        assert some is not None
        edited = some.summary.moments["edited_fraction"].mean.sum()
        table.add_row(
            name, *shown, f"{100 * edited:,.0f} %" if edited >= 1 else f"{100 * edited:.3g} %"
        )
    return table


def _lines(results: Sequence[Result]) -> Iterator[tuple[str, Result | None, Result | None]]:
    """Processes side by side: by the latest model, and by a frozen one with the same masks."""
    frozen = {r.process.mask: r for r in results if r.process.variant == "frozen"}
    shown = set()
    for result in results:
        process = result.process
        if process.variant == "frozen":
            continue
        name = process.name.removeprefix("edit ")
        if process.variant == "external":
            yield name, None, result
        else:
            chained = process.variant == "chained"
            shown |= {process.mask} if chained else set()
            yield name, result, frozen.get(process.mask) if chained else None
    yield from ((mask, None, r) for mask, r in frozen.items() if mask not in shown)


def _cells(result: Result | None, base: float, error: float) -> tuple[str, str]:
    if result is None:
        return "", ""
    process, moments = result.process, result.summary.moments
    measure = reported_measure(result)
    finite = process.finite_moments.get(measure, np.inf) if measure == "test_error" else np.inf
    interval = moments[measure].mean[-1] / base, np.nan
    if finite > 2:
        low, high = mean_interval(moments[measure], -1, error, finite_moments=finite)
        interval = low / base, high / base
    closed = result.closed(measure)
    shown = "-" if closed is None else f"{KINDS[process.closed_kind]}{closed[-1] / base:.3f}"
    return f"{interval[0]:.3f} - {interval[1]:.3f}", shown


def _on(verdict: Verdict) -> str:
    return str(verdict.parameters["process"]).removeprefix("edit ")


def print_report(
    settings: Settings, base: float, results: Sequence[Result], verdicts: Sequence[Verdict]
) -> None:
    """The answer, both tables and how sure they are."""
    console = Console(highlight=False)
    _say(console, answers(settings.parameters(), last_errors(results, base), verdicts))
    error = FAMILY_ERROR / max(len(verdicts), 1)
    console.print()
    console.print(error_table(settings, base, results, error))
    console.print()
    console.print(verdict_table(verdicts, _on))
    count = sum(result.summary.count for result in results)
    console.print(
        "\nb is the error of the fit on human data; theory: closed forms, ~ to leading order in "
        f"d/T; edited: rows of all edits together. {count:,} replicates.\n{how_sure(verdicts)}"
    )


def print_stored(run: RunDirectory) -> None:
    """The verdicts of a run that was finished before."""
    console = Console(highlight=False)
    verdicts = read_verdicts(run)
    _say(console, stored_answers(run, verdicts))
    console.print()
    console.print(verdict_table(verdicts, _on))
    console.print(how_sure(verdicts))


def _say(console: Console, sentences: Iterable[str]) -> None:
    """Print the answer; where there is none, that there is none."""
    for sentence in list(sentences) or ["No answer: the verdicts below decide none of it."]:
        console.print(sentence)
