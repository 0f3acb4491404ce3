"""Human text under the prior: its probabilities, and the text after every kind of edit."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import NamedTuple

import jax
import numpy as np

from collapse_sim.editing import Edit
from collapse_sim.language import measures
from collapse_sim.language.blocks import Blocks
from collapse_sim.language.editing import Changes, EditAndDrop, TokenRule, changes
from collapse_sim.language.learner import LanguageLearner
from collapse_sim.language.sampling import Sampler
from collapse_sim.language.training import Parameters
from collapse_sim.loop import Past, StepKeys, next_step
from collapse_sim.regimes import Regime, Step
from experiments.editing.settings import RULES, TokenEditingSettings
from experiments.study.study import FULL, Study, Values

PASSES = 3
BLOCKS = 256
"""Of the student's human text, most that are looked at."""
BETAS = (1.0, 1.5)
NOTHING = TokenRule()
"""Edits no token."""

SAMPLERS = {
    "full": FULL,
    "top-k 8": Sampler(top_k=8),
    "top-k 64": Sampler(top_k=64),
    "top-p 0.9": Sampler(top_p=0.9),
    "rejection": Sampler(reject_current=True),
}


class Strategy(NamedTuple):
    """One of the authors' script: what is edited with which temperature, and what is deleted."""

    edits: bool
    beta: float
    drops: bool


STRATEGIES = {
    "up_revise": Strategy(True, 1.5, False),
    "low_drop_up_revise": Strategy(True, 1.0, True),
    "filter": Strategy(False, 1.0, True),
}


@dataclass(frozen=True, eq=False)
class Prior:
    """A frozen model that edits; each seed has its own."""

    study: Study
    settings: TokenEditingSettings
    learner: LanguageLearner
    parameters: Parameters

    @property
    def rule(self) -> TokenRule:
        return TokenRule(above=self.settings.edit_above)

    @property
    def sampler(self) -> Sampler:
        return Sampler(self.settings.edit_temperature, self.settings.edit_top_k)

    def edited(self, data: Blocks, rule: TokenRule | None = None) -> tuple[Blocks, Changes]:
        """The text after one pass as the settings say, and what changed."""
        step = self.step(Edit.of(rule or self.rule), self.sampler, data, data)
        after = Blocks(np.asarray(step.data.labels), data.scored)
        return after, changes(data, after, step.memory)

    def step(
        self, regime: Regime, sampler: Sampler, human: Blocks, current: Blocks, number: int = 1
    ) -> Step:
        """One pass of a regime over text."""
        learner = replace(self.learner, replacement=sampler)
        drawn, chosen = jax.vmap(jax.random.split, out_axes=1)(self.study.keys("prior", 1 + number))
        past = Past(number, human, current, None)
        return next_step(learner, regime, past, self.parameters, StepKeys(drawn, drawn, chosen))

    def loss(self, data: Blocks) -> np.ndarray:
        """Mean -log P of a text for every seed, in nats per token."""
        return self.study.block_losses(self.learner, self.parameters, data).mean(axis=1)


def train_prior(study: Study, settings: TokenEditingSettings) -> Prior:
    """The prior of every seed, fitted to its own documents."""
    learner = prior_learner(study, settings)
    parameters = study.fit("prior", "prior", learner, study.human("prior"))
    return Prior(study, settings, learner, parameters)


def prior_learner(study: Study, settings: TokenEditingSettings) -> LanguageLearner:
    blocks = len(study.texts.roles["prior"].blocks)
    training = study.training(blocks, settings.prior_epochs)
    return study.learner(settings.prior_size, training=training)


def tables(prior: Prior) -> Iterator[tuple[str, Values]]:
    """Measurements by arm of the student's human text, which the prior has not seen."""
    study = prior.study
    text = study.texts.roles["student"]
    human = Blocks.of(text.cut(BLOCKS * text.blocks.shape[1]).blocks, study.seeds)

    def kept(name: str, measure: Callable[[], Values]) -> tuple[str, Values]:
        study.bar.set_description(name)
        return name, study.place.once(f"table-{name.replace(' ', '-')}", measure)

    def of_prior() -> Values:
        return study.measured(prior.learner, prior.parameters, study.human("prior"))

    yield kept("prior", of_prior)
    yield kept("human", lambda: _human(prior, human))
    for name, variant, sampler in (
        ("chained", "chained", prior.sampler),
        ("anchored", "anchored", prior.sampler),
        ("chained beta 1.5", "chained", replace(prior.sampler, temperature=1.5)),
    ):
        yield kept(name, partial(_passes, prior, human, variant, sampler))
    for name, sampler in SAMPLERS.items():
        for beta in BETAS:
            tempered = replace(sampler, temperature=beta)
            yield kept(f"{name} beta {beta:g}", partial(_sampled, prior, human, tempered))
    for name, strategy in STRATEGIES.items():
        yield kept(name, partial(_strategy, prior, human, strategy))


def _human(prior: Prior, human: Blocks) -> Values:
    """Deciles of P(token), and the share of all tokens that each rule would edit."""
    keys = prior.study.keys("prior", 2)
    surprise = np.asarray(prior.learner.resample(keys, prior.parameters, human).surprise)
    rules = {name: TokenRule(**rule) for name, rule in RULES.items()}
    values = {
        f"eligible/{name}": np.asarray(rule.mask(keys[0], 1, surprise, None)).mean(axis=(1, 2))
        for name, rule in rules.items()
    }
    known = [np.exp(-own[~np.isnan(own)]) for own in surprise]
    deciles = np.stack([measures.probability_histogram(own) for own in known])
    values |= {f"probability/{i}": deciles[:, i] for i in range(10)}
    values["last_tenth_rise"] = deciles[:, 9] - deciles[:, 8]
    return values | {"loss": prior.loss(human)}


def _passes(prior: Prior, human: Blocks, variant: str, sampler: Sampler) -> Values:
    """Shares and losses by seed and pass."""
    passes, data, regime = [], human, Edit.of(prior.rule, variant)
    for number in range(1, PASSES + 1):
        before = human if variant == "anchored" else data
        step = prior.step(regime, sampler, human, data, number)
        data = Blocks(np.asarray(step.data.labels))
        passes.append(changes(before, data, step.memory)._asdict() | {"loss": prior.loss(data)})
    return {name: np.stack([own[name] for own in passes], axis=1) for name in passes[0]}


def _sampled(prior: Prior, human: Blocks, sampler: Sampler) -> Values:
    step = prior.step(Edit.of(prior.rule), sampler, human, human)
    data = Blocks(np.asarray(step.data.labels))
    found = changes(human, data, step.memory)
    share = found.changed / np.maximum(found.eligible, 1 / human.labels[0].size)
    return {"changed_per_eligible": share, "loss": prior.loss(data)}


def _strategy(prior: Prior, human: Blocks, strategy: Strategy) -> Values:
    edit = Edit.of(prior.rule if strategy.edits else NOTHING)
    sampler = replace(prior.sampler, temperature=strategy.beta)
    step = prior.step(edit, sampler, human, human)
    found = changes(human, Blocks(np.asarray(step.data.labels)), step.memory)
    deleted = np.zeros(len(human.labels))
    data = step.data
    if strategy.drops:
        below = prior.settings.drop_below
        dropping = TokenRule(below=below)
        deleted = prior.step(Edit.of(dropping), sampler, human, human).memory
        deleted = np.asarray(deleted).mean(axis=(1, 2))
        data = prior.step(EditAndDrop(edit, below), sampler, human, human).data
    return {
        "eligible": found.eligible,
        "changed": found.changed,
        "deleted": deleted,
        "left": np.full(len(deleted), data.labels[0].size / human.labels[0].size),
        "loss": prior.loss(Blocks(np.asarray(data.labels))),
    }
