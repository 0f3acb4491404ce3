"""Numbers for each claim of selection, found without the formula that the claim names.

Rows are (claim id, parameters, number, relative tolerance). A formula off by 2 % misses them.
"""

import math

# The three-dimensional accuracy is Phi(h) - (phi(0) - phi(h)) / h; here h = 1.
SIGNAL_ONE = {"keep_correct": 1.0, "keep_wrong": 1.0, "samples": 8, "dim": 3}
SHARE_ONE = 0.5 - math.sqrt(math.pi / 64)  # sqrt(2 T / (pi kappa)) (phi + psi) (p* - p) = 1

REFERENCES: list[tuple[str, dict, float, float]] = [
    ("feng2025.pstar", {"keep_correct": 0.9, "keep_wrong": 0.3, "samples": 9, "dim": 4}, 0.5, 1e-9),
    (
        "ref.verified_accuracy",
        SIGNAL_ONE | {"wrong_shares": [0.5, SHARE_ONE], "generation": 2},
        0.841345 - (0.398942 - 0.241971),
        1e-5,
    ),
    (
        "ref.verified_accuracy",
        SIGNAL_ONE | {"wrong_shares": [0.5, SHARE_ONE], "generation": 1},
        0.5,
        1e-9,
    ),
    # rho = 1 - 2 phi(1) / (2 Phi(1) - 1) = 0.291125, kept share 0.682689
    (
        "yi2026.contract",
        {"truth": 0.0, "centre": 0.0, "width": 1.0, "samples": 100, "generation": 2},
        0.01 * (0.291125**2 + 0.291125 / 0.682689),
        1e-5,
    ),
    # (phi(0) - phi(2)) / (Phi(2) - Phi(0))
    (
        "ref.verified_mean",
        {"truth": 0.0, "centre": 1.0, "width": 1.0, "generation": 2},
        (0.398942 - 0.053991) / 0.477250,
        1e-5,
    ),
    # centred: Var(cut) / (T kappa) + rho^2 / T, as in the bound above
    (
        "ref.verified_error",
        {"truth": 0.0, "centre": 0.0, "width": 1.0, "samples": 100, "generation": 2},
        0.01 * (0.291125**2 + 0.291125 / 0.682689),
        1e-5,
    ),
    ("barzilai2025.thm51", {"generation": 2}, 0.632121**2, 1e-5),
    # sums over paths in fractions: tests/theory/test_accumulation_failure.py
    ("ref.accumulate_fails", {"samples": 64, "generation": 2}, 0.508970, 1e-5),
    ("ref.accumulate_fails", {"samples": 64, "generation": 1}, 1 - (511 / 512) ** 64, 1e-9),
]
