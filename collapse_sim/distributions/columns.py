"""Columns of a given table as a Gaussian or as a Gaussian copula, fitted to their own draws.

The human law is the table itself, in units of each column's mean and standard deviation: both fits
commute with such a change of units.
"""

from dataclasses import dataclass
from typing import Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.scipy.special import ndtr, ndtri
from jaxtyping import Array, Float, Key

from collapse_sim.distributions.gaussian import Gaussian, GaussianLearner
from collapse_sim.distributions.points import PointLearner
from collapse_sim.distributions.sample import Sample
from collapse_sim.linalg import HIGHEST, DType
from collapse_sim.pytree import pytree, static
from collapse_sim.random import normal

Law = Literal["gaussian", "copula"]

OUTER = 0.01
"""Share of the table below the low quantile of a column, and above the high one."""


class Copula(NamedTuple):
    """Columns that keep their own laws, joined by the correlations of normal scores."""

    values: Float[Array, "rows dim"]
    """Those of each column in order."""
    until: Float[Array, "rows dim"]
    """Share of the sample up to each of them."""
    factor: Float[Array, "dim dim"]
    """Lower triangular; its product with its transpose is the correlation matrix."""


class Human(NamedTuple):
    """Laws of the table's columns, and of each pair."""

    low: Float[Array, " dim"]
    high: Float[Array, " dim"]
    correlation: Float[Array, "dim dim"]


@pytree
@dataclass(frozen=True, eq=False)
class TableLearner(PointLearner):
    """A Gaussian, unbiased, or a Gaussian copula of `samples` rows of the table `truth`.

    The copula turns ranks into normal scores, fits their correlations, and draws back through the
    inverse of each column's empirical distribution function: a column's draws are its own values.
    A chain draws its human rows without replacement; all of them where samples is their number.
    `pairs` are those whose correlations are recorded.

    Raises ValueError for samples outside [dim + 1, rows] and for another law.
    """

    truth: Float[np.ndarray | Array, "all dim"]
    human_law: Human
    law: Law = static()
    names: tuple[str, ...] = static()
    pairs: tuple[tuple[int, int], ...] = static()
    samples: int = static()
    dtype: DType = static(default=jnp.float32)

    def __post_init__(self):
        if self.law not in ("gaussian", "copula"):
            raise ValueError(f"law={self.law}: accepted are gaussian, copula")
        if np.ndim(self.truth) == 2:
            rows, dim = np.shape(self.truth)
            if not dim + 1 <= self.samples <= rows:
                raise ValueError(
                    f"samples={self.samples}: accepted are integers from {dim + 1} to {rows}"
                )

    @staticmethod
    def of(
        table: Float[np.ndarray, "all dim"],
        law: Law,
        *,
        names: tuple[str, ...],
        samples: int,
        most_pairs: int = 10,
        dtype: DType = jnp.float32,
    ) -> "TableLearner":
        """Learner of a table in units of its own; the `most_pairs` most correlated are recorded."""
        rows = np.asarray(standardised(table), dtype)
        low, high = np.quantile(rows, (OUTER, 1 - OUTER), axis=0)
        every = jnp.asarray(rows), jnp.ones(len(rows), dtype)
        if law == "copula":
            correlation = correlation_of(fit_copula(*every).factor)
        else:
            correlation = jnp.asarray(np.corrcoef(rows, rowvar=False).reshape(2 * rows.shape[1:]))
        human = Human(jnp.asarray(low), jnp.asarray(high), correlation.astype(dtype))
        firsts, seconds = np.triu_indices(rows.shape[1], 1)
        strength = np.abs(np.asarray(correlation))[firsts, seconds]
        strongest = np.sort(np.argsort(-strength, kind="stable")[:most_pairs])
        pairs = tuple((int(firsts[i]), int(seconds[i])) for i in strongest)
        return TableLearner(rows, human, law, names, pairs, samples, dtype)

    @property
    def dim(self) -> int:
        return len(self.names)

    def human(self, key: Key[Array, ""]) -> tuple[Sample, Human]:
        """Rows of the table, and the laws of all of them."""
        rows = jnp.asarray(self.truth, self.dtype)
        if self.samples < len(rows):
            rows = rows[jax.random.permutation(key, len(rows))[: self.samples]]
        return Sample.of(rows, self.dtype), self.human_law

    def fit(self, data: Sample, key: Key[Array, ""] | None = None) -> Gaussian | Copula:
        """Mean and covariance, or margins and correlations of scores; needs no key."""
        del key
        if self.law == "copula":
            return fit_copula(data.labels, data.weights)
        return GaussianLearner(self.dim, self.samples, dtype=self.dtype).fit(data)

    def draw(
        self, key: Key[Array, ""], params: Gaussian | Copula, size: int
    ) -> Float[Array, "size dim"]:
        """Rows of the model's own."""
        z = normal(key, (size, self.dim), self.dtype)
        joint = jnp.matmul(z, params.factor.T, precision=HIGHEST)
        if isinstance(params, Gaussian):
            return params.mean + joint
        return jax.vmap(_inverse, in_axes=1, out_axes=1)(params.values, params.until, ndtr(joint))

    def fresh_human(self, key: Key[Array, ""], truth: Human, like: Sample) -> Sample:
        """Rows of the table, drawn with replacement."""
        rows = jnp.asarray(self.truth, self.dtype)
        return Sample(rows[jax.random.choice(key, len(rows), (like.size,))], like.weights)

    def measure(self, params: Gaussian | Copula, truth: Human) -> dict[str, Float[Array, ""]]:
        """Variance and tails of every column and of the mean column, and correlations.

        `variance` is a share of the table's; `tails` the model's mass beyond the table's 1 % and
        99 % quantiles. `correlation/A, B` is the Gaussian's, or the one of normal scores;
        `correlation_error` the root mean square of its distance from the table's, over all pairs.
        """
        variance, tails = (
            _of_gaussian(params, truth)
            if isinstance(params, Gaussian)
            else _of_copula(params, truth)
        )
        correlation = correlation_of(params.factor)
        outputs = {"variance": variance.mean(), "tails": tails.mean()}
        for i, name in enumerate(self.names):
            outputs |= {f"variance/{name}": variance[i], f"tails/{name}": tails[i]}
        for i, j in self.pairs:
            outputs[f"correlation/{self.names[i]}, {self.names[j]}"] = correlation[i, j]
        if self.dim > 1:
            squares = (correlation - truth.correlation)[np.triu_indices(self.dim, 1)] ** 2
            outputs["correlation_error"] = jnp.sqrt(jnp.mean(squares))
        return outputs


def standardised(table: Float[np.ndarray, "rows dim"]) -> Float[np.ndarray, "rows dim"]:
    """Columns less their means, over their standard deviations (divisor: rows)."""
    scaled = table / np.abs(table).max(axis=0)  # no square overflows
    centred = scaled - scaled.mean(axis=0)
    return centred / centred.std(axis=0)


def fit_copula(labels: Float[Array, "rows dim"], weights: Float[Array, " rows"]) -> Copula:
    """Margins, and correlations of the normal scores of ranks; equal values share a rank.

    A score is the normal quantile of (F(x-) + F(x)) / 2, F the column's empirical distribution
    function. A column without spread is correlated with none.
    """
    share = weights / jnp.sum(weights)
    values, until, scores = jax.vmap(_margin, in_axes=(1, None), out_axes=1)(labels, share)
    centred = jnp.where(weights[:, None] > 0, scores - share @ scores, 0)
    width = jnp.sqrt(share @ centred**2)
    unit = centred / jnp.where(width > 0, width, 1)
    products = jnp.matmul((share[:, None] * unit).T, unit, precision=HIGHEST)
    dim = labels.shape[1]
    correlation = jnp.where(jnp.eye(dim, dtype=bool), 1, products)
    # A rounding error above singular: columns may be functions of one another.
    least = 8 * dim * jnp.finfo(labels.dtype).eps
    factor = jnp.linalg.cholesky(correlation + least * jnp.eye(dim, dtype=labels.dtype))
    return Copula(values, until, factor / jnp.sqrt(1 + least))


def correlation_of(factor: Float[Array, "dim dim"]) -> Float[Array, "dim dim"]:
    """Correlations of a covariance factor factor^T; 0 with a column of no variance."""
    width = jnp.sqrt(jnp.sum(factor**2, axis=1, keepdims=True))
    unit = factor / jnp.where(width > 0, width, 1)
    return jnp.matmul(unit, unit.T, precision=HIGHEST)


def _margin(column: Array, share: Array) -> tuple[Array, Array, Array]:
    """Values in order, the share up to each, and scores in the rows' order."""
    order = jnp.argsort(jnp.where(share > 0, column, jnp.inf))
    values, until = column[order], jnp.cumsum(share[order])
    ordered = jnp.where(share[order] > 0, values, jnp.inf)
    begun = jnp.concatenate([jnp.zeros(1, until.dtype), until])
    below = begun[jnp.searchsorted(ordered, column, side="left")]
    up_to = begun[jnp.searchsorted(ordered, column, side="right")]
    return values, until, jnp.where(share > 0, ndtri((below + up_to) / 2), 0)


def _inverse(values: Array, until: Array, levels: Array) -> Array:
    """The least value up to which there is more than each level."""
    # Never beyond the last value that is data: those without weight add nothing to `until`.
    places = jnp.searchsorted(until, levels * until[-1], side="right")
    last = jnp.searchsorted(until, until[-1], side="left")
    return values[jnp.minimum(places, last)]


def _of_gaussian(params: Gaussian, human: Human) -> tuple[Array, Array]:
    """Variance and tails of every column."""
    variance = jnp.sum(params.factor**2, axis=1)
    width = jnp.maximum(jnp.sqrt(variance), jnp.finfo(variance.dtype).tiny)
    below, above = ((edge - params.mean) / width for edge in (human.low, human.high))
    return variance, ndtr(below) + ndtr(-above)


def _of_copula(params: Copula, human: Human) -> tuple[Array, Array]:
    share = jnp.diff(params.until, axis=0, prepend=jnp.zeros_like(params.until[:1]))
    mean = jnp.sum(share * params.values, axis=0)
    variance = jnp.sum(share * (params.values - mean) ** 2, axis=0)
    outer = (params.values < human.low) | (params.values > human.high)
    return variance, jnp.sum(share * outer, axis=0)
