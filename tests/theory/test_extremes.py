"""Closed forms at extreme but allowed arguments: values by arithmetic of 60 digits and more.

Each of these was once a difference of nearly equal numbers, or the power of a rounded 1 - x.
"""

from fractions import Fraction

import numpy as np
import pytest

from theory.distributions import (
    accumulation_failure,
    categorical,
    categorical_edits,
    categorical_human,
    contamination,
    forgetting,
    gaussian_edits,
    kernel_density,
    survival,
    zipf_tails,
)
from theory.editing import confidence, proportional, repeated
from theory.linear import mixture_scaling, penalised_mixing, ridge, wishart

COIN = [0.5, 0.5]
MANY = 10**15


def _coin(function, **arguments):
    return function(probabilities=COIN, **arguments)


def _kernel(function, generation, samples=MANY):
    at = {"samples": samples, "bandwidth": 3.0, "human_variance": 2.0}
    return function(generation=generation, **at)


def _mixed(spectrum, real_weight, **rest):
    at = {"gram_eigenvalues": [spectrum], "samples": 2, "penalty": 1e-9}
    return penalised_mixing.ridge_mix_limit(**at, real_weight=real_weight, **rest)


def _ridge(dim, samples, penalty):
    return ridge.ridge_constants_asymptotic(dim=dim, samples=samples, penalty=penalty)


NEAR = 1 - 1e-13
SHARE = Fraction(NEAR)
FIRST = 999_999_999_999_999  # all positions of MANY but one
CASES = {
    "R_m": (
        lambda: categorical.accumulate_inflation_limit(samples=MANY),
        1.6449340668482255,
    ),
    "largest": (
        lambda: contamination.largest_mean_error_bound(samples=MANY),
        6.5797362673929028e-15,
    ),
    "mixed": (lambda: contamination.mixed_distance(ratio=1e16, generation=10**16 + 1), np.exp(-1)),
    "log_variance": (
        lambda: forgetting.mean_log_variance(samples=MANY, generation=3),
        -3.0000000000000042e-15,
    ),
    "log_variance_ml": (
        lambda: forgetting.mean_log_variance(samples=10**10, generation=3, unbiased=False),
        -6.0000000005499996e-10,
    ),
    "lyapunov": (
        lambda: forgetting.lyapunov_exponents(samples=MANY, dim=2)[1],
        -2.0000000000000037e-15,
    ),
    "survival": (
        lambda: survival.bernoulli_survival_most(probability=1e-15, samples=1, generation=10),
        3.0172254624906059e-14,
    ),
    "cdf": (
        lambda: forgetting.variance_cdf(variance=1 - 8e-12**0.5, samples=10**12, generation=1),
        0.022750055592944973,
    ),
    "edited": (
        lambda: _coin(
            categorical_edits.edit_heterozygosity,
            samples=10**10,
            edited=3333333333,
            generation=10**9,
        ),
        0.47297973443268254,
    ),
    "partial": (
        lambda: _coin(categorical_human.partial_limit, human=1, samples=MANY),
        0.1666666666666666,
    ),
    "partial_early": (
        lambda: _coin(categorical_human.partial_error, human=7, samples=10**10, generation=4),
        1.4999999956500001e-10,
    ),
    "fixed": (
        lambda: categorical_edits.fixed_mask_limit(anchors=COIN, samples=MANY, edited=FIRST),
        0.33333333333333337,
    ),
    "fresh": (
        lambda: _coin(
            categorical_human.mixture_heterozygosity, samples=2, human_share=1e-12, generation=10**6
        ),
        9.9999999999750006e-13,
    ),
    "lost": (
        lambda: categorical.lost_probability(probability=1e-17, samples=10**17),
        0.36787944117144228,
    ),
    "fixed_error": (
        lambda: gaussian_edits.fixed_mask_mean_error(samples=MANY, edited=FIRST, generation=5),
        5e-15,
    ),
    "anchored": (
        lambda: gaussian_edits.anchored_edit_limit(samples=MANY, edited=FIRST),
        1.999999999999998,
    ),
    "anchored_decay": (
        lambda: gaussian_edits.anchored_edit_variance(
            samples=2, edited=2, generation=60, unbiased=False
        ),
        2.0**-60,
    ),
    "kernel": (lambda: _kernel(kernel_density.sample_variance, 50), 442.99999999998886),
    "kernel_mean": (lambda: _kernel(kernel_density.mean_error, 2), 1.2999999999999998e-14),
    "min_norm": (
        lambda: ridge.min_norm_error(dim=10**9, samples=10**9 - 2, true_norm=1.0, generation=5),
        4999999970,
    ),
    "min_norm_shared": (
        lambda: ridge.min_norm_shared_error(
            dim=10**9, samples=10**9 - 2, true_norm=1.0, noise_std=0.0, generation=5
        ),
        2e-9,
    ),
    "min_norm_mix": (
        lambda: penalised_mixing.min_norm_mix_asymptotic(
            dim=10**9, samples=10**9 - 2, true_norm=0.0, real_weight=1.0
        ),
        499999999,
    ),
    "ridge_kept": (lambda: _ridge(10, 3, 1e9).kept, 9.9999999566666677e-10),
    "ridge_squared": (lambda: _ridge(10, 3, 1e9).kept_squared, 4.3333332891111115e-18),
    "ridge_noise": (lambda: _ridge(10**9, 5, 1e-12).noise_gain, 5.0000000250000005e-09),
    "mixed_bias": (
        lambda: _mixed(1e9, 0.5, true_norm=1.0, noise_std=0.0),
        1.6000000000000002e-35,
    ),
    "mixed_noise": (lambda: _mixed(1e9, 1e-9, true_norm=0.0), 0.49999999824999997),
    "relative_std": (
        lambda: wishart.error_moments(dim=10**9, samples=2 * 10**9).relative_std,
        6.3245553282424523e-05,
    ),
    "stationary": (
        lambda: confidence.stationary_residual_variance(residual_threshold=50.0),
        2501.9992015952821,
    ),
    "unconfident": (
        lambda: confidence.unconfident_residual_variance(residual_threshold=1e-120),
        1e-240 / 3,
    ),
    "fixed_rows": (
        lambda: repeated.fixed_mask_limit(edit_share=NEAR),
        float((1 + 2 * SHARE) / (1 - SHARE**2)),
    ),
    "anchored_rows": (
        lambda: repeated.anchored_limit(edit_share=NEAR),
        float(1 + SHARE * (2 - SHARE) / (1 - SHARE**2)),
    ),
    "anchored_bound": (
        lambda: repeated.anchored_bound(edit_share=NEAR),
        float(1 + SHARE * (2 - SHARE) / (1 - SHARE)),
    ),
    "geometric": (
        lambda: repeated.geometric_mask_limit(first_fraction=1.0, ratio=NEAR),
        float(1 + 2 / (1 - SHARE) - 1 / (1 - SHARE**2)),
    ),
    "proportional": (
        lambda: proportional.anchored_proportional_limit(dim=1, samples=2, edit_share=NEAR),
        float(1 + SHARE * (3 - SHARE) / ((1 - SHARE) * (2 + SHARE))),
    ),
    "iterated": (
        lambda: mixture_scaling.iterated_mixing_limit(clean_error=1.0, synthetic_fraction=NEAR),
        float(1 / (1 - SHARE**2)),
    ),
    "level": (lambda: accumulation_failure._levels_drawn(64, 0.9)[2, 0], 3.6498652424390223e-65),
    "cut": (
        # All ranks up to the cut are as good as seen: the mass beyond it, 1 - H_k (beta - 1).
        lambda: 1 - zipf_tails._kept_mass(1 + 2.0**-40, 3) * 2.0**40 / (11 / 6),
        0.0,
    ),
    "common_word": (
        lambda: zipf_tails.memoriser_error(exponent=60.0, samples=1),
        1.7347234760239866e-18,
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_extreme_arguments_keep_their_digits(case):
    call, expected = CASES[case]
    tolerance = {"cdf": 1e-9, "cut": 2e-11}.get(case, 1e-10)
    assert call() == pytest.approx(expected, rel=tolerance, abs=tolerance if case == "cut" else 0)


def test_a_word_of_little_chance_is_next_to_a_law_without_it():
    """Human tokens with chance 1 forget nothing; with chance 0 all, at the rate 1 - 1/N."""
    at = {"probabilities": COIN, "samples": 100}
    kept = categorical_human.mixture_heterozygosity(**at, human_share=0.0, generation=3000)
    expected = categorical.replace_heterozygosity(**at, generation=3000)
    assert kept == pytest.approx(expected, rel=1e-10)
    always = categorical_human.mixture_heterozygosity(**at, human_share=1.0, generation=3000)
    assert always == pytest.approx(0.5 * 0.99, rel=1e-14)
