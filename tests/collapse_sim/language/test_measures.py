"""Measures of token blocks: exact answers, and slow references in pure Python."""

import math
import struct
import zlib
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from collapse_sim.language import measures
from tests.collapse_sim.language.token_blocks import (
    HUMAN,
    TOKENS,
    VOCABULARY,
    blocks,
    blocks_of_large_ids,
    human_counts,
)


def test_counts_by_hand():
    np.testing.assert_array_equal(measures.token_counts(TOKENS, 7), [2, 2, 3, 0, 0, 1, 0])


@given(blocks)
def test_counts_are_those_of_a_counter(tokens):
    expected = Counter(tokens.reshape(-1).tolist())
    found = measures.token_counts(tokens, VOCABULARY)
    assert found.tolist() == [expected[token] for token in range(VOCABULARY)]


def test_surviving_vocabulary_by_hand():
    # Of the six types of the human data 0, 1, 2 and 5 are left.
    assert measures.surviving_vocabulary(TOKENS, HUMAN) == 4 / 6
    # Types the human data lack do not count.
    assert measures.surviving_vocabulary(np.array([[0, 7, 8]]), HUMAN) == 1 / 6
    assert measures.surviving_vocabulary(np.array([[7, 8]]), HUMAN) == 0


@given(blocks, human_counts)
def test_surviving_vocabulary_is_that_of_sets(tokens, human):
    types = {token for token, count in enumerate(human) if count}
    expected = len(types & set(tokens.reshape(-1).tolist())) / len(types)
    assert measures.surviving_vocabulary(tokens, human) == expected


def test_everything_human_survives_in_the_human_data():
    human = measures.token_counts(TOKENS, VOCABULARY)
    assert measures.surviving_vocabulary(TOKENS, human) == 1


def test_bands_by_hand_include_their_lower_edge():
    human = np.array([9789, 100, 99, 10, 1, 1, 0])  # of 10 000
    tokens = np.array([[0, 1, 2, 3], [4, 5, 6, 6]])
    found = measures.band_masses(tokens, human)
    np.testing.assert_array_equal(found, [2 / 8, 2 / 8, 2 / 8, 2 / 8])
    assert measures.tail_mass(tokens, human) == 4 / 8
    assert measures.tail_mass(tokens, human, 0.01) == 6 / 8
    assert measures.tail_mass(tokens, human, 1.0) == 1
    np.testing.assert_array_equal(measures.band_masses(tokens, human, ()), [1])


@given(
    blocks,
    human_counts,
    st.lists(st.floats(1e-4, 1), min_size=1, max_size=4, unique=True),
)
def test_band_masses_are_those_of_a_loop_and_sum_to_one(tokens, human, edges):
    edges = tuple(sorted(edges, reverse=True))
    expected = [0] * (len(edges) + 1)
    for token in tokens.reshape(-1).tolist():
        frequency = int(human[token]) / int(human.sum())
        expected[sum(frequency < edge for edge in edges)] += 1
    found = measures.band_masses(tokens, human, edges)
    np.testing.assert_array_equal(found, np.array(expected) / tokens.size)
    assert found.sum() == pytest.approx(1, abs=1e-12)
    assert measures.tail_mass(tokens, human, edges[-1]) == found[-1]


def test_concentration_by_hand():
    counts = np.array([1, 0, 6, 3])
    assert [measures.concentration(counts, top) for top in (1, 2, 3, 4)] == [0.6, 0.9, 1, 1]
    assert [measures.concentration(counts, top) for top in (0.25, 0.5, 1.0)] == [0.6, 0.9, 1]
    assert measures.concentration(counts, 1e-9) == 0.6  # at least one
    assert measures.concentration(np.full(10_000, 3), 0.01) == 0.01


@given(
    hnp.arrays(np.int64, st.integers(1, 30), elements=st.integers(0, 9)).filter(np.any), st.data()
)
def test_concentration_and_entropy_are_those_of_loops(counts, data):
    values, total = sorted(counts.tolist(), reverse=True), int(counts.sum())
    top = data.draw(st.integers(1, len(values)))
    found = measures.concentration(counts, top)
    assert found == sum(values[:top]) / total
    assert 0 < found <= 1
    expected = -math.fsum(value / total * math.log(value / total) for value in values if value)
    assert measures.entropy(counts) == pytest.approx(expected, abs=1e-12)


def test_entropy_by_hand():
    assert measures.entropy(np.array([0, 5, 0])) == 0
    assert measures.entropy(np.full(8, 3)) == pytest.approx(math.log(8))
    assert measures.entropy(np.array([2, 1, 1])) == pytest.approx(1.5 * math.log(2))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_histogram_by_hand(dtype):
    found = measures.probability_histogram(np.array([[0, 0.05, 0.11], [0.5, 0.99, 1]], dtype))
    np.testing.assert_array_equal(found * 6, [2, 1, 0, 0, 0, 1, 0, 0, 0, 2])


def test_every_tenth_opens_its_own_part():
    found = measures.probability_histogram(np.arange(10) / 10)
    np.testing.assert_array_equal(found, np.full(10, 0.1))


@given(
    hnp.arrays(np.float64, hnp.array_shapes(max_dims=2), elements=st.floats(0, 1)),
    st.integers(1, 20),
)
def test_histogram_is_that_of_a_counter_and_sums_to_one(probabilities, bins):
    parts = Counter(min(int(p * bins), bins - 1) for p in probabilities.reshape(-1).tolist())
    found = measures.probability_histogram(probabilities, bins)
    expected = [parts[part] / probabilities.size for part in range(bins)]
    np.testing.assert_array_equal(found, expected)
    assert found.sum() == pytest.approx(1, abs=1e-12)


def test_perplexities_by_hand():
    found = measures.block_perplexities(np.log([[0.5, 0.5], [1, 1], [0.5, 0.125]]))
    np.testing.assert_allclose(found, [2, 1, 4])


@given(hnp.arrays(np.float32, (3, 5), elements=st.floats(-100, 0, width=32)))
def test_perplexities_are_those_of_a_loop(log_probabilities):
    expected = [math.exp(-math.fsum(block) / 5) for block in log_probabilities.tolist()]
    found = measures.block_perplexities(log_probabilities)
    np.testing.assert_allclose(found, expected, rtol=1e-12)
    assert (found >= 1).all()


def test_perplexities_sum_in_float64():
    log_probabilities = np.full((1, 100_000), np.float32(-0.1))
    expected = math.exp(-float(np.float32(-0.1)))
    np.testing.assert_allclose(measures.block_perplexities(log_probabilities), expected, rtol=1e-12)


def test_an_impossible_block_has_infinite_perplexity():
    found = measures.block_perplexities(np.array([[-np.inf, 0], [-2000, -2000], [0, 0]]))
    np.testing.assert_array_equal(found, [np.inf, np.inf, 1])


def test_quantiles_by_hand():
    values = np.arange(101.0)[::-1]
    np.testing.assert_allclose(measures.quantiles(values), [1, 5, 25, 50, 75, 95, 99])
    np.testing.assert_array_equal(measures.quantiles(values, (0.0, 1.0)), [0, 100])


@given(
    hnp.arrays(np.float64, st.integers(1, 30), elements=st.floats(-1e3, 1e3)),
    st.lists(st.floats(0, 1), min_size=1, max_size=4),
)
def test_quantiles_interpolate_order_statistics(values, levels):
    ordered = sorted(values.tolist())
    expected = []
    for level in levels:
        place = level * (len(ordered) - 1)
        low, high = ordered[math.floor(place)], ordered[math.ceil(place)]
        expected.append(low + (high - low) * (place - math.floor(place)))
    found = measures.quantiles(values, tuple(levels))
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


@given(blocks_of_large_ids | blocks, st.booleans())
def test_compression_ratio_is_that_of_packed_bytes(tokens, known):
    ids = tokens.reshape(-1).tolist()
    vocabulary = 2**32 if known else None
    wide = known or max(ids) >= 2**16
    raw = struct.pack(f"<{len(ids)}{'I' if wide else 'H'}", *ids)
    expected = len(zlib.compress(raw, level=6)) / len(raw)
    assert measures.compression_ratio(tokens, vocabulary) == expected


def test_repetition_compresses_and_noise_does_not():
    noise = np.random.default_rng(3).integers(0, 2**16, (100, 128))
    assert measures.compression_ratio(noise, 2**16) > 0.99
    assert measures.compression_ratio(np.tile(noise[:1], (100, 1)), 2**16) < 0.03


SHARES = {
    "surviving_vocabulary",
    "distinct_1",
    "distinct_2",
    "distinct_3",
    "bigram_concentration",
    "unigram_concentration",
    "tail_mass",
}


def test_summary_by_hand():
    found = measures.summary(TOKENS, HUMAN)
    assert list(found) == [
        "surviving_vocabulary",
        "distinct_1",
        "distinct_2",
        "distinct_3",
        "unigram_entropy",
        "bigram_concentration",
        "unigram_concentration",
        "tail_mass",
        "compression_ratio",
    ]
    shares = np.array([2, 2, 3, 1]) / 8
    assert found == {
        "surviving_vocabulary": 4 / 6,
        "distinct_1": 4 / 8,
        "distinct_2": 4 / 6,
        "distinct_3": 1,
        "unigram_entropy": pytest.approx(-(shares * np.log(shares)).sum()),
        "bigram_concentration": 1,  # 4 bigrams in the top 100 buckets
        "unigram_concentration": 3 / 8,  # the top 1 % of 9 types is one
        "tail_mass": 0,  # the last human type has a frequency of exactly 10^-3
        "compression_ratio": measures.compression_ratio(TOKENS),
    }
    assert all(type(value) is float for value in found.values())


@given(blocks, human_counts, st.randoms(use_true_random=False))
def test_summary_is_of_shares_and_ignores_the_order_of_blocks(tokens, human, random):
    found = measures.summary(tokens, human)
    assert all(0 <= found[name] <= 1 for name in SHARES)
    assert 0 <= found["unigram_entropy"] <= math.log(VOCABULARY) + 1e-12
    assert found["compression_ratio"] > 0
    order = random.sample(range(len(tokens)), len(tokens))
    permuted = measures.summary(tokens[order], human)
    for measure in SHARES | {"unigram_entropy"}:
        assert permuted[measure] == found[measure]
