"""A table of columns, which becomes a pandas frame where pandas is installed."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np


@dataclass(frozen=True, eq=False, repr=False)
class Table(Mapping[str, np.ndarray]):
    """Columns of one length, by name."""

    columns: Mapping[str, np.ndarray]

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self.columns:
            raise KeyError(f"column={name!r}: accepted are {', '.join(self.columns)}")
        return self.columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __len__(self) -> int:
        return len(self.columns)

    @property
    def rows(self) -> int:
        """Length of every column."""
        return len(next(iter(self.columns.values()), ()))

    def __repr__(self) -> str:
        return f"Table({self.rows} rows: {', '.join(self.columns)})"

    def to_frame(self) -> Any:
        """A pandas DataFrame; raises ImportError, in one line, where pandas is absent."""
        try:
            import pandas
        except ImportError:
            raise ImportError(
                "to_frame needs pandas, as in pip install 'collapse-sim[frames]'"
            ) from None
        return pandas.DataFrame(dict(self.columns))
