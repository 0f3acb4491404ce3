"""Words of a text counted and drawn again and again: rare ones go first, and never come back."""

from collections.abc import Iterator

import jax.numpy as jnp
import numpy as np

from collapse_sim.distributions import type_laws
from collapse_sim.distributions.categorical import CategoricalLearner
from collapse_sim.language.corpus import Corpus, language_reference, read_corpus
from collapse_sim.language.text_files import Files
from collapse_sim.loop import Chain, Trace
from collapse_sim.masks import MaskPolicy
from collapse_sim.regimes import Accumulate, Edit, Replace
from experiments.recursion.points import regimes_of
from experiments.recursion.process import Derived, Process, over_generations
from experiments.recursion.settings import Settings
from theory import categorical, forgetting

WORDS, GENERATIONS = 5_000, 20
SHOWN, FEW, MANY = 32, 1024, 2**19
"""Replicates of a language of thousands of types, only shown or decided, and of four types."""

FEW_TOKENS = 20_000
"""Most tokens that are drawn one by one where an edit picks among them."""

BRANCHING = 20
"""Tokens for each generation, with which branching counts the types left to 1 %."""

SMALL, TOKENS = np.array([0.4, 0.3, 0.2, 0.1]), 40
"""A language so small that its variety falls within the run."""

SETTLED = 12
"""Generations after which nothing is left of those human tokens, a half, that were not kept."""

EQUAL = 20
"""Types, all as rare as that each is expected once in as many tokens; so few that the chance to
lose one is well below 1/e."""

RARE, MENTIONS = np.array([0.02, 0.98]), 50
"""One rare word, expected once in each generation."""

BOUNDED = 3
"""Generation at which the upper bound on that word's survival says most; later it passes 1."""

MANY_TYPES, COINS = 32, 8
"""Equally frequent types, of which each replicate is a draw of every one; and tokens that
accumulate."""


def processes(settings: Settings, text: Corpus | None) -> list[Process]:
    """The words in every regime asked for, then the small languages with their exact laws."""
    return [*_words(settings, word_law(settings, text)), *_small(settings)]


def read_text(settings: Settings) -> Corpus | None:
    """The text whose words are counted, where their law is that of a text."""
    if settings.law != "corpus":
        return None
    if settings.corpus == "python":
        return Corpus(language_reference(), Files("--corpus python, the language reference"))
    return read_corpus(settings.corpus)


def word_law(settings: Settings, text: Corpus | None) -> np.ndarray:
    """Probabilities of the types, most frequent first."""
    if settings.law == "uniform":
        return type_laws.uniform(settings.types)
    if settings.law == "zipf":
        return type_laws.zipf(settings.types, settings.exponent)
    if settings.law == "zipf_mandelbrot":
        return type_laws.zipf_mandelbrot(settings.types, settings.shift, settings.exponent)
    assert text is not None
    words = type_laws.word_counts("\n".join(document.text for document in text.documents))[1]
    return type_laws.of_counts(words)


def _chain(settings: Settings, law: np.ndarray, tokens: int, name: str, generations: int) -> Chain:
    """One regime: on every token where they are few, and on their counts elsewhere."""
    few = tokens <= FEW_TOKENS and name not in ("control", "subsample")
    learner = CategoricalLearner(
        law, tokens, representation="rows" if few else "statistics",
        dtype=jnp.dtype(settings.precision),
    )  # fmt: skip
    return Chain(learner, regimes_of(settings, tokens)[name], generations)


def _words(settings: Settings, law: np.ndarray) -> Iterator[Process]:
    tokens, generations = settings.samples or WORDS, settings.generations or GENERATIONS
    size = {"samples": tokens, "types": len(law), "law": settings.law}
    where = {"probabilities": law, "samples": tokens}
    for name in settings.regime:
        if name != "replace":
            yield Process(
                "categorical", name, _chain(settings, law, tokens, name, generations),
                settings.replicates or SHOWN, "words", parameters=size,
            )  # fmt: skip
            continue
        types = over_generations(
            generations, lambda n: forgetting.distinct_types(**where, generation=n)
        )
        types[0] = categorical.distinct_types(**where)
        last = min(generations, max(2, tokens // BRANCHING))
        types[last:] = np.nan
        variety = over_generations(
            generations, lambda n: categorical.replace_heterozygosity(**where, generation=n)
        )
        learner = CategoricalLearner(law, tokens, dtype=jnp.dtype(settings.precision))
        process = Process(
            "categorical", name, Chain(learner, Replace(), generations),
            settings.replicates or FEW, "words", parameters=size,
            closed={"surviving_types": types, "heterozygosity": variety},
        )  # fmt: skip
        note = f"branching of rare words: right to 1 % until generation N / {BRANCHING}"
        yield process.deciding(
            process.claim("ref.distinct_first", "surviving_types", 1, types[0]),
            process.claim(
                "ref.distinct", "surviving_types", last, types[last - 1], relation="==", note=note
            ),
        )  # fmt: skip


def _small(settings: Settings) -> Iterator[Process]:
    generations, dtype = settings.generations or GENERATIONS, jnp.dtype(settings.precision)
    replicates = settings.replicates or MANY
    where = {"probabilities": SMALL, "samples": TOKENS}
    size = {"samples": TOKENS, "types": len(SMALL)}
    edited = {"edited": round(settings.edit_share * TOKENS)}
    renewed = {"edited": TOKENS - round(settings.kept_human * TOKENS)}
    anchored = categorical.anchored_edit_heterozygosity
    forms = {
        "replace": ("seddik2024.synth", categorical.replace_heterozygosity, {}),
        "keep_human": ("ref.unigram_anchored", anchored, renewed),
        "fresh_human": (
            "ref.mix_path",
            categorical.mixture_heterozygosity,
            {"human_share": settings.kept_human},
        ),
        "edit": ("ref.unigram_edit", categorical.edit_heterozygosity, edited),
        "edit_anchored": ("ref.unigram_anchored", anchored, edited),
    }
    for name, (claim, form, more) in forms.items():
        if name not in settings.regime:
            continue
        chain = _chain(settings, SMALL, TOKENS, name, generations)
        given = where | more
        curve = over_generations(
            generations, lambda n, form=form, given=given: form(**given, generation=n)
        )
        process = Process(
            "categorical", name, chain, replicates, "four types",
            closed={"heterozygosity": curve}, parameters=size,
        )  # fmt: skip
        at = min(generations, GENERATIONS)  # later few chains carry the mean
        yield process.deciding(process.claim(claim, "heterozygosity", at, curve[at - 1]))
    if "keep_human" in settings.regime:
        yield _same_humans(min(generations, SETTLED), replicates, dtype)
    if "replace" in settings.regime:
        yield _rare(settings, min(generations, GENERATIONS), dtype)
        yield _equally_rare(settings, dtype)
    if "accumulate" in settings.regime:
        yield _coins(settings, min(generations, GENERATIONS), dtype)


def _same_humans(generations: int, replicates: int, dtype) -> Process:
    """The same half of the human tokens kept every time."""
    edited, law = TOKENS // 2, type_laws.uniform(MANY_TYPES)
    learner = CategoricalLearner(law, TOKENS, representation="rows", dtype=dtype)
    mask = np.arange(TOKENS) < edited
    policy = MaskPolicy.of(np.tile(mask, (generations - 1, 1)))
    where = {"probabilities": law, "samples": TOKENS, "edited": edited}
    curve = over_generations(
        generations, lambda n: categorical.fixed_mask_heterozygosity(**where, generation=n)
    )
    process = Process(
        "categorical", "keep_human", Chain(learner, Edit.of(policy), generations), replicates,
        "the same half", closed={"heterozygosity": curve},
        parameters={"samples": TOKENS, "types": MANY_TYPES},
    )  # fmt: skip
    process = process.deciding(
        process.claim("ref.unigram_fixed_path", "heterozygosity", generations, curve[-1])
    )
    if generations < SETTLED:
        return process
    human = TOKENS - edited
    variety = categorical.heterozygosity(probabilities=law)
    away = variety / human + (1 - 1 / human) * categorical.partial_limit(
        probabilities=law, human=human, samples=edited
    )
    note = "its limit, averaged over the human tokens, and their own distance to the truth"
    return process.deciding(
        process.claim(
            "seddik2024.partial", "squared_distance", generations, away, relation="==", note=note
        )
    )


def _lost(trace: Trace) -> Trace:
    return {"lost": 1 - trace["surviving_types"] / EQUAL}


def _equally_rare(settings: Settings, dtype) -> Process:
    """The first generation of types of which each is expected once: what share of them is lost."""
    learner = CategoricalLearner(
        type_laws.uniform(EQUAL), EQUAL, representation="rows", dtype=dtype
    )
    where = {"probability": 1 / EQUAL, "samples": EQUAL}
    process = Process(
        "categorical", "replace", Derived(Chain(learner, Replace(), 1), _lost),
        settings.replicates or MANY, "equally rare types", parameters=where,
    )  # fmt: skip
    lost = categorical.lost_probability(**where)
    note = "averaged over the types"
    return process.deciding(process.claim("shum2024.discrete", "lost", 1, lost, note=note))


def _rare(settings: Settings, generations: int, dtype) -> Process:
    """A word expected once in each generation."""
    learner = CategoricalLearner(RARE, MENTIONS, representation="rows", dtype=dtype)
    simulation = Chain(learner, Replace(), generations)
    where = {"probability": float(RARE[0]), "samples": MENTIONS}
    process = Process(
        "categorical", "replace", simulation, settings.replicates or MANY, "a rare word",
        parameters=where,
    )  # fmt: skip
    least = forgetting.bernoulli_survival_least(**where, generation=generations)
    early = min(BOUNDED, generations)
    most = forgetting.bernoulli_survival_most(**where, generation=early)
    return process.deciding(
        process.claim("suresh2025.bern_least", "first_type_alive", generations, least),
        process.claim("suresh2025.bern", "first_type_alive", early, most, trivial=1.0),
    )


def _coins(settings: Settings, generations: int, dtype) -> Process:
    law = type_laws.uniform(MANY_TYPES)
    learner = CategoricalLearner(law, COINS, representation="rows", dtype=dtype)
    where = {"probabilities": law, "samples": COINS}
    curve = over_generations(
        generations,
        lambda n: float(np.sum(categorical.accumulate_variance(**where, generation=n))),
    )
    process = Process(
        "categorical", "accumulate", Chain(learner, Accumulate(), generations),
        settings.replicates or MANY, f"{MANY_TYPES} types", closed={"squared_distance": curve},
        parameters={"samples": COINS},
    )  # fmt: skip
    return process.deciding(
        process.claim("ref.bern_acc", "squared_distance", generations, curve[-1])
    )
