"""Mixing with real labels against filters, grids, matrix iterations and printed values."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theory.linear import mixing, penalised_mixing

GOLDEN = (math.sqrt(5) - 1) / 2
weights = st.floats(0.02, 1.0)
ratios = st.floats(0.01, 100.0)


@given(generation=st.integers(1, 30), w=weights, ratio=ratios)
def test_weighted_variance_is_the_sum_of_what_is_left_of_each_batch(generation, w, ratio):
    kept = (1 - w) ** 2
    batches = [kept**age * (w**2 + kept * ratio) for age in range(generation - 1)]
    expected = sum(batches) + kept ** (generation - 1)
    got = mixing.weighted_variance(generation=generation, real_weight=w, size_ratio=ratio)
    assert got == pytest.approx(expected, rel=1e-12)


@given(w=st.floats(0.2, 1.0), ratio=ratios)
def test_weighted_limit_is_where_the_variance_settles(w, ratio):
    limit = mixing.weighted_limit(real_weight=w, size_ratio=ratio)
    far = mixing.weighted_variance(generation=120, real_weight=w, size_ratio=ratio)
    assert far == pytest.approx(limit, rel=1e-10)  # 0.8^(2 * 119) is 1e-23


@given(ratio=ratios)
def test_golden_identity(ratio):
    best = mixing.optimal_weight(size_ratio=ratio)
    assert mixing.weighted_limit(real_weight=best, size_ratio=ratio) == pytest.approx(best)
    assert best**2 + ratio * best == pytest.approx(ratio)


@pytest.mark.parametrize(
    ("ratio", "expected"),
    [(0.1, 0.27016), (0.5, 0.5), (1.0, GOLDEN), (2.0, math.sqrt(3) - 1), (10.0, 0.91608)],
)
def test_optimal_weight_is_the_best_on_a_grid(ratio, expected):
    assert mixing.optimal_weight(size_ratio=ratio) == pytest.approx(expected, rel=2e-5)
    grid = np.linspace(0.001, 1, 1000)
    values = [mixing.weighted_limit(real_weight=w, size_ratio=ratio) for w in grid]
    assert grid[np.argmin(values)] == pytest.approx(expected, abs=0.001)  # the grid's step


def test_optimal_weight_keeps_its_digits_for_large_ratios():
    assert 1 - mixing.optimal_weight(size_ratio=1e10) == pytest.approx(1e-10, rel=1e-5)


@given(ratio=ratios)
def test_naive_pooling_is_worse(ratio):
    limit = mixing.naive_limit(size_ratio=ratio)
    naive = mixing.naive_weight(size_ratio=ratio)
    assert limit == pytest.approx(mixing.weighted_limit(real_weight=naive, size_ratio=ratio))
    assert limit > mixing.optimal_weight(size_ratio=ratio)


def test_printed_weighting_values():
    at = {"real_weight": 0.4, "size_ratio": 2.0}
    assert mixing.naive_limit(size_ratio=0.1) == pytest.approx(11 / 21)
    assert mixing.weighted_limit(**at) == pytest.approx(1.375)
    assert mixing.weighted_limit(real_weight=0.0, size_ratio=1.0) == math.inf
    at_zero = mixing.weighted_variance(generation=5, real_weight=0.0, size_ratio=3.0)
    assert at_zero == 13  # nothing real: the variance grows by the ratio


def label_mix_by_rows(generations: int, w: float) -> list[float]:
    """Coefficients on every noise vector, one shared row: u = w e + (1 - w)(u_before + e')."""
    noises = {"real 1": 1.0}
    variances = [1.0]
    for n in range(2, generations + 1):
        noises = {name: (1 - w) * value for name, value in noises.items()}
        noises |= {f"real {n}": w, f"drawn {n}": 1 - w}
        variances.append(sum(value**2 for value in noises.values()))
    return variances


@pytest.mark.parametrize("w", [0.0, 0.1, 1 / 3, GOLDEN, 0.9, 1.0])
def test_label_mixing_is_the_noise_by_noise_sum(w):
    for n, variance in enumerate(label_mix_by_rows(9, w), start=1):
        got = mixing.label_mix_inflation(generation=n, real_weight=w)
        assert got == pytest.approx(variance, rel=1e-12)


def test_label_mix_limit_is_least_at_the_golden_ratio():
    assert mixing.label_mix_limit(real_weight=GOLDEN) == pytest.approx(GOLDEN)
    for w in (0.3, 0.6, 0.64, 0.9):
        assert mixing.label_mix_limit(real_weight=w) > GOLDEN


@given(percent=st.integers(0, 99))
def test_round_two_beats_the_clean_fit_above_one_third(percent):
    w = percent / 100
    improves = mixing.label_mix_inflation(generation=2, real_weight=w) < 1
    assert improves == (w > mixing.round_two_threshold())


def test_round_two_at_the_threshold_and_at_one():
    third = mixing.round_two_threshold()
    assert mixing.label_mix_inflation(generation=2, real_weight=third) == pytest.approx(1)
    assert mixing.label_mix_inflation(generation=2, real_weight=1.0) == 1


def test_dynamic_weights_are_fibonacci_ratios():
    for t, expected in enumerate([(1, 1), (2, 3), (5, 8), (13, 21), (34, 55)]):
        got = mixing.dynamic_weight(round=t)
        assert got == pytest.approx(float(Fraction(*expected)), rel=1e-15)
    assert mixing.dynamic_weight(round=40) == pytest.approx(GOLDEN, rel=1e-14)


def test_dynamic_weight_is_the_variance_it_leaves():
    variance = 1.0
    for t in range(1, 8):
        w = mixing.dynamic_weight(round=t)
        tried = {v: v**2 + (1 - v) ** 2 * (1 + variance) for v in (w - 0.01, w, w + 0.01)}
        assert min(tried, key=lambda v: tried[v]) == w
        variance = tried[w]
        assert variance == pytest.approx(w, rel=1e-14)


@given(generation=st.integers(1, 12), w=weights)
def test_fixed_real_labels_keep_their_noise(generation, w):
    real, drawn = 1.0, 0.0  # coefficient of the real noise, variance of the rest
    for _ in range(1, generation):
        real, drawn = w + (1 - w) * real, (1 - w) ** 2 * (drawn + 1)
    got = mixing.fixed_real_inflation(generation=generation, real_weight=w)
    assert got == pytest.approx(real**2 + drawn, rel=1e-12)
    assert got <= mixing.fixed_real_limit(real_weight=w) * (1 + 1e-12)


def test_fixed_real_limit_values():
    assert mixing.fixed_real_limit(real_weight=0.5) == pytest.approx(4 / 3)
    assert mixing.fixed_real_inflation(generation=60, real_weight=0.5) == pytest.approx(4 / 3)
    assert mixing.fixed_real_limit(real_weight=0.0) == math.inf


@pytest.mark.parametrize(("w", "expected"), [(0.3, 1.657), (0.618, 1.129), (0.9, 1.342)])
def test_min_norm_mix_printed_values(w, expected):
    got = penalised_mixing.min_norm_mix_limit(dim=120, samples=60, true_norm=1.0, real_weight=w)
    assert got == pytest.approx(expected, abs=5.1e-4)  # printed digits


@pytest.mark.parametrize("w", [0.2, 0.7])
def test_min_norm_mix_is_the_iteration_on_one_design(w):
    generator = np.random.default_rng(1)
    dim, samples, noise_std = 7, 3, 0.6
    rows = generator.standard_normal((samples, dim))
    true = generator.standard_normal(dim)
    fit, plane = np.linalg.pinv(rows), np.linalg.pinv(rows) @ rows
    mean, covariance = plane @ true, noise_std**2 * fit @ fit.T
    for _ in range(300):
        mean = w * plane @ true + (1 - w) * plane @ mean
        covariance = (1 - w) ** 2 * plane @ covariance @ plane + noise_std**2 * (
            w**2 + (1 - w) ** 2
        ) * (fit @ fit.T)
    error = np.sum((mean - true) ** 2) + np.trace(covariance)
    # its two design averages: tr (XX')^-1 -> T/(d - T - 1) and |(I - plane) true|^2 -> 1 - T/d
    spread = mixing.label_mix_limit(real_weight=w) * noise_std**2 * np.trace(fit @ fit.T)
    assert error == pytest.approx(np.sum((true - plane @ true) ** 2) + spread, rel=1e-10)


@given(samples=st.integers(1, 30), gap=st.integers(2, 60), w=weights)
def test_min_norm_mix_tends_to_its_asymptotic_form(samples, gap, w):
    at = {"true_norm": 0.7, "noise_std": 1.3, "real_weight": w}
    finite = penalised_mixing.min_norm_mix_limit(dim=samples + gap, samples=samples, **at)
    assert finite > penalised_mixing.min_norm_mix_asymptotic(
        dim=samples + gap, samples=samples, **at
    )
    large = {"dim": 10**6 * (samples + gap), "samples": 10**6 * samples}
    expected = penalised_mixing.min_norm_mix_asymptotic(dim=samples + gap, samples=samples, **at)
    assert penalised_mixing.min_norm_mix_limit(**large, **at) == pytest.approx(expected, rel=1e-5)


def test_min_norm_mix_asymptotic_by_hand():
    got = penalised_mixing.min_norm_mix_asymptotic(dim=6, samples=4, true_norm=3.0, real_weight=0.5)
    assert got == pytest.approx(2 * (2 / 3) + 3)


@pytest.mark.parametrize("w", [0.1, 0.5, 0.8, 1.0])
def test_ridge_mix_is_the_iteration_on_one_design(w):
    generator = np.random.default_rng(2)
    dim, samples, penalty, noise_std = 4, 9, 0.4, 0.8
    rows = generator.standard_normal((samples, dim))
    gram = rows.T @ rows
    fit = np.linalg.solve(gram + penalty * samples * np.eye(dim), rows.T)
    kept, spread, covariance = np.zeros((dim, dim)), fit @ fit.T, np.zeros((dim, dim))
    for _ in range(400):
        kept = fit @ rows @ (w * np.eye(dim) + (1 - w) * kept)
        covariance = (1 - w) ** 2 * fit @ rows @ covariance @ rows.T @ fit.T
        covariance += noise_std**2 * (w**2 + (1 - w) ** 2) * spread
    bias = np.sum((np.eye(dim) - kept) ** 2) / dim * 1.5**2
    got = penalised_mixing.ridge_mix_limit(
        gram_eigenvalues=np.linalg.eigvalsh(gram),
        samples=samples,
        penalty=penalty,
        noise_std=noise_std,
        true_norm=1.5,
        real_weight=w,
    )
    assert got == pytest.approx(bias + np.trace(covariance), rel=1e-9)


def best_ridge_weight(penalty: float, noise_std: float) -> float:
    spectrum = [0.5, 3.0, 8.0, 20.0]
    grid = np.linspace(0.01, 1, 397)
    errors = [
        penalised_mixing.ridge_mix_limit(
            gram_eigenvalues=spectrum,
            samples=8,
            penalty=penalty,
            noise_std=noise_std,
            true_norm=1.0,
            real_weight=w,
        )
        for w in grid
    ]
    return float(grid[np.argmin(errors)])


@pytest.mark.parametrize("noise_std", [0.05, 0.5, 5.0])
@pytest.mark.parametrize("penalty", [1e-3, 0.1, 1.0, 30.0])
def test_best_ridge_weight_is_at_least_one_half(penalty, noise_std):
    assert best_ridge_weight(penalty, noise_std) >= penalised_mixing.ridge_least_optimal_weight()


def test_best_ridge_weight_at_the_ends():
    step = 0.0025
    assert best_ridge_weight(1e-7, 1.0) == pytest.approx(GOLDEN, abs=step)
    assert best_ridge_weight(1e5, 1.0) == 1
    low = best_ridge_weight(1.0, 50.0)  # the lower end is nearly attained: noise alone, strong g
    assert penalised_mixing.ridge_least_optimal_weight() <= low < GOLDEN - 5 * step


def test_arguments_are_checked():
    with pytest.raises(ValueError, match="real_weight=1.1"):
        mixing.weighted_limit(real_weight=1.1, size_ratio=1.0)
    with pytest.raises(ValueError, match="size_ratio=0"):
        mixing.optimal_weight(size_ratio=0.0)
    with pytest.raises(ValueError, match="samples=9"):
        penalised_mixing.min_norm_mix_limit(dim=10, samples=9, true_norm=1.0, real_weight=0.5)
    with pytest.raises(ValueError, match="round=-1"):
        mixing.dynamic_weight(round=-1)
