"""Random masks at equal leverages: exact on tight frames, against the averaged recursion."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from theory.editing import covariance, finite, proportional, repeated


def harmonic_frame(pairs, samples):
    """T x 2p design of cosines and sines with orthonormal columns and all leverages 2p / T."""
    angles = 2 * np.pi * np.outer(np.arange(samples), np.arange(1, pairs + 1)) / samples
    return np.concatenate([np.cos(angles), np.sin(angles)], axis=1) * math.sqrt(2 / samples)


@settings(max_examples=25)  # each example runs a T x T recursion
@given(
    pairs=st.integers(1, 3),
    extra=st.integers(2, 20),
    rates=st.lists(st.floats(0, 1), min_size=1, max_size=6),
)
def test_chained_masks_on_a_tight_frame(pairs, extra, rates):
    samples = 2 * pairs + extra
    frame, rates = harmonic_frame(pairs, samples), np.array(rates)
    np.testing.assert_allclose((frame**2).sum(axis=1), 2 * pairs / samples, atol=1e-12)
    errors = covariance.random_mask_errors(
        design=frame,
        inclusion=rates,
        pair_inclusion=rates**2,
        generations=len(rates) + 1,
    )
    predicted = proportional.random_mask_proportional_inflation(
        dim=2 * pairs, samples=samples, fractions=rates
    )
    np.testing.assert_allclose(errors / (2 * pairs), predicted, rtol=1e-9)


@pytest.mark.parametrize("rate", [0.2, 0.5, 0.8])
@pytest.mark.parametrize(("pairs", "samples"), [(1, 5), (2, 12)])
def test_late_generations_on_a_tight_frame(pairs, samples, rate):
    case = {"dim": 2 * pairs, "samples": samples, "edit_share": rate}
    runs = {
        variant: covariance.random_mask_errors(
            design=harmonic_frame(pairs, samples),
            inclusion=rate,
            pair_inclusion=rate**2,
            generations=120,
            variant=variant,
        )
        / (2 * pairs)
        for variant in ("chained", "anchored")
    }
    slope = proportional.random_mask_proportional_slope(**case)
    assert np.diff(runs["chained"])[-1] == pytest.approx(slope, rel=1e-9)
    limit = proportional.anchored_proportional_limit(**case)
    assert runs["anchored"][-1] == pytest.approx(limit, rel=1e-9)
    bound = repeated.anchored_bound(edit_share=rate, max_leverage=2 * pairs / samples)
    assert limit <= bound


@given(dim=st.integers(1, 20), extra=st.integers(2, 50), rate=st.floats(0.01, 0.99))
def test_increments_fall_from_the_first_to_the_slope(dim, extra, rate):
    case = {"dim": dim, "samples": dim + extra}
    path = proportional.random_mask_proportional_inflation(fractions=[rate] * 40, **case)
    slope = proportional.random_mask_proportional_slope(edit_share=rate, **case)
    increments = np.diff(path)
    assert (np.diff(increments) <= 1e-12).all() and increments[-1] >= slope - 1e-12
    assert slope <= repeated.random_mask_slope(edit_share=rate)


@given(dim=st.integers(1, 20), extra=st.integers(2, 50), rate=st.floats(0, 1))
def test_first_increment_is_the_exact_one_edit_formula(dim, extra, rate):
    case = {"dim": dim, "samples": dim + extra, "edit_share": rate}
    exact = float(finite.one_edit_bernoulli_inflation(**case))
    assert proportional.random_mask_first_increment(**case) == pytest.approx(exact - 1)


@given(rate=st.floats(0, 0.99))
def test_small_leverage_gives_theorems_d_and_e(rate):
    case = {"dim": 1, "samples": 10**9}
    slope = proportional.random_mask_proportional_slope(edit_share=rate, **case)
    assert slope == pytest.approx(repeated.random_mask_slope(edit_share=rate), abs=1e-8)
    limit = proportional.anchored_proportional_limit(edit_share=rate, **case)
    assert limit == pytest.approx(repeated.anchored_limit(edit_share=rate), rel=1e-6)
    path = proportional.random_mask_proportional_inflation(fractions=[rate] * 3, **case)
    assert path[-1] == pytest.approx(repeated.random_mask_inflation(fractions=[rate] * 3), abs=1e-7)


def test_slopes_of_three_designs():
    """Averages of the exact recursion over Gaussian designs: .4391, .3416, .5950 (+- .0005)."""
    for dim, samples, rate, exact in [(8, 40, 0.3, 0.4391), (5, 100, 0.2, 0.3416)]:
        slope = proportional.random_mask_proportional_slope(
            dim=dim, samples=samples, edit_share=rate
        )
        assert exact < slope < 1.02 * exact


def test_wrong_arguments_are_named():
    with pytest.raises(ValueError, match="edit_share=1.5"):
        proportional.random_mask_proportional_slope(dim=1, samples=4, edit_share=1.5)
    with pytest.raises(ValueError, match="samples=4"):
        proportional.anchored_proportional_limit(dim=4, samples=4, edit_share=0.5)
    assert proportional.anchored_proportional_limit(dim=1, samples=4, edit_share=1.0) == math.inf
