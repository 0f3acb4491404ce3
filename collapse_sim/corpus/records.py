"""One place of a file: a row with its text, a row without one, or no row."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple


@dataclass(frozen=True)
class ReadOptions:
    """Settings of reading: the fields of a row and the rows of a document."""

    text_field: str = "text"
    id_field: str = "id"
    """Rows without it are called by their file and number."""
    unit: str = "line"
    """A document of a text file: a `line` that is not blank, an `article`, or the whole `file`."""
    limit: int | None = None
    """Most documents of each file."""


class Row(NamedTuple):
    """One place of a file. `text` is None for what cannot be processed, `reason` says why.

    With neither it is no row: a blank line, which is copied.
    """

    raw: Any
    """As the format holds it, so that all but the text can be written back unchanged."""
    number: int = 0
    """From 1, counted in the file as its format does: lines, rows or articles."""
    id: str = ""
    text: str | None = None
    reason: str | None = None

    @property
    def is_row(self) -> bool:
        return self.text is not None or self.reason is not None


class Output(NamedTuple):
    """A row to be written: with this text, which may be its own, and these columns beside it."""

    row: Row
    text: str | None = None
    columns: Mapping[str, Any] = {}


@dataclass
class Chunk:
    """Rows that are processed and written together."""

    rows: list[Row] = field(default_factory=list)

    @property
    def count(self) -> int:
        return sum(row.is_row for row in self.rows)


def limited(rows: Iterable[Row], limit: int | None) -> Iterator[Row]:
    """All rows up to the last of `limit` documents, those that cannot be processed among them."""
    left = limit
    for row in rows:
        if left is not None and row.is_row:
            if not left:
                return
            left -= 1
        yield row


def chunks(rows: Iterable[Row], characters: int) -> Iterator[Chunk]:
    """Rows in order, cut where their text reaches so many characters.

    Where the cuts lie is decided by the rows alone: a run that goes on cuts as one in one go.
    """
    chunk, length = Chunk(), 0
    for row in rows:
        chunk.rows.append(row)
        length += len(row.text or "") + 1
        if length >= characters:
            yield chunk
            chunk, length = Chunk(), 0
    if chunk.rows:
        yield chunk
