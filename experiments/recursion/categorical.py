"""Words of a text counted and drawn again and again: rare ones go first, and never come back."""

from collections.abc import Iterator

import numpy as np

from collapse_sim.distributions import type_laws
from collapse_sim.distributions.categorical import CategoricalLearner
from collapse_sim.editing import Edit
from collapse_sim.experiment.process import Check, Process, Recording, curve
from collapse_sim.language.corpus import Corpus, language_reference, read_corpus
from collapse_sim.language.text_files import Files
from collapse_sim.loop import Chain, Trace
from collapse_sim.masks import MaskPolicy
from collapse_sim.regimes import Accumulate, Replace
from experiments.recursion.family import Column, Family, Found, with_theory
from experiments.recursion.points import regimes_of
from experiments.recursion.settings import Settings
from theory.distributions import categorical, categorical_edits, categorical_human, survival

WORDS, GENERATIONS = 5_000, 20
SHOWN, DECIDED = 32, 1024
"""Replicates of a language of thousands of types: only shown, or decided."""

SMALL_REPLICATES = 2**19
"""Replicates of a language of four types."""

FEW_TOKENS = 20_000
"""Most tokens that are drawn one by one under a regime that picks among them."""

BRANCHING = 20
"""Tokens for each generation, with which branching counts the types left to 1 %."""

SMALL, TOKENS = np.array([0.4, 0.3, 0.2, 0.1]), 40
"""A language so small that its variety falls within the run."""

SETTLED = 12
"""Generations after which no trace is left of the human tokens, a half, that were not kept."""

EQUAL = 20
"""Number of types, each expected once among as many tokens. With so few types the chance to lose
one is well below 1/e."""

RARE_WORD, MENTIONS = np.array([0.02, 0.98]), 50
"""Law of a rare word and the rest; tokens of a generation, with the word expected once."""

BOUNDED = 3
"""Generation at which the upper bound on that word's survival says most; later it passes 1."""

MANY_TYPES, ACCUMULATED = 32, 8
"""Types that are equally frequent, so that a replicate draws each of them; tokens of a generation
that accumulates."""


def processes(settings: Settings, text: Corpus | None) -> Iterator[Process]:
    """The words in every regime asked for, then the small languages with their exact laws."""
    yield from _words(settings, word_law(settings, text))
    yield from _small(settings)


def read_text(settings: Settings) -> Corpus | None:
    """Read the text whose words are counted; None for a law of another kind."""
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
    """Chain of one regime: on single tokens where they are few, on their counts elsewhere."""
    few = tokens <= FEW_TOKENS and name not in ("human_only", "subsample")
    learner = CategoricalLearner(
        law, tokens, representation="rows" if few else "statistics", dtype=settings.dtype
    )
    return Chain(learner, regimes_of(settings, tokens)[name], generations)


def _words(settings: Settings, law: np.ndarray) -> Iterator[Process]:
    tokens, generations = settings.samples or WORDS, settings.generations or GENERATIONS
    size = {"samples": tokens, "types": len(law), "law": settings.law}
    for name in settings.regimes:
        if name != "replace":
            chain = _chain(settings, law, tokens, name, generations)
            yield Process(name, chain, SHOWN, variant="words", where=size)
            continue
        where = size | {"probabilities": law}
        last = min(generations, max(1, tokens // BRANCHING))
        types = curve(survival.distinct_types, where, generations)
        types[0] = categorical.distinct_types(probabilities=law, samples=tokens)
        types[last:] = np.nan
        learner = CategoricalLearner(law, tokens, dtype=settings.dtype)
        note = f"branching of rare words: right to 1 % until generation N / {BRANCHING}"
        branching = [Check("ref.distinct", "surviving_types", last, note=note)] if last > 1 else []
        yield Process(
            name,
            Chain(learner, Replace(), generations),
            DECIDED,
            variant="words",
            where=where,
            checks=[Check("ref.distinct_first", "surviving_types", 1), *branching],
            closed={"surviving_types": types, "heterozygosity": categorical.replace_heterozygosity},
        )


def _small(settings: Settings) -> Iterator[Process]:
    generations = settings.generations or GENERATIONS
    size = {"samples": TOKENS, "probabilities": SMALL, "types": len(SMALL)}
    edited = {"edited": round(settings.edit_share * TOKENS)}
    renewed = {"edited": TOKENS - round(settings.human_share * TOKENS)}
    fresh = {"human_share": settings.human_share}
    anchored = categorical_edits.anchored_edit_heterozygosity
    forms = {
        "replace": ("seddik2024.synth", categorical.replace_heterozygosity, {}),
        "keep_human": ("ref.unigram_anchored", anchored, renewed),
        "fresh_human": ("ref.mix_path", categorical_human.mixture_heterozygosity, fresh),
        "edit": ("ref.unigram_edit", categorical_edits.edit_heterozygosity, edited),
        "edit_anchored": ("ref.unigram_anchored", anchored, edited),
    }
    early = min(generations, GENERATIONS)  # later few chains carry the mean
    for name, (claim, form, more) in forms.items():
        if name in settings.regimes:
            yield Process(
                name,
                _chain(settings, SMALL, TOKENS, name, generations),
                SMALL_REPLICATES,
                variant="four types",
                where=size | more,
                checks=[Check(claim, "heterozygosity", early)],
                closed={"heterozygosity": form},
            )
    if "keep_human" in settings.regimes:
        yield _same_humans(settings, min(generations, SETTLED))
    if "replace" in settings.regimes:
        yield _rare(settings, early)
        yield _equally_rare(settings)
    if "accumulate" in settings.regimes:
        yield _coins(settings, early)


def _same_humans(settings: Settings, generations: int) -> Process:
    """Process that keeps the same half of the human tokens every time."""
    edited, law = TOKENS // 2, type_laws.uniform(MANY_TYPES)
    learner = CategoricalLearner(law, TOKENS, representation="rows", dtype=settings.dtype)
    mask = np.arange(TOKENS) < edited
    policy = MaskPolicy.of(np.tile(mask, (generations - 1, 1)))
    note = "averaged over the human tokens, with their own distance to the truth"
    beside = {"human": TOKENS - edited, "samples": edited}
    settled = [Check("seddik2024.partial", "squared_distance", given=beside, note=note)]
    return Process(
        "keep_human",
        Chain(learner, Edit.of(policy), generations),
        SMALL_REPLICATES,
        variant="the same half",
        where={"samples": TOKENS, "edited": edited, "probabilities": law},
        checks=[
            Check("ref.unigram_fixed_path", "heterozygosity"),
            *(settled if generations >= SETTLED else []),
        ],
        closed={"heterozygosity": categorical_edits.fixed_mask_heterozygosity},
    )


def _lost(trace: Trace) -> Trace:
    return {"lost": 1 - trace["surviving_types"] / EQUAL}


def _equally_rare(settings: Settings) -> Process:
    """Process of one generation of types that are each expected once: the share that is lost."""
    learner = CategoricalLearner(
        type_laws.uniform(EQUAL), EQUAL, representation="rows", dtype=settings.dtype
    )
    return Process(
        "replace",
        Recording(Chain(learner, Replace(), 1), _lost),
        SMALL_REPLICATES,
        variant="equally rare types",
        where={"probability": 1 / EQUAL, "samples": EQUAL},
        checks=[Check("shum2024.discrete", "lost", note="averaged over the types")],
    )


def _rare(settings: Settings, generations: int) -> Process:
    """Process of a word that is expected once in each generation."""
    learner = CategoricalLearner(RARE_WORD, MENTIONS, representation="rows", dtype=settings.dtype)
    return Process(
        "replace",
        Chain(learner, Replace(), generations),
        SMALL_REPLICATES,
        variant="a rare word",
        where={"probability": float(RARE_WORD[0]), "samples": MENTIONS},
        checks=[
            Check("suresh2025.bern_least", "first_type_alive"),
            Check("suresh2025.bern", "first_type_alive", min(BOUNDED, generations), trivial=1.0),
        ],
    )


def _coins(settings: Settings, generations: int) -> Process:
    law = type_laws.uniform(MANY_TYPES)
    learner = CategoricalLearner(law, ACCUMULATED, representation="rows", dtype=settings.dtype)

    return Process(
        "accumulate",
        Chain(learner, Accumulate(), generations),
        SMALL_REPLICATES,
        variant=f"{MANY_TYPES} types",
        where={"samples": ACCUMULATED, "probabilities": law},
        checks=[Check("ref.bern_acc", "squared_distance")],
        closed={"squared_distance": categorical.accumulate_error},
    )


def _sentences(found: Found) -> Iterator[str]:
    if not found.has("replace, words"):
        return
    words, types = "replace, words", "surviving_types"
    text = (
        f"A text of {found.results[words].process.where['samples']:,} words has "
        f"{found.mean(words, types, 1)} different ones at first{found.cite('ref.distinct_first')}, "
        f"and {found.mean(words, types)} after {found.fits(words)} generations"
        f"{found.cite('ref.distinct')}"
    )
    if found.has("keep human, words"):
        text += f"; {found.mean('keep human, words', types)} with {found.kept}"
    yield f"{text}."


FAMILY = Family(
    processes,
    table=(
        Column("tails", "tail_mass", "median"),
        *with_theory("types", "surviving_types"),
        *with_theory("heterozygosity", "heterozygosity"),
    ),
    sentences=_sentences,
    explained="Tails: median mass left on the rarest types, a tenth of the true mass.",
    text=read_text,
    unasked=("fresh_human",),
)
