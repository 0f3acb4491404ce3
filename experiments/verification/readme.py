"""Quotations of runs in README.md and docs/, held against finished runs.

A comment above a table says which command makes its numbers. A row with a claim is held against the
verdicts about its process: the formula's number, the interval, the word. A row that begins with a
command counts that run's verdicts. A table whose comment says what each column shows is held
against chains. A run of the very parameters must show every digit; one that looked more or less
closely at the same processes must not contradict. The sentences of a terminal's output below such a
comment must be those that a run of the very parameters answers.
"""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from experiments.claims import tally
from experiments.verification.markdown import Table, quoted, tables
from experiments.verification.quoted_output import outputs
from experiments.verification.quoted_rows import Difference, QuotedRow
from experiments.verification.quoted_runs import QuotedRun, made_by
from theory import ledger

ROOT = Path(__file__).parents[2]
"""Checkout in which this file lies."""

CLAIM = re.compile(r"\w+\.\w+")

TALLY = re.compile(r"\d+\s+claims:\s[^.]*\.")
"""Sentence on the ledger, as `collapse-sim claims` prints it."""


@dataclass
class Comparison:
    """Findings on the files."""

    different: list[str] = field(default_factory=list)
    agreed: Counter[str] = field(default_factory=Counter)
    """Rows by run."""
    unchecked: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Rows by table and command."""

    def note(self, where: str, name: str, differences: Sequence[Difference]) -> None:
        """Count a row, or say in what it differs."""
        self.different += [f"{where}: says {says}; {name}: {so}" for says, so in differences]
        self.agreed[name] += not differences


def check_readme(runs: Sequence[Path]) -> int:
    """Compare and print; returns the exit status, 1 where something differs."""
    found, finished = Comparison(), read_runs(runs)
    for path in documents():
        compare(str(path.relative_to(ROOT)), path.read_text(encoding="utf-8"), finished, found)
    for line in found.different:
        print(line)
    for name, rows in (+found.agreed).items():
        print(f"agree with {name}: {rows}")
    for (where, command), rows in found.unchecked.items():
        print(f"not checked at {where}, for want of a run of {command}: {rows}")
    agreed, unchecked = found.agreed.total(), found.unchecked.total()
    print(f"{agreed} agree, {unchecked} not checked, {len(found.different)} differences")
    return int(bool(found.different))


def documents() -> list[Path]:
    """README.md and all pages of docs/; raises ValueError outside a checkout."""
    readme, pages = ROOT / "README.md", ROOT / "docs"
    if not (readme.is_file() and pages.is_dir()):
        raise ValueError(f"--check-readme: accepted in a checkout of the project; {ROOT} is none")
    found = (path for path in pages.rglob("*.md") if "_build" not in path.parts)
    return [readme, *sorted(found)]


def read_runs(paths: Sequence[Path]) -> list[QuotedRun]:
    """Runs in these directories; where none is named, the finished ones under runs/."""
    found = paths or [path.parent for path in sorted(Path("runs").glob("*/*/verdicts.json"))]
    return [QuotedRun.read(path) for path in found]


def compare(name: str, text: str, runs: Sequence[QuotedRun], found: Comparison) -> None:
    """Hold one file against the ledger and the runs."""
    for sentence in TALLY.finditer(text):
        line = text.count("\n", 0, sentence.start()) + 1
        says, so = " ".join(sentence[0].split()), tally(ledger().values())
        found.note(f"{name}:{line}", "the ledger", [] if says == so else [(says, so)])
    for output in outputs(text):
        where = f"{name}:{output.line}"
        very = [run for run in runs if run.is_of(output.command)]
        for run in very:
            found.note(where, str(run.run.path), output.differences(run))
        if not very:
            found.unchecked[where, output.command] += 1
    for table in tables(text):
        if table.source:
            for row in rows(table):
                _compare_row(name, row, runs, found)
        elif table.has_numbers:
            found.different.append(f"{name}:{table.line}: numbers without `<!-- from: COMMAND -->`")


def rows(table: Table) -> Iterator[QuotedRow]:
    """Rows that quote a run, with their claims; where a row names none, that of the row above."""
    claim = ""
    for row in table.rows:
        claim = next(filter(CLAIM.fullmatch, quoted(table.cell(row, "claim"))), claim)
        quoted_row = QuotedRow(table, row, claim)
        if quoted_row.is_quoted:
            yield quoted_row


def _compare_row(name: str, row: QuotedRow, runs: Sequence[QuotedRun], found: Comparison) -> None:
    where, done = f"{name}:{row.row.line}", False
    if fault := _fault(row):
        found.different.append(f"{where}: {fault}")
        return
    very = [run for run in runs if run.is_of(row.command)]
    for run in very or [run for run in runs if run.is_like(row.command)]:
        differences = row.differences(run) if very else row.contradictions(run)
        if differences is not None:
            found.note(where, str(run.run.path), differences)
            done = True
    if not done:
        found.unchecked[f"{name}:{row.table.line}", row.command] += 1


def _fault(row: QuotedRow) -> str:
    """Fault that keeps a row from being compared with any run; empty for a good one."""
    if made_by(row.command) is None or row.counts or row.table.shown:
        return ""
    if row.claim not in ledger():
        return f"{row.claim or 'nothing'} is no claim of the ledger"
    return "" if quoted(row.cell("process")) else "names no process"
