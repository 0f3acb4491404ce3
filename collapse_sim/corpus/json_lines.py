"""JSON Lines: only the text changes, and everything around it is written as it was read."""

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from json.decoder import JSONDecoder
from pathlib import Path
from typing import Any, BinaryIO

from collapse_sim.corpus import lines
from collapse_sim.corpus.records import Output, ReadOptions, Row
from collapse_sim.json_text import parse_json
from collapse_sim.language.text_files import is_text

SPACE = " \t\n\r"
MARK = "\ufeff"
"""A byte order mark, which may stand before the first line."""


class JsonLines:
    """The rows of one .jsonl file, and how they are written; `columns` are those to be added."""

    def __init__(self, path: Path, place: str, name: str, options: ReadOptions, columns=()):
        self.path, self.place, self.name = path, place, name
        self.options, self.columns = options, columns
        self.codec = lines.codec_of(path)

    def rows(self) -> Iterator[Row]:
        for number, line in enumerate(lines.read_lines(self.path, self.place), start=1):
            yield self._row(number, line) if line.strip(SPACE + MARK) else Row(line)

    def require_fields(self) -> None:
        """Raises ValueError where the first row has no text; later ones are rejected one by one."""
        first = next((row for row in self.rows() if row.is_row), None)
        if first is None or first.reason is None or not first.reason.startswith("no field"):
            return
        raise ValueError(f"{self.place}: line {first.number}: {first.reason}")

    def write(self, file: BinaryIO, outputs: Sequence[Output]) -> None:
        lines.write_text(file, "".join(map(self._line, outputs)), self.codec)

    def join(self, file: BinaryIO, parts: Sequence[Path]) -> None:
        lines.join(file, parts, self.codec)

    def _row(self, number: int, line: str) -> Row:
        def rejected(reason: str) -> Row:
            return Row(line, number, f"{self.name}:{number}", reason=reason)

        if not is_text(line):
            return rejected("not UTF-8")
        try:
            value = parse_json(line.strip(SPACE + MARK))
        except ValueError as error:
            return rejected(str(error))
        if not isinstance(value, dict):
            return rejected(f"a JSON {type(value).__name__}: accepted are objects")
        text, wanted = value.get(self.options.text_field), self.options.text_field
        if wanted not in value:
            held = ", ".join(map(ascii, list(value)[:8])) or "no field at all"
            return rejected(f"no field {wanted!r}: --text-field names one of {held}")
        if not isinstance(text, str):
            return rejected(f"{wanted} is of type {type(text).__name__}: accepted are strings")
        if not is_text(text):
            return rejected(f"{wanted} holds a lone surrogate, which UTF-8 cannot hold")
        for column in self.columns:
            if column in value:
                return rejected(f"holds a field {column} already")
        return Row(line, number, identity(value, self.options.id_field, self.name, number), text)

    def _line(self, output: Output) -> str:
        row, line = output.row, output.row.raw
        if output.text is not None and output.text != row.text:
            line = with_text(line, self.options.text_field, output.text)
        return with_columns(line, output.columns) if output.columns else line


def identity(value: Mapping[str, Any], field: str, name: str, number: int) -> str:
    """The id of a row as text; the name of its file and its number where it has none."""
    found = value.get(field)
    if is_missing(found):
        return f"{name}:{number}"
    found = found if isinstance(found, str) else json.dumps(found, default=str)
    return found if is_text(found) else ascii(found)


def is_missing(id: Any) -> bool:
    """Tell whether a value is no id: null, or not a number, as pandas writes what is missing."""
    return id is None or id != id


def with_text(line: str, field: str, text: str) -> str:
    """The line with another string as the value of a field of its object."""
    start, end = span(line, field)
    return line[:start] + json.dumps(text, ensure_ascii=line.strip(MARK).isascii()) + line[end:]


def with_columns(line: str, columns: Mapping[str, Any]) -> str:
    """The line with more fields at the end of its object, which has some already."""
    end = line.rindex("}")
    added = as_json(columns)[1:-1]
    return f"{line[:end].rstrip(SPACE)}, {added}{line[end:]}"


def as_json(fields: Mapping[str, Any]) -> str:
    """An object in one line; numbers that JSON has not are null."""
    bad = {name: None for name, value in fields.items() if value in (math.inf, -math.inf)}
    return json.dumps({**fields, **bad}, ensure_ascii=False, allow_nan=False)


def span(line: str, field: str) -> tuple[int, int]:
    """Place of the value of a field; of a name that is there twice the last, as in Python."""
    decoder, place, found = JSONDecoder(), line.index("{") + 1, None
    while True:
        place = _next(line, place)
        if line[place] == "}":
            break
        if line[place] == ",":
            place = _next(line, place + 1)
        name, place = decoder.raw_decode(line, place)
        start = _next(line, _next(line, place) + 1)
        _, place = decoder.raw_decode(line, start)
        if name == field:
            found = start, place
    assert found is not None
    return found


def _next(line: str, place: int) -> int:
    while line[place] in SPACE:
        place += 1
    return place
