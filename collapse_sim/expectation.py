"""The test error's mean over all label noise, exactly, for one draw of the design.

Editing is linear in the noise, so its second moments follow a recursion of their own. Averaging
the result over designs is the estimator of least variance of any mean that a claim speaks of.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key

from collapse_sim.data import Rows, Statistics
from collapse_sim.design import GaussianDesign
from collapse_sim.learners import LinearLearner, Truth
from collapse_sim.linalg import HIGHEST, DType, require_noise
from collapse_sim.loop import Trace
from collapse_sim.masks import blocks_of
from collapse_sim.pytree import pytree, static


def _errors(
    covariance: Float[Array, "dim dim"], truth: Truth, design: GaussianDesign
) -> dict[str, Float[Array, ""]]:
    """Mean errors from the covariance of the whitened deviation u."""
    spread = jnp.matmul(truth.readout, covariance, precision=HIGHEST)
    return {
        "test_error": jnp.sum(spread * truth.readout),
        "scale_averaged_error": jnp.trace(covariance) / (design.samples - design.dim - 1),
    }


@pytree
@dataclass(frozen=True, eq=False)
class ScheduledExpectation:
    """Chained editing under a schedule known in advance, for one Gaussian design.

    Follows the covariance of the block moments q_g of the whitened data, u = sum_g q_g being the
    estimate's deviation: an edited block becomes C_g u plus noise of covariance
    noise_std^2 C_g, C_g its Gram matrix. Cost (blocks dim)^2 for each edit, whatever `samples`.
    """

    design: GaussianDesign
    sizes: Int[np.ndarray | Array, " blocks"]
    blocks: Bool[np.ndarray | Array, "edits blocks"]
    noise_std: float | Float[Array, ""] = 1.0
    dtype: DType = static(default=jnp.float32)

    def __post_init__(self) -> None:
        """Raises ValueError for a number `noise_std` whose square leaves the range of `dtype`."""
        require_noise(self.noise_std, self.dtype)

    @staticmethod
    def of(
        design: GaussianDesign, schedule: Bool[np.ndarray, "edits samples"], **options
    ) -> "ScheduledExpectation":
        """For a schedule of rows, grouped into blocks of one mask history."""
        return ScheduledExpectation(design, *blocks_of(schedule), **options)

    def __call__(self, key: Key[Array, ""]) -> Trace:
        sizes, schedule = self.sizes, self.blocks
        learner = LinearLearner(
            self.design, self.noise_std, representation="statistics", sizes=sizes, dtype=self.dtype
        )
        data, truth = learner.human(key)
        assert isinstance(data, Statistics)
        grams = jnp.einsum("gij,gkj->gik", data.factors, data.factors, precision=HIGHEST)
        noise = self.noise_std**2 * jnp.einsum("gij,gh->gihj", grams, jnp.eye(sizes.shape[0]))
        shares = jnp.asarray(data.shares)

        def output(covariance):
            return _errors(covariance.sum((0, 2)), truth, self.design)

        def edit(covariance, mask):
            # Left and right by the linear map q -> (C_g sum q if edited, else q_g).
            left = jnp.einsum("gij,jhk->gihk", grams, covariance.sum(0), precision=HIGHEST)
            left = jnp.where(mask[:, None, None, None], left, covariance)
            both = jnp.einsum("gijk,hkl->gijhl", left.sum(2)[:, :, None], grams, precision=HIGHEST)
            both = jnp.where(mask[:, None], both[:, :, 0], left)
            covariance = both + jnp.where(mask[:, None, None, None], noise, 0)
            return covariance, output(covariance) | {"edited_fraction": jnp.sum(mask * shares)}

        first = output(noise) | {"edited_fraction": jnp.zeros((), self.dtype)}
        _, later = jax.lax.scan(edit, noise, jnp.asarray(schedule))
        return jax.tree.map(lambda a, b: jnp.concatenate([a[None], b]), first, later)


@pytree
@dataclass(frozen=True, eq=False)
class RandomMaskExpectation:
    """Editing under fresh exchangeable masks: the mean over masks and noise for one design.

    `inclusion[i]` is P(a row is edited) at edit i and `pair_inclusion[i]` P(two given rows both
    are): rate^2 for independent rows, k (k - 1) / (T (T - 1)) for a uniform subset of k rows.
    Follows the samples x samples covariance of the label noise: cost samples^2 dim for each edit.
    """

    design: GaussianDesign
    inclusion: Float[np.ndarray | Array, " edits"]
    pair_inclusion: Float[np.ndarray | Array, " edits"]
    anchored: Bool[np.ndarray | Array, ""] | bool = False
    noise_std: float | Float[Array, ""] = 1.0
    dtype: DType = static(default=jnp.float32)

    def __post_init__(self) -> None:
        """Raises ValueError for a number `noise_std` whose square leaves the range of `dtype`."""
        require_noise(self.noise_std, self.dtype)

    def __call__(self, key: Key[Array, ""]) -> Trace:
        learner = LinearLearner(self.design, self.noise_std, dtype=self.dtype)
        data, truth = learner.human(key)
        assert isinstance(data, Rows)
        q = data.inputs
        eye = jnp.eye(q.shape[0], dtype=self.dtype)
        variance = self.noise_std**2

        def project(matrix):
            return jnp.matmul(q, jnp.matmul(q.T, matrix, precision=HIGHEST), precision=HIGHEST)

        def output(covariance):
            inner = jnp.matmul(q.T, jnp.matmul(covariance, q, precision=HIGHEST), precision=HIGHEST)
            return _errors(inner, truth, self.design)

        def edit(state, probabilities):
            # S: covariance of the current label noise; K: its covariance with the human noise.
            covariance, with_human = state
            one, two = probabilities
            left = project(covariance)
            both = project(left.T)
            kept = jnp.where(self.anchored, with_human, covariance)
            kept_covariance = jnp.where(self.anchored, variance * eye, covariance)
            cross = project(kept)
            pairs = (1 - 2 * one + two) * kept_covariance + two * both
            pairs = pairs + (one - two) * (cross + cross.T)
            own = jnp.diag((1 - one) * kept_covariance + one * both) + one * variance
            covariance = pairs - jnp.diag(jnp.diag(pairs)) + jnp.diag(own)
            with_human = one * project(with_human) + (1 - one) * variance * eye
            return (covariance, with_human), output(covariance) | {"edited_fraction": one}

        start = variance * eye
        probabilities = (
            jnp.asarray(self.inclusion, self.dtype),
            jnp.asarray(self.pair_inclusion, self.dtype),
        )
        first = output(start) | {"edited_fraction": jnp.zeros((), self.dtype)}
        _, later = jax.lax.scan(edit, (start, start), probabilities)
        return jax.tree.map(lambda a, b: jnp.concatenate([a[None], b]), first, later)
