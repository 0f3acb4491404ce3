"""Models of a study: fitted once each, measured on held-out text, kept for a run that goes on."""

from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Key
from tqdm import tqdm

from collapse_sim.language.blocks import Blocks
from collapse_sim.language.fitting import Fitting
from collapse_sim.language.learner import LanguageLearner
from collapse_sim.language.programs import make_mesh
from collapse_sim.language.sampling import Sampler
from collapse_sim.language.training import Parameters, Training
from collapse_sim.language.transformer import TransformerConfig
from collapse_sim.run_directory import RunDirectory
from collapse_sim.workplace import Arrays, Workplace
from experiments.study.settings import StudySettings
from experiments.study.texts import Texts

ROLES = ("student", "generator", "judge", "prior")
"""Models of different roles share no random numbers; arms of students share all."""

FULL = Sampler()
"""The model's own law."""

OWN_BLOCKS = 512
"""Of its own training text that a model is scored on."""

Values = Arrays
"""By measure: a value for each seed, or for `scores/DOMAIN` one for each seed and block."""


@dataclass(frozen=True, eq=False)
class Study:
    """Settings and texts that every arm of a study shares."""

    settings: StudySettings
    texts: Texts
    run: RunDirectory
    bar: tqdm

    @property
    def place(self) -> Workplace:
        return Workplace(self.run, self.bar)

    @property
    def fitting(self) -> Fitting:
        return Fitting(self.place)

    @property
    def seeds(self) -> int:
        return self.settings.seeds

    @property
    def tokens_of_a_fit(self) -> int:
        """Training tokens of all seeds."""
        training = self.training()
        return self.seeds * training.steps * training.batch * self.settings.context

    def learner(
        self,
        size: str | None = None,
        *,
        generation: Sampler = FULL,
        replacement: Sampler = FULL,
        training: Training | None = None,
    ) -> LanguageLearner:
        """A model of the students' size (or another), and the laws it is sampled from."""
        settings = self.settings
        config = TransformerConfig.named(
            size or settings.size, vocabulary=self.texts.vocabulary, context=settings.context
        )
        if jax.default_backend() != "cpu":
            config = config.on(jnp.bfloat16)
        return LanguageLearner(
            config,
            training or self.training(),
            make_mesh(settings.seeds, batch=settings.batch),
            generation=generation,
            replacement=replacement,
        )

    def training(self, blocks: int | None = None, epochs: float | None = None) -> Training:
        """Training by the settings, for a text of so many blocks (default: a role's)."""
        settings = self.settings
        blocks = blocks or len(next(iter(self.texts.roles.values())).blocks)
        steps = max(round((epochs or settings.epochs) * blocks / settings.batch), 1)
        return Training(steps, settings.batch, settings.peak_rate)

    def keys(self, role: str, stage: int) -> Key[Array, " seeds"]:
        """Keys of one stage of a role for every seed: 0 initialises, 1 orders, 2 on draw."""
        root = jax.random.fold_in(jax.random.key(self.settings.seed), ROLES.index(role))
        return jax.random.split(jax.random.fold_in(root, stage), self.seeds)

    def human(self, role: str) -> Blocks:
        """The role's own human text, the same for every seed."""
        return Blocks.of(self.texts.roles[role].blocks, self.seeds)

    def fit(
        self,
        name: str,
        role: str,
        learner: LanguageLearner,
        data: Blocks,
        start: Parameters | None = None,
        *,
        is_read_again: bool = True,
    ) -> Parameters:
        """A model of every seed, from fresh parameters or from `start`."""
        first, order = self.keys(role, 0), self.keys(role, 1)
        state = learner.start(first) if start is None else learner.start_from(first, start)
        fit = partial(self.fitting.fit, is_read_again=is_read_again)
        return fit(name, learner, state, order, data).parameters

    def arm(
        self,
        name: str,
        learner: LanguageLearner,
        data: Blocks,
        start: Parameters | None = None,
        measure: Any = None,
    ) -> Values:
        """Measurements of a student trained on `data`; from the checkpoint where it is there.

        `measure`, a function of the parameters, adds what is special to the arm.
        """

        def make() -> Values:
            parameters = self.fit(name, "student", learner, data, start, is_read_again=False)
            more = {} if measure is None else measure(parameters)
            return self.measured(learner, parameters, data) | more

        values = self.place.once(f"{name}-measures", make)
        self.fitting.forget(name)
        return values

    def measured(self, learner: LanguageLearner, parameters: Parameters, data: Blocks) -> Values:
        """Loss in nats per token: held out by domain, over all, and on the model's own text."""
        values: Values = {}
        for domain, text in self.texts.held_out.items():
            scores = self.block_losses(learner, parameters, Blocks.of(text.blocks, self.seeds))
            values[f"scores/{domain}"] = scores
        every = np.concatenate([v for k, v in values.items() if k.startswith("scores/")], axis=1)
        count = min(OWN_BLOCKS, data.size)
        chosen = np.linspace(0, data.size - 1, count).astype(int)
        own = jax.tree.map(lambda x: np.asarray(x)[:, chosen], data)
        own_loss = self.block_losses(learner, parameters, own).mean(axis=1)
        return values | {"held_out_loss": every.mean(axis=1), "training_loss": own_loss}

    def block_losses(
        self, learner: LanguageLearner, parameters: Parameters, data: Blocks
    ) -> np.ndarray:
        """Mean loss of the scored tokens of every block, (seeds, blocks), in nats per token."""
        losses = -learner.score(parameters, np.asarray(data.labels)).astype(np.float64)
        if data.scored is None:
            return losses.mean(axis=2)
        counted = np.asarray(data.scored)[:, :, 1:]
        return (losses * counted).sum(axis=2) / counted.sum(axis=2)
