"""Gaussian chains: fractions, conserved sums, limits, other theorems, and chains of points."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.theory.count_chains import same_mean
from theory.distributions import (
    categorical_human,
    gaussian,
    gaussian_accumulate,
    gaussian_edits,
    laws,
)
from theory.editing import repeated

CHAINS = 200_000

sizes = st.integers(2, 60)
generations = st.integers(1, 30)


def formula_of(process: str, moment: str):
    """The variance or mean_error of a process."""
    own = {"replace": gaussian, "accumulate": gaussian_accumulate}
    return getattr(own.get(process, gaussian_edits), f"{process}_{moment}")


def edits():
    """A size and how many of its points are redrawn."""
    return sizes.flatmap(lambda size: st.tuples(st.just(size), st.integers(0, size)))


@given(
    each=st.lists(sizes, min_size=1, max_size=8), unbiased=st.booleans(), tenths=st.integers(0, 15)
)
def test_replace_with_its_own_size_each_time(each, unbiased, tenths):
    variance, error = Fraction(1), Fraction(0)
    for i, size in enumerate(each):
        variance *= Fraction(tenths, 10) if i else 1
        error += variance / size
        variance *= 1 if unbiased else 1 - Fraction(1, size)
    at = {"samples": each, "generation": len(each), "unbiased": unbiased}
    found = gaussian.replace_variance(**at, sampling_variance=tenths / 10)
    assert found == pytest.approx(float(variance), rel=1e-12)
    found = gaussian.replace_mean_error(**at, sampling_variance=tenths / 10)
    assert found == pytest.approx(float(error), rel=1e-12)


@given(size=sizes, generation=generations)
def test_one_size_and_many_equal_sizes_are_the_same(size, generation):
    many = np.full(generation, size)
    for formula in (
        gaussian.squared_wasserstein,
        gaussian.squared_wasserstein_leading,
        gaussian.replace_standard_deviation,
    ):
        one = formula(samples=size, generation=generation)
        assert formula(samples=many, generation=generation) == pytest.approx(one, rel=1e-13)


@given(edit=edits(), generation=generations)
def test_a_maximum_likelihood_fit_keeps_mean_error_and_variance_in_balance(edit, generation):
    """A random point of any generation's sample has the human law's variance over chains."""
    samples, edited = edit
    at = {"samples": samples, "generation": generation, "unbiased": False}
    for process, rest in (
        ("replace", {}),
        ("accumulate", {}),
        ("edit", {"edited": edited}),
        ("fixed_mask", {"edited": min(edited, samples - 1)}),
        ("anchored_edit", {"edited": edited}),
        ("fresh_human", {"human_share": edited / samples}),
    ):
        variance = formula_of(process, "variance")(**at, **rest)
        error = formula_of(process, "mean_error")(**at, **rest)
        assert variance + error == pytest.approx(1, rel=1e-11), process


@given(samples=sizes, generation=generations, unbiased=st.booleans())
def test_editing_everything_is_replacing_and_nothing_is_rest(samples, generation, unbiased):
    at = {"samples": samples, "generation": generation, "unbiased": unbiased}
    for name in ("variance", "mean_error"):
        for process in ("edit", "anchored_edit"):
            formula = formula_of(process, name)
            replaced = formula_of("replace", name)(**at)
            assert formula(**at, edited=samples) == pytest.approx(replaced, rel=1e-11)
        for process in ("edit", "anchored_edit", "fixed_mask"):
            formula = formula_of(process, name)
            first = formula_of("replace", name)(**at | {"generation": 1})
            assert formula(**at, edited=0) == pytest.approx(first, rel=1e-12)


@given(edit=edits(), unbiased=st.booleans())
def test_limits_are_where_the_recursions_end(edit, unbiased):
    samples, edited = edit[0], min(edit[1], edit[0] - 1)
    at = {"samples": samples, "edited": edited, "unbiased": unbiased}
    far = gaussian_edits.fixed_mask_variance(**at, generation=3000)
    assert far == pytest.approx(gaussian_edits.fixed_mask_limit(**at), rel=1e-9, abs=1e-7)
    far = gaussian_edits.anchored_edit_variance(**at, generation=3000)
    assert far == pytest.approx(gaussian_edits.anchored_edit_limit(**at), rel=1e-7)


@given(samples=sizes, share=st.floats(0, 1), generation=generations, unbiased=st.booleans())
def test_fresh_human_points_stand_between_new_data_and_replacing(
    samples, share, generation, unbiased
):
    at = {"samples": samples, "generation": generation, "unbiased": unbiased}
    for name in ("variance", "mean_error"):
        formula = formula_of("fresh_human", name)
        replaced = formula_of("replace", name)
        assert formula(**at, human_share=0.0) == pytest.approx(replaced(**at), rel=1e-11)
        first = replaced(**at | {"generation": 1})
        assert formula(**at, human_share=1.0) == pytest.approx(first, rel=1e-12)
    limit = gaussian_edits.fresh_human_limit(samples=samples, human_share=share)
    pull = samples * share * (2 - share)
    assert math.isfinite(limit) == (pull > 1 - share)
    at = {"samples": samples, "human_share": share}
    assert gaussian_edits.fresh_human_variance(**at, generation=generation) <= limit * (1 + 1e-12)
    if share > 0.1 and pull > 1.05 * (1 - share):
        assert gaussian_edits.fresh_human_variance(**at, generation=5000) == pytest.approx(limit)


@pytest.mark.parametrize("percent", [10, 50, 90])
def test_many_points_turn_the_mean_error_into_the_theorems_of_the_linear_model(percent):
    samples, share = 10**7, percent / 100
    edited = samples * percent // 100
    for generation in (1, 2, 3, 8):
        at = {"samples": samples, "edited": edited, "generation": generation}
        chained = repeated.random_mask_inflation(fractions=[share] * (generation - 1))
        assert gaussian_edits.edit_mean_error(**at) * samples == pytest.approx(chained, rel=1e-5)
        fixed = repeated.fixed_mask_inflation(edit_share=share, generation=generation)
        assert gaussian_edits.fixed_mask_mean_error(**at) * samples == pytest.approx(
            fixed, rel=1e-5
        )
        anchored = repeated.anchored_inflation(edit_share=share, generation=generation)
        found = gaussian_edits.anchored_edit_mean_error(**at) * samples
        assert found == pytest.approx(anchored, rel=1e-5)


def test_accumulation_does_not_prevent_the_collapse_of_a_biased_sampler():
    for unbiased in (True, False):
        for kept in (0.5, 0.9):
            near, far = (
                gaussian_accumulate.accumulate_variance(
                    samples=10, generation=n, unbiased=unbiased, sampling_variance=kept
                )
                for n in (20_000, 40_000)
            )
            assert math.log2(near / far) == pytest.approx(1 - kept, rel=1e-3)


def test_accumulation_ends_at_its_limit_and_below_its_bound():
    far = gaussian_accumulate.accumulate_variance(samples=7, generation=20_000, unbiased=False)
    assert far == pytest.approx(gaussian_accumulate.accumulate_limit(samples=7), rel=1e-5)
    for samples in (2, 7, 1000):
        error = gaussian_accumulate.accumulate_mean_error(samples=samples, generation=20_000)
        assert error * samples < math.pi**2 / 6
    assert error * samples == pytest.approx(math.pi**2 / 6, rel=1e-3)


def test_growing_samples_end_at_zeta():
    each = 5 * np.arange(1, 4001) ** 2.5
    found = gaussian.replace_mean_error(samples=each, generation=4000)
    assert found == pytest.approx(gaussian.growing_mean_error_limit(samples=5, power=2.5), rel=1e-4)
    assert gaussian.growing_mean_error_limit(samples=5, power=1.0) == math.inf


def test_fresh_human_tokens_are_the_exact_law_of_counts():
    """The first two moments of ML fits are one law of vectors, types among them."""
    law = [0.5, 0.3, 0.2]
    at = {"samples": 7, "human_share": 0.3}
    for generation in (1, 2, 9):
        here = at | {"generation": generation}
        variety = laws.heterozygosity(probabilities=law)
        kept = gaussian_edits.fresh_human_variance(**here, unbiased=False)
        error = gaussian_edits.fresh_human_mean_error(**here, unbiased=False)
        found = categorical_human.mixture_heterozygosity(**here, probabilities=law)
        assert found == pytest.approx(variety * kept, rel=1e-12)
        lost = categorical_human.mixture_variance(**here, probabilities=law).sum()
        assert lost == pytest.approx(variety * error, rel=1e-12)


PROCESSES = ["replace", "accumulate", "edit", "fixed_mask", "anchored_edit", "fresh_human"]


def chains(process: str, unbiased: bool, sampling_variance: float = 1.0):
    """Fitted means and variances of three generations of 5 points, of which 3 are redrawn."""
    rng = np.random.default_rng([PROCESSES.index(process), unbiased])
    human = rng.standard_normal((CHAINS, 5))
    points, found = human, []
    for _ in range(3):
        mean, variance = points.mean(axis=1), points.var(axis=1, ddof=int(unbiased))
        found.append((mean, variance))
        scale = np.sqrt(sampling_variance * variance)
        drawn = mean[:, None] + scale[:, None] * rng.standard_normal(human.shape)
        if process == "accumulate":
            points = np.concatenate([points, drawn], axis=1)
            continue
        if process == "fresh_human":
            fresh = rng.random(human.shape) < 0.4
            points = np.where(fresh, rng.standard_normal(human.shape), drawn)
            continue
        mask = np.arange(5) < {"replace": 5}.get(process, 3)
        if process in ("edit", "anchored_edit"):
            mask = rng.permuted(np.broadcast_to(mask, human.shape), axis=1)
        points = np.where(mask, drawn, points if process == "edit" else human)
    return found


@pytest.mark.parametrize("unbiased", [True, False], ids=["unbiased", "ml"])
@pytest.mark.parametrize(
    ("process", "sampling_variance"),
    [(process, 1.0) for process in PROCESSES] + [("replace", 0.7), ("accumulate", 0.7)],
)
def test_chains_of_points_have_these_moments(process, unbiased, sampling_variance):
    rest = {"samples": 5, "unbiased": unbiased}
    if process in ("replace", "accumulate"):
        rest["sampling_variance"] = sampling_variance
    elif process == "fresh_human":
        rest["human_share"] = 0.4
    else:
        rest["edited"] = 3
    found = chains(process, unbiased, sampling_variance)
    for generation, (means, variances) in enumerate(found, start=1):
        variance = formula_of(process, "variance")(generation=generation, **rest)
        error = formula_of(process, "mean_error")(generation=generation, **rest)
        assert same_mean(variances, variance)
        assert same_mean(means**2, error)
        if generation == 2:
            assert not same_mean(variances, 1.02 * variance)
            assert not same_mean(means**2, 1.03 * error)
    if sampling_variance == 1 and process == "replace":
        distances = means**2 + (np.sqrt(variances) - 1) ** 2
        at = {"samples": 5, "generation": 3, "unbiased": unbiased}
        assert same_mean(distances, gaussian.squared_wasserstein(**at))
        assert same_mean(np.sqrt(variances), gaussian.replace_standard_deviation(**at))
        assert not same_mean(np.sqrt(variances), 1.02 * gaussian.replace_standard_deviation(**at))


def test_matrices_have_the_same_mean():
    """Two dimensions, of which the points and their fits are correlated."""
    rng = np.random.default_rng(5)
    factor = np.array([[1.0, 0.0], [0.8, 0.6]])
    human = rng.standard_normal((CHAINS, 6, 2)) @ factor.T
    points = human
    for generation in (1, 2, 3):
        centred = points - points.mean(axis=1, keepdims=True)
        covariance = np.einsum("cik,cil->ckl", centred, centred) / 5
        kept = gaussian_edits.fixed_mask_variance(samples=6, edited=4, generation=generation)
        assert same_mean(covariance[:, 0, 1], 0.8 * kept)
        root = np.linalg.cholesky(covariance)
        noise = np.einsum("ckl,cil->cik", root, rng.standard_normal(human.shape))
        drawn = points.mean(axis=1, keepdims=True) + noise
        points = np.where(np.arange(6)[:, None] < 4, drawn, human)


@pytest.mark.parametrize(
    ("function", "arguments", "named"),
    [
        (gaussian.replace_variance, {"samples": 1, "generation": 1}, "samples=1"),
        (gaussian.replace_variance, {"samples": 5, "generation": 0}, "generation=0"),
        (gaussian.replace_variance, {"samples": [5, 5], "generation": 3}, r"shape \(2,\)"),
        (gaussian.squared_wasserstein, {"samples": math.inf, "generation": 3}, "samples=inf"),
        (
            gaussian.replace_mean_error,
            {"samples": 5, "generation": 1, "sampling_variance": -1.0},
            "sampling_variance=-1.0",
        ),
        (gaussian.growing_mean_error_limit, {"samples": 5, "power": -1.0}, "power=-1.0"),
        (gaussian_accumulate.accumulate_variance, {"samples": 5, "generation": 0}, "generation=0"),
        (gaussian_accumulate.accumulate_limit, {"samples": 0}, "samples=0"),
        (gaussian_edits.edit_variance, {"samples": 5, "edited": 6, "generation": 1}, "edited=6"),
        (
            gaussian_edits.fixed_mask_variance,
            {"samples": 5, "edited": 5, "generation": 1},
            "edited=5",
        ),
        (gaussian_edits.fixed_mask_limit, {"samples": 5, "edited": 5}, "edited=5"),
        (gaussian_edits.anchored_edit_limit, {"samples": 5, "edited": 5}, "edited=5"),
    ],
)
def test_wrong_arguments_are_named(function, arguments, named):
    with pytest.raises(ValueError, match=named):
        function(**arguments)


# By arithmetic of 60 digits: samples, generation, unbiased and of maximum likelihood.
WASSERSTEIN = [
    (10**10, 1, 1.5000000000437501e-10, None),
    (10**10, 5, 7.5000000000937495e-10, 7.4999999990937502e-10),
    (10**15, 1, 1.5000000000000005e-15, None),
    (10**15, 5, 7.5000000000000012e-15, 7.4999999999999917e-15),
]


@pytest.mark.parametrize(("samples", "generation", "unbiased", "biased"), WASSERSTEIN)
def test_the_distance_of_fits_to_many_points_does_not_cancel(samples, generation, unbiased, biased):
    at = {"samples": samples, "generation": generation}
    assert gaussian.squared_wasserstein(**at) == pytest.approx(unbiased, rel=1e-13)
    if biased:
        found = gaussian.squared_wasserstein(**at, unbiased=False)
        assert found == pytest.approx(biased, rel=1e-13)


@pytest.mark.parametrize("samples", [2, 3, 49, 50, 51, 52, 170, 171, 1000])
@pytest.mark.parametrize("unbiased", [True, False])
def test_the_deviation_is_a_ratio_of_gamma_functions_at_every_size(samples, unbiased):
    """In exact arithmetic: Gamma(M/2) / Gamma((M-1)/2) squared, by factorials, over pi."""
    n = samples - 1  # twice the argument below
    half = Fraction(math.factorial(2 * (n // 2)), 4 ** (n // 2) * math.factorial(n // 2))
    whole = math.factorial((n - 1) // 2)
    # of Gamma(n/2 + 1/2) and Gamma(n/2) one is `half` times sqrt(pi), the other a factorial
    if n % 2:
        below = Fraction(math.factorial(n - 1), 4 ** ((n - 1) // 2) * whole)
        ratio, pi = (math.factorial(n // 2) / below) ** 2, 1 / math.pi
    else:
        ratio, pi = (half / whole) ** 2, math.pi
    expected = math.sqrt(2 / (samples - unbiased) * float(ratio) * pi)
    got = gaussian.standard_deviation_factor(samples=samples, unbiased=unbiased)
    assert got == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("samples", [1, 4, 9, 10, 11, 10**6, 10**15])
def test_the_limit_of_the_mean_error_is_a_series(samples):
    x = Fraction(math.pi) ** 2 / samples
    terms = [(-1) ** (k + 1) * x**k / math.factorial(2 * k + 1) for k in range(1, 30)]
    got = gaussian_accumulate.accumulate_mean_error_limit(samples=samples)
    assert got == pytest.approx(float(sum(terms)), rel=1e-13)
