"""Forgetting: exact Markov chains, laws of products of chi-squares, and printed numbers."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, special, stats

from tests.theory.count_chains import count_law, same_mean, wright_fisher
from tests.theory.references_distributions import ZIPF
from theory.distributions import categorical, forgetting, gaussian, survival


def test_the_branching_factor_lies_between_its_bounds():
    factor = 1.0
    for k in range(1, 2000):
        assert survival.branching_factor(generation=k) == pytest.approx(factor, rel=1e-12)
        assert 1 / k <= factor <= 3 / k
        factor = 1 - math.exp(-factor)
    assert 2000 * factor == pytest.approx(2, rel=0.01)


def test_a_poisson_word_is_alive_as_its_chain_says():
    """Counts up to 400, far beyond what a mean of 2.5 reaches in 10 generations."""
    counts = np.arange(401)
    step = stats.poisson.pmf(counts[None, :], counts[:, None])
    law = stats.poisson.pmf(counts, 50 * 0.05)
    for generation in range(1, 11):
        found = survival.poisson_survival(rate=0.05, samples=50, generation=generation)
        assert found == pytest.approx(1 - law[0], rel=1e-9)
        law = law @ step


@pytest.mark.parametrize("samples", [5, 40])
@pytest.mark.parametrize("probability", [0.001, 0.02, 0.3])
def test_a_binomial_word_is_alive_between_its_bounds(samples, probability):
    step, law = wright_fisher(samples), count_law(probability, samples, 1)
    for generation in range(1, 60):
        at = {"probability": probability, "samples": samples, "generation": generation}
        alive = 1 - law[0]
        assert survival.bernoulli_survival_least(**at) <= alive + 1e-12
        assert alive <= survival.bernoulli_survival_most(**at) + 1e-12
        law = law @ step


def test_distinct_words_are_those_of_chains_of_corpora():
    rng = np.random.default_rng(0)
    counts = rng.multinomial(5000, ZIPF, size=400)
    for generation in range(1, 6):
        seen = np.count_nonzero(counts, axis=1)
        at = {"probabilities": ZIPF, "samples": 5000}
        expected = survival.distinct_types(**at, generation=generation)
        assert seen.mean() == pytest.approx(expected, rel=0.005)
        if generation == 1:
            assert same_mean(seen, categorical.distinct_types(**at))
            assert not same_mean(seen, 1.005 * categorical.distinct_types(**at))
        counts = rng.multinomial(5000, counts / 5000)


def test_distinct_words_are_too_few_by_a_share_of_generations_to_tokens():
    """Against the exact chain of each word's count: 1 % at k = N / 20, 16 % at k = N."""
    samples, probabilities = 200, np.full(200, 1 / 200)
    law, step = count_law(1 / 200, samples, 1), wright_fisher(samples)
    missing = []
    for generation in range(1, samples + 1):
        exact = samples * (1 - law[0])
        at = {"probabilities": probabilities, "samples": samples, "generation": generation}
        missing.append(1 - survival.distinct_types(**at) / exact)
        law = law @ step
    assert min(missing) >= 0
    assert max(missing[: samples // 20]) == pytest.approx(0.01, abs=5e-4)
    assert missing[-1] == pytest.approx(0.16, abs=5e-3)


@given(samples=st.integers(2, 10**4), log=st.floats(-6, 1.5), unbiased=st.booleans())
def test_the_first_variance_is_chi_squared(samples, log, unbiased):
    value = math.exp(log) if samples < 50 else 1 + log * samples**-0.5 / 2
    found = forgetting.variance_cdf(
        variance=value, samples=samples, generation=1, unbiased=unbiased
    )
    expected = stats.chi2.cdf(value * (samples - unbiased), samples - 1)
    assert found == pytest.approx(expected, abs=1e-10)


@pytest.mark.parametrize("value", [1e-9, 1e-3, 0.1, 1.0, 7.0, 90.0])
def test_the_second_variance_of_three_points_is_a_product_of_exponentials(value):
    expected = 2 * math.sqrt(value) * special.k1(2 * math.sqrt(value))
    found = forgetting.variance_cdf(variance=value, samples=3, generation=2)
    assert 1 - found == pytest.approx(expected, abs=1e-12)


def test_sizes_of_their_own_are_integrated_over_the_first():
    def given_first(first):
        return stats.chi2.pdf(first, 5) * stats.chi2.cdf(9 * 0.4 / (first / 5), 9)

    expected, _ = integrate.quad(given_first, 0, math.inf, epsabs=1e-10)
    found = forgetting.variance_cdf(variance=0.4, samples=[6, 10], generation=2)
    assert found == pytest.approx(expected, abs=1e-8)  # quadrature


@given(
    samples=st.integers(2, 200),
    generation=st.integers(1, 300),
    unbiased=st.booleans(),
)
def test_the_median_is_below_the_mean_and_halves_the_law(samples, generation, unbiased):
    at = {"samples": samples, "generation": generation, "unbiased": unbiased}
    median = forgetting.median_variance(**at)
    assert forgetting.variance_cdf(variance=median, **at) == pytest.approx(0.5, abs=1e-9)
    assert median < gaussian.replace_variance(**at)


def test_chains_of_chi_squares_have_this_law():
    rng = np.random.default_rng(1)
    variances = np.prod(rng.chisquare(19, size=(40, 100_000)) / 19, axis=0)
    median = forgetting.median_variance(samples=20, generation=40)
    assert median == pytest.approx(0.120, abs=5e-4)
    for value, factor in ((median, 1.0), (0.02, 1.0), (1.0, 1.0), (median, 1.05)):
        chance = forgetting.variance_cdf(variance=factor * value, samples=20, generation=40)
        agrees = same_mean(variances <= value, chance)
        assert agrees == (factor == 1)
    slope = forgetting.mean_log_variance(samples=20, generation=40)
    assert same_mean(np.log(variances), slope)
    assert not same_mean(np.log(variances), 1.02 * slope)


def test_far_generations_have_the_median_of_the_rate():
    """Nearly normal logarithms; the median of one is a little above its mean."""
    median = forgetting.median_variance(samples=20, generation=400)
    assert median == pytest.approx(5.0e-10, rel=0.02)
    rate = math.exp(forgetting.mean_log_variance(samples=20, generation=400))
    assert 1 < median / rate < 1.03


def test_the_deviation_outlives_its_bound_never():
    for samples in (2, 10, 100):
        for generation in (1, 10, 60, 200, 1000):
            at = {"samples": samples, "generation": generation}
            for threshold in (0.01, 0.1, 0.5, 2.0):
                chance = 1 - forgetting.variance_cdf(variance=threshold**2, **at)
                bound = forgetting.deviation_survival_bound(threshold=threshold, **at)
                assert chance <= bound + 1e-10
    chance = 1 - forgetting.variance_cdf(variance=0.01, samples=10, generation=60)
    assert chance == pytest.approx(0.278, abs=1e-3)


@given(samples=st.integers(2, 10**4), generation=st.integers(1, 1000), human=st.floats(0.1, 9))
def test_the_bound_of_a_mixture_is_above_what_its_mean_variance_allows(samples, generation, human):
    at = {"samples": samples, "generation": generation}
    root = math.sqrt(gaussian.replace_variance(**at, unbiased=False))
    bound = forgetting.mixture_survival_bound(threshold=0.5, human_std=human, **at)
    assert human * root / 0.5 <= bound
    again = forgetting.mixture_survival_bound(threshold=0.25 / human, samples=samples, generation=1)
    first = forgetting.mixture_survival_bound(threshold=1.0, samples=samples, generation=1)
    assert again == pytest.approx(4 * human * first)


def test_the_factor_of_the_deviation_is_below_its_exponential():
    for samples in range(2, 5000):
        factor = gaussian.standard_deviation_factor(samples=samples)
        assert factor <= math.exp(-1 / (4 * samples - 1))


def test_lyapunov_exponents_are_those_of_products_of_triangular_factors():
    samples, dim, generations, runs = 10, 3, 20, 16_000
    rng = np.random.default_rng(2)
    frame, logs = np.eye(dim), np.zeros((runs, dim))
    freedom = samples - 1 - np.arange(dim)
    for _ in range(generations):
        factor = np.triu(rng.standard_normal((runs, dim, dim)), 1)
        factor[:, range(dim), range(dim)] = np.sqrt(rng.chisquare(freedom, size=(runs, dim)))
        frame, upper = np.linalg.qr(factor @ frame)
        logs += 2 * np.log(np.abs(np.diagonal(upper, axis1=1, axis2=2)))
    logs = logs / generations - math.log(samples - 1)
    expected = forgetting.lyapunov_exponents(samples=samples, dim=dim)
    for j in range(dim):
        assert same_mean(logs[:, j], expected[j])
    assert not same_mean(logs.sum(axis=1), 1.02 * expected.sum())


@pytest.mark.parametrize(
    ("function", "arguments", "named"),
    [
        (survival.branching_factor, {"generation": 0}, "generation=0"),
        (survival.poisson_survival, {"rate": -1.0, "samples": 1, "generation": 1}, "rate=-1.0"),
        (
            survival.bernoulli_survival_most,
            {"probability": 1.5, "samples": 1, "generation": 1},
            "probability=1.5",
        ),
        (
            survival.distinct_types,
            {"probabilities": [0.5], "samples": 1, "generation": 1},
            "probabilities sums to 0.5",
        ),
        (forgetting.lyapunov_exponents, {"samples": 3, "dim": 3}, "samples=3"),
        (
            forgetting.variance_cdf,
            {"variance": -1.0, "samples": 3, "generation": 1},
            "variance=-1.0",
        ),
        (forgetting.median_variance, {"samples": 1, "generation": 1}, "samples=1"),
        (
            forgetting.deviation_survival_bound,
            {"threshold": 0.0, "samples": 3, "generation": 1},
            "threshold=0.0",
        ),
        (
            forgetting.mixture_survival_bound,
            {"threshold": 0.1, "samples": 3, "generation": 1, "human_std": 0.0},
            "human_std=0.0",
        ),
    ],
)
def test_wrong_arguments_are_named(function, arguments, named):
    with pytest.raises(ValueError, match=named):
        function(**arguments)


def test_no_variance_is_below_none():
    assert forgetting.variance_cdf(variance=0.0, samples=3, generation=2) == 0
    assert forgetting.variance_cdf(variance=1e-300, samples=50, generation=2) == 0
    assert forgetting.variance_cdf(variance=1e300, samples=50, generation=2) == 1
