"""Corpora: human tokens that are kept, tokens added to them, models that are no frequencies.

Sizes are those at which each law differs from its neighbours by more than its tolerance, so of the
flags only --replicates and --precision say anything here.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from collapse_sim.distributions import type_laws
from collapse_sim.distributions.contaminated import ContaminatedCounts
from collapse_sim.distributions.kept_tokens import KeptTokens
from collapse_sim.distributions.new_words import NewWords
from collapse_sim.distributions.rare_words import Memoriser
from collapse_sim.distributions.unigram_learners import (
    DirichletLearner,
    PooledLearner,
    TemperedLearner,
)
from collapse_sim.experiment.process import LAST, Check, Process, Recording, only
from collapse_sim.loop import Chain, Trace
from collapse_sim.regimes import Replace
from experiments.recursion.family import Column, Family, Found, with_theory
from experiments.recursion.settings import Settings
from theory.distributions import kept_corpora, temperature, unigram_models
from theory.distributions.laws import heterozygosity

REPLICATES = 2**17
TYPES = 32
"""Equally frequent types, so that a replicate draws each of them."""

HUMAN, ROUNDS = 50, 5
"""Human tokens that are always kept, and fits: all on kept tokens share one program."""

SYNTHETIC = (20, 126, 1000)
"""Synthetic tokens beside them: below, at and above the number with the largest excess."""

URN: dict[str, Any] = {"human": 2, "added": 2}
"""Human tokens, and tokens that are added in each round and stay."""

WORDS, TOKENS, LOST = 200, 400, 8
"""Words of a Zipf law, tokens of a generation, and generations that lose words."""

PSEUDO_COUNT = 0.125
"""What is added to each count of a type: together a fifth of the tokens."""

FEW = 20
"""Tokens of corpora of few words."""

PRIOR, SPOKEN = np.array([40.0, 35.0, 25.0]), np.array([0.9, 0.06, 0.04])
"""Pseudo-counts of a prior, as many as the tokens, and the human law, far from its mean."""

FORGOTTEN = 12
"""Fits after which 2^-12 of the human law is left."""

COPIED: dict[str, Any] = {"samples": FEW, "innovation": 0.05}
MODELS: dict[str, Any] = {"samples": 10, "models": 4}
"""Tokens of each of several models."""

TEMPERED: dict[str, Any] = {"types": 10, "temperature": 0.7, "human_share": 0.36}
"""The human share lies between .300, which keeps diversity, and .400, which brings it back."""

STARTS = (0.12, 1.0)
"""Probability of the first of ten types at the start: nearly diverse, and collapsed."""

LARGE = 20_000
"""Tokens of a corpus that is nearly infinite."""

BATCHES, BATCH, PART = 8, 10**5, 0.3
"""Batches, tokens of each and their human share: the model's part of their noise is 1e-5 of it."""


def processes(settings: Settings) -> Iterator[Process]:
    yield from _kept(settings)
    yield _lost(settings)
    yield from _pseudo_counts(settings)
    yield _new_words(settings)
    yield _models(settings)
    yield from _tempered(settings)
    yield _batches(settings)


def _kept(settings: Settings) -> Iterator[Process]:
    """Human tokens kept beside tokens of the latest model, or of all models so far."""
    law = type_laws.uniform(TYPES)
    shared: dict[str, Any] = {"dtype": settings.dtype}
    for samples in SYNTHETIC:
        tokens = KeptTokens.of(law, human=HUMAN, added=samples, generations=ROUNDS, **shared)
        yield Process(
            "keep_human",
            tokens,
            REPLICATES,
            variant=f"{samples} drawn",
            where={"probabilities": law, "types": TYPES, "human": HUMAN, "samples": samples},
            checks=[Check("ref.kept_excess", "excess")],
            closed={"excess": kept_corpora.kept_excess},
        )
    yield Process(
        "accumulate",
        KeptTokens.of(law, **URN, generations=ROUNDS, stay=True, **shared),
        REPLICATES,
        variant="an urn",
        where={"probabilities": law, "types": TYPES, **URN},
        checks=[Check("ref.polya", "heterozygosity", at) for at in (2, LAST)],
        closed={"heterozygosity": kept_corpora.polya_heterozygosity},
    )


def _lost(settings: Settings) -> Process:
    """The human mass of words that are known no more."""
    law = type_laws.zipf(WORDS, 1.0)
    # The last type of a memoriser stands for all that no human ever says.
    known = np.append(law, 0.0)
    learner = Memoriser(known, TOKENS, representation="rows", dtype=settings.dtype, tested=known)
    return Process(
        "replace",
        only(Chain(learner, Replace(), LOST), "test_error"),
        REPLICATES,
        variant="lost words",
        where={"probabilities": law, "types": WORDS, "samples": TOKENS},
        checks=[Check("ref.missing_mass", "test_error", n) for n in (1, LOST)],
        closed={"test_error": kept_corpora.missing_mass},
    )


def _pseudo_counts(settings: Settings) -> Iterator[Process]:
    """Smoothed frequencies, and laws that are drawn from a posterior."""
    dtype, law = settings.dtype, type_laws.zipf(TYPES, 1.0)
    tokens: dict[str, Any] = {"representation": "rows", "dtype": dtype}
    learner = DirichletLearner(law, FEW, **tokens, prior=np.full(TYPES, PSEUDO_COUNT))
    yield Process(
        "replace",
        only(Chain(learner, Replace(), FORGOTTEN), "squared_distance"),
        REPLICATES,
        variant="smoothed",
        where={"probabilities": law, "samples": FEW, "pseudo_count": PSEUDO_COUNT},
        checks=[Check("ref.smoothing", "squared_distance", at) for at in (2, LAST)],
        closed={"squared_distance": unigram_models.smoothed_error},
    )
    size = round(PRIOR.sum())
    learner = DirichletLearner(SPOKEN, size, **tokens, prior=PRIOR, sampled=True)
    yield Process(
        "replace",
        Recording(Chain(learner, Replace(), FORGOTTEN), _from_prior, alone=True),
        REPLICATES,
        variant="posterior draws",
        where={"probabilities": SPOKEN, "samples": size, "prior": PRIOR},
        checks=[
            Check("ref.posterior_rate", "prior_distance", 2),
            Check("griffiths2007.prior", "first_type", note="the law of the first type"),
        ],
        closed={"prior_distance": unigram_models.posterior_distance},
    )


def _from_prior(trace: Trace) -> Trace:
    """Distance of the first type from its prior mean, as a share of the human law's."""
    mean, first = PRIOR[0] / PRIOR.sum(), trace["first_type"]
    return {"first_type": first, "prior_distance": (first - mean) / (SPOKEN[0] - mean)}


def _new_words(settings: Settings) -> Process:
    law = type_laws.uniform(TYPES)
    words = NewWords(law, **COPIED, generations=FORGOTTEN, dtype=settings.dtype)
    return Process(
        "replace",
        words,
        REPLICATES,
        variant="new words",
        where={"probabilities": law, "types": TYPES, **COPIED},
        checks=[Check("ref.innovation", "alike", at) for at in (2, LAST)],
        closed={"alike": unigram_models.alike},
    )


def _models(settings: Settings) -> Process:
    """Several models, each fitted to a part of their common output."""
    law, models = type_laws.uniform(TYPES), MODELS["models"]
    learner = PooledLearner(
        law, models * MODELS["samples"], representation="rows", dtype=settings.dtype, models=models
    )
    return Process(
        "replace",
        Recording(Chain(learner, Replace(), FORGOTTEN), _of_models, alone=True),
        REPLICATES,
        variant=f"{models} models",
        where={"probabilities": law, "types": TYPES, **MODELS},
        checks=[Check("ref.models_pooled", "heterozygosity"), Check("ref.models_spread", "spread")],
        closed={
            "heterozygosity": unigram_models.pooled_models_heterozygosity,
            "spread": unigram_models.models_spread,
        },
    )


def _of_models(trace: Trace) -> Trace:
    return {name: trace[name] for name in ("heterozygosity", "spread")}


def _tempered(settings: Settings) -> Iterator[Process]:
    """One human share, and two ends: from near diversity, and from collapse."""
    types = TEMPERED["types"]
    for start in STARTS:
        law = np.append(start, np.full(types - 1, (1 - start) / (types - 1)))
        learner = TemperedLearner(
            law,
            LARGE,
            dtype=settings.dtype,
            human_law=type_laws.uniform(types),
            human_share=TEMPERED["human_share"],
            temperature=TEMPERED["temperature"],
        )
        yield Process(
            "replace",
            only(Chain(learner, Replace(), FORGOTTEN), "first_type"),
            2**12,
            variant=f"tempered from {start:g}",
            where={**TEMPERED, "start": start, "samples": LARGE},
            checks=[Check("ref.temperature_state", "first_type")],
            closed={"first_type": temperature.top_mass},
        )


def _batches(settings: Settings) -> Process:
    """A mean of batches that are part human, in units of one batch's variance."""
    law, shares = type_laws.uniform(TYPES), np.append(1.0, np.full(BATCHES - 1, PART))
    counts = ContaminatedCounts.of(
        law, samples=BATCH, human_shares=shares, estimate="pooled", dtype=settings.dtype
    )
    process = Process(
        "pooled",
        counts,
        2**15,
        variant=f"{100 * PART:g} % human",
        where={"types": TYPES, "samples": BATCH, "synthetic_fraction": 1 - PART},
        checks=[Check("ref.contaminated_mean", "squared_distance", BATCHES, per_unit=True)],
    )
    one_batch = heterozygosity(probabilities=law) / BATCH
    return replace(process, units={"squared_distance": one_batch})


def _sentences(found: Found) -> Iterator[str]:
    kept = [name for name in found.results if name.startswith("keep human, ")]
    if kept:
        human = found.results[kept[0]].process.where["human"]
        shown = (
            f"{found.mean(name, 'excess')} with {found.results[name].process.where['samples']}"
            for name in kept
        )
        yield (
            f"Beside {human} human tokens that are always kept, a model's own tokens cost at fit "
            f"{found.fits(kept[0])} a squared error of {', '.join(shown)}"
            f"{found.cite('ref.kept_excess')}."
        )
    if found.has("replace, lost words"):
        first, last = (found.percent("replace, lost words", "test_error", n) for n in (1, 0))
        yield (
            f"Words that are lost make {first:.0f} % of human text at first, {last:.0f} % after "
            f"{found.fits('replace, lost words')} generations{found.cite('ref.missing_mass')}."
        )


FAMILY = Family(
    processes,
    table=(
        *with_theory("excess", "excess"),
        *with_theory("heterozygosity", "heterozygosity"),
        Column("lost", "test_error"),
        Column("alike", "alike"),
        Column("first type", "first_type"),
    ),
    sentences=_sentences,
    explained=(
        "Excess: squared error above that of the human tokens alone. Lost: human mass of words "
        "that are known no more. Alike: chance that two tokens are of one type. First type: its "
        "probability."
    ),
)
