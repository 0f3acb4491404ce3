"""A row of a table, held against a finished run."""

import math
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from collapse_sim.verdict import Verdict
from experiments.verification.markdown import Number, Row, Table, numbers, quoted
from experiments.verification.outcomes import OUTCOMES
from experiments.verification.quoted_runs import QuotedRun

WORDS = (*OUTCOMES, "undecided")

SHOWN = re.compile(
    r"(?:(?P<family>.+): )?(?:(?P<unit>exp|100) )?(?P<measure>[^@]+)(?:@(?P<generation>\d+))?"
)
"""What a column shows of a chain: `FAMILY: MEASURE@GENERATION`, exponential or per cent."""

UNITS: dict[str | None, Callable[[float], float]] = {
    None: lambda value: value,
    "exp": math.exp,
    "100": lambda value: 100 * value,
}

Difference = tuple[str, str]
"""What a row says, and what is so."""


@dataclass(frozen=True)
class QuotedRow:
    """A row, its table, and the claim that it is about: its own, or that of the row above."""

    table: Table
    row: Row
    claim: str

    @property
    def counts(self) -> bool:
        """True for a row of counts, which begins with the command of its run."""
        return self.command != self.table.source

    @property
    def command(self) -> str:
        """The command that makes the numbers."""
        own = [text for text in quoted(self.row.cells[0]) if text.startswith("collapse-sim ")]
        return own[0] if own else self.table.source

    @property
    def process(self) -> str:
        """Process of a row of a table on chains; a row that names none is not of the run."""
        return next(iter(quoted(self.row.cells[0])), "")

    @property
    def is_quoted(self) -> bool:
        """False for a published row of a table on chains."""
        return bool(self.counts or self.process or not self.table.shown)

    def cell(self, column: str) -> str:
        """Cell below the header that begins so."""
        return self.table.cell(self.row, column)

    def differences(self, run: QuotedRun) -> list[Difference]:
        """Differences from the very run that it quotes."""
        if self.counts:
            return list(self._from_counts(run))
        if self.table.shown:
            return list(self._from_chains(run))
        return self._from_verdicts(run, _differs)

    def contradictions(self, run: QuotedRun) -> list[Difference] | None:
        """To a run that looked more or less closely at the same processes; None where it has no
        verdict on this claim about them."""
        if self.counts or self.table.shown or not all(self._verdicts(run)):
            return None
        return self._from_verdicts(run, _contradicts)

    def _from_counts(self, run: QuotedRun) -> Iterator[Difference]:
        words = [verdict.verdict for verdict in run.verdicts]
        controls = [verdict.control for verdict in run.verdicts if verdict.control is not None]
        are = {word: str(words.count(word) or "") for word in WORDS}
        are["verdicts"] = str(len(words))
        are["controls"] = f"{sum(controls)} of {len(controls)}" if controls else ""
        for title, cell in zip(self.table.header, self.row.cells, strict=False):
            if title in are and cell != are[title]:
                yield f"{title} {cell}", are[title]

    def _from_chains(self, run: QuotedRun) -> Iterator[Difference]:
        for shown, cell in zip(self.table.shown, self.row.cells[1:], strict=False):
            if cell and shown != "-" and (parts := SHOWN.fullmatch(shown)):
                process = " ".join(filter(None, (parts["family"], self.process)))
                generation = int(parts["generation"]) if parts["generation"] else None
                found = run.chain(process, parts["measure"], generation)
                yield from _of_chain(cell, found, UNITS[parts["unit"]], f"`{process}` {shown}")

    def _verdicts(self, run: QuotedRun) -> list[list[Verdict]]:
        """Verdicts about each of the processes that the row names."""
        names = quoted(self.cell("process"))
        return [run.about(self.claim, name) for name in names] or [[]]

    def _from_verdicts(self, run: QuotedRun, differ: "Differ") -> list[Difference]:
        """Differences by the verdicts that fit best, where a claim and process have several."""
        found = self._verdicts(run)
        if not all(found):
            return [(f"`{self.claim}` on {self.cell('process')}", "no such verdict")]
        ways = [list(differ(self, verdicts)) for verdicts in product(*found)]
        return min(ways, key=len)


Differ = Callable[[QuotedRow, Sequence[Verdict]], Iterator[Difference]]


def _of_chain(
    cell: str, found: dict | None, unit: Callable[[float], float], name: str
) -> Iterator[Difference]:
    """One number is the mean, two are the interval, three are both."""
    printed = numbers(cell)
    parts = {1: ("mean",), 2: ("low", "high"), 3: ("mean", "low", "high")}.get(len(printed))
    if found is None or parts is None:
        yield f"{name} {cell}", "no such chain" if parts else "1 to 3 numbers"
        return
    values = [unit(found[part]) for part in parts]
    yield from _digits(name, printed, values)


def _digits(name: str, printed: Sequence[Number], values: Sequence[float]) -> Iterator[Difference]:
    """Differences of numbers that do not round to the printed ones."""
    if not all(map(Number.shows, printed, values)):
        says = " – ".join(number.text for number in printed)
        yield f"{name} {says}", " – ".join(map(Number.like, printed, values))


def _differs(row: QuotedRow, verdicts: Sequence[Verdict]) -> Iterator[Difference]:
    """Claimed number, interval, word and distance, digit by digit."""
    yield from _claimed(row, verdicts)
    if printed := numbers(row.cell("measured")):
        low, high = _measured(verdicts)
        yield from _digits("measured", _both(printed), (low, high))
    words, word = {verdict.verdict for verdict in verdicts}, _word(row)
    if words != {word}:
        yield word, " and ".join(sorted(words))
    if word == "holds" and (printed := numbers(row.cell("verdict"))):
        within = 100 * max(verdict.within or 0.0 for verdict in verdicts)
        scale = 10 ** printed[0].digits
        yield from _digits("within", printed[:1], [math.ceil(within * scale - 1e-9) / scale])


def _contradicts(row: QuotedRow, verdicts: Sequence[Verdict]) -> Iterator[Difference]:
    """Another number claimed, another decision, or intervals that do not meet."""
    yield from _claimed(row, verdicts)
    words, word = {verdict.verdict for verdict in verdicts} - {"undecided"}, _word(row)
    if word != "undecided" and words - {word}:
        yield word, " and ".join(sorted(words))
    if printed := numbers(row.cell("measured")):
        (low, high), (least, most) = _both(printed), _measured(verdicts)
        if low.value - low.half > most or least > high.value + high.half:
            yield f"measured {row.cell('measured')}", f"{low.like(least)} – {high.like(most)}"


def _claimed(row: QuotedRow, verdicts: Sequence[Verdict]) -> Iterator[Difference]:
    """The formula's number: the last one in the claim's words."""
    if printed := numbers(row.cell("says")):
        for verdict in verdicts:
            value = math.nan if verdict.predicted is None else verdict.predicted / verdict.unit
            yield from _digits("the formula gives", printed[-1:], [value])


def _measured(verdicts: Sequence[Verdict]) -> tuple[float, float]:
    """The smallest interval that holds all of theirs, in their unit; nothing is nan."""
    ends = [
        [end / verdict.unit for end in verdict.interval or (math.nan, math.nan)]
        for verdict in verdicts
    ]
    return min(low for low, _ in ends), max(high for _, high in ends)


def _both(printed: Sequence[Number]) -> tuple[Number, Number]:
    """Ends of a printed interval; a single number stands for both."""
    return printed[0], printed[min(1, len(printed) - 1)]


def _word(row: QuotedRow) -> str:
    """Verdict with which the cell begins."""
    said = row.cell("verdict").strip("* ")
    return next((word for word in WORDS if said.startswith(word)), said)
