"""Token data sets: for each seed, blocks of consecutive tokens."""

from dataclasses import dataclass

import jax
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key

from collapse_sim.pytree import pytree


@pytree
@dataclass(frozen=True, eq=False)
class Blocks:
    """Tokens of one data set for each seed. A regime's positions are blocks, an edit's tokens.

    The first token of a block has no context: it is never scored, drawn or edited.
    """

    labels: Int[np.ndarray | Array, "seeds blocks time"]
    scored: Bool[np.ndarray | Array, "seeds blocks time"] | None = None
    """The tokens that are fitted and may be edited; without it, all of them."""

    @staticmethod
    def of(
        tokens: Int[np.ndarray, "blocks time"],
        seeds: int,
        scored: Bool[np.ndarray, "blocks time"] | None = None,
    ) -> "Blocks":
        """The same human data for every seed.

        Raises ValueError for a block in which no token but the first is scored.
        """
        if scored is not None and not scored[:, 1:].any(axis=1).all():
            block = np.argmin(scored[:, 1:].any(axis=1))
            raise ValueError(
                f"scored: no token of block {block}: accepted is at least one after the first"
            )
        same = lambda x: np.broadcast_to(x, (seeds, *x.shape))  # noqa: E731
        return Blocks(same(tokens), None if scored is None else same(scored))

    @property
    def size(self) -> int:
        """Blocks of each seed."""
        return self.labels.shape[1]

    @property
    def given(self) -> Int[np.ndarray, "seeds blocks"]:
        """Tokens of each block before the first scored one.

        Raises ValueError where nothing says which tokens are scored.
        """
        if self.scored is None:
            raise ValueError("scored=None: accepted are blocks that say which tokens are scored")
        return 1 + np.argmax(np.asarray(self.scored)[:, :, 1:], axis=2).astype(np.int32)

    def share_of(self, mask: Bool[Array, "seeds blocks time"]) -> Float[np.ndarray, " seeds"]:
        """Share of all tokens under a mask."""
        return np.asarray(mask).mean(axis=(1, 2))

    def choose(self, keys: Key[Array, " seeds"], count: int) -> Bool[np.ndarray, "seeds blocks"]:
        """`count` blocks of each seed at random."""
        kept = np.zeros((len(self.labels), self.size), bool)
        for row, generator in zip(kept, generators(keys), strict=True):
            row[generator.choice(self.size, count, replace=False)] = True
        return kept

    def subset(self) -> "Blocks":
        return self

    def pool(self, capacity: int) -> "Blocks":
        """A place to gather data sets in: arrays on the host grow as they are filled."""
        del capacity
        return self

    def put(self, batch: "Blocks", slot: int) -> "Blocks":
        """The union with `batch`; ValueError if one alone says which tokens are scored."""
        del slot
        if (self.scored is None) != (batch.scored is None):
            raise ValueError("scored: of one data set alone: accepted are both or neither")
        return jax.tree.map(lambda *both: np.concatenate(both, axis=1), self, batch)

    def subsample(self, keys: Key[Array, " seeds"], filled: int, size: int) -> "Blocks":
        """`size` blocks of each seed drawn without replacement from the first `filled`."""
        rows = [generator.choice(filled, size, replace=False) for generator in generators(keys)]
        chosen = np.stack(rows)[..., None]
        return jax.tree.map(lambda x: np.take_along_axis(np.asarray(x), chosen, 1), self)


def generators(keys: Key[Array, " seeds"]) -> list[np.random.Generator]:
    """NumPy's generator for each key, for draws on the host."""
    return [np.random.default_rng(words) for words in np.asarray(jax.random.key_data(keys))]
