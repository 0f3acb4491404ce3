"""Gaussians as learners: fit mean and covariance, draw from the fit, fit again.

The human law is N(0, I). Every other Gaussian is an affine image of it, and fit, draw and regime
all commute with affine maps, so nothing is lost.
"""

from dataclasses import dataclass, replace
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import ndtr
from jaxtyping import Array, Bool, Float, Int, Key

from collapse_sim.distributions.sample import Sample
from collapse_sim.editing import Edit, EditSubset
from collapse_sim.linalg import HIGHEST, DType, solve_lower
from collapse_sim.masks import looks_at_surprise
from collapse_sim.pytree import pytree, static
from collapse_sim.random import normal, wishart_factor
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

Estimator = Literal["unbiased", "maximum_likelihood"]
"""Divisor of the scatter of M points: M - 1 or M."""

TAIL = 3.0
"""True standard deviations beyond which the mass of the tails is measured."""


class Gaussian(NamedTuple):
    """N(mean, factor factor^T); the factor is lower triangular with a diagonal >= 0."""

    mean: Float[Array, " dim"]
    factor: Float[Array, "dim dim"]


@pytree
@dataclass(frozen=True)
class Scatter:
    """Sufficient statistics of blocks of points that are always edited together.

    `labels[g]` holds the mean of block g and, beside it, the lower-triangular factor R of its
    scatter about that mean, R R^T; nothing depends on the number of points, `counts`.
    """

    labels: Float[Array, "blocks dim 1+dim"]
    counts: Float[Array, " blocks"]

    @property
    def size(self) -> int:
        """Number of blocks: a mask edits whole blocks."""
        return self.labels.shape[0]

    def share_of(self, mask: Bool[Array, " blocks"]) -> Float[Array, ""]:
        """Share of all points under a mask of blocks."""
        return jnp.sum(mask * self.counts) / self.counts.sum()

    def merge(self) -> "Scatter":
        """Merge all blocks of points into one.

        One block is returned as it is: the diagonal of its factor, a product of one chi for each
        generation, keeps its relative precision for ever. A factor of several blocks is right to
        rounding error of its longest column only.
        """
        if self.size == 1:
            return self
        dim = self.labels.shape[1]
        within = jnp.swapaxes(self.labels[:, :, 1:], 1, 2).reshape(-1, dim)
        return _one_block(self.labels[:, :, 0], self.counts, within)

    def pool(self, capacity: int) -> "Scatter":
        """Room for any number of data sets, holding this one: statistics of a union add up."""
        del capacity
        return self.merge()

    def put(self, batch: "Scatter", slot: Int[Array, ""]) -> "Scatter":
        """The union with `batch`, as one block."""
        del slot
        labels = jnp.concatenate([self.labels, batch.labels])
        return Scatter(labels, jnp.concatenate([self.counts, batch.counts])).merge()


@pytree
@dataclass(frozen=True, eq=False)
class GaussianLearner:
    """A Gaussian fitted to `samples` points, whose draws have `sampling_variance` its covariance.

    A sampling variance below 1 is what a temperature below 1 does to a Gaussian. `sizes` lists the
    points of each block when the representation is `statistics`; a mask then speaks of blocks. A
    chain that reaches a point mass stays there.

    Raises ValueError for samples < 2, dim < 1, unbiased covariances of samples <= dim points, which
    are singular, and sizes that are not positive or do not add up to `samples`.
    """

    dim: int = static()
    samples: int = static()
    estimator: Estimator = static(default="unbiased")
    representation: Literal["rows", "statistics"] = static(default="rows")
    sizes: Int[np.ndarray | Array, " blocks"] | None = None
    sampling_variance: float | Float[Array, ""] = 1.0
    dtype: DType = static(default=jnp.float32)

    def __post_init__(self):
        if self.dim < 1:
            raise ValueError(f"dim={self.dim}: accepted are integers >= 1")
        least = max(2, self.dim + 1 if self.estimator == "unbiased" else 2)
        if self.samples < least:
            raise ValueError(
                f"samples={self.samples}: accepted are integers >= {least} for dim={self.dim} and "
                f"estimator={self.estimator}"
            )
        if self.estimator not in ("unbiased", "maximum_likelihood"):
            raise ValueError(
                f"estimator={self.estimator}: accepted are unbiased, maximum_likelihood"
            )
        if self.representation not in ("rows", "statistics"):
            raise ValueError(f"representation={self.representation}: accepted are rows, statistics")
        variance, sizes = self.sampling_variance, self.sizes
        if isinstance(variance, int | float) and not 0 < variance < np.inf:
            raise ValueError(f"sampling_variance={variance}: accepted is (0, inf)")
        if isinstance(sizes, np.ndarray):  # inside a compiled program there are no values
            if self.representation == "rows":
                raise ValueError(f"sizes={sizes}: accepted with representation=statistics")
            if sizes.min() < 1 or sizes.sum() != self.samples:
                raise ValueError(
                    f"sizes={sizes}: accepted are integers >= 1 that add up to {self.samples}"
                )

    def require(self, regime: Regime) -> None:
        """Raises ValueError for a regime that this learner's data cannot follow."""
        statistics = self.representation == "statistics"
        if isinstance(regime, Mix):
            raise ValueError("averages of points are a sample of neither law: accepted is no Mix")
        if isinstance(regime, Edit) and isinstance(regime.additive, bool | np.ndarray):
            if regime.additive:
                raise ValueError("points have no noise-free part: accepted are chained, anchored")
        of_rows = AccumulateSubsample | EditSubset | FreshHuman | KeepHuman | Verify
        if isinstance(regime, of_rows) and statistics:
            raise ValueError(
                "statistics have no points to draw from: accepted is representation=rows"
            )
        if isinstance(regime, Edit) and statistics and looks_at_surprise(regime.policy):
            raise ValueError("confidence masks look at points: accepted is representation=rows")
        if isinstance(regime, Replace) and regime.growing and not statistics:
            raise ValueError("rows cannot grow in number: accepted is representation=statistics")

    def human(self, key: Key[Array, ""]) -> tuple[Sample | Scatter, Gaussian]:
        """The human data of one replicate, and the law behind them."""
        truth = Gaussian(jnp.zeros(self.dim, self.dtype), jnp.eye(self.dim, dtype=self.dtype))
        if self.representation == "rows":
            empty = Sample.of(jnp.zeros((self.samples, self.dim), self.dtype), self.dtype)
        else:
            sizes = np.asarray([self.samples]) if self.sizes is None else self.sizes
            counts = jnp.asarray(sizes, self.dtype)
            empty = Scatter(jnp.zeros((len(counts), self.dim, 1 + self.dim), self.dtype), counts)
        return _draw(key, truth, empty), truth

    def fit(self, data: Sample | Scatter, key: Key[Array, ""] | None = None) -> Gaussian:
        """Mean and covariance, unbiased or of maximum likelihood; needs no key."""
        del key
        if isinstance(data, Scatter):
            block = data.merge()
        else:
            block = _one_block(data.labels, data.weights, data.labels[:0])
        count = block.counts[0]
        # One point has no scatter, and a variance of 0.
        divisor = jnp.maximum(count - 1, 1) if self.estimator == "unbiased" else count
        return Gaussian(block.labels[0, :, 0], block.labels[0, :, 1:] / jnp.sqrt(divisor))

    def generate(
        self, key: Key[Array, ""], params: Gaussian, like: Sample | Scatter, copies: Copies = 1
    ) -> Sample | Scatter:
        """New points; of blocks `copies` times as many, rounded down to whole points."""
        if isinstance(like, Scatter):
            like = replace(like, counts=jnp.maximum(jnp.floor(like.counts * copies), 1))
        return _draw(key, self._sampled(params), like)

    def resample(self, key: Key[Array, ""], params: Gaussian, data: Sample | Scatter) -> Resampled:
        """Draw every point anew.

        Surprise is the Mahalanobis distance of each point from the model; low surprise is high
        confidence. Statistics have no points and surprise nobody.
        """
        drawn = _draw(key, self._sampled(params), data).labels
        if isinstance(data, Scatter):
            return Resampled(drawn, None, jnp.zeros_like(data.counts))
        # Where the model has no variance any deviation is a surprise without bound.
        least = np.sqrt(jnp.finfo(self.dtype).tiny).astype(self.dtype)
        flat = jnp.where(jnp.diagonal(params.factor) < least, least, 0)
        deviation = solve_lower(params.factor + jnp.diag(flat), (data.labels - params.mean).T)
        return Resampled(drawn, None, jnp.sqrt(jnp.sum(deviation**2, axis=0)))

    def fresh_human(
        self, key: Key[Array, ""], truth: Gaussian, like: Sample | Scatter
    ) -> Sample | Scatter:
        """A new draw of human data."""
        return _draw(key, truth, like)

    def measure(self, params: Gaussian, truth: Gaussian) -> dict[str, Float[Array, ""]]:
        """Error of the mean and remaining variance, in units of the true variance.

        `squared_mean_error` and `variance` are averages over the coordinates; `mean_log_variance`
        is log det covariance / dim. Of the first coordinate: `standard_deviation`, `log_variance`
        and `tail_mass`, the model's chance of a point beyond 3 true standard deviations. In one
        dimension `squared_wasserstein` is W_2^2 to the truth. Logarithms are finite: standard
        deviations below the dtype's smallest normal number count as that number.
        """
        del truth
        mean, deviation = params.mean[0], params.factor[0, 0]
        tiny = jnp.finfo(self.dtype).tiny
        logs = 2 * jnp.log(jnp.maximum(jnp.diagonal(params.factor), tiny))
        width = jnp.maximum(deviation, tiny)
        outputs = {
            "squared_mean_error": jnp.mean(params.mean**2),
            "variance": jnp.sum(params.factor**2) / self.dim,
            "standard_deviation": deviation,
            "log_variance": logs[0],
            "mean_log_variance": jnp.mean(logs),
            "tail_mass": ndtr((mean - TAIL) / width) + ndtr((-TAIL - mean) / width),
        }
        if self.dim == 1:
            outputs["squared_wasserstein"] = mean**2 + (deviation - 1) ** 2
        return outputs

    def _sampled(self, params: Gaussian) -> Gaussian:
        spread = jnp.sqrt(jnp.asarray(self.sampling_variance, self.dtype))
        return params._replace(factor=spread * params.factor)


def _draw(key: Key[Array, ""], law: Gaussian, like: Sample | Scatter) -> Sample | Scatter:
    """Draw as many points of a law as `like` has, in the same places."""
    dim, dtype = law.mean.shape[0], law.mean.dtype
    if isinstance(like, Sample):
        z = normal(key, like.labels.shape, dtype)
        return replace(like, labels=law.mean + jnp.matmul(z, law.factor.T, precision=HIGHEST))
    mean_key, scatter_key = jax.random.split(key)
    z = normal(mean_key, (like.size, dim), dtype) / jnp.sqrt(like.counts)[:, None]
    means = law.mean + jnp.matmul(z, law.factor.T, precision=HIGHEST)
    unit = wishart_factor(scatter_key, like.counts - 1, dim, dtype)
    factors = jnp.matmul(law.factor, unit, precision=HIGHEST)
    return replace(like, labels=jnp.concatenate([means[:, :, None], factors], axis=2))


def _one_block(
    means: Float[Array, "blocks dim"],
    counts: Float[Array, " blocks"],
    within: Float[Array, "rows dim"],
) -> Scatter:
    """Blocks as one; within^T within is the sum of their scatters."""
    # Relative to the first, equal means leave exactly no scatter: a point mass stays one.
    shifted = means - means[0]
    total = counts.sum(keepdims=True)
    shift = jnp.matmul(counts, shifted, precision=HIGHEST) / total
    between = jnp.sqrt(counts)[:, None] * (shifted - shift)
    factor = triangular_factor(jnp.concatenate([within, between]))
    labels = jnp.concatenate([(means[0] + shift)[:, None], factor], axis=1)
    return Scatter(labels[None], total)


def triangular_factor(matrix: Float[Array, "rows dim"]) -> Float[Array, "dim dim"]:
    """Lower-triangular L >= 0 on its diagonal with L L^T = matrix^T matrix, of any rank.

    Gram-Schmidt, each column orthogonalised twice as in `linalg.thin_qr`. A column of which the
    second time takes half is one of rounding errors, in the span of those before it (Parlett 1980,
    "twice is enough"): it gets a zero on the diagonal. No square under- or overflows.
    """
    dim = matrix.shape[1]
    scale = jnp.max(jnp.abs(matrix), axis=0)
    scale = jnp.where(scale >= jnp.finfo(matrix.dtype).tiny, scale, 1)
    scaled = matrix / scale

    def column(j, state):
        q, r = state
        first = jnp.matmul(q.T, scaled[:, j], precision=HIGHEST)
        once = scaled[:, j] - jnp.matmul(q, first, precision=HIGHEST)
        second = jnp.matmul(q.T, once, precision=HIGHEST)
        twice = once - jnp.matmul(q, second, precision=HIGHEST)
        norm = jnp.sqrt(jnp.sum(twice**2))
        independent = norm > jnp.sqrt(jnp.sum(once**2)) / 2
        direction = jnp.where(independent, twice / jnp.where(independent, norm, 1), 0)
        coefficients = (first + second).at[j].set(jnp.where(independent, norm, 0))
        return q.at[:, j].set(direction), r.at[:, j].set(coefficients)

    start = jnp.zeros_like(scaled), jnp.zeros((dim, dim), matrix.dtype)
    return (jax.lax.fori_loop(0, dim, column, start)[1] * scale).T
