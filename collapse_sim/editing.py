"""Editing regimes: positions under a mask take new labels, the others keep theirs."""

from dataclasses import dataclass, replace
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Bool, Int

from collapse_sim.masks import Policy
from collapse_sim.pytree import pytree, require_methods, require_tree
from collapse_sim.regimes import FromHuman, Step, require_data


@pytree
@dataclass(frozen=True)
class Edit(FromHuman):
    """Token-level editing: positions under a mask take synthetic labels, the others are kept.

    Kept from the current data (chained, the published process), or from the human data when
    `anchored`. The latest model writes the labels or, when `frozen`, one that never changes: the
    first fit, or the chain's own `prior`. `additive` adds the synthetic noise to the kept labels
    instead of replacing them.
    """

    policy: Policy
    anchored: Bool[np.ndarray | Array, ""] | bool = False
    additive: Bool[np.ndarray | Array, ""] | bool = False
    frozen: Bool[np.ndarray | Array, ""] | bool = False

    def __post_init__(self):
        require_methods("policy", self.policy, Policy)
        require_tree("policy", self.policy)

    @staticmethod
    def of(policy: Policy, variant: str = "chained") -> "Edit":
        """Chained, anchored, additive or frozen editing."""
        variants = "chained", "anchored", "additive", "frozen"
        if variant not in variants:
            raise ValueError(f"variant={variant}: accepted are {', '.join(variants)}")
        return Edit(policy, **{name: np.asarray(variant == name) for name in variants[1:]})

    def start(self, human, generations):
        del generations
        return human, self.policy.start(human.labels)

    def step(self, key, memory, seen):
        current, human = seen.current, seen.human
        kept = replace(current, labels=jnp.where(self.anchored, human.labels, current.labels))
        drawn = seen.resample(kept) if is_off(self.frozen) else seen.resample(kept, self.frozen)
        mask = self.policy.mask(key, seen.number, drawn.surprise, memory)
        edited = drawn.labels
        if drawn.expected is not None:
            added = kept.labels + drawn.labels - drawn.expected
            edited = jnp.where(self.additive, added, edited)
        touched = mask.reshape(mask.shape + (1,) * (edited.ndim - mask.ndim))
        labels = jnp.where(touched, edited, kept.labels)
        return Step(replace(current, labels=labels), mask, current.share_of(mask))


def is_off(flag: Any) -> bool:
    """True if a flag is known to be False; inside a compiled program no flag is known."""
    return not isinstance(flag, Tracer) and not np.asarray(flag).any()


@pytree
@dataclass(frozen=True)
class EditSubset(FromHuman):
    """Exactly `count` positions, uniformly at random each time, take synthetic labels.

    The others are kept, from the current data or, when `anchored`, from the human data; the data
    exchange labels themselves, so that counts need no positions. Both are data, so that all such
    edits share one compiled program. Raises ValueError for a count that is negative or above the
    positions, and for data that cannot exchange.
    """

    count: Int[np.ndarray | Array, ""] | int
    anchored: Bool[np.ndarray | Array, ""] | bool = False

    def __post_init__(self):
        if isinstance(self.count, int) and self.count < 0:
            raise ValueError(f"count={self.count}: accepted are integers >= 0")

    def start(self, human, generations):
        del generations
        require_data(human, "exchange", "exchange labels")
        if isinstance(self.count, int) and self.count > human.size:
            raise ValueError(f"count={self.count}: accepted are integers from 0 to {human.size}")
        return human, None

    def step(self, key, memory, seen):
        labels = jnp.where(self.anchored, seen.human.labels, seen.current.labels)
        kept = replace(seen.current, labels=labels)
        data = kept.exchange(key, self.count, seen.resample(kept).labels)
        return Step(data, memory, self.count / kept.size)
