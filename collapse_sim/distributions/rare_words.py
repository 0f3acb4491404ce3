"""Rare words: the count of one word by generation, and the error of unseen words."""

from dataclasses import dataclass, field

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from collapse_sim.distributions.categorical import CategoricalLearner, Probabilities, Truth
from collapse_sim.linalg import DType
from collapse_sim.loop import Trace
from collapse_sim.pytree import pytree, static
from collapse_sim.random_counts import poisson


@pytree
@dataclass(frozen=True, eq=False)
class PoissonWord:
    """Replicate of a word whose count is a Poisson variable around its last count.

    The law of a rare word in a large text; `mean` is its expected count at first. Raises
    ValueError for a mean outside (0, 2^30]: counts are int32, and they drift.
    """

    mean: float | Float[Array, ""]
    generations: int = static()
    dtype: DType = static(default=jnp.float32)

    def __post_init__(self):
        if isinstance(self.mean, int | float) and not 0 < self.mean <= 2**30:
            raise ValueError(f"mean={self.mean}: accepted are numbers > 0 and <= 2^30")

    def __call__(self, key: Key[Array, ""]) -> Trace:
        def count(mean, key):
            drawn = poisson(key, mean, self.dtype).astype(self.dtype)
            return drawn, drawn

        keys = jax.random.split(key, self.generations)
        counts = jax.lax.scan(count, jnp.asarray(self.mean, self.dtype), keys)[1]
        alive = (counts > 0).astype(self.dtype)
        return {"alive": alive, "edited_fraction": jnp.ones_like(alive)}


@pytree
@dataclass(frozen=True, eq=False)
class Memoriser(CategoricalLearner):
    """Learner that errs on every unseen type, and on the last type, which stands for all rarer
    ranks.

    `tested` is the law of the test, whatever law its data are drawn from (Dohmatob et al. 2024,
    arXiv 2402.07043).
    """

    tested: Float[np.ndarray | Array, " types"] = field(kw_only=True)

    def measure(self, params: Probabilities, truth: Truth) -> dict[str, Float[Array, ""]]:
        """Chance of a test word of an unseen type."""
        del truth
        tested = jnp.asarray(self.tested, self.dtype)
        return {"test_error": tested[-1] + jnp.sum(jnp.where(params[:-1] > 0, 0, tested[:-1]))}
