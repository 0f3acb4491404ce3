"""Synthetic text to train on: as many documents, chosen in four ways (Zhu et al. 2025, table 14).

Documents that are blocks have equal numbers of tokens, and so have the selections.
"""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from collapse_sim.language.measures import quantiles
from collapse_sim.text.neighbours import densities
from collapse_sim.text.ngrams import ngram_counts
from collapse_sim.text.selection import Selection, density_sampling, importance_resampling
from experiments.fraction.analysis import BUCKETS
from experiments.fraction.similarity import BITS, TABLES


def selections_of(
    human: Sequence[str],
    synthetic: Sequence[str],
    perplexities: Float[np.ndarray, " documents"],
    k: int,
    seed: int,
) -> list[Selection]:
    """k synthetic documents by importance, perplexity and density, and at random.

    Importance resampling aims at the human documents (DSIR). The perplexity filter keeps the k of
    middle rank, as far from the smallest as from the largest. Density sampling takes documents
    with chances inverse to their density among all synthetic ones. The random k are the reference.
    Each way has random numbers of its own. Raises ValueError for k outside 1 ... documents, for
    perplexities that are not finite or not as many as documents, and for texts without words.
    """
    count = len(synthetic)
    if not 1 <= k <= count:
        raise ValueError(f"k={k}: accepted are integers from 1 to {count} documents")
    if len(perplexities) != count:
        raise ValueError(f"perplexities={len(perplexities)}: accepted are {count}, as documents")
    quantiles(perplexities)  # refuses what is not finite
    target, raw = (ngram_counts(text, buckets=BUCKETS) for text in (human, synthetic))
    # Stages 0 to 2 of a seed are the analysis's.
    hashing, *random = (np.random.default_rng((seed, stage)) for stage in range(3, 7))
    own_densities = densities(raw, hashing, repetitions=TABLES, bits=BITS)
    return [
        importance_resampling(target, raw, k, random[0]),
        Selection("perplexity", _middle(perplexities, k), count),
        density_sampling(own_densities, k, random[1]),
        Selection("random", np.sort(random[2].choice(count, k, replace=False)), count),
    ]


def _middle(values: Float[np.ndarray, " documents"], k: int) -> np.ndarray:
    """The k documents of middle rank, increasing; of equal values the first rank first."""
    below = (len(values) - k) // 2
    return np.sort(np.argsort(values, kind="stable")[below : below + k])
