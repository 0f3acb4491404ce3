"""Rows, statistics and exact laws agree with each other and with theory: resampling regimes.

Each simulation is drawn once; each comparison is a t test of means or a Kolmogorov-Smirnov test of
laws that fails with chance FAILURE_RATE if both sides are right.
"""

from functools import cache, partial

import numpy as np
import pytest
from scipy import stats

from collapse_sim.linear.design import GaussianDesign, covariance_factor
from collapse_sim.linear.law import ExactLaw
from collapse_sim.linear.learner import LinearLearner, min_norm, ridge
from collapse_sim.loop import Chain
from collapse_sim.regimes import Accumulate, AccumulateSubsample, Mix, Replace
from tests.collapse_sim.draws import COUNT, FAILURE_RATE, draw, same_law, same_mean
from theory.linear import accumulation, mixing, resampling, subsampling
from theory.linear import ridge as ridge_theory
from theory.linear.wishart import base_error

DIM, SAMPLES, GENERATIONS, NOISE = 4, 20, 4, 0.7
AT = {"dim": DIM, "samples": SAMPLES, "noise_std": NOISE}
ALL = range(1, GENERATIONS + 1)

REGIMES = {"replace": Replace(), "accumulate": Accumulate(), "halfway": Replace(growing=True)}
MEANS = {
    ("replace", True): resampling.replace_error,
    ("replace", False): resampling.replace_error,
    ("accumulate", True): accumulation.accumulate_shared_error,
    ("accumulate", False): accumulation.accumulate_fresh_error,
    ("halfway", True): resampling.halfway_shared_error,
    ("halfway", False): resampling.halfway_fresh_error,
}
EVERY = [
    (representation, *process)
    for representation in ("rows", "statistics", "law")
    for process in MEANS
    if (representation, *process)
    not in (
        ("rows", "halfway", False),  # drawn rows cannot grow in number
        ("law", "accumulate", False),  # has no law of this form
        ("statistics", "replace", False),  # first of halfway, and a second of compilation
        ("statistics", "halfway", True),
    )
]


@cache
def drawn(representation: str, regime: str, shared: bool, spectrum: str = "isotropic"):
    """Measures of one process; representations have keys of their own."""
    seed = ("rows", "statistics", "law").index(representation)
    if representation == "law":
        law = ExactLaw.of(regime, **AT, generations=GENERATIONS, shared=shared)
        return draw(law, seed=seed)
    # An identity where None would do: so that all spectra are one program.
    factor = covariance_factor(spectrum, DIM)
    learner = LinearLearner(
        GaussianDesign(DIM, SAMPLES, shared, factor), NOISE, representation=representation
    )
    return draw(Chain(learner, REGIMES[regime], GENERATIONS), seed=seed)


@pytest.mark.parametrize(("representation", "regime", "shared"), EVERY)
def test_means_are_theorys(representation, regime, shared):
    values = drawn(representation, regime, shared)
    expected = np.array([MEANS[regime, shared](**AT, generation=n) for n in ALL])
    measures = ("test_error", "scale_averaged_error") if shared else ("test_error",)
    assert set(values) == {*measures, "edited_fraction"}
    for name in measures:
        assert same_mean(values[name], expected)
        assert not same_mean(values[name], 1.1 * expected)  # the test has power
    spread = values["edited_fraction"]
    share = [(n - 1) / n if regime == "accumulate" else float(n > 1) for n in ALL]
    np.testing.assert_allclose(spread, np.tile(share, (len(spread), 1)), rtol=1e-6)


def law_of_a_fit(inflation: float):
    """Law of one fit's error times the inflation: u_n is normal with that variance."""
    noise_std = NOISE * inflation**0.5
    return resampling.replace_error_law(dim=DIM, samples=SAMPLES, noise_std=noise_std, generation=1)


@pytest.mark.parametrize(("representation", "regime"), [case[:2] for case in EVERY if case[2]])
def test_the_law_on_a_shared_design_is_theorys_at_every_generation(representation, regime):
    values = drawn(representation, regime, True)["test_error"]
    for n in ALL:
        inflation = MEANS[regime, True](**AT, generation=n) / base_error(**AT)
        assert same_law(values[:, n - 1], law_of_a_fit(inflation))
        assert not same_law(values[:, n - 1], law_of_a_fit(1.15 * inflation))


@pytest.mark.parametrize("representation", ["rows", "statistics", "law"])
def test_the_law_of_replace_is_theorys_function_of_the_generation(representation):
    last = drawn(representation, "replace", True)["test_error"][:, -1]
    law = partial(resampling.replace_error_law, **AT)
    assert same_law(last, law(generation=GENERATIONS))
    assert not same_law(last, law(generation=GENERATIONS - 1))


@pytest.mark.parametrize("representation", ["rows", "law"])
def test_the_law_on_fresh_designs_is_theorys_at_the_first_generation(representation):
    values = drawn(representation, "replace", False)["test_error"]
    law = resampling.replace_error_law(**AT, generation=1, design="fresh")
    assert same_law(values[:, 0], law)
    assert not same_law(1.15 * values[:, 0], law)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (first, second)
        for i, first in enumerate(EVERY)
        for second in EVERY[:i]
        if first[1:] == second[1:] and first[0] != second[0]
    ],
)
def test_representations_have_the_same_law(first, second):
    a, b = drawn(*first), drawn(*second)
    assert a.keys() == b.keys()
    for name in a.keys() - {"edited_fraction"}:
        for n in ALL:
            assert same_law(a[name][:, n - 1], b[name][:, n - 1])
        assert not same_law(a[name][:, 1], 1.15 * b[name][:, 1])


@pytest.mark.parametrize("representation", ["rows", "statistics"])
@pytest.mark.parametrize("spectrum", ["ar1:0.8", "power:1.5"])
def test_the_input_covariance_does_not_matter_to_least_squares(representation, spectrum):
    """Draw by draw: whitening undoes a triangular factor. test_design.py sees that it is there."""
    isotropic = drawn(representation, "replace", True)
    coloured = drawn(representation, "replace", True, spectrum)
    for name in ("test_error", "scale_averaged_error"):
        # float32, times the condition number of a design with one very small R
        np.testing.assert_allclose(coloured[name], isotropic[name], rtol=2e-3)


WEIGHTS = np.array([1.0, -2.0, 0.5])


def test_a_ridge_chain_has_theorys_mean():
    samples, penalty = 9, 0.3
    learner = LinearLearner(
        GaussianDesign(3, samples, False), NOISE, ridge(penalty, samples), true_weights=WEIGHTS
    )
    values = draw(Chain(learner, Replace(), GENERATIONS), seed=10)["test_error"]
    designs = np.random.default_rng(1).normal(size=(2**18, samples, 3))
    # averaged over so many spectra, the constants are known to .1 %, the means below to 1 %
    constants = ridge_theory.ridge_constants(
        gram_eigenvalues=np.linalg.eigvalsh(designs.swapaxes(1, 2) @ designs),
        samples=samples,
        penalty=penalty,
    )
    at = {"constants": constants, "true_norm": float(np.linalg.norm(WEIGHTS))}
    expected = [ridge_theory.ridge_chain_error(**at, noise_std=NOISE, generation=n) for n in ALL]
    assert same_mean(values, np.array(expected))
    assert not same_mean(values, 1.1 * np.array(expected))


@pytest.mark.parametrize("shared", [False, True])
def test_a_chain_of_minimum_norm_fits_has_theorys_mean(shared):
    dim, samples = 13, 3
    weights = np.resize(WEIGHTS, dim)
    learner = LinearLearner(
        GaussianDesign(dim, samples, shared), NOISE, min_norm, true_weights=weights
    )
    values = draw(Chain(learner, Replace(), GENERATIONS), seed=11)["test_error"]
    closed_form = ridge_theory.min_norm_shared_error if shared else ridge_theory.min_norm_error
    at = {"dim": dim, "samples": samples, "noise_std": NOISE}
    at["true_norm"] = float(np.linalg.norm(weights))
    expected = np.array([closed_form(**at, generation=n) for n in ALL])
    assert same_mean(values, expected)
    assert not same_mean(values, 1.1 * expected)


@pytest.mark.parametrize("fresh", [False, True])
def test_mixing_labels_has_theorys_inflation(fresh):
    weight = 0.4
    learner = LinearLearner(GaussianDesign(DIM, SAMPLES), NOISE)
    values = draw(Chain(learner, Mix(weight, fresh), GENERATIONS), seed=12)
    closed_form = mixing.label_mix_inflation if fresh else mixing.fixed_real_inflation
    expected = np.array([closed_form(generation=n, real_weight=weight) for n in ALL])
    for name in ("test_error", "scale_averaged_error"):
        assert same_mean(values[name], base_error(**AT) * expected)
        assert not same_mean(values[name], 1.1 * base_error(**AT) * expected)
    np.testing.assert_allclose(values["edited_fraction"][:, 1:], 1 - weight, rtol=1e-6)


def test_subsampling_tends_to_theorys_inflation_as_rows_double():
    """The closed form is leading order: its deviation halves from T to 2T."""
    dim, rungs = 2, (12, 24)
    limit = subsampling.subsample_inflation(generation=GENERATIONS)
    means, errors = [], []
    for samples in rungs:
        learner = LinearLearner(GaussianDesign(dim, samples))
        chain = Chain(learner, AccumulateSubsample(), GENERATIONS)
        values = draw(chain, seed=samples)["scale_averaged_error"][:, -1]
        inflations = values / base_error(dim=dim, samples=samples)
        means.append(inflations.mean())
        errors.append(inflations.std() / COUNT**0.5)
    z = stats.norm.isf(FAILURE_RATE / 2)
    deviations = np.array(means) / limit - 1
    assert deviations[0] > z * errors[0] / limit  # there is an effect of few rows to speak of
    extrapolated, error = 2 * means[1] - means[0], np.hypot(2 * errors[1], errors[0])
    # what is left of second order is at most the square of the first
    assert abs(extrapolated - limit) < z * error + deviations[0] ** 2 * limit
    accumulated = accumulation.accumulate_inflation(generation=GENERATIONS)
    assert abs(extrapolated - accumulated) > z * error  # the rival closed form is refuted
    assert deviations[1] < 0.6 * deviations[0] + z * error / limit
