"""One Gaussian generator, several synthetic sets drawn from it, and the average of their
estimates."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key

from collapse_sim.linalg import DType
from collapse_sim.loop import Trace
from collapse_sim.pytree import pytree, static
from collapse_sim.random import chi_square, normal


@pytree
@dataclass(frozen=True, eq=False)
class SyntheticSets:
    """Replicate of an unbiased fit on `samples` human points and `sets` sets of `drawn` points.

    Value m of a measure is about the average of the first m sets' estimates: `squared_mean_error`
    of the mean, `squared_variance_error` of the unbiased variance, in units of the truth, N(0, 1).
    Exact, by means and scatters. Raises ValueError for fewer than 2 points or no set.
    """

    samples: int | Int[Array, ""]
    drawn: int | Int[Array, ""]
    sets: int = static()
    dtype: DType = static(default=jnp.float32)

    def __post_init__(self):
        for name, least in (("samples", 2), ("drawn", 2), ("sets", 1)):
            count = getattr(self, name)
            if isinstance(count, int | np.integer) and count < least:
                raise ValueError(f"{name}={count}: accepted are integers >= {least}")

    def __call__(self, key: Key[Array, ""]) -> Trace:
        samples, drawn = (jnp.asarray(x, self.dtype) for x in (self.samples, self.drawn))
        normal_key, scatter_key = jax.random.split(key)
        sizes = jnp.concatenate([samples[None], jnp.full(self.sets, drawn)])
        z = normal(normal_key, sizes.shape, self.dtype) / jnp.sqrt(sizes)
        growth = chi_square(scatter_key, sizes - 1, self.dtype) / (sizes - 1)
        variance = growth[0]
        means = z[0] + jnp.sqrt(variance) * z[1:]
        return {
            "squared_mean_error": self._squared(means),
            "squared_variance_error": self._squared(variance * growth[1:] - 1),
            "edited_fraction": jnp.ones(self.sets, self.dtype),
        }

    def _squared(self, errors: Float[Array, " sets"]) -> Float[Array, " sets"]:
        """Squares of the running averages."""
        return (jnp.cumsum(errors) / jnp.arange(1, self.sets + 1)) ** 2
