"""A user's own design, labels and masks, read and checked before anything runs."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False)
class Given:
    """A given design with its labels, if real ones were asked for, and hashes of what was read."""

    inputs: np.ndarray
    labels: np.ndarray | None
    hashes: dict[str, str]


def read_design(design: str, labels: str | None) -> Given:
    """Read `--design` and `--labels`; raises ValueError naming the file and what is accepted."""
    if design == "diabetes":
        inputs, target = _diabetes()
        columns = {"target": target}
        hashes = {"diabetes": _hash(inputs.tobytes() + target.tobytes())}
    else:
        path = Path(design)
        columns = _read(path, "--design")
        hashes = {path.name: _hash(path.read_bytes())}
        inputs = None
    real = None
    if labels is not None:
        if labels in columns:
            real = columns.pop(labels)
        else:
            path = Path(labels)
            found = list(_read(path, "--labels").values())
            if len(found) != 1:
                raise ValueError(f"--labels {labels}: has {len(found)} columns, accepted is one")
            real = found[0]
            hashes[path.name] = _hash(path.read_bytes())
    if inputs is None:
        inputs = np.stack(list(columns.values()), axis=1)
    if real is not None and (len(real) != len(inputs) or not np.isfinite(real).all()):
        raise ValueError(
            f"--labels {labels}: accepted are {len(inputs)} finite numbers, one for each row"
        )
    return Given(inputs, real, hashes)


def read_masks(path: str, samples: int) -> np.ndarray:
    """A schedule of 0 and 1 from a .npy file, one row for each edit."""
    masks = next(iter(_read(Path(path), "--masks", flat=False).values()))
    if masks.ndim != 2 or masks.shape[1] != samples or not np.isin(masks, (0, 1)).all():
        raise ValueError(
            f"--masks {path}: has shape {masks.shape}, accepted are arrays of 0 and 1 of shape "
            f"(edits, {samples})"
        )
    return masks.astype(bool)


def _diabetes() -> tuple[np.ndarray, np.ndarray]:
    try:
        from sklearn.datasets import load_diabetes
    except ImportError:
        raise ValueError(
            "--design diabetes: needs scikit-learn, as in pip install 'collapse-sim[real]'"
        ) from None
    bunch: Any = load_diabetes()
    return np.asarray(bunch.data), np.asarray(bunch.target)


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _read(path: Path, flag: str, *, flat: bool = True) -> dict[str, np.ndarray]:
    """Numeric columns of a file by name (one array, named by number, for NumPy's formats)."""
    readers = {".npy": _read_npy, ".npz": _read_npz, ".csv": _read_csv, ".parquet": _read_parquet}
    if path.suffix not in readers:
        raise ValueError(f"{flag} {path}: accepted are {', '.join(readers)} files")
    try:
        found = readers[path.suffix](path)
    except FileNotFoundError:
        raise ValueError(f"{flag} {path}: no such file") from None
    except Exception as error:  # whatever a reader raises, the file is not what it should be
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise ValueError(f"{flag} {path}: cannot be read ({reason})") from None
    if isinstance(found, dict):
        if not found:
            raise ValueError(f"{flag} {path}: is empty, accepted are files with rows of numbers")
        return found
    if found.dtype.kind not in "fiub" or found.size == 0:
        raise ValueError(f"{flag} {path}: accepted are non-empty arrays of numbers")
    if not flat:
        return {"0": found}
    if found.ndim > 2:
        raise ValueError(f"{flag} {path}: has shape {found.shape}, accepted is (rows, columns)")
    table = found.reshape(len(found), -1).astype(np.float64)
    return {str(i): column for i, column in enumerate(table.T)}


def _read_npy(path: Path) -> np.ndarray:
    return np.load(path, allow_pickle=False)


def _read_npz(path: Path) -> np.ndarray:
    with np.load(path, allow_pickle=False) as arrays:
        if len(arrays.files) != 1:
            raise ValueError(f"holds {len(arrays.files)} arrays, accepted is one")
        return arrays[arrays.files[0]]


def _read_csv(path: Path) -> dict[str, np.ndarray]:
    from pyarrow import csv

    first = path.read_text().partition("\n")[0].split(",")
    headless = all(_is_number(cell) for cell in first)
    options = csv.ReadOptions(autogenerate_column_names=headless)
    return _columns(csv.read_csv(path, read_options=options))


def _read_parquet(path: Path) -> dict[str, np.ndarray]:
    from pyarrow import parquet

    return _columns(parquet.read_table(path))


def _is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True


def _columns(table) -> dict[str, np.ndarray]:
    columns = {}
    if not table.num_rows:
        return columns
    for name in table.column_names:
        values = table[name].to_numpy(zero_copy_only=False)
        if values.dtype.kind not in "fiub":
            raise ValueError(f"column {name} holds {table[name].type}, accepted are numbers")
        columns[name] = values.astype(np.float64)
    return columns
