"""A categorical law estimated from batches that are part human, part drawn from the estimate."""

from dataclasses import dataclass
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int, Key

from collapse_sim.linalg import DType
from collapse_sim.loop import Trace
from collapse_sim.pytree import pytree, static
from collapse_sim.random_counts import MOST_TOKENS, multinomial

Estimate = Literal["debiased", "pooled"]


@pytree
@dataclass(frozen=True, eq=False)
class ContaminatedCounts:
    """Counts of one replicate: batch i has `samples[i]` tokens, each human with chance
    `human_shares[i]`.

    The estimate moves by the share `steps[i]` of the way to its batch's frequencies.
    """

    law: Float[np.ndarray | Array, " types"]
    samples: Float[np.ndarray | Array, " generations"]
    human_shares: Float[np.ndarray | Array, " generations"]
    steps: Float[np.ndarray | Array, " generations"]
    edited: Float[np.ndarray | Array, " generations"]
    """Mean share of synthetic tokens among all so far."""
    dtype: DType = static(default=jnp.float32)

    @staticmethod
    def of(
        law: Float[np.ndarray, " types"],
        *,
        samples: int | Int[np.ndarray, " generations"],
        human_shares: Float[np.ndarray, " generations"],
        estimate: Estimate = "debiased",
        dtype: DType = jnp.float32,
    ) -> "ContaminatedCounts":
        """`pooled`: frequencies in all batches; `debiased`: without the model's part of each.

        Of the debiased estimates each batch's, unbiased given the past, has weight n_i a_i^2
        (docs/distributions.md, contaminated retraining). Raises ValueError for another estimate,
        a law that does not sum to 1, sizes outside [1, 2^31 - 1], shares outside [0, 1], a first
        batch that is not all human, and steps above 1, with which an estimate may leave the
        simplex.
        """
        if estimate not in ("debiased", "pooled"):
            raise ValueError(f"estimate={estimate}: accepted are debiased, pooled")
        if not (law >= 0).all() or abs(law.sum() - 1) > 1e-6:
            raise ValueError(f"law={law}: accepted are probabilities that sum to 1")
        if not ((human_shares >= 0) & (human_shares <= 1)).all() or human_shares[0] != 1:
            raise ValueError(f"human_shares={human_shares}: accepted are 1, then shares in [0, 1]")
        sizes = np.asarray(samples, float)
        if (
            sizes.shape not in ((), human_shares.shape)
            or not ((sizes >= 1) & (sizes <= MOST_TOKENS)).all()
        ):
            raise ValueError(
                f"samples={samples}: accepted are integers from 1 to {MOST_TOKENS}, one for all or "
                f"for each of {len(human_shares)} batches"
            )
        sizes = np.broadcast_to(sizes, human_shares.shape)
        if estimate == "pooled":
            steps = sizes / np.cumsum(sizes)
        else:
            steps = sizes * human_shares / np.cumsum(sizes * human_shares**2)
        if steps.max() > 1:
            raise ValueError(
                f"human_shares={human_shares}: accepted are steps of at most 1, here up to "
                f"{steps.max():.3g}"
            )
        edited = 1 - np.cumsum(sizes * human_shares) / np.cumsum(sizes)
        return ContaminatedCounts(law, sizes, human_shares, steps, edited, dtype)

    def __call__(self, key: Key[Array, ""]) -> Trace:
        law = jnp.asarray(self.law, self.dtype)

        def batch(estimate, arrays):
            key, samples, share, step = arrays
            drawn_from = share * law + (1 - share) * estimate
            counts = multinomial(key, samples.astype(jnp.int32), drawn_from, self.dtype)
            # The sum of two terms, not of a term and a difference: never below 0.
            estimate = (1 - step) * estimate + step * (counts / samples)
            return estimate, jnp.sum((estimate - law) ** 2)

        keys = jax.random.split(key, self.steps.shape[0])
        arrays = (self.samples, self.human_shares, self.steps)
        arrays = tuple(jnp.asarray(x, self.dtype) for x in arrays)
        distance = jax.lax.scan(batch, law, (keys, *arrays))[1]
        return {
            "squared_distance": distance,
            "edited_fraction": jnp.asarray(self.edited, self.dtype),
        }
