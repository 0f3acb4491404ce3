"""Tokens that an edit touches, and the published script's ways to treat them."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Key

from collapse_sim.editing import Edit
from collapse_sim.language.blocks import Blocks
from collapse_sim.pytree import pytree, static
from collapse_sim.random import uniform
from collapse_sim.regimes import Generation, Step


@dataclass(frozen=True)
class TokenRule:
    """Edit the tokens whose probability is at least `above`, or at most `below`, or both.

    `above_share` gives the upper threshold as a share: the most probable tokens of each seed.
    Token-level editing as published is above = 0.99 (Zhu et al. 2025, equation 2). `blind_share`
    edits that share of the tokens at random, whatever they are: each with that probability.
    """

    above: float | None = None
    below: float | None = None
    above_share: float | None = None
    blind_share: float | None = None

    def __post_init__(self):
        for name in ("above", "below", "above_share", "blind_share"):
            value = getattr(self, name)
            if value is not None and not 0 <= value <= 1:
                raise ValueError(f"{name}={value}: accepted is [0, 1]")
        if self.above is not None and self.above_share is not None:
            raise ValueError(f"above={self.above}: accepted without above_share")

    def start(self, labels: Array | np.ndarray) -> None:
        """Nothing is remembered."""
        del labels

    def mask(
        self,
        key: Key[Array, "..."],
        generation: int,
        surprise: Float[Array | np.ndarray, "seeds blocks time"],
        previous: Any,
    ) -> Bool[Array | np.ndarray, "seeds blocks time"]:
        """Surprise is -log P(token); where it is nan nothing is edited."""
        del generation, previous
        mask = jnp.zeros(surprise.shape, bool)
        # In float32 -log P of the thresholds themselves is as inexact as that of the tokens.
        if self.above is not None:
            mask |= jnp.exp(-surprise) >= np.float32(self.above)
        if self.above_share is not None:
            least = jnp.nanquantile(surprise, self.above_share, axis=(1, 2), keepdims=True)
            mask |= surprise <= least
        if self.below is not None:
            mask |= jnp.exp(-surprise) <= np.float32(self.below)
        if self.blind_share is not None:
            numbers = jax.vmap(lambda own: uniform(own, surprise.shape[1:], jnp.float32))(key)
            mask |= (numbers < np.float32(self.blind_share)) & ~jnp.isnan(surprise)
        return mask


class Changes(NamedTuple):
    """Changes that a step made, as shares of all tokens of each seed."""

    eligible: Float[np.ndarray, " seeds"]
    """Under the mask; the new draw may be the old token."""
    changed: Float[np.ndarray, " seeds"]
    """Different from before."""


def changes(before: Blocks, after: Blocks, mask: Bool[Array, "seeds blocks time"]) -> Changes:
    """Eligible and changed tokens of an edit that kept every position."""
    different = np.asarray(after.labels) != np.asarray(before.labels)
    return Changes(np.asarray(mask).mean(axis=(1, 2)), different.mean(axis=(1, 2)))


@pytree
@dataclass(frozen=True)
class EditAndDrop:
    """An edit that also deletes the tokens whose probability was at most `below`.

    The published script's `low_drop_up_revise` (an edit above, a drop below) and `filter` (an edit
    that touches nothing). The paper does not mention the deletion. What is left is packed anew.
    Raises ValueError for a probability outside [0, 1] and for data that are no tokens.
    """

    edit: Edit
    below: float = static()

    def __post_init__(self):
        if not 0 <= self.below <= 1:
            raise ValueError(f"below={self.below}: accepted is [0, 1]")

    def start(self, human: Any, generations: int) -> tuple[Any, Any]:
        if not isinstance(human, Blocks):
            raise ValueError(f"{type(human).__name__} have no tokens to drop: accepted are Blocks")
        return self.edit.start(human, generations)

    def copies(self, number) -> int:
        return 1

    def step(self, key: Key[Array, " seeds"], memory: Any, seen: Generation) -> Step:
        drawn = []

        def resample(data):
            drawn.append(seen.resample(data))
            return drawn[0]

        # What was deleted before makes texts of two sizes: the edit is shown the one it keeps.
        kept = seen.human if self.edit.anchored else seen.current
        shown = seen._replace(human=kept, current=kept, resample=resample)
        step = self.edit.step(key, memory, shown)
        dropped = np.exp(-np.asarray(drawn[0].surprise)) <= np.float32(self.below)
        return step._replace(data=drop(step.data, dropped))


def drop(data: Blocks, dropped: Bool[np.ndarray, "seeds blocks time"]) -> Blocks:
    """The text without some tokens, packed anew into as many whole blocks as every seed has.

    Raises ValueError when not one block is left, and where only some tokens are scored.
    """
    if data.scored is not None:
        raise ValueError("scored: accepted are texts without, as packing moves tokens")
    seeds, _, time = data.labels.shape
    kept = [np.asarray(data.labels[seed])[~dropped[seed]] for seed in range(seeds)]
    blocks = min(len(tokens) for tokens in kept) // time
    if blocks < 1:
        raise ValueError(f"dropped tokens leave {min(map(len, kept))}: accepted are >= {time}")
    return Blocks(np.stack([tokens[: blocks * time].reshape(blocks, time) for tokens in kept]))


jax.tree_util.register_static(TokenRule)
