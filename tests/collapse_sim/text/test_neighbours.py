"""Density by hashing: the collision law, exact answers, a slow reference, and what is refused."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats
from scipy.sparse import csr_array

from collapse_sim.text.neighbours import densities, signs
from collapse_sim.text.ngrams import ngram_counts
from tests.collapse_sim.draws import FAILURE_RATE

counts = hnp.arrays(np.int64, st.tuples(st.integers(1, 6), st.just(4)), elements=st.integers(0, 3))


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


@pytest.mark.parametrize("degrees", [20, 60, 90, 150])
def test_bits_agree_with_the_chance_of_the_angle(degrees):
    """1 - angle / pi, for vectors of any length; exact binomial tests of 400 000 bits each."""
    angle = math.radians(degrees)
    vectors = csr_array(np.array([[0, 3, 0], [0, 0.5 * math.cos(angle), 0.5 * math.sin(angle)]]))
    first, second = signs(vectors, 400_000, generator(degrees))
    agree = int(np.sum(first == second))
    chance = 1 - angle / math.pi
    assert stats.binomtest(agree, 400_000, chance).pvalue > FAILURE_RATE
    assert stats.binomtest(agree, 400_000, chance * 0.98).pvalue < FAILURE_RATE


@given(counts, counts, st.integers(1, 3), st.integers(1, 5))
def test_densities_are_those_of_pairwise_comparison(own, others, repetitions, bits):
    both = csr_array(np.concatenate([own, others]))
    random, expected = generator(), np.zeros(len(own))
    for _ in range(repetitions):
        codes = signs(both, bits, random)
        shared = (codes[: len(own), None] == codes[None, len(own) :]).all(axis=2)
        expected += shared.mean(axis=1) / repetitions
    found = densities(
        csr_array(own), generator(), csr_array(others), repetitions=repetitions, bits=bits
    )
    np.testing.assert_allclose(found, expected, rtol=1e-12)


@given(counts, st.integers(1, 5))
def test_a_text_is_by_default_among_itself(own, bits):
    own = csr_array(own)
    options = {"repetitions": 3, "bits": bits}
    found = densities(own, generator(), **options)
    np.testing.assert_array_equal(found, densities(own, generator(), own, **options))
    assert ((found >= (1 - 1e-12) / own.shape[0]) & (found <= 1)).all()


def test_duplicates_are_as_dense_as_they_are_many():
    rare = [f"alone{number} unique{number} single{number}" for number in range(15)]
    found = densities(
        ngram_counts(["spam and eggs"] * 5 + rare), generator(), bits=20, repetitions=30
    )
    # Without a common word the angle is 90 degrees, and the kernel 2^-20.
    np.testing.assert_allclose(found, [5 / 20] * 5 + [1 / 20] * 15, rtol=1e-12)
    np.testing.assert_array_equal(densities(ngram_counts(["a b"] * 9), generator()), np.ones(9))


def test_documents_without_words_are_alike():
    found = densities(ngram_counts(["", " ", "word"]), generator(), bits=20, repetitions=30)
    np.testing.assert_allclose(found, [2 / 3, 2 / 3, 1 / 3], rtol=1e-12)


def test_opposite_vectors_never_meet():
    opposite = csr_array(np.array([[1, 2], [-1, -2]]))
    np.testing.assert_array_equal(densities(opposite, generator(), bits=1), [0.5, 0.5])


@pytest.mark.parametrize("bits", [1, 3])
def test_orthogonal_documents_share_one_bucket_in_2_to_the_bits(bits):
    """Pairs at right angles agree independently, pair by pair, which gives the standard error.

    Their number is in law nearly chi-square of 300 (2^bits - 1) degrees of freedom, which is 6
    standard errors off with chance below 1e-6; the error allowed is at most 0.4 %.
    """
    documents, repetitions = 200, 300
    found = densities(
        csr_array(np.eye(documents)), generator(bits), repetitions=repetitions, bits=bits
    )
    chance, pairs = 2.0**-bits, documents * (documents - 1) / 2 * repetitions
    shared = (found.mean() * documents - 1) / (documents - 1)
    assert abs(shared - chance) < 6 * math.sqrt(chance * (1 - chance) / pairs)


TWO = csr_array(np.eye(2))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: densities(TWO, generator(), bits=0),
            "bits=0: accepted are integers from 1 to 20",
        ),
        (
            lambda: densities(TWO, generator(), bits=21),
            "bits=21: accepted are integers from 1 to 20",
        ),
        (
            lambda: densities(TWO, generator(), repetitions=0),
            "repetitions=0: accepted are integers >= 1",
        ),
        (
            lambda: densities(TWO, generator(), csr_array(np.eye(3))),
            "among of 3 features: accepted are 2, as counts",
        ),
        (
            lambda: densities(csr_array((0, 2)), generator()),
            "documents=0: accepted is at least one, of either text",
        ),
        (
            lambda: densities(TWO, generator(), csr_array((0, 2))),
            "documents=0: accepted is at least one, of either text",
        ),
    ],
)
def test_unusable_input_is_refused_in_one_line(call, message):
    with pytest.raises(ValueError) as refusal:
        call()
    assert str(refusal.value) == message
