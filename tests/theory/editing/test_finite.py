"""Exact results at finite T: published rationals, quadrature over matrix Beta laws, identities."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from theory.editing import corrected, finite
from theory.linear.wishart import base_error

RATIONALS = [
    (3, 1, 1, 1, Fraction(2)),
    (3, 1, 1, 2, Fraction(754, 315)),
    (3, 1, 2, 1, Fraction(106, 45)),
    (4, 1, 2, 2, Fraction(37, 15)),
    (6, 1, 3, 3, Fraction(323, 128)),
    (10, 1, 5, 5, Fraction(1981, 768)),
    (40, 1, 20, 20, Fraction(2567, 966)),
    (200, 1, 100, 100, Fraction(55787, 20806)),
    (4, 2, 2, 2, Fraction(347, 150)),
    (5, 3, 2, 3, Fraction(23263, 10395)),
    (12, 10, 6, 6, Fraction(12665, 6006)),
    (24, 10, 12, 12, Fraction(89509, 37375)),
    (30, 10, 15, 15, Fraction(1217, 496)),
    (40, 3, 20, 20, Fraction(4056163, 1544634)),
]
designs = st.tuples(st.integers(1, 12), st.integers(2, 40)).map(lambda p: (p[0], p[0] + p[1]))


def mean_over_overlap(function, first, second):
    """(1/2) E sum f(c) over the eigenvalues of a 2 x 2 overlap, block sizes first and second.

    Their density is prod c^((k1-3)/2) (1-c)^((k2-3)/2) |c - c'|: on one side of the diagonal a
    polynomial when the sizes are odd, so that Gauss-Legendre nodes integrate it exactly.
    """
    nodes, weights = np.polynomial.legendre.leggauss(24)
    x, wx = (nodes + 1) / 2, weights / 2
    larger, smaller = x[:, None], x[:, None] * x[None, :]  # smaller = larger * t
    density = wx[:, None] * wx[None, :] * larger * (larger - smaller)
    density = density * (larger * smaller) ** ((first - 3) / 2)
    density = density * ((1 - larger) * (1 - smaller)) ** ((second - 3) / 2)
    return np.sum(density * (function(larger) + function(smaller)) / 2) / density.sum()


def two_halves(dim, samples):
    counts = (samples // 2, samples - samples // 2)
    return finite.two_disjoint_edits_inflation(dim=dim, samples=samples, edit_counts=counts)


@pytest.mark.parametrize(("samples", "dim", "first", "second", "inflation"), RATIONALS)
def test_two_disjoint_edits_are_these_rationals(samples, dim, first, second, inflation):
    counts = (first, second)
    assert inflation == finite.two_disjoint_edits_inflation(
        dim=dim, samples=samples, edit_counts=counts
    )
    error = finite.two_disjoint_edits_error(
        dim=dim, samples=samples, noise_std=2.0, edit_counts=counts
    )
    assert error == pytest.approx(4 * dim / (samples - dim - 1) * float(inflation), rel=1e-14)
    if dim == 1:
        blocks = finite.disjoint_inflation_one_dimension(block_sizes=counts, samples=samples)
        assert blocks[-1] == inflation


@pytest.mark.parametrize(("first", "second"), [(5, 7), (7, 5), (5, 5), (3, 9)])
def test_two_edits_in_two_dimensions_are_an_integral(first, second):
    """Both blocks together are all rows, so C_2 = I - C_1 and one matrix Beta law is enough."""
    samples = first + second
    one = mean_over_overlap(lambda c: 1 + 2 * c - c**2, first, second)
    predicted = finite.one_edit_inflation(dim=2, samples=samples, edited_rows=first)
    assert float(predicted) == pytest.approx(one, rel=1e-12)

    def third_generation(c):
        return (2 - c) ** 2 * (1 + 2 * c - c**2) - 2 * (2 - c) * (1 + c) * (1 - c) + 2 * (1 - c)

    two = mean_over_overlap(third_generation, first, second)
    predicted = finite.two_disjoint_edits_inflation(
        dim=2, samples=samples, edit_counts=(first, second)
    )
    assert float(predicted) == pytest.approx(two, rel=1e-12)


def test_two_halves_exceed_the_printed_bound_at_every_size():
    """v_3 > 2 for d <= 59, d + 2 <= T <= 80, least at the largest d with T = d + 2."""
    sizes = ((dim, samples) for dim in range(1, 60) for samples in range(dim + 2, 81))
    least = min(two_halves(dim, samples) for dim, samples in sizes)
    assert least == two_halves(59, 61) > 2
    assert float(least) == pytest.approx(2.0222, abs=3e-4)


@pytest.mark.parametrize(
    ("rows", "inflation"), [(4, 1.170330), (20, 1.695360), (36, 1.970330), (40, 2)]
)
def test_one_edit_numbers(rows, inflation):
    case = {"dim": 8, "samples": 40, "edited_rows": rows}
    assert float(finite.one_edit_inflation(**case)) == pytest.approx(inflation, abs=5e-7)
    assert finite.one_edit_error(**case) == pytest.approx(inflation * 8 / 31, abs=5e-7)


@given(design=designs, share=st.floats(0, 1))
def test_one_edit_is_within_theorem_a(design, share):
    dim, samples = design
    rows = round(share * samples)
    inflation = finite.one_edit_inflation(dim=dim, samples=samples, edited_rows=rows)
    assert 1 + Fraction(rows, samples) <= inflation <= 2
    limit = corrected.one_edit_covariance(overlap=[[rows / samples]])[0, 0]
    assert inflation <= limit + 1e-12  # concave in the overlap


@given(design=designs, tenths=st.integers(0, 10))
def test_independent_rows_are_a_binomial_number_of_edits(design, tenths):
    dim, samples = design
    m = Fraction(tenths, 10)
    average = sum(
        math.comb(samples, rows)
        * m**rows
        * (1 - m) ** (samples - rows)
        * finite.one_edit_inflation(dim=dim, samples=samples, edited_rows=rows)
        for rows in range(samples + 1)
    )
    predicted = finite.one_edit_bernoulli_inflation(dim=dim, samples=samples, edit_share=m)
    assert predicted == average
    error = finite.one_edit_bernoulli_error(dim=dim, samples=samples, edit_share=tenths / 10)
    assert error == pytest.approx(float(average) * base_error(dim=dim, samples=samples))


@given(design=designs, shares=st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_two_edits_reduce_to_one_and_stay_below_the_constant(design, shares):
    dim, samples = design
    first = round(shares[0] * samples)
    second = round(shares[1] * (samples - first))

    def inflation(*counts):
        return finite.two_disjoint_edits_inflation(dim=dim, samples=samples, edit_counts=counts)

    single = finite.one_edit_inflation(dim=dim, samples=samples, edited_rows=first)
    assert inflation(first, 0) == inflation(0, first) == single
    total = (first + second) / samples
    assert inflation(first, second) <= corrected.disjoint_inflation_bound(edited_total=total)


def test_two_edits_tend_to_theorem_b():
    case = {"dim": 4, "samples": 4 * 10**6, "edit_counts": (2 * 10**6, 2 * 10**6)}
    assert float(finite.two_disjoint_edits_inflation(**case)) == pytest.approx(2.6875, rel=1e-5)


def test_single_rows_in_one_dimension():
    three = finite.disjoint_inflation_one_dimension(block_sizes=(1, 1, 1))
    assert three == [1, Fraction(22, 15), 2, Fraction(10658, 4095)]
    four = finite.disjoint_inflation_one_dimension(block_sizes=(1, 1, 1, 1))
    assert four[-1] == Fraction(1373351, 491520)


def test_blocks_in_one_dimension_are_a_dirichlet_integral():
    """Sizes 2, 2, 2 of T = 6 make (C_1, C_2, C_3) uniform on the simplex."""

    def last(y, x):
        return corrected.disjoint_inflations(fractions=[x, y, max(0.0, 1 - x - y)])[-1]

    mean = 2 * integrate.dblquad(last, 0, 1, 0, lambda x: 1 - x, epsabs=1e-7, epsrel=1e-7)[0]
    blocks = finite.disjoint_inflation_one_dimension(block_sizes=(2, 2, 2))
    assert float(blocks[-1]) == pytest.approx(mean, rel=1e-6)


@given(blocks=st.lists(st.integers(0, 5), min_size=1, max_size=9), spare=st.integers(3, 9))
def test_one_dimension_obeys_the_constant(blocks, spare):
    samples = sum(blocks) + spare
    last = finite.disjoint_inflation_one_dimension(block_sizes=blocks, samples=samples)[-1]
    total = sum(blocks) / samples
    assert 1 <= last <= corrected.disjoint_inflation_bound(edited_total=total)


@pytest.mark.parametrize(
    ("samples", "dim", "rows", "lower", "upper", "inflation"),
    [
        (50, 10, 25, 3.6786, 3.9286, 3.837),
        (200, 10, 100, 2.6854, 2.9354, 2.850),
        (240, 4, 120, 2.5652, 2.8152, 2.731),
    ],
)
def test_fixed_mask_bounds_and_simulated_limits(samples, dim, rows, lower, upper, inflation):
    case = {"dim": dim, "samples": samples, "edited_rows": rows}
    base = dim / (samples - dim - 1)
    bounds = np.array(finite.fixed_mask_limit_bounds(**case)) / base
    np.testing.assert_allclose(bounds, [lower, upper], atol=5e-5)
    sharp = np.array(finite.fixed_mask_limit_sharp_bounds(**case)) / base
    assert lower < sharp[0] <= inflation <= sharp[1] < upper
    assert finite.fixed_mask_limit_upper_bound(**case) == pytest.approx(bounds[1] * base)


@pytest.mark.parametrize(("rows", "kept"), [(5, 7), (3, 9), (9, 11)])
def test_fixed_mask_limit_in_two_dimensions_is_between_its_bounds(rows, kept):
    limit = mean_over_overlap(lambda c: (1 + 2 * c) / (1 - c**2), rows, kept)
    case = {"dim": 2, "samples": rows + kept, "edited_rows": rows}
    base = base_error(dim=2, samples=rows + kept)
    low, high = finite.fixed_mask_limit_sharp_bounds(**case)
    assert low <= limit * base <= high
    assert high - low < 0.05 * base


@settings(max_examples=25)  # each example integrates numerically
@given(rows=st.integers(1, 30), kept=st.integers(5, 30))
def test_fixed_mask_limit_in_one_dimension_is_an_integral(rows, kept):
    samples = rows + kept
    law = stats.beta(rows / 2, kept / 2)
    mean, _ = integrate.quad(
        lambda t: (1 + 2 * (c := law.ppf(t))) / (1 - c**2), 0, 1, epsrel=1e-6, limit=200
    )
    limit = finite.fixed_mask_limit_one_dimension(samples=samples, edited_rows=rows)
    assert limit == pytest.approx(mean / (samples - 2), rel=1e-3)  # quad at the heavy end
    low, high = finite.fixed_mask_limit_sharp_bounds(dim=1, samples=samples, edited_rows=rows)
    assert low * (1 - 1e-12) <= limit <= high * (1 + 1e-12)


def test_fixed_mask_limit_of_half_the_rows():
    limit = finite.fixed_mask_limit_one_dimension(samples=40, noise_std=2.0, edited_rows=20)
    assert limit == pytest.approx(4 * 0.0745143, rel=1e-6)


@pytest.mark.parametrize(
    ("function", "arguments", "named"),
    [
        (finite.one_edit_error, {"dim": 3, "samples": 4, "edited_rows": 1}, "samples=4"),
        (finite.one_edit_error, {"dim": 3, "samples": 9, "edited_rows": 10}, "edited_rows=10"),
        (
            finite.one_edit_bernoulli_error,
            {"dim": 3, "samples": 9, "edit_share": 1.5},
            "edit_share=1.5",
        ),
        (
            finite.two_disjoint_edits_error,
            {"dim": 1, "samples": 9, "edit_counts": (5, 5)},
            r"edit_counts\[1\]=5",
        ),
        (
            finite.two_disjoint_edits_error,
            {"dim": 1, "samples": 9, "edit_counts": (1, 2, 3)},
            "two counts",
        ),
        (finite.disjoint_inflation_one_dimension, {"block_sizes": (1, 1)}, "samples=2"),
        (
            finite.disjoint_inflation_one_dimension,
            {"block_sizes": (3, 3), "samples": 5},
            "block_sizes",
        ),
        (
            finite.fixed_mask_limit_bounds,
            {"dim": 2, "samples": 9, "edited_rows": 6},
            "limit over generations",
        ),
    ],
)
def test_wrong_arguments_are_named(function, arguments, named):
    with pytest.raises(ValueError, match=named):
        function(**arguments)
