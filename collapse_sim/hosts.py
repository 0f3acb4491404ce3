"""One run on several hosts: what all processes of JAX's runtime know, decide and keep together.

Every process runs the same program. Arrays are spread over the devices of all; what depends on a
clock or a disk is decided by the first process, and each of the others works on a copy of its run
directory. With one process nothing here does anything.
"""

import json
import tempfile
from functools import partial
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding
from jax.sharding import PartitionSpec as P
from jaxtyping import Array

from collapse_sim.run_directory import RunDirectory

PART = 2**26
"""Bytes of a file that are sent at once."""


def are_several() -> bool:
    """True if other processes take part in this run."""
    return jax.process_count() > 1


def is_first() -> bool:
    """True for the process that writes the run directory."""
    return jax.process_index() == 0


def one_of_each() -> list:
    """The first device of every process."""
    first: dict[int, Any] = {}
    for device in jax.devices():
        first.setdefault(device.process_index, device)
    return list(first.values())


def put(array: Any, sharding: NamedSharding) -> Any:
    """An array that every process has, on devices of which each process sees its own.

    On several hosts a plain number stays one, for JAX to place: an array had a firmer type.
    """
    if sharding.is_fully_addressable or not getattr(array, "is_fully_addressable", True):
        return jax.device_put(array, sharding)
    if isinstance(array, int | float | complex):
        return array
    if jnp.issubdtype(array.dtype, jax.dtypes.prng_key):
        words = put(jax.random.key_data(array), sharding)
        return jax.random.wrap_key_data(words, impl=jax.random.key_impl(array))
    host = np.asarray(array)
    return jax.make_array_from_callback(host.shape, sharding, lambda index: host[index])


def fetch(array: Array | np.ndarray) -> np.ndarray:
    """The whole array, also where other processes hold parts of it."""
    if getattr(array, "is_fully_addressable", True):
        return np.asarray(array)
    from jax.experimental import multihost_utils

    return np.asarray(multihost_utils.process_allgather(array, tiled=True))


@partial(jax.jit, static_argnames="mesh")
def on_every_device(tree, *, mesh: Mesh):
    """The same arrays, whole on every device: each process can then read all of them."""
    return jax.lax.with_sharding_constraint(tree, NamedSharding(mesh, P()))


def from_first(tree: Any) -> Any:
    """The first process's arrays; those of the others have the same shapes."""
    if not are_several():
        return tree
    from jax.experimental import multihost_utils

    return multihost_utils.broadcast_one_to_all(tree)


def agreed(value: bool) -> bool:
    """What the first process says."""
    return bool(from_first(np.int32(value)))


def texts_of_all(text: str) -> list[str]:
    """The text of every process, in their order."""
    if not are_several():
        return [text]
    from jax.experimental import multihost_utils

    own = np.frombuffer(text.encode(), np.uint8)
    lengths = multihost_utils.process_allgather(np.int32(len(own)))
    padded = np.pad(own, (0, int(lengths.max()) - len(own)))
    rows = multihost_utils.process_allgather(padded)
    return [bytes(row[:n]).decode() for row, n in zip(rows, lengths, strict=True)]


def copied(run: RunDirectory, *, only: str | None = None) -> RunDirectory:
    """The first process's run; of every other process a copy, in a temporary directory.

    Files of the run and its checkpoints are copied, or `only` the checkpoint of that name. Folders
    are not: of training states the first process reads, and tells the others.
    """
    if not are_several():
        return run
    own = run if is_first() else RunDirectory(tempfile.mkdtemp(prefix="collapse_sim-"))
    folders, listed = [run.path, run.checkpoints], []
    if is_first():
        files = [path for folder in folders if folder.is_dir() for path in folder.iterdir()]
        files = [path for path in files if only in (None, path.stem)]
        named = [(str(p.relative_to(run.path)), p.stat().st_size) for p in files if p.is_file()]
        listed = [*named, *[(folder.name, -1) for folder in folders[1:] if folder.is_dir()]]
    for name, size in json.loads(texts_of_all(json.dumps(listed))[0]):
        path = own.path / name
        if size < 0:
            path.mkdir(exist_ok=True)
        else:
            path.parent.mkdir(exist_ok=True)
            _copy(path, size)
    return own


def _copy(path: Path, size: int) -> None:
    """Make the first process's file one of every process, part by part."""
    with open(path, "rb" if is_first() else "wb") as file:
        for begin in range(0, size, PART):
            part = np.zeros(min(PART, size - begin), np.uint8)
            if is_first():
                part[:] = np.frombuffer(file.read(len(part)), np.uint8)
            told = from_first(part)
            if not is_first():
                file.write(told.tobytes())
