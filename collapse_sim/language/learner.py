"""A transformer as a learner: fit, generate, resample; all seeds of a run at once."""

import inspect
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import AxisType, Mesh, NamedSharding
from jax.sharding import PartitionSpec as P
from jaxtyping import Array, Float, Int, Key

from collapse_sim.data import Resampled
from collapse_sim.language import decoding, head
from collapse_sim.language.blocks import Blocks
from collapse_sim.language.sampling import Sampler
from collapse_sim.language.training import (
    Parameters,
    Training,
    TrainState,
    batch_order,
    initial_state,
    model_of,
    require_finite,
    train,
)
from collapse_sim.language.transformer import TransformerConfig

END_OF_TEXT = 0


class Progress(NamedTuple):
    """Where a fit stands: the state after `step` steps and the mean loss of the latest ones."""

    step: int
    state: TrainState
    losses: Float[np.ndarray, "seeds steps"]


@dataclass(frozen=True, eq=False)
class LanguageLearner:
    """Language models of one configuration, one for each seed.

    Seeds are spread over the mesh's first axis, the rows of a batch over its second; with
    `shard_parameters` so are the parameters' largest axes. None of it changes a result by more
    than rounding.
    """

    config: TransformerConfig
    training: Training
    mesh: Mesh
    generation: Sampler = Sampler()
    replacement: Sampler = Sampler()
    prompt: int = 1
    """Tokens of each human block that a synthetic block begins with."""
    rows: int = 256
    """Blocks of each seed that are generated or scored at once."""
    shard_parameters: bool = False
    end_of_text: int | None = END_OF_TEXT
    """The token that ends a document; a source of ordinary tokens alone has none."""

    def __post_init__(self):
        if not 1 <= self.prompt < self.config.context:
            raise ValueError(
                f"prompt={self.prompt}: accepted are integers from 1 to {self.config.context - 1}"
            )

    def start(self, keys: Key[Array, " seeds"]) -> TrainState:
        """A state before the first step, with fresh parameters."""
        state = initial_state(keys, config=self.config, training=self.training)
        return self.place(state)

    def start_from(self, keys: Key[Array, " seeds"], parameters: Parameters) -> TrainState:
        """The same with a copy of these parameters, which a fit would else consume."""
        copied = jax.tree.map(lambda x: x.copy(), parameters)
        return self.place(self.start(keys)._replace(parameters=copied))

    def place(self, state: TrainState) -> TrainState:
        """The state on the mesh."""
        return jax.tree.map(lambda x: _put(x, self._sharding_of(x)), state)

    def fit(
        self, keys: Key[Array, " seeds"], data: Blocks, state: TrainState, *, steps: int = 50
    ) -> Iterator[Progress]:
        """Go on from `state` to the end of training, reporting after every `steps` steps.

        `keys` choose the order of the blocks alone. Raises Divergence for a loss that is not
        finite.
        """
        orders = [batch_order(key, data.size, self.training) for key in keys]
        arrays = [np.asarray(array) for array in jax.tree.leaves(data)]
        batch = NamedSharding(self.mesh, P("seed", None, "batch"))
        first = int(np.max(_fetch(state.step)))
        while first < self.training.steps:
            last = min(first + steps, self.training.steps)
            chosen = [
                np.stack([own[order[first:last]] for own, order in zip(array, orders)])  # noqa: B905
                for array in arrays
            ]
            state, losses = train(
                state,
                *(_put(array, batch) for array in chosen),
                config=self.config,
                training=self.training,
            )
            losses = _fetch(losses)
            require_finite(losses, first, self.training)
            yield Progress(last, state, losses)
            first = last

    def generate(
        self, keys: Key[Array, " seeds"], parameters: Parameters, like: Blocks, copies: int = 1
    ) -> Blocks:
        """As many blocks as `like` has, each beginning with the first tokens of one of them.

        Raises ValueError where `like` says which tokens are scored: `respond` writes those.
        """
        del copies
        parts = [part for _, part in self.generate_in_parts(keys, parameters, like)]
        return Blocks(np.concatenate(parts, axis=1))

    def generate_in_parts(
        self, keys: Key[Array, " seeds"], parameters: Parameters, like: Blocks
    ) -> Iterator[tuple[int, Int[np.ndarray, "seeds rows time"]]]:
        """The same part by part: how many blocks of each seed are done, and the latest."""
        if like.scored is not None:
            raise ValueError("scored: accepted are blocks without; `respond` writes scored tokens")
        time = like.labels.shape[2]
        for rows, (prompts,) in self._parts(like.labels[:, :, : self.prompt]):
            made = _generate(
                parameters, keys, rows, prompts, None, self.generation,
                mesh=self.mesh, config=self.config, time=time, stop=None,
            )  # fmt: skip
            kept = min(len(rows), like.size - int(rows[0]))
            yield int(rows[0]) + kept, np.asarray(made)[:, :kept]

    def respond(self, keys: Key[Array, " seeds"], parameters: Parameters, data: Blocks) -> Blocks:
        """The same blocks with new responses after what stands before their first scored tokens.

        A response ends with the end of text, the last token that is scored, or with the block.
        Raises ValueError for data that do not say which tokens are scored.
        """
        time, given, parts = data.labels.shape[2], data.given, []
        for rows, (prompts, lengths) in self._parts(data.labels, given):
            made = _generate(
                parameters, keys, rows, prompts, lengths, self.generation,
                mesh=self.mesh, config=self.config, time=time, stop=self.end_of_text,
            )  # fmt: skip
            parts.append(np.asarray(made)[:, : data.size - int(rows[0])])
        labels = np.concatenate(parts, axis=1)
        scored = np.arange(time) >= given[:, :, None]
        if self.end_of_text is not None:
            scored[:, :, 1:] &= labels[:, :, :-1] != self.end_of_text
        return Blocks(labels, scored)

    def resample(
        self, keys: Key[Array, " seeds"], parameters: Parameters, data: Blocks
    ) -> Resampled:
        """One forward pass over the tokens as they stand.

        Surprise is -log P(token | those before it) in nats; it is nan at the first token of every
        block and document, and where a token is not scored: those are never edited.
        """
        labels, surprise = [], []
        for rows, (tokens,) in self._parts(data.labels):
            drawn, surprised = _resample(
                parameters, keys, rows, tokens, self.replacement,
                mesh=self.mesh, config=self.config, end_of_text=self.end_of_text,
            )  # fmt: skip
            kept = min(len(rows), data.size - int(rows[0]))
            labels.append(np.asarray(drawn)[:, :kept])
            surprise.append(np.asarray(surprised)[:, :kept])
        known = np.concatenate(surprise, 1)
        if data.scored is not None:
            known = np.where(data.scored, known, np.nan)
        return Resampled(np.concatenate(labels, 1), None, known)

    def score(
        self, parameters: Parameters, tokens: Int[np.ndarray, "seeds blocks time"]
    ) -> Float[np.ndarray, "seeds blocks time-1"]:
        """log P of every token but the first of each block, in nats."""
        parts = []
        for rows, (part,) in self._parts(tokens):
            kept = min(len(rows), tokens.shape[1] - int(rows[0]))
            parts.append(
                np.asarray(_score(parameters, part, mesh=self.mesh, config=self.config))[:, :kept]
            )
        return np.concatenate(parts, axis=1)

    def laws(
        self, parameters: Parameters, tokens: Int[np.ndarray, "blocks time"]
    ) -> Iterator[Float[np.ndarray, "blocks time-1 vocabulary"]]:
        """For each seed the log law of every token but the first, in nats."""
        for seed in range(jax.tree.leaves(parameters)[0].shape[0]):
            own = jax.tree.map(lambda x, seed=seed: x[seed], parameters)
            yield np.asarray(_laws(own, tokens, config=self.config))

    def _parts(self, *arrays) -> Iterator[tuple[Array, list[Array]]]:
        """Slices of `rows` blocks on the mesh, the last one filled up with repeated blocks."""
        size = arrays[0].shape[1]
        wide = -(-min(self.rows, size) // self.mesh.shape["batch"]) * self.mesh.shape["batch"]
        sharding = NamedSharding(self.mesh, P("seed", "batch"))
        for first in range(0, size, wide):
            rows = np.arange(first, first + wide, dtype=np.int32)
            parts = [np.asarray(array)[:, np.minimum(rows, size - 1)] for array in arrays]
            placed = jax.device_put(rows, NamedSharding(self.mesh, P("batch")))
            yield placed, [jax.device_put(part, sharding) for part in parts]

    def _sharding_of(self, array: Array) -> NamedSharding:
        axes: list[str | None] = ["seed"] + [None] * (array.ndim - 1)
        if self.shard_parameters and array.ndim > 2:
            largest = int(np.argmax(array.shape[1:])) + 1
            if array.shape[largest] % self.mesh.shape["batch"] == 0:
                axes[largest] = "batch"
        return NamedSharding(self.mesh, P(*axes))


def _put(array: Array | np.ndarray, sharding: NamedSharding) -> Array:
    """An array that every process has, on devices of which each process sees its own."""
    if sharding.is_fully_addressable or not getattr(array, "is_fully_addressable", True):
        return jax.device_put(array, sharding)
    host = np.asarray(array)
    return jax.make_array_from_callback(host.shape, sharding, lambda index: host[index])


def _fetch(array: Array) -> np.ndarray:
    """The whole array, also where other processes hold parts of it."""
    if array.is_fully_addressable:
        return np.asarray(array)
    from jax.experimental import multihost_utils

    return np.asarray(multihost_utils.process_allgather(array, tiled=True))


def make_mesh(seeds: int, devices: list | None = None) -> Mesh:
    """Devices in two axes: seeds over as many as divide them, batches over the rest."""
    devices = devices or jax.devices()
    across = math.gcd(seeds, len(devices))
    grid = np.array(devices).reshape(across, -1)
    return Mesh(grid, ("seed", "batch"), axis_types=(AxisType.Auto,) * 2)


def _shard(function, mesh: Mesh):
    """Each device works on its own seeds and rows, with whole parameters."""
    seeds, rows, both = P("seed"), P("batch"), P("seed", "batch")
    specs = {"parameters": seeds, "keys": seeds, "rows": rows, "tokens": both, "lengths": both}
    in_specs = tuple(specs[name] for name in inspect.signature(function).parameters)
    return jax.shard_map(function, mesh=mesh, in_specs=in_specs, out_specs=both, check_vma=False)


@partial(jax.jit, static_argnames=("mesh", "config", "time", "stop"))
def _generate(parameters, keys, rows, prompts, lengths, sampler: Sampler, *, mesh, config, time,
              stop):  # fmt: skip
    def local(parameters, keys, rows, tokens, lengths):
        return decoding.generate(
            parameters, keys, rows, tokens, sampler,
            config=config, time=time, stop=stop, lengths=lengths,
        )  # fmt: skip

    return _shard(local, mesh)(parameters, keys, rows, prompts, lengths)


@partial(jax.jit, static_argnames=("mesh", "config", "end_of_text"))
def _resample(parameters, keys, rows, tokens, sampler: Sampler, *, mesh, config, end_of_text):
    def local(parameters, keys, rows, tokens):
        def one_seed(seed):
            parameters, key, tokens = seed
            uniforms = decoding.row_uniforms(key, rows, tokens.shape[1] - 1)
            model = model_of(config, parameters)
            log_probability, drawn = head.redraw(model, tokens, uniforms, sampler)
            surprise = -log_probability
            if end_of_text is not None:
                surprise = jnp.where(tokens[:, :-1] == end_of_text, jnp.nan, surprise)
            surprise = jnp.pad(surprise, ((0, 0), (1, 0)), constant_values=jnp.nan)
            return jnp.concatenate([tokens[:, :1], drawn.astype(tokens.dtype)], axis=1), surprise

        return jax.lax.map(one_seed, (parameters, keys, tokens))

    return _shard(local, mesh)(parameters, keys, rows, tokens)


@partial(jax.jit, static_argnames=("mesh", "config"))
def _score(parameters, tokens, *, mesh, config):
    def local(parameters, tokens):
        def one_seed(seed):
            return head.log_probabilities(model_of(config, seed[0]), seed[1])

        return jax.lax.map(one_seed, (parameters, tokens))

    return _shard(local, mesh)(parameters, tokens)


@partial(jax.jit, static_argnames="config")
def _laws(parameters, tokens, *, config):
    return head.log_laws(model_of(config, parameters), tokens)
