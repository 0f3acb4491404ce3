"""A user's own table, read and checked before anything runs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from experiments import command_line
from experiments.linear.tables import read_table

MOST_COLUMNS = 40


@dataclass(frozen=True, eq=False)
class Columns:
    """Columns of numbers that all vary."""

    source: str
    names: tuple[str, ...]
    table: np.ndarray
    note: str
    digest: str

    @property
    def identity(self) -> dict[str, Any]:
        """Entry of config.json."""
        return {"data": self.source, "digest": self.digest, "columns": list(self.names)}


def read_columns(source: str, chosen: tuple[str, ...] = ()) -> Columns:
    """The table of a file, or chosen columns of it.

    Raises ValueError, in one line, for cells that are missing or no numbers, for a column that is
    constant, and for fewer rows than can be fitted; it names the column.
    """
    path, where = Path(source), f"--data {source}"
    try:
        found = read_table(path, "--data", chosen=chosen)
    except ValueError as error:
        is_of_one = not chosen and "column " in str(error)
        hint = "; --columns takes others alone" if is_of_one else ""
        raise ValueError(f"{error}{hint}") from None
    names, table = tuple(found.columns), np.stack(list(found.columns.values()), axis=1)
    rows, dim = table.shape
    if dim > MOST_COLUMNS:
        raise ValueError(
            f"{where}: has {dim} columns, accepted are {MOST_COLUMNS} or fewer; --columns takes "
            "some"
        )
    if rows < dim + 2:
        of = f"column {names[0]}" if dim == 1 else f"{dim} columns ({names[0]} to {names[-1]})"
        raise ValueError(f"{where}: has {rows} rows for {of}, accepted are {dim + 2} or more")
    for name, column in zip(names, table.T, strict=True):
        if np.ptp(column / max(np.abs(column).max(), np.finfo(float).tiny)) < 1e-12:
            raise ValueError(
                f"{where}: column {name} is constant ({column[0]:g}), accepted are columns that "
                "vary; --columns takes others alone"
            )
    note = f"{where}: {found}"
    return Columns(source, names, table, note, command_line.digest(path))
