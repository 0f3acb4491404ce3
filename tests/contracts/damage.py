"""Damage to files: bytes that are lost, changed or added, and JSON of other types."""

import copy
import gzip
import json
from collections.abc import Callable
from typing import Any

import pyarrow as pa
from hypothesis import strategies as st

Damage = Callable[[bytes], bytes]

ADDED = st.one_of(
    st.binary(max_size=8),
    st.sampled_from(
        [b"\0" * 8, b"\xff" * 8, b"\xff\xff\xff\x7f", b"\xff", b"\xef\xbb\xbf", b"\n", b'"', b"{",
         b"[" * 2000, b"9" * 5000, b"NaN", b"-1", b"1e999", "\u2028".encode(), b"\\ud800", b",,"]
    ),
)  # fmt: skip

VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 3),
    st.integers(),
    st.floats(),
    st.sampled_from(["", "inf", "nan", "x", "\ud800", [], {}, [None], {"": 0}, [[]], 10**400, "0"]),
)


@st.composite
def damaged_bytes(draw, content: bytes) -> bytes:
    """One to three places of the content cut, overwritten or added to, most near its beginning."""
    for _ in range(draw(st.integers(1, 3))):
        length = len(content)
        near = draw(st.booleans())
        start = draw(st.integers(0, min(length, 64) if near else length))
        kind = draw(st.sampled_from(["cut", "overwrite", "add", "remove", "flip"]))
        added = draw(ADDED)
        if kind == "cut":
            content = content[:start]
        elif kind == "flip" and start < length:
            flipped = bytes([content[start] ^ draw(st.integers(1, 255))])
            content = content[:start] + flipped + content[start + 1 :]
        else:
            removed = {"add": 0, "remove": draw(st.integers(1, 40))}.get(kind, len(added))
            added = b"" if kind == "remove" else added
            content = content[:start] + added + content[start + removed :]
    return content


@st.composite
def damaged_json(draw, content: bytes) -> bytes:
    """A JSON text of which one or two values are others, or missing."""
    value = json.loads(content)
    for _ in range(draw(st.integers(1, 2))):
        value = copy.deepcopy(value)
        places = list(_places(value))
        if not places or draw(st.integers(0, 9)) == 0:
            value = draw(VALUES)
            continue
        parent, name = places[draw(st.integers(0, len(places) - 1))]
        if draw(st.booleans()):
            parent[name] = draw(VALUES)
        else:
            del parent[name]
    return json.dumps(value).encode()


def _places(value: Any):
    """Every value within a value, as what holds it and where."""
    if isinstance(value, dict | list):
        for name in list(value) if isinstance(value, dict) else range(len(value)):
            yield value, name
            yield from _places(value[name])


@st.composite
def damaged_lines(draw, content: bytes) -> bytes:
    """JSON Lines of which one is damaged as JSON."""
    lines = content.splitlines(keepends=True)
    number = draw(st.integers(0, len(lines) - 1))
    lines[number] = draw(damaged_json(lines[number])) + b"\n"
    return b"".join(lines)


@st.composite
def damaged_safetensors(draw, content: bytes) -> bytes:
    """A safetensors file whose header is damaged as JSON, its length told as it is."""
    end = 8 + int.from_bytes(content[:8], "little")
    header = draw(damaged_json(content[8:end]))
    return len(header).to_bytes(8, "little") + header + content[end:]


def compressed(ending: str, inner: Callable) -> Callable:
    """Damage `inner` to what stands in a .gz or .zst file."""

    @st.composite
    def damaged(draw, content: bytes) -> bytes:
        if ending == ".gz":
            return gzip.compress(draw(inner(gzip.decompress(content))))
        with pa.CompressedInputStream(pa.BufferReader(content), "zstd") as stream:
            plain = stream.read()
        return pa.Codec("zstd").compress(draw(inner(plain)), asbytes=True)

    return damaged
