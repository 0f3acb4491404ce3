"""Importance weights, and which documents are kept: exact answers, laws, and what is refused."""

import math
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats
from scipy.sparse import csr_array

from collapse_sim.text.importance import log_importance_weights, log_law
from collapse_sim.text.ngrams import ngram_counts
from collapse_sim.text.selection import (
    Selection,
    density_sampling,
    gumbel_top_k,
    importance_resampling,
    perplexity_filter,
)
from tests.collapse_sim.draws import FAILURE_RATE

TARGET = csr_array(np.array([[6, 1], [0, 1]]))
RAW = csr_array(np.array([[3, 1], [0, 4], [0, 0]]))
tables = hnp.arrays(np.int64, (4, 5), elements=st.integers(0, 9)).filter(np.any)


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


# Importance


def test_the_law_by_hand():
    np.testing.assert_allclose(np.exp(log_law(TARGET)), [0.7, 0.3])
    np.testing.assert_allclose(np.exp(log_law(TARGET, 0.5)), [6.5 / 9, 2.5 / 9])


def test_weights_are_target_over_raw():
    # p = (7, 3) / 10 and q = (4, 6) / 10 after smoothing.
    expected = [3 * math.log(7 / 4) + math.log(3 / 6), 4 * math.log(3 / 6), 0]
    np.testing.assert_allclose(log_importance_weights(TARGET, RAW), expected)


@given(tables, tables, st.floats(0.01, 10))
def test_weights_are_those_of_a_loop(target, raw, smoothing):
    def law(counts, bucket):
        return (counts[:, bucket].sum() + smoothing) / (counts.sum() + 5 * smoothing)

    expected = [
        sum(row[b] * (math.log(law(target, b)) - math.log(law(raw, b))) for b in range(5))
        for row in raw
    ]
    found = log_importance_weights(csr_array(target), csr_array(raw), smoothing)
    np.testing.assert_allclose(found, expected, atol=1e-9)


@given(tables, st.floats(0.01, 10))
def test_a_text_has_no_weights_against_itself(counts, smoothing):
    assert not log_importance_weights(csr_array(counts), csr_array(counts), smoothing).any()


def test_resampling_returns_the_topic():
    topics = ["sun moon star comet orbit planet", "flour sugar butter oven bake cake"]
    random = generator(1)

    def document(topic: int) -> str:
        return " ".join(random.choice(topics[topic].split(), 40))

    labels = np.arange(400) % 2
    raw = ngram_counts([document(label) for label in labels])
    for topic in (0, 1):
        target = ngram_counts([document(topic) for _ in range(100)])
        found = importance_resampling(target, raw, 200, generator())
        np.testing.assert_array_equal(labels[found.kept], np.full(200, topic))
        assert (found.name, found.among) == ("importance", 400)


# Draws without replacement


def test_draws_have_the_law_of_successive_draws():
    """40 000 pairs out of four, chi-square; control: the law of draws by scaled noise."""
    shares = np.array([0.1, 0.2, 0.3, 0.4])
    random, log_weights = generator(2), np.log(shares) + 5
    draws = np.array([gumbel_top_k(log_weights, 2, random) for _ in range(40_000)])
    pairs = list(combinations(range(4), 2))
    counts = [np.sum((draws == pair).all(axis=1)) for pair in pairs]

    def law(p):
        return np.array([p[i] * p[j] * (1 / (1 - p[i]) + 1 / (1 - p[j])) for i, j in pairs])

    assert stats.chisquare(counts, 40_000 * law(shares)).pvalue > FAILURE_RATE
    wrong = shares**1.1 / np.sum(shares**1.1)
    assert stats.chisquare(counts, 40_000 * law(wrong)).pvalue < FAILURE_RATE


@given(st.integers(1, 20), st.data())
def test_draws_are_distinct_possible_and_increasing(documents, data):
    floats = st.floats(-1e3, 1e3) | st.just(-math.inf)
    log_weights = data.draw(hnp.arrays(np.float64, documents, elements=floats))
    possible = set(np.flatnonzero(log_weights > -np.inf).tolist())
    if possible:
        k = data.draw(st.integers(1, len(possible)))
        kept = gumbel_top_k(log_weights, k, generator()).tolist()
        assert kept == sorted(set(kept)) and len(kept) == k and possible.issuperset(kept)
        assert kept == gumbel_top_k(log_weights, k, generator()).tolist()


def test_density_sampling_prefers_what_is_rare():
    """Density 1 against 3: the first is kept with chance 3/4; exact binomial test."""
    random, densities = generator(3), np.array([0.25, 0.75])
    first = sum(density_sampling(densities, 1, random).kept[0] == 0 for _ in range(40_000))
    assert stats.binomtest(first, 40_000, 3 / 4).pvalue > FAILURE_RATE
    assert stats.binomtest(first, 40_000, 3 / 4 * 0.98).pvalue < FAILURE_RATE
    assert density_sampling(densities, 2, random).name == "density"


# Perplexity


def test_the_filter_by_hand():
    perplexities = np.arange(100.0, -1, -1)  # 100, 99, ..., 0
    found = perplexity_filter(perplexities, 0.25, 0.5)
    np.testing.assert_array_equal(found.kept, np.arange(50, 76))
    assert (found.name, found.among) == ("perplexity", 101)
    np.testing.assert_array_equal(perplexity_filter(perplexities, 1.0, 1.0).kept, [0])


@given(
    hnp.arrays(np.float64, st.integers(1, 30), elements=st.floats(1, 1e3)),
    st.floats(0, 1),
    st.floats(0, 1),
)
def test_filters_keep_the_middle(perplexities, first, second):
    low, high = min(first, second), max(first, second)
    kept = perplexity_filter(perplexities, low, high).kept
    assert perplexity_filter(perplexities, 0.0, 1.0).kept.tolist() == list(range(len(perplexities)))
    inside, outside = perplexities[kept], np.delete(perplexities, kept)
    assert len(inside) >= math.floor((high - low) * (len(perplexities) - 1))
    if len(inside):
        assert not ((inside.min() <= outside) & (outside <= inside.max())).any()


def test_a_selection_is_of_its_own_documents():
    selection = Selection("some", np.array([0, 2]), 3)
    assert selection.of(["a", "b", "c"]) == ["a", "c"]
    with pytest.raises(ValueError, match="^documents=2: accepted are 3$"):
        selection.of(["a", "b"])


NONE = csr_array((2, 2), dtype=np.int64)
TWO = np.zeros(2)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: log_law(TARGET, 0.0), "smoothing=0.0: accepted are finite numbers > 0"),
        (
            lambda: log_importance_weights(TARGET, RAW, -1.0),
            "smoothing=-1.0: accepted are finite numbers > 0",
        ),
        (lambda: log_law(TARGET, math.inf), "smoothing=inf: accepted are finite numbers > 0"),
        (lambda: log_law(TARGET, math.nan), "smoothing=nan: accepted are finite numbers > 0"),
        (lambda: log_law(NONE), "counts of shape (2, 2) and sum 0: accepted are texts with words"),
        (
            lambda: importance_resampling(TARGET, csr_array(np.eye(3, dtype=int)), 1, generator()),
            "target of 2 buckets: accepted are 3, as raw",
        ),
        (
            lambda: importance_resampling(TARGET, RAW, 4, generator()),
            "k=4: accepted are integers from 1 to 3 documents",
        ),
        (
            lambda: gumbel_top_k(np.array([0, -math.inf]), 2, generator()),
            "k=2: accepted are integers from 1 to 1 documents",
        ),
        (
            lambda: gumbel_top_k(TWO, 0, generator()),
            "k=0: accepted are integers from 1 to 2 documents",
        ),
        (
            lambda: gumbel_top_k(TWO * math.nan, 1, generator()),
            "log weight nan: accepted are numbers and -inf",
        ),
        (
            lambda: gumbel_top_k(TWO + math.inf, 1, generator()),
            "log weight inf: accepted are numbers and -inf",
        ),
        (
            lambda: density_sampling(TWO, 1, generator()),
            "density 0.0: accepted are finite numbers > 0",
        ),
        (
            lambda: density_sampling(TWO + math.nan, 1, generator()),
            "density nan: accepted are finite numbers > 0",
        ),
        (
            lambda: density_sampling(TWO + 1, 3, generator()),
            "k=3: accepted are integers from 1 to 2 documents",
        ),
        (
            lambda: perplexity_filter(TWO, -0.1, 1.0),
            "low=-0.1, high=1.0: accepted are 0 <= low <= high <= 1",
        ),
        (
            lambda: perplexity_filter(TWO, 0.6, 0.4),
            "low=0.6, high=0.4: accepted are 0 <= low <= high <= 1",
        ),
        (
            lambda: perplexity_filter(TWO + math.nan, 0.0, 1.0),
            "value nan: accepted are finite numbers",
        ),
        (
            lambda: perplexity_filter(TWO[:0], 0.0, 1.0),
            "values of shape (0,): accepted is at least one",
        ),
    ],
)
def test_unusable_input_is_refused_in_one_line(call, message):
    with pytest.raises(ValueError) as refusal:
        call()
    assert str(refusal.value) == message
