"""Least squares on human rows and synthetic rows of one truth but another law of inputs."""

from dataclasses import dataclass

import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from collapse_sim.linalg import HIGHEST, DType, cholesky, solve_lower
from collapse_sim.loop import Trace
from collapse_sim.pytree import pytree, static
from collapse_sim.random import normal


@pytree
@dataclass(frozen=True, eq=False)
class ShiftedRows:
    """Error of one fit, averaged over its noise, on `human` and `synthetic` rows.

    Human inputs are N(0, I); synthetic ones have `scale` times the spread and a mean `shift` away,
    in the first coordinate. Raises ValueError for fewer rows than weights and no row of a kind.
    """

    shift: float | Float[Array, ""]
    scale: float | Float[Array, ""]
    dim: int = static()
    human: int = static()
    synthetic: int = static()
    dtype: DType = static(default=jnp.float32)

    def __post_init__(self):
        for name in ("dim", "human", "synthetic"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)}: accepted are integers >= 1")
        if self.human + self.synthetic <= self.dim:
            raise ValueError(f"dim={self.dim}: accepted are fewer than there are rows")

    def __call__(self, key: Key[Array, ""]) -> Trace:
        """`test_error`: the trace of the inverse Gram matrix, at noise of variance 1."""
        rows = self.human + self.synthetic
        drawn = normal(key, (rows, self.dim), self.dtype)
        is_synthetic = (jnp.arange(rows) >= self.human)[:, None]
        moved = jnp.where(jnp.arange(self.dim) == 0, self.shift, 0)
        inputs = jnp.where(is_synthetic, moved + self.scale * drawn, drawn).astype(self.dtype)
        lower = cholesky(jnp.matmul(inputs.T, inputs, precision=HIGHEST))
        inverse = solve_lower(lower, jnp.eye(self.dim, dtype=self.dtype))
        share = jnp.asarray(self.synthetic / rows, self.dtype)
        return {"test_error": jnp.sum(inverse**2)[None], "edited_fraction": share[None]}
