"""Drawing tokens from logits: temperature, truncation, and one uniform for each token."""

import math
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from collapse_sim.pytree import pytree, static


@pytree
@dataclass(frozen=True)
class Sampler:
    """The law tokens are drawn from: probabilities to the power 1 / temperature, truncated.

    `top_k` keeps the k most probable tokens, `top_p` the fewest whose probabilities (after the
    temperature) sum to at least p. `reject_current` never draws the token that stands there.
    """

    temperature: float = static(default=1.0)
    top_k: int | None = static(default=None)
    top_p: float | None = static(default=None)
    reject_current: bool = static(default=False)

    def __post_init__(self):
        if not 0 < self.temperature < math.inf:
            raise ValueError(f"temperature={self.temperature}: accepted are finite numbers > 0")
        if self.top_k is not None and self.top_k < 1:
            raise ValueError(f"top_k={self.top_k}: accepted are integers >= 1")
        if self.top_p is not None and not 0 < self.top_p <= 1:
            raise ValueError(f"top_p={self.top_p}: accepted is (0, 1]")

    def weights(
        self, logits: Float[Array, "*rows vocabulary"], current: Int[Array, "*rows"] | None = None
    ) -> Float[Array, "*rows vocabulary"]:
        """Unnormalised probabilities in float32: the largest is 1, truncated tokens have 0."""
        logits = logits.astype(jnp.float32)
        if self.reject_current:
            if current is None:
                raise ValueError("reject_current: needs the current tokens")
            stands = jax.nn.one_hot(current, logits.shape[-1], dtype=bool)
            logits = jnp.where(stands, -jnp.inf, logits)
        largest = jnp.max(logits, axis=-1, keepdims=True)
        weights = jnp.exp((logits - largest) / self.temperature)
        if self.top_k is not None and self.top_k < logits.shape[-1]:
            least = jax.lax.top_k(weights, self.top_k)[0][..., -1:]
            weights = jnp.where(weights >= least, weights, 0)
        if self.top_p is not None and self.top_p < 1:
            ordered = -jnp.sort(-weights, axis=-1)
            before = jnp.cumsum(ordered, axis=-1) - ordered
            wanted = self.top_p * jnp.sum(weights, axis=-1, keepdims=True)
            kept = jnp.sum(before < wanted, axis=-1, keepdims=True)
            least = jnp.take_along_axis(ordered, kept - 1, axis=-1)
            weights = jnp.where(weights >= least, weights, 0)
        return weights

    def draw(
        self,
        uniform: Float[Array, "*rows"],
        logits: Float[Array, "*rows vocabulary"],
        current: Int[Array, "*rows"] | None = None,
    ) -> Int[Array, "*rows"]:
        """One token for each row, from one uniform number in (0, 1)."""
        return inverse_distribution(uniform, self.weights(logits, current))


def inverse_distribution(
    uniform: Float[Array, "*rows"],
    weights: Float[Array, "*rows outcomes"],
    inside: Float[Array, "*rows"] | None = None,
) -> Int[Array, "*rows"]:
    """Outcome i with probability weights[i] / sum(weights); never one of weight 0.

    In two levels, block sums and then inside the chosen block, which on a CPU costs a small part
    of a running sum over all outcomes. float32 resolves probabilities of 2^-23; with a second
    uniform number for the place in its block, 2^-23 of the block's.
    """
    outcomes = weights.shape[-1]
    block = 2 ** round(math.log2(outcomes) / 2)
    padding = -outcomes % block
    if padding:
        weights = jnp.pad(weights, [(0, 0)] * (weights.ndim - 1) + [(0, padding)])
    blocks = weights.reshape(*weights.shape[:-1], -1, block)
    sums = jnp.sum(blocks, axis=-1)
    chosen, rest = _descend(uniform * jnp.sum(sums, axis=-1), sums)
    here = jnp.take_along_axis(blocks, chosen[..., None, None], axis=-2)[..., 0, :]
    if inside is not None:
        rest = inside * jnp.sum(here, axis=-1)
    return chosen * block + _descend(rest, here)[0]


def _descend(
    target: Float[Array, "*rows"], sums: Float[Array, "*rows parts"]
) -> tuple[Int[Array, "*rows"], Float[Array, "*rows"]]:
    """The part where the running sum passes `target`, and what of `target` is left inside it."""
    parts = sums.shape[-1]
    lower = jnp.asarray(np.tril(np.ones((parts, parts), np.float32)))
    running = jnp.einsum("...j,ij->...i", sums, lower, precision=jax.lax.Precision.HIGHEST)
    # Rounding may push the target to the end: the last part that holds anything is then taken.
    last = jnp.sum(running < running[..., -1:], axis=-1)
    part = jnp.minimum(jnp.sum(running <= target[..., None], axis=-1), last)
    before = jnp.take_along_axis(running - sums, part[..., None], axis=-1)[..., 0]
    return part, jnp.maximum(target - before, 0)
