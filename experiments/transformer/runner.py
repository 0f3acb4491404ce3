"""Runs every arm generation by generation; goes on from a checkpoint at any point of a fit."""

import time
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from tqdm import tqdm

from collapse_sim.language import measures
from collapse_sim.language.blocks import Blocks
from collapse_sim.language.editing import changes
from collapse_sim.language.learner import END_OF_TEXT, LanguageLearner, make_mesh
from collapse_sim.language.sampling import Sampler
from collapse_sim.language.training import Training
from collapse_sim.language.transformer import TransformerConfig
from collapse_sim.regimes import Generation
from collapse_sim.run_directory import RunDirectory
from experiments.fitting import Fitting
from experiments.transformer.settings import Settings
from experiments.transformer.world import World, make_regime, root_key

SUMMARY_BLOCKS = 2048
"""Most blocks of each seed whose text is measured."""

Values = dict[str, np.ndarray]
"""One value for each seed under each measure's name."""


@dataclass(frozen=True)
class Row:
    """What was measured of one generation of one arm."""

    regime: str
    generation: int
    values: Values


def make_learner(settings: Settings, world: World, devices: list | None = None) -> LanguageLearner:
    """The model, how it is trained, and the laws it is sampled from."""
    config = TransformerConfig.named(
        settings.size, vocabulary=world.vocabulary, context=settings.context
    )
    if jax.default_backend() != "cpu":
        config = config.on(jnp.bfloat16)
    blocks = len(world.train)
    steps = max(round(settings.epochs * blocks / settings.batch), 1)
    return LanguageLearner(
        config,
        Training(steps, settings.batch, settings.peak_rate),
        make_mesh(settings.seeds, devices),
        generation=Sampler(settings.temperature, settings.top_k, settings.top_p),
        replacement=Sampler(
            settings.edit_temperature,
            settings.edit_top_k,
            settings.edit_top_p,
            settings.edit_reject,
        ),  # fmt: skip
        prompt=settings.prompt,
        end_of_text=None if world.oracle else END_OF_TEXT,
    )


@dataclass(eq=False)
class Runner:
    """All arms of a run. Arms share initialisation and batch order, so differences are paired."""

    settings: Settings
    world: World
    learner: LanguageLearner
    run: RunDirectory
    bar: tqdm

    def __post_init__(self):
        settings = self.settings
        self.human = self.world.human(settings.seeds)
        self.keys = jax.random.split(root_key(settings.seed, "chains"), settings.seeds)
        self.fitting = Fitting(self.run, self.bar)
        self.base: Any = None

    def rows(self) -> Iterator[Row]:
        """Every generation of every arm; the first generation is the same for all."""
        self.base = self._fit("base", 1, self.human)
        first = self._measured("base", 1, self.human, self.base, {})
        for name in self.settings.regimes:
            yield Row(name, 1, first)
            yield from self._arm(name)

    def _arm(self, name: str) -> Iterator[Row]:
        settings = self.settings
        regime = make_regime(settings, name)
        data, memory = regime.start(self.human, settings.generations)
        parameters = self.base
        for number in range(1, settings.generations):
            data, memory, told = self._next(name, regime, number, data, memory, parameters)
            if number > 1:
                self.fitting.forget(f"{name}-{number}")
            if not self._is_over(name, number + 1):
                parameters = self._fit(name, number + 1, data)
            values = self._measured(name, number + 1, data, parameters, told)
            yield Row(name, number + 1, values)
        self.fitting.forget(f"{name}-{settings.generations}")

    def _is_over(self, name: str, generation: int) -> bool:
        """Whether an earlier run left nothing of this generation to be computed."""
        last = generation == self.settings.generations
        return self.run.has_checkpoint(f"{name}-{generation}-measures") and (
            last or self.run.has_checkpoint(f"{name}-{generation + 1}-data")
        )

    def _stage_keys(self, number: int, stage: int):
        """Keys of one stage of one generation for every seed, the same in every arm."""
        fold = jax.vmap(lambda key: jax.random.fold_in(jax.random.fold_in(key, number), stage))
        return fold(self.keys)

    def _next(self, name, regime, number, data, memory, parameters):
        """The regime's verb: the data of generation number + 1."""
        place = f"{name}-{number + 1}-data"
        saved = self.run.load_checkpoint(place)
        if saved is not None:
            told = {key: saved[key] for key in saved if key not in ("labels", "memory")}
            pool = Blocks(saved["memory"]) if "memory" in saved else memory
            return Blocks(saved["labels"]), pool, told
        self.bar.set_description(f"{name} {number + 1}: data")
        keys = self._stage_keys(number, 0)
        seen = Generation(
            number=number,
            human=self.human,
            current=data,
            synthetic=partial(self._generate, keys, parameters),
            resample=partial(self.learner.resample, keys, parameters),
            fresh_human=lambda: self.human,
        )
        step = regime.step(self._stage_keys(number, 1), memory, seen)
        told = {}
        if name.startswith("edit"):
            before = self.human if name.endswith("anchored") else data
            if step.data.labels.shape == before.labels.shape:
                told = changes(before, step.data, step.memory)._asdict()
        made = Blocks(np.asarray(step.data.labels))
        arrays = {"labels": made.labels, **told}
        if isinstance(step.memory, Blocks):
            arrays["memory"] = np.asarray(step.memory.labels)
        self.run.save_checkpoint(place, arrays)
        return made, step.memory, told

    def _generate(self, keys, parameters) -> Blocks:
        parts, start = [], time.monotonic()
        for done, part in self.learner.generate_in_parts(keys, parameters, self.human):
            parts.append(part)
            made = done * part.shape[0] * part.shape[2]
            self.bar.set_postfix_str(f"{made / (time.monotonic() - start):,.0f} sampled tokens/s")
        return Blocks(np.concatenate(parts, axis=1))

    def _fit(self, name: str, generation: int, data: Blocks) -> Any:
        """Parameters of one generation for every seed."""
        learner, place = self.learner, f"{name}-{generation}"
        init_keys, order_keys = (self._stage_keys(generation, stage) for stage in (2, 3))
        if self.base is not None and self.settings.init == "base":
            state = learner.start_from(init_keys, self.base)
        else:
            state = learner.start(init_keys)
        fitted = self.fitting.fit(place, learner, state, order_keys, data)
        self.last_losses = fitted.losses
        return fitted.parameters

    def _measured(
        self, name: str, generation: int, data: Blocks, parameters: Any, told: Values
    ) -> Values:
        """Everything measured of one generation; from the checkpoint where it is there."""
        place = f"{name}-{generation}-measures"
        saved = self.run.load_checkpoint(place)
        if saved is not None:
            return saved
        seeds = self.settings.seeds
        values: Values = {"training_loss": np.asarray(self.last_losses), **told}
        total, count = np.zeros(seeds), 0
        for domain, blocks in self.world.held_out.items():
            tokens = np.broadcast_to(blocks, (seeds, *blocks.shape))
            scores = self.learner.score(parameters, tokens).astype(np.float64)
            values[f"held_out_loss/{domain}"] = -scores.mean(axis=(1, 2))
            total, count = total - scores.sum(axis=(1, 2)), count + scores[0].size
        values["held_out_loss"] = total / count
        # Evenly over the text, and equally much of every text: distinct n-grams depend on it.
        count = min(SUMMARY_BLOCKS, self.human.size, data.size)
        chosen = np.linspace(0, data.size - 1, count).astype(int)
        few = np.asarray(data.labels)[:, chosen]
        text = [measures.summary(tokens, self.world.counts) for tokens in few]
        values |= {key: np.array([one[key] for one in text]) for key in text[0]}
        values |= self._under_first_model(few)
        values |= self._against_oracle(data, parameters)
        self.run.save_checkpoint(place, values)
        return values

    def _against_oracle(self, data: Blocks, parameters: Any) -> Values:
        """Exact test error and true tail mass, where the true law is known."""
        source = self.world.oracle
        if source is None:
            return {}
        (held_out,) = self.world.held_out.values()
        laws = self.learner.laws(parameters, held_out)
        tails = [source.tail_mass(np.asarray(tokens)) for tokens in data.labels]
        return {
            "kl": np.array([float(source.kl(held_out, law)) for law in laws]),
            "oracle_tail_mass": np.array(tails, float),
        }

    def _under_first_model(self, tokens: np.ndarray) -> Values:
        """The text as the first model of its seed sees it."""
        scores = np.minimum(self.learner.score(self.base, tokens).astype(np.float64), 0)
        perplexities = [measures.block_perplexities(own) for own in scores]
        levels = (0.05, 0.5, 0.95)
        found = np.stack([measures.quantiles(own, levels) for own in perplexities])
        values = {f"block_perplexity/q{100 * q:02.0f}": found[:, i] for i, q in enumerate(levels)}
        deciles = np.stack([measures.probability_histogram(np.exp(own)) for own in scores])
        return values | {f"probability/{i}": deciles[:, i] for i in range(10)}


def total_tokens(settings: Settings, learner: LanguageLearner) -> int:
    """Training tokens of a whole run: what the progress bar counts."""
    fits = 1 + len(settings.regimes) * (settings.generations - 1)
    return fits * settings.seeds * learner.training.steps * settings.batch * settings.context
