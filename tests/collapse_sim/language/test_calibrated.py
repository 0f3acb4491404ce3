"""A language whose probabilities have a given histogram: exactly that one, and all text alike."""

import numpy as np
import pytest
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from collapse_sim.language.calibrated import Sure, calibrated_source
from collapse_sim.language.oracle import MarkovSource
from theory.language.printed import EDITED_SHARE, PROBABILITY_DECILES

DECILES = np.array(PROBABILITY_DECILES) / 100
PUBLISHED = Sure(EDITED_SHARE[0] / 100, 0.9975)


def shares(source: MarkovSource) -> np.ndarray:
    """Mass of drawn tokens by decile of their probability, pair by pair, in float64."""
    joint = source.stationary()[:, None] * np.asarray(source.table, np.float64)
    bins = np.floor(10 * np.asarray(source.table, np.float64)).astype(int)
    return np.bincount(bins.ravel(), weights=joint.ravel(), minlength=10)


@pytest.fixture(scope="module")
def source() -> MarkovSource:
    return calibrated_source(DECILES, PUBLISHED)


def test_the_published_histogram_is_had_exactly(source):
    """Up to the rounding of a table in float32; a histogram off by 2 % is another one."""
    np.testing.assert_allclose(shares(source), DECILES, rtol=1e-6)
    wrong = DECILES * np.where(np.arange(10) == 3, 1.02, 1)
    assert np.abs(shares(source) / wrong - 1).max() > 0.015
    sure = source.share_where(np.asarray(source.table) >= 0.99)
    assert sure == pytest.approx(0.12503, rel=1e-6) != pytest.approx(1.02 * 0.12503, rel=1e-6)
    assert (np.asarray(source.table).max(axis=1) >= 0.99).sum() == 16


def test_every_token_is_about_as_frequent_and_its_law_is_kept(source):
    laws, masses = np.asarray(source.table, np.float64), source.stationary()
    np.testing.assert_allclose(masses @ laws, masses, rtol=1e-6)
    np.testing.assert_allclose(masses * 128, 1, rtol=0.005)
    assert laws.min() > 0 and np.diag(laws).max() < 0.1  # text does not stand still


def test_the_seed_decides_what_follows_what_and_nothing_else(source):
    other = calibrated_source(DECILES, PUBLISHED, seed=1)
    again = calibrated_source(DECILES, PUBLISHED)
    np.testing.assert_array_equal(again.table, source.table)
    assert (np.argmax(other.table, axis=1) != np.argmax(source.table, axis=1)).mean() > 0.9
    np.testing.assert_allclose(shares(other), shares(source), rtol=1e-6)


@given(
    st.sampled_from([128, 150, 175]),
    st.floats(0.08, 0.2),
    st.lists(st.floats(0.9, 1.1), min_size=9, max_size=9),
)
@settings(max_examples=6)
def test_other_histograms_are_had_as_exactly(vocabulary, sure, factors):
    """Around the published one, but for those that no whole number of tokens has."""
    wanted = DECILES * np.array([1.2, *factors])
    wanted /= wanted.sum()
    sure = min(sure, 0.9 * wanted[-1])
    try:
        found = calibrated_source(wanted, Sure(sure, 0.995), vocabulary=vocabulary)
    except ValueError as error:
        assert "too small for these shares" in str(error)
        reject()
    np.testing.assert_allclose(shares(found), wanted, rtol=1e-5)
    assert found.share_where(np.asarray(found.table) >= 0.99) == pytest.approx(sure, rel=1e-5)


@pytest.mark.parametrize(
    ("deciles", "sure", "vocabulary", "says"),
    [
        (DECILES[1:], PUBLISHED, 128, "accepted are 10 shares >= 0 that sum to 1"),
        (DECILES + 0.01, PUBLISHED, 128, "accepted are 10 shares >= 0 that sum to 1"),
        (DECILES, Sure(0.3, 0.995), 128, "accepted are shares in (0, 0.271]"),
        (DECILES, Sure(0.125, 1.0), 128, "P in (0.9, 1)"),
        (DECILES, PUBLISHED, 1, "vocabulary=1: too small"),
        (DECILES, PUBLISHED, 16, "vocabulary=16: too small"),
        (np.eye(10)[9], Sure(0.9, 0.95), 128, "vocabulary=128: too small"),
    ],
)
def test_histograms_that_no_language_has(deciles, sure, vocabulary, says):
    with pytest.raises(ValueError) as raised:
        calibrated_source(deciles, sure, vocabulary=vocabulary)
    assert says in str(raised.value) and "\n" not in str(raised.value)
