"""Logistic and Poisson regression as learners: maximum likelihood by Newton's method.

Data are `Rows`: inputs, and a count for each row. A row of zeros is no data, as in least squares.
Both laws are of the exponential family with its canonical link: the log-likelihood is concave in
the weights, and its Hessian is minus the Fisher information.
"""

from dataclasses import dataclass, replace
from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Key

from collapse_sim.editing import Edit, EditSubset
from collapse_sim.linalg import HIGHEST, DType, cholesky, solve_gram
from collapse_sim.linear.data import Rows
from collapse_sim.linear.design import GaussianDesign, GivenDesign
from collapse_sim.pytree import pytree, static
from collapse_sim.random import uniform
from collapse_sim.random_counts import binomial, poisson
from collapse_sim.regimes import Copies, FreshHuman, KeepHuman, Mix, Regime, Replace
from collapse_sim.resampled import Resampled

Weights = Float[Array, " dim"]
Counts = Float[Array, " rows"]
Predictor = Float[Array, " rows"]
"""Linear predictor x . w of each row."""

STEPS = 40
"""Most Newton steps of a fit. Where there is a maximum in reach, six to ten arrive at it."""

FAR = 40.0
"""Linear predictor from where on an exponential no longer follows it, so that all stays finite."""

LARGEST = 20.0
"""Linear predictor of the largest mean that Poisson counts are drawn with, about 5e8."""


class Fit(NamedTuple):
    """Weights of a fit. Where `separated`, they are finite and no maximum of the likelihood."""

    weights: Weights
    separated: Bool[Array, ""]


class Truth(NamedTuple):
    """The weights behind the human labels, and what errors are measured with.

    The test error of weights w is |D (w - weights)|^2, `readout` D; `information` is the Fisher
    information of all human labels together, at the true weights.
    """

    weights: Weights
    readout: Float[Array, "dim dim"]
    information: Float[Array, "dim dim"]


class _State(NamedTuple):
    step: Array
    weights: Weights
    predictor: Predictor
    moved: Float[Array, ""]
    """Largest change of a linear predictor by the last full step."""
    singular: Bool[Array, ""]


@pytree
@dataclass(frozen=True, eq=False)
class GeneralisedLearner:
    """A generalised linear model with canonical link: subclasses give `draw`, `residual` and
    `variance` of a row's count at its linear predictor.

    A fit takes Newton steps of a length at which the likelihood of any data rises: the whole step
    if no linear predictor changes by more than 1, else log(1 + R) / R of it, with R the largest
    change (docs/theory.md, "Beyond least squares"). No likelihood is compared, so that float32 is
    sufficient: a fit ends with a whole step that changes no linear predictor by more than
    sqrt(eps), and is then right to about eps. Without a maximum no such step comes: the fit is
    `separated`, as is one whose maximum this precision cannot reach or tell from others.
    """

    design: GaussianDesign | GivenDesign
    true_weights: Float[np.ndarray | Array, " dim"] | None = None
    dtype: DType = static(default=jnp.float32)

    def draw(self, key: Key[Array, ""], predictor: Predictor) -> Counts:
        """A count for each row."""
        raise NotImplementedError

    def residual(self, counts: Counts, predictor: Predictor) -> Predictor:
        """Counts less their means, without cancellation where they nearly agree."""
        raise NotImplementedError

    def variance(self, predictor: Predictor) -> Predictor:
        raise NotImplementedError

    def is_out_of_range(self, predictor: Predictor) -> Bool[Array, ""]:
        """Tell whether counts of these linear predictors cannot be drawn."""
        del predictor
        return jnp.asarray(False)

    def require(self, regime: Regime) -> None:
        """Raises ValueError for a regime that this learner's data cannot follow."""
        beside = Edit | EditSubset | FreshHuman | KeepHuman
        if isinstance(regime, beside) and not self.design.shared:
            raise ValueError(
                "labels of one design cannot be put beside the inputs of another: accepted for "
                "editing and kept or fresh human labels are shared designs"
            )
        if isinstance(regime, Mix):
            raise ValueError("averages of counts have another law: accepted is no Mix")
        if isinstance(regime, Replace) and regime.growing:
            raise ValueError("rows cannot grow in number: accepted is growing=False")
        if isinstance(regime, Edit) and isinstance(regime.additive, bool | np.ndarray):
            if regime.additive:
                raise ValueError("counts have no added noise: accepted are chained, anchored")

    def human(self, key: Key[Array, ""]) -> tuple[Rows, Truth]:
        """The human data of one replicate, and the truth behind them.

        Raises ValueError for true weights that are not as many as the design has columns.
        """
        dim = self.design.dim
        weights = np.zeros(dim) if self.true_weights is None else self.true_weights
        weights = jnp.asarray(weights, self.dtype)
        if weights.shape != (dim,):
            raise ValueError(f"true_weights of shape {weights.shape}: accepted is ({dim},)")
        design_key, label_key = jax.random.split(key)
        data = self._inputs(design_key)
        predictor = data.predict(weights).labels
        readout = jnp.asarray(self.design.test_factor.T, self.dtype)
        truth = Truth(weights, readout, _information(data.inputs, self.variance(predictor)))
        return replace(data, labels=self.draw(label_key, predictor)), truth

    def fit(self, data: Rows, key: Key[Array, ""] | None = None) -> Fit:
        """Maximum likelihood, from weights of zero; no key is needed."""
        del key
        inputs = data.inputs
        enough = float(np.sqrt(np.finfo(self.dtype).eps))

        def is_moving(state: _State) -> Bool[Array, ""]:
            return (state.step < STEPS) & (state.moved > enough)

        def step(state: _State) -> _State:
            gradient = jnp.matmul(
                self.residual(data.labels, state.predictor), inputs, precision=HIGHEST
            )
            information = _information(inputs, self.variance(state.predictor))
            direction, singular = _newton_direction(information, gradient)
            change = jnp.matmul(inputs, direction, precision=HIGHEST)
            moved = jnp.max(jnp.abs(change))
            length = jnp.where(moved > 1, jnp.log1p(moved) / moved, 1)
            # A direction that is not finite is none: the fit stays where it is.
            is_usable = jnp.isfinite(moved)
            weights = state.weights + jnp.where(is_usable, length * direction, 0)
            predictor = jnp.matmul(inputs, weights, precision=HIGHEST)
            moved = jnp.where(is_usable, moved, jnp.inf)
            return _State(state.step + 1, weights, predictor, moved, singular)

        zeros = jnp.zeros((), self.dtype)
        start = _State(
            jnp.int32(0),
            zeros + jnp.zeros(inputs.shape[1], self.dtype),
            jnp.zeros(inputs.shape[0], self.dtype),
            zeros + jnp.inf,
            jnp.asarray(False),
        )
        last = jax.lax.while_loop(is_moving, step, start)
        is_found = (last.moved <= enough) & ~last.singular & ~self.is_out_of_range(last.predictor)
        return Fit(last.weights, ~is_found)

    def generate(self, key: Key[Array, ""], params: Fit, like: Rows, copies: Copies = 1, /) -> Rows:
        """New labels for `like`'s inputs, or for fresh ones."""
        del copies
        return self._label(key, params.weights, like)

    def fresh_human(self, key: Key[Array, ""], truth: Truth, like: Rows, /) -> Rows:
        """New human labels, on `like`'s inputs where the design is shared."""
        return self._label(key, truth.weights, like)

    def resample(self, key: Key[Array, ""], params: Fit, data: Rows, /) -> Resampled:
        """New labels on `data`'s own inputs.

        Surprise is |label - mean| of each row in its standard deviations (Pearson's residual).
        """
        predictor = data.predict(params.weights).labels
        residual = self.residual(data.labels, predictor)
        surprise = jnp.abs(residual) / jnp.sqrt(self.variance(predictor))
        return Resampled(self.draw(key, predictor), None, surprise)

    def measure(self, params: Fit, truth: Truth, /) -> dict[str, Float[Array, ""]]:
        """Test error; squared error in the norm of the Fisher information, by dimension; separated.

        `test_error` is that of the linear predictor of a test input, squared. `scaled_error`,
        (w - w*)' I (w - w*) / dim, tends to 1 for one fit as the human data grow. `separated` is 1
        where there is no maximum that was found.
        """
        deviation = params.weights - truth.weights
        error = jnp.matmul(truth.readout, deviation, precision=HIGHEST)
        informed = jnp.matmul(truth.information, deviation, precision=HIGHEST)
        return {
            "test_error": error @ error,
            "scaled_error": deviation @ informed / len(deviation),
            "separated": params.separated.astype(self.dtype),
        }

    def _inputs(self, key: Key[Array, ""]) -> Rows:
        inputs = self.design.rows(key, self.dtype)
        return Rows(inputs, jnp.zeros(inputs.shape[0], self.dtype))

    def _label(self, key: Key[Array, ""], weights: Weights, like: Rows) -> Rows:
        if not self.design.shared:
            inputs_key, key = jax.random.split(key)
            like = self._inputs(inputs_key)
        return replace(like, labels=self.draw(key, like.predict(weights).labels))


@pytree
@dataclass(frozen=True, eq=False)
class LogisticLearner(GeneralisedLearner):
    """Logistic regression: a label is the successes among `trials` of chance 1 / (1 + exp(-x . w)).

    A row of many trials is, for every fit, as many rows of one trial with the same inputs. Labels
    are separated where some direction of weights predicts all of them, or some of them without
    contradicting the others. Raises ValueError for trials outside [1, 2^24], in whole numbers.
    """

    trials: int = static(default=1)

    def __post_init__(self) -> None:
        most = 2**24  # counts that float32 holds
        if not (isinstance(self.trials, int) and 1 <= self.trials <= most):
            raise ValueError(f"trials={self.trials}: accepted are integers from 1 to {most}")

    def draw(self, key: Key[Array, ""], predictor: Predictor) -> Counts:
        if self.trials == 1:
            chance = jax.nn.sigmoid(predictor)
            return (uniform(key, chance.shape, self.dtype) < chance).astype(self.dtype)
        # The rarer outcome is drawn, which is the more precise.
        chance = jax.nn.sigmoid(-jnp.minimum(jnp.abs(predictor), FAR))
        trials = jnp.full(chance.shape, self.trials)
        rarer = binomial(key, trials, chance, self.dtype)
        return jnp.where(predictor > 0, trials - rarer, rarer).astype(self.dtype)

    def residual(self, counts: Counts, predictor: Predictor) -> Predictor:
        failures = self.trials - counts
        return counts * jax.nn.sigmoid(-predictor) - failures * jax.nn.sigmoid(predictor)

    def variance(self, predictor: Predictor) -> Predictor:
        predictor = jnp.clip(predictor, -FAR, FAR)
        return self.trials * jax.nn.sigmoid(predictor) * jax.nn.sigmoid(-predictor)


@pytree
@dataclass(frozen=True, eq=False)
class PoissonLearner(GeneralisedLearner):
    """Poisson regression: a label is a count of mean exp(x . w).

    Means above 5e8 are out of range: counts are drawn with that mean, and a fit that has one is
    `separated`. So is one of which some direction of weights only lowers the means of rows whose
    counts are 0.
    """

    def draw(self, key: Key[Array, ""], predictor: Predictor) -> Counts:
        means = jnp.exp(jnp.clip(predictor, -FAR, LARGEST))
        return poisson(key, means, self.dtype).astype(self.dtype)

    def residual(self, counts: Counts, predictor: Predictor) -> Predictor:
        return counts - self.variance(predictor)

    def variance(self, predictor: Predictor) -> Predictor:
        return jnp.exp(jnp.clip(predictor, -FAR, FAR))

    def is_out_of_range(self, predictor: Predictor) -> Bool[Array, ""]:
        return jnp.max(predictor) > LARGEST


def _information(inputs: Float[Array, "rows dim"], variance: Predictor) -> Float[Array, "dim dim"]:
    """Fisher information of rows whose counts have these variances."""
    return jnp.matmul(inputs.T, variance[:, None] * inputs, precision=HIGHEST)


def _newton_direction(
    information: Float[Array, "dim dim"], gradient: Weights
) -> tuple[Weights, Bool[Array, ""]]:
    """The Newton step, and whether rounding errors hide the least curvature.

    The diagonal is raised by a share that covers the rounding errors, so that its factor exists
    where the likelihood is flat in some direction; the zero of the gradient stays where it is.
    """
    diagonal = jnp.diagonal(information)
    share = 4 * len(gradient) * float(jnp.finfo(gradient.dtype).eps)
    lower = cholesky(information + share * jnp.diag(diagonal))
    pivots = jnp.diagonal(lower) ** 2
    return solve_gram(lower, gradient), jnp.any(pivots < 8 * share * diagonal)
