"""Gaussian mixtures as laws: draws, densities, and how far a model is from one.

Few components and dimensions: their loops are unrolled, and rows are the innermost axis.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import logsumexp, ndtr
from jaxtyping import Array, Float, Key

from collapse_sim.distributions.sample import Sample
from collapse_sim.linalg import HIGHEST, DType
from collapse_sim.random import normal, uniform

LOG_LIMIT = math.log(1e30)
"""Log-densities are cut to [-LOG_LIMIT, LOG_LIMIT], so that they are finite for point masses."""

TAIL = math.erfc(3 / math.sqrt(2))
"""Mass of a Gaussian beyond 3 standard deviations, 0.0027."""

NODES = {1: 257, 2: 33}
"""Quadrature nodes along each axis, by dimension."""

REACH = 6.0
"""Standard deviations that the nodes reach; 2e-9 of a Gaussian's mass lies beyond."""


class Mixture(NamedTuple):
    """sum_k weights[k] N(means[k], factors[k] factors[k]^T); factors are lower triangular."""

    weights: Float[Array | np.ndarray, " components"]
    means: Float[Array | np.ndarray, "components dim"]
    factors: Float[Array | np.ndarray, "components dim dim"]

    @staticmethod
    def of(
        weights: Sequence[float] | np.ndarray = (1.0,),
        means: Sequence | np.ndarray = (0.0,),
        covariances: Sequence | np.ndarray = (1.0,),
    ) -> "Mixture":
        """A mixture of one mean and covariance for each weight; numbers in one dimension.

        Raises ValueError for weights that are negative or do not add up to 1, for shapes that do
        not agree, and for covariances that are not positive definite.
        """
        weights, means, covariances = (np.asarray(x, float) for x in (weights, means, covariances))
        if not (weights.ndim == 1 and (weights >= 0).all() and abs(weights.sum() - 1) < 1e-6):
            raise ValueError(
                f"weights={weights.tolist()}: accepted are numbers >= 0 that add up to 1"
            )
        if means.ndim == 1:
            means = means[:, None]
        if covariances.ndim == 1:
            covariances = covariances[:, None, None]
        count, dim = len(weights), means.shape[-1]
        if means.shape != (count, dim) or not np.isfinite(means).all():
            raise ValueError(f"means={means.tolist()}: accepted are {count} finite points")
        symmetric = covariances.shape == (count, dim, dim) and np.array_equal(
            covariances, np.swapaxes(covariances, 1, 2)
        )
        if not (symmetric and (np.linalg.eigvalsh(covariances) > 0).all()):
            raise ValueError(
                f"covariances={covariances.tolist()}: accepted are {count} positive definite "
                f"matrices of dimension {dim}"
            )
        return Mixture(weights, means, np.linalg.cholesky(covariances))

    def astype(self, dtype: DType) -> "Mixture":
        return Mixture(*(jnp.asarray(x, dtype) for x in self))

    def draw(self, key: Key[Array, ""], like: Sample) -> Sample:
        """Draw as many points as `like` has, in the same places."""
        choice_key, normal_key = jax.random.split(key)
        dtype = like.labels.dtype
        # Relative to their total: no rounding lets a last component of weight 0 be drawn.
        steps = jnp.cumsum(self.weights)
        chance = uniform(choice_key, (like.size,), dtype)
        choice = jnp.sum(chance > (steps / steps[-1])[:-1, None], axis=0)
        z = normal(normal_key, like.labels.shape, dtype)
        noise = jnp.einsum("rij,rj->ri", jnp.asarray(self.factors)[choice], z, precision=HIGHEST)
        return replace(like, labels=jnp.asarray(self.means)[choice] + noise)

    def log_terms(self, points: Float[Array, "dim rows"]) -> Float[Array, "components rows"]:
        """Log of each component's share of the density, its weight included."""
        factors, dim = jnp.asarray(self.factors), self.means.shape[1]
        deviations = points - self.means[:, :, None]
        widths = jnp.diagonal(factors, axis1=1, axis2=2)
        widths = jnp.maximum(widths, jnp.finfo(factors.dtype).tiny)
        whitened = []
        for i in range(dim):
            rest = deviations[:, i]
            for j in range(i):
                rest = rest - factors[:, i, j, None] * whitened[j]
            # Squares stay finite where there is next to no width.
            whitened.append(jnp.clip(rest / widths[:, i, None], -1e18, 1e18))
        squares = sum(z**2 for z in whitened)
        constant = jnp.log(self.weights) - jnp.sum(jnp.log(widths), axis=1)
        return (constant - dim / 2 * math.log(2 * math.pi))[:, None] - squares / 2

    def log_density(self, points: Float[Array, "rows dim"]) -> Float[Array, " rows"]:
        """Log-density in nats, cut to +-LOG_LIMIT."""
        return jnp.clip(logsumexp(self.log_terms(points.T), axis=0), -LOG_LIMIT, LOG_LIMIT)

    def variance(self) -> Float[Array, ""]:
        """Total variance of the whole mixture, divided by the dimension."""
        # Relative to the heaviest component, equal means add exactly nothing.
        shifted = self.means - jnp.asarray(self.means)[jnp.argmax(self.weights)]
        shifted = shifted - jnp.sum(self.weights[:, None] * shifted, axis=0)
        within = jnp.sum(self.factors**2, axis=(1, 2))
        return jnp.sum(self.weights * (jnp.sum(shifted**2, axis=1) + within)) / shifted.shape[1]

    def tails(self, low: Float[Array, ""], high: Float[Array, ""]) -> Float[Array, ""]:
        """Mass of the first coordinate outside [low, high]."""
        return tails(self.weights, self.means[:, 0], self.factors[:, 0, 0], low, high)


class Truth(NamedTuple):
    """A mixture, and the interval of its first coordinate that leaves TAIL / 2 on either side."""

    law: Mixture
    low: Float[Array, ""]
    high: Float[Array, ""]

    @staticmethod
    def of(law: Mixture) -> "Truth":
        mirrored = law._replace(means=-law.means)
        return Truth(law, _lower_quantile(law), -_lower_quantile(mirrored))


def tails(weights, means, widths, low, high) -> Float[Array, ""]:
    """Mass of a one-dimensional mixture outside [low, high]."""
    widths = jnp.maximum(widths, jnp.finfo(means.dtype).tiny)
    return jnp.sum(weights * (ndtr((low - means) / widths) + ndtr((means - high) / widths)))


def _lower_quantile(law: Mixture) -> Float[Array, ""]:
    """The first coordinate below which lies TAIL / 2, by bisection."""
    means, widths = law.means[:, 0], law.factors[:, 0, 0]

    def halve(_, bracket):
        low, high = bracket
        middle = (low + high) / 2
        below = jnp.sum(law.weights * ndtr((middle - means) / widths)) < TAIL / 2
        return jnp.where(below, middle, low), jnp.where(below, high, middle)

    # At the lowest `3 widths below the mean` the mass is at most TAIL / 2, at the highest at least.
    ends = means - 3 * widths
    return jax.lax.fori_loop(0, 60, halve, (jnp.min(ends), jnp.max(ends)))[1]


def kl(
    truth: Mixture, log_density: Callable[[Float[Array, "rows dim"]], Float[Array, " rows"]]
) -> Float[Array, ""]:
    """KL(truth || model) in nats, of a truth in one or two dimensions.

    The trapezoidal rule in the coordinates of each component of the truth: exact to rounding where
    the model's log-density is smooth on a scale of REACH * 2 / NODES of its widths. Log-densities
    are cut to +-LOG_LIMIT, so a point mass is at about LOG_LIMIT plus the truth's negative entropy.

    Raises ValueError for more than two dimensions.
    """
    dim = truth.means.shape[1]
    if dim not in NODES:
        raise ValueError(f"dim={dim}: accepted are 1, 2")
    axis = np.linspace(-REACH, REACH, NODES[dim])
    nodes = np.stack(np.meshgrid(*[axis] * dim, indexing="ij"), axis=-1).reshape(-1, dim)
    chances = np.exp(-np.sum(nodes**2, axis=1) / 2)
    shares = truth.weights[:, None] * jnp.asarray(chances / chances.sum(), truth.weights.dtype)
    nodes = jnp.asarray(nodes, truth.means.dtype)
    spread = jnp.einsum("kij,nj->kni", truth.factors, nodes, precision=HIGHEST)
    points = (jnp.asarray(truth.means)[:, None] + spread).reshape(-1, dim)
    ratios = truth.log_density(points) - log_density(points)
    return jnp.sum(shares.reshape(-1) * ratios)


def l2_distance(first: Mixture, second: Mixture) -> Float[Array, ""]:
    """Integral of (first - second)^2, exactly: products of Gaussians are Gaussians.

    Densities above exp(LOG_LIMIT) count as that, so it is finite for point masses.
    """
    across = _overlap(first, second)
    return jnp.maximum(_overlap(first, first) - 2 * across + _overlap(second, second), 0)


def _overlap(first: Mixture, second: Mixture) -> Float[Array, ""]:
    """Integral of the product of two densities: of N(m, A) and N(n, B) it is N(m - n; 0, A + B)."""
    dim = first.means.shape[1]
    weights = first.weights[:, None] * second.weights
    deviations = first.means[:, None] - second.means
    covariances = covariances_of(first)[:, None] + covariances_of(second)
    factors = floored_cholesky(covariances.reshape(-1, dim, dim), jnp.zeros(dim, weights.dtype))
    pairs = Mixture(weights.reshape(-1), deviations.reshape(-1, dim), factors)
    terms = pairs.log_terms(jnp.zeros((dim, 1), weights.dtype))
    return jnp.sum(jnp.exp(jnp.minimum(terms, LOG_LIMIT)))


def covariances_of(law: Mixture) -> Float[Array, "components dim dim"]:
    return jnp.einsum("kij,klj->kil", law.factors, law.factors, precision=HIGHEST)


def floored_cholesky(
    matrices: Float[Array, "count dim dim"], least: Float[Array, " dim"]
) -> Float[Array, "count dim dim"]:
    """Lower-triangular Cholesky factors whose squared diagonals are raised to `least`.

    The squared diagonal holds the variance that each coordinate has beside those before it; a
    singular matrix is no error.
    """
    dim = matrices.shape[-1]
    lower = jnp.zeros_like(matrices)
    for j in range(dim):
        known = jnp.einsum("nik,nk->ni", lower, lower[:, j], precision=HIGHEST)
        rest = matrices[:, :, j] - known
        root = jnp.sqrt(jnp.maximum(rest[:, j], least[j]))[:, None]
        column = jnp.where(np.arange(dim) > j, rest / jnp.where(root > 0, root, 1), 0)
        lower = lower.at[:, :, j].set(jnp.where(np.arange(dim) == j, root, column))
    return lower
