"""The test error's mean over all label noise, exactly, for one draw of the design.

Editing is linear in the noise, so its second moments follow a recursion of their own. Averaging
the result over designs is the estimator of least variance of any mean that a claim speaks of.
"""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key

from collapse_sim.linalg import HIGHEST, DType, require_noise
from collapse_sim.linear.data import Rows, Statistics
from collapse_sim.linear.design import GaussianDesign
from collapse_sim.linear.learner import ExternalPrior, LinearLearner, Truth
from collapse_sim.loop import Trace
from collapse_sim.masks import MaskPolicy, blocks_of
from collapse_sim.pytree import pytree, require_integer, static
from collapse_sim.random import normal


def _errors(
    covariance: Float[Array, "dim dim"],
    truth: Truth,
    design: GaussianDesign,
    bias: Float[Array, " dim"] | None = None,
) -> dict[str, Float[Array, ""]]:
    """Mean errors from the covariance of the whitened deviation u, and its mean."""
    moment = covariance if bias is None else covariance + jnp.outer(bias, bias)
    spread = jnp.matmul(truth.readout, moment, precision=HIGHEST)
    return {
        "test_error": jnp.sum(spread * truth.readout),
        "scale_averaged_error": jnp.trace(moment) / (design.samples - design.dim - 1),
    }


@pytree
@dataclass(frozen=True, eq=False)
class ScheduledExpectation:
    """Editing under a schedule known in advance, for one Gaussian design.

    Written by the latest model; when `frozen` by the first fit, or by the `prior` from outside when
    `external`. Follows the covariance of the block moments q_g of the whitened data, u = sum_g q_g
    being the estimate's deviation: an edited block becomes C_g w plus noise of covariance
    noise_std^2 C_g, C_g its Gram matrix and w the deviation of the model that writes. Cost
    (blocks dim)^2 for each edit, whatever `samples`.
    """

    design: GaussianDesign
    sizes: Int[np.ndarray | Array, " blocks"]
    blocks: Bool[np.ndarray | Array, "edits blocks"]
    noise_std: float | Float[Array, ""] = 1.0
    frozen: Bool[np.ndarray | Array, ""] | bool = False
    external: Bool[np.ndarray | Array, ""] | bool = False
    prior: ExternalPrior = ExternalPrior(0.0)
    dtype: DType = static(default=jnp.float32)

    @property
    def generations(self) -> int:
        return len(self.blocks) + 1

    def __post_init__(self) -> None:
        """Raises ValueError for a number `noise_std` whose square leaves the range of `dtype`."""
        require_noise(self.noise_std, self.dtype)

    @staticmethod
    def of(
        design: GaussianDesign,
        schedule: Bool[np.ndarray, "edits samples"],
        variant: str = "chained",
        prior_error: float = 0.0,
        **options: Any,
    ) -> "ScheduledExpectation":
        """Expectation for a schedule of rows. Rows of one mask history form a block.

        `variant` is chained, frozen or external; an external prior has test error `prior_error`.
        """
        if variant not in ("chained", "frozen", "external"):
            raise ValueError(f"variant={variant}: accepted are chained, frozen, external")
        sizes, blocks = blocks_of(schedule)
        flags = {name: np.asarray(variant == name) for name in ("frozen", "external")}
        prior = ExternalPrior(prior_error)
        return ScheduledExpectation(design, sizes, blocks, prior=prior, **flags, **options)

    def __call__(self, key: Key[Array, ""]) -> Trace:
        sizes, schedule = self.sizes, jnp.asarray(self.blocks)
        learner = LinearLearner(
            self.design, self.noise_std, representation="statistics", sizes=sizes, dtype=self.dtype
        )
        data, truth = learner.human(key)
        assert isinstance(data, Statistics)
        grams = jnp.einsum("gij,gkj->gik", data.factors, data.factors, precision=HIGHEST)
        variance = jnp.asarray(self.noise_std, self.dtype) ** 2
        noise = variance * jnp.einsum(
            "gij,gh->gihj", grams, jnp.eye(sizes.shape[0], dtype=self.dtype)
        )
        shares = jnp.asarray(data.shares)
        external, unchanging = jnp.asarray(self.external), self.frozen | jnp.asarray(self.external)
        # What a frozen prior writes: by the first fit it varies as that does and is not off.
        written = variance * jnp.einsum("gij,hjl->gihl", grams, grams, precision=HIGHEST)
        written = jnp.where(external, 0, written)
        off = jnp.where(external, self.prior(learner, truth) - truth.weights, 0)
        off = jnp.einsum("gij,j->gi", grams, off, precision=HIGHEST)

        def edit(state, mask):
            covariance, so_far = state
            touched, so_far = mask[:, None, None, None], so_far | mask
            # Left and right by the linear map q -> (C_g sum q if edited, else q_g).
            left = jnp.einsum("gij,jhk->gihk", grams, covariance.sum(0), precision=HIGHEST)
            left = jnp.where(touched, left, covariance)
            both = jnp.einsum("gijk,hkl->gijhl", left.sum(2)[:, :, None], grams, precision=HIGHEST)
            both = jnp.where(mask[:, None], both[:, :, 0], left)
            by_prior = jnp.where(touched | mask[:, None], written, covariance)
            covariance = jnp.where(unchanging, by_prior, both) + jnp.where(touched, noise, 0)
            bias = jnp.sum(jnp.where(so_far[:, None], off, 0), axis=0)
            outputs = _errors(covariance.sum((0, 2)), truth, self.design, bias)
            return (covariance, so_far), outputs | {"edited_fraction": jnp.sum(mask * shares)}

        # An edit of no rows first: its outputs are those of the first fit.
        schedule = jnp.concatenate([jnp.zeros_like(schedule[:1]), schedule])
        return jax.lax.scan(edit, (noise, jnp.zeros_like(schedule[0])), schedule)[1]


@pytree
@dataclass(frozen=True, eq=False)
class RandomMaskExpectation:
    """Editing under fresh exchangeable masks: the mean over masks and noise for one design.

    `inclusion[i]` is P(a row is edited) at edit i and `pair_inclusion[i]` P(two given rows both
    are): rate^2 for independent rows, k (k - 1) / (T (T - 1)) for a uniform subset of k rows.
    Follows the samples x samples covariance of the label noise: cost samples^2 dim for each edit.
    `anchored`, `frozen` and `additive` are those of the regime `Edit`.
    """

    design: GaussianDesign
    inclusion: Float[np.ndarray | Array, " edits"]
    pair_inclusion: Float[np.ndarray | Array, " edits"]
    anchored: Bool[np.ndarray | Array, ""] | bool = False
    frozen: Bool[np.ndarray | Array, ""] | bool = False
    additive: Bool[np.ndarray | Array, ""] | bool = False
    noise_std: float | Float[Array, ""] = 1.0
    dtype: DType = static(default=jnp.float32)

    def __post_init__(self) -> None:
        """Raises ValueError for a number `noise_std` whose square leaves the range of `dtype`."""
        require_noise(self.noise_std, self.dtype)

    @property
    def generations(self) -> int:
        return len(self.inclusion) + 1

    @staticmethod
    def of(
        design: GaussianDesign,
        inclusion: np.ndarray,
        pair_inclusion: np.ndarray,
        variant: str = "chained",
        **options: Any,
    ) -> "RandomMaskExpectation":
        """Chained, anchored, frozen or additive editing."""
        variants = "anchored", "frozen", "additive"
        if variant not in ("chained", *variants):
            raise ValueError(f"variant={variant}: accepted are chained, {', '.join(variants)}")
        flags = {name: np.asarray(variant == name) for name in variants}
        return RandomMaskExpectation(design, inclusion, pair_inclusion, **flags, **options)

    def __call__(self, key: Key[Array, ""]) -> Trace:
        learner = LinearLearner(self.design, self.noise_std, dtype=self.dtype)
        data, truth = learner.human(key)
        assert isinstance(data, Rows)
        q = data.inputs
        human = jnp.eye(q.shape[0], dtype=self.dtype)
        variance = jnp.asarray(self.noise_std, self.dtype) ** 2

        def product(a, b):
            return jnp.matmul(a, b, precision=HIGHEST)

        def output(moment):
            return _errors(variance * product(moment, q), truth, self.design)

        def edit(state, probabilities):
            # S: covariance of the current label noise, in units of its variance, and Q' S. That
            # with the human noise is a I + b Q Q' for ever: `seen` is a + b, what Q keeps of it.
            # An edit is written by the fit to W and keeps rows of B: both the current labels, or
            # one of them the human ones.
            covariance, moment, seen = state
            one, two = probabilities
            kept = jnp.where(self.anchored, human, covariance)
            fitted = jnp.where(
                self.frozen, jnp.eye(q.shape[1], dtype=self.dtype), product(moment, q)
            )
            both = jnp.where(self.anchored | self.frozen, seen * q.T, moment)
            # What every pair of rows has of W, of both, and of both transposed.
            half = product(q, two / 2 * product(fitted, q.T) + (one - two) * both)
            pairs = (1 - 2 * one + two) * kept + half + half.T
            own = jnp.sum(product(q, fitted) * q, axis=1)
            own = (1 - one) * jnp.diag(kept) + one * (own + 1)
            edited = jnp.where(human > 0, own[:, None], pairs)
            covariance = jnp.where(self.additive, covariance + one * human, edited)
            # Edited rows have what their writer sees of the human noise, kept ones their own.
            by, of = jnp.where(self.frozen, 1, seen), jnp.where(self.anchored, 1, seen)
            moment = product(q.T, covariance)
            state = covariance, moment, one * by + (1 - one) * of
            return state, output(moment) | {"edited_fraction": one}

        probabilities = (
            jnp.asarray(self.inclusion, self.dtype),
            jnp.asarray(self.pair_inclusion, self.dtype),
        )
        first = output(q.T) | {"edited_fraction": jnp.zeros((), self.dtype)}
        start = human, q.T, jnp.ones((), self.dtype)
        _, later = jax.lax.scan(edit, start, probabilities)
        return jax.tree.map(lambda a, b: jnp.concatenate([a[None], b]), first, later)


@pytree
@dataclass(frozen=True, eq=False)
class StepwiseExpectation:
    """Editing with less noise, under any masks: they may look at the residual.

    Simulates every edit in units of the label noise, but records of each the mean over its own
    fresh noise: error n is the mean error of the first fit plus the sum of those increments. Parts
    that are linear in the first deviation u_1 are left out: it is independent of all residuals, as
    they do not change when a linear function of the inputs is added to all labels. `frozen` edits
    must choose among the rows of the first edit, by the size of residuals alone, as confident masks
    do: then the signs of what they write are averaged out too. A design costs more than the noise
    on it: a replicate is the mean over several draws of noise on one design.
    """

    design: GaussianDesign
    policy: MaskPolicy
    generations: int = static()
    frozen: Bool[np.ndarray | Array, ""] | bool = False
    noises: int = static(default=1)
    dtype: DType = static(default=jnp.float32)

    def __post_init__(self) -> None:
        """Raises ValueError for `noises` that are no integer >= 1."""
        require_integer("noises", self.noises, 1)

    def __call__(self, key: Key[Array, ""]) -> Trace:
        design_key, noise_key = jax.random.split(key)
        inputs, _ = self.design.orthonormal_rows(design_key, self.dtype)
        keys = jax.random.split(noise_key, self.noises)
        traces = jax.vmap(partial(self._edit, inputs))(keys)
        return jax.tree.map(lambda values: jnp.mean(values, axis=0), traces)

    def _edit(self, inputs: Float[Array, "samples dim"], key: Key[Array, ""]) -> Trace:
        """All edits on one design, beginning with one draw of human labels."""
        human_key, edit_key = jax.random.split(key)
        human = normal(human_key, inputs.shape[:1], self.dtype)
        data = Rows(inputs, human, orthonormal=True)
        leverage = jnp.sum(inputs**2, axis=1)
        first, dim, frozen = data.moment(), self.design.dim, jnp.asarray(self.frozen)

        def edit(state, step):
            labels, written, mean, previous = state
            number, (mask_key, noise_key) = step
            fit = replace(data, labels=labels).moment()
            residual = labels - data.predict(jnp.where(frozen, first, fit)).labels
            mask = self.policy.mask(mask_key, number, jnp.abs(residual), previous)
            gone = replace(data, labels=jnp.where(mask, residual, 0)).moment()
            noise = normal(noise_key, labels.shape, self.dtype)
            written = jnp.where(mask, noise, written)
            own = jnp.sum(leverage * jnp.where(frozen, written**2, mask))
            by_first = jnp.where(number == 1, dim + gone @ gone, mean)
            by_latest = mean - 2 * (fit - first) @ gone + gone @ gone + own
            mean = jnp.where(frozen, by_first, by_latest)
            error = jnp.where(frozen, mean + own, mean)
            labels = labels + jnp.where(mask, noise - residual, 0)
            return (labels, written, mean, mask), (error, jnp.mean(mask, dtype=self.dtype))

        steps = (
            jnp.arange(1, self.generations),
            jax.random.split(edit_key, (self.generations - 1, 2)),
        )
        start, base = self.policy.start(human), jnp.asarray(dim, self.dtype)
        state = human, jnp.zeros_like(human), base, start
        _, (errors, edited) = jax.lax.scan(edit, state, steps)
        scale = self.design.samples - dim - 1
        return {
            "scale_averaged_error": jnp.append(base, errors) / scale,
            "edited_fraction": jnp.append(jnp.zeros_like(base), edited),
        }
