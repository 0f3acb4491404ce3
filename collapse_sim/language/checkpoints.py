"""Training states in a run directory, by Orbax: whole or not at all."""

import gc
import hashlib
import logging
import shutil
import sys
import tempfile
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np

from collapse_sim.language.training import TrainState
from collapse_sim.run_directory import RunDirectory


@dataclass(frozen=True)
class Checkpoints:
    """Saves and restores a training state by name; the latest replaces the one before it."""

    run: RunDirectory

    def save(self, name: str, state: TrainState, losses: np.ndarray) -> None:
        """Raises OSError, the old checkpoint kept, when it cannot be written."""
        import orbax.checkpoint as ocp

        with _utf8(self.run.checkpoints) as folder, ocp.StandardCheckpointer() as checkpointer:
            tree = {"state": jax.tree.leaves(state), "losses": np.asarray(losses)}
            tree["digest"] = digest([*tree["state"], tree["losses"]])
            checkpointer.save(folder / f"{name}.orbax", tree, force=True)

    def load(self, name: str, like: TrainState) -> tuple[TrainState, Any]:
        """The saved state and its last losses; `like` and None where there is none, and where it is
        damaged or that of another model, which is said."""
        saved = self.run.checkpoints / f"{name}.orbax"
        if not saved.exists():
            return like, None
        leaves, structure = jax.tree.flatten(like)
        seeds = leaves[0].shape[:1]
        wanted = {"state": leaves, "losses": np.zeros(seeds, np.float32), "digest": digest([])}
        tree = _restored(saved, wanted)
        if tree is None:
            self.run.drop_broken(saved)
            return like, None
        return jax.tree.unflatten(structure, tree["state"]), np.asarray(tree["losses"])

    def remove(self, name: str) -> None:
        """Forget a state that nothing needs any more."""
        shutil.rmtree(self.run.checkpoints / f"{name}.orbax", ignore_errors=True)


def _restored(saved: Path, wanted: dict[str, Any]) -> dict[str, Any] | None:
    """What was saved, of the shapes that are wanted; None where that is not there."""
    import orbax.checkpoint as ocp

    with _quietly():
        try:
            with _utf8(saved.parent) as folder, ocp.StandardCheckpointer() as checkpointer:
                tree = checkpointer.restore(folder / saved.name, wanted)
            same = tree["digest"] == digest([*tree["state"], tree["losses"]])
            return tree if same.all() else None
        except (MemoryError, jax.errors.JaxRuntimeError):  # which say nothing of the files
            raise
        except Exception:  # whatever Orbax stumbles over
            pass
        gc.collect()
    return None


@contextmanager
def _quietly() -> Iterator[None]:
    """Orbax leaves the tasks of a failed reading behind; Python would print their tracebacks."""
    logger, hook = logging.getLogger("asyncio"), sys.unraisablehook
    before, logger.disabled, sys.unraisablehook = logger.disabled, True, lambda _: None
    try:
        with warnings.catch_warnings(action="ignore"):
            yield
    finally:
        logger.disabled, sys.unraisablehook = before, hook


def digest(arrays: Iterable[Any]) -> np.ndarray:
    """SHA-256 of types, shapes and bytes: Orbax reads some damaged files as other numbers."""
    found = hashlib.sha256()
    for array in map(np.asarray, arrays):
        found.update(f"{array.dtype} {array.shape} ".encode())
        found.update(np.ascontiguousarray(array).view(np.uint8).data)
    return np.frombuffer(found.digest(), np.uint8)


@contextmanager
def _utf8(folder: Path) -> Iterator[Path]:
    """The folder by a name that is UTF-8: Orbax takes no other, and locales may give others."""
    folder = folder.absolute()
    try:
        str(folder).encode()
    except UnicodeEncodeError:
        with tempfile.TemporaryDirectory() as place:
            link = Path(place) / "checkpoints"
            link.symlink_to(folder, target_is_directory=True)
            yield link
    else:
        yield folder
