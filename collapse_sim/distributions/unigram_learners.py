"""Models of words other than one table of frequencies: with pseudo-counts, several, tempered."""

from dataclasses import dataclass, field

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from collapse_sim.distributions.categorical import (
    CategoricalLearner,
    Counts,
    Probabilities,
    Truth,
)
from collapse_sim.distributions.sample import Sample
from collapse_sim.pytree import pytree, static
from collapse_sim.random import chi_square
from collapse_sim.regimes import Copies, HumanOnly, Regime, Replace


class _Resampled:
    """Models that write whole data sets of one size, and no single tokens of one."""

    def require(self, regime: Regime) -> None:
        """Raises ValueError for a regime other than full resampling and its control."""
        growing = isinstance(regime, Replace) and regime.growing
        if growing or not isinstance(regime, Replace | HumanOnly):
            name = "Replace(growing=True)" if growing else type(regime).__name__
            raise ValueError(f"regime={name}: accepted are Replace, HumanOnly")


@pytree
@dataclass(frozen=True, eq=False)
class DirichletLearner(_Resampled, CategoricalLearner):
    """Bayesian learner with a Dirichlet prior of the pseudo-counts `prior`, one for each type.

    Its model is the posterior mean (add-lambda smoothing) or, where `sampled`, a law drawn from the
    posterior (Griffiths and Kalish 2007). Raises ValueError for pseudo-counts that are negative, or
    zero where a law is drawn, or not one for each type.
    """

    prior: Float[np.ndarray | Array, " pseudo_counts"] = field(kw_only=True)
    sampled: bool = static(default=False, kw_only=True)

    def __post_init__(self):
        super().__post_init__()
        if isinstance(self.prior, np.ndarray):
            least = self.prior.min() > 0 if self.sampled else self.prior.min() >= 0
            if self.prior.shape != np.shape(self.probabilities) or not least:
                raise ValueError(
                    f"prior={self.prior}: accepted are {len(self.probabilities)} numbers "
                    f"{'> 0' if self.sampled else '>= 0'}"
                )

    def fit(self, data: Sample | Counts, key: Key[Array, ""] | None = None) -> Probabilities:
        """Posterior mean, or a draw from the posterior, for which a key is needed."""
        counts = super().fit(data) * self.samples + jnp.asarray(self.prior, self.dtype)
        if self.sampled:
            assert key is not None
            counts = chi_square(key, 2 * counts, self.dtype)
        return counts / counts.sum()


@pytree
@dataclass(frozen=True, eq=False)
class PooledLearner(_Resampled, CategoricalLearner):
    """Several `models`, each fitted to an equal part of the tokens; their mean writes all of the
    next.

    Raises ValueError where the tokens cannot be shared out, and unless they are rows.
    """

    models: int = static(kw_only=True)

    def __post_init__(self):
        super().__post_init__()
        if self.representation != "rows":
            raise ValueError(f"representation={self.representation}: accepted is rows")
        if self.models < 1 or self.samples % self.models:
            raise ValueError(f"models={self.models}: accepted are divisors of {self.samples}")

    def fit(
        self, data: Sample | Counts, key: Key[Array, ""] | None = None
    ) -> Float[Array, "models types"]:
        """Frequencies of each model."""
        del key
        parts = data.labels.reshape(self.models, -1)
        types = jnp.arange(self.probabilities.shape[0])
        return jnp.mean(parts[..., None] == types, axis=1, dtype=self.dtype)

    def generate(self, key, params, like, copies: Copies = 1):
        """Tokens of the mean of the models."""
        return super().generate(key, params.mean(axis=0), like, copies)

    def measure(
        self, params: Float[Array, "models types"], truth: Truth
    ) -> dict[str, Float[Array, ""]]:
        """Measures of the mean of the models, and the mean squared distance to it, `spread`."""
        mean = params.mean(axis=0)
        spread = jnp.sum((params - mean) ** 2) / self.models
        return super().measure(mean, truth) | {"spread": spread}


@pytree
@dataclass(frozen=True, eq=False)
class TemperedLearner(_Resampled, CategoricalLearner):
    """Frequencies that are sampled at a `temperature`, with a share of tokens of a human law.

    A chain starts from tokens of `probabilities`, which need not be `human_law`.
    """

    human_law: Float[np.ndarray | Array, " types"] = field(kw_only=True)
    human_share: Float[np.ndarray | Array, ""] | float = field(kw_only=True)
    temperature: Float[np.ndarray | Array, ""] | float = field(kw_only=True)

    def generate(self, key, params, like, copies: Copies = 1):
        """Tokens, each human with chance `human_share`."""
        power = 1 / jnp.asarray(self.temperature, self.dtype)
        sharpened = (params / params.max()) ** power  # of all, one does not underflow
        share = jnp.asarray(self.human_share, self.dtype)
        human = jnp.asarray(self.human_law, self.dtype)
        law = share * human + (1 - share) * sharpened / sharpened.sum()
        return super().generate(key, law, like, copies)
