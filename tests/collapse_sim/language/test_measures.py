"""Measures of token blocks: exact answers, slow references in pure Python, and what is refused."""

import math
import struct
import zlib
from collections import Counter

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from collapse_sim.language import measures
from tests.collapse_sim.draws import FAILURE_RATE

VOCABULARY = 9
TOKENS = np.array([[0, 1, 0, 1], [2, 2, 2, 5]])
HUMAN = np.array([500, 300, 150, 40, 9, 1, 0, 0, 0])

blocks = hnp.arrays(
    st.sampled_from([np.uint8, np.uint16, np.int32, np.int64]),
    hnp.array_shapes(min_dims=2, max_dims=2, min_side=4, max_side=8),
    elements=st.integers(0, VOCABULARY - 1),
)
blocks_of_large_ids = hnp.arrays(
    np.int64,
    hnp.array_shapes(min_dims=2, max_dims=2, min_side=4, max_side=8),
    elements=st.sampled_from([0, 1, 2, 2**16, 2**31, 2**32 - 2, 2**32 - 1]),
)
human_counts = hnp.arrays(np.int64, VOCABULARY, elements=st.integers(0, 2000)).filter(np.any)
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


EMPTY = np.zeros((0, 4), np.int64)
NONE_HUMAN = np.zeros(VOCABULARY, np.int64)
HALF = np.full((2, 3), 0.5)


@pytest.mark.parametrize(
    ("measure", "message"),
    [
        (lambda: measures.token_counts(TOKENS, 5), "unknown token id 5: accepted are 0 ... 4"),
        (lambda: measures.token_counts(-TOKENS, 9), "unknown token id -5: accepted are 0 ... 8"),
        (
            lambda: measures.token_counts(EMPTY, 9),
            "tokens of shape (0, 4): accepted are arrays of at least 1 token",
        ),
        (
            lambda: measures.surviving_vocabulary(TOKENS, HUMAN[:3]),
            "unknown token id 5: accepted are 0 ... 2",
        ),
        (
            lambda: measures.surviving_vocabulary(TOKENS, NONE_HUMAN),
            "human_counts with least 0 and sum 0: accepted are counts >= 0, not all 0",
        ),
        (
            lambda: measures.band_masses(TOKENS, 1 - HUMAN),
            "human_counts with least -499 and sum -991: accepted are counts >= 0, not all 0",
        ),
        (
            lambda: measures.band_masses(TOKENS, HUMAN, (0.1, 0.1)),
            "edges=(0.1, 0.1): accepted are decreasing numbers in (0, 1]",
        ),
        (
            lambda: measures.band_masses(TOKENS, HUMAN, (0.1, 0.0)),
            "edges=(0.1, 0.0): accepted are decreasing numbers in (0, 1]",
        ),
        (
            lambda: measures.tail_mass(TOKENS, HUMAN, 1.5),
            "edges=(1.5,): accepted are decreasing numbers in (0, 1]",
        ),
        (
            lambda: measures.tail_mass(TOKENS, HUMAN, math.nan),
            "edges=(nan,): accepted are decreasing numbers in (0, 1]",
        ),
        (lambda: measures.distinct(TOKENS, 0), "n=0: accepted are 1, 2, 3, 4"),
        (lambda: measures.distinct(TOKENS, 5), "n=5: accepted are 1, 2, 3, 4"),
        (lambda: measures.hashed_ngrams(TOKENS, 5), "n=5: accepted are 1, 2, 3, 4"),
        (
            lambda: measures.distinct(TOKENS[:, :2], 3),
            "tokens of shape (2, 2): accepted are blocks of at least n=3",
        ),
        (
            lambda: measures.distinct(EMPTY, 3),
            "tokens of shape (0, 4): accepted are arrays of at least 1 token",
        ),
        (
            lambda: measures.distinct(-TOKENS, 2),
            "unknown token id -5: accepted are 0 ... 4294967295",
        ),
        (
            lambda: measures.hashed_ngrams(TOKENS, 2, 0),
            "buckets=0: accepted are integers from 1 to 2^32",
        ),
        (
            lambda: measures.hashed_ngrams(TOKENS, 2, 2**32 + 1),
            "buckets=4294967297: accepted are integers from 1 to 2^32",
        ),
        (lambda: measures.concentration(HUMAN, 0), "top=0: accepted are integers from 1 to 9"),
        (lambda: measures.concentration(HUMAN, 10), "top=10: accepted are integers from 1 to 9"),
        (lambda: measures.concentration(HUMAN, 0.0), "top=0.0: accepted is (0, 1]"),
        (lambda: measures.concentration(HUMAN, 1.01), "top=1.01: accepted is (0, 1]"),
        (
            lambda: measures.concentration(NONE_HUMAN, 1),
            "counts with least 0 and sum 0: accepted are counts >= 0, not all 0",
        ),
        (
            lambda: measures.entropy(np.array([3, -1])),
            "counts with least -1 and sum 2: accepted are counts >= 0, not all 0",
        ),
        (lambda: measures.probability_histogram(HALF, 0), "bins=0: accepted are integers >= 1"),
        (lambda: measures.probability_histogram(3 * HALF), "probability 1.5: accepted is [0, 1]"),
        (lambda: measures.probability_histogram(-HALF), "probability -0.5: accepted is [0, 1]"),
        (
            lambda: measures.probability_histogram(np.nan * HALF),
            "probability nan: accepted is [0, 1]",
        ),
        (
            lambda: measures.probability_histogram(HALF[:0]),
            "probabilities of shape (0, 3): accepted is at least one",
        ),
        (
            lambda: measures.block_perplexities(HALF),
            "log probability 0.5: accepted are numbers <= 0",
        ),
        (
            lambda: measures.block_perplexities(np.nan * HALF),
            "log probability nan: accepted are numbers <= 0",
        ),
        (
            lambda: measures.block_perplexities(HALF[:, :0]),
            "log_probabilities of shape (2, 0): accepted is at least one a block",
        ),
        (lambda: measures.quantiles(HALF, (0.5, 1.5)), "level 1.5: accepted is [0, 1]"),
        (lambda: measures.quantiles(HALF, (math.nan,)), "level nan: accepted is [0, 1]"),
        (lambda: measures.quantiles(np.inf * HALF), "value inf: accepted are finite numbers"),
        (lambda: measures.quantiles(HALF[:0]), "values of shape (0, 3): accepted is at least one"),
        (
            lambda: measures.compression_ratio(TOKENS, 5),
            "unknown token id 5: accepted are 0 ... 4",
        ),
        (
            lambda: measures.compression_ratio(TOKENS + 2**32),
            "unknown token id 4294967296: accepted are 0 ... 4294967295",
        ),
        (
            lambda: measures.summary(TOKENS, HUMAN[:5]),
            "unknown token id 5: accepted are 0 ... 4",
        ),
        (
            lambda: measures.summary(TOKENS[:, :2], HUMAN),
            "tokens of shape (2, 2): accepted are blocks of at least n=3",
        ),
    ],
)
def test_unusable_input_is_refused_in_one_line(measure, message):
    with pytest.raises(ValueError) as refusal:
        measure()
    assert str(refusal.value) == message
