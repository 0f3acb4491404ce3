"""Tables of numbers in people's files, .npy, .npz, .csv and .parquet: read, checked, described."""

import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from experiments.linear.csv_table import TableError, choose, is_index, read_csv

SUFFIXES = (".npy", ".npz", ".csv", ".parquet")
UNNAMED = re.compile(r"|Unnamed: 0|__index_level_\d+__")
"""Names that data-frame libraries give to the row labels they write."""


@dataclass(frozen=True, eq=False)
class Table:
    """Columns of numbers by name, and how they were found."""

    columns: dict[str, np.ndarray]
    header: bool = False
    left_out: tuple[str, ...] = ()
    """Columns that hold the row labels of a data frame, and nothing else."""

    def __str__(self) -> str:
        """Description of the file in one phrase."""
        rows, names = len(next(iter(self.columns.values()))), list(self.columns)
        shown = ", ".join(names[:4]) + (", ..." if len(names) > 4 else "")
        parts = [
            f"{rows} rows, {len(names)} column{'s' * (len(names) > 1)}",
            f"header ({shown})" if self.header else "no header",
            *(f"row labels left out{name and f' ({name})'}" for name in self.left_out),
        ]
        return ", ".join(parts)


def read_table(
    path: Path, flag: str, header: bool | None = None, chosen: Sequence[str] = ()
) -> Table:
    """The table in a file; raises ValueError, in one line, that names the flag and the file.

    `header` says whether a .csv file begins with names; None finds out. Where columns are `chosen`
    the others may hold anything.
    """
    return _read(path, flag, lambda: _READERS[path.suffix.lower()](path, header, chosen))


def read_array(path: Path, flag: str) -> np.ndarray:
    """The one array in a .npy or .npz file, of any shape; raises ValueError as `read_table`."""
    return _read(path, flag, lambda: _array(path))


def _read(path: Path, flag: str, reader: Any) -> Any:
    if path.suffix.lower() not in SUFFIXES:
        raise ValueError(f"{flag} {path}: accepted are {', '.join(SUFFIXES)} files")
    try:
        return reader()
    except FileNotFoundError:
        raise ValueError(f"{flag} {path}: no such file") from None
    except TableError as error:
        raise ValueError(f"{flag} {path}: {error}") from None
    except Exception as error:  # whatever a reader raises, the file is not what it should be
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(f"{flag} {path}: cannot be read ({reason})") from None


def _csv(path: Path, header: bool | None, chosen: Sequence[str]) -> Table:
    names, values = read_csv(path, header, chosen)
    if not len(values):
        raise TableError("is empty below its header, accepted are files with rows of numbers")
    labels = names or [f"f{i}" for i in range(values.shape[1])]
    left_out = ()
    if names and len(names) > 1 and UNNAMED.fullmatch(names[0]):
        if not is_index(values[:, 0].tolist()):
            raise TableError(
                f"column 1 ({names[0] or 'no name'}) holds no row labels: accepted are distinct "
                "whole numbers, or another name"
            )
        left_out, labels, values = (names[0],), labels[1:], values[:, 1:]
    labels = [name or f"column {i + len(left_out) + 1}" for i, name in enumerate(labels)]
    for name in labels:
        if labels.count(name) > 1:
            raise TableError(f"names {labels.count(name)} columns {name}, accepted is one of each")
    return Table(dict(zip(labels, values.T, strict=True)), names is not None, left_out)


def _parquet(path: Path, _: bool | None, chosen: Sequence[str]) -> Table:
    import pyarrow as pa
    from pyarrow import parquet

    wanted = choose(chosen, parquet.read_schema(path).names) if chosen else None
    table = parquet.read_table(path, columns=wanted)
    written = (table.schema.pandas_metadata or {}).get("index_columns", [])
    index = [name for name in table.column_names if name in written or UNNAMED.fullmatch(name)]
    if chosen or len(index) == len(table.column_names):
        index = []
    columns = {}
    for name in table.column_names:
        column = table[name]
        if name in index:
            continue
        if name in columns:
            raise TableError(f"names two columns {name}, accepted is one of each")
        kinds = pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_decimal
        if not any(is_kind(column.type) for is_kind in kinds):
            raise TableError(f"column {name} holds {column.type}, accepted are numbers")
        # Nulls become nan.
        columns[name] = np.array(column.to_numpy(zero_copy_only=False), np.float64)
    if not table.num_rows:
        raise TableError("is empty, accepted are files with rows of numbers")
    return Table(_finite(columns), True, tuple(index))


def _numpy(path: Path, _: bool | None, chosen: Sequence[str]) -> Table:
    array = _array(path)
    if array.ndim not in (1, 2):
        raise TableError(f"has shape {array.shape}, accepted is (rows,) or (rows, columns)")
    table = array.reshape(len(array), -1).astype(np.float64)
    columns = {str(i): column for i, column in enumerate(table.T)}
    return Table(
        _finite({name: columns[name] for name in choose(chosen, list(columns)) or columns})
    )


def _array(path: Path) -> np.ndarray:
    found = np.load(io.BytesIO(path.read_bytes()), allow_pickle=False)
    if not isinstance(found, np.ndarray):
        with found as arrays:
            if len(arrays.files) != 1:
                raise TableError(f"holds {len(arrays.files)} arrays, accepted is one")
            found = arrays[arrays.files[0]]
    if found.dtype.kind not in "fiub" or found.size == 0:
        raise TableError("accepted are non-empty arrays of numbers")
    return found


def _finite(columns: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    for name, values in columns.items():
        if not np.isfinite(values).all():
            row = int(np.argmin(np.isfinite(values)))
            raise TableError(
                f"column {name} is missing or not finite in row {row}, counted from 0 "
                f"({values[row]}): accepted are finite numbers"
            )
    return columns


_READERS = {".npy": _numpy, ".npz": _numpy, ".csv": _csv, ".parquet": _parquet}
