"""Regimes: rules that make the data of the next generation from human, current and synthetic data.

A regime does not know what a position holds. `start` gives the first data set and whatever the
regime remembers; a step gives the next ones and the share of positions it edited.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from collapse_sim.pytree import pytree, require_tree, static
from collapse_sim.random_counts import binomial
from collapse_sim.resampled import Resampled

Data = Any
"""Data set of the kind that the learner fits; `labels` holds everything it generates."""

Copies = int | Int[Array, ""] | Float[Array, ""]
"""Size in units of the human data: a whole number or, for sufficient statistics, any number."""


class Generation(NamedTuple):
    """Inputs of a regime when it makes the data of generation `number` + 1.

    Draws are functions, so that only the ones that a regime calls are computed. Each call draws
    anew.
    """

    number: Int[Array, ""] | int
    human: Data
    current: Data
    synthetic: Callable[[], Data]
    """New data of the model's own."""
    resample: Callable[..., Resampled]
    """Data with every position drawn anew: by the latest model or, with True as a second argument,
    by the chain's frozen prior."""
    fresh_human: Callable[[], Data]
    """A new draw of human data."""


class Step(NamedTuple):
    data: Data
    memory: Any
    edited_fraction: Float[Array, ""] | float


@runtime_checkable
class Regime(Protocol):
    def start(self, human: Data, generations: int) -> tuple[Data, Any]: ...

    def copies(self, number: Int[Array, ""] | int) -> Copies:
        """Size of generation `number` + 1, in units of the human data."""
        ...

    def step(self, key: Key[Array, ""], memory: Any, seen: Generation) -> Step: ...


class FromHuman:
    """Base of regimes: start from the human data, generate as many positions, remember nothing."""

    def start(self, human: Data, generations: int) -> tuple[Data, Any]:
        del generations
        return human, None

    def copies(self, number: Int[Array, ""] | int) -> Copies:
        del number
        return 1


@pytree
@dataclass(frozen=True)
class Replace(FromHuman):
    """Full resampling: train on the last model's output alone; `growing`: i^power as much in round
    i."""

    growing: bool = static(default=False)
    power: float = static(default=1.0)

    def copies(self, number):
        if not self.growing:
            return 1
        return number + 1 if self.power == 1 else (number + 1) ** self.power

    def step(self, key, memory, seen):
        del key
        return Step(seen.synthetic(), memory, 1.0)


@pytree
@dataclass(frozen=True)
class Verify(FromHuman):
    """Full resampling through a verifier: the next data are the positions that pass.

    The verifier returns its data with the rejected positions made no data. The first data set, the
    human one, is taken as it is. Raises ValueError for data of which no part can be taken.
    """

    verifier: Callable[[Data], Data]

    def __post_init__(self):
        require_tree("verifier", self.verifier)

    def start(self, human, generations):
        del generations
        require_data(human, "subset", "be taken in part")
        return human.subset(), None

    def step(self, key, memory, seen):
        del key
        return Step(self.verifier(seen.synthetic()), memory, 1.0)


@pytree
@dataclass(frozen=True)
class HumanOnly(FromHuman):
    """The control: the same human data every time."""

    def step(self, key, memory, seen):
        del key
        return Step(seen.human, memory, 0.0)


@pytree
@dataclass(frozen=True)
class KeepHuman(FromHuman):
    """Full resampling, but a share of the positions, drawn anew each time, keeps its human data.

    Always the first human data, never those of the previous generation. Raises ValueError for a
    share outside [0, 1] and for data without positions to choose from.
    """

    human_share: float = static()

    def __post_init__(self):
        if not 0 <= self.human_share <= 1:
            raise ValueError(f"human_share={self.human_share}: accepted is [0, 1]")

    def start(self, human, generations):
        del generations
        require_data(human, "choose", "keep some of their labels", "Rows, Sample")
        return human, None

    def step(self, key, memory, seen):
        human, synthetic = seen.human, seen.synthetic()
        count = round(self.human_share * human.size)
        kept = human.choose(key, count)
        touched = kept.reshape(kept.shape + (1,) * (human.labels.ndim - kept.ndim))
        labels = jnp.where(touched, human.labels, synthetic.labels)
        return Step(replace(synthetic, labels=labels), memory, 1 - count / human.size)


@pytree
@dataclass(frozen=True)
class FreshHuman(FromHuman):
    """Full resampling, but every position is, with chance `human_share`, a fresh human one.

    Raises ValueError for a share outside [0, 1] and for data that cannot exchange labels.
    """

    human_share: float | Float[Array, ""]

    def __post_init__(self):
        if isinstance(self.human_share, int | float) and not 0 <= self.human_share <= 1:
            raise ValueError(f"human_share={self.human_share}: accepted is [0, 1]")

    def start(self, human, generations):
        del generations
        require_data(human, "exchange", "exchange labels")
        return human, None

    def step(self, key, memory, seen):
        count_key, place_key = jax.random.split(key)
        synthetic, share = seen.synthetic(), jnp.asarray(self.human_share, jnp.float32)
        size = jnp.asarray(synthetic.size)
        rarer = binomial(count_key, size, jnp.minimum(share, 1 - share))
        count = jnp.where(share > 0.5, size - rarer, rarer)
        data = synthetic.exchange(place_key, count, seen.fresh_human().labels)
        return Step(data, memory, 1.0)


def require_data(
    human: Data, method: str, can: str, accepted: str = "Rows, Sample, Counts"
) -> None:
    """Raises ValueError, which says what the data cannot, for those without a method."""
    if not hasattr(human, method):
        raise ValueError(
            f"{type(human).__name__} cannot {can}: accepted are {accepted} and other data with "
            f"a method {method}"
        )


@pytree
@dataclass(frozen=True)
class Accumulate(FromHuman):
    """Accumulation: train on the human data and the output of every model so far.

    Raises ValueError for data that cannot be pooled.
    """

    def start(self, human, generations):
        require_data(human, "pool", "be pooled", "Rows, Statistics, Sample, Scatter, Counts")
        return human.pool(generations + 1), None

    def step(self, key, memory, seen):
        del key
        share = seen.number / (seen.number + 1)
        return Step(seen.current.put(seen.synthetic(), seen.number), memory, share)


@pytree
@dataclass(frozen=True)
class AccumulateSubsample(FromHuman):
    """Subsample of everything so far, uniform, of the human data's size.

    Raises ValueError for data of which no subsample can be drawn.
    """

    def start(self, human, generations):
        require_data(human, "subsample", "be subsampled")
        return human.subset(), human.pool(generations + 1)

    def step(self, key, memory, seen):
        size = seen.human.size
        pool = memory.put(seen.synthetic(), seen.number)
        share = seen.number / (seen.number + 1)
        return Step(pool.subsample(key, (seen.number + 1) * size, size), pool, share)


@pytree
@dataclass(frozen=True)
class Mix(FromHuman):
    """Labels averaged with weight `real_weight` on human ones, fresh every round or the same."""

    real_weight: float | Float[Array, ""]
    fresh: bool = static(default=True)

    def __post_init__(self):
        if isinstance(self.real_weight, int | float) and not 0 <= self.real_weight <= 1:
            raise ValueError(f"real_weight={self.real_weight}: accepted is [0, 1]")

    def step(self, key, memory, seen):
        del key
        human = seen.fresh_human() if self.fresh else seen.human
        w = self.real_weight
        labels = w * human.labels + (1 - w) * seen.synthetic().labels
        return Step(replace(seen.human, labels=labels), memory, 1 - w)
