"""Triangular factors and solves written as plain array arithmetic over the columns.

Not a matter of taste: XLA's CPU back end hands batched LAPACK calls to a thread pool on which two
of them, or two devices, wait for each other for ever (a QR followed by two triangular solves under
`vmap`, by three threads: with jax 0.10.1, the last for Python 3.11; no longer with 0.12.0). For the
small matrices of a vmapped chain these are faster as well.
"""

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

HIGHEST = jax.lax.Precision.HIGHEST

DType = np.dtype | type
"""float32 or float64, as jnp.float32 or np.dtype("float32")."""

SPARE = 1e8
"""Room that squared errors keep to both ends of a float's range."""


def require_noise(noise_std: object, dtype: DType) -> None:
    """Raises ValueError for a number whose square leaves the range of `dtype`, or nearly does.

    Squared errors would be zero, or infinite, without a word. JAX's arrays are let through: what
    they hold is not known while a program is traced.
    """
    if not isinstance(noise_std, int | float):
        return
    floats = np.finfo(dtype)
    least, most = (SPARE * float(floats.tiny)) ** 0.5, (float(floats.max) / SPARE) ** 0.5
    if noise_std != 0 and not least <= noise_std <= most:
        raise ValueError(
            f"noise_std={noise_std:g}: accepted is {least:.1e} to {most:.1e} in "
            f"{floats.dtype}; simulate in units of the noise, noise_std=1"
        )


def cholesky(matrix: Float[Array, "dim dim"]) -> Float[Array, "dim dim"]:
    """Lower-triangular L with L L^T = matrix, column by column; NaN where not positive definite."""
    dim = matrix.shape[0]
    rows = jnp.arange(dim)

    def column(j, lower):
        rest = matrix[:, j] - jnp.matmul(lower, lower[j], precision=HIGHEST)
        return lower.at[:, j].set(jnp.where(rows >= j, rest / jnp.sqrt(rest[j]), 0))

    return jax.lax.fori_loop(0, dim, column, jnp.zeros_like(matrix))


def solve_lower(
    lower: Float[Array, "dim dim"], right: Float[Array, "dim k"], *, transpose: bool = False
) -> Float[Array, "dim k"]:
    """X with lower X = right, or lower^T X = right, by substitution."""
    dim = lower.shape[0]

    def row(step, solution):
        j = dim - 1 - step if transpose else step
        coefficients = lower[:, j] if transpose else lower[j]
        known = jnp.matmul(coefficients, solution, precision=HIGHEST)
        return solution.at[j].set((right[j] - known) / lower[j, j])

    return jax.lax.fori_loop(0, dim, row, jnp.zeros_like(right))


def solve_gram(lower: Float[Array, "dim dim"], right: Float[Array, " dim"]) -> Float[Array, " dim"]:
    """w with (lower lower^T) w = right."""
    half = solve_lower(lower, right[:, None])
    return solve_lower(lower, half, transpose=True)[:, 0]


def thin_qr(
    matrix: Float[Array, "rows dim"],
) -> tuple[Float[Array, "rows dim"], Float[Array, "dim dim"]]:
    """Q with orthonormal columns and upper-triangular R with Q R = matrix, by Gram-Schmidt.

    Each column is orthogonalised twice, which keeps Q orthonormal to rounding error for any
    matrix of full numerical column rank. Columns lie side by side in memory: vectors are as long as
    the matrix has rows, which is twice as fast.
    """
    columns, dim = matrix.T, matrix.shape[1]

    def column(j, state):
        q, r = state
        vector = columns[j]
        first = jnp.matmul(q, vector, precision=HIGHEST)
        vector = vector - jnp.matmul(first, q, precision=HIGHEST)
        second = jnp.matmul(q, vector, precision=HIGHEST)
        vector = vector - jnp.matmul(second, q, precision=HIGHEST)
        norm = jnp.sqrt(jnp.sum(vector**2))
        coefficients = (first + second).at[j].set(norm)
        return q.at[j].set(vector / norm), r.at[j].set(coefficients)

    start = jnp.zeros_like(columns), jnp.zeros((dim, dim), matrix.dtype)
    q, r = jax.lax.fori_loop(0, dim, column, start)
    return q.T, r.T
