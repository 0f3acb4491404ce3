"""What no measure of token blocks accepts, and what it says."""

import math

import numpy as np
import pytest

from collapse_sim.language import measures
from tests.collapse_sim.language.token_blocks import HUMAN, TOKENS, VOCABULARY

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
            lambda: measures.summary(TOKENS[:, :1], HUMAN),
            "tokens of shape (2, 1): accepted are blocks of at least n=2",
        ),
    ],
)
def test_unusable_input_is_refused_in_one_line(measure, message):
    with pytest.raises(ValueError) as refusal:
        measure()
    assert str(refusal.value) == message
