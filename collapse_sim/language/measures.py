"""Measures of a set of token blocks: vocabulary, n-grams, tail, likelihood, repetition.

All but `compression_ratio` ignore the order of the blocks. Most depend on the number of tokens
(a longer text has fewer distinct n-grams per n-gram): compare sets of equal size. Self-BLEU is
left out for its cost: compression says much the same as slow n-gram overlap scores (Shaib et al.
2024, "Standardizing the measurement of text diversity", who still report Self-BLEU beside it).
"""

import zlib

import numpy as np
from jaxtyping import Float, Float64, Int64, Integer, UInt64

Tokens = Integer[np.ndarray, "blocks time"]
HumanCounts = Integer[np.ndarray, " vocabulary"]
"""How often each token id occurs in the human data."""

CHUNK_TOKENS = 2**16
"""Tokens hashed at once: their 64-bit keys stay in the cache."""


def _check_ids(tokens: Tokens, vocabulary: int = 2**32) -> None:
    if not tokens.size:
        raise ValueError(f"tokens of shape {tokens.shape}: accepted are arrays of at least 1 token")
    for extreme in (int(tokens.min()), int(tokens.max())):
        if not 0 <= extreme < vocabulary:
            raise ValueError(f"unknown token id {extreme}: accepted are 0 ... {vocabulary - 1}")


def _check_ngrams(tokens: Tokens, n: int) -> None:
    if n not in (1, 2, 3, 4):
        raise ValueError(f"n={n}: accepted are 1, 2, 3, 4")
    _check_ids(tokens)
    if tokens.shape[1] < n:
        raise ValueError(f"tokens of shape {tokens.shape}: accepted are blocks of at least n={n}")


def _total(counts: Integer[np.ndarray, " types"], name: str = "counts") -> int:
    least, total = int(counts.min(initial=0)), int(counts.sum())
    if least < 0 or not total:
        raise ValueError(
            f"{name} with least {least} and sum {total}: accepted are counts >= 0, not all 0"
        )
    return total


def token_counts(tokens: Tokens, vocabulary: int) -> Int64[np.ndarray, " vocabulary"]:
    """Counts of each token id.

    Raises ValueError for no tokens and for ids outside 0 ... vocabulary - 1.
    """
    _check_ids(tokens, vocabulary)
    return np.bincount(tokens.reshape(-1).astype(np.int64, copy=False), minlength=vocabulary)


def surviving_vocabulary(tokens: Tokens, human_counts: HumanCounts) -> float:
    """Share of the token types of the human data that still occur, in [0, 1].

    Raises ValueError as `token_counts` does, and for human counts that are negative or all 0.
    """
    _total(human_counts, "human_counts")
    counts = token_counts(tokens, len(human_counts))
    return float(np.mean(counts[human_counts > 0] > 0))


def band_masses(
    tokens: Tokens,
    human_counts: HumanCounts,
    edges: tuple[float, ...] = (1e-2, 1e-3, 1e-4),
) -> Float64[np.ndarray, " bands"]:
    """Share of the tokens whose frequency in the human data lies in each band, frequent to rare.

    A band includes its lower edge; the last one is the tail, tokens the human data lack included.
    Raises ValueError for edges that do not decrease in (0, 1], and as `surviving_vocabulary` does.
    """
    lowest = np.array(edges, np.float64)
    if not (np.all(np.diff(lowest) < 0) and np.all((0 < lowest) & (lowest <= 1))):
        raise ValueError(f"edges={edges}: accepted are decreasing numbers in (0, 1]")
    frequencies = human_counts / _total(human_counts, "human_counts")
    counts = token_counts(tokens, len(human_counts))
    bands = np.sum(frequencies[:, None] < lowest, axis=1)
    return np.bincount(bands, weights=counts, minlength=len(edges) + 1) / tokens.size


def tail_mass(tokens: Tokens, human_counts: HumanCounts, threshold: float = 1e-3) -> float:
    """Share of the tokens whose frequency in the human data is below `threshold`, in [0, 1].

    Raises ValueError as `band_masses` does.
    """
    return float(band_masses(tokens, human_counts, (threshold,))[-1])


def mixed(keys: UInt64[np.ndarray, "*shape"]) -> UInt64[np.ndarray, "*shape"]:
    """One step of SplitMix64 (Steele, Lea & Flood 2014) from each key: a bijection."""
    keys = keys + np.uint64(0x9E3779B97F4A7C15)
    keys ^= keys >> np.uint64(30)
    keys *= np.uint64(0xBF58476D1CE4E5B9)
    keys ^= keys >> np.uint64(27)
    keys *= np.uint64(0x94D049BB133111EB)
    keys ^= keys >> np.uint64(31)
    return keys


def ngram_hashes(tokens: Tokens, n: int) -> UInt64[np.ndarray, "blocks ngrams"]:
    """64-bit hashes of all n-grams of each block, the same in every run; none if n > time."""
    ngrams = max(tokens.shape[1] - n + 1, 0)
    keys = np.zeros((len(tokens), ngrams), np.uint64)
    for place in range(n):
        keys = mixed(keys ^ tokens[:, place : place + ngrams].astype(np.uint64))
    return keys


def _packed(
    tokens: Tokens, n: int, base: int, dtype: type[np.unsignedinteger]
) -> Integer[np.ndarray, "blocks ngrams"]:
    """The n ids of each n-gram as the digits of one number."""
    ngrams = tokens.shape[1] - n + 1
    keys = tokens[:, :ngrams].astype(dtype)
    for place in range(1, n):
        keys *= dtype(base)
        keys += tokens[:, place : place + ngrams].astype(dtype)
    return keys


def distinct(tokens: Tokens, n: int) -> float:
    """Distinct n-grams / n-grams, inside blocks, in (0, 1]; n = 1, 2, 3, 4.

    Exact while (largest id + 1)^n <= 2^64: for n = 4 up to 65 536 ids. Beyond, n-grams are told
    apart by 64-bit hashes: m distinct ones are undercounted with chance about m^2 / 2^65
    (3e-6 for m = 10^7). Takes 16 bytes of memory a token, 40 when hashed. Raises ValueError for
    other n, for ids outside 0 ... 2^32 - 1, and for blocks shorter than n.
    """
    _check_ngrams(tokens, n)
    base = int(tokens.max()) + 1
    if base**n <= 2**32:
        keys = _packed(tokens, n, base, np.uint32).reshape(-1)
    elif base**n <= 2**64:
        keys = _packed(tokens, n, base, np.uint64).reshape(-1)
    else:
        keys = ngram_hashes(tokens, n).reshape(-1)
    # np.unique of NumPy >= 2.3 builds a hash table, here a hundred times slower than sorting.
    keys.sort()
    return float((1 + np.count_nonzero(keys[1:] != keys[:-1])) / len(keys))


def bucket_of(keys: UInt64[np.ndarray, "*shape"], buckets: int) -> Int64[np.ndarray, "*shape"]:
    """The bucket of each 64-bit hash, 0 ... buckets - 1; at most 2^32 buckets."""
    # The high half times `buckets`: a remainder would be several times slower.
    return (((keys >> np.uint64(32)) * np.uint64(buckets)) >> np.uint64(32)).view(np.int64)


def hashed_ngrams(tokens: Tokens, n: int, buckets: int = 10_000) -> Int64[np.ndarray, " buckets"]:
    """Counts of n-grams, inside blocks, by a hash that is the same in every run; n = 1, 2, 3, 4.

    Raises ValueError as `distinct` does, and for buckets outside 1 ... 2^32.
    """
    _check_ngrams(tokens, n)
    if not 1 <= buckets <= 2**32:
        raise ValueError(f"buckets={buckets}: accepted are integers from 1 to 2^32")
    counts = np.zeros(buckets, np.int64)
    blocks = max(CHUNK_TOKENS // tokens.shape[1], 1)
    for start in range(0, len(tokens), blocks):
        keys = ngram_hashes(tokens[start : start + blocks], n).reshape(-1)
        counts += np.bincount(bucket_of(keys, buckets), minlength=buckets)
    return counts


def concentration(counts: Integer[np.ndarray, " types"], top: int | float) -> float:
    """Share of the mass in the largest counts, in (0, 1].

    `top` is how many of them (int) or which share of all (float; rounded, at least one). Raises
    ValueError for a `top` out of range and for counts that are negative or all 0.
    """
    total = _total(counts)
    if isinstance(top, int):
        if not 1 <= top <= len(counts):
            raise ValueError(f"top={top}: accepted are integers from 1 to {len(counts)}")
        kept = top
    else:
        if not 0 < top <= 1:
            raise ValueError(f"top={top}: accepted is (0, 1]")
        kept = max(round(top * len(counts)), 1)
    return int(np.sum(np.sort(counts)[-kept:])) / total


def entropy(counts: Integer[np.ndarray, " types"]) -> float:
    """Plug-in entropy of counts, in nats; biased down by about types / (2 total).

    Raises ValueError for counts that are negative or all 0.
    """
    shares = counts[counts > 0] / _total(counts)
    return float(np.sum(shares * np.log(1 / shares)))


def probability_histogram(
    probabilities: Float[np.ndarray, "*shape"], bins: int = 10
) -> Float64[np.ndarray, " bins"]:
    """Share of P(token) in each of `bins` equal parts of [0, 1]; 1 is in the last.

    Sums to 1. Raises ValueError for values outside [0, 1], for none, and for bins < 1.
    """
    if not probabilities.size:
        raise ValueError(f"probabilities of shape {probabilities.shape}: accepted is at least one")
    return probability_counts(probabilities, bins) / probabilities.size


def probability_counts(
    probabilities: Float[np.ndarray, "*shape"], bins: int = 10
) -> Integer[np.ndarray, " bins"]:
    """The same as numbers of tokens, which may be none."""
    if bins < 1:
        raise ValueError(f"bins={bins}: accepted are integers >= 1")
    for extreme in (probabilities.min(initial=1.0), probabilities.max(initial=0.0)):
        if not 0 <= extreme <= 1:
            raise ValueError(f"probability {extreme}: accepted is [0, 1]")
    # Not np.histogram: its fourth edge, 0.30000000000000004, is above 0.3.
    parts = (probabilities.reshape(-1).astype(np.float64) * bins).astype(np.int64)
    return np.bincount(np.minimum(parts, bins - 1), minlength=bins)


def block_perplexities(
    log_probabilities: Float[np.ndarray, "blocks positions"],
) -> Float64[np.ndarray, " blocks"]:
    """exp(mean of -log P) of each block, >= 1, in float64; from log P in nats.

    Raises ValueError for positive values, NaN, and blocks of a single token.
    """
    if not log_probabilities.size:
        shape = log_probabilities.shape
        raise ValueError(f"log_probabilities of shape {shape}: accepted is at least one a block")
    if not (largest := log_probabilities.max()) <= 0:
        raise ValueError(f"log probability {largest}: accepted are numbers <= 0")
    with np.errstate(over="ignore"):  # a block that cannot be has perplexity inf
        return np.exp(-np.mean(log_probabilities, axis=1, dtype=np.float64))


def quantiles(
    values: Float[np.ndarray, "*shape"],
    levels: tuple[float, ...] = (0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99),
) -> Float64[np.ndarray, " levels"]:
    """Quantiles of all the values, interpolated linearly between order statistics.

    Raises ValueError for values that are not finite, for none, and for levels outside [0, 1].
    """
    if not values.size:
        raise ValueError(f"values of shape {values.shape}: accepted is at least one")
    if not np.all(finite := np.isfinite(values)):
        raise ValueError(f"value {values[~finite][0]}: accepted are finite numbers")
    for level in levels:
        if not 0 <= level <= 1:
            raise ValueError(f"level {level}: accepted is [0, 1]")
    return np.quantile(values.astype(np.float64), levels)


def compression_ratio(tokens: Tokens, vocabulary: int | None = None) -> float:
    """Size after zlib at level 6 / size before, of the blocks in order; low is repetitive.

    Ids are little-endian, two bytes each if `vocabulary` (default: largest id + 1) is at most
    2^16, else four. Repetition is seen within 32 KiB; a few tokens may exceed 1. Shaib et al.
    report the reciprocal, of text. Sizes depend a little on the build of zlib. Raises ValueError
    for no tokens and for ids outside 0 ... vocabulary - 1.
    """
    _check_ids(tokens, 2**32 if vocabulary is None else vocabulary)
    types = int(tokens.max()) + 1 if vocabulary is None else vocabulary
    raw = tokens.astype("<u2" if types <= 2**16 else "<u4").tobytes()
    return len(zlib.compress(raw, level=6)) / len(raw)


def summary(tokens: Tokens, human_counts: HumanCounts) -> dict[str, float]:
    """The standard measures by name; entropy in nats, all others in [0, 1] but for tiny texts.

    Concentrations are of the top 1 %: of the vocabulary, and of 10 000 buckets of bigrams. The
    tail is below a human frequency of 10^-3. Blocks have at least 2 tokens, and triples from 3 on.
    Raises ValueError as the measures do.
    """
    unigrams = token_counts(tokens, len(human_counts))
    return {
        "surviving_vocabulary": surviving_vocabulary(tokens, human_counts),
        **{f"distinct_{n}": distinct(tokens, n) for n in range(1, min(tokens.shape[1], 3) + 1)},
        "unigram_entropy": entropy(unigrams),
        "bigram_concentration": concentration(hashed_ngrams(tokens, 2), 0.01),
        "unigram_concentration": concentration(unigrams, 0.01),
        "tail_mass": tail_mass(tokens, human_counts, 1e-3),
        "compression_ratio": compression_ratio(tokens, len(human_counts)),
    }
