"""Arms of a run as processes: one learner under every regime, and the claims on it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import jax
import jax.numpy as jnp
import numpy as np

from collapse_sim.experiment.process import Process
from collapse_sim.language import measures
from collapse_sim.language.chain import FIRST, LanguageChain, Trained
from collapse_sim.language.learner import END_OF_TEXT, LanguageLearner
from collapse_sim.language.oracle import MarkovSource
from collapse_sim.language.programs import make_mesh
from collapse_sim.language.repetition import longest_repeat, perplexity_histogram
from collapse_sim.language.sampling import Sampler
from collapse_sim.language.training import ModelConfig, Training, parameter_count
from collapse_sim.language.transformer import TransformerConfig
from collapse_sim.workplace import Arrays
from experiments.transformer.checks import CERTAINTY_TOLERANCE, checks_of
from experiments.transformer.ladder import ladder
from experiments.transformer.pretrained import PARTS, ROWS, base_parameters, fine_tuned
from experiments.transformer.settings import Settings
from experiments.transformer.world import STREAM, World, make_regime

SUMMARY_BLOCKS = 2048
"""Most blocks of each seed whose text is measured."""

EDITS = {
    "edit": ("confident", "chained"),
    "edit_anchored": ("confident", "anchored"),
    "edit_frozen": ("confident", "frozen"),
    "edit_share": ("share", "chained"),
    "edit_blind": ("blind", "chained"),
    "edit_blind_frozen": ("blind", "frozen"),
}
"""Which tokens an edit touches, and who writes them into which text."""


def make_learner(settings: Settings, world: World, devices: list | None = None) -> LanguageLearner:
    """The model, how it is trained, and the laws it is sampled from."""
    if world.base is None:
        config: ModelConfig = _config(settings.size, settings, world)
        if jax.default_backend() != "cpu":
            config = config.on(jnp.bfloat16)
        mesh = make_mesh(settings.seeds, devices, batch=settings.batch)
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
        each_alone=world.base is not None and mesh.shape["batch"] == 1,
        rows=ROWS if world.base else 256,
        parts=PARTS if world.base else 0,
    )


def _config(size: str, settings: Settings, world: World) -> TransformerConfig:
    return TransformerConfig.named(size, vocabulary=world.vocabulary, context=settings.context)


def _measure(world: World) -> str:
    """The test error: exact where the law of the language is known."""
    return "kl" if world.text.source else "held_out_loss"


def make_learners(settings: Settings, world: World) -> dict[str, LanguageLearner]:
    """The learner of a run; of a ladder that of every size, by the name of the size.

    Learning rates of a ladder are in proportion to 1 / width, at which one that suits a narrow
    model suits a wide one (Yang et al. 2022, arXiv 2203.03466).
    """
    if not settings.sizes:
        return {"": make_learner(settings, world)}
    widths = [_config(size, settings, world).width for size in settings.sizes]
    return {
        size: make_learner(
            replace(settings, size=size, peak_rate=settings.peak_rate * widths[0] / width), world
        )
        for size, width in zip(settings.sizes, widths, strict=True)
    }


def first_model(size: str) -> str:
    """Name of generation 1, which all arms of a size share."""
    return f"{FIRST}-{size}" if size else FIRST


def make_all_processes(
    settings: Settings, world: World, learners: Mapping[str, LanguageLearner]
) -> list[Process]:
    """Those of every learner, and what is asked along the sizes of a ladder."""
    rungs = {
        size: make_processes(settings, world, learner, size) for size, learner in learners.items()
    }
    if not settings.sizes:
        return rungs[""]
    parameters = [parameter_count(learner.config) for learner in learners.values()]
    return ladder(rungs, parameters, _measure(world))


def make_processes(
    settings: Settings, world: World, learner: LanguageLearner, size: str = ""
) -> list[Process]:
    """One process for each regime. All share seeds, first parameters and order of blocks."""
    measured = TextMeasures(learner, world, settings.edit_above)
    where = {
        "seeds": settings.seeds,
        "bounded_slope": settings.bounded_slope,
        "certainty_tolerance": CERTAINTY_TOLERANCE,
    }
    return [
        Process(
            regime="edit" if name in EDITS else name,
            family=size,
            mask=EDITS.get(name, ("", ""))[0],
            variant=EDITS.get(name, ("", ""))[1],
            title=name.replace("_", " "),
            simulation=LanguageChain(
                learner,
                make_regime(settings, name),
                settings.generations,
                measured,
                from_first=settings.init == "base",
                prior=base_parameters if world.base else None,
                seeds_at_once=learner.mesh.shape["seed"] if world.base else None,
                first=first_model(size),
            ),
            replicates=settings.seeds,
            looks=(settings.seeds,),
            about="median",
            where=where,
            stream=STREAM,
            checks=checks_of(settings, name, _measure(world), name in EDITS),
        )
        for name in settings.regimes
    ]


@dataclass(frozen=True, eq=False)
class TextMeasures:
    """Measures of the text that a generation is trained on."""

    learner: LanguageLearner
    world: World
    sure: float | None
    """The probability from which a model is said to be sure of a token."""

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
            values |= self._certainty(source, trained.model.parameters)
        return values

    def _certainty(self, source: MarkovSource, parameters) -> Arrays:
        """Share of the source's text of which a model that sees one token is sure, exactly."""
        if self.sure is None or source.order > 1 or self.learner.config.context > 2:
            return {}
        laws = self.learner.laws(parameters, source.pairs)
        shares = [source.share_where(np.exp(law[:, 0]) >= self.sure) for law in laws]
        return {"sure_share": np.array(shares)}

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


def total_tokens(settings: Settings, *learners: LanguageLearner) -> int:
    """Training tokens of a whole run, which the progress bar counts."""
    fits = 1 + len(settings.regimes) * (settings.generations - 1)
    steps = sum(learner.training.steps for learner in learners)
    return fits * settings.seeds * steps * settings.batch * settings.context
