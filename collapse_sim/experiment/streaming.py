"""Replicates of one simulation until its claims are decided, with checkpoints."""

import math
import time
from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass, field

import jax
import numpy as np
from jaxtyping import Array, Key
from tqdm import tqdm

from collapse_sim.hosts import agreed
from collapse_sim.replicates import EMPTY, Simulation, Stream, Summary
from collapse_sim.terminal import progress_bar
from collapse_sim.workplace import OnHost, Workplace, replicate_keys

CHECKPOINT_SECONDS = 2.0
CHUNK = 4096


def progress(total: int) -> tqdm:
    """A bar of replicates on the terminal, and none elsewhere."""
    return progress_bar(total, "replicates")


@dataclass(frozen=True, eq=False)
class Streaming:
    """Settings that all simulations of a run share."""

    place: Workplace
    deadline: float = math.inf
    """Monotonic time after which nothing more is simulated."""
    programs: set[Hashable] = field(default_factory=set)
    """Programs that were compiled for an earlier simulation."""

    def simulate(
        self,
        name: str,
        key: Key[Array, ""],
        simulation: Simulation | OnHost,
        targets: Sequence[int],
        is_decided: Callable[[Summary], bool] = lambda _: True,
        *,
        chunk: int | None = None,
        shown: str = "",
    ) -> Summary:
        """Go on from the checkpoint `name`, through the targets, until decided or out of time.

        `chunk` is the number of replicates in flight, `shown` what stands before the bar.
        Simulations of one kind and chunk share a compiled program. One that runs on the host has
        all replicates at once, and keeps its own checkpoints.
        """
        name = name.replace(" ", "-").replace("/", "-")
        if isinstance(simulation, OnHost):
            if self._is_over():
                return EMPTY
            self.place.bar.set_description(shown)
            keys = replicate_keys(key, targets[-1])
            return EMPTY.add(simulation.on_host(keys, self.place, name))
        summary, block = self._load(name)
        if self._is_over():  # before anything is compiled
            return summary
        # As many in flight as the first look needs: one program for all looks.
        chunk = min(targets[0], chunk or CHUNK)
        stream = Stream.of(simulation, chunk=chunk, block=block)
        self.place.bar.update(summary.count)
        program = _program(stream)
        new = program not in self.programs
        self.place.bar.set_description(f"compiling {shown}" if new else shown)
        for target in targets:
            if target < summary.count:
                continue
            for grown in self._extend(name, stream, key, summary, target):
                summary = grown
                if new:
                    self.programs.add(program)
                    self.place.bar.set_description(shown)
                    new = False
                if self._is_over():
                    return summary
            if is_decided(summary):
                break
        self._save(name, summary, stream.block)
        return summary

    def _is_over(self) -> bool:
        return self.deadline < math.inf and agreed(time.monotonic() > self.deadline)

    def _extend(
        self, name: str, stream: Stream, key: Key[Array, ""], summary: Summary, target: int
    ) -> Iterator[Summary]:
        written = time.monotonic()
        for grown in stream.extend(summary, key, target):
            self.place.bar.update(grown.count - summary.count)
            summary = grown
            if time.monotonic() - written > CHECKPOINT_SECONDS:
                self._save(name, summary, stream.block)
                written = time.monotonic()
            yield summary

    def _save(self, name: str, summary: Summary, block: int) -> None:
        """Save with the block, which decides in what order the rest is to be summed."""
        if self.place.run is not None:
            self.place.run.save_checkpoint(name, summary.to_arrays() | {"block": np.asarray(block)})

    def _load(self, name: str) -> tuple[Summary, int | None]:
        saved = None if self.place.run is None else self.place.run.load_checkpoint(name)
        if saved is None or "block" not in saved:
            return EMPTY, None
        return Summary.from_arrays(saved), int(saved["block"])


def _program(stream: Stream) -> Hashable:
    """Equal for streams that share a compiled program."""
    leaves, structure = jax.tree.flatten(stream.simulation)
    return structure, *map(jax.typeof, leaves), stream.block, stream.blocks
