"""Distinct and hashed n-grams: exact answers, references in pure Python, the published hash."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from collapse_sim.language import measures
from tests.collapse_sim.draws import FAILURE_RATE
from tests.collapse_sim.language.token_blocks import TOKENS, blocks, blocks_of_large_ids

orders = st.integers(1, 4)


def ngrams(tokens: np.ndarray, n: int) -> list[tuple[int, ...]]:
    return [
        tuple(block[start : start + n])
        for block in tokens.tolist()
        for start in range(len(block) - n + 1)
    ]


def split_mix(state: int) -> int:
    """SplitMix64 from its published C code, in Python integers."""
    word = (state + 0x9E3779B97F4A7C15) % 2**64
    word = (word ^ word >> 30) * 0xBF58476D1CE4E5B9 % 2**64
    word = (word ^ word >> 27) * 0x94D049BB133111EB % 2**64
    return word ^ word >> 31


def bucket_of(ngram: tuple[int, ...], buckets: int) -> int:
    key = 0
    for token in ngram:
        key = split_mix(key ^ token)
    return (key >> 32) * buckets >> 32


def test_distinct_by_hand_stays_inside_blocks():
    assert measures.distinct(TOKENS, 1) == 4 / 8
    assert measures.distinct(TOKENS, 2) == 4 / 6  # 01 10 01, 22 22 25; 12 is no bigram
    assert measures.distinct(TOKENS, 3) == 4 / 4
    assert measures.distinct(TOKENS, 4) == 2 / 2


@given(blocks, orders)
def test_distinct_is_that_of_sets(tokens, n):
    expected = ngrams(tokens, n)
    assert measures.distinct(tokens, n) == len(set(expected)) / len(expected)


@given(blocks_of_large_ids, orders)
def test_distinct_is_that_of_sets_also_where_it_has_to_hash(tokens, n):
    expected = ngrams(tokens, n)
    assert measures.distinct(tokens, n) == len(set(expected)) / len(expected)


@pytest.mark.parametrize(
    ("largest", "n"),
    # At and beyond the largest base whose powers fit in 32 and in 64 bits. The powers of 2^17
    # and 2^32 would lose the high bits of the first id.
    [
        *[(2**16 - 1, 2), (2**16, 2), (1624, 3), (1625, 3), (2**17 - 1, 2)],
        *[(2**16 - 1, 4), (2**16, 4), (2**17 - 1, 4), (2**32 - 1, 2), (2**32 - 1, 3)],
    ],
)
def test_distinct_tells_large_ids_apart(largest, n):
    edge = [0, 1, largest - 1, largest, *(power for power in (2**13, 2**15) if power < largest - 1)]
    grid = np.stack(np.meshgrid(*[edge] * n), axis=-1).reshape(-1, n)
    assert measures.distinct(grid, n) == 1
    assert measures.distinct(np.concatenate([grid, grid]), n) == 0.5


@given(st.integers(1, 6), st.integers(4, 9), st.sampled_from([0, 3, 2**16, 2**32 - 1]), orders)
def test_constant_text_has_one_ngram(rows, time, token, n):
    tokens = np.full((rows, time), token)
    assert measures.distinct(tokens, n) == 1 / (rows * (time - n + 1))


@pytest.mark.parametrize(
    ("state", "output"),
    [
        (1234567, 6457827717110365317),  # the published first two outputs for this seed
        (1234567 + 0x9E3779B97F4A7C15, 3203168211198807973),
        (0, 0xE220A8397B1DCDAF),
    ],
)
def test_the_hash_is_split_mix(state, output):
    assert split_mix(state) == output
    assert measures.mixed(np.array([state % 2**64], np.uint64)) == output


@given(blocks | blocks_of_large_ids, orders, st.sampled_from([1, 2, 7, 10_000]))
def test_hashed_ngrams_are_those_of_a_counter(tokens, n, buckets):
    expected = Counter(bucket_of(ngram, buckets) for ngram in ngrams(tokens, n))
    found = measures.hashed_ngrams(tokens, n, buckets)
    assert found.tolist() == [expected[bucket] for bucket in range(buckets)]


def test_hashing_in_chunks_loses_nothing(monkeypatch):
    tokens = np.random.default_rng(2).integers(0, 50, (40, 6))
    whole = measures.hashed_ngrams(tokens, 2, 100)
    assert whole.sum() == 40 * 5
    for chunk in (1, 6, 13, 7 * 6):
        monkeypatch.setattr(measures, "CHUNK_TOKENS", chunk)
        np.testing.assert_array_equal(measures.hashed_ngrams(tokens, 2, 100), whole)


@pytest.mark.parametrize("buckets", [97, 1000, 1024])
def test_bigrams_of_a_grid_spread_over_the_buckets_like_draws(buckets):
    """90 000 distinct bigrams of small ids, chi-square; control: the same without mixing."""
    tokens = np.stack(np.meshgrid(np.arange(300), np.arange(300)), axis=-1).reshape(-1, 2)
    p_value = stats.chisquare(measures.hashed_ngrams(tokens, 2, buckets)).pvalue
    assert FAILURE_RATE < p_value < 1 - FAILURE_RATE
    unmixed = np.bincount((tokens[:, 0] * 300 + tokens[:, 1]) % buckets, minlength=buckets)
    assert not FAILURE_RATE < stats.chisquare(unmixed).pvalue < 1 - FAILURE_RATE
