"""Replicates of one simulation, streamed in blocks over all devices and reduced on the host.

A block of replicates is the unit of computing. Its size depends on the simulation alone, each
replicate has its own random stream, and blocks are reduced in order; so results depend neither on
the blocks in flight, nor on the devices, nor on where a run was interrupted. Last digits may: XLA
cuts large products of matrices by its threads, and makes another program for one device alone.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, partial
from types import FunctionType, MethodType
from typing import Any

import jax
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding
from jax.sharding import PartitionSpec as P
from jaxtyping import Array, Float, Key, UInt32

from collapse_sim.blocks import Blocks, run_blocks
from collapse_sim.hosts import are_several, on_every_device, put
from collapse_sim.loop import Trace
from collapse_sim.moments import Moments
from collapse_sim.pytree import require_integer, require_tree
from collapse_sim.tracing import program_of, size_of

Simulation = Callable[[Key[Array, ""]], Trace]

SEEDS = 2**32
"""Number of seeds: JAX's keys see the last 32 bits of a number alone."""

BLOCK_FLOATS = 2**18
CALL_FLOATS = 2**26
SAMPLE = 2**15
"""Replicates kept whole (the first ones), for quantiles and tests of a law."""


@dataclass(frozen=True, repr=False)
class Summary:
    """Summary of a stream: moments of every measure, and the first replicates in full."""

    moments: dict[str, Moments]
    first: tuple[dict[str, Float[np.ndarray, "_ generations"]], ...]
    """Blocks of the first SAMPLE replicates."""

    whole: "Summary | None" = None
    """Summary of the complete blocks alone: a stream goes on from there."""

    def __repr__(self) -> str:
        return f"Summary(count={self.count}, measures={list(self.moments)})"

    @property
    def count(self) -> int:
        return next(iter(self.moments.values())).count if self.moments else 0

    @cached_property
    def sample(self) -> dict[str, Float[np.ndarray, "kept generations"]]:
        """The first replicates of every measure."""
        return {name: np.concatenate([b[name] for b in self.first]) for name in self.moments}

    def add(self, block: dict[str, Float[np.ndarray, "replicates generations"]]) -> "Summary":
        moments = {}
        for name, values in block.items():
            with np.errstate(invalid="ignore"):
                new = Moments.of(values)
            if not np.isfinite(new.mean).all():  # one value that is not finite spoils it
                span = f"{self.count} to {self.count + len(values) - 1}"
                raise FloatingPointError(f"{name} is not finite in one of replicates {span}")
            moments[name] = self.moments[name].merge(new) if self.moments else new
        room = SAMPLE - self.count
        kept = {name: values[:room] for name, values in block.items()}
        return Summary(moments, (*self.first, kept) if room > 0 else self.first)

    def scaled(self, factors: Mapping[str, float]) -> "Summary":
        """Summary in other units: measures times factors > 0, in float64."""
        factors = {name: factor for name, factor in factors.items() if factor != 1}
        if not factors:
            return self

        def block(values: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
            in_units = {name: f * values[name].astype(np.float64) for name, f in factors.items()}
            return values | in_units

        moments = {name: self.moments[name].scaled(f) for name, f in factors.items()}
        return Summary(self.moments | moments, tuple(map(block, self.first)))

    def to_arrays(self) -> dict[str, np.ndarray]:
        """A flat form for a checkpoint; `from_arrays` is its inverse."""
        arrays: dict[str, np.ndarray] = {"count": np.asarray(self.count)}
        for name, m in self.moments.items():
            arrays[f"moments/{name}"] = np.stack([m.mean, m.squares, m.least, m.largest])
            arrays[f"sample/{name}"] = self.sample[name]
        if self.whole is not None:
            arrays["whole"] = np.asarray(self.whole.count)
            for name, m in self.whole.moments.items():
                arrays[f"whole/{name}"] = np.stack([m.mean, m.squares, m.least, m.largest])
        return arrays

    @staticmethod
    def from_arrays(arrays: dict[str, np.ndarray]) -> "Summary":
        sample = _named(arrays, "sample/")
        whole = None
        if "whole" in arrays:
            count = int(arrays["whole"])
            kept = {name: values[:count] for name, values in sample.items()}
            moments = _moments_of(_named(arrays, "whole/"), count)
            whole = Summary(moments, (kept,)) if count else EMPTY
        moments = _moments_of(_named(arrays, "moments/"), int(arrays["count"]))
        return Summary(moments, (sample,), whole)


def _named(arrays: Mapping[str, np.ndarray], prefix: str) -> dict[str, np.ndarray]:
    """Arrays whose names begin with a prefix, by the rest of their names."""
    return {n.removeprefix(prefix): array for n, array in arrays.items() if n.startswith(prefix)}


def _moments_of(stacks: Mapping[str, np.ndarray], count: int) -> dict[str, Moments]:
    return {name: Moments(count, *stack) for name, stack in stacks.items()}


EMPTY = Summary({}, ())


FUNCTIONS = FunctionType, MethodType, partial, jax.stages.Wrapped
"""Functions of a key that are no dataclasses; the last are those under `jax.jit`."""


def require_simulation(simulation: Any) -> Any:
    """The simulation in a form that JAX knows; raises ValueError for anything but a chain or
    another function of a random key."""
    if isinstance(simulation, FUNCTIONS):
        simulation = jax.tree_util.Partial(simulation)
    require_tree("simulation", simulation)
    if not callable(simulation):
        raise ValueError(
            f"simulation is a {type(simulation).__name__}: accepted is a Chain, or a function of a "
            "random key"
        )
    return simulation


@dataclass(frozen=True, eq=False)
class Stream:
    """Replicates of one simulation, in blocks over devices.

    `chunk` is the number of replicates in flight, at most what keeps a call short and its memory
    small; like the devices it has no influence on the numbers.
    """

    simulation: Simulation
    block: int
    blocks: int
    mesh: Mesh

    @staticmethod
    def of(
        simulation: Simulation,
        *,
        devices: list | None = None,
        chunk: int = 4096,
        block: int | None = None,
    ) -> "Stream":
        """Stream of a simulation; `block` is taken over from an earlier stream that goes on."""
        devices, simulation = devices or jax.devices(), require_simulation(simulation)
        largest = size_of(simulation).largest
        if block is None:
            block = int(2 ** np.clip(int(np.log2(BLOCK_FLOATS / largest)), 3, 12))
        chunk = min(CALL_FLOATS // largest, chunk)
        mesh = Mesh(np.array(devices), ("replicate",), axis_types=(AxisType.Auto,))
        blocks = max(chunk // (block * len(devices)), 1) * len(devices)
        return Stream(simulation, block, blocks, mesh)

    def run(self, key: Key[Array, ""], indices: UInt32[np.ndarray, " blocks"]) -> Blocks:
        """Traces of the blocks of these indices, on the devices."""
        everywhere = NamedSharding(self.mesh, P())
        placed = put(indices, NamedSharding(self.mesh, P("replicate")))
        # Leaf by leaf: given a tree, jax 0.7 rebuilds it around leaves that are no arrays.
        data = [put(leaf, everywhere) for leaf in jax.tree.leaves(self.simulation)]
        program, key = program_of(self.simulation, key), put(key, everywhere)
        made = run_blocks(program, data, key, placed, block=self.block, mesh=self.mesh)
        return on_every_device(made, mesh=self.mesh) if are_several() else made

    def blocks_from(
        self, key: Key[Array, ""], start: int, stop: int
    ) -> Iterator[dict[str, Float[np.ndarray, "replicates generations"]]]:
        """Values of replicates start, ..., stop - 1, block by block, the last one cut.

        `start` must be a multiple of the block.
        """
        if start >= stop:
            return
        if start % self.block:
            raise ValueError(f"start={start}: accepted are multiples of the block, {self.block}")
        last = -(-stop // self.block)

        def call(first: int) -> Blocks | None:
            if first < last:
                return self.run(key, np.arange(first, first + self.blocks, dtype=np.uint32))

        coming = call(start // self.block)
        for first in range(start // self.block, last, self.blocks):
            # The devices work on the next call while the host reduces this one.
            present, coming = coming, call(first + self.blocks)
            values = {name: _as_floats(value) for name, value in jax.device_get(present).items()}
            for i, index in enumerate(range(first, min(first + self.blocks, last))):
                keep = min(stop - index * self.block, self.block)
                yield {name: value[i][:keep] for name, value in values.items()}

    def extend(self, summary: Summary, key: Key[Array, ""], stop: int) -> Iterator[Summary]:
        """The summary after each further block, up to `stop` replicates.

        The same bits as an unbroken stream's, whatever the count of `summary`: where it ends inside
        a block that block is simulated again.
        """
        if summary.whole is not None and summary.count < stop:
            summary = summary.whole
        for block in self.blocks_from(key, summary.count, stop):
            grown = summary.add(block)
            is_part = grown.count % self.block
            summary = replace(grown, whole=summary) if is_part else grown
            yield summary


def _as_floats(values: np.ndarray) -> np.ndarray:
    """Truths and unsigned integers have no quantiles and no differences."""
    return values if values.dtype.kind == "f" else values.astype(np.float64)


def looks(replicates: int, first: int = 4096) -> Iterator[int]:
    """Replicate counts at which a run asks whether it knows enough: first, 2 first, 4 first, ..."""
    require_integer("replicates", replicates, 1)
    while first < replicates:
        yield first
        first *= 2
    yield replicates
