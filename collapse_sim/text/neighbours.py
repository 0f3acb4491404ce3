"""Density of documents among others: a kernel density by locality-sensitive hashing.

Signed random projections (Charikar 2002): one bit of two vectors agrees with chance
1 - angle / pi. Counting who shares a bucket of `bits` bits, in many tables, estimates the density
under the kernel (1 - angle / pi)^bits: the RACE sketch of Coleman & Shrivastava 2020, by which
Sachdeva et al. 2024 (arXiv 2402.09668) choose training data.
"""

import numpy as np
from jaxtyping import Bool, Float64
from scipy.sparse import csr_array, vstack

from collapse_sim.text.ngrams import shape_of


def signs(
    vectors: csr_array, bits: int, random: np.random.Generator
) -> Bool[np.ndarray, "documents bits"]:
    """Sides of `bits` random planes through the origin that a vector lies on.

    Lengths do not matter: counts need no normalisation. Vectors of zeros are on the same side.
    """
    planes = random.standard_normal((shape_of(vectors)[1], bits), np.float32)
    return np.asarray(vectors @ planes) >= 0


def densities(
    counts: csr_array,
    random: np.random.Generator,
    among: csr_array | None = None,
    *,
    repetitions: int = 1000,
    bits: int = 14,
) -> Float64[np.ndarray, " documents"]:
    """Mean share of the documents `among` (by default these) in the bucket of each, in [0, 1].

    Rows are (documents, features), as `ngram_counts` gives them; each of the `repetitions` tables
    has 2^bits buckets. A document counts itself if it is among them; those without features share
    a bucket. The standard error is at most 1 / (2 sqrt(repetitions)), sqrt(density / repetitions)
    where density is small. Equal generators give equal planes. Costs repetitions * bits products
    for each count that is not 0, and 4 * bits bytes for each feature. Raises ValueError for no
    documents, different numbers of features, repetitions < 1, and bits outside 1 ... 20.
    """
    if not 1 <= bits <= 20:
        raise ValueError(f"bits={bits}: accepted are integers from 1 to 20")
    if repetitions < 1:
        raise ValueError(f"repetitions={repetitions}: accepted are integers >= 1")
    parts = [counts] if among is None else [counts, among]
    (documents, features), (others, theirs) = shape_of(parts[0]), shape_of(parts[-1])
    if not (documents and others):
        raise ValueError("documents=0: accepted is at least one, of either text")
    if features != theirs:
        raise ValueError(f"among of {theirs} features: accepted are {features}, as counts")
    both = csr_array(vstack(parts, format="csr"), dtype=np.float32)
    place_values = 2 ** np.arange(bits)
    neighbours = np.zeros(documents)
    for _ in range(repetitions):
        bucket = signs(both, bits, random) @ place_values
        sizes = np.bincount(bucket[-others:], minlength=2**bits)
        neighbours += sizes[bucket[:documents]]
    return neighbours / (repetitions * others)
