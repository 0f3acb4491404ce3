"""How much of a range is reached, and histograms: exact answers, a law, and what is refused."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.stats import norm

from collapse_sim.text.coverage import coverage, log_histograms

samples = hnp.arrays(np.float64, st.integers(1, 20), elements=st.floats(1e-3, 1e3))
HUNDRED = np.arange(101.0)


def test_coverage_by_hand():
    assert coverage(HUNDRED, HUNDRED) == 99 / 101
    # The 1 % and 99 % quantiles of 50 ... 60 are 50.1 and 59.9.
    assert coverage(HUNDRED, np.arange(50.0, 61)) == 9 / 101
    assert coverage(np.arange(50.0, 61), HUNDRED) == 1
    assert coverage(np.arange(50.0, 61), HUNDRED, 0.0, 0.55) == 6 / 11
    assert coverage(HUNDRED + 200, HUNDRED) == 0


def test_coverage_is_that_of_the_law():
    """Log-normal, shifted by one standard deviation.

    The standard error, of 200 000 values and of as many in the reference, is 0.0016: 0.0007 of
    the share, 0.0014 of the lower quantile. Five of them fail by chance 6e-7.
    """
    random = np.random.default_rng(4)
    human, synthetic = np.exp(random.standard_normal((2, 200_000)) + [[0], [1]])
    edge = norm.ppf(0.99)
    assert coverage(human, synthetic) == pytest.approx(
        norm.cdf(1 + edge) - norm.cdf(1 - edge), abs=5 * 0.0016
    )


@given(samples, samples)
def test_coverage_is_a_share_and_has_no_unit(values, reference):
    found = coverage(values, reference, 0.0, 1.0)
    inside = [reference.min() <= value <= reference.max() for value in values]
    assert found == sum(inside) / len(values)
    assert coverage(4 * values, 4 * reference) == coverage(values, reference)


def test_histograms_by_hand():
    edges, shares = log_histograms(np.array([1.0, 5, 50, 100]), np.array([20.0]), bins=2)
    np.testing.assert_allclose(edges, [1, 10, 100])
    np.testing.assert_array_equal(shares, [[0.5, 0.5], [0, 1]])


@given(samples, samples, st.integers(1, 9))
def test_histograms_lose_no_value(first, second, bins):
    edges, shares = log_histograms(first, second, bins=bins)
    both = np.concatenate([first, second])
    assert (edges[0], edges[-1], len(edges)) == (both.min(), both.max(), bins + 1)
    np.testing.assert_allclose(shares.sum(axis=1), 1)
    ratios = np.diff(np.log(edges))
    np.testing.assert_allclose(ratios, ratios.mean(), atol=1e-12)
    for sample, row in zip((first, second), shares, strict=True):
        below = [np.mean(sample < edge) for edge in edges[1:-1]]
        np.testing.assert_allclose(np.cumsum(row)[:-1], below, atol=1e-12)


def test_equal_values_share_a_bin():
    _, shares = log_histograms(np.full(3, 0.7), bins=4)
    assert shares.max() == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: coverage(HUNDRED, HUNDRED, 0.5, 0.5),
            "low=0.5, high=0.5: accepted are 0 <= low < high <= 1",
        ),
        (
            lambda: coverage(HUNDRED, HUNDRED, 0.5, 1.5),
            "low=0.5, high=1.5: accepted are 0 <= low < high <= 1",
        ),
        (lambda: coverage(HUNDRED * math.nan, HUNDRED), "value nan: accepted are finite numbers"),
        (lambda: coverage(HUNDRED, HUNDRED + math.inf), "value inf: accepted are finite numbers"),
        (
            lambda: coverage(HUNDRED[:0], HUNDRED),
            "values of shape (0,): accepted is at least one",
        ),
        (lambda: log_histograms(HUNDRED), "value 0.0: accepted are numbers > 0"),
        (lambda: log_histograms(HUNDRED + 1, bins=0), "bins=0: accepted are integers >= 1"),
        (
            lambda: log_histograms(HUNDRED + 1, HUNDRED * math.nan),
            "value nan: accepted are finite numbers",
        ),
        (lambda: log_histograms(), "samples=(): accepted is at least one"),
    ],
)
def test_unusable_input_is_refused_in_one_line(call, message):
    with pytest.raises(ValueError) as refusal:
        call()
    assert str(refusal.value) == message
