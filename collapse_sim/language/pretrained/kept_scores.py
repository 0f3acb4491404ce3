"""What a model said of documents, kept in a run directory: an interrupted reading goes on."""

import time
from dataclasses import dataclass, field

import numpy as np

from collapse_sim.language.pretrained.scores import Scores
from collapse_sim.run_directory import RunDirectory

NAME = "readings"
SECONDS = 60.0
"""Between two writes."""


@dataclass(eq=False)
class KeptScores:
    """Scores by arm, document and number of the reading; nothing is kept without a run.

    As a context it writes what is missing when it is left, by an interruption too.
    """

    run: RunDirectory | None = None
    _arrays: dict[str, np.ndarray] = field(default_factory=dict)
    _written: float = field(default_factory=time.monotonic)

    def __enter__(self) -> "KeptScores":
        if self.run is not None:
            self._arrays = self.run.load_checkpoint(NAME) or {}
        return self

    def __exit__(self, *failure: object) -> None:
        self._write()

    def add(self, arm: int, document: int, number: int, scores: Scores) -> None:
        """Of tokens that are not eligible, draws are not kept: nothing looks at them."""
        if self.run is None:
            return
        for name, values in scores._asdict().items():
            small = values[scores.eligible] if values.ndim > 1 else values
            self._arrays[_key(arm, document, number, name)] = small
        if time.monotonic() - self._written > SECONDS:
            self._write()

    def get(self, arm: int, document: int, number: int) -> Scores | None:
        keys = {name: _key(arm, document, number, name) for name in Scores._fields}
        if not all(key in self._arrays for key in keys.values()):
            return None
        found = {name: self._arrays[key] for name, key in keys.items()}
        eligible = found["eligible"]
        for name, values in found.items():
            if values.ndim > 1:
                found[name] = np.zeros((len(eligible), values.shape[1]), values.dtype)
                found[name][eligible] = values
        return Scores(**found)

    def _write(self) -> None:
        if self.run is not None and self._arrays:
            self.run.save_checkpoint(NAME, self._arrays)
        self._written = time.monotonic()


def _key(arm: int, document: int, number: int, name: str) -> str:
    return f"{arm}-{document}-{number}-{name}"
