"""A .csv file of numbers: its lines are parsed first, and then the first of them is judged."""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

MISSING = {"", "na", "n/a", "nan", "null", "none", "?", "-", "."}
WORDS = {"true": 1.0, "false": 0.0}
WHOLE = re.compile(r"\d+")


class TableError(ValueError):
    """Error of a file that holds no table of numbers."""


@dataclass(frozen=True)
class Line:
    """The cells of one line; `number` counts lines from 1."""

    number: int
    cells: list[str]


def read_csv(
    path: Path, header: bool | None, chosen: Sequence[str] = ()
) -> tuple[list[str] | None, np.ndarray]:
    """Names of the columns, None without a header, and the numbers below, (rows, columns).

    Of `chosen` columns alone, where some are; without a header they are called f0, f1, ...

    Whether the first line is a header is said by `header`, or by its cells. Raises TableError
    where they do not tell, for lines of unequal length, and for a cell that is missing or no
    finite number; it names the line and the column.
    """
    lines = _lines(path)
    if not lines:
        raise TableError("is empty, accepted are files with rows of numbers")
    first, rest = lines[0], lines[1:]
    width = len(first.cells)
    for line in rest:
        if len(line.cells) != width:
            raise TableError(
                f"line {line.number} has {len(line.cells)} cells, accepted are {width} as in "
                f"line {first.number}"
            )
    commented = first.cells[0].startswith("#")
    if header is None:
        header = commented or _is_header(first, [line.cells for line in rest])
    names = None
    if header:
        names, lines = [first.cells[0].lstrip("# "), *first.cells[1:]], rest
    places = list(range(width))
    if chosen:
        known = names or [f"f{i}" for i in places]
        names = choose(chosen, known)
        places = [known.index(name) for name in names]
        lines = [Line(line.number, [line.cells[i] for i in places]) for line in lines]
    table = [_numbers(line, names) for line in lines]
    return names, np.array(table, np.float64).reshape(len(lines), len(places))


def choose(chosen: Sequence[str], known: Sequence[str]) -> list[str]:
    """Chosen names of columns, also several in one between commas; raises TableError for
    others."""
    found: list[str] = []
    for name in chosen:
        found += [name] if name in known else [part.strip() for part in name.split(",")]
    for name in found:
        if not name or name not in known:
            shown = ", ".join(known[:8]) + (", ..." if len(known) > 8 else "")
            raise TableError(f"has no column {name!r}, accepted are {shown}")
        if found.count(name) > 1 or known.count(name) > 1:
            raise TableError(f"has column {name} chosen twice, accepted is once each")
    return found


def is_index(cells: Sequence[float]) -> bool:
    """True if a column without a name holds the row labels of a data frame: distinct integers."""
    return len(set(cells)) == len(cells) and all(float(cell).is_integer() for cell in cells)


def _lines(path: Path) -> list[Line]:
    """Lines without the blank ones. Within a table of one column a blank line is a missing cell."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.reader(file)
        read = [Line(reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
    full = [i for i, line in enumerate(read) if any(line.cells) or len(line.cells) > 1]
    if full and len(read[full[0]].cells) == 1:
        return [Line(line.number, line.cells or [""]) for line in read[full[0] : full[-1] + 1]]
    return [read[i] for i in full]


def _kind(cell: str) -> str:
    if cell.lower() in MISSING:
        return "missing"
    if WHOLE.fullmatch(cell):
        return "whole"
    return "text" if _number(cell) is None else "number"


def _is_header(first: Line, rest: list[list[str]]) -> bool:
    """True if the first line holds names, by its text, its numbers and the lines below it.

    Text is a name, a number with a point or a sign is none. Whole numbers are names where they
    count up, as in 0, 1, 2 or 2019, 2020, 2021, over a column without whole numbers.
    """
    kinds = [_kind(cell) for cell in first.cells]
    named = "text" in kinds or _starts_with_an_index(first.cells, rest)
    where = f"line {first.number} ({', '.join(first.cells[:4])})"
    if "number" in kinds and "text" in kinds:
        raise TableError(f"{where} holds names and numbers, accepted are lines of one or the other")
    if "whole" not in kinds or "number" in kinds or ("missing" in kinds and not named):
        return named and "number" not in kinds  # a line that lacks a cell is refused as such
    whole = [i for i, kind in enumerate(kinds) if kind == "whole"]
    values = [int(first.cells[i]) for i in whole]
    counts_up = values == list(range(values[0], values[0] + len(values)))
    differs = [bool(rest) and not any(WHOLE.fullmatch(row[i]) for row in rest) for i in whole]
    unlike = all(differs) and len(set(values)) == len(values)
    if named and (unlike or (counts_up and len(values) > 1)):
        return True
    if not named and counts_up and len(values) > 2 and any(differs):
        return True
    if not named and not unlike and not (counts_up and len(values) > 2):
        return False
    raise TableError(f"{where} may be names or numbers: --header or --no-header says which")


def _starts_with_an_index(cells: list[str], rest: list[list[str]]) -> bool:
    """True for an empty first name over 0, 1, 2, ... or 1, 2, 3, ..., as data frames are
    written."""
    labels = [row[0] for row in rest]
    counted = (list(map(str, range(start, start + len(labels)))) for start in (0, 1))
    return bool(labels) and not cells[0] and len(cells) > 1 and labels in counted


def _number(cell: str) -> float | None:
    try:
        return None if "_" in cell else float(cell)
    except ValueError:
        return WORDS.get(cell.lower())


def _numbers(line: Line, names: list[str] | None) -> list[float]:
    values = []
    for i, cell in enumerate(line.cells):
        value = _number(cell)
        if value is None or not np.isfinite(value):
            column = names[i] if names and names[i] else i + 1
            where = f"line {line.number}, column {column}"
            if cell.lower() in MISSING:
                raise TableError(
                    f"{where} is missing{cell and f' ({cell})'}, accepted are tables without "
                    "missing cells"
                )
            raise TableError(
                f"{where} holds {cell[:40]!r}, accepted are finite numbers separated by commas"
            )
        values.append(value)
    return values
