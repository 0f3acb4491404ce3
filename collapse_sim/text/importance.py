"""Importance weights of raw documents for a target text, by bags of hashed n-grams.

Data selection by importance resampling (DSIR): Xie et al. 2023, arXiv 2302.03169.
"""

import numpy as np
from jaxtyping import Float64
from scipy.sparse import csr_array

from collapse_sim.text.ngrams import shape_of


def log_law(counts: csr_array, smoothing: float = 1.0) -> Float64[np.ndarray, " buckets"]:
    """log((count + smoothing) / (sum of counts + buckets smoothing)) of each bucket, in nats.

    `counts` are (documents, buckets), as `ngram_counts` gives them. Raises ValueError for counts
    that are all 0 and for smoothing that is not positive and finite.
    """
    if not 0 < smoothing < np.inf:
        raise ValueError(f"smoothing={smoothing}: accepted are finite numbers > 0")
    totals = np.asarray(counts.sum(axis=0), np.float64)
    if not totals.sum():
        raise ValueError(f"counts of shape {counts.shape} and sum 0: accepted are texts with words")
    return np.log(totals + smoothing) - np.log(totals.sum() + smoothing * len(totals))


def log_importance_weights(
    target: csr_array, raw: csr_array, smoothing: float = 1.0
) -> Float64[np.ndarray, " documents"]:
    """log p_target(n-grams) - log q_raw(n-grams) of each raw document, in nats.

    Target over raw: positive for what the target text has more often. (Some print the ratio the
    other way round; weights that turn draws of q into draws of p are p / q.) n-grams count as
    independent; a document without any has weight 0. Raises ValueError for different numbers of
    buckets, and as `log_law` does.
    """
    buckets, accepted = shape_of(target)[1], shape_of(raw)[1]
    if buckets != accepted:
        raise ValueError(f"target of {buckets} buckets: accepted are {accepted}, as raw")
    return raw @ (log_law(target, smoothing) - log_law(raw, smoothing))
