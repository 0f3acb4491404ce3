"""Linear regression as a learner: fit, generate, error.

The solver is a function of a data set; the learner adds what it needs to know of the world: the
design its inputs come from, the noise of its labels and the weights that are the truth.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key

from collapse_sim.editing import Edit, EditSubset
from collapse_sim.linalg import (
    HIGHEST,
    DType,
    cholesky,
    require_noise,
    solve_gram,
    solve_lower,
    thin_qr,
)
from collapse_sim.linear.data import Data, Rows, Statistics
from collapse_sim.linear.design import GaussianDesign, GivenDesign
from collapse_sim.masks import looks_at_surprise
from collapse_sim.pytree import pytree, static
from collapse_sim.regimes import (
    AccumulateSubsample,
    Copies,
    FreshHuman,
    KeepHuman,
    Mix,
    Regime,
    Replace,
    Verify,
)
from collapse_sim.resampled import Resampled

Weights = Float[Array, " dim"]
Solver = Callable[[Data], Weights]


class Truth(NamedTuple):
    """The weights behind the human labels, and D: the test error is |D (w - weights)|^2.

    D is upper triangular.
    """

    weights: Weights
    readout: Float[Array, "dim dim"]


def least_squares(data: Data) -> Weights:
    """Ordinary least squares, through a triangular factor of the Gram matrix."""
    if data.orthonormal:
        return data.moment()
    return solve_gram(data.gram_factor(), data.moment())


def ridge(penalty: float, samples: int) -> Solver:
    """Ridge regression (X^T X / samples + penalty I)^-1 X^T y / samples."""

    def solve(data: Data) -> Weights:
        lower = data.gram_factor()
        gram = jnp.matmul(lower, lower.T, precision=HIGHEST)
        shifted = gram + penalty * samples * jnp.eye(gram.shape[0], dtype=gram.dtype)
        return solve_gram(cholesky(shifted), data.moment())

    return solve


def min_norm(data: Rows) -> Weights:
    """The interpolating weights of least norm, for fewer rows than columns."""
    q, r = thin_qr(data.inputs.T)
    half = solve_lower(r.T, data.labels[:, None])[:, 0]
    return jnp.matmul(q, half, precision=HIGHEST)


@pytree
@dataclass(frozen=True)
class ExternalPrior:
    """A linear model of a given test error, fixed before any data are drawn.

    Off the truth along the first input direction: test inputs are Gaussian, so that on an isotropic
    design every direction is alike. `test_error` is squared, in the units of the labels.
    """

    test_error: float | Float[Array, ""]

    def __call__(self, learner: "LinearLearner", truth: Truth) -> Weights:
        """Its weights, in the coordinates of one replicate's design."""
        del learner
        # The readout D is upper triangular, so that D e_1 is a multiple of e_1.
        off = jnp.sqrt(jnp.asarray(self.test_error)) / truth.readout[0, 0]
        return truth.weights.at[0].add(off.astype(truth.weights.dtype))


@pytree
@dataclass(frozen=True, eq=False)
class LinearLearner:
    """Linear regression with label noise `noise_std` on inputs from `design`.

    `sizes` lists the rows of each block when the representation is `statistics`; a mask then
    speaks of blocks. Least squares does not depend on the coordinates of its inputs, so a shared
    design is whitened once (`whiten`) and every later fit is one product. `true_weights` may be
    left out (zero) for it. `human_labels` replaces simulated human labels by real ones: the truth
    is then unknown, and errors are distances from the fit on those labels.
    """

    design: GaussianDesign | GivenDesign
    noise_std: float | Float[Array, ""] = 1.0
    solver: Solver = static(default=least_squares)
    representation: Literal["rows", "statistics"] = static(default="rows")
    sizes: Int[np.ndarray | Array, " blocks"] | None = None
    true_weights: Float[np.ndarray | Array, " dim"] | None = None
    human_labels: Float[np.ndarray | Array, " samples"] | None = None
    dtype: DType = static(default=jnp.float32)

    def __post_init__(self) -> None:
        """Raises ValueError for least squares of fewer rows than columns, an array for a design, an
        unknown representation and a number `noise_std` whose square leaves the range of `dtype`.
        """
        require_noise(self.noise_std, self.dtype)
        if self.representation not in ("rows", "statistics"):
            raise ValueError(
                f"representation={self.representation!r}: accepted are rows, statistics"
            )
        if isinstance(self.design, np.ndarray | jax.Array) and self.design.ndim == 2:
            raise ValueError(
                f"design is an array of shape {self.design.shape}: accepted is "
                "GivenDesign.of(array), or a GaussianDesign"
            )
        design = self.design
        few = isinstance(design, GaussianDesign) and design.samples < design.dim
        if few and self.solver is least_squares:
            raise ValueError(
                f"dim={design.dim}, samples={design.samples}: accepted for least squares are at "
                "least as many samples as columns; linear.learner.min_norm is a solver for fewer"
            )

    @property
    def whiten(self) -> bool:
        return self.design.shared and self.solver is least_squares

    def human(self, key: Key[Array, ""]) -> tuple[Data, Truth]:
        """The human data of one replicate, and the truth behind them."""
        design_key, noise_key = jax.random.split(key)
        data, truth = self._inputs(design_key)
        if self.human_labels is not None:
            data = replace(data, labels=jnp.asarray(self.human_labels, self.dtype))
            return data, truth._replace(weights=self.solver(data))
        return self._relabel(noise_key, truth.weights, data, copies=1), truth

    def require(self, regime: Regime) -> None:
        """Raises ValueError for a regime that this learner's data cannot follow."""
        statistics = self.representation == "statistics"
        beside = Edit | EditSubset | FreshHuman | KeepHuman | Mix
        if isinstance(regime, beside) and not self.design.shared:
            raise ValueError(
                "labels of one design cannot be put beside the inputs of another: accepted for "
                "editing, mixing and kept or fresh human labels are shared designs"
            )
        growing = isinstance(regime, Replace) and regime.growing
        if growing and not (statistics or self.design.shared):
            raise ValueError(
                "drawn rows cannot grow in number: accepted is representation=statistics"
            )
        of_rows = AccumulateSubsample | EditSubset | FreshHuman | KeepHuman | Verify
        if isinstance(regime, of_rows) and statistics:
            raise ValueError(
                "statistics have no rows to draw from: accepted is representation=rows"
            )
        if isinstance(regime, Edit) and statistics and looks_at_surprise(regime.policy):
            raise ValueError("confidence masks look at residuals: accepted is representation=rows")

    def fit(self, data: Data, key: Key[Array, ""] | None = None) -> Weights:
        """Weights; least squares needs no key."""
        del key
        return self.solver(data)

    def fresh_human(self, key: Key[Array, ""], truth: Truth, like: Data) -> Data:
        """New human labels, on `like`'s inputs where the design is shared."""
        return self.generate(key, truth.weights, like)

    def generate(
        self, key: Key[Array, ""], weights: Weights, like: Data, copies: Copies = 1
    ) -> Data:
        """New labels for `like`'s inputs, or for fresh ones; `copies` times as many rows."""
        if not self.design.shared:
            inputs_key, key = jax.random.split(key)
            like = self._draw(inputs_key, copies)
            copies = 1
        return self._relabel(key, weights, like, copies)

    def resample(self, key: Key[Array, ""], weights: Weights, data: Data) -> Resampled:
        """New labels on `data`'s own inputs.

        Surprise is |residual| / noise_std of each row; low surprise is high confidence. Statistics
        have no rows and surprise nobody.
        """
        expected = data.predict(weights).labels
        drawn = self._relabel(key, weights, data, copies=1).labels
        if isinstance(data, Statistics):
            return Resampled(drawn, expected, jnp.zeros_like(data.shares))
        return Resampled(drawn, expected, jnp.abs(data.labels - expected) / self.noise_std)

    def measure(self, weights: Weights, truth: Truth) -> dict[str, Float[Array, ""]]:
        """Test error (squared units), and its mean over the design's scale where that is known.

        For a shared whitened Gaussian design the deviation u is independent of the Gram matrix and
        of no preferred direction, so |u|^2 / (samples - dim - 1) has the mean of the test error
        without its heavy tail; samples < dim + 2 leave it out, as neither mean exists.
        """
        deviation = weights - truth.weights
        error = jnp.matmul(truth.readout, deviation, precision=HIGHEST)
        outputs = {"test_error": error @ error}
        scale = self.design.samples - self.design.dim - 1
        if self.whiten and isinstance(self.design, GaussianDesign) and scale > 0:
            outputs["scale_averaged_error"] = deviation @ deviation / scale
        return outputs

    def _draw(self, key: Key[Array, ""], copies: Copies = 1) -> Data:
        if self.representation == "statistics":
            whole = np.array([self.design.samples])
            sizes = jnp.asarray(whole if self.sizes is None else self.sizes, self.dtype)
            factors = self.design.block_factors(key, sizes * copies, self.dtype)
            labels = jnp.zeros(factors.shape[:2], self.dtype)
            return Statistics(factors, labels, shares=sizes / sizes.sum())
        inputs = self.design.rows(key, self.dtype)
        return Rows(inputs, jnp.zeros(inputs.shape[0], self.dtype))

    def _inputs(self, key: Key[Array, ""]) -> tuple[Data, Truth]:
        dim = self.design.dim
        weights = np.zeros(dim) if self.true_weights is None else self.true_weights
        weights = jnp.asarray(weights, self.dtype)
        readout = jnp.asarray(self.design.test_factor.T, self.dtype)
        if not self.whiten:
            return self._draw(key), Truth(weights, readout)
        if self.representation == "statistics":
            drawn = self._draw(key)
            assert isinstance(drawn, Statistics)
            data, lower = drawn.whiten()
            readout = solve_lower(lower, readout.T).T
            return data, Truth(jnp.matmul(lower.T, weights, precision=HIGHEST), readout)
        if self.true_weights is not None:
            raise ValueError("true_weights has no effect on least squares with a shared design")
        inputs, readout = self.design.orthonormal_rows(key, self.dtype)
        data = Rows(inputs, jnp.zeros(inputs.shape[0], self.dtype), orthonormal=True)
        return data, Truth(weights, readout)

    def _relabel(self, key: Key[Array, ""], weights: Weights, data: Data, copies: Copies) -> Data:
        noise_std = self.noise_std / jnp.sqrt(jnp.asarray(copies, self.dtype))
        labels = data.predict(weights).labels + noise_std * data.noise(key)
        return replace(data, labels=labels)
