"""Corpora: human tokens that are kept, tokens added to them, models that are no frequencies.

Sizes are those at which each law differs from its neighbours by more than its tolerance, so of the
flags only --replicates and --precision say anything here.
"""

from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import jax.numpy as jnp
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
from collapse_sim.experiment.process import Check, Process, Recording, only
from collapse_sim.loop import Chain, Trace
from collapse_sim.regimes import Replace
from experiments.recursion.points import family_process
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


_process = partial(family_process, "corpora", replicates=REPLICATES)


def _kept(settings: Settings) -> Iterator[Process]:
    """Human tokens kept beside those of the latest model, or of all models so far."""
    law = type_laws.uniform(TYPES)
    shared: dict[str, Any] = {"dtype": jnp.dtype(settings.precision)}
    for samples in SYNTHETIC:
        tokens = KeptTokens.of(law, human=HUMAN, added=samples, generations=ROUNDS, **shared)
        yield _process(
            settings,
            "keep_human",
            f"{samples} drawn",
            tokens,
            {"probabilities": law, "types": TYPES, "human": HUMAN, "samples": samples},
            Check("ref.kept_excess", "excess"),
            closed={"excess": kept_corpora.kept_excess},
        )
    yield _process(
        settings,
        "accumulate",
        "an urn",
        KeptTokens.of(law, **URN, generations=ROUNDS, stay=True, **shared),
        {"probabilities": law, "types": TYPES, **URN},
        Check("ref.polya", "heterozygosity", 2),
        Check("ref.polya", "heterozygosity"),
        closed={"heterozygosity": kept_corpora.polya_heterozygosity},
    )


def _lost(settings: Settings) -> Process:
    """The human mass of words that are known no more."""
    law = type_laws.zipf(WORDS, 1.0)
    # The last type of a memoriser stands for all that no human ever says.
    known = np.append(law, 0.0)
    learner = Memoriser(
        known,
        TOKENS,
        representation="rows",
        dtype=jnp.dtype(settings.precision),
        tested=known,
    )
    return _process(
        settings,
        "replace",
        "lost words",
        only(Chain(learner, Replace(), LOST), "test_error"),
        {"probabilities": law, "types": WORDS, "samples": TOKENS},
        *(Check("ref.missing_mass", "test_error", n) for n in (1, LOST)),
        closed={"test_error": kept_corpora.missing_mass},
    )


def _pseudo_counts(settings: Settings) -> Iterator[Process]:
    """Smoothed frequencies, and laws that are drawn from a posterior."""
    dtype, law = jnp.dtype(settings.precision), type_laws.zipf(TYPES, 1.0)
    tokens: dict[str, Any] = {"representation": "rows", "dtype": dtype}
    learner = DirichletLearner(law, FEW, **tokens, prior=np.full(TYPES, PSEUDO_COUNT))
    yield _process(
        settings,
        "replace",
        "smoothed",
        only(Chain(learner, Replace(), FORGOTTEN), "squared_distance"),
        {"probabilities": law, "samples": FEW, "pseudo_count": PSEUDO_COUNT},
        Check("ref.smoothing", "squared_distance", 2),
        Check("ref.smoothing", "squared_distance"),
        closed={"squared_distance": unigram_models.smoothed_error},
    )
    size = round(PRIOR.sum())
    learner = DirichletLearner(SPOKEN, size, **tokens, prior=PRIOR, sampled=True)
    yield _process(
        settings,
        "replace",
        "posterior draws",
        Recording(Chain(learner, Replace(), FORGOTTEN), _from_prior, alone=True),
        {"probabilities": SPOKEN, "samples": size, "prior": PRIOR},
        Check("ref.posterior_rate", "prior_distance", 2),
        Check("griffiths2007.prior", "first_type", note="the law of the first type"),
        closed={"prior_distance": unigram_models.posterior_distance},
    )


def _from_prior(trace: Trace) -> Trace:
    """Distance of the first type from its prior mean, as a share of the human law's."""
    mean, first = PRIOR[0] / PRIOR.sum(), trace["first_type"]
    return {"first_type": first, "prior_distance": (first - mean) / (SPOKEN[0] - mean)}


def _new_words(settings: Settings) -> Process:
    law = type_laws.uniform(TYPES)
    words = NewWords(law, **COPIED, generations=FORGOTTEN, dtype=jnp.dtype(settings.precision))
    return _process(
        settings,
        "replace",
        "new words",
        words,
        {"probabilities": law, "types": TYPES, **COPIED},
        Check("ref.innovation", "alike", 2),
        Check("ref.innovation", "alike"),
        closed={"alike": unigram_models.alike},
    )


def _models(settings: Settings) -> Process:
    """Several models, each fitted to a part of their common output."""
    law, models = type_laws.uniform(TYPES), MODELS["models"]
    learner = PooledLearner(
        law,
        models * MODELS["samples"],
        representation="rows",
        dtype=jnp.dtype(settings.precision),
        models=models,
    )
    return _process(
        settings,
        "replace",
        f"{models} models",
        Recording(Chain(learner, Replace(), FORGOTTEN), _of_models, alone=True),
        {"probabilities": law, "types": TYPES, **MODELS},
        Check("ref.models_pooled", "heterozygosity"),
        Check("ref.models_spread", "spread"),
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
            dtype=jnp.dtype(settings.precision),
            human_law=type_laws.uniform(types),
            human_share=TEMPERED["human_share"],
            temperature=TEMPERED["temperature"],
        )
        yield _process(
            settings,
            "replace",
            f"tempered from {start:g}",
            only(Chain(learner, Replace(), FORGOTTEN), "first_type"),
            {**TEMPERED, "start": start, "samples": LARGE},
            Check("ref.temperature_state", "first_type"),
            closed={"first_type": temperature.top_mass},
            replicates=2**12,
        )


def _batches(settings: Settings) -> Process:
    """A mean of batches that are part human, in units of one batch's variance."""
    law, shares = type_laws.uniform(TYPES), np.append(1.0, np.full(BATCHES - 1, PART))
    counts = ContaminatedCounts.of(
        law,
        samples=BATCH,
        human_shares=shares,
        estimate="pooled",
        dtype=jnp.dtype(settings.precision),
    )
    process = _process(
        settings,
        "pooled",
        f"{100 * PART:g} % human",
        counts,
        {"types": TYPES, "samples": BATCH, "synthetic_fraction": 1 - PART},
        Check("ref.contaminated_mean", "squared_distance", BATCHES, per_unit=True),
        replicates=2**15,
    )
    one_batch = heterozygosity(probabilities=law) / BATCH
    return replace(process, units={"squared_distance": one_batch})
