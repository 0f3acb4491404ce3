"""Masks that look at the residual: integrals, coefficients, and the numbers that were simulated."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from tests.theory.references_editing import nested_confidence_edits, one_confidence_edit
from theory.editing import confidence

thresholds = st.floats(0, 4)


@pytest.mark.parametrize("residual_threshold", [1e-4, 0.157, 0.5, 1.0, 1.82, 3.0, 8.0])
def test_shares_and_moments_are_normal_integrals(residual_threshold):
    edge = min(residual_threshold, 40.0)
    share = integrate.quad(stats.norm.pdf, -edge, edge, epsrel=1e-12)[0]
    moment = integrate.quad(lambda z: z * z * stats.norm.pdf(z), -edge, edge, epsrel=1e-12)[0]
    assert confidence.share_edited(residual_threshold=residual_threshold) == pytest.approx(
        share, rel=1e-10
    )
    assert confidence.edited_second_moment(residual_threshold=residual_threshold) == pytest.approx(
        moment, rel=1e-10
    )


@given(residual_threshold=st.floats(0.1, 4))
def test_second_moment_is_the_printed_difference(residual_threshold):
    share = confidence.share_edited(residual_threshold=residual_threshold)
    difference = share - 2 * residual_threshold * stats.norm.pdf(residual_threshold)
    moment = confidence.edited_second_moment(residual_threshold=residual_threshold)
    assert moment == pytest.approx(difference, abs=1e-14)


@pytest.mark.parametrize("residual_threshold", [0.157, 1.0, 1.82])
def test_one_edit_is_the_limit_of_mean_estimation(residual_threshold):
    """The exact v_2 at T = 500 and 1000 extrapolates to the formula; what is left is O(T^-2)."""
    at = {samples: one_confidence_edit(residual_threshold, samples) for samples in (500, 1000)}
    predicted = confidence.confidence_one_inflation(residual_threshold=residual_threshold)
    assert 2 * at[1000] - at[500] == pytest.approx(predicted, abs=2e-5)


@pytest.mark.parametrize(
    ("residual_threshold", "inflation"),
    [(0.5, 1.413), (1.0, 1.842), (1.5, 2.116), (1.8, 2.157), (2.0, 2.148)],
)
def test_one_edit_numbers(residual_threshold, inflation):
    assert confidence.confidence_one_inflation(
        residual_threshold=residual_threshold
    ) == pytest.approx(inflation, abs=6e-4)


def test_one_edit_at_published_rates_is_harmless():
    residual_threshold = stats.norm.ppf(0.5 + 0.125 / 2)
    assert confidence.share_edited(residual_threshold=residual_threshold) == pytest.approx(0.125)
    assert confidence.confidence_one_inflation(
        residual_threshold=residual_threshold
    ) == pytest.approx(1.126, abs=5e-4)


def test_one_edit_crosses_two_and_has_its_maximum():
    crossing = confidence.confidence_one_crossing()
    assert crossing == pytest.approx(1.2315, abs=5e-5)
    assert confidence.share_edited(residual_threshold=crossing) == pytest.approx(0.782, abs=5e-4)
    worst, inflation = confidence.confidence_one_maximum()
    assert (worst, inflation) == pytest.approx((1.82, 2.1575), abs=5e-3)
    assert inflation == pytest.approx(2.1575, abs=5e-5)
    grid = np.linspace(0, 5, 2001)
    best = max(confidence.confidence_one_inflation(residual_threshold=float(c)) for c in grid)
    assert inflation - 1e-6 < best <= inflation


@given(residual_threshold=thresholds, generation=st.integers(1, 30))
def test_nested_recursion_is_the_sum_over_coefficients(residual_threshold, generation):
    recursion = confidence.confidence_nested_inflation(
        residual_threshold=residual_threshold, generation=generation
    )
    assert recursion == pytest.approx(
        nested_confidence_edits(residual_threshold, generation), rel=1e-9
    )


@given(residual_threshold=thresholds)
def test_second_generation_is_the_same_for_both(residual_threshold):
    nested = confidence.confidence_nested_inflation(
        residual_threshold=residual_threshold, generation=2
    )
    assert nested == pytest.approx(
        confidence.confidence_one_inflation(residual_threshold=residual_threshold)
    )


@pytest.mark.parametrize(
    ("residual_threshold", "limit"),
    [(0.2, 1.190), (0.5, 1.642), (0.65, 1.981), (0.66, 2.007), (1.0, 3.251)],
)
def test_nested_limits(residual_threshold, limit):
    found = confidence.confidence_nested_limit(residual_threshold=residual_threshold)
    assert found == pytest.approx(limit, abs=6e-4)
    late = confidence.confidence_nested_inflation(
        residual_threshold=residual_threshold, generation=400
    )
    assert found == pytest.approx(late, rel=1e-12)


def test_nested_edits_cross_two_when_half_the_rows_are_edited():
    crossing = confidence.confidence_nested_crossing()
    assert 0.65 < crossing < 0.66
    assert confidence.confidence_nested_limit(residual_threshold=crossing) == pytest.approx(2)
    assert confidence.share_edited(residual_threshold=crossing) == pytest.approx(0.49, abs=5e-3)


@given(residual_threshold=thresholds, edit=st.integers(1, 20))
def test_nested_shares_decay_geometrically(residual_threshold, edit):
    """The decay assumed in Theorem 2b, with eta^2 = pi."""
    share = confidence.confidence_nested_share(residual_threshold=residual_threshold, edit=edit)
    assert share == pytest.approx((2 * stats.norm.cdf(residual_threshold) - 1) ** edit, abs=1e-12)
    after = confidence.confidence_nested_share(residual_threshold=residual_threshold, edit=edit + 1)
    assert after == pytest.approx(
        share * confidence.share_edited(residual_threshold=residual_threshold)
    )


def test_free_limits_lie_below_nested_ones():
    """Rows that re-enter lower the error; both start at one confidence edit."""
    for residual_threshold, inflation, error in confidence.FREE_LIMITS:
        assert confidence.confidence_free_limit(residual_threshold=residual_threshold) == inflation
        nested = confidence.confidence_nested_limit(residual_threshold=residual_threshold)
        one = confidence.confidence_one_inflation(residual_threshold=residual_threshold)
        assert one - 3 * error < inflation < nested + 3 * error


@pytest.mark.parametrize("residual_threshold", [0.5, 1.0, 2.0, 6.0])
def test_residual_variances_are_conditional_moments(residual_threshold):
    """Also where 1 - pi is 2e-9 and a difference would lose its digits."""
    held = confidence.stationary_residual_variance(residual_threshold=residual_threshold)
    tail = integrate.quad(
        lambda z: z * z * math.exp((residual_threshold**2 - z * z) / 2),
        residual_threshold,
        residual_threshold + 30,
    )[0]
    share = integrate.quad(
        lambda z: math.exp((residual_threshold**2 - z * z) / 2),
        residual_threshold,
        residual_threshold + 30,
    )[0]
    assert held == pytest.approx(tail / share, rel=1e-9)
    shrunk = confidence.unconfident_residual_variance(residual_threshold=residual_threshold)
    inside = stats.truncnorm(-residual_threshold, residual_threshold).var()
    assert shrunk == pytest.approx(inside, rel=1e-9)
    assert shrunk < 1 < held


def test_residual_variance_numbers():
    held = [confidence.stationary_residual_variance(residual_threshold=c) for c in (0.5, 1.0)]
    np.testing.assert_allclose(held, [1.571, 2.525], atol=6e-4)
    shrunk = [confidence.unconfident_residual_variance(residual_threshold=c) for c in (1.0, 2.0)]
    np.testing.assert_allclose(shrunk, [0.291, 0.774], atol=6e-4)


@pytest.mark.parametrize(
    ("function", "arguments", "named"),
    [
        (confidence.share_edited, {"residual_threshold": -1.0}, "residual_threshold=-1.0"),
        (
            confidence.confidence_one_inflation,
            {"residual_threshold": math.nan},
            "residual_threshold=nan",
        ),
        (
            confidence.confidence_nested_inflation,
            {"residual_threshold": 1.0, "generation": 0},
            "generation",
        ),
        (confidence.confidence_nested_limit, {"residual_threshold": 4.5}, "residual_threshold=4.5"),
        (confidence.confidence_nested_share, {"residual_threshold": 1.0, "edit": 0}, "edit=0"),
        (confidence.confidence_free_limit, {"residual_threshold": 0.3}, "residual_threshold=0.3"),
        (
            confidence.unconfident_residual_variance,
            {"residual_threshold": 0.0},
            "residual_threshold=0.0",
        ),
    ],
)
def test_wrong_arguments_are_named(function, arguments, named):
    with pytest.raises(ValueError, match=named):
        function(**arguments)
