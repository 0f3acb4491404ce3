"""Two representations of one regression data set.

`Rows` holds every row. `Statistics` holds what any linear fit sees of them, in blocks of rows that
are always edited together, so that nothing depends on the number of rows. Both keep what a
learner generates in one field, `labels`, whose leading axis are the *positions* a mask speaks of.
"""

from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int, Key

from collapse_sim.linalg import HIGHEST, cholesky, solve_lower, thin_qr
from collapse_sim.masks import random_subset
from collapse_sim.pytree import pytree, static
from collapse_sim.random import normal, uniform


@pytree
@dataclass(frozen=True)
class Rows:
    """Explicit rows. `orthonormal`: the columns of `inputs` are orthonormal (a whitened design)."""

    inputs: Float[Array, "rows dim"]
    labels: Float[Array, " rows"]
    orthonormal: bool = static(default=False)

    @property
    def shares(self) -> Float[Array, " rows"]:
        """Share of all rows behind each position."""
        return jnp.full_like(self.labels, 1 / self.labels.shape[0])

    @property
    def size(self) -> int:
        """Positions."""
        return self.labels.shape[0]

    def share_of(self, mask: Bool[Array, " rows"]) -> Float[Array, ""]:
        """Share of all rows under a mask."""
        return jnp.sum(mask * self.shares)

    def choose(self, key: Key[Array, ""], count: int | Int[Array, ""]) -> Bool[Array, " rows"]:
        """`count` rows at random."""
        return random_subset(key, self.size, count)

    def exchange(
        self, key: Key[Array, ""], count: int | Int[Array, ""], drawn: Float[Array, " rows"]
    ) -> "Rows":
        """Replace the labels of `count` random rows by the labels of `drawn` at the same places."""
        return replace(self, labels=jnp.where(self.choose(key, count), drawn, self.labels))

    def subset(self) -> "Rows":
        """Mark the rows as a subset of a pool: its columns are not orthonormal."""
        return replace(self, orthonormal=False)

    def moment(self) -> Float[Array, " dim"]:
        return jnp.matmul(self.inputs.T, self.labels, precision=HIGHEST)

    def gram_factor(self) -> Float[Array, "dim dim"]:
        """Lower-triangular L with L L^T = inputs^T inputs.

        Nearly square designs are factorised by QR; for the others a Cholesky factor of the Gram
        matrix is as good in float32 and several times faster.
        """
        rows, dim = self.inputs.shape
        if rows < 4 * dim:
            return thin_qr(self.inputs)[1].T
        return cholesky(jnp.matmul(self.inputs.T, self.inputs, precision=HIGHEST))

    def predict(self, weights: Float[Array, " dim"]) -> "Rows":
        """Inputs with the noise-free labels of a model."""
        return replace(self, labels=jnp.matmul(self.inputs, weights, precision=HIGHEST))

    def noise(self, key: Key[Array, ""]) -> Float[Array, " rows"]:
        """Change of `labels` by label noise of unit variance."""
        return normal(key, self.labels.shape, self.labels.dtype)

    def pool(self, capacity: int) -> "Rows":
        """Room for `capacity` data sets of this size, holding this one.

        Rows not yet written are zero, which no least-squares fit notices.
        """
        rows = self.labels.shape[0] * (capacity - 1)
        return replace(
            self,
            inputs=jnp.pad(self.inputs, ((0, rows), (0, 0))),
            labels=jnp.pad(self.labels, (0, rows)),
            orthonormal=False,
        )

    def put(self, batch: "Rows", slot: Int[Array, ""]) -> "Rows":
        """The union with `batch`, written at place `slot` of a pool."""
        start = slot * batch.labels.shape[0]
        return replace(
            self,
            inputs=jax.lax.dynamic_update_slice_in_dim(self.inputs, batch.inputs, start, 0),
            labels=jax.lax.dynamic_update_slice_in_dim(self.labels, batch.labels, start, 0),
        )

    def subsample(self, key: Key[Array, ""], filled: Int[Array, ""], size: int) -> "Rows":
        """`size` rows drawn without replacement from the first `filled` rows."""
        score = uniform(key, self.labels.shape, jnp.float32)
        score = jnp.where(jnp.arange(score.shape[0]) < filled, score, -1.0)
        _, chosen = jax.lax.top_k(score, size)
        return replace(self, inputs=self.inputs[chosen], labels=self.labels[chosen])


@pytree
@dataclass(frozen=True)
class Statistics:
    """Additive sufficient statistics of blocks of rows.

    Block g has Gram matrix `factors[g] @ factors[g].T`; `labels[g]` is the moment X_g^T y. A pool
    keeps only the sum of its Gram matrices, as `gram`, and nothing can be generated like it.
    """

    factors: Float[Array, "blocks dim dim"] | None
    labels: Float[Array, "blocks dim"]
    shares: Float[Array, " blocks"]
    gram: Float[Array, "dim dim"] | None = None
    orthonormal: bool = static(default=False)

    @property
    def size(self) -> int:
        """Number of blocks: a mask edits whole blocks."""
        return self.labels.shape[0]

    def share_of(self, mask: Bool[Array, " blocks"]) -> Float[Array, ""]:
        """Share of all rows under a mask of blocks."""
        return jnp.sum(mask * self.shares)

    def moment(self) -> Float[Array, " dim"]:
        return self.labels.sum(axis=0)

    def total_gram(self) -> Float[Array, "dim dim"]:
        if self.gram is not None:
            return self.gram
        return jnp.einsum("gij,gkj->ik", self.factors, self.factors, precision=HIGHEST)

    def gram_factor(self) -> Float[Array, "dim dim"]:
        """Lower-triangular L with L L^T the Gram matrix of all blocks together."""
        if self.factors is not None and self.labels.shape[0] == 1:
            return self.factors[0]
        return cholesky(self.total_gram())

    def predict(self, weights: Float[Array, " dim"]) -> "Statistics":
        """Inputs with the noise-free labels of a model."""
        inner = jnp.einsum("gji,j->gi", self.factors, weights, precision=HIGHEST)
        return replace(
            self, labels=jnp.einsum("gij,gj->gi", self.factors, inner, precision=HIGHEST)
        )

    def noise(self, key: Key[Array, ""]) -> Float[Array, "blocks dim"]:
        """Change of `labels` by label noise of unit variance."""
        z = normal(key, self.labels.shape, self.labels.dtype)
        return jnp.einsum("gij,gj->gi", self.factors, z, precision=HIGHEST)

    def pool(self, capacity: int) -> "Statistics":
        """Room for any number of data sets, holding this one: statistics of a union add up."""
        del capacity
        return replace(
            self,
            factors=None,
            gram=self.total_gram(),
            labels=self.labels.sum(axis=0, keepdims=True),
            shares=jnp.ones_like(self.shares[:1]),
            orthonormal=False,
        )

    def put(self, batch: "Statistics", slot: Int[Array, ""]) -> "Statistics":
        """The union with `batch`."""
        del slot
        return replace(
            self,
            gram=self.total_gram() + batch.total_gram(),
            labels=self.labels + batch.labels.sum(axis=0, keepdims=True),
        )

    def whiten(self) -> tuple["Statistics", Float[Array, "dim dim"]]:
        """Data in coordinates where the Gram matrices of all blocks sum to the identity.

        Returns it with L, the Gram factor before: weights w become L^T w.
        """
        lower = self.gram_factor()
        factors = jax.vmap(lambda factor: solve_lower(lower, factor))(self.factors)
        return replace(self, factors=factors, orthonormal=True), lower


Data = Rows | Statistics
