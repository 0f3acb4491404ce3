"""One pass of stochastic gradient descent over rows that are partly synthetic."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from collapse_sim.linalg import DType
from collapse_sim.loop import Trace
from collapse_sim.pytree import pytree, static
from collapse_sim.random import normal, uniform


@pytree
@dataclass(frozen=True, eq=False)
class OnePass:
    """Weights of one replicate after one pass over `rows` rows x from N(0, I), each seen once.

    Labels are x . w + noise: w = 0 of a human row, `distance` along the first axis of a synthetic
    one. Every row is synthetic with chance `synthetic_share` or, `synthetic_first`, that share at
    the beginning is. Weights start at `start` along the second axis. Raises ValueError for dim < 2,
    rows < 1 and a share outside [0, 1].
    """

    step: float | Float[Array, ""]
    synthetic_share: float | Float[Array, ""]
    distance: float | Float[Array, ""]
    noise_std: float | Float[Array, ""]
    start: float | Float[Array, ""] = 1.0
    dim: int = static(default=2)
    rows: int = static(default=1)
    synthetic_first: bool = static(default=False)
    dtype: DType = static(default=jnp.float32)

    def __post_init__(self):
        for name, least in (("dim", 2), ("rows", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"{name}={getattr(self, name)}: accepted are integers >= {least}")
        share = self.synthetic_share
        if isinstance(share, int | float) and not 0 <= share <= 1:
            raise ValueError(f"synthetic_share={share}: accepted is [0, 1]")

    def __call__(self, key: Key[Array, ""]) -> Trace:
        numbers = self.step, self.synthetic_share, self.distance, self.noise_std, self.start
        step, share, distance, noise_std, start = (jnp.asarray(x, self.dtype) for x in numbers)
        place = jnp.arange(self.dim)

        row_key, source_key = jax.random.split(key)
        drawn = normal(row_key, (self.rows, self.dim + 1), self.dtype)
        if self.synthetic_first:
            synthetic = jnp.arange(self.rows) < jnp.round(share * self.rows)
        else:
            synthetic = uniform(source_key, (self.rows,), self.dtype) < share
        inputs, noise = drawn[:, :-1], noise_std * drawn[:, -1]
        labels = jnp.where(synthetic, distance, 0) * inputs[:, 0] + noise

        def descend(weights, row):
            x, label = row
            return weights - step * x * (jnp.sum(x * weights) - label), None

        begun = jnp.where(place == 1, start, 0).astype(self.dtype)
        weights = jax.lax.scan(descend, begun, (inputs, labels))[0]
        return {
            "squared_error": jnp.sum(weights**2)[None],
            "edited_fraction": share[None],
        }
