"""Masks: the positions that an edit touches.

A schedule (one row of booleans for each edit) is known in advance; a mask policy adds what is drawn
or decided while the process runs.
"""

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Bool, Float, Int, Key, Shaped, UInt32

from collapse_sim.pytree import pytree, require_integer
from collapse_sim.random import bits

Schedule = Bool[np.ndarray, "edits samples"]


def _count(samples: int, fraction: float) -> int:
    if not 0 <= fraction <= 1:
        raise ValueError(f"fraction={fraction}: accepted is [0, 1]")
    return round(fraction * samples)


def _whole(samples: int, edits: int) -> Schedule:
    """Schedule of edits of all rows; raises ValueError for sizes that are no integers >= 1."""
    require_integer("samples", samples, 1)
    require_integer("edits", edits, 1)
    return np.ones((edits, samples), bool)


def single(samples: int, edits: int, fraction: float) -> Schedule:
    """Schedule of one edit of a share of the rows, then none."""
    schedule = fixed(samples, edits, fraction)
    schedule[1:] = False
    return schedule


def fixed(samples: int, edits: int, fraction: float) -> Schedule:
    """Schedule that edits the same share of the rows every time."""
    return _whole(samples, edits) & (np.arange(samples) < _count(samples, fraction))


def disjoint(
    samples: int, edits: int, fraction: float = 1.0, blocks: int | None = None
) -> Schedule:
    """A share of the rows in `blocks` equal disjoint blocks (default `edits`) edited in turn.

    Block sizes differ by at most one row; with more edits than blocks nothing is edited after
    the last one.
    """
    whole = _whole(samples, edits)
    blocks = edits if blocks is None else blocks
    require_integer("blocks", blocks, 1)
    owner = np.full(samples, -1)
    for block, rows in enumerate(np.array_split(np.arange(_count(samples, fraction)), blocks)):
        owner[rows] = block
    return whole & (owner == np.arange(edits)[:, None])


def geometric_counts(samples: int, edits: int, fraction: float, decay: float) -> tuple[int, ...]:
    """Rows edited by each of `edits` edits: a share, then `decay` times as many each time."""
    require_integer("edits", edits, 1)
    if not 0 < decay < 1:
        raise ValueError(f"decay={decay}: accepted is (0, 1)")
    return tuple(round(_count(samples, fraction) * decay**edit) for edit in range(edits))


def blocks_of(
    schedule: Schedule,
) -> tuple[Int[np.ndarray, " blocks"], Bool[np.ndarray, "edits blocks"]]:
    """Rows of each distinct mask history, and the schedule of those blocks."""
    histories, sizes = np.unique(schedule, axis=1, return_counts=True)
    return sizes, histories.astype(bool)


@runtime_checkable
class Policy(Protocol):
    """Protocol of a mask policy.

    One that never looks at `surprise` may say so, by `looks_at_residuals = False`: then it takes
    data that have none.
    """

    def start(self, labels: Array) -> Any:
        """First `previous`; after an edit, `previous` is the mask of that edit."""
        ...

    def mask(self, key: Any, generation: Any, surprise: Any, previous: Any) -> Any:
        """The positions that this edit touches."""
        ...


@pytree
@dataclass(frozen=True, eq=False)
class MaskPolicy:
    """Positions that meet every condition of their edit: on the schedule, confident, and drawn.

    All conditions are data, one entry for each edit, so that one compiled program serves every
    policy. Surprise is |residual| in units of the noise; low surprise is high confidence. After
    the last entry nothing is edited.
    """

    schedule: Bool[np.ndarray | Array, "edits positions"]
    """Positions that may be edited."""
    rate: Float[np.ndarray | Array, " edits"]
    """Chance of each scheduled position to be edited, independently."""
    count: Int[np.ndarray | Array, " edits"]
    """Number of positions edited instead, uniformly at random among all; -1 to go by the rate."""
    least: Float[np.ndarray | Array, " edits"]
    """Smallest surprise edited, exclusive."""
    most: Float[np.ndarray | Array, " edits"]
    """Largest surprise edited."""
    nested: Bool[np.ndarray | Array, ""]
    """True if a position once kept is kept for ever."""

    @staticmethod
    def of(
        schedule: np.ndarray,
        *,
        rate: float = 1.0,
        counts: tuple[int, ...] | None = None,
        least: float = -1.0,
        most: float = np.inf,
        nested: bool = False,
    ) -> "MaskPolicy":
        """A policy with the same conditions at every edit; raises ValueError for unusable ones."""
        schedule = np.asarray(schedule)
        if schedule.ndim != 2 or not schedule.size or not np.isin(schedule, (0, 1)).all():
            raise ValueError(
                f"mask schedule of shape {schedule.shape}: accepted are arrays of 0 and 1 with one "
                "row for each edit and one column for each row of data"
            )
        if not 0 <= rate <= 1:
            raise ValueError(f"rate={rate}: accepted is [0, 1]")
        edits, positions = schedule.shape
        count = np.full(edits, -1) if counts is None else np.asarray(counts)
        whole = count.shape == (edits,) and count.dtype.kind in "iu"
        within = whole and (count >= 0).all() and (count <= positions).all()
        if counts is not None and not within:
            raise ValueError(
                f"counts={counts}: accepted are {edits} integers from 0 to {positions}"
            )
        return MaskPolicy(
            schedule.astype(bool),
            np.full(edits, rate),
            count.astype(np.int32),
            np.full(edits, least),
            np.full(edits, most),
            np.asarray(nested),
        )

    def start(self, labels: Shaped[Array, "positions ..."]) -> Bool[Array, " positions"]:
        """Raises ValueError when the schedule is of another number of positions."""
        positions = labels.shape[0]
        if self.schedule.shape[1] != positions:
            raise ValueError(
                f"mask schedule has {self.schedule.shape[1]} columns: accepted is one for each of "
                f"the {positions} positions"
            )
        return jnp.ones(positions, bool)

    @property
    def looks_at_residuals(self) -> bool:
        """True if any position is chosen by its surprise; False inside a compiled program."""
        if isinstance(self.most, Tracer):
            return False
        return bool(np.isfinite(self.most).any() or (np.asarray(self.least) >= 0).any())

    def mask(
        self,
        key: Key[Array, ""],
        generation: Int[Array, ""],
        surprise: Float[Array, " positions"],
        previous: Bool[Array, " positions"],
    ) -> Bool[Array, " positions"]:
        """The mask of the edit before fit `generation` + 1."""
        edits = self.schedule.shape[0]
        at = jnp.minimum(generation, edits) - 1
        count, rate = jnp.asarray(self.count)[at], jnp.asarray(self.rate, surprise.dtype)[at]
        # Drawn only where chance decides: a draw costs as much as the noise of an edit.
        drawn = jax.lax.switch(
            jnp.where(count >= 0, 2, jnp.int32(rate < 1)),
            (
                lambda: jnp.ones(previous.shape, bool),
                lambda: _as_unit(bits(key, previous.shape)) < rate,
                lambda: random_subset(key, previous.shape[0], count),
            ),
        )
        least, most = (jnp.asarray(x, surprise.dtype)[at] for x in (self.least, self.most))
        mask = jnp.asarray(self.schedule)[at] & drawn & (surprise > least) & (surprise <= most)
        return mask & (previous | ~jnp.asarray(self.nested)) & (generation <= edits)


def looks_at_surprise(policy: Policy) -> bool:
    """True if any position is, or may be, chosen by its surprise."""
    return getattr(policy, "looks_at_residuals", True)


def _as_unit(words: UInt32[Array, "*shape"]) -> Float[Array, "*shape"]:
    """Random bits as numbers in [0, 1): 24 of them, which float32 holds exactly."""
    return (words >> 8).astype(jnp.float32) * jnp.float32(2**-24)


def _smallest_bits(words: UInt32[Array, " positions"], count: Int[Array, ""]) -> UInt32[Array, ""]:
    """Threshold below or at which exactly `count` of the bits lie (ties, of chance 2^-32, aside).

    Bisection: a sort is an order of magnitude slower on the CPU.
    """

    def halve(step, threshold):
        trial = threshold | (jnp.uint32(1) << jnp.uint32(31 - step))
        return jnp.where(jnp.sum(words < trial) < count, trial, threshold)

    return jax.lax.fori_loop(0, 32, halve, jnp.uint32(0))


def random_subset(
    key: Key[Array, ""], size: int, count: int | Int[Array | np.ndarray, ""]
) -> Bool[Array, " size"]:
    """A uniformly random subset of exactly `count` of `size` positions."""
    words = bits(key, (size,))
    return (words <= _smallest_bits(words, jnp.int32(count))) & (count > 0)


def random_masks(samples: int, edits: int, rate: float) -> MaskPolicy:
    """A fresh mask each time: every row independently with probability `rate`."""
    return MaskPolicy.of(_whole(samples, edits), rate=rate)


def random_subsets(samples: int, counts: tuple[int, ...]) -> MaskPolicy:
    """A fresh uniformly random subset each time, of `counts[i]` rows at edit i."""
    return MaskPolicy.of(_whole(samples, max(np.size(counts), 1)), counts=counts)


def confident(
    samples: int, edits: int, threshold: float, *, nested: bool = False, unconfident: bool = False
) -> MaskPolicy:
    """Rows with surprise at most `threshold` (or above it, when `unconfident`).

    `nested`: a row once kept is kept for ever; otherwise rows re-enter when the fit moves.
    """
    if not threshold >= 0:
        raise ValueError(f"threshold={threshold}: accepted are numbers >= 0")
    least, most = (threshold, np.inf) if unconfident else (-1.0, threshold)
    return MaskPolicy.of(_whole(samples, edits), nested=nested, least=least, most=most)
