"""Numbers for the linear ledger that were not computed by its formulas.

Each row: claim, parameters, value worked out by hand or printed elsewhere, relative tolerance.
The tolerance is half a unit of the last printed digit, or EXACT for fractions and roots.
"""

import math

from theory.linear.ridge import RidgeConstants

EXACT = 1e-12
PHI = (math.sqrt(5) - 1) / 2

FRESH = {"fresh_design": True}
SETTLED = {"dim": 4, "samples": 9, "generation": 200}
"""b = 1, and so many generations that nothing is left of the first."""

REFERENCES: list[tuple[str, dict, float, float]] = [
    (
        "ref.given_replace",
        {"dim": 4, "samples": 8, "noise_std": 2.0, "generation": 3, "labelled": True},
        4.0,
        EXACT,
    ),
    ("ref.given_accumulate", {"dim": 4, "samples": 8, "generation": 2}, 0.625, EXACT),
    # b = 5/(12 - 6) = 5/6, times sigma^2 = 4, times n = 3
    ("zhu2025.eq7", {"dim": 5, "samples": 12, "noise_std": 2.0, "generation": 3}, 10.0, EXACT),
    ("gerst2024.replace", {"dim": 8, "samples": 40, "generation": 31}, 8.0, EXACT),
    # 1 + 1/4 + 1/9 = 49/36 of b = 1
    ("gerst2024.accumulate", {"dim": 4, "samples": 9, "generation": 3}, 49 / 36, EXACT),
    ("gerst2024.accumulate", {"dim": 4, "samples": 9, "generation": 8}, 1.5274, 4e-5),
    # d/(T - d - 1) = 6/53 times the printed 1.4870
    ("ref.accumulate_fresh", {"dim": 6, "samples": 60, "generation": 8}, 1.4870 * 6 / 53, 4e-5),
    ("ref.accumulate_fresh", {"dim": 1, "samples": 4, "generation": 2}, 1 / 2 + 1 / 12, EXACT),
    ("gerst2024.accumulate_bound", {"dim": 4, "samples": 9}, 1.644934, 1e-6),
    ("gerst2024.halfway", FRESH | {"dim": 4, "samples": 40, "generation": 6}, 2.325 * 4 / 35, 3e-4),
    ("gerst2024.halfway", FRESH | {"dim": 1, "samples": 4, "generation": 2}, 1 / 2 + 1 / 6, EXACT),
    # 1 + 1/2 + 1/3 + 1/4 of b = 1
    (
        "gerst2024.halfway",
        {"dim": 4, "samples": 9, "generation": 4, "fresh_design": False},
        25 / 12,
        EXACT,
    ),
    # 1 + 2 * 3/2; 1 + 1/4 + 1/9, the sum of 1/k^2; 1 + 2 (1/9 + 1/81)
    ("ref.sizes_replace", {"human": 3, "synthetic": 2, "generation": 3}, 4.0, EXACT),
    ("ref.sizes_accumulate", {"human": 7, "synthetic": 7, "generation": 3}, 49 / 36, EXACT),
    ("ref.sizes_accumulate", {"human": 2, "synthetic": 1, "generation": 2}, 11 / 9, EXACT),
    ("ref.sizes_kept", {"human": 2, "synthetic": 1, "generation": 3}, 1 + 20 / 81, EXACT),
    ("ref.contaminated_mean", {"generation": 5, "synthetic_fraction": 0.0}, 0.2, EXACT),
    ("ref.contaminated_mean", {"generation": 3, "synthetic_fraction": 1.0}, 49 / 36, EXACT),
    ("ref.contaminated_mean", {"generation": 2, "synthetic_fraction": 0.5}, 13 / 16, EXACT),
    ("ref.contaminated_mean", {"generation": 10**5, "synthetic_fraction": 0.7}, 0.003373, 2e-4),
    # by the covariance of overlapping subsamples: 1, 7/4, 25/12, 109/48
    ("ref.subsample", {"generation": 2}, 7 / 4, EXACT),
    ("ref.subsample", {"generation": 4}, 109 / 48, EXACT),
    ("ref.subsample", {"generation": 10**5}, 2.934802 - 3e-5, 1e-6),
    # the limits, with b = 1, and 1/4 + 1/4 (2 + 1) of b = 1/2
    ("he2025.weight", SETTLED | {"real_weight": 0.4, "size_ratio": 2.0}, 1.375, EXACT),
    ("he2025.weight", SETTLED | {"real_weight": PHI}, PHI, EXACT),
    (
        "he2025.weight",
        {"dim": 1, "samples": 4, "generation": 2, "real_weight": 0.5, "size_ratio": 2.0},
        1 / 2,
        EXACT,
    ),
    ("ref.golden_identity", {"size_ratio": 0.5}, 0.5, EXACT),
    ("ref.golden_identity", {"size_ratio": 0.1}, 0.27016, 2e-5),
    ("ref.golden_identity", {"size_ratio": 1.0}, PHI, EXACT),
    ("he2025.naive", {"size_ratio": 0.1}, 0.5238, 1e-4),
    ("he2025.naive", {"size_ratio": 1.0}, 2 / 3, EXACT),
    (
        "garg2026.minnorm",
        {"dim": 120, "samples": 60, "true_norm": 1.0, "real_weight": 0.3},
        1.657,
        4e-4,
    ),
    # sigma^2 c(1) 2/1 + 4 (1 - 2/4) with c(1) = 1
    (
        "garg2026.minnorm",
        {"dim": 4, "samples": 2, "true_norm": 2.0, "real_weight": 1.0},
        4.0,
        EXACT,
    ),
    ("garg2026.third", {}, 1 / 3, EXACT),  # the lesser root of 3w^2 - 4w + 1
    ("garg2026.dynamic", {"round": 4}, 34 / 55, EXACT),
    ("garg2026.dynamic", {"round": 1}, 2 / 3, EXACT),
    ("garg2026.dynamic", {"round": 60}, PHI, EXACT),
    ("garg2026.ridge", {}, 0.5, EXACT),  # published, abstract
    ("garg2026.fixedreal", SETTLED | {"real_weight": 0.5}, 4 / 3, EXACT),
    # one column without penalty, half of the rows real: noise 1/(2 - 1), shift 4 (1/4 + 1/4)
    (
        "dohmatob2025.thm1",
        {
            "covariance_eigenvalues": [1.0],
            "shift_variances": [4.0],
            "true_weights": [1.0],
            "samples": 2,
            "penalty": 0.0,
            "synthetic_fraction": 0.5,
        },
        3.0,
        EXACT,
    ),
    # d = T, penalty 1/2: ridge 1, u = 1/3; noise 1/3, bias 4/3 * 1/4, shift 1/12 + 1/12
    (
        "dohmatob2025.thm1",
        {
            "covariance_eigenvalues": [1.0, 1.0],
            "shift_variances": [0.5, 0.5],
            "true_weights": [1.0, 0.0],
            "samples": 2,
            "penalty": 0.5,
            "synthetic_fraction": 0.5,
        },
        5 / 6,
        EXACT,
    ),
    (
        "ref.strong_T",
        {
            "dim": 1,
            "samples": 20,
            "synthetic_rows": 5,
            "shift_norm": 1.0,
            "noise_std": 0.0,
            "synthetic_noise_std": 0.0,
        },
        7 / 88,
        EXACT,
    ),
    # noise (2/3 + 4/3) 5/6 and shift 29/99
    (
        "ref.strong_T",
        {
            "dim": 5,
            "samples": 12,
            "synthetic_rows": 4,
            "shift_norm": 1.0,
            "synthetic_noise_std": 2.0,
        },
        5 / 3 + 29 / 99,
        EXACT,
    ),
    (
        "dohmatob2025.cor1",
        {
            "dim": 1,
            "samples": 10**6,
            "synthetic_fraction": 0.01,
            "shift_norm": 1.0,
            "noise_std": 1.0,
        },
        1.01e-4,
        EXACT,
    ),
    (
        "dohmatob2025.cor2",
        {
            "dim": 16,
            "samples": 800,
            "synthetic_fraction": 0.5,
            "synthetic_weight": 0.5,
            "shift_norm": 0.5,
        },
        0.025625,
        EXACT,
    ),
    (
        "ref.weighted",
        {
            "dim": 16,
            "samples": 800,
            "synthetic_fraction": 0.5,
            "synthetic_weight": 0.1,
            "shift_norm": 0.5,
        },
        0.0353,
        EXACT,
    ),
    ("dohmatob2025.cor3", {"clean_error": 3.0, "synthetic_fraction": 0.5}, 4.0, EXACT),
    # T = 60, d = 20, penalty 0.3: clean error and h as printed, T_0 = 80, sigma_0 = .5, n = 6
    (
        "dohmatob2024a.linear",
        {
            "clean_error": 0.2317,
            "transfer_trace": 20 * 0.5282,
            "dim": 20,
            "generator_samples": 80,
            "generator_noise_std": 0.5,
            "generators": 6,
        },
        0.5003,
        4e-4,
    ),
    (
        "dohmatob2024a.ridgeless",
        {"dim": 20, "samples": 60, "generator_samples": 80, "generators": 3},
        1 / 2 + 3 * 1 / 3,
        EXACT,
    ),
    (
        "dohmatob2024a.overparam",
        {"dim": 50, "samples": 20, "noise_std": 0.5, "true_norm": 1.0, "generation": 4},
        1.2544,
        4e-5,
    ),
    (
        "dohmatob2024a.overparam",
        {"dim": 4, "samples": 2, "noise_std": 0.0, "true_norm": 2.0, "generation": 2},
        3.0,
        EXACT,
    ),
    (
        "ref.overparam_shared",
        {"dim": 50, "samples": 20, "noise_std": 0.5, "true_norm": 1.0, "generation": 4},
        1.2897,
        4e-5,
    ),
    (
        "ref.ridge_chain",
        {
            "constants": RidgeConstants(0.7145, 0.5282, 0.20696),
            "noise_std": 0.8,
            "true_norm": 1.0,
            "generation": 4,
        },
        0.8155,
        3e-4,
    ),
    # a_2 = 1/4 (1/4 * 4 + 1/2) + 1/2 = 7/8, b_2 = 1
    (
        "ref.ridge_chain",
        {"constants": RidgeConstants(0.5, 0.25, 0.5), "true_norm": 2.0, "generation": 2},
        23 / 8,
        EXACT,
    ),
    # 16^-(1 - 1/2) (1 + 3 * 4/3 * 1/2)
    (
        "dohmatob2024a.powerlaw",
        {
            "samples": 16,
            "generator_samples": 32,
            "dim": 8,
            "spectral_decay": 2.0,
            "source": 1.0,
            "penalty_exponent": 1.0,
            "generators": 3,
        },
        0.75,
        EXACT,
    ),
    ("dey2024.augment", {"generation": 10**6}, math.pi**2 / 6, 2e-6),
    ("dey2024.augment", {"generation": 3}, 49 / 36, EXACT),
    ("dey2024.discard", {"generation": 50}, 50.0, EXACT),
]
