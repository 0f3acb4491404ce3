"""Verifiers: they select the next data set; a classifier is trained on the rows that pass."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from collapse_sim.distributions.sample import Sample
from collapse_sim.linalg import HIGHEST, DType
from collapse_sim.linear.data import Rows
from collapse_sim.linear.learner import LinearLearner, Truth, Weights
from collapse_sim.loop import Trace
from collapse_sim.pytree import pytree, static
from collapse_sim.random import normal, uniform


@pytree
@dataclass(frozen=True, eq=False)
class NearCentre:
    """The verifier of Yi et al. 2026: lets a row pass iff |y - x . centre| <= radius |x| + slack.

    A point of a sample passes iff its distance to the centre is at most radius + slack: x = 1.
    What does not pass becomes no data: a row of zeros, which no least-squares fit notices, or a
    point of weight 0. A fit to fewer rows than it has weights is not finite.
    """

    centre: Float[np.ndarray | Array, " dim"]
    radius: Float[np.ndarray | Array, ""] | float
    slack: Float[np.ndarray | Array, ""] | float = 0.0

    @staticmethod
    def of(centre: Sequence[float], radius: float, slack: float = 0.0) -> "NearCentre":
        """Raises ValueError unless radius and slack are at least 0, and one of them above."""
        if not (radius >= 0 and slack >= 0 and radius + slack > 0):
            raise ValueError(
                f"radius={radius}, slack={slack}: accepted are numbers >= 0 that are not both 0"
            )
        return NearCentre(np.asarray(centre, float), np.asarray(radius), np.asarray(slack))

    def __call__(self, data: Rows | Sample) -> Rows | Sample:
        """Reject the rows that do not pass.

        Raises ValueError for whitened rows, whose |x| is not that of the design, and for data of
        another dimension than the centre.
        """
        vectors = data.labels.reshape(data.size, -1) if isinstance(data, Sample) else data.inputs
        if vectors.shape[1:] != self.centre.shape:
            raise ValueError(
                f"centre of {len(self.centre)} coordinates: accepted are {vectors.shape[1]}, as "
                "many as the data have"
            )
        # Types of a corpus are whole numbers, their weights are not.
        dtype = data.weights.dtype if isinstance(data, Sample) else data.labels.dtype
        centre = jnp.asarray(self.centre, dtype)
        radius, slack = jnp.asarray(self.radius, dtype), jnp.asarray(self.slack, dtype)
        if isinstance(data, Sample):
            passes = jnp.sum((vectors - centre) ** 2, axis=1) <= (radius + slack) ** 2
            return replace(data, weights=jnp.where(passes, data.weights, 0))
        if data.orthonormal:
            raise ValueError("orthonormal=True: accepted are rows of a design that is not shared")
        missed = jnp.abs(data.labels - jnp.matmul(data.inputs, centre, precision=HIGHEST))
        passes = missed <= radius * jnp.sqrt(jnp.sum(data.inputs**2, axis=1)) + slack
        return replace(
            data,
            inputs=jnp.where(passes[:, None], data.inputs, 0),
            labels=jnp.where(passes, data.labels, 0),
        )


@pytree
@dataclass(frozen=True, eq=False)
class VerifiedLearner(LinearLearner):
    """Regression whose fits are also seen from the `centre` of a verifier of their data."""

    centre: Float[np.ndarray | Array, " dim"] = field(kw_only=True)

    def measure(self, weights: Weights, truth: Truth) -> dict[str, Float[Array, ""]]:
        """Measures of a fit, with `first_weight` and `centre_error`, the squared distance to the
        centre."""
        away = weights - jnp.asarray(self.centre, self.dtype)
        seen = {"first_weight": weights[0], "centre_error": jnp.sum(away**2)}
        return super().measure(weights, truth) | seen


@pytree
@dataclass(frozen=True, eq=False)
class VerifiedLabels:
    """Fits on verified synthetic labels, one for each share of wrong labels.

    Inputs x from N(0, I), truth sign(w* . x), of which a share is wrong; a verifier keeps correct
    and wrong labels with different chances; the classifier is the sum of label times input over
    what is kept (Feng et al. 2025). All shares see the same inputs and draws, so their traces are
    not independent. The law does not depend on the direction of w*: it is the first axis.
    """

    wrong_shares: Float[np.ndarray | Array, " shares"]
    keep_correct: Float[np.ndarray | Array, ""]
    keep_wrong: Float[np.ndarray | Array, ""]
    dim: int = static()
    samples: int = static()
    dtype: DType = static(default=jnp.float32)

    @staticmethod
    def of(
        wrong_shares: Sequence[float],
        *,
        keep_correct: float,
        keep_wrong: float,
        dim: int,
        samples: int,
        dtype: DType = jnp.float32,
    ) -> "VerifiedLabels":
        """Raises ValueError for shares outside [0, 1] and for sizes below 1."""
        given = {
            "wrong_shares": wrong_shares,
            "keep_correct": keep_correct,
            "keep_wrong": keep_wrong,
        }
        shares = {name: np.asarray(value, float) for name, value in given.items()}
        for name, value in shares.items():
            if not ((value >= 0) & (value <= 1)).all():
                raise ValueError(f"{name}={given[name]}: accepted is [0, 1]")
        if dim < 1 or samples < 1:
            raise ValueError(f"dim={dim}, samples={samples}: accepted are integers >= 1")
        return VerifiedLabels(**shares, dim=dim, samples=samples, dtype=dtype)

    def __call__(self, key: Key[Array, ""]) -> Trace:
        """`accuracy` (1 - angle/pi, one half if nothing is kept) and `kept_share`, a value each."""
        input_key, draw_key = jax.random.split(key)
        inputs = normal(input_key, (self.dim, self.samples), self.dtype)
        error_draw, verifier_draw = uniform(draw_key, (2, self.samples), self.dtype)
        wrong_shares, keep_correct, keep_wrong = (
            jnp.asarray(share, self.dtype)
            for share in (self.wrong_shares, self.keep_correct, self.keep_wrong)
        )
        wrong = error_draw < wrong_shares[:, None]
        kept = verifier_draw < jnp.where(wrong, keep_wrong, keep_correct)
        labels = jnp.where(wrong, -1, 1) * jnp.sign(inputs[0]) * kept
        weights = jnp.matmul(labels, inputs.T, precision=HIGHEST)
        across = jnp.sqrt(jnp.sum(weights[:, 1:] ** 2, axis=1))
        accuracy = 1 - jnp.arctan2(across, weights[:, 0]) / jnp.pi
        return {
            "accuracy": jnp.where(kept.any(axis=1), accuracy, 0.5),
            "kept_share": kept.mean(axis=1, dtype=self.dtype),
        }
