"""A run directory: every parameter, the results, and what a run needs to be resumed.

Files appear whole or not at all: they are written aside and renamed. No JAX is imported here, so
that a figure can be drawn from a run without a simulator.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from collapse_sim.json_text import parse_json

CHAIN_COLUMNS = (
    "regime", "mask", "variant", "measure", "generation", "replicates", "mean", "standard_error",
    "q05", "q50", "q95", "edited_fraction", "predicted", "predicted_kind",
)  # fmt: skip


class RunError(RuntimeError):
    """A run directory that cannot be used as asked; its message is one line for a person."""


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a file beside `path`, then rename it; an error leaves `path` as it was."""
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix)
    os.close(handle)
    aside = Path(name)
    try:
        write(aside)
        with open(aside, "rb") as file:
            os.fsync(file.fileno())
        os.chmod(aside, 0o644)
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)


def _plain(value: Any) -> Any:
    """JSON has no NumPy numbers and no infinities: the latter become strings."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float) and not np.isfinite(value):
        return str(value)
    return value


def dump_json(value: Any) -> str:
    return json.dumps(_plain(value), indent=2, allow_nan=False) + "\n"


@dataclass(frozen=True)
class RunDirectory:
    """`open` prepares one for writing; a bare `RunDirectory(path)` is a reader."""

    path: Path

    @staticmethod
    def open(path: Path, config: Mapping[str, Any], *, resume: bool) -> "RunDirectory":
        """Create the directory with its config.json, or go on with one of the same parameters.

        `config["parameters"]` decides sameness. Raises RunError when the directory holds a run with
        other parameters, when there is nothing to resume, or when it cannot be written.
        """
        run = RunDirectory(path)
        if run.has_config():
            run._require_same(config)
            if resume and run.is_finished():
                return run
        elif resume:
            raise RunError(f"--resume: there is no run in {path} to resume")
        elif path.is_dir() and any(path.iterdir()):
            raise RunError(
                f"--out {path}: accepted is an empty or new directory, or that of a run with the "
                "same parameters"
            )
        try:
            run.checkpoints.mkdir(parents=True, exist_ok=True)
            run.write("config.json", lambda aside: aside.write_text(dump_json(config)))
        except OSError as error:
            raise RunError(f"--out {path}: cannot be written ({error.strerror})") from None
        if not resume:
            run.clear_checkpoints(keep_directory=True)
        return run

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    def has_config(self) -> bool:
        return (self.path / "config.json").is_file()

    def is_finished(self) -> bool:
        return (self.path / "verdicts.json").is_file() and not self.checkpoints.exists()

    def config(self) -> dict[str, Any]:
        return self.read_json("config.json")

    def verdicts(self) -> list[dict[str, Any]]:
        return self.read_json("verdicts.json")

    def read_json(self, name: str) -> Any:
        """One of its files of JSON; raises RunError where it cannot be read."""
        try:
            return parse_json((self.path / name).read_text())
        except (OSError, ValueError) as error:
            raise RunError(f"{self.path}: {name} cannot be read ({error})") from None

    def chains(self) -> dict[str, np.ndarray]:
        """chains.parquet as a dictionary of columns."""
        import pyarrow.parquet as pq

        try:
            table = pq.read_table(self.path / "chains.parquet")
        except (OSError, ValueError) as error:
            raise RunError(f"{self.path}: chains.parquet cannot be read ({error})") from None
        return {name: table[name].to_numpy(zero_copy_only=False) for name in table.column_names}

    def write(self, name: str, write: Callable[[Path], object]) -> None:
        """Write one file atomically; a full disk raises OSError and leaves the old file."""
        write_atomically(self.path / name, write)

    def write_verdicts(self, verdicts: list[Mapping[str, Any]]) -> None:
        self.write("verdicts.json", lambda aside: aside.write_text(dump_json(verdicts)))

    def write_chains(self, rows: list[tuple], names: Sequence[str] = CHAIN_COLUMNS) -> None:
        """Rows in the order of `names`, the columns."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        columns = zip(*rows, strict=True)
        table = pa.table(dict(zip(names, map(list, columns), strict=True)))
        self.write("chains.parquet", lambda aside: pq.write_table(table, aside))

    def save_checkpoint(self, name: str, arrays: Mapping[str, np.ndarray]) -> None:
        def write(aside: Path) -> None:
            with open(aside, "wb") as file:
                np.savez(file, **arrays)  # type: ignore[arg-type]

        write_atomically(self.checkpoints / f"{name}.npz", write)

    def has_checkpoint(self, name: str) -> bool:
        return (self.checkpoints / f"{name}.npz").is_file()

    def load_checkpoint(self, name: str) -> dict[str, np.ndarray] | None:
        path = self.checkpoints / f"{name}.npz"
        if not path.is_file():
            return None
        with np.load(path) as arrays:
            return dict(arrays)

    def clear_checkpoints(self, *, keep_directory: bool = False) -> None:
        if not self.checkpoints.exists():
            return
        for path in self.checkpoints.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        if not keep_directory:
            self.checkpoints.rmdir()

    def _require_same(self, config: Mapping[str, Any]) -> None:
        old, new = self.config().get("parameters", {}), _plain(config["parameters"])
        different = [key for key in {**old, **new} if old.get(key) != new.get(key)]
        if different:
            key = different[0]
            raise RunError(
                f"--out {self.path}: holds a run with {key}={old.get(key)}, asked is "
                f"{key}={new.get(key)}; accepted are the same parameters or another directory"
            )
