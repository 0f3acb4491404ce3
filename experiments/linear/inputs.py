"""A user's own design, labels and masks, read and checked before anything runs."""

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from experiments.linear.tables import Table, read_array, read_table


@dataclass(frozen=True, eq=False)
class Given:
    """Given design with its labels, if real ones were asked for, and hashes of the files.

    `note` says in one line what was read.
    """

    inputs: np.ndarray
    labels: np.ndarray | None
    hashes: dict[str, str]
    note: str


def read_design(design: str, labels: str | None, header: bool | None = None) -> Given:
    """Read `--design` and `--labels`; raises ValueError naming the file and the accepted kinds.

    `header` says whether .csv files begin with names of columns; None finds out.
    """
    if design == "diabetes":
        inputs, target = _diabetes()
        table = Table({str(i): column for i, column in enumerate(inputs.T)})
        known = {"target": target}
        hashes = {"diabetes": _hash(inputs.tobytes() + target.tobytes())}
    else:
        path = Path(design)
        table = read_table(path, "--design", header)
        known = table.columns
        hashes = {path.name: _hash(path.read_bytes())}
    note, real = f"{Path(design).name}: {table}", None
    if labels in known:
        real = known[labels]
        note += f"; labels {labels}"
    elif labels is not None:
        path = Path(labels)
        if not path.suffix:
            shown = ", ".join(known)
            raise ValueError(
                f"--labels {labels}: accepted are a file, or a column of {design} ({shown})"
            )
        found = read_table(path, "--labels", header)
        if len(found.columns) != 1:
            raise ValueError(
                f"--labels {labels}: has {len(found.columns)} columns, accepted is one"
            )
        real = next(iter(found.columns.values()))
        hashes[path.name] = _hash(path.read_bytes())
        note += f"; labels {path.name}: {found}"
    columns = [column for name, column in table.columns.items() if name != labels]
    if not columns:
        raise ValueError(
            f"--labels {labels}: is the only column of {design}, accepted is one of several"
        )
    inputs = np.stack(columns, axis=1)
    if real is not None and (len(real) != len(inputs)):
        raise ValueError(
            f"--labels {labels}: has {len(real)} rows, accepted are {len(inputs)} as in {design}"
        )
    return Given(inputs, real, hashes, note)


def read_masks(path: str, samples: int) -> np.ndarray:
    """A schedule of 0 and 1 from a .npy file, one row for each edit."""
    masks = read_array(Path(path), "--masks")
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
