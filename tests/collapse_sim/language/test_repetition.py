"""Repeats and perplexities of blocks, against texts in which they can be counted."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collapse_sim.language.repetition import longest_repeat, perplexity_histogram


@pytest.mark.parametrize(
    ("blocks", "expected"),
    [
        ([[1, 2, 3, 4]], 0),
        ([[1, 2, 3, 1]], 1),
        ([[1, 2, 3, 4], [9, 2, 3, 4]], 3),
        ([[1, 2, 3, 4], [1, 2, 3, 4]], 4),
        ([[5, 5, 5, 5]], 3),
        ([[1, 2], [3, 1], [2, 4]], 1),  # no n-gram goes over the end of a block
    ],
)
def test_longest_repeat(blocks, expected):
    assert longest_repeat(np.array(blocks)) == expected


@given(st.lists(st.lists(st.integers(0, 2), min_size=6, max_size=6), min_size=1, max_size=4))
def test_it_is_what_counting_every_n_gram_finds(blocks):
    def repeats(n):
        grams = [tuple(row[i : i + n]) for row in blocks for i in range(len(row) - n + 1)]
        return len(set(grams)) < len(grams)

    assert longest_repeat(np.array(blocks)) == max(
        [n for n in range(1, 7) if repeats(n)], default=0
    )


def test_perplexity_histogram():
    found = perplexity_histogram(np.array([1.0, 2.0, 3.9, 4.0, 1023.0, 1024.0, np.inf, 5.0]))
    np.testing.assert_array_equal(found * 8, [1, 2, 2, 0, 0, 0, 0, 0, 0, 1, 2])
