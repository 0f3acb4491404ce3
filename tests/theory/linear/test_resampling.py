"""Replace, accumulate, halfway and subsample against recursions, laws and printed values."""

import math
from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

from theory.linear import accumulation, resampling, subsampling
from theory.linear.wishart import base_error

PRINTED = 5.1e-5  # half a unit of the fourth decimal


@given(dim=st.integers(1, 30), extra=st.integers(2, 50), generation=st.integers(1, 40))
def test_replace_grows_by_one_base_error(dim, extra, generation):
    at = {"dim": dim, "samples": dim + extra, "noise_std": 1.5}
    expected = Fraction(9, 4) * generation * Fraction(dim, extra - 1)
    assert resampling.replace_error(**at, generation=generation) == pytest.approx(float(expected))
    varying = resampling.replace_error_varying(
        dim=dim, sizes=[dim + extra] * generation, noise_stds=[1.5] * generation
    )
    assert varying == pytest.approx(float(expected))


@given(dim=st.integers(1, 20), extra=st.integers(4, 40), generation=st.integers(1, 9))
def test_the_law_of_replace_has_its_mean(dim, extra, generation):
    at = {"dim": dim, "samples": dim + extra, "noise_std": 0.7, "generation": generation}
    law = resampling.replace_error_law(**at)
    assert law.mean() == pytest.approx(resampling.replace_error(**at), rel=1e-10)


@pytest.mark.parametrize("samples", [5, 6, 7, 40])
def test_the_law_is_scipys(samples):
    law = resampling.replace_error_law(dim=5, samples=samples, generation=3)
    scipys = stats.f(law.dim, law.freedom, scale=law.scale)
    chances = np.array([0.01, 0.5, 0.99])
    errors = scipys.ppf(chances)
    np.testing.assert_allclose(law.ppf(chances), errors)
    np.testing.assert_allclose([law.cdf(errors), law.sf(errors)], [chances, 1 - chances])
    assert law.mean() == pytest.approx(scipys.mean())


@pytest.mark.parametrize("error", [0.01, 0.3, 2.0, 40.0])
def test_the_law_for_two_columns_is_elementary(error):
    # chi^2_2 is exponential, so P(error > x) = E exp(-x s / 2) = (1 + x)^(-(T - 1)/2)
    law = resampling.replace_error_law(dim=2, samples=6, noise_std=2.0, generation=3)
    assert law.sf(error) == pytest.approx((1 + error / 12) ** -2.5, rel=1e-9)


def test_fresh_rows_have_a_law_at_the_first_generation_only():
    def law(**rest):
        return resampling.replace_error_law(dim=3, samples=9, **rest)

    assert law(generation=1, design="fresh").ppf(0.9) == law(generation=1).ppf(0.9)
    with pytest.raises(ValueError, match="generation=2"):
        law(generation=2, design="fresh")
    with pytest.raises((ValueError, TypeError), match="both"):  # whoever checks first
        law(generation=1, design="both")


@pytest.mark.parametrize(
    ("function", "dim", "samples", "expected"),
    [
        (
            accumulation.accumulate_fresh_error,
            6,
            60,
            [1, 1.2345, 1.3366, 1.3935, 1.4297, 1.4547, 1.4730, 1.4870],
        ),
        (
            accumulation.accumulate_shared_error,
            6,
            60,
            [1, 1.25, 1.3611, 1.4236, 1.4636, 1.4914, 1.5118, 1.5274],
        ),
        (resampling.halfway_fresh_error, 4, 40, [1, 1.467, 1.771, 1.997, 2.176, 2.325]),
        (resampling.halfway_shared_error, 4, 40, [1, 1.5, 1.8333, 2.0833, 2.2833, 2.45]),
    ],
)
def test_printed_errors_in_units_of_the_base(function, dim, samples, expected):
    base = base_error(dim=dim, samples=samples, noise_std=0.3)
    tolerance = 5.1e-4 if function is resampling.halfway_fresh_error else PRINTED
    for generation, value in enumerate(expected, start=1):
        error = function(dim=dim, samples=samples, noise_std=0.3, generation=generation)
        assert error / base == pytest.approx(value, abs=tolerance)


def chi2_nodes(freedom: int):
    """Gauss-Laguerre nodes and weights for a mean over the chi-squared law."""
    nodes, weights = special.roots_genlaguerre(40, freedom / 2 - 1)
    return 2 * nodes, weights / weights.sum()


def test_accumulate_fresh_is_an_integral_for_one_column():
    # generation i adds E[a / (a + s)^2] with a, s the Gram scalars of its own and all older rows
    samples, total = 7, 1 / (7 - 2)
    for i in (2, 3):
        own_x, own_w = chi2_nodes(samples)
        old_x, old_w = chi2_nodes((i - 1) * samples)
        total += own_w @ (own_x[:, None] / (own_x[:, None] + old_x) ** 2) @ old_w
        error = accumulation.accumulate_fresh_error(dim=1, samples=samples, generation=i)
        assert error == pytest.approx(total, rel=1e-6)  # quadrature


@given(dim=st.integers(1, 30), extra=st.integers(2, 50), generation=st.integers(2, 60))
def test_order_of_the_regimes(dim, extra, generation):
    at = {"dim": dim, "samples": dim + extra, "generation": generation}
    accumulate = accumulation.accumulate_shared_error(**at)
    assert accumulation.accumulate_fresh_error(**at) < accumulate
    assert accumulate < accumulation.accumulate_shared_bound(dim=dim, samples=dim + extra)
    assert accumulate < resampling.halfway_shared_error(**at)
    assert resampling.halfway_fresh_error(**at) < resampling.halfway_shared_error(**at)
    assert resampling.halfway_shared_error(**at) < resampling.replace_error(**at)


def test_accumulate_bound_is_the_limit():
    far = accumulation.accumulate_inflation(generation=10**5)
    bound = accumulation.accumulate_shared_bound(dim=4, samples=9)
    assert bound - far == pytest.approx(1e-5, rel=1e-4)  # the tail of sum 1/i^2 is 1/n - 1/2n^2


def test_many_rows_turn_fresh_into_shared():
    at = {"dim": 2, "samples": 10**7, "generation": 12}
    for fresh, shared in (
        (accumulation.accumulate_fresh_error, accumulation.accumulate_shared_error),
        (resampling.halfway_fresh_error, resampling.halfway_shared_error),
    ):
        assert fresh(**at) == pytest.approx(shared(**at), rel=1e-6)  # d / T


def subsample_by_covariance(generations: int) -> list[Fraction]:
    """u_t = (u_1 + ... + u_{t-1})/t + e_t with Cov(e_s, e_t) = 1/max(s, t), Var e_t = 1."""
    responses: list[list[Fraction]] = []  # u_t in terms of e_1, ..., e_t
    variances = []
    for t in range(1, generations + 1):
        row = [sum((r[j] for r in responses if j < len(r)), Fraction(0)) / t for j in range(t)]
        row[-1] += 1
        responses.append(row)
        overlap = [[Fraction(1, max(a, b) + 1) for a in range(t)] for b in range(t)]
        for a in range(t):
            overlap[a][a] = Fraction(1)
        variances.append(sum(row[a] * row[b] * overlap[a][b] for a in range(t) for b in range(t)))
    return variances


def test_subsample_is_the_covariance_recursion():
    for generation, variance in enumerate(subsample_by_covariance(12), start=1):
        got = subsampling.subsample_inflation(generation=generation)
        assert got == pytest.approx(float(variance), rel=1e-13)


@pytest.mark.parametrize(
    ("generation", "expected"),
    [(3, 2.08333), (4, 2.270833), (10, 2.6493), (20, 2.7885), (100, 2.9050), (1000, 2.9318)],
)
def test_subsample_printed_values(generation, expected):
    got = subsampling.subsample_inflation(generation=generation)
    assert got == pytest.approx(expected, abs=PRINTED)


@pytest.mark.parametrize(("dim", "samples", "copies"), [(2, 3, 3), (3, 4, 2), (3, 5, 3), (4, 4, 3)])
def test_the_chance_of_too_few_distinct_rows_is_bounded(dim, samples, copies):
    subsets = list(combinations([row for row in range(samples) for _ in range(copies)], samples))
    chance = sum(len(set(rows)) < dim for rows in subsets) / len(subsets)
    bound = subsampling.singular_chance(dim=dim, samples=samples, generation=copies)
    assert chance <= bound <= 3 * chance
    if dim == 2:  # a set of one row: no two of them overlap
        assert bound == pytest.approx(chance)


def test_subsample_converges_to_its_limit():
    gap = subsampling.subsample_limit() - subsampling.subsample_inflation(generation=10**5)
    assert gap == pytest.approx(3e-5, rel=1e-3)  # the three tails are each about 1/n


@given(generation=st.integers(1, 40), percent=st.integers(0, 100))
def test_contaminated_mean_is_the_unrolled_product(generation, percent):
    fraction = percent / 100
    expected = sum(
        math.prod(((r - 1 + fraction) / r) ** 2 for r in range(s + 1, generation + 1)) / s**2
        for s in range(1, generation + 1)
    )
    got = subsampling.contaminated_mean_variance(generation=generation, synthetic_fraction=fraction)
    assert got == pytest.approx(expected, rel=1e-12)


def test_contaminated_mean_at_the_ends():
    for n in (1, 2, 7, 30):
        clean = subsampling.contaminated_mean_variance(generation=n, synthetic_fraction=0.0)
        assert clean == pytest.approx(1 / n, rel=1e-12)
        all_synthetic = subsampling.contaminated_mean_variance(generation=n, synthetic_fraction=1.0)
        assert all_synthetic == pytest.approx(accumulation.accumulate_inflation(generation=n))


@pytest.mark.parametrize("fraction", [0.2, 0.4, 0.6, 0.8])
def test_contaminated_mean_decays_at_its_exponent(fraction):
    near, far = (
        subsampling.contaminated_mean_variance(generation=n, synthetic_fraction=fraction)
        for n in (10**4, 10**5)
    )
    # the second term is smaller by n^-|1 - 2a|, at least 10^(-4/5)
    assert math.log10(near / far) == pytest.approx(min(1, 2 * (1 - fraction)), abs=0.04)


def test_arguments_are_checked():
    with pytest.raises(ValueError, match="generation=0"):
        resampling.replace_error(dim=2, samples=9, generation=0)
    with pytest.raises(ValueError, match="samples=3"):
        accumulation.accumulate_fresh_error(dim=2, samples=3, generation=1)
    with pytest.raises(ValueError, match="noise_stds"):
        resampling.replace_error_varying(dim=2, sizes=[9, 9], noise_stds=[1.0])
    with pytest.raises(ValueError, match="synthetic_fraction=1.5"):
        subsampling.contaminated_mean_variance(generation=1, synthetic_fraction=1.5)
    with pytest.raises(ValueError, match="generation=0"):
        subsampling.subsample_inflation(generation=0)
