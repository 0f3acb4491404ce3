"""Frozen priors: any number of edits is one edit of the rows edited so far (Theorems F and G)."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from theory.editing import confidence, corrected, covariance, finite, frozen, published
from theory.linear.strong_collapse import mixture_error
from theory.linear.wishart import base_error


@settings(deadline=None, max_examples=40)
@given(seed=st.integers(0, 2**32 - 1), edits=st.integers(1, 6), rate=st.floats(0.05, 0.9))
def test_many_frozen_edits_are_one_edit_of_their_union(seed, edits, rate):
    """By the recursion, which knows nothing of unions; and below the published bound given X."""
    rng = np.random.default_rng(seed)
    design = rng.normal(size=(12, 3))
    masks = rng.random((edits, 12)) < rate
    errors = covariance.conditional_errors(design=design, masks=masks, variant="frozen")
    dense = covariance.conditional_errors_dense(design=design, masks=masks, variant="frozen")
    np.testing.assert_allclose(errors, dense, rtol=1e-9)
    frame, root = np.linalg.qr(design)
    inverse = np.linalg.inv(root)
    so_far = np.maximum.accumulate(masks, axis=0)
    assert frozen.rows_edited_so_far(masks=masks.astype(int)) == so_far.sum(axis=1).tolist()
    for error, union in zip(errors[1:], so_far, strict=True):
        spread = corrected.one_edit_covariance(overlap=frame.T @ (union[:, None] * frame))
        assert error == pytest.approx(np.trace(inverse @ spread @ inverse.T), rel=1e-9)
        assert error <= 2 * errors[0] * (1 + 1e-12)


def test_the_latest_model_breaks_the_bound_that_a_frozen_one_keeps():
    """The control: the same masks on the same design, chained."""
    design, masks = np.ones((2, 1)), np.eye(2)
    chained = covariance.conditional_errors(design=design, masks=masks)
    kept = covariance.conditional_errors(design=design, masks=masks, variant="frozen")
    np.testing.assert_allclose(chained, [1 / 2, 7 / 8, 43 / 32])
    np.testing.assert_allclose(kept, [1 / 2, 7 / 8, 1])


def test_random_masks_are_averaged_over_their_union():
    rows, pairs = frozen.random_rows_edited(
        samples=100, inclusion=[0.3] * 12, pair_inclusion=[0.09] * 12
    )
    found = frozen.frozen_inflation(dim=10, samples=100, edited_rows=rows, edited_pairs=pairs)
    share = 1 - 0.7**12
    exact = finite.one_edit_bernoulli_inflation(dim=10, samples=100, edit_share=share)
    assert found == pytest.approx(float(exact), rel=1e-12)
    assert found == pytest.approx(1.9982, abs=5e-5)


def test_random_masks_follow_the_recursion_averaged_over_masks():
    design = np.linalg.qr(np.random.default_rng(1).normal(size=(9, 2)))[0]
    chances = {"inclusion": 0.4, "pair_inclusion": 0.16, "generations": 4}
    errors = covariance.random_mask_errors(design=design, variant="frozen", **chances)
    never, neither = 0.6**3, 0.36**3
    one, two = 1 - never, 1 - 2 * never + neither
    leverage = np.sum(design**2, axis=1)
    square = two * np.eye(2) + (one - two) * (design * leverage[:, None]).T @ design
    assert errors[-1] == pytest.approx(np.trace((1 + 2 * one) * np.eye(2) - square), rel=1e-12)


def test_two_subsets_cover_what_they_must():
    """Subsets of 2 of 3 rows, twice: both the same with chance 1/3, else all three rows."""
    rows, pairs = frozen.random_rows_edited(
        samples=3, inclusion=[2 / 3] * 2, pair_inclusion=[1 / 3] * 2
    )
    assert (rows, pairs) == pytest.approx((2 / 3 + 2, 2 / 3 + 4))


@pytest.mark.parametrize("rows", [0, 1, 7, 30])
def test_an_external_prior_is_a_mixture(rows):
    where = {"dim": 4, "samples": 30}
    expected = mixture_error(**where, synthetic_rows=rows, shift_norm=0.5)
    found = frozen.external_error(**where, prior_error=0.25, edited_rows=rows)
    assert found == pytest.approx(expected, rel=1e-12)


def test_the_bound_is_attained_when_all_rows_have_been_edited():
    where = {"dim": 10, "samples": 100}
    bound = published.theorem_2a_bound(**where)
    assert frozen.frozen_error(**where, edited_rows=100) == pytest.approx(bound, rel=1e-12)
    assert frozen.frozen_error(**where, edited_rows=99) < bound
    assert bound == 2 * base_error(**where)


def test_a_frozen_prior_sure_of_half_of_the_rows_keeps_the_bound():
    residual_threshold, share = frozen.frozen_confident_crossing()
    assert share == pytest.approx(0.50139, abs=1e-5)
    assert frozen.frozen_confident_limit(residual_threshold=residual_threshold) == pytest.approx(
        2, rel=1e-9
    )
    assert frozen.frozen_confident_limit(residual_threshold=0.9 * residual_threshold) < 2
    assert frozen.frozen_confident_limit(residual_threshold=1.1 * residual_threshold) > 2
    assert frozen.frozen_confident_limit(residual_threshold=0.1573) == pytest.approx(
        1.1437, abs=5e-5
    )


@pytest.mark.parametrize("residual_threshold", [0.5, 1.0, 1.82])
def test_confident_edits_begin_as_one_edit_and_rise_to_their_limit(residual_threshold):
    values = [
        frozen.frozen_confident_inflation(residual_threshold=residual_threshold, generation=n)
        for n in range(1, 400)
    ]
    assert values[0] == 1
    assert values[1] == confidence.confidence_one_inflation(residual_threshold=residual_threshold)
    assert (np.diff(values) >= 0).all()
    assert values[-1] == pytest.approx(
        frozen.frozen_confident_limit(residual_threshold=residual_threshold)
    )


@pytest.mark.parametrize(("rows", "pairs"), [(-1, None), (11, None), (5, 10.0), (5.0, 50.0)])
def test_impossible_numbers_of_rows_are_refused(rows, pairs):
    with pytest.raises(ValueError, match="accepted is"):
        frozen.frozen_inflation(dim=2, samples=10, edited_rows=rows, edited_pairs=pairs)
