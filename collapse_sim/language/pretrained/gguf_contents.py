"""Contents of a GGUF file, read at once: its metadata, and the places of its tensors.

The `gguf` package's own reader makes an array of each of the hundred thousand strings of a
tokenizer, which takes ten times as long as all the rest. Its tables of types are used here.
"""

import mmap
import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

VERSIONS = (2, 3)
STRING, ARRAY = 8, 9
SCALARS = {
    0: "B",
    1: "b",
    2: "H",
    3: "h",
    4: "I",
    5: "i",
    6: "f",
    7: "?",
    10: "Q",
    11: "q",
    12: "d",
}
"""Types of numbers in the metadata, as `struct` names them; all are little-endian."""


@dataclass(frozen=True)
class StoredTensor:
    """A tensor as it lies in the file."""

    data: np.ndarray
    """Its bytes, in rows."""
    tensor_type: Any
    """A `gguf.GGMLQuantizationType`."""
    shape: tuple[int, ...]
    """Innermost dimension first."""


class _Cursor:
    def __init__(self, data: mmap.mmap):
        self.data, self.at = data, 0

    def number(self, code: str) -> Any:
        (value,) = struct.unpack_from("<" + code, self.data, self.at)
        self.at += struct.calcsize("<" + code)
        return value

    def string(self) -> str:
        size = self.number("Q")
        if self.at + size > len(self.data):
            raise ValueError("a text past its end")
        self.at += size
        return self.data[self.at - size : self.at].decode("utf-8")

    def value(self, kind: int) -> Any:
        if kind == STRING:
            return self.string()
        if kind != ARRAY:
            return self.number(SCALARS[kind])
        of, count = self.number("I"), self.number("Q")
        if of in (STRING, ARRAY):
            read: Callable[[], Any] = self.string if of == STRING else lambda: self.value(ARRAY)
            return [read() for _ in range(count)]
        values = struct.unpack_from(f"<{count}{SCALARS[of]}", self.data, self.at)
        self.at += struct.calcsize(f"<{count}{SCALARS[of]}")
        return list(values)


def read(path: Path, gguf: Any) -> tuple[dict[str, Any], dict[str, StoredTensor]]:
    """Metadata and tensors by name; `gguf` is the package.

    Raises OSError, and ValueError or KeyError for what is no GGUF file or is cut short.
    """
    with path.open("rb") as stream:
        try:
            data = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        except ValueError:
            raise ValueError("empty") from None
    if data[:4] != b"GGUF":
        raise ValueError("GGUF magic invalid")
    cursor = _Cursor(data)
    cursor.at = 4
    try:
        version = cursor.number("I")
        if version not in VERSIONS:
            raise ValueError(f"version {version}")
        tensors, fields = cursor.number("Q"), cursor.number("Q")
        metadata = {}
        for _ in range(fields):
            name = cursor.string()
            metadata[name] = cursor.value(cursor.number("I"))
        places = []
        for _ in range(tensors):
            name, dimensions = cursor.string(), cursor.number("I")
            shape = struct.unpack_from(f"<{dimensions}Q", data, cursor.at)
            cursor.at += 8 * dimensions
            places.append((name, shape, cursor.number("I"), cursor.number("Q")))
    except struct.error:
        raise ValueError("its header ends early") from None
    alignment = metadata.get("general.alignment", 32)
    begin = cursor.at + -cursor.at % alignment
    raw = np.frombuffer(data, np.uint8)
    return metadata, {
        name: _tensor(raw, begin + offset, shape, gguf.GGMLQuantizationType(kind), gguf)
        for name, shape, kind, offset in places
    }


def _tensor(
    raw: np.ndarray, begin: int, shape: tuple[int, ...], kind: Any, gguf: Any
) -> StoredTensor:
    block, size = gguf.GGML_QUANT_SIZES[kind]
    row = shape[0] * size // block
    count = row * int(np.prod(shape[1:], dtype=np.int64))
    if begin + count > raw.size:
        raise ValueError(f"{raw.size:,} of {begin + count:,} bytes")
    data = raw[begin : begin + count].reshape(*shape[:0:-1], row)
    plain = {"F16": np.float16, "F32": np.float32, "F64": np.float64}.get(kind.name)
    return StoredTensor(data if plain is None else data.view(plain), kind, shape)
