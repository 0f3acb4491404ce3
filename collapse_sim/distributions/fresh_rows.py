"""A Gaussian fitted again and again to so many fresh human points beside points of its own."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from collapse_sim.linalg import DType
from collapse_sim.loop import Trace
from collapse_sim.pytree import pytree, static
from collapse_sim.random import chi_square, normal


@pytree
@dataclass(frozen=True, eq=False)
class FreshRows:
    """Replicate of maximum likelihood on `human` fresh and `synthetic` own points each time.

    Generation 1 is the fit to as many points that are all human. The truth is N(0, 1). Exact, by
    means and scatters: a block of points costs a normal and a chi-square. Raises ValueError for
    fewer than 1 point of either kind.
    """

    human: int | Int[Array, ""]
    synthetic: int | Int[Array, ""]
    generations: int = static()
    dtype: DType = static(default=jnp.float32)

    def __post_init__(self):
        for name in ("human", "synthetic"):
            count = getattr(self, name)
            if isinstance(count, int) and count < 1:
                raise ValueError(f"{name}={count}: accepted are integers >= 1")

    def __call__(self, key: Key[Array, ""]) -> Trace:
        human, synthetic = (jnp.asarray(x, self.dtype) for x in (self.human, self.synthetic))
        sizes = jnp.stack([human, synthetic])
        total = human + synthetic
        normal_key, scatter_key = jax.random.split(key)
        shape = (self.generations, 2)
        means = normal(normal_key, shape, self.dtype) / jnp.sqrt(sizes)
        scatters = chi_square(scatter_key, jnp.broadcast_to(sizes - 1, shape), self.dtype)

        def fit(state, block):
            mean, variance = state
            (z_human, z_own), (c_human, c_own) = block
            own: Float[Array, ""] = mean + jnp.sqrt(variance) * z_own
            between = human * synthetic / total * (z_human - own) ** 2
            scatter = c_human + variance * c_own + between
            state = (human * z_human + synthetic * own) / total, scatter / total
            return state, state

        # The first model is the truth itself, whose own points are human ones.
        truth = jnp.zeros((), self.dtype), jnp.ones((), self.dtype)
        mean, variance = jax.lax.scan(fit, truth, (means, scatters))[1]
        is_retrained = jnp.arange(self.generations) > 0

        # A step forgets a share of the error and adds a draw of mean 0: squared errors and the sums
        # of squared steps, each averaged over its own draw, have one mean; the sums vary far less.
        def add(before, variance):
            after = (synthetic / total) ** 2 * before + (human + synthetic * variance) / total**2
            return after, after

        sampled = jnp.concatenate([truth[1][None], variance[:-1]])
        steps = jax.lax.scan(add, truth[0], sampled)[1]
        return {
            "squared_mean_error": mean**2,
            "squared_mean_steps": steps,
            "variance": variance,
            "edited_fraction": is_retrained * (synthetic / total),
        }
