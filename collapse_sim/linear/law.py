"""Exact laws: the error of least squares under resampling, with a few draws for each fit.

No rows and, for fresh designs, no matrices either. The input covariance does not matter: the test
error is measured in its norm.
"""

from dataclasses import dataclass
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from collapse_sim.linalg import HIGHEST, DType, require_noise, solve_lower
from collapse_sim.loop import Trace
from collapse_sim.pytree import pytree, static
from collapse_sim.random import chi_square, normal, wishart_factor


@pytree
@dataclass(frozen=True)
class ExactLaw:
    """Exact law of a replicate: least squares on a Gaussian design, `shared` or fresh each
    generation.

    Fit n adds a deviation of its own to the previous one: that of a least-squares fit to
    `rows[n]` rows with noise `noise_std[n]`. A shared design needs one Wishart factor and dim
    normals for each fit; fresh ones need one normal and two chi-squares.
    """

    noise_std: Float[np.ndarray | Array, " generations"]
    rows: Float[np.ndarray | Array, " generations"]
    edited: Float[np.ndarray | Array, " generations"]
    dim: int = static()
    samples: int = static()
    generations: int = static()
    shared: bool = static(default=True)
    dtype: DType = static(default=jnp.float32)

    @staticmethod
    def of(
        regime: Literal["replace", "accumulate", "halfway"],
        *,
        dim: int,
        samples: int,
        generations: int,
        noise_std: float = 1.0,
        shared: bool = True,
        dtype: DType = jnp.float32,
    ) -> "ExactLaw":
        """The published regimes; `halfway` resamples i times as many rows in round i.

        Raises ValueError for samples < dim, and for `accumulate` with fresh designs, which has no
        such form: use the statistics representation; and for a `noise_std` whose square leaves
        the range of `dtype`.
        """
        require_noise(noise_std, dtype)
        if samples < dim or generations < 1:
            raise ValueError(
                f"samples={samples}, generations={generations}: accepted are samples >= dim = "
                f"{dim} and generations >= 1"
            )
        if regime == "accumulate" and not shared:
            raise ValueError("accumulate with fresh designs: accepted is representation=statistics")
        n = np.arange(1.0, generations + 1)
        power = {"replace": 0.0, "accumulate": -1.0, "halfway": -0.5}[regime]
        growing = regime == "halfway" and not shared
        return ExactLaw(
            noise_std=noise_std * (np.ones_like(n) if growing else n**power),
            rows=samples * (n if growing else np.ones_like(n)),
            edited=(n - 1) / n if regime == "accumulate" else np.minimum(n - 1, 1),
            dim=dim,
            samples=samples,
            generations=generations,
            shared=shared,
            dtype=dtype,
        )

    def __call__(self, key: Key[Array, ""]) -> Trace:
        trace = self._shared(key) if self.shared else self._fresh(key)
        return trace | {"edited_fraction": jnp.asarray(self.edited, self.dtype)}

    def _shared(self, key: Key[Array, ""]) -> Trace:
        design_key, noise_key = jax.random.split(key)
        lower = wishart_factor(design_key, self.samples, self.dim, self.dtype)
        readout = solve_lower(lower, jnp.eye(self.dim, dtype=self.dtype)).T
        z = normal(noise_key, (self.generations, self.dim), self.dtype)
        # Deviations add up. As a product this is several times faster than cumsum or a scan, on
        # the CPU up to hundreds of generations; the barriers keep the draws out of its loop.
        running = jnp.tril(jnp.ones((self.generations, 1), self.dtype) * self.noise_std)
        u = jnp.matmul(running, jax.lax.optimization_barrier(z), precision=HIGHEST)
        u = jax.lax.optimization_barrier(u)
        error = jnp.matmul(u, readout.T, precision=HIGHEST)
        errors, lengths = jnp.sum(error**2, axis=1), jnp.sum(u**2, axis=1)
        scale = self.samples - self.dim - 1
        averaged = {"scale_averaged_error": lengths / scale} if scale > 0 else {}
        return {"test_error": errors} | averaged

    def _fresh(self, key: Key[Array, ""]) -> Trace:
        # The next deviation adds noise_std z / sqrt(s), z standard normal: only its component
        # along the present deviation (g) and the squared length of the rest (c) matter.
        normal_key, scale_key, rest_key = jax.random.split(key, 3)
        rows = jnp.asarray(self.rows, self.dtype)
        g = normal(normal_key, rows.shape, self.dtype)
        variance = jnp.asarray(self.noise_std, self.dtype) ** 2
        s = chi_square(scale_key, rows - self.dim + 1, self.dtype) / variance
        c = chi_square(rest_key, jnp.full_like(rows, self.dim - 1), self.dtype)

        def generation(error, draw):
            along, rest = draw
            error = (jnp.sqrt(error) + along) ** 2 + rest
            return error, error

        zero = jnp.zeros((), self.dtype)
        return {"test_error": jax.lax.scan(generation, zero, (g / jnp.sqrt(s), c / s))[1]}
