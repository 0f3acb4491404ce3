"""The output head: probabilities of the tokens that stand there, and draws from the model's law.

Positions are taken in slices, so that the logits of a whole batch never exist at once.
"""

from collections.abc import Callable
from typing import Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from collapse_sim.language.sampling import Sampler
from collapse_sim.language.transformer import Hidden

SLICE_FLOATS = 2**25
"""Logits that exist at once: 128 MiB."""


def over_positions(
    function: Callable[..., Any], vocabulary: int, *arrays: Array, slice_floats: int = SLICE_FLOATS
) -> Any:
    """`function` of rows, slice by slice; recomputed, not kept, for a backward pass."""
    rows = arrays[0].shape[0]
    slices = min(-(-rows * vocabulary // slice_floats), rows)
    while rows % slices:
        slices += 1
    if slices == 1:
        return function(*arrays)
    parts = [array.reshape(slices, -1, *array.shape[1:]) for array in arrays]
    out = jax.lax.map(jax.checkpoint(lambda part: function(*part)), parts)
    return jax.tree.map(lambda array: array.reshape(rows, *array.shape[2:]), out)


@runtime_checkable
class LanguageModel(Protocol):
    """Tokens to hidden states, and these to `config.vocabulary` logits of the next token."""

    config: Any

    def __call__(self, tokens: Int[Array, "batch time"], /) -> Hidden: ...

    def logits(self, hidden: Hidden, /) -> Float[Array, "rows vocabulary"]: ...


def log_probabilities(
    model: LanguageModel, tokens: Int[Array, "batch time"]
) -> Float[Array, "batch time-1"]:
    """log P(token | the tokens before it in its block), in nats, for all but the first."""

    def of_targets(hidden, targets):
        logits = model.logits(hidden)
        # The largest logit times itself cancels: no row of probabilities is written out.
        chosen = jnp.take_along_axis(logits, targets[:, None], axis=1)[:, 0]
        return chosen - jax.nn.logsumexp(logits, axis=1)

    batch, time = tokens.shape
    hidden = model(tokens).reshape(batch, time, -1)[:, :-1].reshape(batch * (time - 1), -1)
    targets = tokens[:, 1:].reshape(-1)
    vocabulary = model.config.vocabulary
    return over_positions(of_targets, vocabulary, hidden, targets).reshape(batch, time - 1)


def redraw(
    model: LanguageModel,
    tokens: Int[Array, "batch time"],
    uniform: Float[Array, "batch time-1"],
    sampler: Sampler,
) -> tuple[Float[Array, "batch time-1"], Int[Array, "batch time-1"]]:
    """One forward pass: log P of the tokens that stand there, and a new draw for each position.

    Contexts are the tokens as they stand (Zhu et al. 2025, Algorithm 1).
    """

    def of_rows(hidden, targets, u):
        logits = model.logits(hidden)
        # Written as the sampler writes it: at temperature 1 XLA takes the exponentials once.
        largest = jnp.max(logits, axis=1, keepdims=True)
        total = jnp.sum(jnp.exp(logits - largest), axis=1)
        chosen = jnp.take_along_axis(logits - largest, targets[:, None], axis=1)[:, 0]
        return chosen - jnp.log(total), sampler.draw(u, logits, targets)

    batch, time = tokens.shape
    hidden = model(tokens).reshape(batch, time, -1)[:, :-1].reshape(batch * (time - 1), -1)
    rows = hidden, tokens[:, 1:].reshape(-1), uniform.reshape(-1)
    out = over_positions(of_rows, model.config.vocabulary, *rows)
    return tuple(array.reshape(batch, time - 1) for array in out)


def log_laws(
    model: LanguageModel, tokens: Int[Array, "batch time"]
) -> Float[Array, "batch time-1 vocabulary"]:
    """The whole log law of each token but the first, in nats: for small vocabularies."""
    logits = model.logits(model(tokens)).reshape(*tokens.shape, -1)
    return jax.nn.log_softmax(logits[:, :-1], axis=-1)
