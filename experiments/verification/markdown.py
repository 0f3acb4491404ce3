"""Tables of a Markdown file, each with the command whose run it quotes."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

FROM = re.compile(r"<!-- from: (.+) -->")
"""Comment above a table: the command that makes its numbers; then, between bars, what each column
but the first shows of a chain."""

RULE = re.compile(r"\|(?:\s*:?-+:?\s*\|)+")
"""The line between a table's header and its rows."""

QUOTED = re.compile(r"`([^`]+)`")

NUMBER = re.compile(r"(?<![\w.])[-+−]?\d[\d,]*(?:\.\d+)?")


@dataclass(frozen=True)
class Number:
    """A number as it is printed: it stands for all that round to it."""

    text: str

    @property
    def digits(self) -> int:
        """Digits after the point."""
        return len(self.text.partition(".")[2])

    @property
    def value(self) -> float:
        return float(self.text.replace("−", "-").replace(",", ""))

    @property
    def half(self) -> float:
        """Half a unit of the last digit."""
        return 0.5 * 10.0**-self.digits

    def shows(self, value: float | None) -> bool:
        """True if the value rounds to this number."""
        return value is not None and float(f"{value:.{self.digits}f}") == self.value

    def like(self, value: float | None) -> str:
        """The value with as many digits."""
        return "nothing" if value is None else f"{value:.{self.digits}f}"


@dataclass(frozen=True)
class Row:
    """A row of a table: its line in the file, and its cells as written."""

    line: int
    cells: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table, its line in the file, and the source of its numbers by its comment."""

    line: int
    source: str
    shown: tuple[str, ...]
    header: tuple[str, ...]
    rows: tuple[Row, ...]

    def cell(self, row: Row, column: str) -> str:
        """Cell below the first header that begins so; empty where there is none."""
        for title, cell in zip(self.header, row.cells, strict=False):
            if title.startswith(column):
                return cell
        return ""

    @property
    def has_numbers(self) -> bool:
        """True if a cell begins with a number."""
        return any(NUMBER.match(cell) for row in self.rows for cell in row.cells)


def tables(text: str) -> Iterator[Table]:
    """Every table of a file; a comment is about the table that comes next."""
    lines = [*text.splitlines(), ""]
    source, shown = "", ()
    for i, line in enumerate(lines):
        if comment := FROM.fullmatch(line):
            source, *shown = (part.strip() for part in comment[1].split("|"))
        if not RULE.fullmatch(line):
            continue
        end = next(j for j in range(i, len(lines)) if not lines[j].startswith("|"))
        rows = tuple(Row(j + 1, cells(lines[j])) for j in range(i + 1, end))
        yield Table(i, source, tuple(shown), cells(lines[i - 1]), rows)
        source, shown = "", ()


def cells(line: str) -> tuple[str, ...]:
    """Cells of a row."""
    return tuple(cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1])


def quoted(text: str) -> list[str]:
    """Words between backticks."""
    return QUOTED.findall(text)


def numbers(text: str) -> list[Number]:
    """Numbers of a cell, without the code between backticks."""
    return [Number(found) for found in NUMBER.findall(QUOTED.sub("", text))]
