"""The one least-squares fit: NIST's certified answers, the rule of rank, and any scale."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collapse_sim.linear.design import GivenDesign
from collapse_sim.linear.fit import factorise, fit_labels, spans_constant, to_one_scale
from tests.collapse_sim import nist

DIGITS = {
    # dataset: correct digits of its weights that float64 leaves
    "LONGLEY": 10, "FILIP": 7, "NORRIS": 11, "PONTIUS": 11, "NOINT1": 13, "WAMPLER_3": 8,
    "WAMPLER_4": 7, "WAMPLER_5": 5,
}  # fmt: skip


@pytest.mark.parametrize("name", DIGITS)
def test_certified_regressions(name):
    certified = getattr(nist, name)
    fit = fit_labels(certified.inputs, certified.labels)
    assert fit.noise_std == pytest.approx(certified.noise_std, rel=certified.noise_precision)
    np.testing.assert_allclose(fit.weights, certified.weights, rtol=10.0 ** -DIGITS[name])
    assert np.abs(factorise(certified.inputs).frame.T @ fit.residuals).max() < 1e-9 * fit.noise_std
    degrees = len(certified.labels) - len(certified.weights)
    assert fit.residuals @ fit.residuals == pytest.approx(degrees * fit.noise_std**2, rel=1e-12)
    assert GivenDesign.of(certified.inputs).dim == len(certified.weights)


@pytest.mark.parametrize("name", ["WAMPLER_1", "WAMPLER_2"])
def test_labels_that_the_columns_fit_exactly_have_no_noise(name):
    certified = getattr(nist, name)
    with pytest.raises(ValueError, match="fitted exactly by 6 columns: accepted are labels with"):
        fit_labels(certified.inputs, certified.labels)


@given(
    st.sampled_from(["LONGLEY", "FILIP", "NOINT1", "WAMPLER_3"]),
    st.integers(-140, 140),
    st.lists(st.integers(-140, 140), min_size=11, max_size=11),
)
def test_no_unit_of_labels_or_columns_matters(name, label_power, powers):
    """By powers of ten, which round the data: Filip keeps 7 digits, the others 10."""
    certified = getattr(nist, name)
    label_scale = 10.0**label_power
    scales = 10.0 ** np.array(powers[: certified.inputs.shape[1]])
    fit = fit_labels(certified.inputs * scales, certified.labels * label_scale)
    close = 1e-7 if name == "FILIP" else 1e-10
    assert fit.noise_std / label_scale == pytest.approx(certified.noise_std, rel=close)


@given(st.integers(0, 2**32 - 1), st.integers(2, 6), st.integers(-30, 30))
def test_collinear_columns_lack_rank_in_every_unit(seed, dim, power):
    rng = np.random.default_rng(seed)
    inputs = rng.standard_normal((20, dim))
    mixed = inputs @ rng.integers(-3, 4, dim)
    both = np.column_stack([inputs, mixed * 10.0**power])
    assert factorise(both).rank == dim
    assert factorise(inputs * 10.0**power).rank == dim
    with pytest.raises(ValueError, match=f"rank {dim} with {dim + 1} columns"):
        GivenDesign.of(both)


def test_a_zero_column_lacks_rank():
    assert factorise(np.zeros((4, 2))).rank == 0
    assert factorise(np.eye(4)[:, :3] * [1, 0, 1]).rank == 2


def test_columns_are_scaled_without_rounding():
    inputs = np.array([[3e-200, 5.0, 0.0], [1e-200, -9.0, 0.0]])
    scaled, exponents = to_one_scale(inputs)
    np.testing.assert_array_equal(np.ldexp(scaled, exponents), inputs)
    largest = np.abs(scaled).max(axis=0)
    assert (largest[:2] >= 0.5).all() and (largest[:2] < 1).all() and largest[2] == 0


def test_a_constant_is_found_by_rank_not_by_looks():
    dummies = np.eye(3)[np.arange(12) % 3]
    rng = np.random.default_rng(0)
    assert spans_constant(dummies) and spans_constant(nist.LONGLEY.inputs)
    assert spans_constant(np.column_stack([rng.standard_normal(12), np.full(12, 1e-30)]))
    assert not spans_constant(dummies[:, :2])
    assert not spans_constant(nist.LONGLEY_WITHOUT_CONSTANT.inputs)
    assert not spans_constant(1e9 + rng.standard_normal((12, 1)))


@pytest.mark.parametrize(
    ("inputs", "labels", "says"),
    [
        (np.eye(4)[:, :1], np.full(4, 3.0), "all labels are 3: accepted are labels that vary"),
        (np.eye(4)[:, :2], np.array([1.0, 2, 0, 0]), "fitted exactly by 2 columns"),
        (np.ones((4, 2)), np.arange(4.0), "4 rows and 2 columns of rank 1: accepted are more rows"),
        (np.eye(2), np.arange(2.0), "2 rows and 2 columns of rank 2"),
    ],
)
def test_labels_without_noise_are_refused(inputs, labels, says):
    with pytest.raises(ValueError, match=says):
        fit_labels(inputs, labels)


def test_small_noise_on_large_labels_is_noise():
    rng = np.random.default_rng(1)
    inputs = np.column_stack([np.ones(1000), rng.standard_normal(1000)])
    noise = rng.standard_normal(1000)
    fit = fit_labels(inputs, 1e9 + noise)
    assert fit.noise_std == pytest.approx(fit_labels(inputs, noise).noise_std, rel=1e-6)
