"""Token data sets: for each seed, blocks of consecutive tokens."""

from dataclasses import dataclass, replace

import jax
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key


@jax.tree_util.register_dataclass
@dataclass(frozen=True, eq=False)
class Blocks:
    """Tokens of one data set for each seed. A regime's positions are blocks, an edit's tokens.

    The first token of a block has no context: it is never scored, drawn or edited.
    """

    labels: Int[np.ndarray | Array, "seeds blocks time"]

    @staticmethod
    def of(tokens: Int[np.ndarray, "blocks time"], seeds: int) -> "Blocks":
        """The same human data for every seed."""
        return Blocks(np.broadcast_to(tokens, (seeds, *tokens.shape)))

    @property
    def size(self) -> int:
        """Blocks of each seed."""
        return self.labels.shape[1]

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
        """The union with `batch`."""
        del slot
        return replace(self, labels=np.concatenate([self.labels, batch.labels], axis=1))

    def subsample(self, keys: Key[Array, " seeds"], filled: int, size: int) -> "Blocks":
        """`size` blocks of each seed drawn without replacement from the first `filled`."""
        rows = [generator.choice(filled, size, replace=False) for generator in generators(keys)]
        return Blocks(np.take_along_axis(np.asarray(self.labels), np.stack(rows)[..., None], 1))


def generators(keys: Key[Array, " seeds"]) -> list[np.random.Generator]:
    """NumPy's generator for each key: what happens on the host draws from it."""
    return [np.random.default_rng(words) for words in np.asarray(jax.random.key_data(keys))]
