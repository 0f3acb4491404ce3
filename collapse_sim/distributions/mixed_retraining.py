"""A Gaussian fitted again and again to the same human points beside fresh points of its own."""

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
class MixedRetraining:
    """Replicate of maximum likelihood on `human` kept and `synthetic` new points each time.

    Generation 1 is the fit on the human points with its mean moved by `start` true standard
    deviations. Exact, by means and scatters: a block of points costs a normal and a chi-square.
    Raises ValueError for fewer than 2 points of either kind and a `start` that is not positive.
    """

    human: int | Int[Array, ""]
    synthetic: int | Int[Array, ""]
    start: float | Float[Array, ""]
    generations: int = static()
    dtype: DType = static(default=jnp.float32)

    def __post_init__(self):
        for name in ("human", "synthetic"):
            count = getattr(self, name)
            if isinstance(count, int) and count < 2:
                raise ValueError(f"{name}={count}: accepted are integers >= 2")
        if isinstance(self.start, int | float) and not 0 < self.start < float("inf"):
            raise ValueError(f"start={self.start}: accepted are finite numbers > 0")

    def __call__(self, key: Key[Array, ""]) -> Trace:
        numbers = self.human, self.synthetic, self.start
        human, synthetic, start = (jnp.asarray(x, self.dtype) for x in numbers)
        human_key, normal_key, scatter_key = jax.random.split(key, 3)
        # Distances are from the mean of the human points, so that it need not be drawn.
        human_scatter = chi_square(human_key, human - 1, self.dtype)
        retrainings = self.generations - 1
        z = normal(normal_key, (retrainings,), self.dtype) / jnp.sqrt(synthetic)
        degrees = jnp.full(retrainings, synthetic - 1, self.dtype)
        c = chi_square(scatter_key, degrees, self.dtype)
        total = human + synthetic

        def retrain(state, draw):
            distance, variance = state
            z, c = draw
            mean = distance + jnp.sqrt(variance) * z
            between = human * synthetic / total * mean**2
            scatter = human_scatter + variance * c + between
            state = synthetic / total * mean, scatter / total
            return state, state

        first = start, human_scatter / human
        later = jax.lax.scan(retrain, first, (z, c))[1]
        distance, variance = (
            jnp.concatenate([a[None], b]) for a, b in zip(first, later, strict=True)
        )
        is_retrained = jnp.arange(self.generations) > 0
        return {
            "distance": distance / start,
            "variance": variance,
            "edited_fraction": is_retrained * (synthetic / total),
        }
