"""Ridge fits to real rows and rows that the last fit labels, again and again, on fresh inputs.

What is recorded of one draw of all inputs is the mean over label noise, exactly: a fit is linear in
its labels, so mean and covariance of its deviation from the truth follow recursions of their own.
"""

from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from collapse_sim.linalg import HIGHEST, DType, cholesky, solve_lower
from collapse_sim.loop import Trace
from collapse_sim.pytree import pytree, static
from collapse_sim.random import wishart_factor

Generations = Float[np.ndarray | Array, " generations"]


@pytree
@dataclass(frozen=True, eq=False)
class MixtureChain:
    """Chain of weighted ridge fits, each with its own numbers of rows, noises and penalty.

    Fit n minimises sum_i omega_i (y_i - x_i w)^2 + penalty rows |w|^2. Its real rows have the
    weight omega = `real_weight` and labels by the truth, its synthetic ones `synthetic_weight` and
    labels by fit n - 1. The first writer is off the truth by independent draws of variance
    `shift_variances`. Inputs are Gaussian with independent columns of the given `variances`: only
    Gram matrices are drawn, at a cost that does not depend on the number of rows.
    """

    variances: Float[np.ndarray | Array, " dim"]
    true_weights: Float[np.ndarray | Array, " dim"]
    shift_variances: Float[np.ndarray | Array, " dim"]
    real_rows: Generations
    synthetic_rows: Generations
    real_noise_std: Generations
    synthetic_noise_std: Generations
    penalty: Generations
    real_weight: float | Float[Array, ""]
    synthetic_weight: float | Float[Array, ""]
    dtype: DType = static(default=jnp.float32)

    @staticmethod
    def of(
        *,
        dim: int,
        generations: int = 1,
        real_rows: float | Generations = 0.0,
        synthetic_rows: float | Generations = 0.0,
        noise_std: float | Generations = 1.0,
        synthetic_noise_std: float | Generations | None = None,
        penalty: float | Generations = 0.0,
        variances: float | Float[np.ndarray, " dim"] = 1.0,
        true_weights: float | Float[np.ndarray, " dim"] = 0.0,
        shift_variances: float | Float[np.ndarray, " dim"] = 0.0,
        real_weight: float = 1.0,
        synthetic_weight: float = 1.0,
        dtype: DType = jnp.float32,
    ) -> "MixtureChain":
        """One number stands for all generations, or for all columns; noise is the same on all rows.

        Raises ValueError for negative numbers, for columns of no variance, for fits without a
        penalty to fewer rows than `dim`, and for weights that are not positive.
        """
        synthetic_noise_std = noise_std if synthetic_noise_std is None else synthetic_noise_std
        by_generation = {
            "real_rows": real_rows,
            "synthetic_rows": synthetic_rows,
            "real_noise_std": noise_std,
            "synthetic_noise_std": synthetic_noise_std,
            "penalty": penalty,
        }
        by_column = {
            "variances": variances,
            "true_weights": true_weights,
            "shift_variances": shift_variances,
        }
        long = {n: _broadcast(n, v, generations) for n, v in by_generation.items()}
        wide = {n: _broadcast(n, v, dim) for n, v in by_column.items()}
        for name in (*long, "shift_variances"):
            if (least := (long | wide)[name].min()) < 0:
                raise ValueError(f"{name}={least:g}: accepted are numbers >= 0")
        weights = {"real_weight": real_weight, "synthetic_weight": synthetic_weight}
        for name, value in {"variances": wide["variances"].min(), **weights}.items():
            if value <= 0:
                raise ValueError(f"{name}={value:g}: accepted are numbers > 0")
        rows = long["real_rows"] + long["synthetic_rows"]
        if ((rows < dim) & (long["penalty"] == 0)).any():
            raise ValueError(
                f"rows={rows.tolist()}: accepted without a penalty are at least dim={dim}"
            )
        numbers: dict[str, Any] = {**wide, **long, **weights}
        return MixtureChain(**numbers, dtype=dtype)

    @property
    def generations(self) -> int:
        return self.real_rows.shape[0]

    def __call__(self, key: Key[Array, ""]) -> Trace:
        def numbers(*values):
            return [jnp.asarray(value, self.dtype) for value in values]

        variances, truth, shift = numbers(self.variances, self.true_weights, self.shift_variances)
        real_weight, synthetic_weight = numbers(self.real_weight, self.synthetic_weight)
        rows = numbers(self.real_rows, self.synthetic_rows)
        noise_stds = numbers(self.real_noise_std, self.synthetic_noise_std)
        dim = truth.shape[0]

        def fit(state, given):
            bias, covariance = state
            key, real, synthetic, real_std, own_std, penalty = given
            factors = wishart_factor(key, jnp.stack([real, synthetic]), dim, self.dtype)
            of_real, of_synthetic = jnp.sqrt(variances)[:, None] * factors
            own = synthetic_weight * _times_transpose(of_synthetic)
            shrunk = penalty * (real + synthetic) * jnp.eye(dim, dtype=self.dtype)
            lower = cholesky(real_weight * _times_transpose(of_real) + own + shrunk)
            noises = (real_std * real_weight * of_real, own_std * synthetic_weight * of_synthetic)
            right = jnp.concatenate([own, *noises, (shrunk @ truth)[:, None]], axis=1)
            solved = solve_lower(lower, solve_lower(lower, right), transpose=True)
            kept, noise, lost = solved[:, :dim], solved[:, dim:-1], solved[:, -1]
            bias = jnp.matmul(kept, bias, precision=HIGHEST) - lost
            covariance = jnp.matmul(kept, covariance, precision=HIGHEST)
            covariance = jnp.matmul(covariance, kept.T, precision=HIGHEST) + _times_transpose(noise)
            return (bias, covariance), (bias, jnp.diagonal(covariance))

        keys = jax.random.split(key, self.generations)
        start = jnp.zeros_like(truth), jnp.diag(shift)
        given = keys, *rows, *noise_stds, *numbers(self.penalty)
        bias, spread = jax.lax.scan(fit, start, given)[1]
        squared_norm = jnp.sum(truth**2)
        memory = 1 + jnp.matmul(bias, truth, precision=HIGHEST) / jnp.where(
            squared_norm > 0, squared_norm, 1
        )
        return {
            "test_error": jnp.matmul(bias**2 + spread, variances, precision=HIGHEST),
            "memory": memory,
            "edited_fraction": rows[1] / (rows[0] + rows[1]),
        }


def _broadcast(name: str, value: Any, size: int) -> np.ndarray:
    found = np.asarray(value, float)
    if found.shape not in ((), (size,)) or not np.isfinite(found).all():
        raise ValueError(f"{name}={value}: accepted are one finite number, or {size} of them")
    return np.broadcast_to(found, (size,))


def _times_transpose(matrix: Float[Array, "rows k"]) -> Float[Array, "rows rows"]:
    return jnp.matmul(matrix, matrix.T, precision=HIGHEST)
