"""Similarity of the documents of two texts: densities, importance weights, maps.

Rows are counts of hashed n-grams, (documents, buckets), as `ngram_counts` gives them, with as many
documents of either text. Of every pair of rows the first is human, the second synthetic.
"""

from importlib import import_module

import numpy as np
from jaxtyping import Float64
from scipy.sparse import csr_array, vstack

from collapse_sim.text.embedding import KINDS, planar_map
from collapse_sim.text.importance import log_law
from collapse_sim.text.neighbours import densities

TABLES, BITS = 1000, 14
"""Of the hashing that estimates densities. The paper has 1000 tables of 20 000 buckets."""

MAPPED = 300
"""Most documents of either text on a map."""


def densities_among_human(
    human: csr_array, synthetic: csr_array, random: np.random.Generator
) -> Float64[np.ndarray, "2 documents"]:
    """Density of the human documents other than itself lie around every document, at least 1.

    The unit is the density around a document that shares no word with any: 2^-BITS, the chance
    that BITS planes leave both ends of a right angle on the same side.
    """
    others = len(human.indptr) - 1
    both = csr_array(vstack([human, synthetic], format="csr"))
    found = densities(both, random, human, repetitions=TABLES, bits=BITS).reshape(2, -1)
    found[0] = (found[0] * others - 1) / (others - 1)
    return np.maximum(found * 2**BITS, 1.0)


def log_ratios(human: csr_array, synthetic: csr_array) -> Float64[np.ndarray, "2 documents"]:
    """log p_human - log p_synthetic of every document, in nats: target over raw (DSIR).

    Both laws are those of the half of the texts in which the document is not: its own words would
    speak for its own text.
    """
    documents = len(human.indptr) - 1
    first, second = np.split(np.arange(documents), [documents // 2])
    found = np.empty((2, documents))
    for fitted, weighed in ((first, second), (second, first)):
        ratio = log_law(human[fitted]) - log_law(synthetic[fitted])
        found[:, weighed] = human[weighed] @ ratio, synthetic[weighed] @ ratio
    return found


def planar_maps(
    human: csr_array, synthetic: csr_array, seed: int
) -> dict[str, Float64[np.ndarray, "2 mapped 2"]]:
    """Maps of some documents of both texts by kind, as `planar_map`; none without scikit-learn."""
    try:
        import_module("sklearn.manifold")
        limits = import_module("threadpoolctl")
    except ImportError:
        return {}
    documents = len(human.indptr) - 1
    count = min(MAPPED, documents)
    chosen = np.arange(count) * documents // count
    both = csr_array(vstack([human[chosen], synthetic[chosen]], format="csr"))
    neighbours = min(30.0, (2 * count - 1) / 3)
    # Threads that wait for one another on busy cores take ten times as long as one alone.
    with limits.threadpool_limits(1):
        return {
            kind: planar_map(both, kind, seed=seed, perplexity=neighbours).reshape(2, count, 2)
            for kind in KINDS
        }
