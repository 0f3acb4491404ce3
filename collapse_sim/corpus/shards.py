"""Input files as shards: the name of each in the output, and its worker."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain

from collapse_sim.corpus.json_lines import JsonLines
from collapse_sim.corpus.parquet import Parquet
from collapse_sim.corpus.records import ReadOptions, limited
from collapse_sim.corpus.text_lines import TextLines
from collapse_sim.language.text_files import ROWS, TEXT, TextFile, find_files

KINDS = (*TEXT, *ROWS)
ACCEPTED = (
    "accepted are .jsonl, .parquet, .txt and .md files (all but .parquet also .gz or .zst) and "
    "folders of such files"
)
NONE = "INPUT {}: holds no document that can be processed"

Format = JsonLines | Parquet | TextLines
"""One file: its rows, and how they are written in parts that are joined at the end."""

FORMATS = {".jsonl": JsonLines, ".parquet": Parquet, ".txt": TextLines, ".md": TextLines}


@dataclass(frozen=True)
class Shard:
    """An input file: its path in the folder that was given, and that of its output."""

    file: TextFile
    source: str
    name: str
    columns: tuple[str, ...] = ()
    """Columns that the output has beside those of the input."""

    def format(self, options: ReadOptions) -> Format:
        made = FORMATS[self.file.kind]
        return made(self.file.path, self.file.place, self.source, options, self.columns)

    @property
    def bytes(self) -> int:
        return self.file.path.stat().st_size


def find_shards(
    inputs: Sequence[str],
    columns: tuple[str, ...] = (),
    tell: Callable[[str], object] = lambda line: None,
) -> list[Shard]:
    """The shards of files and folders: in the order given, and in a folder in that of names.

    `tell` is told how many files of other kinds a folder holds. Raises ValueError where there is
    nothing to read, and where two would be written to one name.
    """
    if not inputs:
        raise ValueError(f"INPUT: nothing given: {ACCEPTED}")
    shards: dict[str, Shard] = {}
    for source in inputs:
        found = find_files("INPUT", source, KINDS, ACCEPTED)
        if found.left_out:
            tell(f"{found.name}: {found.rest()}")
        for file in found.files:
            name = source_name = "/".join([*file.folder, file.path.name])
            if columns and file.kind in TEXT:  # text has no columns
                ending = rf"{re.escape(file.kind)}(\.gz|\.zst)?\Z"
                name = re.sub(ending, r".jsonl\1", name, flags=re.IGNORECASE)
            if name in shards:
                other = shards[name].file.path
                raise ValueError(
                    f"INPUT {file.path}: would be written to {name}, as {other} is: accepted are "
                    "files of different names, or a folder around them"
                )
            shards[name] = Shard(file, source_name, name, columns)
    return list(shards.values())


def require_documents(shards: Sequence[Shard], options: ReadOptions) -> None:
    """Raise ValueError where no file holds a document that can be processed, with the reason."""
    rows = chain.from_iterable(
        limited(shard.format(options).rows(), options.limit) for shard in shards
    )
    reason = None
    for row in rows:
        if row.text is not None and row.text.strip():
            return
        reason = reason or row.reason and f"; {row.id}: {row.reason}"
    raise ValueError(f"{NONE.format(shards[0].file.path)}{reason or ''}")


def part_of(shards: Sequence[Shard], workers: str) -> list[Shard]:
    """Shards of worker i of n, for `i/n`: every n-th. Raises ValueError for anything else."""
    found = re.fullmatch(r"([1-9]\d{0,8})/([1-9]\d{0,8})", workers)
    if not found or int(found[1]) > int(found[2]):
        raise ValueError(f"--workers {workers}: accepted is i/n with 1 <= i <= n, as in 2/8")
    return list(shards[int(found[1]) - 1 :: int(found[2])])
