"""Arms of a run as processes: one learner under every regime, and what is claimed of it."""

from collections.abc import Sequence
from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np

from collapse_sim.experiment.process import Check, Process
from collapse_sim.language import measures
from collapse_sim.language.chain import LanguageChain, Trained
from collapse_sim.language.learner import END_OF_TEXT, LanguageLearner
from collapse_sim.language.programs import make_mesh
from collapse_sim.language.repetition import longest_repeat, perplexity_histogram
from collapse_sim.language.sampling import Sampler
from collapse_sim.language.training import ModelConfig, Training
from collapse_sim.language.transformer import TransformerConfig
from collapse_sim.workplace import Arrays
from experiments.transformer.pretrained import PARTS, ROWS, base_parameters, fine_tuned
from experiments.transformer.settings import Settings
from experiments.transformer.world import STREAM, World, make_regime

SUMMARY_BLOCKS = 2048
"""Most blocks of each seed whose text is measured."""

VARIANTS = {
    "edit": "chained", "edit_anchored": "anchored", "edit_frozen": "frozen",
    "edit_share": "chained",
}  # fmt: skip

Losses = np.ndarray
"""Test error by seed and generation, in nats per token."""


def make_learner(settings: Settings, world: World, devices: list | None = None) -> LanguageLearner:
    """The model, how it is trained, and the laws it is sampled from."""
    if world.base is None:
        config: ModelConfig = TransformerConfig.named(
            settings.size, vocabulary=world.vocabulary, context=settings.context
        )
        if jax.default_backend() != "cpu":
            config = config.on(jnp.bfloat16)
        mesh = make_mesh(settings.seeds, devices)
    else:
        config, mesh = fine_tuned(settings, world.base, devices)
    steps = max(round(settings.epochs * len(world.text.train) / settings.batch), 1)
    return LanguageLearner(
        config,
        Training(steps, settings.batch, settings.rate),
        mesh,
        generation=Sampler(settings.temperature, settings.top_k, settings.top_p),
        replacement=Sampler(
            settings.edit_temperature,
            settings.edit_top_k,
            settings.edit_top_p,
            settings.edit_reject,
        ),
        prompt=1 if world.base else settings.prompt,
        end_of_text=None if world.text.source or world.base else END_OF_TEXT,
        text=world.text,
        rows=ROWS if world.base else 256,
        parts=PARTS if world.base else 0,
    )


def make_processes(settings: Settings, world: World, learner: LanguageLearner) -> list[Process]:
    """One process for each regime. All share seeds, first parameters and order of blocks."""
    measured = TextMeasures(learner, world)
    where = {"seeds": settings.seeds, "bounded_slope": settings.bounded_slope}
    return [
        Process(
            regime=name.split("_")[0] if name in VARIANTS else name,
            mask="share" if name == "edit_share" else "confident" if name in VARIANTS else "",
            variant=VARIANTS.get(name, ""),
            title=name.replace("_", " "),
            simulation=LanguageChain(
                learner,
                make_regime(settings, name),
                settings.generations,
                measured,
                from_first=settings.init == "base",
                prior=base_parameters if world.base else None,
                seeds_at_once=1 if world.base else None,
            ),
            replicates=settings.seeds,
            looks=(settings.seeds,),
            about="median",
            where=where,
            stream=STREAM,
            checks=_checks(settings, name, "kl" if world.text.source else "held_out_loss"),
        )
        for name in settings.regimes
    ]


def slope(losses: Losses) -> np.ndarray:
    """Least-squares slope over generations, for each seed."""
    return np.polyfit(np.arange(losses.shape[1]), losses.T, 1)[0]


def _checks(settings: Settings, name: str, measure: str) -> Sequence[Check]:
    growth = "slope of the held-out loss, nats a generation"
    if name in VARIANTS:
        return [Check("lm.edit_bounded", measure, statistic=slope, note=growth)]
    if name != "replace":
        return []
    others = [other.replace("_", " ") for other in settings.regimes if other != "replace"]
    return [
        Check("lm.replace_grows", measure, statistic=slope, note=growth),
        *(
            Check(
                "lm.replace_worst",
                measure,
                less=other,
                note=f"loss of full resampling minus that of {other}, last generation, nats",
            )
            for other in others
        ),
    ]


@dataclass(frozen=True, eq=False)
class TextMeasures:
    """Measures of the text that a generation is trained on."""

    learner: LanguageLearner
    world: World

    def __call__(self, trained: Trained) -> Arrays:
        # Evenly over the text, and equally much of every text: distinct n-grams depend on it.
        data = trained.data
        count = min(SUMMARY_BLOCKS, len(self.world.text.train), data.size)
        chosen = np.linspace(0, data.size - 1, count).astype(int)
        few = np.asarray(data.labels)[:, chosen]
        text = [measures.summary(tokens, self.world.counts) for tokens in few]
        values = {key: np.array([one[key] for one in text]) for key in text[0]}
        values |= self._under_first_model(few, trained.first.parameters)
        values["longest_repeat"] = np.array([longest_repeat(tokens) for tokens in few], float)
        if (source := self.world.text.source) is not None:
            tails = [source.tail_mass(np.asarray(tokens)) for tokens in data.labels]
            values["oracle_tail_mass"] = np.array(tails, float)
        return values

    def _under_first_model(self, tokens: np.ndarray, first) -> Arrays:
        """The text as the first model of its seed sees it."""
        scores = np.minimum(self.learner.score(first, tokens).astype(np.float64), 0)
        perplexities = [measures.block_perplexities(own) for own in scores]
        levels = (0.05, 0.5, 0.95)
        found = np.stack([measures.quantiles(own, levels) for own in perplexities])
        values = {f"block_perplexity/q{100 * q:02.0f}": found[:, i] for i, q in enumerate(levels)}
        bins = np.stack([perplexity_histogram(own) for own in perplexities])
        values |= {f"block_perplexity/bin{i:02d}": bins[:, i] for i in range(bins.shape[1])}
        deciles = np.stack([measures.probability_histogram(np.exp(own)) for own in scores])
        return values | {f"probability/{i}": deciles[:, i] for i in range(10)}


def total_tokens(settings: Settings, learner: LanguageLearner) -> int:
    """Training tokens of a whole run: what the progress bar counts."""
    fits = 1 + len(settings.regimes) * (settings.generations - 1)
    return fits * settings.seeds * learner.training.steps * settings.batch * settings.context
