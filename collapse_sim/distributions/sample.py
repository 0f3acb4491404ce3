"""A sample as explicit points: the reference that cheaper representations are tested against."""

from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key, Shaped

from collapse_sim.linalg import DType
from collapse_sim.masks import random_subset
from collapse_sim.pytree import pytree
from collapse_sim.random import uniform


@pytree
@dataclass(frozen=True)
class Sample:
    """Points of some space, one for each position; a point of weight 0 is no data.

    `labels` are what a learner generates: vectors (rows dim) or type numbers (rows).
    """

    labels: Shaped[Array, "rows *point"]
    weights: Float[Array, " rows"]

    @staticmethod
    def of(labels: Shaped[Array, "rows *point"], dtype: DType) -> "Sample":
        """Sample of points with weight 1 each."""
        return Sample(labels, jnp.ones(labels.shape[0], dtype))

    @property
    def size(self) -> int:
        """Positions."""
        return self.labels.shape[0]

    @property
    def count(self) -> Float[Array, ""]:
        """Points that are data."""
        return self.weights.sum()

    def share_of(self, mask: Bool[Array, " rows"]) -> Float[Array, ""]:
        """Share of all points under a mask."""
        return jnp.sum(mask * self.weights) / self.count

    def choose(
        self, key: Key[Array, ""], count: int | Int[Array | np.ndarray, ""]
    ) -> Bool[Array, " rows"]:
        """`count` points at random."""
        return random_subset(key, self.size, count)

    def exchange(
        self,
        key: Key[Array, ""],
        count: int | Int[Array | np.ndarray, ""],
        drawn: Shaped[Array, "rows *point"],
    ) -> "Sample":
        """Replace `count` random points by the points of `drawn` at the same places."""
        chosen = self.choose(key, count).reshape(-1, *(1 for _ in self.labels.shape[1:]))
        return replace(self, labels=jnp.where(chosen, drawn, self.labels))

    def subset(self) -> "Sample":
        """Return the points as they are: a subset of a pool is a sample like any other."""
        return self

    def pool(self, capacity: int) -> "Sample":
        """Room for `capacity` samples of this size, holding this one."""
        rows = self.size * (capacity - 1)
        widths = ((0, rows), *((0, 0) for _ in self.labels.shape[1:]))
        return replace(
            self, labels=jnp.pad(self.labels, widths), weights=jnp.pad(self.weights, (0, rows))
        )

    def put(self, batch: "Sample", slot: Int[Array, ""]) -> "Sample":
        """The union with `batch`, written at place `slot` of a pool."""
        start = slot * batch.size
        return replace(
            self,
            labels=jax.lax.dynamic_update_slice_in_dim(self.labels, batch.labels, start, 0),
            weights=jax.lax.dynamic_update_slice_in_dim(self.weights, batch.weights, start, 0),
        )

    def subsample(self, key: Key[Array, ""], filled: Int[Array, ""], size: int) -> "Sample":
        """`size` points drawn without replacement from the first `filled` ones."""
        score = uniform(key, self.weights.shape, jnp.float32)
        score = jnp.where(jnp.arange(self.size) < filled, score, -1.0)
        _, chosen = jax.lax.top_k(score, size)
        return replace(self, labels=self.labels[chosen], weights=self.weights[chosen])
