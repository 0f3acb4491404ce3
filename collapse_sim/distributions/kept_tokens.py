"""Human tokens that are kept for ever, beside the tokens of the latest model or of all so far."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key

from collapse_sim.linalg import DType
from collapse_sim.loop import Trace
from collapse_sim.pytree import pytree, static
from collapse_sim.random_counts import MOST_TOKENS, multinomial


@pytree
@dataclass(frozen=True, eq=False)
class KeptTokens:
    """Replicate of frequencies fitted to `human` tokens of a law and `added` of each model.

    Generation 1 is the fit on the human tokens. Then tokens of the latest model stand beside them;
    where they `stay`, those of all models so far (Polya's urn). Sizes are data: processes that
    differ in them share a program.
    """

    law: Float[np.ndarray | Array, " types"]
    human: Int[np.ndarray | Array, ""] | int
    added: Int[np.ndarray | Array, ""] | int
    stay: Bool[np.ndarray | Array, ""] | bool
    generations: int = static()
    dtype: DType = static(default=jnp.float32)

    @staticmethod
    def of(
        law: Float[np.ndarray, " types"],
        *,
        human: int,
        added: int,
        generations: int,
        stay: bool = False,
        dtype: DType = jnp.float32,
    ) -> "KeptTokens":
        """Raises ValueError for a law that does not sum to 1, generations < 1, and counts below 1
        or together above 2^31 - 1."""
        if not (law >= 0).all() or not abs(law.sum() - 1) <= 1e-6:
            raise ValueError(f"law={law}: accepted are probabilities that sum to 1")
        if generations < 1:
            raise ValueError(f"generations={generations}: accepted are integers >= 1")
        most = (generations - 1 if stay else 1) * added
        if human < 1 or added < 1 or human + most > MOST_TOKENS:
            raise ValueError(
                f"human={human}, added={added}: accepted are integers >= 1 with at most "
                f"{MOST_TOKENS} tokens in all"
            )
        return KeptTokens(
            law, np.asarray(human), np.asarray(added), np.asarray(stay), generations, dtype
        )

    def __call__(self, key: Key[Array, ""]) -> Trace:
        """`heterozygosity`, `squared_distance` to the law and `excess`, that to the first fit."""
        law = jnp.asarray(self.law, self.dtype)
        human, added = (jnp.asarray(n, jnp.int32) for n in (self.human, self.added))
        keys = jax.random.split(key, self.generations)
        first = multinomial(keys[0], human, law, self.dtype)

        def fit(counts):
            return counts.astype(self.dtype) / counts.sum().astype(self.dtype)

        def retrain(counts, key):
            drawn = multinomial(key, added, fit(counts), self.dtype)
            counts = jnp.where(self.stay, counts, first) + drawn
            return counts, counts

        later = jax.lax.scan(retrain, first, keys[1:])[1]
        fits = jax.vmap(fit)(jnp.concatenate([first[None], later]))
        number = jnp.arange(self.generations)
        rounds = jnp.where(self.stay, number, number > 0).astype(self.dtype)
        return {
            "heterozygosity": jnp.sum(fits * (1 - fits), axis=1),
            "squared_distance": jnp.sum((fits - law) ** 2, axis=1),
            "excess": jnp.sum((fits - fits[0]) ** 2, axis=1),
            "edited_fraction": rounds * added / (human + rounds * added),
        }
