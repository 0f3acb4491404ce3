"""Ridge and minimum-norm chains against quadrature, recursions and printed values."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, special

from theory.linear import downstream, ridge
from theory.linear.ridge import RidgeConstants

FINITE = RidgeConstants(0.7145, 0.5282, 0.20696)  # T = 60, d = 20, penalty 0.3, printed
CHAIN = {"noise_std": 0.8, "true_norm": 1.0}
constants = st.builds(RidgeConstants, st.floats(0, 1), st.floats(0, 0.99), st.floats(0, 2))


def test_constants_of_given_spectra_by_hand():
    got = ridge.ridge_constants(gram_eigenvalues=[[0.0, 4.0], [12.0, 4.0]], samples=4, penalty=1.0)
    assert got.kept == pytest.approx((0 + 1 / 2 + 3 / 4 + 1 / 2) / 4)
    assert got.kept_squared == pytest.approx((0 + 1 / 4 + 9 / 16 + 1 / 4) / 4)
    assert got.noise_gain == pytest.approx((1 / 4 + 3 / 16 + 1 / 4) / 2 / 4)


@pytest.mark.parametrize("penalty", [0.02, 0.3, 4.0])
@pytest.mark.parametrize("samples", [1, 2, 6, 31])
def test_one_column_constants_are_tricomi_functions(samples, penalty):
    k, a = samples / 2, samples * penalty
    # E (S + a)^-p of a chi-squared S, by the integral that defines U
    first = a ** (k - 1) / 2**k * special.hyperu(k, k, a / 2)
    second = a ** (k - 2) / 2**k * special.hyperu(k, k - 1, a / 2)
    got = ridge.ridge_constants_one_column(samples=samples, penalty=penalty)
    # the Tricomi side subtracts numbers near one whose own error is about 1e-9
    assert got.kept == pytest.approx(1 - a * first, rel=1e-7)
    assert got.kept_squared == pytest.approx(1 - 2 * a * first + a**2 * second, rel=1e-7)
    assert got.noise_gain == pytest.approx(first - a * second, rel=1e-7)


def test_one_column_agrees_with_its_own_spectrum():
    nodes, weights = special.roots_genlaguerre(60, 9.0)
    repeats = np.round(weights / weights.sum() * 10**5).astype(int)
    sample = np.repeat(2 * nodes, repeats)[:, None]
    averaged = ridge.ridge_constants(gram_eigenvalues=sample, samples=20, penalty=0.5)
    exact = ridge.ridge_constants_one_column(samples=20, penalty=0.5)
    assert averaged == pytest.approx(exact, rel=1e-3)  # weights rounded at 1e-5, sixty of them


@pytest.mark.parametrize("penalty", [0.01, 0.3, 5.0])
@pytest.mark.parametrize(("dim", "samples"), [(1, 4), (1, 1), (3, 1)])
def test_asymptotic_constants_are_marchenko_pastur_integrals(dim, samples, penalty):
    ratio = dim / samples
    low, high = (1 - math.sqrt(ratio)) ** 2, (1 + math.sqrt(ratio)) ** 2

    def mean(function) -> float:
        def at_angle(angle: float) -> float:
            s = (low + high) / 2 - (high - low) / 2 * math.cos(angle)
            root = (high - low) / 2 * math.sin(angle)
            return function(s) * root**2 / (2 * math.pi * ratio * s) if s > 0 else 0.0

        return integrate.quad(at_angle, 0, math.pi, epsabs=1e-13, epsrel=1e-11, limit=200)[0]

    got = ridge.ridge_constants_asymptotic(dim=dim, samples=samples, penalty=penalty)
    assert got.kept == pytest.approx(mean(lambda s: s / (s + penalty)), rel=1e-8)
    assert got.kept_squared == pytest.approx(mean(lambda s: (s / (s + penalty)) ** 2), rel=1e-8)
    expected = ratio * mean(lambda s: s / (s + penalty) ** 2)
    assert got.noise_gain == pytest.approx(expected, rel=1e-8)


def test_asymptotic_constants_printed():
    got = ridge.ridge_constants_asymptotic(dim=20, samples=60, penalty=0.3)
    assert got == pytest.approx((0.7172, 0.5310, 0.20696), abs=6e-5)


def test_asymptotic_constants_keep_digits_at_small_penalty():
    tiny = ridge.ridge_constants_asymptotic(dim=1, samples=4, penalty=1e-9)
    assert tiny.noise_gain == pytest.approx(1 / 3, rel=1e-8)
    over = ridge.ridge_constants_asymptotic(dim=4, samples=1, penalty=1e-9)
    assert over.kept == pytest.approx(1 / 4, rel=1e-6)  # the rank of the design
    assert over.noise_gain == pytest.approx(1 / 3, rel=1e-6)  # T / (d - T)


def wishart_spectra(dim: int, samples: int, count: int) -> np.ndarray:
    rows = np.random.default_rng(7).standard_normal((count, samples, dim))
    return np.linalg.eigvalsh(rows.swapaxes(1, 2) @ rows)


def test_finite_constants_printed():
    got = ridge.ridge_constants(
        gram_eigenvalues=wishart_spectra(20, 60, 600), samples=60, penalty=0.3
    )
    # the three constants vary by under 1 % between designs: 600 of them give 4e-4
    assert got == pytest.approx(FINITE, rel=2e-3)


def test_the_chain_without_penalty_is_replace():
    spectra = wishart_spectra(3, 20, 8000)
    got = ridge.ridge_constants(gram_eigenvalues=spectra, samples=20, penalty=0.0)
    assert (got.kept, got.kept_squared) == (1, 1)
    traces = np.sum(1 / spectra, axis=1)
    standard_error = traces.std(ddof=1) / math.sqrt(len(traces))
    assert standard_error < 0.004 * 3 / 16
    assert abs(got.noise_gain - 3 / 16) < 5 * standard_error
    exact = RidgeConstants(1.0, 1.0, 3 / 16)
    for generation in (1, 4):
        error = ridge.ridge_chain_error(
            constants=exact, noise_std=2.0, true_norm=5.0, generation=generation
        )
        assert error == pytest.approx(4 * 3 / 16 * generation)
    assert ridge.ridge_chain_limit(constants=exact, true_norm=1.0) == math.inf


@given(c=constants, generation=st.integers(1, 30), noise=st.floats(0, 3), norm=st.floats(0, 3))
def test_chain_error_is_its_geometric_sum(c, generation, noise, norm):
    left = c.kept_squared**generation
    squared_norm = left * norm**2 + noise**2 * c.noise_gain * (1 - left) / (1 - c.kept_squared)
    expected = squared_norm - 2 * c.kept**generation * norm**2 + norm**2
    got = ridge.ridge_chain_error(
        constants=c, noise_std=noise, true_norm=norm, generation=generation
    )
    assert got == pytest.approx(expected, rel=1e-9, abs=1e-9)
    memory = ridge.ridge_chain_memory(constants=c, generation=generation)
    assert memory == c.kept**generation


def test_chain_printed_values():
    expected = [0.2317, 0.4604, 0.6572, 0.8155, 0.9379, 1.0303, 1.0989, 1.1493]
    for generation, value in enumerate(expected, start=1):
        got = ridge.ridge_chain_error(constants=FINITE, generation=generation, **CHAIN)
        assert got == pytest.approx(value, abs=5e-4)  # four printed digits of the constants
    limit = ridge.ridge_chain_limit(constants=FINITE, **CHAIN)
    assert limit == pytest.approx(1.2808, abs=2e-4)
    far = ridge.ridge_chain_error(constants=FINITE, generation=200, **CHAIN)
    assert far == pytest.approx(limit)


def test_chain_of_one_column_is_the_product_of_random_shrinkages():
    # two generations by a product rule: w_2 = k_2 (k_1 w + r_1) + r_2
    samples, penalty = 9, 0.7
    nodes, weights = special.roots_genlaguerre(80, samples / 2 - 1)
    s, law = 2 * nodes / samples, weights / weights.sum()
    k, r = s / (s + penalty), s / (s + penalty) ** 2 / samples  # kept, variance added
    bias = 1.5 * (np.outer(k, k) - 1)
    spread = 0.36 * (np.outer(k**2, r) + r[:, None])
    expected = law @ (bias**2 + spread) @ law
    got = ridge.ridge_chain_error(
        constants=ridge.ridge_constants_one_column(samples=samples, penalty=penalty),
        noise_std=0.6,
        true_norm=1.5,
        generation=2,
    )
    assert got == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize(("generators", "expected"), [(0, 0.2317), (1, 0.2765), (6, 0.5003)])
def test_downstream_printed_values(generators, expected):
    got = downstream.downstream_ridge_error(
        constants=FINITE,
        dim=20,
        **CHAIN,
        generator_samples=80,
        generator_noise_std=0.5,
        generators=generators,
    )
    assert got == pytest.approx(expected, abs=2e-4)  # four printed digits of the constants


@given(dim=st.integers(1, 20), extra=st.integers(2, 40), generators=st.integers(0, 20))
def test_downstream_without_penalty_adds_base_errors(dim, extra, generators):
    identity = RidgeConstants(1.0, 1.0, dim / (extra + 3))
    got = downstream.downstream_ridge_error(
        constants=identity,
        dim=dim,
        true_norm=2.0,
        generator_samples=dim + extra,
        generator_noise_std=0.5,
        generators=generators,
    )
    assert got == pytest.approx(dim / (extra + 3) + generators * 0.25 * dim / (extra - 1))


def test_downstream_error_with_its_own_transfer():
    got = downstream.downstream_error(
        clean_error=0.5,
        transfer_trace=2.0,
        dim=4,
        generator_samples=15,
        generator_noise_std=2.0,
        generators=3,
    )
    assert got == pytest.approx(0.5 + 3 * 4 / 10 * 2)


@given(samples=st.integers(12, 90), generator=st.integers(12, 90), generators=st.integers(0, 9))
def test_ridgeless_asymptotics_are_the_exact_error_at_large_size(samples, generator, generators):
    at = {"noise_std": 0.7, "generator_noise_std": 1.3, "generators": generators}
    limit = downstream.downstream_ridgeless_asymptotic(
        dim=10, samples=samples, generator_samples=generator, **at
    )
    scale = 10**6
    gap = scale * samples - 10 * scale - 1
    exact = downstream.downstream_ridge_error(
        constants=RidgeConstants(1.0, 1.0, 10 * scale / gap),
        dim=10 * scale,
        true_norm=1.0,
        generator_samples=scale * generator,
        **at,
    )
    assert exact == pytest.approx(limit, rel=2e-6)


def test_powerlaw_rate_has_its_slopes():
    at = {
        "dim": 10,
        "spectral_decay": 2.0,
        "source": 2.0,
        "penalty_exponent": 0.5,
    }

    def slope(**rest) -> float:
        near, far = (
            downstream.downstream_powerlaw_rate(
                samples=n, generator_samples=16 * n, **at, **rest, generators=1
            )
            for n in (10**6, 10**9)
        )
        return math.log10(far / near) / 3

    assert slope() == pytest.approx(-0.75, abs=1e-6)  # -(1 - l/beta)
    # without noise of the last fit or the generators: -2 r l
    assert slope(noise_std=0.0, generator_noise_std=0.0) == pytest.approx(-2, abs=1e-9)


SPECTRUM = {"spectral_decay": 2.5, "source": 0.7, "penalty_exponent": 0.8}


def _powerlaw_parts(samples: int, ranks: int = 2_000_000) -> tuple[float, float, float]:
    """Noise, bias and generators' part of population ridge, as sums over eigenvalues j^-2.5.

    The weights are at the edge of the source condition, $w_j^2 x_j = x_j^{2r} / j$; the generators
    have 2^40 + d rows each.
    """
    ranks_, penalty = np.arange(1.0, ranks), samples**-0.8
    eigenvalues = ranks_**-2.5
    degrees = np.sum((eigenvalues / (eigenvalues + penalty)) ** 2)
    bias = penalty**2 * np.sum(eigenvalues**1.4 / ranks_ / (eigenvalues + penalty) ** 2)
    return degrees / samples, bias, degrees / 2.0**40


@pytest.mark.parametrize(
    ("part", "arguments", "generator_samples"),
    [
        (0, {"noise_std": 1e9, "generators": 0}, 2**40),
        (1, {"noise_std": 0.0, "generators": 0}, 2**40),
        (2, {"noise_std": 0.0, "generators": 10**12}, 2**40),
    ],
    ids=["noise", "bias", "generators"],
)
def test_powerlaw_exponents_are_those_of_sums_over_the_spectrum(part, arguments, generator_samples):
    """A formula off by 2 % in the exponent misses them."""
    sizes = (10**8, 10**9)
    sums = [_powerlaw_parts(samples)[part] for samples in sizes]
    rates = [
        downstream.downstream_powerlaw_rate(
            samples=samples, generator_samples=generator_samples, dim=10, **SPECTRUM, **arguments
        )
        for samples in sizes
    ]
    found, expected = (math.log10(far / near) for near, far in (rates, sums))
    assert found == pytest.approx(expected, rel=0.003)


def test_powerlaw_rate_by_hand():
    """beta = 4/3, r = 1/4, l = 1/2: 1 - 2 r l - l / beta = 3/8 and -(1 - l / beta) = -5/8."""
    at = {"spectral_decay": 4 / 3, "source": 0.25, "penalty_exponent": 0.5}
    sizes = {"samples": 2**20, "generator_samples": 2**22, "dim": 2**21}
    biased = downstream.downstream_powerlaw_rate(**sizes, **at, generators=0)
    assert biased == pytest.approx(2 ** (20 * 3 / 8 - 20 * 5 / 8), rel=1e-12)
    noisy = downstream.downstream_powerlaw_rate(**sizes, **at, noise_std=2.0**5, generators=2)
    # noise 2^10 above the bias's 2^7.5; two generators, each 1 / (1 - 1/2) max(1/4, 1/2) = 1
    assert noisy == pytest.approx((2**10 + 2) * 2**-12.5, rel=1e-12)


@given(samples=st.integers(1, 30), gap=st.integers(2, 40), generation=st.integers(1, 12))
def test_min_norm_is_its_recursion(samples, gap, generation):
    dim, kept = samples + gap, samples / (samples + gap)
    squared_norm = overlap = 1.7**2
    for _ in range(generation):
        squared_norm = kept * squared_norm + 0.25 * samples / (dim - samples - 1)
        overlap *= kept
    at = {"dim": dim, "samples": samples, "true_norm": 1.7, "generation": generation}
    got = ridge.min_norm_error(**at, noise_std=0.5)
    assert got == pytest.approx(squared_norm - 2 * overlap + 1.7**2, rel=1e-10)
    noise_free = ridge.min_norm_error(**at, noise_std=0.0)
    assert noise_free == pytest.approx(1.7**2 * (1 - kept**generation))
    shared = ridge.min_norm_shared_error(**at, noise_std=0.5)
    first = ridge.min_norm_error(**(at | {"generation": 1}), noise_std=0.5)
    added = 0.25 * samples / (dim - samples - 1)
    assert shared == pytest.approx(first + (generation - 1) * added)


def test_min_norm_printed_values():
    at = {"dim": 50, "samples": 20, "noise_std": 0.5, "true_norm": 1.0}
    for n, value in enumerate([0.7724, 1.0814, 1.2050, 1.2544, 1.2742, 1.2821], start=1):
        assert ridge.min_norm_error(**at, generation=n) == pytest.approx(value, abs=5.1e-5)
    for n, value in enumerate([0.7724, 0.9448, 1.1172, 1.2897], start=1):
        assert ridge.min_norm_shared_error(**at, generation=n) == pytest.approx(value, abs=5.1e-5)


def test_min_norm_one_row_is_an_exact_integral():
    # one row x: the fit is x y / |x|^2, so E w_1^2 = |w|^2/d + s^2 E 1/chi^2_d
    dim, density = 7, special.gamma(3.5) * 2**3.5
    inverse = integrate.quad(lambda x: x**1.5 * math.exp(-x / 2) / density, 0, math.inf)[0]
    got = ridge.min_norm_error(dim=dim, samples=1, noise_std=0.5, true_norm=2.0, generation=1)
    assert got == pytest.approx(4 * (1 - 1 / 7) + 0.25 * inverse, rel=1e-8)


def test_arguments_are_checked():
    with pytest.raises(ValueError, match="penalty=-1"):
        ridge.ridge_constants(gram_eigenvalues=[1.0], samples=3, penalty=-1.0)
    with pytest.raises(ValueError, match="gram_eigenvalues"):
        ridge.ridge_constants(gram_eigenvalues=[0.0, 1.0], samples=3, penalty=0.0)
    with pytest.raises(ValueError, match="samples=4"):
        ridge.ridge_constants_asymptotic(dim=4, samples=4, penalty=0.0)
    with pytest.raises(ValueError, match="samples=2"):
        ridge.ridge_constants_one_column(samples=2, penalty=0.0)
    with pytest.raises(ValueError, match="generator_samples=3"):
        downstream.downstream_ridgeless_asymptotic(
            dim=3, samples=9, generator_samples=3, generators=1
        )
    with pytest.raises(ValueError, match="samples=9"):
        ridge.min_norm_error(dim=10, samples=9, true_norm=1.0, generation=1)
