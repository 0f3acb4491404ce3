"""What a person sees in the terminal: 80 columns, whatever the terminal's width."""

import numpy as np
from rich.console import Console
from rich.table import Table
from verdicts import how_sure, verdict_table

from collapse_sim.certify import FAMILY_ERROR, Verdict, radius
from collapse_sim.replicates import Summary
from collapse_sim.run_directory import RunDirectory, RunError
from linear_lab.runner import Result
from linear_lab.settings import Settings

KINDS = {"exact": "", "averaged": "", "leading": "~"}


def measure_of(summary: Summary) -> str:
    """The measure whose mean is reported: without the heavy tail where there is a choice."""
    name = "scale_averaged_error"
    return name if name in summary.moments else "test_error"


def error_table(
    settings: Settings,
    base: float,
    results: list[Result],
    confidence_error: float,
) -> Table:
    """Test error of every process at its last generation, in units of the base error b."""
    table = Table(
        title=f"Test error after generation {settings.generations}, in units of b = {base:.6g}",
        title_justify="left",
        width=80,
        box=None,
        padding=(0, 1, 0, 0),
        header_style="bold",
    )
    table.add_column("regime", width=22)
    columns = ("simulated", 10), ("interval", 17), ("closed form", 12), ("bound", 6), ("edited", 8)
    for name, width in columns:
        table.add_column(name, justify="right", width=width)
    for result in results:
        process, prediction, summary = result.process, result.prediction, result.summary
        moments = summary.moments[measure_of(summary)]
        mean = moments.mean[-1] / base
        half = radius(summary.count, confidence_error) * np.sqrt(moments.variance[-1]) / base
        closed = "-"
        if prediction is not None:
            closed = f"{KINDS[prediction.kind]}{prediction.centre[-1] / base:.3f}"
        published = "2" if process.regime == "edit" else "-"
        edited = summary.moments["edited_fraction"].mean[-1]
        table.add_row(
            process.name,
            f"{mean:.3f}",
            f"{mean - half:.3f} - {mean + half:.3f}",
            closed,
            published,
            f"{100 * edited:.3g} %",
        )
    return table


def _verdicts(verdicts: list[Verdict], base: float) -> Table:
    """In units of b, but for ladders of sizes and laws of replicates."""

    def unit(verdict: Verdict) -> float:
        is_limit = isinstance(verdict.parameters.get("samples"), list)
        return 1.0 if is_limit or verdict.claim == "ref.replace_law" else base

    def on(verdict: Verdict) -> str:
        return str(verdict.parameters["process"]).removeprefix("edit ")

    return verdict_table(verdicts, on, unit)


def _number(value: float) -> str:
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.4g}"


def print_report(
    settings: Settings, base: float, results: list[Result], verdicts: list[Verdict]
) -> None:
    """Both tables and how sure they are."""
    console = Console(width=80, highlight=False)
    error = FAMILY_ERROR / max(len(verdicts), 1)
    console.print(error_table(settings, base, results, error))
    console.print()
    console.print(_verdicts(verdicts, base))
    count = sum(result.summary.count for result in results)
    console.print(
        "\nb is the error of the fit on human data; bound: 2b, as published; ~: to leading order "
        f"in d/T. {how_sure(verdicts)} {count:,} replicates."
    )


def print_stored(run: RunDirectory, base: float) -> None:
    """The verdicts of a run that was finished before."""
    console = Console(width=80, highlight=False)
    try:
        verdicts = [Verdict(**record) for record in run.verdicts()]
    except TypeError:  # a field that there is not, or one that is missing
        raise RunError(
            f"{run.path}: verdicts.json is of another version of collapse_sim; the same command "
            "without --resume makes it anew"
        ) from None
    console.print(_verdicts(verdicts, base))
    console.print(f"{run.path}: finished before, nothing to resume", soft_wrap=True)
