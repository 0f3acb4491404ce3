"""Exact recursions given the design, against three other ways to the same number."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from theory.editing import corrected, covariance, designs, repeated

VARIANTS = ["chained", "anchored", "additive"]
seeds = st.integers(0, 2**32)
few = settings(max_examples=25)  # each example runs several recursions


def unrolled_errors(design, masks, variant, noise_std=1.0):
    """Residual labels as explicit coefficients of all noises E_1, ..., E_n; no second moments."""
    samples = len(design)
    inverse = np.linalg.pinv(design)
    hat = design @ inverse
    first = np.concatenate([np.eye(samples), np.zeros((samples, samples * len(masks)))], axis=1)
    current = first
    errors = [np.sum((inverse @ current) ** 2)]
    for edit, mask in enumerate(masks, start=1):
        fresh = np.zeros_like(first)
        fresh[:, edit * samples : (edit + 1) * samples] = np.eye(samples)
        if variant == "additive":
            current = current + mask[:, None] * fresh
        else:
            kept = current if variant == "chained" else first
            current = np.where(mask[:, None] == 1, hat @ current + fresh, kept)
        errors.append(np.sum((inverse @ current) ** 2))
    return noise_std**2 * np.array(errors)


def drawn(seed, dim, samples, edits, rate=0.4):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(samples, dim)), (rng.random((edits, samples)) < rate).astype(int)


def all_masks(rows):
    return np.array(list(itertools.product((0, 1), repeat=rows)))


def test_two_rows_by_hand():
    """Coefficients (3/8, 5/8, 3/4, 1/2) after both edits; 7/8 after one."""
    for function in (covariance.conditional_errors, covariance.conditional_errors_dense):
        errors = function(design=[[1.0], [1.0]], masks=[[1, 0], [0, 1]])
        np.testing.assert_allclose(errors, [1 / 2, 7 / 8, 43 / 32], rtol=1e-14)


@few
@given(
    seed=seeds,
    dim=st.integers(1, 4),
    extra=st.integers(0, 30),
    edits=st.integers(0, 5),
    variant=st.sampled_from(VARIANTS),
    noise_std=st.floats(0.2, 3),
)
def test_compressed_dense_and_unrolled_agree(seed, dim, extra, edits, variant, noise_std):
    design, masks = drawn(seed, dim, dim + 1 + extra, edits)
    case = {"design": design, "masks": masks, "variant": variant, "noise_std": noise_std}
    fast = covariance.conditional_errors(**case)
    # relative to cond(X)^2 in float64; the designs here are Gaussian
    np.testing.assert_allclose(fast, covariance.conditional_errors_dense(**case), rtol=1e-8)
    np.testing.assert_allclose(fast, unrolled_errors(**case), rtol=1e-8)


@pytest.mark.parametrize("variant", VARIANTS)
def test_blocks_many_times_larger_than_the_dimension(variant):
    """160 rows in 8 blocks are 24 coordinates; the schedule edits blocks again."""
    design, _ = drawn(1, 3, 160, 0)
    blocks = np.kron(np.eye(8, dtype=int), np.ones((1, 20), dtype=int))
    masks = np.concatenate([blocks, blocks[:3] | blocks[2:5]])
    case = {"design": design, "masks": masks, "variant": variant}
    np.testing.assert_allclose(
        covariance.conditional_errors(**case),
        covariance.conditional_errors_dense(**case),
        rtol=1e-10,
    )


@few
@given(seed=seeds, variant=st.sampled_from(VARIANTS))
def test_real_labels_and_another_test_covariance(seed, variant):
    design, masks = drawn(seed, 3, 20, 3)
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(3, 3))
    case = {
        "design": design,
        "masks": masks,
        "variant": variant,
        "test_covariance": root @ root.T,
        "start": rng.normal(size=20),
    }
    fast = covariance.conditional_errors(**case)
    np.testing.assert_allclose(fast, covariance.conditional_errors_dense(**case), rtol=1e-8)
    first_fit = np.linalg.pinv(design) @ case["start"]
    np.testing.assert_allclose(fast[0], first_fit @ root @ root.T @ first_fit, rtol=1e-8)


@few
@given(seed=seeds, variant=st.sampled_from(VARIANTS))
def test_noise_average_over_start_is_the_usual_error(seed, variant):
    """E over E_1 is linear in E_1 E_1': the rows sqrt(T) e_i average to the identity."""
    design, masks = drawn(seed, 2, 6, 2)
    case = {"design": design, "masks": masks, "variant": variant}
    starts = np.sqrt(6) * np.eye(6)
    each = [covariance.conditional_errors(start=start, **case) for start in starts]
    np.testing.assert_allclose(
        np.mean(each, axis=0), covariance.conditional_errors(**case), rtol=1e-8
    )


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(("rows_edited", "pair"), [(None, 0.09), (2, 2 / 20)])
def test_average_over_masks_is_the_enumeration(variant, rows_edited, pair):
    """Independent rows at rate .3, and uniform pairs of rows, over all 2^5 masks twice."""
    design, _ = drawn(2, 2, 5, 0)
    masks, rate = all_masks(5), 0.3
    if rows_edited is None:
        weights = np.prod(np.where(masks == 1, rate, 1 - rate), axis=1)
    else:
        rate = rows_edited / 5
        weights = (masks.sum(axis=1) == rows_edited) / 10
    total = np.zeros(3)
    for (m1, p1), (m2, p2) in itertools.product(zip(masks, weights, strict=True), repeat=2):
        if p1 * p2:
            total += p1 * p2 * unrolled_errors(design, [m1, m2], variant)
    averaged = covariance.random_mask_errors(
        design=design, inclusion=rate, pair_inclusion=pair, generations=3, variant=variant
    )
    np.testing.assert_allclose(averaged, total, rtol=1e-10)


def test_rates_may_change_between_edits():
    design, _ = drawn(3, 2, 6, 0)
    rates = np.array([0.0, 1.0, 0.0])
    averaged = covariance.random_mask_errors(
        design=design, inclusion=rates, pair_inclusion=rates, generations=4
    )
    fixed = covariance.conditional_errors(
        design=design, masks=np.repeat(rates.astype(int)[:, None], 6, axis=1)
    )
    np.testing.assert_allclose(averaged, fixed, rtol=1e-10)


@few
@given(seed=seeds, dim=st.integers(1, 3), samples=st.integers(5, 20))
def test_one_edit_never_doubles_the_error(seed, dim, samples):
    """Theorem A, pathwise, for any test covariance."""
    design, masks = drawn(seed, dim, samples, 1, rate=0.5)
    direction = np.random.default_rng(seed).normal(size=dim)
    errors = covariance.conditional_errors(
        design=design, masks=masks, test_covariance=np.outer(direction, direction)
    )
    assert errors[1] <= 2 * errors[0] * (1 + 1e-12)


@few
@given(seed=seeds, dim=st.integers(1, 4), edits=st.integers(1, 6))
def test_disjoint_edits_obey_the_trace_bound_of_theorem_b(seed, dim, edits):
    """Whitened designs: (1/d) tr Cov(u) <= (2/d) tr Phi - 1, and below the pathwise bound."""
    rng = np.random.default_rng(seed)
    frame = np.linalg.qr(rng.normal(size=(24, dim)))[0]
    owner = rng.integers(0, edits + 1, size=24)
    masks = np.array([owner == edit for edit in range(edits)]).astype(int)
    overlaps = np.einsum("ta,nt,tb->nab", frame, masks, frame)
    product = np.eye(dim)
    for overlap in overlaps:
        product = (np.eye(dim) + overlap) @ product
    inflation = covariance.conditional_errors(design=frame, masks=masks)[-1] / dim
    assert inflation <= 2 * np.trace(product) / dim - 1 + 1e-10
    assert inflation <= corrected.pathwise_bound(overlaps=overlaps) + 1e-10


@few
@given(seed=seeds, rate=st.floats(0.05, 0.95), generations=st.integers(2, 12))
def test_random_masks_grow_at_least_as_theorem_1_and_anchored_ones_stay_bounded(
    seed, rate, generations
):
    """At every T: chained v_n >= 1 + (n - 1) m, anchored v_n <= its bound."""
    frame = np.linalg.qr(np.random.default_rng(seed).normal(size=(12, 2)))[0]
    case = {
        "design": frame,
        "inclusion": rate,
        "pair_inclusion": rate**2,
        "generations": generations,
    }
    chained = covariance.random_mask_errors(**case) / 2
    anchored = covariance.random_mask_errors(variant="anchored", **case) / 2
    leverage = float(np.max(np.sum(frame**2, axis=1)))
    bound = repeated.anchored_bound(edit_share=rate, max_leverage=leverage)
    assert (chained >= 1 + rate * np.arange(generations) - 1e-10).all()
    assert (anchored <= bound + 1e-10).all()


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"masks": [[0, 1]]}, "masks has shape"),
        ({"masks": [[0, 2, 0]]}, "0 and 1"),
        ({"masks": [[0, np.nan, 0]]}, "0 and 1"),
        ({"design": [[1.0], [np.nan], [2.0]]}, "nan"),
        ({"design": [[1.0, 2.0], [1.0, 2.0], [2.0, 4.0]]}, "rank 1"),
        ({"design": [1.0, 2.0, 3.0]}, "design has shape"),
        ({"noise_std": -1.0}, "noise_std=-1.0"),
        ({"start": [1.0, 2.0]}, "start has shape"),
        ({"test_covariance": np.eye(2)}, "test_covariance has shape"),
    ],
)
def test_wrong_arrays_are_named(changed, named):
    case = {"design": [[1.0], [2.0], [3.0]], "masks": [[0, 1, 0]], **changed}
    with pytest.raises(ValueError, match=named):
        covariance.conditional_errors(**case)


@pytest.mark.parametrize(
    "wrong",
    [
        {"inclusion": 1.2, "pair_inclusion": 1.0},
        {"inclusion": 0.5, "pair_inclusion": 0.6},
        {"inclusion": 0.9, "pair_inclusion": 0.1},
        {"inclusion": 0.5, "pair_inclusion": 0.0},  # of three rows, some pair is edited
        {"inclusion": [0.5, 0.5], "pair_inclusion": 0.25},
        {"inclusion": 0.5, "pair_inclusion": 0.25, "generations": 0},
    ],
)
def test_impossible_random_masks_are_refused(wrong):
    case = {"design": [[1.0], [2.0], [3.0]], "generations": 2, **wrong}
    with pytest.raises(ValueError, match="inclusion|generations"):
        covariance.random_mask_errors(**case)


@pytest.mark.parametrize("generation", [1, 2, 3])
def test_of_a_longer_schedule_the_edits_before_the_fit_alone_count(generation):
    """Of one column that one row holds: every edit of it adds another variance of the noise."""
    where = {"frames": [[[1.0], [0.0], [0.0]]], "dim": 1, "samples": 3}
    found = designs.scheduled_errors(masks=[[1, 1, 1]] * 3, generation=generation, **where)
    assert found.tolist() == pytest.approx([generation])
