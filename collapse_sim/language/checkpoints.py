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

from collapse_sim.hosts import agreed, are_several, fetch, from_first, is_first
from collapse_sim.language.training import TrainState
from collapse_sim.run_directory import RunDirectory


@dataclass(frozen=True)
class Checkpoints:
    """Saves and restores a training state by name; the latest replaces the one before it."""

    run: RunDirectory

    def save(self, name: str, state: TrainState, losses: np.ndarray) -> None:
        """Raises OSError, the old checkpoint kept, when it cannot be written."""
        leaves = jax.tree.leaves(state)
        if are_several():  # all take part in fetching, one writes
            leaves = [fetch(leaf) for leaf in leaves]
        if not is_first():
            return
        tree = {"state": leaves, "losses": np.asarray(losses)}
        tree["digest"] = digest([*leaves, tree["losses"]])
        with _utf8(self.run.checkpoints) as folder, _checkpointer() as checkpointer:
            checkpointer.save(folder / f"{name}.orbax", tree, force=True)

    def load(self, name: str, like: TrainState) -> tuple[TrainState, Any]:
        """The saved state and its last losses; `like` and None where there is none, and where it is
        damaged or that of another model, which is said."""
        leaves, structure = jax.tree.flatten(like)
        if are_several():
            leaves = [np.zeros(leaf.shape, leaf.dtype) for leaf in leaves]
        losses = np.zeros(leaves[0].shape[:1], np.float32)
        wanted = {"state": leaves, "losses": losses, "digest": digest([])}
        tree = self._restored(name, wanted) if is_first() else None
        if not agreed(tree is not None):
            return like, None
        tree = from_first(tree or wanted)
        return jax.tree.unflatten(structure, tree["state"]), np.asarray(tree["losses"])

    def _restored(self, name: str, wanted: dict[str, Any]) -> dict[str, Any] | None:
        """Arrays of a checkpoint like those that are wanted; None where there is no whole one."""
        saved = self.run.checkpoints / f"{name}.orbax"
        if not saved.exists():
            return None
        tree = _restored(saved, wanted)
        if tree is None:
            self.run.drop_broken(saved)
        return tree

    def remove(self, name: str) -> None:
        """Forget a state that nothing needs any more."""
        shutil.rmtree(self.run.checkpoints / f"{name}.orbax", ignore_errors=True)


def _restored(saved: Path, wanted: dict[str, Any]) -> dict[str, Any] | None:
    """What was saved, of the shapes that are wanted; None where that is not there."""
    with _quietly():
        try:
            with _utf8(saved.parent) as folder, _checkpointer() as checkpointer:
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


def _checkpointer() -> Any:
    """Orbax's, which waits for no other process: only the first uses it."""
    import orbax.checkpoint as ocp

    if not are_several():
        return ocp.StandardCheckpointer()
    alone = ocp.options.MultiprocessingOptions(active_processes={0}, barrier_sync_key_prefix="0")
    return ocp.StandardCheckpointer(multiprocessing_options=alone)


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
