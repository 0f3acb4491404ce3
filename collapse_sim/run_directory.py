"""Run directories: parameters, results and the checkpoints that --resume needs.

Files appear whole or not at all: they are written aside and renamed. No JAX is imported here, so
that a figure can be drawn from a run without a simulator.
"""

import io
import json
import os
import shutil
import sys
import tempfile
import weakref
import zipfile
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from collapse_sim.json_text import numbers, one_line, parse_json, plain
from collapse_sim.lock import HeldError, take

CHAIN_COLUMNS = (
    "family", "regime", "mask", "variant", "measure", "generation", "replicates", "mean",
    "standard_error", "q05", "q50", "q95", "low", "high", "edited_fraction", "predicted",
    "predicted_kind",
)  # fmt: skip
"""Of chains.parquet. From low to high reach the replicates or, where the process has one, its own
interval."""

WORDS = ("claim", "source", "relation", "verdict", "note")
"""Fields of a verdict that are always text, even where a text looks like a number."""

TEMPORARY = ".part-"
"""Part of the name of a file that is still being written."""

BROKEN = (
    ValueError, TypeError, EOFError, KeyError, NotImplementedError, zipfile.BadZipFile, zlib.error,
)  # fmt: skip
"""Errors that NumPy raises for a broken .npz file."""


class RunError(RuntimeError):
    """A run directory that cannot be used as asked; its message is one line for a person."""


def write_atomically(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a file beside `path`, then rename it; an error leaves `path` as it was."""
    prefix = f".{path.stem}{TEMPORARY}"
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=prefix, suffix=path.suffix)
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


def _read_arrays(path: Path) -> dict[str, np.ndarray]:
    """Arrays of a .npz file; raises one of BROKEN for content that is none, read from memory:
    there a place before its beginning is no error of the system."""
    with np.load(io.BytesIO(path.read_bytes())) as arrays:
        return dict(arrays)


def dump_json(value: Any) -> str:
    return json.dumps(plain(value), indent=2, allow_nan=False) + "\n"


@dataclass(frozen=True, init=False)
class RunDirectory:
    """`open` prepares one for writing; a bare `RunDirectory(path)` is a reader."""

    path: Path
    let_go: Callable[[], object] = field(compare=False, repr=False)
    """Frees the directory for other processes; of a reader it does nothing."""

    def __init__(self, path: Path | str):
        object.__setattr__(self, "path", Path(path))
        object.__setattr__(self, "let_go", lambda: None)

    @staticmethod
    def open(path: Path | str, config: Mapping[str, Any], *, resume: bool) -> "RunDirectory":
        """Create the directory with its config.json, or go on with one of the same parameters.

        `config["parameters"]` decides sameness, and for `resume` also `config["inputs"]`, a digest
        of everything that was read. No other process may open it before the run is finished.
        Raises RunError when the directory holds a run with other parameters, when there is nothing
        to resume, when an input has changed since, when another process works in it, or when it
        cannot be written.
        """
        run = RunDirectory(path)
        if run.has_config():
            run.require_same_parameters(config)
            if resume:
                run.require_same_inputs(config)
            if resume and run.is_finished():
                return run
        elif resume:
            raise RunError(f"--resume: there is no run in {path} to resume")
        elif not run.is_new():
            raise RunError(
                f"--out {path}: accepted is an empty or new directory, or that of a run with the "
                "same parameters"
            )
        try:
            run.checkpoints.mkdir(parents=True, exist_ok=True)
            object.__setattr__(run, "let_go", weakref.finalize(run, take(run.lock)))
            for folder in (run.path, run.checkpoints):
                for left in folder.glob(f".*{TEMPORARY}*"):
                    left.unlink()
            if not resume:  # before config.json tells of other inputs
                run.clear_checkpoints(keep_directory=True)
            run.write_json("config.json", config)
        except HeldError as other:
            raise RunError(
                f"--out {path}: {other} works in it; accepted is another directory, or --resume "
                "once that has ended"
            ) from None
        except OSError as error:
            raise RunError(f"--out {path}: cannot be written ({error.strerror})") from None
        return run

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def lock(self) -> Path:
        """The file that is there while a process works in the directory, or after it was killed."""
        return self.path / ".lock"

    def has_config(self) -> bool:
        return (self.path / "config.json").is_file()

    def is_new(self) -> bool:
        """True if the folder is absent or holds only what a failed first write leaves."""
        if not self.path.is_dir():
            return True
        left = [path for path in self.path.iterdir() if path not in (self.checkpoints, self.lock)]
        if self.checkpoints.is_dir():
            left += self.checkpoints.iterdir()
        return all(path.name.startswith(".") and TEMPORARY in path.name for path in left)

    def is_finished(self) -> bool:
        return (self.path / "verdicts.json").is_file() and not self.checkpoints.exists()

    def config(self) -> dict[str, Any]:
        config = self.read_json("config.json")
        if not isinstance(config, dict):
            raise RunError(f"{self.path}: config.json cannot be read (no object)")
        for name in ("parameters", "inputs"):
            if not isinstance(config.get(name, {}), dict):
                raise RunError(f"{self.path}: config.json cannot be read ({name} is no object)")
        return config

    def verdicts(self) -> list[dict[str, Any]]:
        """The records of verdicts.json, with the infinite numbers that JSON has not."""
        records = self.read_json("verdicts.json")
        if not isinstance(records, list) or not all(isinstance(r, dict) for r in records):
            raise RunError(f"{self.path}: verdicts.json cannot be read (no list of verdicts)")
        return [
            {name: value if name in WORDS else numbers(value) for name, value in record.items()}
            for record in records
        ]

    def read_json(self, name: str) -> Any:
        """Read a JSON file of the run; raises RunError for one that cannot be read."""
        try:
            return parse_json((self.path / name).read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise RunError(f"{self.path}: {name} cannot be read ({one_line(error)})") from None

    def chains(self) -> dict[str, np.ndarray]:
        """chains.parquet as a dictionary of columns."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            # An open file: of a path pyarrow takes only names that are UTF-8 everywhere. In one
            # thread: another that frees what Python holds, as Python ends, aborts the process.
            with open(self.path / "chains.parquet", "rb") as file, pq.ParquetFile(file) as parquet:
                table = parquet.read(use_threads=False)
            return {name: table[name].to_numpy(zero_copy_only=False) for name in table.column_names}
        except (OSError, ValueError, pa.ArrowException) as error:
            raise RunError(
                f"{self.path}: chains.parquet cannot be read ({one_line(error)})"
            ) from None

    def write(self, name: str, write: Callable[[Path], object]) -> None:
        """Write one file atomically; a full disk raises OSError and leaves the old file."""
        write_atomically(self.path / name, write)

    def write_json(self, name: str, value: Any) -> None:
        """Write a JSON file; infinities become strings."""
        self.write(name, lambda aside: aside.write_text(dump_json(value), encoding="utf-8"))

    def write_verdicts(self, verdicts: list[Mapping[str, Any]]) -> None:
        self.write_json("verdicts.json", verdicts)

    def write_chains(self, rows: list[tuple]) -> None:
        """Rows in the order of CHAIN_COLUMNS."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        columns = zip(*rows, strict=True) if rows else [()] * len(CHAIN_COLUMNS)
        table = pa.table(dict(zip(CHAIN_COLUMNS, map(list, columns), strict=True)))

        def write(aside: Path) -> None:
            with open(aside, "wb") as file:
                pq.write_table(table, file)

        self.write("chains.parquet", write)

    def write_arrays(self, arrays: Mapping[str, np.ndarray]) -> None:
        """Write arrays.npz: arrays too long for the parameters of verdicts.json, which name
        them."""

        def write(aside: Path) -> None:
            with open(aside, "wb") as file:
                np.savez_compressed(file, **arrays)  # type: ignore[arg-type]

        self.write("arrays.npz", write)

    def arrays(self) -> dict[str, np.ndarray]:
        """Arrays of arrays.npz by name; an empty dictionary for a run without that file."""
        path = self.path / "arrays.npz"
        if not path.is_file():
            return {}
        try:
            return _read_arrays(path)
        except BROKEN as error:
            raise RunError(f"{path}: cannot be read ({one_line(error)})") from None

    def save_checkpoint(self, name: str, arrays: Mapping[str, np.ndarray]) -> None:
        def write(aside: Path) -> None:
            with open(aside, "wb") as file:
                np.savez(file, **arrays)  # type: ignore[arg-type]

        write_atomically(self.checkpoints / f"{name}.npz", write)

    def has_checkpoint(self, name: str) -> bool:
        return self.load_checkpoint(name) is not None

    def load_checkpoint(self, name: str) -> dict[str, np.ndarray] | None:
        """Load the saved arrays; None without any. Removes a broken checkpoint."""
        path = self.checkpoints / f"{name}.npz"
        if not path.is_file():
            return None
        try:
            return _read_arrays(path)
        except BROKEN:
            self.drop_broken(path)
            return None

    def drop_broken(self, path: Path) -> None:
        """Remove a checkpoint that cannot be read, and say so: its replicates are computed anew."""
        print(f"{path}: cannot be read, is computed anew", file=sys.stderr)
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    def clear_checkpoints(self, *, keep_directory: bool = False) -> None:
        if not self.checkpoints.exists():
            return
        for path in self.checkpoints.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        if not keep_directory:
            self.checkpoints.rmdir()
            self.let_go()

    def require_same_parameters(self, config: Mapping[str, Any]) -> None:
        old, new = self.config().get("parameters", {}), plain(config["parameters"])
        different = [key for key in {**old, **new} if old.get(key) != new.get(key)]
        if different:
            key = different[0]
            raise RunError(
                f"--out {self.path}: holds a run with {key}={old.get(key)}, asked is "
                f"{key}={new.get(key)}; accepted are the same parameters or another directory"
            )

    def require_same_inputs(self, config: Mapping[str, Any]) -> None:
        old, new = self.config().get("inputs", {}), config.get("inputs", {})
        for name in {**old, **new}:
            if old.get(name) != new.get(name):
                raise RunError(
                    f"--resume: {name} has changed since the run in {self.path} was started; "
                    "accepted is what was read then; without --resume the run begins anew"
                )
