"""Files that hold text: which are found at a place, what stands in them, and their domains.

Text is UTF-8, with or without a byte order mark, its lines ended by LF, CR LF or CR. Rows are
JSON Lines or Parquet. Everything but Parquet may be compressed, as .gz or .zst.
"""

import gzip
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from os.path import abspath
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

from collapse_sim.json_text import one_line, parse_json

TEXT = (".txt", ".md")
ROWS = (".jsonl", ".parquet")
COMPRESSED = {".gz": "gzip", ".zst": "Zstandard"}

ENDINGS = 6
"""Most endings of names that are listed."""

SURROGATE = "[\ud800-\udfff]"
NO_CHARACTER = "[\0-\x1f\x7f-\x9f\u2028\u2029]"
"""What moves the cursor of a terminal, or ends a line."""

T = TypeVar("T")


@dataclass(frozen=True)
class TextFile:
    """A file that can be read; `place` is how it is named to a person."""

    path: Path
    place: str
    kind: str
    """One of TEXT and ROWS, in small letters."""
    name: str
    """Without the ending."""
    folder: tuple[str, ...] = ()
    """The folders it lies in, within the one that was given."""

    def text(self) -> str:
        """Raises ValueError, which begins with the place, for what is not UTF-8."""
        content = self._content()
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError as error:
            line = 1 + _lines_end(content[: error.start].decode("utf-8")).count("\n")
            raise ValueError(
                f"{self.place}: line {line} is not UTF-8 at byte {error.start} of the file: "
                "accepted is UTF-8"
            ) from None
        return _lines_end(text.removeprefix("\ufeff"))

    def rows(self, *fields: str) -> Iterator[tuple[str, Any]]:
        """The values of a file of ROWS, each with its own place: `place: line N` or `place: row N`.

        Parquet is read for `fields` alone. Blank lines are passed over. Raises ValueError, which
        begins with the place, for what cannot be read.
        """
        if self.kind == ".parquet":
            yield from self._parquet_rows(fields)
            return
        # Not splitlines: JSON strings may hold U+2028 and other characters it takes for an end.
        for number, line in enumerate(self.text().split("\n"), start=1):
            if line.strip():
                place = f"{self.place}: line {number}"
                try:
                    value = parse_json(line)
                except ValueError as error:
                    raise ValueError(f"{place} is {error}") from None
                yield place, value

    def _content(self) -> bytes:
        ending = self.path.suffix.lower()
        try:
            content = self.path.read_bytes()
            if ending == ".gz":
                return gzip.decompress(content)
            return _zstd(content) if ending == ".zst" else content
        except (OSError, EOFError, zlib.error) as error:
            accepted = f"whole {COMPRESSED.get(ending, 'and readable')} files"
            raise ValueError(f"{self.place}: {one_line(error)}: accepted are {accepted}") from None

    def _parquet_rows(self, fields: Sequence[str]) -> Iterator[tuple[str, Any]]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        count = 0
        try:
            with pq.ParquetFile(self.path) as file:
                columns = [name for name in file.schema_arrow.names if name in fields]
                for batch in file.iter_batches(columns=columns):
                    rows = batch.to_pylist()
                    # A batch without columns has no rows to go through.
                    for row in rows or [{}] * batch.num_rows:
                        count += 1
                        yield f"{self.place}: row {count}", row
        except UnicodeDecodeError:
            raise ValueError(
                f"{self.place}: not UTF-8 after row {count}: accepted is UTF-8"
            ) from None
        except (OSError, ValueError, pa.ArrowException) as error:
            raise ValueError(
                f"{self.place}: {one_line(error)}: accepted are whole Parquet files"
            ) from None


class Entry(NamedTuple, Generic[T]):
    """An entry of a file, and its domain."""

    value: T
    domain: str
    is_labelled: bool
    """Whether it names a domain, and not that of where it stands."""


@dataclass(frozen=True)
class Files:
    """Files found at a place: the files to read, and how many others by their ending."""

    name: str
    """How the place is named to a person, in short."""
    files: list[TextFile] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    folder: str | None = None
    """The name of the folder that was given, if one was."""

    def entries(
        self, read: Callable[[TextFile], list[tuple[T, str | None]]]
    ) -> tuple[list[Entry[T]], "Files"]:
        """Entries that `read` gives of all files, in order, with domains; and the files with any.

        An entry that names no domain is of its file's, which is the file's own name. Only where
        most files of a folder hold one entry each, it is the name of that folder, or of the one
        around it where that entry is alone in it.
        """
        found = [(file, entries) for file in self.files if (entries := read(file))]
        singles, sizes = Counter(), Counter()
        for file, entries in found:
            singles[file.folder] += 1 if len(entries) == 1 else -1
            for depth in range(len(file.folder) + 1):
                sizes[file.folder[:depth]] += len(entries)
        every = []
        for file, entries in found:
            own, folder = "/".join([*file.folder, file.name]), file.folder
            if self.folder is not None and len(found) > 1 and singles[folder] > 0:
                while folder and sizes[folder] == 1:
                    folder = folder[:-1]
                own = "/".join(folder) or self.folder
            for value, named in entries:
                domain = own if named is None else named
                every.append(Entry(value, domain, domain != own))
        empty = Counter(empty=len(self.files) - len(found))
        used = replace(self, files=[file for file, _ in found], left_out=self.left_out + empty)
        return every, used

    def note(self, count: str, characters: int) -> str:
        """Summary of the files read in one line; `count` names their entries."""
        kinds = Counter(file.kind for file in self.files)
        files = f"{number(len(self.files), 'file')} ({_endings(kinds)}), " if self.folder else ""
        rest = f"; {self.rest()}" if self.left_out.total() else ""
        return f"{self.name}: {files}{count}, {characters:,} characters{rest}"

    def rest(self) -> str:
        """How many files were left out, and their endings."""
        return f"left out: {number(self.left_out.total(), 'file')} ({_endings(self.left_out)})"


def number(count: int, noun: str) -> str:
    """`1 file`, `2 files`."""
    return f"{count:,} {noun}" + "s" * (count != 1)


def find_files(flag: str, source: str, kinds: Sequence[str], accepted: str) -> Files:
    """The file at a path, or all files of some kinds in a folder and in the folders in it.

    The order is that of names, folder by folder. What has a name that begins with a dot is hidden
    and passed over. Links are followed, and a folder that two of them lead to is read once.
    Raises ValueError, which begins with the flag, where there is nothing to read.
    """
    path, place = Path(source), f"{flag} {printable(source)}"
    name = f"{flag} {printable(path.name or source)}"
    if not path.is_dir():
        kind = _kind(path, kinds)
        if not path.exists():
            raise ValueError(f"{place}: no such file: {accepted}")
        if not kind or not path.is_file():
            raise ValueError(f"{place}: {accepted}")
        return Files(name, [TextFile(path, place, kind[0], printable(kind[1]))])
    files, left_out = [], Counter()
    try:
        for entry in _below(path):
            kind = _kind(entry, kinds)
            if kind and entry.is_file():
                folder = tuple(map(printable, entry.parent.relative_to(path).parts))
                where = f"{place}: {printable(str(entry))}"
                files.append(TextFile(entry, where, kind[0], printable(kind[1]), folder))
            else:
                left_out[_ending(entry)] += 1
    except OSError as error:
        raise ValueError(f"{place}: {one_line(error)}: accepted are folders to read") from None
    if not files:
        left = sum(left_out.values())
        others = f" but {number(left, 'file')} ({_endings(left_out)})" if left else ""
        *first, last = kinds
        raise ValueError(
            f"{place}: a folder without {', '.join(first)} or {last} files{others}: {accepted}"
        )
    return Files(name, files, left_out, printable(Path(abspath(path)).name or source))


def is_text(value: object) -> bool:
    """Tell whether it is text without lone surrogates, which JSON can write and UTF-8 cannot."""
    return isinstance(value, str) and not re.search(SURROGATE, value)


def domain_of(place: str, row: dict[str, Any]) -> str | None:
    """The `domain` of a row if it has one; raises ValueError where that is no text."""
    domain = row.get("domain")
    if domain is not None and not is_text(domain):
        raise ValueError(f"{place}: domain={ascii(domain)[:40]}: accepted are strings")
    return domain


def printable(name: str) -> str:
    """The name of a file in one line of Unicode, which on Linux may be any bytes."""
    return re.sub(f"{SURROGATE}|{NO_CHARACTER}", lambda found: ascii(found[0])[1:-1], name)


def _below(folder: Path) -> Iterator[Path]:
    """Whatever is no folder and not hidden, however deep, each folder once."""
    waiting, seen = [folder], set()
    while waiting:
        entry = waiting.pop()
        if not entry.is_dir():
            yield entry
            continue
        status = entry.stat()
        if (status.st_dev, status.st_ino) not in seen:
            seen.add((status.st_dev, status.st_ino))
            visible = [inner for inner in entry.iterdir() if not inner.name.startswith(".")]
            waiting += sorted(visible, key=lambda inner: inner.name, reverse=True)


def _kind(path: Path, kinds: Sequence[str]) -> tuple[str, str] | None:
    """Kind of a file, and its name without the ending."""
    for kind in kinds:
        for ending in (kind, *(kind + more for more in COMPRESSED if kind != ".parquet")):
            if path.name.lower().endswith(ending):
                return kind, path.name[: -len(ending)]
    return None


def _ending(path: Path) -> str:
    """Ending that a file left out is counted under."""
    if not path.is_file():
        return "no regular file"
    endings = [ending.lower() for ending in path.suffixes]
    compressed = endings[-1:] and endings[-1] in COMPRESSED
    return printable("".join(endings[-2:] if compressed else endings[-1:])) or "no ending"


def _endings(counts: Counter[str]) -> str:
    """The endings, the most frequent first."""
    ordered = sorted(counts, key=lambda ending: (-counts[ending], ending))
    return ", ".join([*ordered[:ENDINGS], *["..."] * (len(ordered) > ENDINGS)])


def _lines_end(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _zstd(content: bytes) -> bytes:
    import pyarrow as pa

    with pa.CompressedInputStream(pa.BufferReader(content), "zstd") as stream:
        return stream.read()
