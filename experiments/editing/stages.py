"""Models trained on unedited and on edited text: from scratch, on a second domain, on responses."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from collapse_sim.language import responses
from collapse_sim.language.blocks import Blocks
from collapse_sim.language.editing import TokenRule
from collapse_sim.language.learner import LanguageLearner
from collapse_sim.language.sampling import Sampler
from collapse_sim.language.training import Parameters, Training
from experiments.editing.corpora import Corpora, Pairs
from experiments.editing.settings import RULES, TokenEditingSettings
from experiments.editing.tables import Prior
from experiments.study.study import Study, Values
from experiments.study.texts import Text

Arms = dict[str, Values]


@dataclass(frozen=True, eq=False)
class Stages:
    """Settings and texts that the stages of a run share."""

    study: Study
    settings: TokenEditingSettings
    corpora: Corpora
    prior: Prior

    def arms(self, stage: str) -> Arms:
        """Measurements of every model of a stage, by its name."""
        stages: dict[str, Callable[[], Arms]] = {
            "pretrain": self.pretrain,
            "continual": self.continual,
            "finetune": self.finetune,
        }
        return stages[stage]()

    def pretrain(self) -> Arms:
        """Train from scratch on the student's text, edited by the main rule, by others, or not."""
        learner, human = self.study.learner(), self.study.human("student")
        arms = self._compared("pretrain", learner, human)
        for name in self.settings.ablation:
            data, found = self.prior.edited(human, TokenRule(**RULES[name]))
            values = self.study.arm(f"pretrain-{name}", learner, data)
            arms[name] = values | found._asdict()
        return arms

    def continual(self) -> Arms:
        """A model of the first domain goes on with the second."""
        first, second = self.corpora.domains.values()
        learner = self.learner(second, self.settings.continued_rate)
        return self._after("continual", first, learner, self.blocks(second))

    def finetune(self) -> Arms:
        """A model of text without the responses goes on with pairs; only responses are scored."""
        assert self.corpora.pairs is not None
        pairs = self.corpora.pairs
        data = pairs.train.blocks(self.study.seeds)
        training = self.training(data.size, self.settings.continued_rate)
        learner = self.study.learner(generation=Sampler(top_k=1), training=training)
        answered = partial(self._answered, learner, pairs)
        return self._after("finetune", pairs.base, learner, data, answered)

    def _after(
        self,
        stage: str,
        text: Text,
        learner: LanguageLearner,
        data: Blocks,
        measure: Callable[[Parameters], Values] | None = None,
    ) -> Arms:
        """A base model of one text, and what it becomes on other data."""
        name, study = f"{stage}-base", self.study
        base_learner, human = self.learner(text, self.settings.peak_rate), self.blocks(text)
        base = study.fit(name, "student", base_learner, human)

        def measured() -> Values:
            more = measure(base) if measure else {}
            return study.measured(base_learner, base, human) | more

        before = study.place.once(f"{name}-measures", measured)
        return {"base": before} | self._compared(stage, learner, data, base, measure)

    def _compared(
        self,
        stage: str,
        learner: LanguageLearner,
        human: Blocks,
        start: Parameters | None = None,
        measure: Callable[[Parameters], Values] | None = None,
    ) -> Arms:
        """The same training on unedited and on edited text."""
        data, found = self.prior.edited(human)
        arm = partial(self.study.arm, start=start, measure=measure)
        unedited = arm(f"{stage}-unedited", learner, human)
        edited = arm(f"{stage}-edited", learner, data)
        return {"unedited": unedited, "edited": edited | found._asdict()}

    def _answered(self, learner: LanguageLearner, pairs: Pairs, parameters: Parameters) -> Values:
        keys, tokenizer = self.study.keys("student", 2), self.study.texts.tokenizer
        found = responses.evaluate(learner, keys, parameters, tokenizer, pairs.held_out)
        return {name: found[name] for name in ("response_loss", "exact_match", "chrf")}

    def blocks(self, text: Text) -> Blocks:
        return Blocks.of(text.blocks, self.study.seeds)

    def learner(self, text: Text, rate: float) -> LanguageLearner:
        """A student for a text of this size."""
        return self.study.learner(training=self.training(len(text.blocks), rate))

    def training(self, blocks: int, rate: float) -> Training:
        steps = self.study.training(blocks).steps
        return Training(steps, self.settings.batch, rate)


def total_tokens(settings: TokenEditingSettings, corpora: Corpora) -> int:
    """Training tokens of a whole run: what the progress bar counts."""
    blocks = settings.prior_epochs * len(corpora.texts.roles["prior"].blocks) / settings.epochs
    if "pretrain" in settings.stages:
        blocks += (2 + len(settings.ablation)) * len(corpora.texts.roles["student"].blocks)
    if "continual" in settings.stages:
        first, second = (len(text.blocks) for text in corpora.domains.values())
        blocks += first + 2 * second
    if corpora.pairs is not None:
        blocks += len(corpora.pairs.base.blocks) + 2 * len(corpora.pairs.train.pairs)
    return int(settings.seeds * settings.epochs * blocks * settings.context)


def domain_loss(values: Values, domain: str) -> np.ndarray:
    """Held-out loss in one domain for every seed, in nats per token."""
    return values[f"scores/{domain}"].mean(axis=1)
