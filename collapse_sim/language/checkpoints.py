"""Training states in a run directory, by Orbax: whole or not at all."""

import hashlib
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np

from collapse_sim.hosts import agreed, are_several, fetch, from_first, is_first
from collapse_sim.language.training import TrainState
from collapse_sim.run_directory import RunDirectory, write_atomically

BROKEN = (OSError, ValueError, KeyError, TypeError)
"""Errors of Orbax for a folder that it cannot read."""

SEAL = "seal"
"""File beside Orbax's with a digest of them all. Orbax takes some damaged files for other numbers,
and stumbles over others in threads of its own: it is given none."""


@dataclass(frozen=True)
class Checkpoints:
    """Saves and restores a training state by name; the latest replaces the one before it."""

    run: RunDirectory

    def save(self, name: str, state: TrainState, losses: np.ndarray) -> None:
        """Raises OSError when it cannot be written; what stands unsealed is computed anew."""
        leaves = jax.tree.leaves(state)
        if are_several():  # all take part in fetching, one writes
            leaves = [fetch(leaf) for leaf in leaves]
        if not is_first():
            return
        tree = {"state": leaves, "losses": np.asarray(losses)}
        saved = self.run.checkpoints / f"{name}.orbax"
        with _utf8(saved.parent) as folder, _checkpointer() as checkpointer:
            checkpointer.save(folder / saved.name, tree, force=True)
        seal = _seal(saved, tree)
        write_atomically(saved / SEAL, lambda aside: aside.write_text(seal))

    def load(self, name: str, like: TrainState) -> tuple[TrainState, Any]:
        """The saved state and its last losses; `like` and None where there is none, and where it is
        damaged or that of another model, which is said."""
        leaves, structure = jax.tree.flatten(like)
        if are_several():
            leaves = [np.zeros(leaf.shape, leaf.dtype) for leaf in leaves]
        wanted = {"state": leaves, "losses": np.zeros(leaves[0].shape[:1], np.float32)}
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
        try:
            if (saved / SEAL).read_text() == _seal(saved, wanted):
                with _utf8(saved.parent) as folder, _checkpointer() as checkpointer:
                    return checkpointer.restore(folder / saved.name, wanted)
        except BROKEN:
            pass
        self.run.drop_broken(saved)
        return None

    def remove(self, name: str) -> None:
        """Forget a state that nothing needs any more."""
        shutil.rmtree(self.run.checkpoints / f"{name}.orbax", ignore_errors=True)


def _seal(saved: Path, tree: dict[str, Any]) -> str:
    """SHA-256 of the types and shapes of arrays and of all files that hold them."""
    found = hashlib.sha256()
    for leaf in jax.tree.leaves(tree):
        found.update(f"{leaf.dtype} {leaf.shape}\n".encode())
    for path in sorted(path for path in saved.rglob("*") if path.is_file() and path.name != SEAL):
        with path.open("rb") as file:
            own = hashlib.file_digest(file, "sha256").hexdigest()
        found.update(f"{path.relative_to(saved)} {own}\n".encode())
    return found.hexdigest()


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
