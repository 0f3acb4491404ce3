"""Selection of a text's documents, by weights or by perplexity."""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int64
from scipy.sparse import csr_array

from collapse_sim.language.measures import quantiles
from collapse_sim.text.importance import log_importance_weights


@dataclass(frozen=True)
class Selection:
    """The documents to keep: their indices, increasing, among so many."""

    name: str
    kept: Int64[np.ndarray, " kept"]
    among: int

    def of(self, documents: list[str]) -> list[str]:
        """The kept ones of the documents; ValueError where there are more or fewer than `among`."""
        if len(documents) != self.among:
            raise ValueError(f"documents={len(documents)}: accepted are {self.among}")
        return [documents[index] for index in self.kept]


def gumbel_top_k(
    log_weights: Float[np.ndarray, " documents"], k: int, random: np.random.Generator
) -> Int64[np.ndarray, " k"]:
    """Indices of k draws without replacement, each with chance proportional to weight; increasing.

    The k largest of log weight + Gumbel noise (Kool, van Hoof & Welling 2019). What has weight 0
    is never drawn. Raises ValueError for NaN or infinite weights and for k outside 1 ... weights
    that are not 0.
    """
    if not np.all(known := log_weights < np.inf):
        raise ValueError(f"log weight {log_weights[~known][0]}: accepted are numbers and -inf")
    possible = np.count_nonzero(log_weights > -np.inf)
    if not 1 <= k <= possible:
        raise ValueError(f"k={k}: accepted are integers from 1 to {possible} documents")
    scores = log_weights + random.gumbel(size=len(log_weights))
    return np.sort(np.argpartition(scores, -k)[-k:])


def importance_resampling(
    target: csr_array,
    raw: csr_array,
    k: int,
    random: np.random.Generator,
    smoothing: float = 1.0,
) -> Selection:
    """k raw documents by their importance for the target (DSIR, Xie et al. 2023).

    Counts are (documents, buckets). Raises ValueError as `log_importance_weights` and
    `gumbel_top_k` do.
    """
    log_weights = log_importance_weights(target, raw, smoothing)
    return Selection("importance", gumbel_top_k(log_weights, k, random), len(log_weights))


def density_sampling(
    densities: Float[np.ndarray, " documents"], k: int, random: np.random.Generator
) -> Selection:
    """k documents, with chance inversely proportional to density (Sachdeva et al. 2024).

    Raises ValueError for densities that are not positive and finite, and for k outside
    1 ... documents.
    """
    if not np.all(usable := (0 < densities) & (densities < np.inf)):
        raise ValueError(f"density {densities[~usable][0]}: accepted are finite numbers > 0")
    return Selection("density", gumbel_top_k(-np.log(densities), k, random), len(densities))


def perplexity_filter(
    perplexities: Float[np.ndarray, " documents"], low: float, high: float
) -> Selection:
    """The documents whose perplexity lies between its `low` and `high` quantiles, inclusive.

    Quantiles are interpolated linearly. Raises ValueError for perplexities that are not finite,
    for none, and unless 0 <= low <= high <= 1.
    """
    if not 0 <= low <= high <= 1:
        raise ValueError(f"low={low}, high={high}: accepted are 0 <= low <= high <= 1")
    least, most = quantiles(perplexities, (low, high))
    kept = np.flatnonzero((least <= perplexities) & (perplexities <= most))
    return Selection("perplexity", kept, len(perplexities))
