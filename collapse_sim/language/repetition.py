"""Repetition in a text, and the probability of its blocks: signs of generated text."""

import numpy as np
from jaxtyping import Float, Float64

from collapse_sim.language.measures import Tokens, ngram_hashes


def longest_repeat(tokens: Tokens) -> int:
    """Length in tokens of the longest n-gram that stands twice in the blocks; 0 if no token does.

    By 64-bit hashes.
    """
    least, most = 0, tokens.shape[1]  # an n-gram that repeats has parts that repeat
    while least < most:
        n = (least + most + 1) // 2
        keys = np.sort(ngram_hashes(tokens, n).reshape(-1))
        least, most = (n, most) if np.any(keys[1:] == keys[:-1]) else (least, n - 1)
    return least


PERPLEXITIES = 2.0 ** np.arange(1, 11)
"""Edges of the histogram of blocks' perplexities; the first and last bin are open."""


def perplexity_histogram(
    perplexities: Float[np.ndarray, " blocks"],
) -> Float64[np.ndarray, " bins"]:
    """Share of the blocks below 2, in [2, 4), ..., and at 1024 or above; sums to 1."""
    bins = np.searchsorted(PERPLEXITIES, perplexities, side="right")
    return np.bincount(bins, minlength=len(PERPLEXITIES) + 1) / len(perplexities)
