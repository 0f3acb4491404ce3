"""Training states in a run directory, by Orbax: whole or not at all."""

import shutil
from dataclasses import dataclass
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

        with ocp.StandardCheckpointer() as checkpointer:
            tree = {"state": jax.tree.leaves(state), "losses": np.asarray(losses)}
            checkpointer.save(self._folder(name), tree, force=True)

    def load(self, name: str, like: TrainState) -> tuple[TrainState, Any]:
        """The saved state and its last losses, or `like` and None."""
        folder = self._folder(name)
        if not folder.exists():
            return like, None
        import orbax.checkpoint as ocp

        leaves, structure = jax.tree.flatten(like)
        seeds = leaves[0].shape[:1]
        wanted = {"state": leaves, "losses": np.zeros(seeds, np.float32)}
        with ocp.StandardCheckpointer() as checkpointer:
            tree = checkpointer.restore(folder, wanted)
        return jax.tree.unflatten(structure, tree["state"]), np.asarray(tree["losses"])

    def remove(self, name: str) -> None:
        """Forget a state that nothing needs any more."""
        shutil.rmtree(self._folder(name), ignore_errors=True)

    def _folder(self, name: str):
        return (self.run.checkpoints / f"{name}.orbax").absolute()
