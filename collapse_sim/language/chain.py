"""The one loop on the host: fit, generate, let the regime make the next text; all seeds at once."""

import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Float, Key

from collapse_sim.editing import Edit, is_off
from collapse_sim.language.blocks import Blocks
from collapse_sim.language.editing import changes
from collapse_sim.language.fitting import Fitted, Fitting
from collapse_sim.language.learner import LanguageLearner
from collapse_sim.loop import Past, StepKeys, next_step
from collapse_sim.pytree import require_methods
from collapse_sim.regimes import Regime
from collapse_sim.workplace import Arrays, Workplace

FIRST = "base"
"""Name of the model that all chains of one learner begin with, unless they name another."""


class Trained(NamedTuple):
    """One generation: the model of every seed, and the text it was trained on."""

    model: Fitted
    data: Blocks
    first: Fitted
    """The model of generation 1."""


class Made(NamedTuple):
    """The text of a generation."""

    data: Blocks
    memory: Any
    shares: Arrays
    """What was edited: `edited_fraction` and, of an edit that keeps every token's place, `changed`
    and `eligible` tokens; for each seed."""


def nothing_more(trained: Trained) -> Arrays:
    """No measures but those of the learner."""
    del trained
    return {}


@dataclass(frozen=True, eq=False)
class LanguageChain:
    """Language models trained one after the other under a regime: `Chain`, of which each step here
    takes minutes and is kept.

    Chains of one learner, seeds and measures in one run share their first generation, by the name
    `first`, where it is trained on the human text itself; learners side by side in a run need a
    name each. `measures` adds to what the learner measures of its models. `from_first` begins later
    fits with the parameters of generation 1, not with fresh ones. `prior` writes the edits that are
    frozen: parameters of every seed, made of the learner and its keys; without one, generation 1.
    `seeds_at_once` is for models of which memory does not hold all seeds.

    Raises ValueError for generations < 1 and for a regime that makes no sense for text.
    """

    learner: LanguageLearner
    regime: Regime
    generations: int
    measures: Callable[[Trained], Arrays] = nothing_more
    from_first: bool = False
    prior: Callable[[LanguageLearner, Key[Array, " seeds"]], Any] | None = None
    seeds_at_once: int | None = None
    first: str = FIRST

    def __post_init__(self):
        if self.generations < 1:
            raise ValueError(f"generations={self.generations}: accepted are integers >= 1")
        require_methods("regime", self.regime, Regime)
        self.learner.require(self.regime)

    def on_host(
        self, keys: Key[Array, " seeds"], place: Workplace, name: str
    ) -> dict[str, Float[np.ndarray, "seeds generations"]]:
        """Every measure of every seed and generation; goes on from what the run has kept."""
        if self.seeds_at_once is None:
            return _Running(self, keys, place, name).trace()
        traces = []
        for first in range(0, len(keys), self.seeds_at_once):
            own = keys[first : first + self.seeds_at_once]
            numbers = "+".join(str(first + i) for i in range(len(own)))
            traces.append(_Running(self, own, place, name, f"-seed-{numbers}").trace())
        return {name: np.concatenate([trace[name] for trace in traces]) for name in traces[0]}


class _Beginning(NamedTuple):
    """All that decides generation 1 and its measures, beside the human text of the learner."""

    learner: LanguageLearner
    measures: Callable[[Trained], Arrays]
    keys: Key[Array, " seeds"]

    def is_same(self, other: "_Beginning") -> bool:
        one, two = (np.asarray(jax.random.key_data(own.keys)) for own in (self, other))
        same = self.learner is other.learner and self.measures is other.measures
        return same and np.array_equal(one, two)


@dataclass(frozen=True, eq=False)
class _Running:
    chain: LanguageChain
    keys: Key[Array, " seeds"]
    place: Workplace
    process: str
    seeds: str = ""
    """Which seeds these are, in the names of checkpoints."""

    @property
    def name(self) -> str:
        return self.process + self.seeds

    def trace(self) -> dict[str, np.ndarray]:
        chain, learner = self.chain, self.chain.learner
        human, truth = learner.human(self.keys)
        data, memory = chain.regime.start(human, chain.generations)
        shared = self._shares_first(data is human)
        place = f"{chain.first + self.seeds if shared else self.name}-1"
        first = model = self._first(place, data)
        values = self._measured(place, Trained(model, data, first), truth)
        measured = [values | self._unedited()]
        for number in range(1, chain.generations):
            past = Past(number, human, data, memory, truth)
            data, memory, shares = self._made(past, model, first)
            if number > 1:
                self._fitting.forget(self._name(number))
            if not self._is_over(number + 1):
                model = self._fitted(number + 1, data, first)
            trained = Trained(model, data, first)
            name = f"{self._name(number + 1)}-measures"
            measured.append(self._measured(name, trained, truth) | shares)
        if chain.generations > 1:
            self._fitting.forget(self._name(chain.generations))
        kept = [name for name in measured[-1] if name in measured[0]]
        return {name: np.stack([values[name] for values in measured], axis=1) for name in kept}

    @property
    def _fitting(self) -> Fitting:
        return Fitting(self.place)

    def _name(self, generation: int) -> str:
        return f"{self.name}-{generation}"

    def _stage_keys(self, number: int) -> Key[Array, " seeds"]:
        return jax.vmap(partial(jax.random.fold_in, data=number))(self.keys)

    def _shares_first(self, is_human: bool) -> bool:
        """True if generation 1 is that of the run's first chain of this `first`: same learner,
        seeds, measures."""
        own = _Beginning(self.chain.learner, self.chain.measures, self.keys)
        name = f"beginning of {self.chain.first}{self.seeds}"
        begun = self.place.models.setdefault(name, own)
        return is_human and begun.is_same(own)

    def _first(self, place: str, data: Blocks) -> Fitted:
        """The model of generation 1, fitted once where chains share it."""
        models = self.place.models
        if place not in models:
            models[place] = self._fit(place, 1, data, is_read_again=True)
        return models[place]

    def _fitted(self, generation: int, data: Blocks, first: Fitted) -> Fitted:
        start = first.parameters if self.chain.from_first else None
        return self._fit(self._name(generation), generation, data, start)

    def _fit(
        self,
        name: str,
        generation: int,
        data: Blocks,
        start: Any = None,
        *,
        is_read_again: bool = False,
    ) -> Fitted:
        learner = self.chain.learner
        initial, order = learner.fit_keys(self._stage_keys(generation))
        state = learner.start(initial) if start is None else learner.start_from(initial, start)
        fit = partial(self._fitting.fit, is_read_again=is_read_again)
        return fit(name, learner, state, order, data)

    def _is_over(self, generation: int) -> bool:
        """Tell whether an earlier run left nothing of this generation to be computed."""
        last = generation == self.chain.generations
        return self.place.has(f"{self._name(generation)}-measures") and (
            last or self.place.has(f"{self._name(generation + 1)}-data")
        )

    def _made(self, past: Past, model: Fitted, first: Fitted) -> Made:
        """The text of the generation after `past`."""
        name = self._name(int(past.number) + 1)
        self.place.bar.set_description(f"{name}: data")
        made = self.place.once(f"{name}-data", lambda: self._step(past, model, first))
        shares = {key: made[key] for key in made if key not in ("labels", "pool", "mask")}
        memory = Blocks(made["pool"]) if "pool" in made else made.get("mask", past.memory)
        return Made(Blocks(made["labels"]), memory, shares)

    def _step(self, past: Past, model: Fitted, first: Fitted) -> Arrays:
        chain, stage = self.chain, self._stage_keys(int(past.number))
        draws, choices = (jax.vmap(partial(jax.random.fold_in, data=i))(stage) for i in (0, 1))
        keys = StepKeys(draws, draws, choices)
        prior = chain.prior and chain.prior(chain.learner, self.keys)
        prior = first.parameters if prior is None else prior
        step = next_step(self._watched(), chain.regime, past, model.parameters, keys, prior)
        labels = np.asarray(step.data.labels)
        share = np.broadcast_to(np.asarray(step.edited_fraction, np.float64), len(labels))
        made = {"labels": labels, "edited_fraction": share}
        if isinstance(chain.regime, Edit):
            before = past.data if is_off(chain.regime.anchored) else past.human
            made |= changes(before, Blocks(labels), step.memory)._asdict()
        if isinstance(step.memory, Blocks):
            made["pool"] = np.asarray(step.memory.labels)
        elif step.memory is not None:
            made["mask"] = np.asarray(step.memory)
        return made

    def _watched(self) -> LanguageLearner:
        """The learner, whose sampling the bar shows."""
        began, bar = time.monotonic(), self.place.bar

        def watch(tokens: int) -> None:
            bar.set_postfix_str(f"{tokens / (time.monotonic() - began):,.0f} sampled tokens/s")

        return replace(self.chain.learner, watch=watch)

    def _unedited(self) -> Arrays:
        """Shares of the human text that are edited: none."""
        edits = ("eligible", "changed") if isinstance(self.chain.regime, Edit) else ()
        return {name: np.zeros(len(self.keys)) for name in ("edited_fraction", *edits)}

    def _measured(self, name: str, trained: Trained, truth: Any) -> Arrays:
        """Measures of one generation; from the checkpoint where they are there."""

        def measure() -> Arrays:
            model = trained.model
            own = self.chain.learner.measure(model.parameters, truth)
            return {"training_loss": model.losses, **own} | self.chain.measures(trained)

        return self.place.once(name, measure)
