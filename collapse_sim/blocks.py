"""Blocks of replicates: one compiled program for all simulations that differ in their data."""

from functools import lru_cache, partial
from hashlib import sha256
from pathlib import Path
from threading import Lock
from typing import Any

import jax
import jax.numpy as jnp
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P
from jaxtyping import Array, Key, Shaped, UInt32

from collapse_sim.kept_programs import KeptProgram, is_kept, place_of
from collapse_sim.tracing import Program

Blocks = dict[str, Shaped[Array, "blocks block generations"]]

PROGRAMS = 512
"""Programs in memory; those used least recently go first."""


@partial(jax.jit, static_argnames=("program", "block", "mesh"))
def compiled_blocks(
    program: Program,
    data: list[Any],
    key: Key[Array, ""],
    indices: UInt32[Array, " blocks"],
    *,
    block: int,
    mesh: Mesh,
) -> Blocks:
    """Traces of whole blocks: one block at a time on each device.

    The data of a simulation are an argument, not constants: those that differ in masks, rates or
    noise share one compiled program.
    """

    def run_block(data, key, index):
        replicate = index * block + jnp.arange(block, dtype=jnp.uint32)
        return jax.vmap(lambda i: program(data, jax.random.fold_in(key, i)))(replicate)

    def run_share(data, key, indices):
        if len(indices) == 1:  # a loop would copy what comes out
            return jax.tree.map(lambda x: x[None], run_block(data, key, indices[0]))
        return jax.lax.map(lambda index: run_block(data, key, index), indices)

    specs = (P(), P(), P("replicate"))
    share = jax.shard_map(
        run_share, mesh=mesh, in_specs=specs, out_specs=P("replicate"), check_vma=False
    )
    return share(data, key, indices)


def run_blocks(
    program: Program, data: list, key: Key[Array, ""], indices, *, block: int, mesh: Mesh
) -> Blocks:
    """As `compiled_blocks`, by a program from an earlier process where that is kept."""
    if is_kept(mesh):
        kind = program, block, len(indices), mesh
        with _lock(*kind):  # one thread compiles what several ask for
            found = _kept(*kind)
        if found is not None:
            return found(data, key, indices)
    return compiled_blocks(program, data, key, indices, block=block, mesh=mesh)


@lru_cache(PROGRAMS)
def _lock(*kind) -> Lock:
    return Lock()


@lru_cache(PROGRAMS)
def _kept(program: Program, block: int, blocks: int, mesh: Mesh) -> KeptProgram | None:
    """The program for so many blocks; None where it may hide something from its fingerprint."""
    source = sha256(Path(__file__).read_bytes()).hexdigest()
    outputs = program.outputs
    place = place_of(program.equations, mesh, str(outputs), block, blocks, source)
    if place is None:
        return None

    def named(data, key, indices):
        return compiled_blocks(program, data, key, indices, block=block, mesh=mesh)

    named.__name__ = f"blocks_{place.name[:16]}"  # so JAX's own cache tells them apart as well
    everywhere, shared = NamedSharding(mesh, P()), NamedSharding(mesh, P("replicate"))
    *data, key = (
        jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=everywhere, weak_type=x.weak_type)
        for x in program.equations.in_avals
    )
    given = data, key, jax.ShapeDtypeStruct((blocks,), jnp.uint32, sharding=shared)
    lower = partial(jax.jit(named).lower, *given)
    return KeptProgram(place, lower, jax.tree.structure((given, {})), outputs, mesh)
