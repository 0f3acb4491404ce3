"""Lines of text files, compressed or not: read as a stream, written so that parts can be joined.

A part is a whole gzip member or Zstandard frame: the parts of a file, one after the other, are a
file. So a run that was killed goes on, and its bytes are those of a run in one go.
"""

import gzip
import io
import itertools
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

import pyarrow as pa

from collapse_sim.json_text import one_line

CODECS = {".gz": "gzip", ".zst": "zstd"}
NAMES = {"gzip": "gzip", "zstd": "Zstandard", None: "readable"}

ENCODING = "utf-8"
KEPT = "surrogateescape"
"""Bytes that are not UTF-8 become lone surrogates, and the same bytes when they are written."""

UTF16 = ("\udcff\udcfe", "\udcfe\udcff")
"""The byte order marks of UTF-16, and the first of UTF-32, read so."""


def codec_of(path: Path) -> str | None:
    return CODECS.get(path.suffix.lower())


def read_lines(path: Path, place: str) -> Iterator[str]:
    """The lines, each with its end: LF, CR LF or CR. Memory holds one line.

    Raises ValueError, which begins with the place, for what cannot be read, or is cut short, and
    for UTF-16 or binary files, whose line ends are not where they seem to be.
    """
    codec = codec_of(path)
    try:
        with open(path, "rb") as file:
            if codec and not path.stat().st_size:
                raise OSError("empty, as a file cut short is")
            stream = pa.CompressedInputStream(file, codec) if codec else file
            with io.TextIOWrapper(stream, ENCODING, KEPT, newline="") as text:  # type: ignore[arg-type]
                first = next(text, "")
                if first.startswith(UTF16) or "\0" in first:
                    raise ValueError(f"{place}: is UTF-16 or no text at all: accepted is UTF-8")
                yield from itertools.chain([first] * bool(first), text)
    except OSError as error:
        told = one_line(error)
        raise ValueError(f"{place}: {told}: accepted are whole {NAMES[codec]} files") from None


def write_text(file: BinaryIO, text: str, codec: str | None) -> None:
    """Write one part: the same text is the same bytes, whenever it is written."""
    content = text.encode(ENCODING, KEPT)
    if codec == "gzip":
        content = gzip.compress(content, compresslevel=6, mtime=0)
    elif codec == "zstd":
        content = pa.Codec("zstd").compress(content, asbytes=True)
    file.write(content)


def join(file: BinaryIO, parts: Sequence[Path], codec: str | None) -> None:
    """Write parts one after the other; without any, a file that holds nothing."""
    for part in parts:
        with open(part, "rb") as source:
            shutil.copyfileobj(source, file, 2**20)
    if not parts:
        write_text(file, "", codec)
