"""Generating text: every sequence of a batch token by token, in one compiled loop with a cache."""

import math
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Float, Int, Key

from collapse_sim.language.sampling import Sampler
from collapse_sim.language.training import ModelConfig, Parameters
from collapse_sim.random import uniform


def row_uniforms(
    key: Key[Array, ""], rows: Int[Array, " rows"], count: int
) -> Float[Array, "rows count"]:
    """Uniform numbers of each row, the same however rows are gathered into batches."""
    return jax.vmap(lambda row: uniform(jax.random.fold_in(key, row), (count,), jnp.float32))(rows)


CPU_CACHE_FLOATS = 2**22
"""Keys and values of a group of rows on a CPU: reading them is what takes the time, and this
much stays near the core. Where each position reads more parameters, as many."""


def generate(
    parameters: Parameters,
    keys: Key[Array, " seeds"],
    rows: Int[Array, " rows"],
    prompts: Int[Array, "seeds rows prompt"],
    sampler: Sampler,
    *,
    config: ModelConfig,
    time: int,
    stop: int | None = None,
    lengths: Int[Array, "seeds rows"] | None = None,
) -> Int[Array, "seeds rows time"]:
    """Sequences of `time` tokens that begin with their prompts (at least one token).

    Of each prompt the first `lengths` tokens are given, without it all of them. `rows` number the
    sequences and choose their random numbers. After the token `stop` a sequence holds nothing but
    that token; without one it goes on, as packed text does. Seeds come one after the other.
    """
    group = len(rows)
    if jax.default_backend() == "cpu":
        group = _group_on_cpu(config, parameters, group, time)

    def one_seed(parameters, key, *own):
        model = config.model(parameters)

        def one_group(rows, prompts, lengths):
            draws = row_uniforms(key, rows, time - 1).T
            return _continue(model, prompts, lengths, draws, sampler, time, stop)

        parts = jax.tree.map(lambda x: x.reshape(-1, group, *x.shape[1:]), (rows, *own))
        return jax.lax.map(lambda part: one_group(*part), parts).reshape(len(rows), time)

    return jax.lax.map(lambda seed: one_seed(*seed), (parameters, keys, prompts, lengths))


def _group_on_cpu(config: ModelConfig, parameters: Parameters, rows: int, time: int) -> int:
    """Rows that are generated together."""
    one = jax.tree.map(lambda x: x[0], parameters)
    model = config.model(one)
    cache = jax.eval_shape(lambda: model.empty_cache(1, time))
    most = max(CPU_CACHE_FLOATS, _floats(nnx.state(model, nnx.Param)))
    while rows % 2 == 0 and rows * _floats(cache) > most:
        rows //= 2
    return rows


def _floats(tree: Any) -> int:
    return sum(math.prod(leaf.shape) for leaf in jax.tree.leaves(tree))


def _continue(
    model: Any,
    prompts: Int[Array, "rows prompt"],
    lengths: Int[Array, " rows"] | None,
    draws: Float[Array, "positions rows"],
    sampler: Sampler,
    time: int,
    stop: int | None,
) -> Int[Array, "rows time"]:
    given = jnp.pad(prompts, ((0, 0), (0, time - prompts.shape[1]))).T
    positions = jnp.arange(1, time)
    inside = positions < prompts.shape[1] if lengths is None else positions[:, None] < lengths

    def position(state, step):
        tokens, cache = state
        at, uniforms, following, is_given = step
        hidden, cache = model.step(tokens, at, cache)
        drawn = sampler.draw(uniforms, model.logits(hidden))
        if stop is not None:
            drawn = jnp.where(tokens == stop, stop, drawn)
        tokens = jnp.where(is_given, following, drawn.astype(tokens.dtype))
        return (tokens, cache), tokens

    steps = jnp.arange(time - 1), draws, given[1:], inside
    start = given[0], model.empty_cache(len(prompts), time)
    return jnp.concatenate([given[:1], jax.lax.scan(position, start, steps)[1]]).T
