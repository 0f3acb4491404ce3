"""Places of the long simulations of a run, so that a stopped run goes on."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import jax
import numpy as np
from jaxtyping import Array, Float, Key
from tqdm import tqdm

from collapse_sim.run_directory import RunDirectory

Arrays = dict[str, np.ndarray]
"""By name; of measures a value for each replicate, or one for each replicate and generation."""


@dataclass(frozen=True, eq=False)
class Workplace:
    """A run directory for checkpoints, and the bar that the work moves; without a run none is kept.

    `models` holds fitted models that several simulations begin with, by name.
    """

    run: RunDirectory | None
    bar: tqdm
    models: dict[str, Any] = field(default_factory=dict)

    def once(self, name: str, make: Callable[[], Mapping[str, np.ndarray]]) -> Arrays:
        """Arrays from the checkpoint `name`; made, and kept there, where it is not."""
        saved = None if self.run is None else self.run.load_checkpoint(name)
        if saved is None:
            saved = dict(make())
            if self.run is not None:
                self.run.save_checkpoint(name, saved)
        return saved

    def has(self, name: str) -> bool:
        return self.run is not None and self.run.has_checkpoint(name)


@runtime_checkable
class OnHost(Protocol):
    """A simulation that no program holds whole: it runs on the host, all replicates at once."""

    @property
    def generations(self) -> int: ...

    def on_host(
        self, keys: Key[Array, " replicates"], place: Workplace, name: str
    ) -> dict[str, Float[np.ndarray, "replicates generations"]]:
        """Every measure of every replicate and generation, `edited_fraction` among them.

        Checkpoints begin with `name`, which no other simulation of the run has.
        """
        ...


def replicate_keys(key: Key[Array, ""], count: int) -> Key[Array, " count"]:
    """Keys of the first replicates: that of replicate i is the same whatever their number."""
    return jax.vmap(jax.random.fold_in, (None, 0))(key, np.arange(count, dtype=np.uint32))
