"""A corpus whose tokens are copied from the last one, some of them as words that are new."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from collapse_sim.linalg import DType
from collapse_sim.loop import Trace
from collapse_sim.pytree import pytree, static
from collapse_sim.random import uniform
from collapse_sim.random_counts import categorical


@pytree
@dataclass(frozen=True, eq=False)
class NewWords:
    """Replicate of `samples` tokens, each a copy of one of the last corpus or, with chance
    `innovation`, of a type that there never was (infinite alleles).

    Corpus 1 is drawn from `law`. Raises ValueError for samples < 2, generations < 1 and chances
    outside [0, 1].
    """

    law: Float[np.ndarray | Array, " types"]
    innovation: float | Float[Array, ""]
    samples: int = static()
    generations: int = static()
    dtype: DType = static(default=jnp.float32)

    def __post_init__(self):
        for name, least in (("samples", 2), ("generations", 1)):
            if getattr(self, name) < least:
                raise ValueError(f"{name}={getattr(self, name)}: accepted are integers >= {least}")
        if isinstance(self.innovation, int | float) and not 0 <= self.innovation <= 1:
            raise ValueError(f"innovation={self.innovation}: accepted is [0, 1]")

    def __call__(self, key: Key[Array, ""]) -> Trace:
        """`alike`, the share of pairs of tokens that are of one type."""
        size = (self.samples,)
        first_key, *keys = jax.random.split(key, 3)
        first = categorical(first_key, jnp.asarray(self.law, self.dtype), size, self.dtype)
        types, innovation = len(self.law), jnp.asarray(self.innovation, self.dtype)
        later = (self.generations - 1, *size)
        copied = jax.random.randint(keys[0], later, 0, self.samples)
        is_new = uniform(keys[1], later, self.dtype) < innovation
        fresh = types + jnp.arange(copied.size).reshape(later)

        def retrain(tokens, draws):
            copied, is_new, fresh = draws
            tokens = jnp.where(is_new, fresh, tokens[copied])
            return tokens, tokens

        tokens = jax.lax.scan(retrain, first, (copied, is_new, fresh))[1]
        tokens = jnp.concatenate([first[None], tokens])
        same = jnp.sum(tokens[:, :, None] == tokens[:, None, :], axis=(1, 2), dtype=self.dtype)
        alike = (same - self.samples) / (self.samples * (self.samples - 1))
        return {"alike": alike, "edited_fraction": (jnp.arange(self.generations) > 0) * 1.0}
