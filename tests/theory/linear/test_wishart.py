"""Gram and hat-matrix moments, against orthogonal Weingarten calculus and quadrature."""

import math
from fractions import Fraction
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from theory.linear import wishart

DESIGNS = [(1, 4), (2, 5), (3, 7), (4, 9), (6, 8), (8, 40)]
ALL_MOMENTS = [
    wishart.leverage_second_moment,
    wishart.leverage_product,
    wishart.off_diagonal_second_moment,
    wishart.cycle_moment_3,
    wishart.cycle_moment_4,
    wishart.leverage_times_off_diagonal,
    wishart.leverage_pair_off_diagonal,
    wishart.off_diagonal_path,
    wishart.leverage_times_cycle,
]


def pairings(items: tuple[int, ...]) -> list[tuple[tuple[int, int], ...]]:
    if not items:
        return [()]
    first, rest = items[0], items[1:]
    return [
        ((first, other), *tail)
        for i, other in enumerate(rest)
        for tail in pairings(rest[:i] + rest[i + 1 :])
    ]


def loops(one, two) -> int:
    """Cycles of the graph whose edges are two pairings of the same points."""
    parent = list(range(2 * len(one)))

    def root(i):
        return i if parent[i] == i else root(parent[i])

    for a, b in (*one, *two):
        parent[root(a)] = root(b)
    return sum(i == p for i, p in enumerate(parent))


@cache
def weingarten(factors: int, samples: int):
    all_pairings = pairings(tuple(range(2 * factors)))
    gram = [[float(samples) ** loops(p, q) for q in all_pairings] for p in all_pairings]
    return all_pairings, np.linalg.inv(np.array(gram))


def projection_moment(entries, *, dim: int, samples: int) -> float:
    """Mean product of entries of a uniform projection of rank dim, by Weingarten calculus."""
    all_pairings, inverse = weingarten(len(entries), samples)
    rows = [row for entry in entries for row in entry]
    own = tuple((2 * i, 2 * i + 1) for i in range(len(entries)))
    matches = np.array([all(rows[a] == rows[b] for a, b in p) for p in all_pairings], float)
    columns = np.array([float(dim) ** loops(q, own) for q in all_pairings])
    return float(matches @ inverse @ columns)


@pytest.mark.parametrize(
    ("moment", "entries"),
    [
        (wishart.leverage_second_moment, ["11", "11"]),
        (wishart.leverage_product, ["11", "22"]),
        (wishart.off_diagonal_second_moment, ["12", "12"]),
        (wishart.leverage_times_off_diagonal, ["11", "12", "12"]),
        (wishart.cycle_moment_3, ["12", "23", "31"]),
        (wishart.leverage_pair_off_diagonal, ["11", "22", "12", "12"]),
        (wishart.off_diagonal_path, ["12", "12", "23", "23"]),
        (wishart.leverage_times_cycle, ["11", "12", "23", "31"]),
        (wishart.cycle_moment_4, ["12", "23", "34", "41"]),
    ],
)
@pytest.mark.parametrize(("dim", "samples"), DESIGNS)
def test_hat_moments_are_the_weingarten_sums(moment, entries, dim, samples):
    expected = projection_moment(entries, dim=dim, samples=samples)
    # the inverse Gram matrix of 105 pairings loses about six digits at samples = 4
    assert float(moment(dim=dim, samples=samples)) == pytest.approx(expected, rel=1e-8, abs=1e-13)


def test_hat_moments_known_fractions():
    assert wishart.cycle_moment_3(dim=4, samples=9) == Fraction(5, 18018)
    assert wishart.off_diagonal_second_moment(dim=2, samples=4) == Fraction(4, 72)
    assert wishart.leverage_product(dim=2, samples=4) == Fraction(2 * 8, 72)


@given(dim=st.integers(1, 30), extra=st.integers(0, 60))
def test_projection_identities_hold_exactly(dim, extra):
    at = {"dim": dim, "samples": dim + extra}
    rows = dim + extra
    trace_squared = rows * wishart.leverage_second_moment(**at)
    trace_squared += rows * (rows - 1) * wishart.leverage_product(**at)
    assert trace_squared == dim**2
    row = wishart.leverage_second_moment(**at) + (rows - 1) * wishart.off_diagonal_second_moment(
        **at
    )
    assert row == Fraction(dim, rows)  # sum_j P_1j^2 = P_11


@given(dim=st.integers(1, 30), extra=st.integers(4, 60))
def test_complement_projection_flips_signs(dim, extra):
    # I - P is a uniform projection of rank T - d, with the off-diagonal of -P
    rows = dim + extra
    here, there = {"dim": dim, "samples": rows}, {"dim": extra, "samples": rows}
    assert wishart.cycle_moment_3(**here) == -wishart.cycle_moment_3(**there)
    assert wishart.cycle_moment_4(**here) == wishart.cycle_moment_4(**there)
    assert wishart.off_diagonal_path(**here) == wishart.off_diagonal_path(**there)


@given(samples=st.integers(1, 12))
def test_a_full_rank_projection_is_the_identity(samples):
    at = {"dim": samples, "samples": samples}
    assert wishart.leverage_second_moment(**at) == 1
    assert wishart.leverage_product(**at) == (1 if samples > 1 else 0)
    for moment in ALL_MOMENTS[2:]:
        assert moment(**at) == 0


@pytest.mark.parametrize("moment", ALL_MOMENTS)
def test_terms_without_enough_rows_are_absent(moment):
    needs_three = {"cycle_moment_3", "cycle_moment_4", "off_diagonal_path", "leverage_times_cycle"}
    assert (moment(dim=1, samples=2) == 0) == (moment.__name__ in needs_three)
    assert (moment(dim=1, samples=3) == 0) == (moment.__name__ == "cycle_moment_4")
    with pytest.raises(ValueError, match="samples=2"):
        moment(dim=3, samples=2)


@pytest.mark.parametrize(("j", "l"), [(0, 0), (1, 0), (2, 1), (2, 2), (3, 4)])
def test_beta_moments_are_integrals(j, l):  # noqa: E741
    def integrand(p: float) -> float:
        return p**j * (1 - p) ** l * stats.beta.pdf(p, 1.5, 4.0)

    expected = integrate.quad(integrand, 0, 1, epsabs=1e-12)[0]
    got = wishart.beta_moment(j, l, dim=3, samples=11)
    assert float(got) == pytest.approx(expected, rel=1e-9)  # quadrature


@pytest.mark.parametrize(
    ("dim", "samples", "expected"), [(5, 30, 0.0109848), (5, 12, 0.3274), (10, 60, 0.005124)]
)
def test_trace_of_squared_inverse(dim, samples, expected):
    got = wishart.mean_trace_inverse_gram_squared(dim=dim, samples=samples)
    assert got == pytest.approx(expected, rel=1.5e-4)  # printed digits


@pytest.mark.parametrize("samples", range(7, 15))
def test_one_column_gram_is_chi_squared(samples):
    inverse = stats.invgamma(samples / 2, scale=0.5)
    got = wishart.mean_trace_inverse_gram_squared(dim=1, samples=samples)
    assert got == pytest.approx(inverse.moment(2), rel=1e-12)
    assert wishart.mean_trace_inverse_gram(dim=1, samples=samples) == pytest.approx(
        inverse.mean(), rel=1e-12
    )


@given(samples=st.integers(6, 80))
def test_two_column_squared_inverse_from_bartlett(samples):
    # A = LL' with squared diagonal a, b (chi-squared, T and T - 1) and l ~ N(0, 1) below it:
    # tr A^-1 = 1/a + 1/b + l^2/(ab) and det A = ab
    a, aa = Fraction(1, samples - 2), Fraction(1, (samples - 2) * (samples - 4))
    b, bb = Fraction(1, samples - 3), Fraction(1, (samples - 3) * (samples - 5))
    square_of_trace = aa + bb + 3 * aa * bb + 2 * a * b + 2 * aa * b + 2 * a * bb
    got = wishart.mean_trace_inverse_gram_squared(dim=2, samples=samples)
    assert got == pytest.approx(float(square_of_trace - 2 * a * b), rel=1e-12)
    assert wishart.mean_trace_inverse_gram(dim=2, samples=samples) == pytest.approx(
        float(a + b + a * b), rel=1e-12
    )


@given(dim=st.integers(2, 30), extra=st.integers(4, 60))
def test_squared_inverse_contains_the_variance_of_the_diagonal(dim, extra):
    # (A^-1)_11 is 1 / chi-squared, so E tr A^-2 >= d E (A^-1)_11^2
    got = wishart.mean_trace_inverse_gram_squared(dim=dim, samples=dim + extra)
    assert got > dim * stats.invgamma((extra + 1) / 2, scale=0.5).moment(2)


def test_infinite_and_refused_moments():
    for samples in (7, 8):
        assert wishart.mean_trace_inverse_gram_squared(dim=5, samples=samples) == math.inf
        assert wishart.error_moments(dim=5, samples=samples).variance == math.inf
    assert wishart.error_moments(dim=5, samples=6).mean == math.inf
    for function in (
        wishart.base_error,
        wishart.mean_trace_inverse_gram,
        wishart.mean_trace_inverse_gram_squared,
    ):
        with pytest.raises(ValueError, match="samples=6"):
            function(dim=5, samples=6)
    with pytest.raises(ValueError, match="samples=5"):
        wishart.mean_trace_inverse_kernel(dim=6, samples=5)
    with pytest.raises(ValueError, match="noise_std"):
        wishart.base_error(dim=1, samples=5, noise_std=-1.0)


@pytest.mark.parametrize(
    ("samples", "dim", "expected"), [(12, 4, 1.05), (16, 10, 1.0), (200, 20, 0.34)]
)
def test_relative_standard_deviation(samples, dim, expected):
    got = wishart.error_moments(dim=dim, samples=samples).relative_std
    assert got == pytest.approx(expected, abs=0.005)  # two printed decimals


@given(dim=st.integers(1, 40), extra=st.integers(4, 60), noise_std=st.floats(0.1, 3))
@settings(max_examples=25)
def test_error_moments_are_those_of_the_f_law(dim, extra, noise_std):
    law = stats.f(dim, extra + 1, scale=noise_std**2 * dim / (extra + 1))
    got = wishart.error_moments(dim=dim, samples=dim + extra, noise_std=noise_std)
    assert got.mean == pytest.approx(law.mean(), rel=1e-10)
    assert got.variance == pytest.approx(law.var(), rel=1e-10)


@given(small=st.integers(1, 20), gap=st.integers(2, 20))
def test_kernel_and_gram_exchange_rows_and_columns(small, gap):
    gram = wishart.mean_trace_inverse_gram(dim=small, samples=small + gap)
    assert wishart.mean_trace_inverse_kernel(dim=small + gap, samples=small) == gram
