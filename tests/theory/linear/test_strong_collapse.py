"""Mixtures with a shifted synthetic model: exact fractions, limits, and one-design averages."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theory.linear import mixture_scaling, ridge, wishart
from theory.linear import strong_collapse as strong

fractions = st.floats(0.01, 0.99)


def shift_factor_by_moments(dim: int, samples: int, rows: int) -> Fraction:
    """E tr(A C A^-1 C)/d from the second moments of the isotropic C = Y M Y', C and A apart."""
    at = {"dim": dim, "samples": samples}
    own, pairs = rows * wishart.leverage_second_moment(**at), rows * (rows - 1)
    trace_of_square = own + pairs * wishart.off_diagonal_second_moment(**at)
    if dim == 1:
        return trace_of_square
    square_of_trace = own + pairs * wishart.leverage_product(**at)
    crossed = (trace_of_square - square_of_trace / dim) / (dim**2 + dim - 2)
    straight = (square_of_trace - 2 * crossed * dim) / dim**2
    traces = Fraction(samples * dim - 2, samples - dim - 1)  # E tr A tr A^-1 / d
    return straight + crossed + crossed * traces


@given(dim=st.integers(1, 20), extra=st.integers(2, 40), share=st.floats(0, 1))
def test_shift_factor_is_the_moment_sum(dim, extra, share):
    rows = round(share * (dim + extra))
    got = strong.shift_factor(dim=dim, samples=dim + extra, synthetic_rows=rows)
    assert got == shift_factor_by_moments(dim, dim + extra, rows)


def test_shift_factor_known_values():
    assert strong.shift_factor(dim=1, samples=20, synthetic_rows=5) == Fraction(7, 88)
    assert strong.shift_factor(dim=5, samples=12, synthetic_rows=4) == Fraction(29, 99)
    printed = {(8, 40, 12): 0.147477, (100, 400, 120): 0.160577}
    for (dim, samples, rows), expected in printed.items():
        got = strong.shift_factor(dim=dim, samples=samples, synthetic_rows=rows)
        assert float(got) == pytest.approx(expected, abs=5.1e-7)


@given(dim=st.integers(1, 20), extra=st.integers(2, 40))
def test_shift_factor_at_the_ends(dim, extra):
    at = {"dim": dim, "samples": dim + extra}
    assert strong.shift_factor(**at, synthetic_rows=0) == 0
    assert strong.shift_factor(**at, synthetic_rows=dim + extra) == 1


@given(dim=st.integers(1, 20), extra=st.integers(2, 40), rows=st.integers(0, 60))
def test_exchanging_real_and_synthetic_rows(dim, extra, rows):
    # the error of the shifted part seen from the other model: tr (I - M)'(I - M), E tr M = dk/T
    samples = dim + extra
    rows = min(rows, samples)
    here, there = (
        strong.shift_factor(dim=dim, samples=samples, synthetic_rows=k)
        for k in (rows, samples - rows)
    )
    assert there - here == 1 - 2 * Fraction(rows, samples)


@given(ratio=st.integers(2, 20), percent=st.integers(0, 100))
def test_shift_tends_to_its_asymptotic_form(ratio, percent):
    dim = 10**6
    exact = strong.mixture_error(
        dim=dim,
        samples=100 * ratio * dim // 10,
        synthetic_rows=percent * ratio * dim // 10,
        shift_norm=1.5,
        noise_std=0.0,
        synthetic_noise_std=0.0,
    )
    limit = strong.shift_error_isotropic(
        dim=1, samples=10 * ratio, synthetic_fraction=percent / 100, shift_norm=1.5
    )
    assert exact == pytest.approx(limit, rel=1e-5, abs=1e-12)  # corrections are of order 1/d


def test_printed_total_errors():
    at = {"shift_norm": 0.5**0.5, "noise_std": 0.3, "synthetic_noise_std": 0.3}
    first = strong.mixture_error(dim=100, samples=400, synthetic_rows=120, **at)
    second = strong.mixture_error(dim=200, samples=400, synthetic_rows=40, **at)
    assert first == pytest.approx(0.1102, abs=3e-4)  # Monte-Carlo values, three digits
    assert second == pytest.approx(0.1412, abs=8e-4)


def test_noise_of_both_kinds_is_weighted_by_rows():
    got = strong.mixture_error(
        dim=3,
        samples=10,
        synthetic_rows=4,
        shift_norm=0.0,
        noise_std=1.0,
        synthetic_noise_std=2.0,
    )
    assert got == pytest.approx((0.6 + 0.4 * 4) * 3 / 6)


@given(dim=st.integers(1, 40), samples=st.integers(1, 40), penalty=st.floats(1e-3, 10))
def test_effective_ridge_solves_its_equation(dim, samples, penalty):
    spectrum = 1 / np.arange(1, dim + 1)
    found = strong.effective_ridge(
        covariance_eigenvalues=spectrum, samples=samples, penalty=penalty
    )
    degrees = np.sum(spectrum / (spectrum + found))
    assert found * (1 - degrees / samples) == pytest.approx(penalty, rel=1e-9)
    assert found >= penalty


def test_effective_ridge_without_penalty():
    at = {"covariance_eigenvalues": np.full(6, 3.0), "penalty": 0.0}
    assert strong.effective_ridge(**at, samples=6) == 0
    assert strong.effective_ridge(**at, samples=2) == pytest.approx(6.0)  # 6 * 3/(3 + x) = 2


@pytest.mark.parametrize("penalty", [0.05, 1.0])
@pytest.mark.parametrize(("dim", "samples"), [(30, 60), (60, 40)])
def test_pure_mixtures_are_ridge_under_marchenko_pastur(dim, samples, penalty):
    constants = ridge.ridge_constants_asymptotic(dim=dim, samples=samples, penalty=penalty)
    at = {
        "covariance_eigenvalues": np.ones(dim),
        "shift_variances": np.full(dim, 0.5 / dim),
        "samples": samples,
        "penalty": penalty,
        "synthetic_noise_std": 0.0,
    }
    clean = strong.mixture_error_asymptotic(
        **at, true_weights=np.full(dim, dim**-0.5), synthetic_fraction=0.0, noise_std=0.7
    )
    expected = ridge.clean_ridge_error(constants=constants, noise_std=0.7, true_norm=1.0)
    assert clean == pytest.approx(expected, rel=1e-10)
    shifted = strong.mixture_error_asymptotic(
        **at, true_weights=np.zeros(dim), synthetic_fraction=1.0
    )
    assert shifted == pytest.approx(0.5 * constants.kept_squared, rel=1e-10)


@given(p2=st.floats(0.0, 1.0), penalty=st.floats(0.01, 5.0))
def test_shift_of_a_mixture_is_noise_plus_the_shift_of_a_pure_one(p2, penalty):
    # rows are exchangeable, so zeta is quadratic in p2: its slope at zero is that of label noise
    # of variance tr(Sigma Delta), its value at one that of a fit to the shifted model alone
    spectrum, shift = np.array([2.0, 1.0, 0.3, 0.1]), np.array([0.1, 0.4, 0.2, 1.0])
    at = {
        "covariance_eigenvalues": spectrum,
        "true_weights": np.zeros(4),
        "samples": 7,
        "penalty": penalty,
        "synthetic_noise_std": 0.0,
    }

    def error(**rest) -> float:
        return strong.mixture_error_asymptotic(**at, **rest)

    zeta = error(shift_variances=shift, synthetic_fraction=p2, noise_std=0.0)
    pure = error(shift_variances=shift, synthetic_fraction=1.0, noise_std=0.0)
    gain = error(shift_variances=np.zeros(4), synthetic_fraction=0.0, noise_std=1.0)
    expected = p2 * (1 - p2) * gain * np.sum(spectrum * shift) + p2**2 * pure
    assert zeta == pytest.approx(expected, rel=1e-10, abs=1e-14)


def error_given_design(rows, spectrum, shift, weights, penalty, p2):
    """The test error of ridge averaged over noise and shift, one design; noise_std 0.5 and 0.8."""
    samples, dim = rows.shape
    synthetic = np.arange(samples) < p2 * samples
    fit = np.linalg.solve(rows.T @ rows / samples + penalty * np.eye(dim), rows.T / samples)
    bias = fit @ (rows @ weights) - weights
    moved = fit[:, synthetic] @ rows[synthetic]
    noise = fit**2 @ np.where(synthetic, 0.64, 0.25)
    return float(spectrum @ (bias**2 + noise + moved**2 @ shift))


def test_asymptotic_error_of_an_anisotropic_mixture():
    generator = np.random.default_rng(3)
    dim, samples, penalty, p2 = 120, 160, 0.1, 0.5
    spectrum = 5 / np.arange(1, dim + 1) ** 0.7
    shift, weights = np.linspace(2, 0, dim) / dim, np.full(dim, dim**-0.5)
    errors = [
        error_given_design(
            generator.standard_normal((samples, dim)) * np.sqrt(spectrum),
            spectrum,
            shift,
            weights,
            penalty,
            p2,
        )
        for _ in range(160)
    ]
    expected = strong.mixture_error_asymptotic(
        covariance_eigenvalues=spectrum,
        shift_variances=shift,
        true_weights=weights,
        samples=samples,
        penalty=penalty,
        synthetic_fraction=p2,
        noise_std=0.5,
        synthetic_noise_std=0.8,
    )
    standard_error = np.std(errors, ddof=1) / np.sqrt(len(errors))
    # five standard errors and a bias of order 1/d, together less than 2 %
    tolerance = 5 * standard_error + expected / dim / 2
    assert tolerance < 0.02 * expected
    assert abs(np.mean(errors) - expected) < tolerance


def test_scaling_error_is_a_floor():
    plateau = mixture_scaling.scaling_plateau(synthetic_fraction=0.01, shift_norm=1.0)
    assert plateau == pytest.approx(1e-4)
    at = {"synthetic_fraction": 0.3, "shift_norm": 2.0}
    got = mixture_scaling.scaling_error(dim=5, samples=10**9, **at)
    assert got == pytest.approx(0.36, rel=1e-7)
    small = mixture_scaling.scaling_error(dim=10, samples=10**4, noise_std=0.5, **at)
    exact = strong.mixture_error(
        dim=10,
        samples=10**4,
        synthetic_rows=3000,
        shift_norm=2.0,
        noise_std=0.5,
        synthetic_noise_std=0.5,
    )
    assert small == pytest.approx(0.36 + 0.25e-3)
    assert exact - small == pytest.approx(0.21 * 4 * 0.0012, rel=0.1)  # p1 p2 c^2 (d + 2)/T: left


@pytest.mark.parametrize(
    ("weight", "expected", "recalled"),
    [(0.0, 0.0400, 0.0100), (0.1, 0.0353, 0.010625), (0.5, 0.0825, 0.025625)],
)
def test_weighted_mixing_printed_values(weight, expected, recalled):
    at = {
        "dim": 16,
        "samples": 800,
        "synthetic_fraction": 0.5,
        "synthetic_weight": weight,
        "shift_norm": 0.5,
    }
    assert mixture_scaling.weighted_mixing_error(**at) == pytest.approx(expected, abs=1e-9)
    assert mixture_scaling.recalled_weighted_mixing_error(**at) == pytest.approx(recalled, abs=1e-9)


@given(p2=fractions)
def test_equal_weights_give_the_scaling_error(p2):
    at = {"dim": 4, "samples": 1000, "synthetic_fraction": p2, "shift_norm": 0.8}
    weighted = mixture_scaling.weighted_mixing_error(**at, synthetic_weight=p2)
    assert weighted == pytest.approx(mixture_scaling.scaling_error(**at))


@given(p2=fractions, shift=st.floats(0, 3), noise=st.floats(0.1, 3), other=st.floats(0, 3))
def test_optimal_synthetic_weight_is_the_vertex(p2, shift, noise, other):
    at = {
        "dim": 3,
        "samples": 50,
        "synthetic_fraction": p2,
        "shift_norm": shift,
        "noise_std": noise,
        "synthetic_noise_std": other,
    }
    low, middle, high = (
        mixture_scaling.weighted_mixing_error(**at, synthetic_weight=a) for a in (0.0, 0.5, 1.0)
    )
    # the vertex of the parabola through three points
    vertex = 0.25 * (3 * low - 4 * middle + high) / (low - 2 * middle + high)
    assert mixture_scaling.optimal_synthetic_weight(**at) == pytest.approx(
        vertex, rel=1e-6, abs=1e-9
    )


def test_iterated_mixing():
    at = {"clean_error": 0.3, "synthetic_fraction": 0.8}
    errors = [
        mixture_scaling.iterated_mixing_error(generation=n, shift_norm=2.0, **at)
        for n in range(200)
    ]
    assert errors[0] == 4
    for n, error in enumerate(errors):
        assert error == pytest.approx(0.64**n * 4 + 0.3 * (1 - 0.64**n) / 0.36)
    assert mixture_scaling.iterated_mixing_limit(**at) == pytest.approx(errors[-1])
    endless = mixture_scaling.iterated_mixing_error(
        generation=7, clean_error=0.3, shift_norm=2.0, synthetic_fraction=1.0
    )
    assert endless == pytest.approx(4 + 7 * 0.3)


def test_arguments_are_checked():
    with pytest.raises(ValueError, match="samples=6"):
        strong.shift_factor(dim=5, samples=6, synthetic_rows=1)
    with pytest.raises(ValueError, match="synthetic_rows=13"):
        strong.shift_factor(dim=5, samples=12, synthetic_rows=13)
    with pytest.raises(ValueError, match="synthetic_fraction=1"):
        mixture_scaling.iterated_mixing_limit(clean_error=1.0, synthetic_fraction=1.0)
    with pytest.raises(ValueError, match="shift_norm=-1"):
        mixture_scaling.scaling_plateau(synthetic_fraction=0.5, shift_norm=-1.0)
    with pytest.raises(ValueError, match="covariance_eigenvalues"):
        strong.effective_ridge(covariance_eigenvalues=[1.0, 0.0], samples=3, penalty=1.0)
    with pytest.raises(ValueError, match="samples != dim"):
        strong.mixture_error_asymptotic(
            covariance_eigenvalues=np.ones(3),
            shift_variances=np.ones(3),
            true_weights=np.ones(3),
            samples=3,
            penalty=0.0,
            synthetic_fraction=0.5,
        )
