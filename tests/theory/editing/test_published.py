"""The printed theorems: their numbers, where they hold, and the smallest cases where not."""

import itertools
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from theory.editing import assumptions, covariance, published
from theory.linear.wishart import base_error

few = settings(max_examples=25)  # each example runs the process

ONES = [[1.0], [1.0]]
TABLE_15 = {"first_fraction": 0.12503, "norm_decay": 0.941**0.5}


def true_estimates(design, true_weights, noises, masks):
    """The process itself: relabel the masked rows by the last fit, keep the others, fit again."""
    labels = design @ true_weights + noises[0]
    weights = [np.linalg.lstsq(design, labels)[0]]
    for mask, noise in zip(masks, noises[1:], strict=True):
        labels = np.where(mask == 1, design @ weights[-1] + noise, labels)
        weights.append(np.linalg.lstsq(design, labels)[0])
    return np.array(weights)


def drawn(seed, samples, dim, edits):
    rng = np.random.default_rng(seed)
    return {
        "design": rng.normal(size=(samples, dim)),
        "true_weights": rng.normal(size=dim),
        "noises": rng.normal(size=(edits + 1, samples)),
        "masks": rng.integers(0, 2, size=(edits, samples)),
    }


def test_theorem_1_misses_the_projected_term_at_two_rows():
    """Edit row 1 of X = (1, 1): truth e1/4 + 3 e2/4 + f1/2, printed (e1 + e2 + f1)/2."""
    for noises, truth, printed in [
        ([[1.0, 0.0], [0.0, 0.0]], 1 / 4, 1 / 2),
        ([[0.0, 1.0], [0.0, 0.0]], 3 / 4, 1 / 2),
        ([[0.0, 0.0], [1.0, 0.0]], 1 / 2, 1 / 2),
    ]:
        case = {"design": ONES, "true_weights": [0.0], "noises": noises, "masks": [[1, 0]]}
        arrays = {name: np.array(value) for name, value in case.items()}
        assert math.isclose(true_estimates(**arrays)[-1, 0], truth)
        assert math.isclose(published.theorem_1_estimate(**case)[-1, 0], printed)


@few
@given(seed=st.integers(0, 2**32), samples=st.integers(4, 12), edits=st.integers(1, 4))
def test_theorem_1_and_truth_differ_by_the_missing_term(seed, samples, edits):
    """w_2: the difference is -X^+ M_1 (I - P) E_1, exactly."""
    case = drawn(seed, samples, 2, edits)
    printed, truth = published.theorem_1_estimate(**case), true_estimates(**case)
    np.testing.assert_allclose(truth[0], printed[0], atol=1e-10)
    inverse = np.linalg.pinv(case["design"])
    residual = case["noises"][0] - case["design"] @ inverse @ case["noises"][0]
    missing = -inverse @ (case["masks"][0] * residual)
    np.testing.assert_allclose(truth[1] - printed[1], missing, atol=1e-9)


@few
@given(seed=st.integers(0, 2**32), groups=st.lists(st.integers(1, 4), min_size=1, max_size=4))
def test_theorem_1_is_exact_for_whole_groups_of_a_one_hot_design(seed, groups):
    rng = np.random.default_rng(seed)
    owner = np.repeat(np.arange(len(groups)), groups)
    design = np.eye(len(groups))[owner]
    masks = rng.integers(0, 2, size=(3, len(groups)))[:, owner]
    noises, weights = rng.normal(size=(4, len(owner))), rng.normal(size=len(groups))
    assert published.theorem_1_is_exact(design=design, masks=masks)
    np.testing.assert_allclose(
        published.theorem_1_estimate(
            design=design, true_weights=weights, noises=noises, masks=masks
        ),
        true_estimates(design, weights, noises, masks),
        atol=1e-12,
    )


@few
@given(seed=st.integers(0, 2**32), dim=st.integers(1, 3), share=st.sampled_from([0, 0.5, 1]))
def test_the_condition_of_theorem_1_agrees_with_the_vectors(seed, dim, share):
    case = drawn(seed, dim + 4, dim, 2)
    rng = np.random.default_rng(seed)
    case["masks"] = (rng.random((2, dim + 4)) < share).astype(int)
    same = np.allclose(published.theorem_1_estimate(**case), true_estimates(**case), atol=1e-9)
    assert same == published.theorem_1_is_exact(design=case["design"], masks=case["masks"])


@few
@given(seed=st.integers(0, 2**32), samples=st.integers(4, 12), edits=st.integers(0, 4))
def test_theorem_1_is_exact_when_noise_is_only_added(seed, samples, edits):
    """Given X: b (1 + sum k/T) is the mean over X of the additive recursion's errors."""
    case = drawn(seed, samples, 2, edits)
    inverse = np.linalg.pinv(case["design"])
    injected = np.vstack([np.ones(samples), case["masks"]])
    variances = np.cumsum(injected, axis=0) @ (inverse**2).sum(axis=0)
    errors = covariance.conditional_errors(
        design=case["design"], masks=case["masks"], variant="additive"
    )
    np.testing.assert_allclose(errors, variances, rtol=1e-10)


def test_theorem_1_error_is_the_average_over_masks():
    """Exchangeability: over all masks of k rows, tr(A^-1 X'MX A^-1) averages k/T tr A^-1."""
    case = drawn(5, 6, 2, 0)
    whole = covariance.conditional_errors(design=case["design"], masks=np.ones((0, 6)))[0]
    masks = np.array([m for m in itertools.product((0, 1), repeat=6) if sum(m) == 2])
    traces = [assumptions.equation_36_repaired(design=case["design"], mask=m) for m in masks]
    excess = published.theorem_1_error(dim=2, samples=6, edit_counts=(2,)) / base_error(
        dim=2, samples=6
    )
    assert math.isclose(np.mean(traces) / whole, excess - 1, rel_tol=1e-12)


@pytest.mark.parametrize(
    ("dim", "samples", "first_count", "decay", "in_units_of_b"),
    [
        (1, 5, 1, 1e-9, 1 + math.sqrt(3)),
        (10, 1000, 100, 0.5, 7.35967),
        (10, 1000, 125, 0.970, 119.5055),
    ],
)
def test_second_bound_is_far_above_the_first(dim, samples, first_count, decay, in_units_of_b):
    bound = published.theorem_2b_bound(
        dim=dim, samples=samples, first_count=first_count, norm_decay=decay
    )
    base = base_error(dim=dim, samples=samples)
    assert math.isclose(bound / base, in_units_of_b, rel_tol=1e-6)
    assert bound > published.theorem_2a_bound(dim=dim, samples=samples)


@given(dim=st.integers(1, 40), rows=st.integers(2, 3), count=st.integers(1, 5))
def test_second_bound_is_vacuous_at_the_two_smallest_sizes(dim, rows, count):
    samples = dim + rows
    bound = published.theorem_2b_bound(dim=dim, samples=samples, first_count=count, norm_decay=0.5)
    assert bound == math.inf
    assert published.theorem_2a_bound(dim=dim, samples=samples) < math.inf


@given(
    dim=st.integers(1, 20),
    samples=st.integers(400, 4000),
    share=st.floats(0.02, 0.5),
    decay=st.floats(0.1, 0.95),
)
def test_second_bound_holds_for_its_own_formula(dim, samples, share, decay):
    """b (1 + m_1/(1 - eta^2)) is what Theorem 1's formula gives for counts that decay."""
    first_count = max(1, round(share * samples))
    exact = base_error(dim=dim, samples=samples) * (1 + first_count / samples / (1 - decay**2))
    assert exact <= published.theorem_2b_bound(
        dim=dim, samples=samples, first_count=first_count, norm_decay=decay
    )


@given(dim=st.integers(1, 30), decay=st.floats(0.05, 0.9), factor=st.sampled_from([0.8, 1.25]))
def test_second_bound_beats_the_first_only_for_few_edits(dim, decay, factor):
    """Iff tr M_1 < d (1 - eta)^2, to leading order: T = 10^6 d here."""
    samples, first_count = 10**6 * dim, factor * dim * (1 - decay) ** 2
    second = published.theorem_2b_bound(
        dim=dim, samples=samples, first_count=first_count, norm_decay=decay
    )
    assert (second < published.theorem_2a_bound(dim=dim, samples=samples)) == (factor < 1)


@few
@given(seed=st.integers(0, 2**32), edits=st.integers(0, 6), noise_std=st.floats(0.1, 3))
def test_replacement_grows_linearly_given_the_design(seed, edits, noise_std):
    design = np.random.default_rng(seed).normal(size=(7, 2))
    errors = covariance.conditional_errors(
        design=design, masks=np.ones((edits, 7)), noise_std=noise_std
    )
    np.testing.assert_allclose(errors, errors[0] * np.arange(1, edits + 2), rtol=1e-10)


@given(generation=st.integers(1, 50))
def test_section_2_is_one_generation_late(generation):
    case = {"dim": 3, "samples": 10, "noise_std": 2.0}
    assert math.isclose(published.equation_7_error(generation=1, **case), base_error(**case))
    assert math.isclose(
        published.section_2_error(generation=generation + 1, **case),
        published.equation_7_error(generation=generation, **case),
    )
    assert published.section_2_error(generation=1, **case) == 0


@given(dim=st.integers(1, 40), extra=st.integers(2, 40), noise_std=st.floats(0.1, 3))
def test_first_bound_is_the_second_generation_of_replacement(dim, extra, noise_std):
    case = {"dim": dim, "samples": dim + extra, "noise_std": noise_std}
    bound = published.theorem_2a_bound(**case)
    assert math.isclose(bound, 2 * noise_std**2 * dim / (extra - 1))
    assert math.isclose(bound, published.equation_7_error(generation=2, **case))


def test_disjoint_masks_touch_no_row_twice():
    assert assumptions.masks_are_disjoint(masks=np.eye(4))
    assert assumptions.masks_are_disjoint(masks=np.zeros((3, 4)))
    assert not assumptions.masks_are_disjoint(masks=[[1, 1, 0], [0, 1, 0]])


def test_published_edit_rates_cannot_stay_disjoint():
    total = TABLE_15["first_fraction"] / (1 - TABLE_15["norm_decay"] ** 2)
    assert round(total, 2) == 2.12
    passes = assumptions.disjoint_edits_possible(**TABLE_15)
    shares = TABLE_15["first_fraction"] * 0.941 ** np.arange(11)
    assert passes == 10 and shares[:10].sum() <= 1 < shares.sum()


@given(share=st.floats(0.01, 1), decay=st.floats(0.1, 0.99))
def test_disjoint_edits_possible_is_the_last_that_fits(share, decay):
    passes = assumptions.disjoint_edits_possible(first_fraction=share, norm_decay=decay)
    shares = np.cumsum(share * decay ** (2 * np.arange(min(passes, 10**4) + 1)))
    if passes == math.inf:
        assert shares[-1] <= 1 + 1e-9
    else:
        assert shares[passes - 1] <= 1 + 1e-9 and shares[passes] > 1 - 1e-9


@pytest.mark.parametrize(
    ("counts", "decay", "possible"),
    [
        ((64, 16, 4, 1), 0.5, True),
        ((100, 81), 0.9, True),
        ((10, 9), 0.9, False),
        ((1, 1), 0.9, False),
    ],
)
def test_decay_needs_whole_numbers_of_edits(counts, decay, possible):
    assert assumptions.decay_is_possible(edit_counts=counts, norm_decay=decay) == possible
    assert not assumptions.decay_is_possible(edit_counts=counts, norm_decay=decay, norm="operator")


def test_empty_masks_decay_in_every_norm():
    case = {"edit_counts": (0, 0), "norm_decay": 0.5}
    assert assumptions.decay_is_possible(**case)
    assert assumptions.decay_is_possible(norm="operator", **case)


@given(first=st.integers(1, 10**6), decay=st.floats(0.05, 0.99))
def test_decay_ends_when_less_than_one_row_is_left(first, decay):
    edits = assumptions.decay_lifetime(first_count=first, norm_decay=decay)
    assert first * decay ** (2 * (edits - 1)) >= 1 - 1e-6
    assert first * decay ** (2 * edits) < 1 + 1e-6


def test_equation_36_is_a_product_of_unequal_shapes():
    inverse, mask = np.linalg.inv(np.array(ONES).T @ np.array(ONES)), np.diag([1.0, 0.0])
    assert not assumptions.equation_36_is_defined(dim=1, samples=2)
    with pytest.raises(ValueError, match="matmul"):
        inverse @ mask
    repaired = assumptions.equation_36_repaired(design=ONES, mask=[1, 0])
    assert math.isclose(repaired, 1 / 4)


@pytest.mark.parametrize(
    ("function", "arguments", "named"),
    [
        (published.theorem_2a_bound, {"dim": 3, "samples": 4}, "samples=4"),
        (
            published.theorem_2b_bound,
            {"dim": 1, "samples": 9, "first_count": 1, "norm_decay": 1.0},
            "norm_decay=1.0",
        ),
        (
            published.theorem_1_error,
            {"dim": 1, "samples": 9, "edit_counts": (10,)},
            "edit_counts=10",
        ),
        (published.equation_7_error, {"dim": 1, "samples": 9, "generation": 0}, "generation=0"),
        (assumptions.masks_are_disjoint, {"masks": [[0, 2]]}, "masks"),
        (assumptions.masks_are_disjoint, {"masks": [0, 1]}, "masks has shape"),
        (
            published.theorem_1_estimate,
            {"design": ONES, "true_weights": [0.0], "noises": [[1.0, 1.0]], "masks": [[1, 0]]},
            "noises has shape",
        ),
    ],
)
def test_wrong_arguments_are_named(function, arguments, named):
    with pytest.raises(ValueError, match=named):
        function(**arguments)
