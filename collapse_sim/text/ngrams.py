"""Words of documents and their n-grams, hashed to buckets; or the commonest ones as text.

A word is what `\\w+|[^\\w\\s]+` matches in the lower-cased text: letters, digits and underscores,
or a run of other signs, as in Xie et al. 2023 (DSIR, arXiv 2302.03169); white space is dropped.
No n-gram crosses from one document to the next. Hashes are the same in every run and process; only
which of the newest characters are letters depends on the version of Python.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import cast

import numpy as np
from jaxtyping import Int64, UInt8, UInt64
from scipy.sparse import csr_array, vstack

from collapse_sim.language.measures import bucket_of, ngram_hashes

BASE = 0x9E3779B97F4A7C15
"""Base of the polynomial that is a word's hash; odd, so that it can be divided by modulo 2^64."""

CHUNK_CHARACTERS = 2**18
"""Characters handled at once, but never less than a document: arrays stay in the cache."""

SPACE, LETTER, SIGN = 0, 1, 2


@cache
def _kinds() -> UInt8[np.ndarray, " characters"]:
    """Kind of each character of Unicode: white space, part of a word, or sign."""
    characters = "".join(map(chr, range(0x110000)))
    kinds = np.full(len(characters), SIGN, np.uint8)
    for pattern, kind in ((r"\s+", SPACE), (r"\w+", LETTER)):
        for run in re.finditer(pattern, characters):
            kinds[run.start() : run.end()] = kind
    return kinds


@lru_cache(maxsize=2)
def _powers(base: int, count: int) -> UInt64[np.ndarray, " count"]:
    """base^0, base^1, ... modulo 2^64."""
    factors = np.full(count, base, np.uint64)
    factors[0] = 1
    return np.multiply.accumulate(factors)


@dataclass(frozen=True)
class Words:
    """Words of documents, in order.

    `text` holds the lower-cased documents, separated by line ends; word i is
    `text[starts[i] : ends[i]]`, lies in document `documents[i]`, and has the 64-bit hash
    sum of (character + 1) BASE^place modulo 2^64, which is the same in every run.
    """

    text: str
    starts: Int64[np.ndarray, " words"]
    ends: Int64[np.ndarray, " words"]
    documents: Int64[np.ndarray, " words"]
    hashes: UInt64[np.ndarray, " words"]

    @classmethod
    def of(cls, documents: Sequence[str]) -> "Words":
        lowered = [document.lower() for document in documents]
        text = "".join(document + "\n" for document in lowered)
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), "<u4")
        kinds = _kinds()[codes]
        edges = np.concatenate([[0], np.flatnonzero(kinds[1:] != kinds[:-1]) + 1])
        starts, ends = edges[:-1], edges[1:]
        words = kinds[starts] != SPACE
        starts, ends = starts[words], ends[words]
        lengths = np.array([len(document) + 1 for document in lowered])
        last_words = np.searchsorted(starts, np.cumsum(lengths))
        counts = np.diff(last_words, prepend=0)
        return cls(
            text,
            starts,
            ends,
            np.repeat(np.arange(len(lowered)), counts),
            _hash(codes, starts, ends),
        )

    def ngrams(self, n: int) -> tuple[UInt64[np.ndarray, " ngrams"], Int64[np.ndarray, " ngrams"]]:
        """Hashes of all n-grams inside documents, and which word is the first of each."""
        hashes = ngram_hashes(self.hashes[None], n)[0]
        first = np.flatnonzero(self.documents[: len(hashes)] == self.documents[n - 1 :])
        return hashes[first], first

    def phrase(self, first: int, n: int) -> str:
        """Join `n` words from place `first` on by spaces."""
        places = zip(self.starts[first : first + n], self.ends[first : first + n], strict=True)
        return " ".join(self.text[start:end] for start, end in places)


def _hash(
    codes: np.ndarray, starts: Int64[np.ndarray, " words"], ends: Int64[np.ndarray, " words"]
) -> UInt64[np.ndarray, " words"]:
    """Differences of running sums over the whole text, divided by BASE^start."""
    count = 2 ** max(len(codes) - 1, 0).bit_length()  # few different ones, for the cache
    sums = np.zeros(len(codes) + 1, np.uint64)
    np.cumsum((codes + np.uint64(1)) * _powers(BASE, count)[: len(codes)], out=sums[1:])
    return (sums[ends] - sums[starts]) * _powers(pow(BASE, -1, 2**64), count)[starts]


def _chunks(documents: Sequence[str]) -> Iterator[Sequence[str]]:
    first = characters = 0
    for last, document in enumerate(documents, start=1):
        characters += len(document)
        if characters >= CHUNK_CHARACTERS or last == len(documents):
            yield documents[first:last]
            first, characters = last, 0


def _check(documents: Sequence[str], orders: tuple[int, ...]) -> None:
    if isinstance(documents, str) or not len(documents):
        raise ValueError(f"documents={documents!r:.20}: accepted are lists of at least one text")
    if not orders or min(orders) < 1:
        raise ValueError(f"n={orders}: accepted are integers >= 1")


def shape_of(counts: csr_array) -> tuple[int, int]:
    """(documents, buckets), which SciPy's own attribute does not tell a type checker."""
    return cast(tuple[int, int], counts.shape)


def ngram_counts(
    documents: Sequence[str], orders: tuple[int, ...] = (1, 2), buckets: int = 10_000
) -> csr_array:
    """Counts of the n-grams of these orders in each bucket, int64 (documents, buckets).

    All orders share the buckets; `.sum(axis=0)` are the totals of a text. The defaults are the
    features of DSIR and of Zhu et al. 2025 (arXiv 2412.14689), figure 11. Raises ValueError for
    no documents, orders < 1, and buckets outside 1 ... 2^32.
    """
    _check(documents, orders)
    if not 1 <= buckets <= 2**32:
        raise ValueError(f"buckets={buckets}: accepted are integers from 1 to 2^32")
    parts = [_chunk_counts(chunk, orders, buckets) for chunk in _chunks(documents)]
    return csr_array(vstack(parts, format="csr"))


def _chunk_counts(documents: Sequence[str], orders: tuple[int, ...], buckets: int) -> csr_array:
    words = Words.of(documents)
    places = []
    for n in orders:
        hashes, first = words.ngrams(n)
        places.append(words.documents[first] * buckets + bucket_of(hashes, buckets))
    # Sorting is several times faster than letting SciPy sum duplicates.
    place = np.sort(np.concatenate(places))
    first = np.flatnonzero(np.diff(place, prepend=-1))
    counts = np.diff(first, append=len(place))
    rows = np.searchsorted(place[first], np.arange(len(documents) + 1) * buckets)
    return csr_array((counts, place[first] % buckets, rows), shape=(len(documents), buckets))


def top_ngrams(documents: Sequence[str], k: int = 40, n: int = 2) -> list[tuple[str, int]]:
    """The k commonest n-grams as lower-cased text with their counts, commonest first.

    Of equally common ones the first in the text comes first. Different n-grams are told apart by
    64-bit hashes. Takes about 40 bytes of memory a word. Zhu et al. 2025, figures 12 and 13, have
    k = 40 and 64. Raises ValueError for no documents, n < 1, and k outside 1 ... distinct n-grams.
    """
    _check(documents, (n,))
    chunks = list(_chunks(documents))
    hashes = [Words.of(chunk).ngrams(n)[0] for chunk in chunks]
    ends = np.cumsum([len(part) for part in hashes])
    _, places, counts = np.unique(np.concatenate(hashes), return_index=True, return_counts=True)
    if not 1 <= k <= len(counts):
        raise ValueError(f"k={k}: accepted are integers from 1 to {len(counts)} distinct n-grams")
    top = np.lexsort((places, -counts))[:k]
    found: dict[int, str] = {}
    chunk_of = np.searchsorted(ends, places[top], side="right")
    for index in np.unique(chunk_of):
        words = Words.of(chunks[index])
        _, first = words.ngrams(n)
        for which in top[chunk_of == index]:
            place = places[which] - (ends[index] - len(first))
            found[which] = words.phrase(int(first[place]), n)
    return [(found[which], int(counts[which])) for which in top]
