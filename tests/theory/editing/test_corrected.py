"""Theorems A to E: exact answers, the recursions given X, and the sizes of their constants."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from theory.editing import corrected, covariance, repeated

few = settings(max_examples=25)  # each example runs a T x T recursion
fractions_of_one = st.lists(st.floats(0, 1), min_size=1, max_size=8).map(
    lambda shares: np.array(shares) / max(1.0, sum(shares))
)


def frame_and_overlaps(seed, samples, dim, masks):
    frame = np.linalg.qr(np.random.default_rng(seed).normal(size=(samples, dim)))[0]
    return frame, np.einsum("ta,nt,tb->nab", frame, np.asarray(masks), frame)


def covariance_of_errors(frame, masks, variant="chained"):
    """Cov(u_n) of the last generation, entry by entry, from errors in test directions."""
    dim = frame.shape[1]

    def along(direction):
        return covariance.conditional_errors_dense(
            design=frame,
            masks=masks,
            variant=variant,
            test_covariance=np.outer(direction, direction),
        )[-1]

    basis = np.eye(dim)
    own = np.array([along(e) for e in basis])
    both = np.array([[along(e + f) for f in basis] for e in basis])
    return (both - own[:, None] - own[None, :]) / 2


def closed_form_of_theorem_b(overlaps):
    identity = np.eye(overlaps.shape[-1])

    def product(factors):
        result = identity
        for overlap in factors:
            result = (identity + overlap) @ result
        return result

    phi = product(overlaps)
    spent = sum(
        (tail := product(overlaps[j + 1 :])) @ overlap @ overlap @ tail.T
        for j, overlap in enumerate(overlaps)
    )
    return phi + phi.T - identity - spent


@few
@given(seed=st.integers(0, 2**32), dim=st.integers(1, 3), rows=st.integers(0, 10))
def test_one_edit_is_theorem_a(seed, dim, rows):
    masks = [np.arange(10) < rows]
    frame, overlaps = frame_and_overlaps(seed, 10, dim, masks)
    predicted = corrected.one_edit_covariance(overlap=overlaps[0])
    np.testing.assert_allclose(predicted, covariance_of_errors(frame, masks), atol=1e-10)
    assert np.linalg.eigvalsh(predicted).max() <= 2 + 1e-12


@few
@given(seed=st.integers(0, 2**32), dim=st.integers(1, 3), edits=st.integers(1, 5))
def test_disjoint_edits_are_theorem_b(seed, dim, edits):
    owner = np.random.default_rng(seed).integers(0, edits + 1, size=12)
    masks = [owner == edit for edit in range(edits)]
    frame, overlaps = frame_and_overlaps(seed, 12, dim, masks)
    recursion = corrected.disjoint_covariances(overlaps=overlaps)
    assert recursion.shape == (edits + 1, dim, dim)
    np.testing.assert_allclose(recursion[-1], covariance_of_errors(frame, masks), atol=1e-10)
    np.testing.assert_allclose(recursion[-1], closed_form_of_theorem_b(overlaps), atol=1e-10)
    pathwise = corrected.pathwise_bound(overlaps=overlaps)
    assert np.linalg.eigvalsh(recursion[-1]).max() <= pathwise + 1e-10
    assert pathwise <= 2 * math.exp(dim) - 1


def test_batches_of_designs_are_carried_along():
    overlaps = np.stack(
        [frame_and_overlaps(seed, 6, 2, np.eye(6)[:3])[1] for seed in range(4)]
    ).reshape(2, 2, 3, 2, 2)
    batched = corrected.disjoint_covariances(overlaps=overlaps)
    assert batched.shape == (2, 2, 4, 2, 2)
    single = corrected.disjoint_covariances(overlaps=overlaps[1, 0])
    np.testing.assert_allclose(batched[1, 0], single, rtol=1e-12)
    assert np.shape(corrected.pathwise_bound(overlaps=overlaps)) == (2, 2)
    limits = repeated.fixed_mask_limit_covariance(overlap=overlaps[..., 0, :, :])
    np.testing.assert_allclose(
        limits[1, 0],
        repeated.fixed_mask_limit_covariance(overlap=overlaps[1, 0, 0]),
        rtol=1e-10,
    )


def test_two_halves_and_unequal_blocks_of_mean_estimation():
    halves = corrected.disjoint_inflations(fractions=[0.5, 0.5])
    np.testing.assert_allclose(halves, [1, 1.75, 2.6875], rtol=1e-14)
    blocks = np.array([2, 3, 1, 4, 2])
    masks = np.repeat(np.eye(5, dtype=int), blocks, axis=1)
    errors = covariance.conditional_errors(design=np.ones((12, 1)), masks=masks)
    known = [1, 1.305556, 1.810764, 2.028489, 2.868549, 3.418559]
    np.testing.assert_allclose(errors * 12, known, atol=5e-7)
    np.testing.assert_allclose(
        corrected.disjoint_inflations(fractions=blocks / 12), errors * 12, rtol=1e-12
    )


@pytest.mark.parametrize(
    ("edits", "inflation"),
    [(1, 2), (2, 2.6875), (3, 3.080933), (5, 3.504664), (10, 3.914747), (100, 4.378205)],
)
def test_equal_disjoint_edits_climb_to_their_supremum(edits, inflation):
    last = corrected.disjoint_inflations(fractions=np.full(edits, 1 / edits))[-1]
    assert math.isclose(last, inflation, rel_tol=2e-7)
    assert last < corrected.disjoint_inflation_bound()


def test_supremum_is_reached_in_the_limit_of_small_edits():
    """2e - 1 with error 5.9 / n for n edits of size 1/n."""
    last = corrected.disjoint_inflations(fractions=np.full(4000, 1 / 4000))[-1]
    assert math.isclose(last, 2 * math.e - 1, rel_tol=5e-4)


@given(fractions=fractions_of_one)
def test_scalar_bound_of_theorem_b(fractions):
    inflations = corrected.disjoint_inflations(fractions=fractions)
    products = np.cumprod(1 + fractions)
    assert (inflations[1:] <= 2 * products - 1 + 1e-12).all()
    total = min(1.0, float(fractions.sum()))
    assert inflations[-1] <= corrected.disjoint_inflation_bound(edited_total=total) + 1e-12


def test_worst_pair_of_disjoint_edits():
    """Among m, 1 - m the worst is m = .41 with 2.7107."""
    shares = np.linspace(0, 1, 101)
    last = [corrected.disjoint_inflations(fractions=[m, 1 - m])[-1] for m in shares]
    assert shares[np.argmax(last)] == pytest.approx(0.41)
    assert max(last) == pytest.approx(2.7107, abs=5e-5)


def test_printed_two_is_right_up_to_log_three_halves():
    base = {"dim": 1, "samples": 3}
    assert corrected.disjoint_bound(edited_total=math.log(1.5), **base) == pytest.approx(2)


def test_a_fixed_design_exceeds_the_constant_in_one_direction():
    design = corrected.quarter_turn_frame(samples=100)
    overlaps = np.einsum("ta,tb->tab", design, design)
    values, vectors = np.linalg.eigh(corrected.disjoint_covariances(overlaps=overlaps)[-1])
    direction = vectors[:, -1]
    errors = covariance.conditional_errors(
        design=design, masks=np.eye(100), test_covariance=np.outer(direction, direction)
    )
    assert errors[-1] == pytest.approx(values[-1], rel=1e-10) == pytest.approx(4.60933, abs=1e-5)
    assert errors[-1] > corrected.disjoint_inflation_bound()
    # The mean over directions, tr Cov / d, stays below.
    assert values.mean() < corrected.disjoint_inflation_bound()


@few
@given(seed=st.integers(0, 2**32), dim=st.integers(1, 3), generation=st.integers(1, 6))
def test_the_same_mask_every_time_is_theorem_c(seed, dim, generation):
    masks = np.tile(np.arange(12) < 5, (generation - 1, 1)).reshape(-1, 12)
    frame, overlaps = frame_and_overlaps(seed, 12, dim, [np.arange(12) < 5])
    predicted = repeated.fixed_mask_covariance(overlap=overlaps[0], generation=generation)
    np.testing.assert_allclose(predicted, covariance_of_errors(frame, masks), atol=1e-9)
    anchored = covariance_of_errors(frame, masks, variant="anchored")
    np.testing.assert_allclose(predicted, anchored, atol=1e-9)


@given(seed=st.integers(0, 2**32), dim=st.integers(1, 3))
def test_all_fits_under_one_mask_are_the_single_ones_to_the_bit(seed, dim):
    drawn = [frame_and_overlaps(seed + i, 12, dim, [np.arange(12) < 5])[1][0] for i in range(2)]
    overlap = np.stack(drawn)
    found = repeated.fixed_mask_covariances(overlap=overlap, generations=4)
    assert found.shape == (2, 4, dim, dim)
    for n in range(1, 5):
        alone = repeated.fixed_mask_covariance(overlap=overlap, generation=n)
        np.testing.assert_array_equal(found[:, n - 1], alone)


@given(seed=st.integers(0, 2**32), dim=st.integers(1, 3))
def test_the_limit_of_theorem_c_starts_with_the_fit_to_kept_rows(seed, dim):
    edited = np.arange(12) < 5
    frame, overlaps = frame_and_overlaps(seed, 12, dim, [edited])
    limit = repeated.fixed_mask_limit_covariance(overlap=overlaps[0])
    far = repeated.fixed_mask_covariance(overlap=overlaps[0], generation=10**6)
    np.testing.assert_allclose(limit, far, rtol=1e-9, atol=1e-9)
    kept = np.linalg.inv(frame[~edited].T @ frame[~edited])
    overlap = overlaps[0]
    rest = overlap @ np.linalg.inv(np.eye(dim) - overlap @ overlap)
    np.testing.assert_allclose(limit, kept + rest, rtol=1e-8, atol=1e-8)


def test_pathwise_bound_takes_the_largest_eigenvalues():
    overlaps = [np.diag([0.5, 0.25]), np.diag([0.1, 0.6])]
    assert corrected.pathwise_bound(overlaps=overlaps) == pytest.approx(2 * 1.5 * 1.6 - 1)


def test_fixed_mask_numbers():
    at = {n: repeated.fixed_mask_inflation(edit_share=0.5, generation=n) for n in (2, 9)}
    assert at[2] == 1.75
    assert at[9] == pytest.approx(2.6588592529296875, rel=1e-14)
    assert repeated.fixed_mask_limit(edit_share=0.5) == pytest.approx(8 / 3)
    assert repeated.fixed_mask_limit(edit_share=(math.sqrt(3) - 1) / 2) == pytest.approx(2)
    assert repeated.fixed_mask_limit(edit_share=1.0) == math.inf


@given(m=st.floats(0, 1), generation=st.integers(1, 400))
def test_fixed_mask_sum_is_accurate_for_all_fractions(m, generation):
    powers = m ** np.arange(generation)
    direct = (1 - m) * powers.sum() ** 2 + m * (powers**2).sum()
    closed = repeated.fixed_mask_inflation(edit_share=m, generation=generation)
    assert closed == pytest.approx(direct, rel=1e-12)
    assert closed <= min(generation, repeated.fixed_mask_limit(edit_share=m)) * (1 + 1e-12)


@pytest.mark.parametrize("variant", ["chained", "anchored"])
@pytest.mark.parametrize("rate", [0.2, 0.5, 0.8])
def test_theorems_d_and_e_are_the_limit_of_small_leverage(variant, rate):
    """Mean estimation with T = 250, 500: the error halves, the extrapolated value agrees."""
    generations = 6
    chained = [repeated.random_mask_inflation(fractions=[rate] * n) for n in range(generations)]
    anchored = [
        repeated.anchored_inflation(edit_share=rate, generation=n + 1) for n in range(generations)
    ]
    predicted = np.array(chained if variant == "chained" else anchored)
    at = {
        samples: samples
        * covariance.random_mask_errors(
            design=np.ones((samples, 1)),
            inclusion=rate,
            pair_inclusion=rate**2,
            generations=generations,
            variant=variant,
        )
        for samples in (250, 500)
    }
    extrapolated = 2 * at[500] - at[250]
    # what is left is O(1 / T^2) times the square of the generations
    np.testing.assert_allclose(extrapolated, predicted, rtol=50 / 250**2)


def test_random_mask_numbers():
    shares = 0.125 * 0.941 ** np.arange(60)
    assert repeated.random_mask_inflation(fractions=[0.3] * 24) == pytest.approx(13.24)
    assert repeated.random_mask_inflation(fractions=shares) == pytest.approx(4.990668, rel=1e-6)
    limit = repeated.geometric_mask_limit(first_fraction=0.125, ratio=0.941)
    assert limit == pytest.approx(5.100848, rel=1e-6)
    many = 0.125 * 0.941 ** np.arange(2000)
    assert repeated.random_mask_inflation(fractions=many) == pytest.approx(limit, rel=1e-12)
    assert repeated.random_mask_slope(edit_share=0.3) == pytest.approx(0.51)


def test_anchored_numbers():
    limits = [repeated.anchored_limit(edit_share=m) for m in (0.2, 0.5, 0.8)]
    np.testing.assert_allclose(limits, [1.375, 2.0, 11 / 3], rtol=1e-14)
    path = [repeated.anchored_inflation(edit_share=0.8, generation=n) for n in (1, 2, 3, 5, 9)]
    np.testing.assert_allclose(path, [1, 1.96, 2.5744, 3.2192742, 3.5916067], rtol=1e-7)
    assert repeated.anchored_inflation(edit_share=1.0, generation=7) == 7
    assert repeated.anchored_inflation(edit_share=0.0, generation=1) == 1
    assert repeated.anchored_limit(edit_share=1.0) == math.inf


@given(m=st.floats(0, 0.99), leverage=st.floats(0, 1))
def test_anchored_bound_starts_at_the_limit_and_grows_with_leverage(m, leverage):
    least = repeated.anchored_bound(edit_share=m, max_leverage=0.0)
    bound = repeated.anchored_bound(edit_share=m, max_leverage=leverage)
    assert least == pytest.approx(repeated.anchored_limit(edit_share=m), rel=1e-12)
    assert least <= bound <= repeated.anchored_bound(edit_share=m)


@given(fractions=fractions_of_one)
def test_processes_are_ordered(fractions):
    """Adding noise costs 1 + tau; random masks cost more; both at most 1 + 2 tau."""
    tau = fractions.sum()
    added = corrected.additive_inflation(fractions=fractions)
    random = repeated.random_mask_inflation(fractions=fractions)
    assert added == pytest.approx(1 + tau)
    assert added - 1e-12 <= random <= 1 + 2 * tau + 1e-12


@pytest.mark.parametrize(
    ("function", "arguments", "named"),
    [
        (corrected.disjoint_inflations, {"fractions": [0.6, 0.6]}, "sum <= 1"),
        (corrected.disjoint_inflations, {"fractions": [-0.1]}, "fractions"),
        (repeated.random_mask_inflation, {"fractions": [math.nan]}, "fractions"),
        (corrected.disjoint_bound, {"dim": 1, "samples": 2, "edited_total": 0.5}, "samples=2"),
        (corrected.disjoint_bound, {"dim": 1, "samples": 9, "edited_total": 1.5}, "edited_total"),
        (corrected.one_edit_covariance, {"overlap": [0.5]}, "overlap has shape"),
        (corrected.disjoint_covariances, {"overlaps": [[0.5]]}, "overlaps has shape"),
        (repeated.fixed_mask_limit_covariance, {"overlap": [[1.0]]}, "eigenvalue"),
        (repeated.fixed_mask_inflation, {"edit_share": 1.1, "generation": 1}, "edit_share"),
        (repeated.anchored_inflation, {"edit_share": 0.5, "generation": 0}, "generation=0"),
        (repeated.geometric_mask_limit, {"first_fraction": 0.5, "ratio": 1.0}, "ratio"),
        (corrected.quarter_turn_frame, {"samples": 1}, "samples=1"),
    ],
)
def test_wrong_arguments_are_named(function, arguments, named):
    with pytest.raises(ValueError, match=named):
        function(**arguments)
