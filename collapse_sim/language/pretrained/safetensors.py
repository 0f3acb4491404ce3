"""Tensors of a model in the safetensors format, in one file or in shards.

A file is the length of its header in 8 bytes, the header in JSON, and the numbers. It is read
through the operating system's cache, so that a tensor costs memory only when it is asked for.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ml_dtypes
import numpy as np

from collapse_sim.json_text import one_line, parse_json
from collapse_sim.record import read_record, require_type

INDEX = "model.safetensors.index.json"
WHOLE = "model.safetensors"

TYPES = {
    "F64": np.float64,
    "F32": np.float32,
    "F16": np.float16,
    "BF16": ml_dtypes.bfloat16,
}


@dataclass(frozen=True)
class Entry:
    """Header's entry of a tensor."""

    dtype: str
    shape: list[int]
    data_offsets: list[int]
    """Its first byte, and the one behind its last, counted from the end of the header."""

    def __post_init__(self):
        if len(self.data_offsets) != 2 or not 0 <= self.data_offsets[0] <= self.data_offsets[1]:
            raise ValueError(f"data_offsets={self.data_offsets}: accepted are two places in order")


class SafeTensors:
    """The tensors in a folder, in its `files`."""

    def __init__(self, folder: Path):
        """Raises ValueError, which begins with the file, for one that is missing or cut short."""
        index = folder / INDEX
        if index.is_file():
            shards = read_object(index).get("weight_map", {})
            require_type(f"{index}: weight_map", shards, dict[str, str])
            self.files = [folder / name for name in sorted(set(shards.values()))]
        else:
            self.files = [folder / WHOLE]
        for file in self.files:
            if not file.is_file():
                accepted = f"all {len(self.files)} shards in {INDEX}" if index.is_file() else WHOLE
                raise ValueError(f"{file}: no such file: accepted is a folder with {accepted}")
        self._places = {
            name: (file, start, entry)
            for file in self.files
            for start, entries in [_header(file)]
            for name, entry in entries.items()
        }
        self._folder = folder

    def __contains__(self, name: str) -> bool:
        return name in self._places

    def read(self, name: str) -> np.ndarray:
        """The tensor of this name."""
        if name not in self._places:
            raise ValueError(f"{self._folder}: no tensor {name}: accepted are whole models")
        file, start, entry = self._places[name]
        if entry.dtype not in TYPES:
            raise ValueError(f"{file}: {name} is {entry.dtype}: accepted are {', '.join(TYPES)}")
        begin, end = entry.data_offsets
        kind = np.dtype(TYPES[entry.dtype])
        if begin + math.prod(entry.shape) * kind.itemsize != end or min(entry.shape, default=1) < 1:
            raise ValueError(
                f"{file}: {name} of shape {entry.shape} in {end - begin:,} bytes: accepted are "
                f"as many as its {entry.dtype} take"
            )
        raw = np.memmap(file, np.uint8, "r", start + begin, (end - begin,))
        return raw.view(kind).reshape(entry.shape)


def write(path: Path, tensors: Mapping[str, np.ndarray]) -> None:
    """A file of tensors, in their order; the same tensors give the same bytes."""
    names = {np.dtype(kind): name for name, kind in TYPES.items()}
    header, end = {}, 0
    for name, tensor in tensors.items():
        begin, end = end, end + tensor.nbytes
        header[name] = {
            "dtype": names[tensor.dtype],
            "shape": tensor.shape,
            "data_offsets": (begin, end),
        }
    described = json.dumps(header).encode()
    described += b" " * (-len(described) % 8)  # numbers begin at a multiple of 8
    with path.open("wb") as file:
        file.write(len(described).to_bytes(8, "little") + described)
        for tensor in tensors.values():
            file.write(np.ascontiguousarray(tensor).tobytes())


def read_object(path: Path) -> dict[str, Any]:
    """The JSON object in a file; raises ValueError, which begins with the file, for other files."""
    try:
        value = parse_json(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "not UTF-8"
        raise ValueError(f"{path}: {reason}: accepted is a JSON object") from None
    except ValueError as error:
        raise ValueError(f"{path}: {error}") from None
    if not isinstance(value, dict):
        raise ValueError(f"{path}: accepted is a JSON object")
    return value


def _header(file: Path) -> tuple[int, Mapping[str, Entry]]:
    """Place where the numbers begin, and the entry of each tensor."""
    size = file.stat().st_size
    with file.open("rb") as stream:
        length = int.from_bytes(stream.read(8), "little")
        start = 8 + length
        header = stream.read(length) if start <= size else b""
    try:
        found = parse_json(header.decode("utf-8"))
        require_type("header", found, dict[str, Any])
        entries = {n: read_record(Entry, e) for n, e in found.items() if n != "__metadata__"}
    except ValueError as error:
        raise ValueError(
            f"{file}: cut short, or no safetensors ({one_line(error)}): accepted are whole "
            "safetensors files"
        ) from None
    end = start + max((entry.data_offsets[1] for entry in entries.values()), default=0)
    if size < end:
        raise ValueError(f"{file}: cut short at {size:,} of {end:,} bytes: accepted is all of it")
    return start, entries
