"""Designs: inputs X from a Gaussian law, shared or fresh, or a given matrix."""

from dataclasses import dataclass

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from collapse_sim.linalg import HIGHEST, DType, solve_lower, thin_qr
from collapse_sim.linear.fit import factorise
from collapse_sim.pytree import pytree, require_integer, static
from collapse_sim.random import normal, wishart_factor


def covariance_factor(spectrum: str, dim: int) -> Float[np.ndarray, "dim dim"]:
    """Lower-triangular F with F F^T the input covariance named by `spectrum`, of mean variance 1.

    `isotropic`; `ar1:R` with correlations R^|i-j|, |R| < 1; `power:B` with variances
    proportional to j^-B. Raises ValueError for any other name or parameter.
    """
    kind, _, value = spectrum.partition(":")
    accepted = "accepted are isotropic, ar1:R with |R| < 1, power:B with B >= 0"
    try:
        parameter = float(value) if value else 0.5 if kind == "ar1" else 1.0
    except ValueError:
        raise ValueError(f"spectrum={spectrum}: {accepted}") from None
    index = np.arange(dim)
    if kind == "isotropic" and not value:
        return np.eye(dim)
    if kind == "ar1" and abs(parameter) < 1:
        return np.linalg.cholesky(parameter ** np.abs(index[:, None] - index))
    if kind == "power" and 0 <= parameter < np.inf:
        variances = (index + 1.0) ** -parameter
        return np.diag(np.sqrt(variances / variances.mean()))
    raise ValueError(f"spectrum={spectrum}: {accepted}")


@pytree
@dataclass(frozen=True, eq=False)
class GaussianDesign:
    """Rows from N(0, F F^T); one design `shared` by all generations, or a fresh one for each."""

    dim: int = static()
    samples: int = static()
    shared: bool = static(default=True)
    factor: Float[np.ndarray | Array, "dim dim"] | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for sizes that are no integers >= 1."""
        require_integer("dim", self.dim, 1)
        require_integer("samples", self.samples, 1)

    @property
    def test_factor(self) -> Float[np.ndarray | Array, "dim dim"]:
        """F with F F^T the second moment of the test inputs."""
        return np.eye(self.dim) if self.factor is None else self.factor

    def rows(self, key: Key[Array, ""], dtype: DType) -> Float[Array, "samples dim"]:
        # Drawn column by column: XLA vectorises over the long axis.
        z = normal(key, (self.dim, self.samples), dtype).T
        if self.factor is None:
            return z
        return jnp.matmul(z, jnp.asarray(self.factor.T, dtype), precision=HIGHEST)

    def orthonormal_rows(
        self, key: Key[Array, ""], dtype: DType
    ) -> tuple[Float[Array, "samples dim"], Float[Array, "dim dim"]]:
        """Q of the thin QR of a draw X = Q R, and F^T R^-1.

        In the coordinates u = R w the test error of w is |F^T R^-1 (u - u*)|^2.
        """
        q, r = thin_qr(self.rows(key, dtype))
        test_factor = jnp.asarray(self.test_factor, dtype)
        return q, solve_lower(r.T, test_factor).T

    def block_factors(
        self, key: Key[Array, ""], sizes: Float[Array, " blocks"], dtype: DType
    ) -> Float[Array, "blocks dim dim"]:
        """A Gram factor of each block of rows, at a cost independent of the number of rows."""
        lower = wishart_factor(key, sizes, self.dim, dtype)
        if self.factor is None:
            return lower
        return jnp.matmul(jnp.asarray(self.factor, dtype), lower, precision=HIGHEST)


@pytree
@dataclass(frozen=True, eq=False)
class GivenDesign:
    """A user's own matrix X, shared by all generations; test inputs are drawn from its rows.

    Everything measured with it is conditional on it.
    """

    inputs: Float[np.ndarray | Array, "samples dim"]
    frame: Float[np.ndarray | Array, "samples dim"]
    """Q of the thin QR of X, worked out once in float64."""
    test_factor: Float[np.ndarray | Array, "dim dim"]
    """R^T / sqrt(samples): times its transpose, the second moment of the rows."""
    shared: bool = static(default=True)

    @staticmethod
    def of(inputs: np.ndarray) -> "GivenDesign":
        """Raises ValueError for anything but a finite matrix of full column rank."""
        inputs = np.asarray(inputs, np.float64)
        if inputs.ndim != 2 or inputs.size == 0:
            raise ValueError(f"design has shape {inputs.shape}: accepted is (rows, columns)")
        if not np.isfinite(inputs).all():
            row, column = np.argwhere(~np.isfinite(inputs))[0]
            raise ValueError(
                f"design has {inputs[row, column]} at row {row}, column {column}: "
                "accepted are finite numbers"
            )
        factors = factorise(inputs)
        if factors.rank < inputs.shape[1]:
            raise ValueError(
                f"design has rank {factors.rank} with {inputs.shape[1]} columns and "
                f"{inputs.shape[0]} rows: accepted are designs of full column rank"
            )
        r = np.ldexp(factors.triangle, factors.exponents)
        return GivenDesign(inputs, factors.frame, r.T / np.sqrt(len(inputs)))

    @property
    def dim(self) -> int:
        return self.inputs.shape[1]

    @property
    def samples(self) -> int:
        return self.inputs.shape[0]

    def rows(self, key: Key[Array, ""], dtype: DType) -> Float[Array, "samples dim"]:
        del key
        return jnp.asarray(self.inputs, dtype)

    def orthonormal_rows(
        self, key: Key[Array, ""], dtype: DType
    ) -> tuple[Float[Array, "samples dim"], Float[Array, "dim dim"]]:
        """Q and F^T R^-1 = I / sqrt(samples), as for a Gaussian design."""
        del key
        frame = jnp.asarray(self.frame, dtype)
        return frame, jnp.eye(self.dim, dtype=dtype) / np.sqrt(self.samples)

    def block_factors(
        self, key: Key[Array, ""], sizes: Float[Array, " blocks"], dtype: DType
    ) -> Float[Array, "blocks dim dim"]:
        raise ValueError(
            "a given design has no statistics to draw: accepted is representation=rows"
        )
