"""Words, hashed n-grams and top lists: slow references in pure Python, and what is refused."""

import re
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collapse_sim.language.measures import concentration
from collapse_sim.text import ngrams
from collapse_sim.text.ngrams import Words, ngram_counts, top_ngrams
from tests.collapse_sim.language.test_ngram_measures import bucket_of

characters = st.sampled_from("aAbÉéß \n\t.,—“'_1\0\x1f\u00a0\u3000İΣ中🙂\u0301") | st.characters()
documents = st.lists(st.text(characters, max_size=12), min_size=1, max_size=6)
chunks = st.sampled_from([1, 5, 2**18])

ODD = ["", "word", "\0", "a\0\0b", " \n ", "e\u0301", "\ud800", "中文 中文", "İ ΟΔΟΣ", "a" * 500]


def words_of(document: str) -> list[str]:
    return re.findall(r"\w+|[^\w\s]+", document.lower())


def hash_of(word: str) -> int:
    places = enumerate(word)
    return (
        sum((ord(letter) + 1) * pow(ngrams.BASE, place, 2**64) for place, letter in places) % 2**64
    )


def phrases(document: str, n: int) -> list[tuple[str, ...]]:
    words = words_of(document)
    return [tuple(words[start : start + n]) for start in range(len(words) - n + 1)]


def test_words_by_hand():
    words = Words.of(["It's 5 o'clock.", "", "Really?! Ça_va"])
    expected = ["it", "'", "s", "5", "o", "'", "clock", ".", "really", "?!", "ça_va"]
    assert [words.phrase(index, 1) for index in range(11)] == expected
    assert words.documents.tolist() == [0] * 8 + [2] * 3
    assert words.phrase(8, 3) == "really ?! ça_va"


@given(documents)
def test_words_and_their_hashes_are_those_of_a_loop(texts):
    words = Words.of(texts)
    expected = [(word, index) for index, text in enumerate(texts) for word in words_of(text)]
    found = [words.phrase(index, 1) for index in range(len(words.hashes))]
    assert list(zip(found, words.documents.tolist(), strict=True)) == expected
    assert words.hashes.tolist() == [hash_of(word) for word, _ in expected]


def test_hashes_are_the_same_in_every_process():
    assert Words.of(["The the"]).hashes.tolist() == [15702619182872962248] * 2
    assert ngram_counts(["The cat"]).indices.tolist() == [4650, 7786, 7957]


@pytest.mark.parametrize("chunk", [1, 5, 2**18])
def test_odd_documents_have_the_counts_of_a_counter(chunk, monkeypatch):
    monkeypatch.setattr(ngrams, "CHUNK_CHARACTERS", chunk)
    assert_counts(ODD, (1, 2), 10_000)


@given(
    documents,
    st.sampled_from([(1,), (2,), (1, 2), (3,), (9, 1)]),
    st.sampled_from([1, 2, 7, 10_000, 2**32]),
    chunks,
)
def test_counts_are_those_of_a_counter(texts, orders, buckets, chunk):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ngrams, "CHUNK_CHARACTERS", chunk)
        assert_counts(texts, orders, buckets)


def assert_counts(texts: list[str], orders: tuple[int, ...], buckets: int) -> None:
    found = ngram_counts(texts, orders, buckets)
    assert found.shape == (len(texts), buckets)
    assert found.dtype == np.int64
    assert len(found.indptr) == len(texts) + 1
    for text, start, end in zip(texts, found.indptr, found.indptr[1:], strict=False):
        expected = Counter(
            bucket_of(tuple(map(hash_of, phrase)), buckets)
            for n in orders
            for phrase in phrases(text, n)
        )
        rows = found.indices[start:end], found.data[start:end]
        assert list(zip(*map(np.ndarray.tolist, rows), strict=True)) == sorted(expected.items())


def test_a_text_without_words_has_no_counts():
    assert ngram_counts(["", " \n"]).nnz == 0
    assert ngram_counts(["word"], (2,)).nnz == 0


def test_concentration_is_that_of_a_zipf_law():
    """Word r of 300 occurs about 10 000 / r times; the ten commonest have H_10 / H_300."""
    counts = [round(10_000 / rank) for rank in range(1, 301)]
    text = " ".join(f"w{rank} " * count for rank, count in enumerate(counts))
    totals = ngram_counts([text], (1,), buckets=1_000_000).sum(axis=0)
    assert concentration(totals, 10) == sum(counts[:10]) / sum(counts)
    harmonic = np.cumsum(1 / np.arange(1, 301))
    assert concentration(totals, 10) == pytest.approx(harmonic[9] / harmonic[-1], rel=1e-3)


def test_top_bigrams_by_hand():
    texts = ["The cat sat. The cat ran.", "the", "CAT! the cat"]
    expected = [("the cat", 3), ("cat sat", 1), ("sat .", 1), (". the", 1)]
    assert top_ngrams(texts, 4) == expected
    assert top_ngrams(texts, 2, n=1) == [("the", 4), ("cat", 4)]
    assert top_ngrams(texts, 1, n=4) == [("the cat sat .", 1)]


@given(documents, st.integers(1, 3), chunks)
def test_top_ngrams_are_those_of_a_counter(texts, n, chunk):
    counter = Counter(phrase for text in texts for phrase in phrases(text, n))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ngrams, "CHUNK_CHARACTERS", chunk)
        for k in {1, len(counter)} - {0} if counter else set():
            expected = [(" ".join(words), count) for words, count in counter.most_common(k)]
            assert top_ngrams(texts, k, n) == expected


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ngram_counts([]), "documents=[]: accepted are lists of at least one text"),
        (
            lambda: ngram_counts("a text"),
            "documents='a text': accepted are lists of at least one text",
        ),
        (lambda: top_ngrams([]), "documents=[]: accepted are lists of at least one text"),
        (lambda: ngram_counts(["a"], (1, 0)), "n=(1, 0): accepted are integers >= 1"),
        (lambda: ngram_counts(["a"], ()), "n=(): accepted are integers >= 1"),
        (
            lambda: ngram_counts(["a"], buckets=0),
            "buckets=0: accepted are integers from 1 to 2^32",
        ),
        (
            lambda: ngram_counts(["a"], buckets=2**32 + 1),
            "buckets=4294967297: accepted are integers from 1 to 2^32",
        ),
        (lambda: top_ngrams(["a b"], 1, 0), "n=(0,): accepted are integers >= 1"),
        (
            lambda: top_ngrams(["a b c"], 3),
            "k=3: accepted are integers from 1 to 2 distinct n-grams",
        ),
        (
            lambda: top_ngrams(["a b c"], 0),
            "k=0: accepted are integers from 1 to 2 distinct n-grams",
        ),
        (lambda: top_ngrams([""]), "k=40: accepted are integers from 1 to 0 distinct n-grams"),
    ],
)
def test_unusable_input_is_refused_in_one_line(call, message):
    with pytest.raises(ValueError) as refusal:
        call()
    assert str(refusal.value) == message
