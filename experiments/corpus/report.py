"""`collapse-sim edit --report DIR`: what a run did, as tables, report.json and a figure."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from collapse_sim.corpus.corpus_run import CorpusRun
from collapse_sim.corpus.work import DECILES
from collapse_sim.run_directory import RunDirectory, RunError
from experiments.corpus.dry_run import significant
from experiments.corpus.measured import measured

SHARES = {
    "eligible": "eligible",
    "changed": "changed",
    "expected_changed": "changed, expected",
    "changed_of_eligible": "changed, of the eligible",
    "dropped": "dropped",
    "concentration": "word pairs in the top 1 %",
    "concentration_after": "the same after the edit",
    "concentration_gained": "gained",
}
CHAINED = {"changed": "changed, in all passes", "expected_changed": "expected, in the first"}
"""Labels of a run of several chained passes."""
PERPLEXITIES = {"perplexity": "perplexity", "perplexity_after": "perplexity after the edit"}
FILES_SHOWN = 20


def report(path: Path) -> None:
    """Write report.json and the figure into the run, and print both tables.

    Raises RunError for a directory without a run of `edit`, or without a finished file.
    """
    run = RunDirectory(path)
    if not run.has_config() or run.config().get("experiment") != "corpus_edit":
        raise RunError(f"--report {path}: accepted is the directory of a run of collapse-sim edit")
    corpus = CorpusRun(path)
    if not corpus.records():
        raise RunError(f"--report {path}: no file is finished yet; --resume goes on")
    corpus.merge()
    found = measured(corpus)
    run.write_json("report.json", found)
    console = Console(markup=False)  # names of files may hold brackets
    console.print(_overall(found["all"]))
    console.print(_deciles(found["all"]["shares"]))
    if len(found["files"]) > 1:
        console.print(_files(found["files"]))
    counts = found["all"]["counts"]
    rows, written, rejected = (counts[name] for name in ("rows", "written", "rejected"))
    print(f"{rows:,} rows read = {written:,} written + {rejected:,} rejected")
    if found["unfinished"]:
        print(f"{found['unfinished']} files are not finished and not counted")
    if "concentration" not in found["all"]["shares"]:
        print(
            "word pairs are not counted: there are none after the edit, or the files that were "
            "read are gone or have changed"
        )
    _draw(run)
    print(f"{path}: report.json, report.png, .pdf, .svg")


def _draw(run: RunDirectory) -> None:
    from paper_figs.corpus_edit import draw
    from paper_figs.style import save

    save(draw(run), run.path, "report")


def _overall(found: dict[str, Any]) -> Table:
    counts, shares = found["counts"], found["shares"]
    title = f"{counts['tokens']:,} tokens of {counts['written']:,} documents"
    table = Table("", "value", "95 % interval", title=title, title_justify="left")
    chained = "changed_of_eligible" not in shares
    for name, label in (SHARES | CHAINED if chained else SHARES).items():
        if name in shares:
            value, low, high = shares[name]
            table.add_row(label, significant(value), _interval(significant(low), significant(high)))
    for name, label in PERPLEXITIES.items():
        if name in shares:
            value, low, high = shares[name]
            table.add_row(label, f"{value:.2f}", _interval(f"{low:.2f}", f"{high:.2f}"))
    passes = counts["passes"] if len(counts["passes"]) > 1 else []
    for number, counted in enumerate(passes, start=1):
        said = f"{counted['eligible']:,} eligible, {counted['changed']:,} changed"
        left = f"{counted['left']:,} left: context moved" if number > 1 else "-"
        table.add_row(f"pass {number}", said, left)
    return table


def _deciles(shares: dict[str, Sequence[float]]) -> Table:
    table = Table("probability", "share of the tokens", "95 % interval")
    for tenth, name in enumerate(DECILES):
        value, low, high = shares[name]
        table.add_row(
            f"{tenth / 10:.1f} to {(tenth + 1) / 10:.1f}",
            significant(value),
            _interval(significant(low), significant(high)),
        )
    return table


def _files(files: dict[str, Any]) -> Table:
    table = Table("file", "tokens", "eligible", "changed", "dropped", "perplexity", "rejected")
    for name, found in list(files.items())[:FILES_SHOWN]:
        counts, shares = found["counts"], found["shares"]
        table.add_row(
            name,
            f"{counts['tokens']:,}",
            *(significant(shares[share][0]) for share in ("eligible", "changed", "dropped")),
            f"{shares['perplexity'][0]:.2f}" if counts["tokens"] else "-",
            f"{counts['rejected']:,}",
        )
    if len(files) > FILES_SHOWN:
        table.caption = f"and {len(files) - FILES_SHOWN:,} more in report.json"
    return table


def _interval(low: str, high: str) -> str:
    return f"{low} to {high}" if "-" not in (low, high) else "-"
