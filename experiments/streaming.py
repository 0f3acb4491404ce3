"""Replicates of one simulation until its claims are decided, with checkpoints."""

import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import jax
from tqdm import tqdm

from collapse_sim.replicates import EMPTY, Simulation, Stream, Summary
from collapse_sim.run_directory import RunDirectory

CHECKPOINT_SECONDS = 2.0
CHUNK = 4096


def progress(total: int) -> tqdm:
    """A bar on the terminal, and none elsewhere."""
    return tqdm(
        total=total, unit=" replicates", unit_scale=True, disable=None, leave=False, ncols=80
    )


@dataclass(frozen=True, eq=False)
class Streaming:
    """What every simulation of a run shares."""

    run: RunDirectory
    seed: int
    bar: tqdm
    deadline: float = math.inf
    """Monotonic time after which nothing more is simulated."""

    def simulate(
        self,
        name: str,
        index: int,
        simulation: Simulation,
        targets: Iterable[int],
        is_decided: Callable[[Summary], bool] = lambda _: True,
        *,
        chunk: int = CHUNK,
    ) -> Summary:
        """Go on from the checkpoint `name`, through the targets, until decided or out of time.

        `index` tells the random streams of a run's simulations apart; `chunk` is the number of
        replicates in flight. Simulations of one kind and chunk share a compiled program.
        """
        name = name.replace(" ", "-").replace("/", "-")
        saved = self.run.load_checkpoint(name)
        summary = EMPTY if saved is None else Summary.from_arrays(saved)
        self.bar.update(summary.count)
        for target in targets:
            if target < summary.count:
                continue
            for grown in self._extend(name, index, simulation, summary, target, chunk):
                summary = grown
                if time.monotonic() > self.deadline:
                    return summary
            if is_decided(summary):
                break
        self.run.save_checkpoint(name, summary.to_arrays())
        return summary

    def _extend(
        self,
        name: str,
        index: int,
        simulation: Simulation,
        summary: Summary,
        target: int,
        chunk: int,
    ) -> Iterator[Summary]:
        key = jax.random.fold_in(jax.random.key(self.seed), index)
        written = time.monotonic()
        stream = Stream.of(simulation, chunk=min(target - summary.count, chunk) or chunk)
        for grown in stream.extend(summary, key, target):
            self.bar.update(grown.count - summary.count)
            summary = grown
            if time.monotonic() - written > CHECKPOINT_SECONDS:
                self.run.save_checkpoint(name, summary.to_arrays())
                written = time.monotonic()
            yield summary
