"""Laws of word types: probabilities in decreasing order, float64."""

import re
from collections import Counter

import numpy as np
from jaxtyping import Float, Int

Law = Float[np.ndarray, " types"]

WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)*")
"""Letters of any alphabet, with apostrophes between them."""


def uniform(types: int) -> Law:
    """Law of equally probable types; raises ValueError for types < 2."""
    return zipf(types, 0.0)


def zipf(types: int, exponent: float) -> Law:
    """p_i proportional to i^-exponent, i = 1, ..., types; raises ValueError as below."""
    return zipf_mandelbrot(types, 0.0, exponent)


def zipf_mandelbrot(types: int, shift: float, exponent: float) -> Law:
    """p_i proportional to (i + shift)^-exponent, i = 1, ..., types.

    Raises ValueError for types < 2, shift <= -1 and exponents that are negative or not finite.
    """
    if types < 2:
        raise ValueError(f"types={types}: accepted are integers >= 2")
    if not -1 < shift < np.inf:
        raise ValueError(f"shift={shift}: accepted are finite numbers > -1")
    if not 0 <= exponent < np.inf:
        raise ValueError(f"exponent={exponent}: accepted are finite numbers >= 0")
    weights = (np.arange(1.0, types + 1) + shift) ** -exponent
    return weights / weights.sum()


def of_counts(counts: Int[np.ndarray, " types"]) -> Law:
    """The law of a corpus with these counts, most frequent type first.

    Raises ValueError unless at least two types are counted and no count is negative.
    """
    counts = np.asarray(counts)
    if counts.ndim != 1 or (counts < 0).any() or np.count_nonzero(counts) < 2:
        raise ValueError(
            f"counts of shape {counts.shape}, {np.count_nonzero(counts > 0)} of them positive: "
            "accepted is a vector of integers >= 0, at least two of them positive"
        )
    return np.sort(counts)[::-1] / counts.sum()


def word_counts(text: str) -> tuple[list[str], Int[np.ndarray, " types"]]:
    """The lower-cased words of a text and how often each occurs, most frequent first.

    Words that occur equally often stand in the order of their first occurrence. Raises ValueError
    for a text without words.
    """
    counted = Counter(WORD.findall(text.lower())).most_common()
    if not counted:
        raise ValueError(f"text of {len(text)} characters without a word: accepted is a text")
    return [word for word, _ in counted], np.array([count for _, count in counted])
