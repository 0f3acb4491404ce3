"""Text files: the documents in one, and the lines around them.

A document is a line that is not blank (the default, as `load_dataset("text")` has it), an article
of WikiText, or the whole file. Whatever lies between documents is written as it was read.
"""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from collapse_sim.corpus import lines
from collapse_sim.corpus.json_lines import as_json
from collapse_sim.corpus.records import Output, ReadOptions, Row
from collapse_sim.language.corpus import ARTICLE
from collapse_sim.language.text_files import is_text

ENDS = "\r\n"
BLANKS = 2
"""Blank lines in a row that end a document, in a file without WikiText's headings."""


class TextLines:
    """The documents of one text file, and how they are written.

    With `columns` to be added they are written as JSON Lines: text has no place for them.
    """

    def __init__(self, path: Path, place: str, name: str, options: ReadOptions, columns=()):
        self.path, self.place, self.name = path, place, name
        self.unit, self.columns = options.unit, columns
        self.codec = lines.codec_of(path)

    def rows(self) -> Iterator[Row]:
        for number, part in enumerate(self._parts(), start=1):
            text = part.removeprefix("\ufeff").rstrip(ENDS if self.unit == "line" else None)
            text = text if self.unit == "line" else text.lstrip(ENDS)
            if not text.strip():
                yield Row(part)
            elif not is_text(part):
                yield Row(part, number, f"{self.name}:{number}", reason="not UTF-8")
            else:
                yield Row(part, number, f"{self.name}:{number}", text)

    def require_fields(self) -> None:
        """Text has no fields: only that it can be read is seen."""
        next(iter(self._read()), None)

    def write(self, file: BinaryIO, outputs: Sequence[Output]) -> None:
        lines.write_text(file, "".join(map(self._line, outputs)), self.codec)

    def join(self, file: BinaryIO, parts: Sequence[Path]) -> None:
        lines.join(file, parts, self.codec)

    def unwritable(self, text: str) -> str | None:
        """Why a text cannot be written as a document of this kind, if it cannot."""
        if self.columns:
            return None
        if not text.strip():
            return "edited text is blank: a text file holds no such document; JSON Lines can"
        if "\0" in text:  # taken for UTF-16 when it is read again
            return "edited text holds a NUL: a text file cannot; JSON Lines can"
        if self.unit != "line" or not any(end in text for end in ENDS):
            return None
        return "edited text holds a line end: a line cannot; --unit article or JSON Lines can"

    def _line(self, output: Output) -> str:
        row = output.row
        if self.columns:
            if row.text is None:
                return ""
            fields = {"id": row.id, "text": row.text, **output.columns}
            return as_json(fields) + "\n"
        if output.text is None or output.text == row.text:
            return row.raw
        before, after = row.raw.split(row.text, 1)
        return before + output.text + after

    def _read(self) -> Iterator[str]:
        return lines.read_lines(self.path, self.place)

    def _parts(self) -> Iterator[str]:
        if self.unit == "line":
            return self._read()
        if self.unit == "file":
            return iter(["".join(self._read())])
        return articles(self._read(), any(heading for _, heading in with_headings(self._read())))


def with_headings(source: Iterable[str]) -> Iterator[tuple[str, bool]]:
    """The lines, and whether each is the heading of an article: a blank line before and after."""
    before, line = "", None
    for after in source:
        if line is not None:
            yield line, _is_heading(before, line, after)
            before = line
        line = after
    if line is not None:
        yield line, _is_heading(before, line, "")


def articles(source: Iterable[str], by_headings: bool) -> Iterator[str]:
    """The parts that begin at headings or, without any, end after two blank lines or more."""
    part, blank, held = [], 0, False
    for line, heading in with_headings(source):
        cut = heading if by_headings else held and blank >= BLANKS and line.strip() != ""
        if cut and part:
            yield "".join(part)
            part, held = [], False
        part.append(line)
        is_blank = not line.strip()
        blank, held = (blank + 1 if is_blank else 0), held or not is_blank
    if part:
        yield "".join(part)


def _is_heading(before: str, line: str, after: str) -> bool:
    return ARTICLE.fullmatch(line.rstrip(ENDS)) is not None and not (before + after).strip()
