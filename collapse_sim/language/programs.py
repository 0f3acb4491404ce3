"""Programs of a language model, compiled for a mesh of devices: seeds over its first axis, rows of
a batch over its second.
"""

import inspect
import math
from collections.abc import Callable, Iterator
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding
from jax.sharding import PartitionSpec as P
from jaxtyping import Array, Int, Key

from collapse_sim.hosts import are_several, put
from collapse_sim.language import decoding, head
from collapse_sim.language.sampling import Sampler


class Part(NamedTuple):
    """Some blocks of every seed, on the mesh."""

    rows: Int[Array, " blocks"]
    """Their numbers."""
    arrays: list[Array]
    kept: int
    """Blocks that are not there to fill the mesh alone."""
    end: int
    """Number of the block after the last one that is kept."""


def make_mesh(seeds: int, devices: list | None = None, *, batch: int = 0) -> Mesh:
    """Devices in two axes: seeds over as many as divide them, then the rows of a batch.

    Of the `devices`, or all there are, as many are taken as divide both: with a batch of 8 rows,
    two seeds leave two devices of six unused. No batch, 0, is divided by any number. On several
    hosts those that are left over do what others do, along a third axis: each has a part in every
    program.
    """
    devices = devices or jax.devices()
    most, several = len(devices), are_several()
    shapes = [
        (own, rows)
        for own in range(1, most + 1)
        for rows in range(1, most // own + 1)
        if seeds % own == 0 and batch % rows == 0 and not (several and most % (own * rows))
    ]
    shape = max(shapes, key=lambda shape: (math.prod(shape), shape[0]))
    names = ("seed", "batch")
    if several and math.prod(shape) < most:
        shape, names = (*shape, most // math.prod(shape)), (*names, "copy")
    grid = np.array(devices[: math.prod(shape)]).reshape(shape)
    return Mesh(grid, names, axis_types=(AxisType.Auto,) * len(names))


def by_seed(keys: Key[Array, " seeds"], mesh: Mesh) -> Key[Array, " seeds"]:
    """Keys where their seeds are."""
    return put(keys, NamedSharding(mesh, P("seed")))


def divided_batches(mesh: Mesh, batch: int) -> NamedSharding:
    """Of (seeds, steps, batch, ...); raises ValueError for a batch that is not to be divided."""
    if batch % mesh.shape["batch"]:
        raise ValueError(
            f"batch={batch}: accepted are multiples of {mesh.shape['batch']}, the devices of the "
            "mesh for a batch"
        )
    return NamedSharding(mesh, P("seed", None, "batch"))


def parts(mesh: Mesh, rows: int, *arrays) -> Iterator[Part]:
    """Slices of `rows` blocks, the last one filled up with repeated blocks."""
    size = arrays[0].shape[1]
    wide = -(-min(rows, size) // mesh.shape["batch"]) * mesh.shape["batch"]
    sharding = NamedSharding(mesh, P("seed", "batch"))
    for first in range(0, size, wide):
        numbers = np.arange(first, first + wide, dtype=np.int32)
        chosen = [np.asarray(array)[:, np.minimum(numbers, size - 1)] for array in arrays]
        placed = put(numbers, NamedSharding(mesh, P("batch")))
        kept = min(wide, size - first)
        yield Part(placed, [put(part, sharding) for part in chosen], kept, first + kept)


def on_each(function: Callable, mesh: Mesh, *trees, **named):
    """`function` of what each device has of some arrays, by a program of its own, as if there were
    no other: what is computed of a seed then does not depend on how many devices there are.

    Arrays of the answer have a leading axis of seeds.
    """

    def of(device):
        own = lambda x: next(s.data for s in x.addressable_shards if s.device == device)  # noqa: E731
        return function(*jax.tree.map(own, trees), **jax.tree.map(own, named))

    def joined(*parts):
        shape = (mesh.shape["seed"] * parts[0].shape[0], *parts[0].shape[1:])
        placed = NamedSharding(mesh, P("seed"))
        return jax.make_array_from_single_device_arrays(shape, placed, list(parts))

    return jax.tree.map(joined, *map(of, mesh.local_devices))


def shard(function, mesh: Mesh):
    """Each device works on its own seeds and rows, with whole parameters."""
    seeds, rows, both = P("seed"), P("batch"), P("seed", "batch")
    specs = {
        "config": P(),
        "parameters": seeds,
        "keys": seeds,
        "rows": rows,
        "tokens": both,
        "lengths": both,
    }
    in_specs = tuple(specs[name] for name in inspect.signature(function).parameters)
    return jax.shard_map(function, mesh=mesh, in_specs=in_specs, out_specs=both, check_vma=False)


@partial(jax.jit, static_argnames=("mesh", "time", "stop"))
def generate(
    parameters, keys, rows, prompts, lengths, sampler: Sampler, *, mesh, config, time, stop
):
    def local(config, parameters, keys, rows, tokens, lengths):
        return decoding.generate(
            parameters, keys, rows, tokens, sampler,
            config=config, time=time, stop=stop, lengths=lengths,
        )  # fmt: skip

    return shard(local, mesh)(config, parameters, keys, rows, prompts, lengths)


@partial(jax.jit, static_argnames=("mesh", "end_of_text"))
def resample(parameters, keys, rows, tokens, sampler: Sampler, *, mesh, config, end_of_text):
    def local(config, parameters, keys, rows, tokens):
        def one_seed(seed):
            parameters, key, tokens = seed
            uniforms = decoding.row_uniforms(key, rows, tokens.shape[1] - 1)
            model = config.model(parameters)
            log_probability, drawn = head.redraw(model, tokens, uniforms, sampler)
            surprise = -log_probability
            if end_of_text is not None:
                surprise = jnp.where(tokens[:, :-1] == end_of_text, jnp.nan, surprise)
            surprise = jnp.pad(surprise, ((0, 0), (1, 0)), constant_values=jnp.nan)
            return jnp.concatenate([tokens[:, :1], drawn.astype(tokens.dtype)], axis=1), surprise

        return jax.lax.map(one_seed, (parameters, keys, tokens))

    return shard(local, mesh)(config, parameters, keys, rows, tokens)


@partial(jax.jit, static_argnames="mesh")
def score(parameters, tokens, *, mesh, config):
    def local(config, parameters, tokens):
        def one_seed(seed):
            return head.log_probabilities(config.model(seed[0]), seed[1])

        return jax.lax.map(one_seed, (parameters, tokens))

    return shard(local, mesh)(config, parameters, tokens)


@jax.jit
def laws(parameters, tokens, *, config):
    return head.log_laws(config.model(parameters), tokens)
