"""Verifiers: symmetric cases, integrals written out, and chains of samples."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

from theory.distributions import selection, verified_labels

shares = st.floats(0.01, 1)
dims = st.integers(1, 12)
VERIFIER = {"keep_correct": 0.5, "keep_wrong": 0.125}


@given(keep_correct=shares, keep_wrong=shares)
def test_at_breakdown_half_of_what_is_kept_is_wrong(keep_correct, keep_wrong):
    verifier = {"keep_correct": keep_correct, "keep_wrong": keep_wrong}
    p = verified_labels.breakdown_share(**verifier)
    assert p == pytest.approx(1 / (1 + keep_wrong / keep_correct))
    kept = verified_labels.kept_share(wrong_share=p, **verifier)
    assert keep_wrong * p == pytest.approx(kept / 2)


@pytest.mark.parametrize("samples", [1, 2, 5])
@pytest.mark.parametrize("dim", [1, 2, 4])
def test_accuracy_crosses_one_half_at_breakdown_at_every_size(samples, dim):
    rng = np.random.default_rng(samples + 10 * dim)
    replicates = 40_000
    x = rng.standard_normal((replicates, samples, dim))
    error_draw, keep_draw = rng.random((2, replicates, samples))
    means = []
    for p in (0.7, 0.8, 0.9):
        wrong = error_draw < p
        kept = keep_draw < np.where(wrong, 0.125, 0.5)
        labels = np.where(wrong, -1, 1) * np.sign(x[..., 0]) * kept
        w = np.einsum("rt,rtd->rd", labels, x)
        angle = np.arctan2(np.linalg.norm(w[:, 1:], axis=1), w[:, 0])
        accuracy = np.where(kept.any(axis=1), 1 - angle / math.pi, 0.5)
        means.append(accuracy.mean())
    error = 5 * 0.5 / math.sqrt(replicates)  # an accuracy has standard deviation <= 1/2
    assert verified_labels.breakdown_share(**VERIFIER) == 0.8
    assert abs(means[1] - 0.5) < error
    assert means[0] > means[1] > means[2]


def test_signal_accuracy_in_one_two_and_three_dimensions():
    h = 1.7
    assert verified_labels.signal_accuracy(signal=h, dim=1) == pytest.approx(stats.norm.cdf(h))
    circle = integrate.quad(lambda t: stats.norm.cdf(h * abs(math.cos(t))), 0, math.pi)[0]
    assert verified_labels.signal_accuracy(signal=h, dim=2) == pytest.approx(circle / math.pi)
    ball = stats.norm.cdf(h) - (stats.norm.pdf(0) - stats.norm.pdf(h)) / h
    assert verified_labels.signal_accuracy(signal=h, dim=3) == pytest.approx(ball)


@settings(max_examples=40)
@given(signal=st.floats(-5, 5), dim=dims)
def test_signal_accuracy_is_the_mean_angle(signal, dim):
    got = verified_labels.signal_accuracy(signal=signal, dim=dim)
    mirrored = verified_labels.signal_accuracy(signal=-signal, dim=dim)
    assert got + mirrored == pytest.approx(1)
    if dim > 1:
        # 1/2 + E arctan(a / b) / pi, a ~ N(h, 1), b ~ chi with dim - 1 degrees
        levels = (np.arange(600) + 0.5) / 600
        a, b = stats.norm.ppf(levels)[:, None], stats.chi(dim - 1).ppf(levels)
        mean = np.arctan((signal + a) / b).mean()
        assert got == pytest.approx(0.5 + mean / math.pi, abs=1e-3)


@pytest.mark.parametrize("signal", [-3.0, 0.5, 2.0, 40.0])
def test_signal_accuracy_for_many_dimensions(signal):
    got = verified_labels.signal_accuracy(signal=signal * 100, dim=10_000)
    assert got == pytest.approx(0.5 + math.atan(signal) / math.pi, abs=1e-4)


@given(p=st.floats(0, 1), samples=st.integers(1, 10**6), dim=dims)
def test_verified_accuracy_is_one_function_of_the_signal(p, samples, dim):
    got = verified_labels.verified_accuracy(wrong_share=p, samples=samples, dim=dim, **VERIFIER)
    kept = samples * ((1 - p) * 0.5 + p * 0.125)
    surplus = samples * ((1 - p) * 0.5 - p * 0.125)  # correct minus wrong, of those kept
    signal = surplus * math.sqrt(2 / math.pi) / math.sqrt(kept)
    assert got == pytest.approx(verified_labels.signal_accuracy(signal=signal, dim=dim), abs=1e-9)
    assert (got > 0.5) == (p < 0.8) or got == pytest.approx(0.5, abs=1e-6)


def test_the_crossing_sharpens_as_the_root_of_the_samples():
    def accuracy(samples, scaled):
        p = 0.8 + scaled / math.sqrt(samples)
        return verified_labels.verified_accuracy(wrong_share=p, samples=samples, dim=5, **VERIFIER)

    for scaled in (-2.0, -0.5, 1.0):
        small, large = accuracy(10**6, scaled), accuracy(10**8, scaled)
        assert small == pytest.approx(large, abs=1e-3)
        # its limit: h = (p* - p) sqrt(T / (pi phi psi)) (phi + psi)^(3/2)
        limit = -scaled * 0.625**1.5 / math.sqrt(math.pi * 0.0625)
        assert large == pytest.approx(
            verified_labels.signal_accuracy(signal=limit, dim=5), abs=1e-4
        )
    for p, limit in ((0.79, 1), (0.8, 0.5), (0.81, 0)):
        far = verified_labels.verified_accuracy(wrong_share=p, samples=10**11, dim=5, **VERIFIER)
        assert far == pytest.approx(limit, abs=1e-3)


def test_nothing_kept_is_a_coin():
    verifier = {"keep_correct": 1.0, "keep_wrong": 0.0}
    assert verified_labels.breakdown_share(**verifier) == 1
    assert verified_labels.verified_accuracy(wrong_share=1.0, samples=9, dim=2, **verifier) == 0.5


rules = st.fixed_dictionaries(
    {"centre": st.floats(-2, 2), "width": st.floats(0.1, 4), "noise_std": st.floats(0.3, 2)}
)


@settings(max_examples=30)
@given(mean=st.floats(-4, 4), rule=rules)
def test_the_kept_mean_and_its_slope_are_integrals(mean, rule):
    law = stats.norm(mean, rule["noise_std"])
    y = np.linspace(-1, 1, 20_001) * rule["width"] + rule["centre"]
    log_weight = law.logpdf(y)
    weight = np.exp(log_weight - log_weight.max())
    total = integrate.simpson(weight, x=y)
    expected = integrate.simpson(weight * y, x=y) / total
    spread = integrate.simpson(weight * (y - expected) ** 2, x=y) / total
    got = selection.verified_mean(mean=mean, **rule)
    assert got == pytest.approx(expected, abs=1e-6)
    slope = selection.verified_slope(mean=mean, **rule)
    assert slope == pytest.approx(spread / rule["noise_std"] ** 2, rel=1e-6)
    rate = selection.contraction_rate(width=rule["width"], noise_std=rule["noise_std"])
    assert slope <= rate * (1 + 1e-6)
    assert abs(got - rule["centre"]) <= rate * abs(mean - rule["centre"]) * (1 + 1e-6) + 1e-9


@given(mean=st.floats(-3, 3), width=st.floats(0.3, 3))
def test_the_slope_is_the_derivative(mean, width):
    at = {"centre": 0.5, "width": width}
    above, below = (selection.verified_mean(mean=mean + step, **at) for step in (1e-4, -1e-4))
    slope = selection.verified_slope(mean=mean, **at)
    assert (above - below) / 2e-4 == pytest.approx(slope, rel=1e-3)


@given(width=st.floats(0.2, 5), noise_std=st.floats(0.3, 2))
def test_the_rate_in_closed_form(width, noise_std):
    b = width / noise_std
    expected = 1 - 2 * b * stats.norm.pdf(b) / (2 * stats.norm.cdf(b) - 1)
    got = selection.contraction_rate(width=width, noise_std=noise_std)
    assert got == pytest.approx(expected, rel=1e-6)


@given(truth=st.floats(-3, 3), rule=rules)
def test_the_plateau_is_the_verifiers_centre(truth, rule):
    rate = selection.contraction_rate(width=rule["width"], noise_std=rule["noise_std"])
    means = selection.verified_means(truth=truth, generations=6, **rule)
    away = np.abs(means - rule["centre"])
    assert means[0] == truth
    assert (away[1:] <= rate * away[:-1] * (1 + 1e-6) + 1e-9).all()
    for generation in (1, 4):
        at = selection.verified_mean_at(truth=truth, generation=generation, **rule)
        assert at == means[generation - 1]
    fixed = selection.verified_mean(mean=rule["centre"], **rule)
    assert fixed == pytest.approx(rule["centre"], abs=1e-12)


def test_the_plateau_by_hand():
    means = selection.verified_means(truth=0.0, centre=1.0, width=1.0, generations=40)
    cut = (stats.norm.pdf(0) - stats.norm.pdf(2)) / (stats.norm.cdf(2) - stats.norm.cdf(0))
    assert means[1] == pytest.approx(cut)
    assert means[-1] == pytest.approx(1.0, abs=1e-12)


@pytest.fixture(scope="module", params=[0.0, 1.5], ids=lambda away: f"away{away}")
def chain(request) -> tuple[float, np.ndarray]:
    """Fits 1, ..., 4 of a mean on 200 rows, those after the first verified around 0."""
    away, rng, replicates = request.param, np.random.default_rng(7), 20_000
    fits = [away + rng.standard_normal(replicates) / math.sqrt(200)]
    for _ in range(3):
        y = rng.standard_normal((replicates, 200)) + fits[-1][:, None]
        kept = np.abs(y) <= 1
        fits.append(np.where(kept, y, 0).sum(axis=1) / kept.sum(axis=1))
    return away, np.stack(fits, axis=1)


def test_means_of_verified_fits(chain):
    away, fits = chain
    expected = selection.verified_means(truth=away, centre=0.0, width=1.0, generations=4)
    assert np.abs(fits.mean(axis=0) - expected).max() < 0.01 * max(away, 0.1)


def test_the_error_bound_is_met_and_reached_at_the_centre(chain):
    away, fits = chain
    errors = (fits**2).mean(axis=0)
    at = {"truth": away, "centre": 0.0, "width": 1.0, "samples": 200}
    bounds = np.array([selection.verified_error_bound(**at, generation=n) for n in (1, 2, 3, 4)])
    if away == 0:
        assert errors == pytest.approx(bounds, rel=0.05)
    else:
        assert (errors[1:] < bounds[1:]).all()


def test_the_error_to_the_truth(chain):
    away, fits = chain
    at = {"truth": away, "centre": 0.0, "width": 1.0, "samples": 200}
    expected = [selection.verified_error(**at, generation=n) for n in (1, 2, 3, 4)]
    errors = (fits - away) ** 2
    band = 5 * errors.std(axis=0) / math.sqrt(len(errors))
    assert (np.abs(errors.mean(axis=0) - expected) < band + 2e-4 * np.array(expected)).all()
    if away:  # the terms in 1/T are seen
        means = selection.verified_means(truth=away, centre=0.0, width=1.0, generations=4)
        assert (np.abs(errors.mean(axis=0) - (means - away) ** 2) > band)[1]


def test_the_error_bound_by_hand():
    rate = 1 - 2 * stats.norm.pdf(1) / (2 * stats.norm.cdf(1) - 1)
    kept = 2 * stats.norm.cdf(1) - 1
    at = {"truth": 3.0, "centre": 3.0, "width": 2.0, "noise_std": 2.0, "samples": 50}
    assert selection.verified_error_bound(**at, generation=1) == pytest.approx(4 / 50)
    got = selection.verified_error_bound(**at, generation=3)
    terms = rate**4 + rate**3 / kept + rate / kept
    assert got == pytest.approx(4 / 50 * terms, rel=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: verified_labels.breakdown_share(keep_correct=1.2, keep_wrong=0.1),
            r"keep_correct=1.2: accepted is \[0, 1\]",
        ),
        (
            lambda: verified_labels.breakdown_share(keep_correct=0.0, keep_wrong=0.0),
            "accepted are two shares that are not both 0",
        ),
        (
            lambda: verified_labels.verified_accuracy(
                wrong_share=-0.1, samples=1, dim=1, **VERIFIER
            ),
            "wrong_share=-0.1",
        ),
        (
            lambda: verified_labels.verified_accuracy(
                wrong_share=0.1, samples=0, dim=1, **VERIFIER
            ),
            "samples=0",
        ),
        (lambda: verified_labels.signal_accuracy(signal=1.0, dim=0), "dim=0"),
        (lambda: selection.contraction_rate(width=0.0), "width=0.0: accepted are finite numbers"),
        (
            lambda: selection.verified_mean(mean=0.0, centre=0.0, width=1.0, noise_std=-1.0),
            "noise_std=-1.0",
        ),
        (
            lambda: selection.verified_means(truth=0.0, centre=0.0, width=1.0, generations=0),
            "generations=0",
        ),
    ],
)
def test_arguments_are_checked(call, message):
    with pytest.raises(ValueError, match=message):
        call()
