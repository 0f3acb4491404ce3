"""Generating text: every sequence of a batch token by token, in one compiled loop with a cache."""

from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from collapse_sim.language.sampling import Sampler
from collapse_sim.language.training import Parameters, model_of
from collapse_sim.language.transformer import TransformerConfig
from collapse_sim.random import uniform


def row_uniforms(
    key: Key[Array, ""], rows: Int[Array, " rows"], count: int
) -> Float[Array, "rows count"]:
    """Uniform numbers of each row, the same however rows are gathered into batches."""
    return jax.vmap(lambda row: uniform(jax.random.fold_in(key, row), (count,), jnp.float32))(rows)


@partial(jax.jit, static_argnames=("config", "time", "stop"))
def generate(
    parameters: Parameters,
    keys: Key[Array, " seeds"],
    rows: Int[Array, " rows"],
    prompts: Int[Array, "seeds rows prompt"],
    sampler: Sampler,
    *,
    config: TransformerConfig,
    time: int,
    stop: int | None = None,
) -> Int[Array, "seeds rows time"]:
    """Sequences of `time` tokens that begin with their prompts (at least one token).

    `rows` number the sequences and choose their random numbers. After the token `stop` a sequence
    holds nothing but that token; without one it goes on, as packed text does.
    """

    def one_seed(parameters, key, prompts):
        model = model_of(config, parameters)
        draws = row_uniforms(key, rows, time - 1).T
        given = jnp.pad(prompts, ((0, 0), (0, time - prompts.shape[1]))).T
        inside = jnp.arange(1, time) < prompts.shape[1]

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
        start = given[0], model.empty_cache(len(rows), time)
        _, rest = jax.lax.scan(position, start, steps)
        return jnp.concatenate([given[:1], rest]).T

    return jax.vmap(one_seed)(parameters, keys, prompts)
