"""The exact law of a one-dimensional Gaussian fitted again and again: two draws for each fit.

Mean and scatter of normal points are independent, so a generation needs one normal and one
chi-square whatever the number of points.
"""

from dataclasses import dataclass
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key

from collapse_sim.distributions.gaussian import Estimator
from collapse_sim.linalg import DType
from collapse_sim.loop import Trace
from collapse_sim.pytree import pytree, static
from collapse_sim.random import chi_square, normal


@pytree
@dataclass(frozen=True, eq=False)
class GaussianLaw:
    """Exact law of one replicate: fit n sees `samples[n]` new points and `kept[n]` old ones."""

    samples: Float[np.ndarray | Array, " generations"]
    kept: Float[np.ndarray | Array, " generations"]
    edited: Float[np.ndarray | Array, " generations"]
    lost: Float[np.ndarray | Array, ""]
    """Points by which the divisor of the scatter falls short: 1 unbiased, 0 maximum likelihood."""
    dtype: DType = static(default=jnp.float32)

    @property
    def generations(self) -> int:
        return len(self.samples)

    @staticmethod
    def of(
        regime: Literal["replace", "accumulate"],
        *,
        samples: int | Int[np.ndarray, " generations"],
        generations: int,
        estimator: Estimator = "unbiased",
        dtype: DType = jnp.float32,
    ) -> "GaussianLaw":
        """Law under `replace` or `accumulate`; `samples` is one number, or one for each fit.

        Raises ValueError for another regime or estimator, generations < 1, samples < 2 and as many
        sample sizes as there are not generations.
        """
        if regime not in ("replace", "accumulate"):
            raise ValueError(f"regime={regime}: accepted are replace, accumulate")
        if estimator not in ("unbiased", "maximum_likelihood"):
            raise ValueError(f"estimator={estimator}: accepted are unbiased, maximum_likelihood")
        if generations < 1:
            raise ValueError(f"generations={generations}: accepted are integers >= 1")
        sizes = np.asarray(samples, float)
        if sizes.shape not in ((), (generations,)) or sizes.min() < 2:
            raise ValueError(
                f"samples={samples}: accepted are integers >= 2, one for all or for each of "
                f"{generations} generations"
            )
        sizes = np.broadcast_to(sizes, generations)
        if regime == "replace":
            kept, edited = np.zeros(generations), np.minimum(np.arange(generations), 1.0)
        else:
            kept = np.cumsum(sizes) - sizes
            edited = 1 - sizes[0] / (kept + sizes)
        lost = np.asarray(float(estimator == "unbiased"))
        return GaussianLaw(sizes, kept, edited, lost, dtype)

    def __call__(self, key: Key[Array, ""]) -> Trace:
        normal_key, scatter_key = jax.random.split(key)
        arrays = self.samples, self.kept, self.lost
        samples, kept, lost = (jnp.asarray(x, self.dtype) for x in arrays)
        total = samples + kept
        g = normal(normal_key, samples.shape, self.dtype)
        c = chi_square(scatter_key, samples - 1, self.dtype)
        # In units of the present variance the old points have a scatter of `kept - lost`, the new
        # ones of c, and their means differ by g / sqrt(samples).
        scatter = jnp.where(kept > 0, kept - lost, 0) + c + kept / total * g**2
        growth = jnp.sqrt(scatter / (total - lost))
        drift = jnp.sqrt(samples) / total * g

        def generation(state, draw):
            mean, deviation = state
            growth, drift = draw
            state = mean + deviation * drift, deviation * growth
            return state, state

        start = jnp.zeros((), self.dtype), jnp.ones((), self.dtype)
        mean, deviation = jax.lax.scan(generation, start, (growth, drift))[1]
        tiny = jnp.finfo(self.dtype).tiny
        before = jnp.concatenate([start[1][None], deviation[:-1]])
        return {
            "squared_mean_error": mean**2,
            # The mean is a martingale: its square and the sum of its squared steps, each averaged
            # over the step's own draw, have one mean; and the sum varies far less.
            "squared_mean_steps": jnp.cumsum(samples * (before / total) ** 2),
            "variance": deviation**2,
            "point_variance": mean**2 + deviation**2,
            "standard_deviation": deviation,
            "log_variance": 2 * jnp.log(jnp.maximum(deviation, tiny)),
            "squared_wasserstein": mean**2 + (deviation - 1) ** 2,
            "edited_fraction": jnp.asarray(self.edited, self.dtype),
        }
