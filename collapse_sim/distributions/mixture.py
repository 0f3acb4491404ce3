"""Gaussian mixtures as learners: fit by expectation maximisation, draw from the fit, fit again.

The three sources of error are its settings: too few `components` cannot express the truth, too few
`steps` do not reach the optimum, and a `sum_dtype` of half precision computes it badly.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from collapse_sim.distributions.divergences import (
    NODES,
    Mixture,
    Truth,
    floored_cholesky,
    kl,
    l2_distance,
)
from collapse_sim.distributions.precision import require_sum_dtype, running_sum
from collapse_sim.distributions.sample import Sample
from collapse_sim.editing import Edit
from collapse_sim.linalg import DType
from collapse_sim.pytree import pytree, static
from collapse_sim.random import uniform
from collapse_sim.regimes import Copies, Mix, Regime, Replace
from collapse_sim.resampled import Resampled

VARIANCE_FLOOR = 1e-6
"""Least variance of a component along each coordinate, as a share of the data's."""

CANDIDATES = 4
"""Points among which each centre of a start is chosen."""

Points = Float[Array, "dim rows"]


def require_points(regime: Regime) -> None:
    """Raises ValueError for a regime that a fixed number of points cannot follow."""
    if isinstance(regime, Mix):
        raise ValueError("averages of points are a sample of neither law: accepted is no Mix")
    if isinstance(regime, Replace) and regime.growing:
        raise ValueError("rows cannot grow in number: accepted is growing=False")
    if isinstance(regime, Edit) and isinstance(regime.additive, bool | np.ndarray):
        if regime.additive:
            raise ValueError("points have no noise-free part: accepted are chained, anchored")


def human_points(
    key: Key[Array, ""], law: Mixture, samples: int, dtype: DType
) -> tuple[Sample, Truth]:
    """Points of a mixture, and the truth that they are measured against."""
    truth = Truth.of(law.astype(dtype))
    empty = Sample.of(jnp.zeros((samples, law.means.shape[1]), dtype), dtype)
    return truth.law.draw(key, empty), truth


@pytree
@dataclass(frozen=True, eq=False)
class MixtureLearner:
    """A mixture of `components` Gaussians fitted to `samples` points of a true one.

    Fits start from k-means++ and take `steps` steps of expectation maximisation, whose sums are
    kept in `sum_dtype` (float16, bfloat16 or float32) where one is given. A chain that reaches a
    point mass stays there.

    Raises ValueError for samples < 2, components outside [1, samples], steps < 0 and another
    sum_dtype.
    """

    truth: Mixture
    samples: int = static()
    components: int = static()
    steps: int = static(default=30)
    sum_dtype: DType | None = static(default=None)
    dtype: DType = static(default=jnp.float32)

    def __post_init__(self):
        if self.samples < 2:
            raise ValueError(f"samples={self.samples}: accepted are integers >= 2")
        if not 1 <= self.components <= self.samples:
            raise ValueError(
                f"components={self.components}: accepted are integers from 1 to samples = "
                f"{self.samples}"
            )
        if self.steps < 0:
            raise ValueError(f"steps={self.steps}: accepted are integers >= 0")
        if self.sum_dtype is not None:
            require_sum_dtype(self.sum_dtype)

    def require(self, regime: Regime) -> None:
        """Raises ValueError for a regime that this learner's data cannot follow."""
        require_points(regime)

    def human(self, key: Key[Array, ""]) -> tuple[Sample, Truth]:
        """The human data of one replicate, and the law behind them."""
        return human_points(key, self.truth, self.samples, self.dtype)

    def fit(self, data: Sample, key: Key[Array, ""] | None = None) -> Mixture:
        """The mixture after the last step; raises ValueError without a key to start from."""
        if key is None:
            raise ValueError("key=None: accepted is a key, as fits start at random")
        # In units of the data's reach around one of them no square under- or overflows, and equal
        # points are exactly 0.
        is_data = data.weights > 0
        origin = data.labels[jnp.argmax(is_data)]
        shifted = jnp.where(is_data[:, None], data.labels - origin, 0)
        reach = jnp.max(jnp.abs(shifted), axis=0)
        unit = jnp.where(reach > 0, reach, 1)
        points = (shifted / unit).T
        law = fit_mixture(
            key,
            points,
            data.weights,
            components=self.components,
            steps=self.steps,
            sum_dtype=self.sum_dtype,
        )
        return law._replace(means=origin + unit * law.means, factors=unit[:, None] * law.factors)

    def generate(
        self, key: Key[Array, ""], params: Mixture, like: Sample, copies: Copies = 1
    ) -> Sample:
        """New points, as many as `like` has."""
        del copies
        return params.draw(key, like)

    def resample(self, key: Key[Array, ""], params: Mixture, data: Sample) -> Resampled:
        """Draw every point anew; surprise is minus the log-density of the old point."""
        drawn = params.draw(key, data).labels
        return Resampled(drawn, None, -params.log_density(data.labels))

    def fresh_human(self, key: Key[Array, ""], truth: Truth, like: Sample) -> Sample:
        """A new draw of human data."""
        return truth.law.draw(key, like)

    def measure(self, params: Mixture, truth: Truth) -> dict[str, Float[Array, ""]]:
        """Distance from the truth and remaining spread.

        `l2_distance` is the integral of the squared difference of the densities; `variance` the
        total variance divided by the dimension, and `log_variance` its logarithm, from that of the
        smallest number on; `least_weight` that of the lightest component;
        `tail_mass` the model's chance of a first coordinate outside the central interval that
        holds all but 0.0027 of the truth. In one and two dimensions `kl` is KL(truth || model) in
        nats. Densities are cut to [1e-30, 1e30], so all are finite.
        """
        variance = params.variance()
        outputs = {
            "l2_distance": l2_distance(truth.law, params),
            "variance": variance,
            "log_variance": jnp.log(jnp.maximum(variance, jnp.finfo(variance.dtype).tiny)),
            "least_weight": jnp.min(params.weights),
            "tail_mass": params.tails(truth.low, truth.high),
        }
        if truth.law.means.shape[1] in NODES:
            outputs["kl"] = kl(truth.law, params.log_density)
        return outputs


def fit_mixture(
    key: Key[Array, ""],
    points: Points,
    weights: Float[Array, " rows"],
    *,
    components: int,
    steps: int,
    sum_dtype: DType | None = None,
) -> Mixture:
    """Expectation maximisation from k-means++, on points in [-1, 1]; weight 0 is no data."""
    total = jnp.maximum(jnp.sum(weights), jnp.finfo(points.dtype).tiny)
    centre = jnp.sum(weights * points, axis=1) / total
    spread = jnp.sum(weights * (points - centre[:, None]) ** 2, axis=1) / total
    least = VARIANCE_FLOOR * spread
    means = plus_plus(key, points, weights, components)
    everywhere = Mixture(
        jnp.full(components, 1 / components, points.dtype),
        means,
        jnp.broadcast_to(jnp.diag(jnp.sqrt(spread)), (components, *[len(spread)] * 2)),
    )
    distances = jnp.sum((points - means[:, :, None]) ** 2, axis=1)
    nearest = jnp.argmin(distances, axis=0) == jnp.arange(components)[:, None]
    start = maximise(everywhere, points, weights * nearest, least, sum_dtype)
    return jax.lax.fori_loop(
        0, steps, lambda _, law: improve(law, points, weights, least, sum_dtype), start
    )


def improve(
    law: Mixture,
    points: Points,
    weights: Float[Array, " rows"],
    least: Float[Array, " dim"],
    sum_dtype: DType | None = None,
) -> Mixture:
    """Make one step of expectation maximisation (Dempster, Laird and Rubin 1977)."""
    shares = weights * jax.nn.softmax(law.log_terms(points), axis=0)
    return maximise(law, points, shares, least, sum_dtype)


def maximise(
    law: Mixture,
    points: Points,
    shares: Float[Array, "components rows"],
    least: Float[Array, " dim"],
    sum_dtype: DType | None = None,
) -> Mixture:
    """The likeliest mixture, given each component's share of each point.

    Variances are at least `least`. A component without members stays where it is in `law`, with
    weight 0.
    """

    def total(values: Float[Array, "... rows"]) -> Float[Array, "..."]:
        return jnp.sum(values, axis=-1) if sum_dtype is None else running_sum(values, sum_dtype)

    members = total(shares)
    everyone = jnp.sum(members)
    safe = jnp.where(members > 0, members, 1)[:, None]
    means = total(shares[:, None] * points) / safe
    deviations = points - means[:, :, None]
    products = deviations[:, :, None] * deviations[:, None, :]
    covariances = total(shares[:, None, None] * products) / safe[:, None]
    lost = (members <= 0)[:, None]
    return Mixture(
        jnp.where(everyone > 0, members / jnp.where(everyone > 0, everyone, 1), law.weights),
        jnp.where(lost, law.means, means),
        jnp.where(lost[:, None], law.factors, floored_cholesky(covariances, least)),
    )


def plus_plus(
    key: Key[Array, ""], points: Points, weights: Float[Array, " rows"], count: int
) -> Float[Array, "count dim"]:
    """Centres, each drawn in proportion to its squared distance from the earlier ones.

    Greedy k-means++ (Arthur and Vassilvitskii 2007): of several such points the one that brings
    all points nearest to a centre. The weights are a further factor of the chances.
    """

    def choose(nearest, key):
        # The first of independent exponential times whose rates are the chances.
        draws = uniform(key, (CANDIDATES, len(weights)), points.dtype)
        candidates = points[:, jnp.argmin(-jnp.log(draws) / (weights * nearest), axis=1)]
        distances = jnp.sum((points[:, None] - candidates[:, :, None]) ** 2, axis=0)
        distances = jnp.minimum(nearest, distances)
        best = jnp.argmin(jnp.sum(weights * distances, axis=1))
        return distances[best], candidates[:, best]

    # Farther than any point is: the first is drawn by its weight alone.
    far = jnp.full(weights.shape, 1e20, points.dtype)
    return jax.lax.scan(choose, far, jax.random.split(key, count))[1]
