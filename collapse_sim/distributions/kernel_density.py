"""Kernel densities as learners: the model is its data, blurred."""

import math
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Key

from collapse_sim.distributions.divergences import LOG_LIMIT, NODES, Mixture, Truth, kl, tails
from collapse_sim.distributions.mixture import human_points, require_points
from collapse_sim.distributions.sample import Sample
from collapse_sim.linalg import DType
from collapse_sim.pytree import pytree, static
from collapse_sim.random import normal, uniform
from collapse_sim.regimes import Copies, Regime
from collapse_sim.resampled import Resampled


class KernelDensity(NamedTuple):
    """Normal noise of standard deviation `bandwidth` in every coordinate around the points."""

    data: Sample
    bandwidth: Float[Array, ""]

    def draw(self, key: Key[Array, ""], like: Sample) -> Sample:
        """Draw as many points as `like` has, in the same places."""
        choice_key, normal_key = jax.random.split(key)
        dtype = like.labels.dtype
        steps = jnp.cumsum(self.data.weights)
        # Below the total whatever the rounding: no row of weight 0 is drawn.
        chance = uniform(choice_key, (like.size,), dtype) * (1 - jnp.finfo(dtype).eps)
        chosen = self.data.labels[jnp.searchsorted(steps, chance * steps[-1], side="right")]
        noise = self.bandwidth * normal(normal_key, like.labels.shape, dtype)
        return Sample(chosen + noise, like.weights)

    def log_density(self, points: Float[Array, "rows dim"]) -> Float[Array, " rows"]:
        """Log-density in nats, cut to +-LOG_LIMIT."""
        dim, width = points.shape[1], jnp.maximum(self.bandwidth, jnp.finfo(points.dtype).tiny)
        squares = jnp.zeros((), points.dtype)
        for i in range(dim):  # points by data, never points by data by coordinates
            deviations = (points[:, i, None] - self.data.labels[:, i]) / width
            squares = squares + jnp.clip(deviations, -1e18, 1e18) ** 2
        density = jnp.sum(shares_of(self.data) * jnp.exp(-squares / 2), axis=1)
        logs = jnp.log(density) - dim * (jnp.log(width) + math.log(2 * math.pi) / 2)
        return jnp.clip(logs, -LOG_LIMIT, LOG_LIMIT)

    def variance(self) -> Float[Array, ""]:
        """Total variance divided by the dimension: the data's, biased, and the square bandwidth."""
        return spread(self.data) + self.bandwidth**2


def shares_of(data: Sample) -> Float[Array, " rows"]:
    """Share of all data that each row has."""
    return data.weights / jnp.maximum(data.count, jnp.finfo(data.weights.dtype).tiny)


def spread(data: Sample) -> Float[Array, ""]:
    """Biased variance of the points, averaged over the coordinates."""
    is_data = data.weights > 0
    # Relative to one of the points, equal ones have exactly no variance.
    shifted = jnp.where(is_data[:, None], data.labels - data.labels[jnp.argmax(is_data)], 0)
    shares = shares_of(data)[:, None]
    centred = shifted - jnp.sum(shares * shifted, axis=0)
    return jnp.sum(shares * centred**2) / shifted.shape[1]


@pytree
@dataclass(frozen=True, eq=False)
class KernelDensityLearner:
    """A normal kernel density of `samples` points of a true mixture, N(0, 1) by default.

    `bandwidth` is a standard deviation, the same in every coordinate, or `silverman`, in one
    dimension only: 1.06 s M^(-1/5) with s^2 the biased variance of M points (Silverman 1986,
    section 3.4).

    Raises ValueError for samples < 1, a bandwidth that is not positive and finite, and `silverman`
    in more than one dimension.
    """

    samples: int = static()
    bandwidth: float | Literal["silverman"] = static()
    truth: Mixture = field(default_factory=Mixture.of)
    dtype: DType = static(default=jnp.float32)

    def __post_init__(self):
        if self.samples < 1:
            raise ValueError(f"samples={self.samples}: accepted are integers >= 1")
        if isinstance(self.bandwidth, str):
            if self.bandwidth != "silverman" or self.truth.means.shape[1] != 1:
                raise ValueError(
                    f"bandwidth={self.bandwidth}: accepted are numbers > 0 and, in one dimension, "
                    "silverman"
                )
        elif not 0 < self.bandwidth < math.inf:
            raise ValueError(f"bandwidth={self.bandwidth}: accepted are finite numbers > 0")

    def require(self, regime: Regime) -> None:
        """Raises ValueError for a regime that this learner's data cannot follow."""
        require_points(regime)

    def human(self, key: Key[Array, ""]) -> tuple[Sample, Truth]:
        """The human data of one replicate, and the law behind them."""
        return human_points(key, self.truth, self.samples, self.dtype)

    def fit(self, data: Sample, key: Key[Array, ""] | None = None) -> KernelDensity:
        """The data and their bandwidth; needs no key."""
        del key
        if isinstance(self.bandwidth, str):
            count = jnp.maximum(data.count, 1)
            return KernelDensity(data, 1.06 * jnp.sqrt(spread(data)) * count**-0.2)
        return KernelDensity(data, jnp.asarray(self.bandwidth, self.dtype))

    def generate(
        self, key: Key[Array, ""], params: KernelDensity, like: Sample, copies: Copies = 1
    ) -> Sample:
        """New points, as many as `like` has."""
        del copies
        return params.draw(key, like)

    def resample(self, key: Key[Array, ""], params: KernelDensity, data: Sample) -> Resampled:
        """Draw every point anew; surprise is minus the log-density of the old point.

        A point that the model was fitted to has a kernel of its own and is that much less of one.
        """
        drawn = params.draw(key, data).labels
        return Resampled(drawn, None, -params.log_density(data.labels))

    def fresh_human(self, key: Key[Array, ""], truth: Truth, like: Sample) -> Sample:
        """A new draw of human data."""
        return truth.law.draw(key, like)

    def measure(self, params: KernelDensity, truth: Truth) -> dict[str, Float[Array, ""]]:
        """Remaining spread, and the distance from the truth.

        `variance` is the density's, total variance divided by the dimension, and `data_variance`
        the biased one of its points alone; `squared_mean_error` is that of their mean, averaged
        over the coordinates; `tail_mass` the chance of a first coordinate outside
        the central interval that holds all but 0.0027 of the truth. In one and two dimensions
        `kl` is KL(truth || model) in nats. Densities are cut to [1e-30, 1e30]: all are finite.
        """
        law, points, shares = truth.law, params.data.labels, shares_of(params.data)
        centre = jnp.sum(law.weights[:, None] * law.means, axis=0)
        away = jnp.sum(shares[:, None] * (points - centre), axis=0)
        outputs = {
            "variance": params.variance(),
            "data_variance": spread(params.data),
            "squared_mean_error": jnp.mean(away**2),
            "tail_mass": tails(
                shares,
                points[:, 0],
                params.bandwidth,
                truth.low,
                truth.high,
            ),
        }
        if law.means.shape[1] in NODES:
            outputs["kl"] = kl(law, params.log_density)
        return outputs
