"""Programs of a language model, compiled for a mesh of devices: seeds over its first axis, rows of
a batch over its second.
"""

import inspect
import math
from collections.abc import Iterator
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding
from jax.sharding import PartitionSpec as P
from jaxtyping import Array

from collapse_sim.language import decoding, head
from collapse_sim.language.sampling import Sampler


def put(array: Array | np.ndarray, sharding: NamedSharding) -> Array:
    """An array that every process has, on devices of which each process sees its own."""
    if sharding.is_fully_addressable or not getattr(array, "is_fully_addressable", True):
        return jax.device_put(array, sharding)
    host = np.asarray(array)
    return jax.make_array_from_callback(host.shape, sharding, lambda index: host[index])


def fetch(array: Array) -> np.ndarray:
    """The whole array, also where other processes hold parts of it."""
    if array.is_fully_addressable:
        return np.asarray(array)
    from jax.experimental import multihost_utils

    return np.asarray(multihost_utils.process_allgather(array, tiled=True))


def make_mesh(seeds: int, devices: list | None = None, *, batch: int = 0) -> Mesh:
    """Devices in two axes: seeds over as many as divide them, blocks of a batch over the rest.

    Of the `devices`, or all there are, as many are taken as divide both: with a batch of 8 blocks,
    two seeds leave two devices of six unused. No batch, 0, is divided by any number.
    """
    devices = devices or jax.devices()
    most = len(devices)
    shapes = [(own, most // own) for own in range(1, most + 1) if seeds % own == 0]
    if batch:
        shapes = [
            (own, max(n for n in range(1, rest + 1) if batch % n == 0)) for own, rest in shapes
        ]
    shape = max(shapes, key=lambda shape: (math.prod(shape), shape[0]))
    grid = np.array(devices[: math.prod(shape)]).reshape(shape)
    return Mesh(grid, ("seed", "batch"), axis_types=(AxisType.Auto,) * 2)


def divided_batches(mesh: Mesh, batch: int) -> NamedSharding:
    """Of (seeds, steps, batch, ...); raises ValueError for a batch that is not to be divided."""
    if batch % mesh.shape["batch"]:
        raise ValueError(
            f"batch={batch}: accepted are multiples of {mesh.shape['batch']}, the devices of the "
            "mesh for a batch"
        )
    return NamedSharding(mesh, P("seed", None, "batch"))


def parts(mesh: Mesh, rows: int, *arrays) -> Iterator[tuple[Array, list[Array]]]:
    """Slices of `rows` blocks on the mesh, the last one filled up with repeated blocks."""
    size = arrays[0].shape[1]
    wide = -(-min(rows, size) // mesh.shape["batch"]) * mesh.shape["batch"]
    sharding = NamedSharding(mesh, P("seed", "batch"))
    for first in range(0, size, wide):
        numbers = np.arange(first, first + wide, dtype=np.int32)
        chosen = [np.asarray(array)[:, np.minimum(numbers, size - 1)] for array in arrays]
        placed = jax.device_put(numbers, NamedSharding(mesh, P("batch")))
        yield placed, [jax.device_put(part, sharding) for part in chosen]


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
