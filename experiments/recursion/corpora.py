"""Corpora: human tokens that are kept, tokens added to them, models that are no frequencies.

Sizes are those at which each law differs from its neighbours by more than its tolerance, so of the
flags only --replicates and --precision say anything here.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

import jax.numpy as jnp
import numpy as np

from collapse_sim.distributions import type_laws
from collapse_sim.distributions.kept_tokens import KeptTokens
from collapse_sim.distributions.rare_words import Memoriser
from collapse_sim.experiment.process import Check, Process, only
from collapse_sim.loop import Chain
from collapse_sim.regimes import Replace
from experiments.recursion.points import family_process
from experiments.recursion.settings import Settings
from theory.distributions import kept_corpora

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


def processes(settings: Settings) -> Iterator[Process]:
    yield from _kept(settings)
    yield _lost(settings)


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
    learner = Memoriser(known, TOKENS, dtype=jnp.dtype(settings.precision), tested=known)
    return _process(
        settings,
        "replace",
        "lost words",
        only(Chain(learner, Replace(), LOST), "test_error"),
        {"probabilities": law, "types": WORDS, "samples": TOKENS},
        *(Check("ref.missing_mass", "test_error", n) for n in (1, LOST)),
        closed={"test_error": kept_corpora.missing_mass},
    )
