"""The one loop: fit, generate, let the regime make the next data set."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any, NamedTuple, Protocol, runtime_checkable

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, Key

from collapse_sim.editing import is_off
from collapse_sim.linalg import DType
from collapse_sim.pytree import pytree, require_integer, require_methods, require_tree, static
from collapse_sim.regimes import Copies, Generation, Regime, Step
from collapse_sim.resampled import Resampled

Trace = dict[str, Float[Array, "generations ..."]]
"""Trace of one replicate: a value for each generation under each measure's name. What is reduced
over replicates are numbers; others, as pictures, can be had of single ones."""


@runtime_checkable
class Learner(Protocol):
    """Protocol of a learner. A chain never looks into its data and parameters.

    Whatever it generates has the positions of `like`, in a field `labels` (see regimes.py).
    """

    @property
    def dtype(self) -> DType: ...

    def require(self, regime: Regime) -> None:
        """Raises ValueError for a regime that this learner's data cannot follow."""
        ...

    def human(self, key: Key[Array, ""]) -> tuple[Any, Any]:
        """The human data of one replicate, and the truth behind them."""
        ...

    def fit(self, data: Any, key: Key[Array, ""] | None = None) -> Any:
        """Parameters; the key is for fits that start at random."""
        ...

    def generate(self, key: Key[Array, ""], params: Any, like: Any, copies: Copies = 1, /) -> Any:
        """New data of the model's own, `copies` times as many as `like`."""
        ...

    def resample(self, key: Key[Array, ""], params: Any, data: Any, /) -> Resampled:
        """Draw every position of `data` anew."""
        ...

    def fresh_human(self, key: Key[Array, ""], truth: Any, like: Any, /) -> Any:
        """A new draw of human data."""
        ...

    def measure(self, params: Any, truth: Any, /) -> dict[str, Float[Array, "..."]]:
        """Measures that are recorded of a fit."""
        ...


class Past(NamedTuple):
    """All that a chain has when its latest model is fitted."""

    number: Int[Array, ""] | int
    """The generation of that model."""
    human: Any
    data: Any
    """The data of that model."""
    memory: Any
    truth: Any = None


class StepKeys(NamedTuple):
    """Keys of one step, each for one purpose."""

    synthetic: Key[Array, "..."]
    human: Key[Array, "..."]
    regime: Key[Array, "..."]


FIRST_REDRAW = 2**31
"""Number folded into a key for a second draw: beyond those by which draws split their keys."""


def _keys_of_calls(key: Key[Array, "..."]) -> Iterator[Key[Array, "..."]]:
    """A key for each draw that a regime calls for; the first is `key` itself."""
    fold = jax.random.fold_in
    for _ in key.shape:
        fold = jax.vmap(fold, (0, None))
    yield key
    for number in count(FIRST_REDRAW):
        yield fold(key, jnp.uint32(number))


def next_step(
    learner: Any, regime: Regime, past: Past, params: Any, keys: StepKeys, prior: Any = None
) -> Step:
    """The data of the next generation, as the regime makes them; only what it asks for is drawn.

    `prior` writes the edits that are frozen. Raises ValueError for a regime that makes no Step.
    """

    model_keys, human_keys = _keys_of_calls(keys.synthetic), _keys_of_calls(keys.human)

    def synthetic():
        return learner.generate(next(model_keys), params, past.human, copies)

    def resample(data, frozen=False):
        written_by = params
        if not is_off(frozen):
            written_by = jax.tree.map(partial(jnp.where, frozen), prior, params)
        return learner.resample(next(model_keys), written_by, data)

    def fresh_human():
        return learner.fresh_human(next(human_keys), past.truth, past.human)

    copies = regime.copies(past.number)
    seen = Generation(
        number=past.number,
        human=past.human,
        current=past.data,
        synthetic=synthetic,
        resample=resample,
        fresh_human=fresh_human,
    )
    step = regime.step(keys.regime, past.memory, seen)
    if not isinstance(step, Step):
        raise ValueError(
            f"step of {type(regime).__name__} returns a {type(step).__name__}: accepted is "
            "Step(data, memory, edited_fraction)"
        )
    return step


@pytree
@dataclass(frozen=True, eq=False)
class Chain:
    """Chain of generations: a learner trained again and again under a regime, one replicate of it.

    Generation 1 is the fit on human data. `edited_fraction` of generation n is the share of its
    data that the step before rewrote or, where human data are kept or pooled, that models wrote.
    `prior` makes, of the learner and the truth, the model that writes frozen edits; without one the
    first fit does, and where `prior_writes` is false. That is data: chains of both kinds share a
    program.

    Raises ValueError for generations < 1, for a learner or regime that lacks a method or that JAX
    cannot hold (see pytree.py), for a pair of them that makes no sense, and for `prior_writes`
    without a prior.
    """

    learner: Learner
    regime: Regime
    generations: int = static()
    prior: Callable[[Any, Any], Any] | None = None
    prior_writes: Bool[np.ndarray | Array, ""] | bool | None = None

    def __post_init__(self):
        require_integer("generations", self.generations, 1)
        require_methods("learner", self.learner, Learner)
        require_methods("regime", self.regime, Regime)
        for name in ("learner", "regime", "prior"):
            require_tree(name, getattr(self, name))
        if self.prior is None and self.prior_writes is not None:
            raise ValueError("prior_writes without prior: accepted is beside a prior alone")
        self.learner.require(self.regime)

    def __call__(self, key: Key[Array, ""]) -> Trace:
        learner, regime = self.learner, self.regime
        # One split makes every key, each for one purpose: `fold_in(key, 1)` would be a key that
        # `split(key)` makes as well. The first row's are the human data's. Longer chains extend
        # shorter ones.
        keys = jax.random.split(key, (self.generations + 1, 4))
        human, truth = learner.human(keys[0, 0])
        first, memory = regime.start(human, self.generations)
        prior = self._prior(first, truth, keys[1, 0])

        def generation(state, step):
            data, memory, edited_fraction = state
            number, step_keys = step
            fit_key, synthetic_key, human_key, regime_key = step_keys
            params = learner.fit(data, fit_key)
            measured = _require_measures(learner, learner.measure(params, truth))
            outputs = measured | {"edited_fraction": edited_fraction}
            past = Past(number, human, data, memory, truth)
            keys = StepKeys(synthetic_key, human_key, regime_key)
            step = next_step(learner, regime, past, params, keys, prior)
            _require_same_kinds(regime, "data", data, step.data)
            _require_same_kinds(regime, "memory", memory, step.memory)
            edited_fraction = jnp.asarray(step.edited_fraction, edited_fraction.dtype)
            return (step.data, step.memory, edited_fraction), outputs

        state = (first, memory, jnp.zeros((), learner.dtype))
        numbers = jnp.arange(1, self.generations + 1)
        return jax.lax.scan(generation, state, (numbers, keys[1:]))[1]

    def _prior(self, first: Any, truth: Any, key: Key[Array, ""]) -> Any:
        """Parameters of the model that writes frozen edits; None for a regime that has none."""
        if is_off(getattr(self.regime, "frozen", False)):
            return None
        if self.prior is None:
            return self.learner.fit(first, key)
        made = self.prior(self.learner, truth)
        if self.prior_writes is None:
            return made
        fit = self.learner.fit(first, key)
        return jax.tree.map(partial(jnp.where, self.prior_writes), made, fit)


def _require_measures(learner: Any, measured: Any) -> dict[str, Any]:
    if not isinstance(measured, dict):
        raise ValueError(
            f"measure of {type(learner).__name__} returns a {type(measured).__name__}: accepted is "
            "a dictionary with a number under each measure's name"
        )
    if "edited_fraction" in measured:
        raise ValueError(
            f"measure of {type(learner).__name__} returns edited_fraction: accepted are other "
            "names, as the regime reports that one"
        )
    return measured


def _require_same_kinds(regime: Any, name: str, before: Any, after: Any) -> None:
    """Raise ValueError for what a regime makes larger, smaller or otherwise from step to step."""
    (old, tree), (new, other) = jax.tree.flatten(before), jax.tree.flatten(after)
    kinds, others = [list(map(jax.typeof, leaves)) for leaves in (old, new)]
    same = tree == other and all(
        first.shape == then.shape and (first.weak_type or first.dtype == then.dtype)
        for first, then in zip(kinds, others, strict=True)
    )
    if not same:
        shown, accepted = (", ".join(map(str, one)) for one in (others, kinds))
        raise ValueError(
            f"step of {type(regime).__name__} makes {name} of {shown}: accepted is what `start` "
            f"makes, {accepted}, in every generation"
        )
