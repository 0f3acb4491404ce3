"""Numbers for formulas beside the ledger: limits and parts of laws that claims are about.

Rows are (formula, parameters, number or vector, relative tolerance). A formula off by 2 % misses
them. They were found without it.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from tests.theory.references_contamination import PI, mean_variance
from theory.distributions import (
    categorical,
    categorical_edits,
    categorical_human,
    contamination,
    forgetting,
    gaussian,
    kernel_density,
    verified_labels,
)
from theory.editing import corrected, finite, frozen, published, repeated
from theory.linear import mixing

EXACT, PRINTED = 1e-12, 2e-4
PHI = (math.sqrt(5) - 1) / 2
EULER = 2.718281828459045

REFERENCES: list[tuple[Callable[..., Any], dict, Any, float]] = [
    (mixing.weighted_limit, {"real_weight": 0.4, "size_ratio": 2.0}, 1.375, EXACT),
    (mixing.weighted_limit, {"real_weight": PHI, "size_ratio": 1.0}, PHI, EXACT),
    (mixing.fixed_real_limit, {"real_weight": 0.5}, 4 / 3, EXACT),
    (
        forgetting.lyapunov_exponents,
        {"samples": 10, "dim": 4},
        [-0.1152, -0.2480, -0.4009, -0.5813],
        5e-4,
    ),
    (forgetting.lyapunov_exponents, {"samples": 3, "dim": 1}, [-np.euler_gamma], EXACT),
    (forgetting.median_variance, {"samples": 3, "generation": 1}, math.log(2), 1e-9),
    (forgetting.median_variance, {"samples": 20, "generation": 40}, 0.120, 0.005),
    (gaussian.growing_mean_error_limit, {"samples": 5, "power": 2.0}, PI**2 / 30, EXACT),
    (gaussian.growing_mean_error_limit, {"samples": 3, "power": 4.0}, PI**4 / 270, EXACT),
    (
        categorical_human.partial_error,
        {"probabilities": [0.4, 0.3, 0.15, 0.1, 0.05], "human": 60, "samples": 40}
        | {"generation": 60},
        0.0033886,
        PRINTED,
    ),
    (
        categorical_human.partial_error,
        {"probabilities": [0.5, 0.5], "human": 2, "samples": 2, "generation": 3},
        0.0625 + 0.0625 / 8,
        EXACT,
    ),
    (
        categorical_human.mixture_limit,
        {"probabilities": [0.3, 0.7], "samples": 50, "human_share": 0.1},
        [0.020369, 0.020369],
        PRINTED,
    ),
    # all fresh: one binomial
    (
        categorical_human.mixture_limit,
        {"probabilities": [0.2, 0.8], "samples": 4, "human_share": 1.0},
        [0.04, 0.04],
        EXACT,
    ),
    (
        categorical.accumulate_variance,
        {"probabilities": [0.3, 0.7], "samples": 8, "generation": 30},
        [0.039897, 0.039897],
        PRINTED,
    ),
    # 1 - 3/4 15/16
    (
        categorical.accumulate_variance,
        {"probabilities": [0.5, 0.5], "samples": 4, "generation": 2},
        [0.25 * 19 / 64, 0.25 * 19 / 64],
        EXACT,
    ),
    (categorical_edits.edit_factor, {"samples": 200, "edited": 60}, 0.997445, 1e-6),
    (categorical_edits.edit_factor, {"samples": 2, "edited": 1}, 1 / 2, EXACT),
    (categorical_edits.edit_factor, {"samples": 5, "edited": 5}, 4 / 5, EXACT),
    (
        categorical_edits.fixed_mask_limit,
        {"anchors": [0.4, 0.3, 0.2, 0.1], "samples": 40, "edited": 16},
        0.691765,
        1e-6,
    ),
    # one anchor of two kept by a coin: H = 3/4 H_a
    (
        categorical_edits.fixed_mask_limit,
        {"anchors": [0.5, 0.5], "samples": 2, "edited": 1},
        3 / 8,
        EXACT,
    ),
    # 1/2 (1/2 + 1), then half of 1 more than that
    (
        kernel_density.sample_variance,
        {"samples": 2, "generation": 3, "bandwidth": 1.0},
        7 / 8,
        EXACT,
    ),
    (
        kernel_density.sample_variance,
        {"samples": 4, "generation": 2, "bandwidth": 0.5, "human_variance": 2.0},
        21 / 16,
        EXACT,
    ),
    (verified_labels.breakdown_share, {"keep_correct": 0.9, "keep_wrong": 0.3}, 0.75, 1e-9),
    (verified_labels.breakdown_share, {"keep_correct": 1.0, "keep_wrong": 1.0}, 0.5, 1e-9),
    (contamination.pooled_error_leading, {"generation": 3, "human_share": 0.0}, 49 / 36, EXACT),
    (
        contamination.pooled_error_leading,
        {"generation": 10**12, "human_share": 0.0},
        PI**2 / 6,
        1e-9,
    ),
    (contamination.pooled_error_leading, {"generation": 7, "human_share": 1.0}, 1 / 7, EXACT),
    *(
        (
            contamination.pooled_error_leading,
            {"generation": batches, "human_share": share},
            mean_variance(share, batches),
            1e-9,
        )
        for share, batches in ((0.1, 10**4), (0.2, 10**5), (0.49, 50), (0.5, 10**4), (0.8, 10**4))
    ),
    (corrected.disjoint_bound, {"dim": 2, "samples": 5, "edited_total": 1.0}, 2 * EULER - 1, 1e-9),
    (repeated.fixed_mask_inflation, {"edit_share": 0.5, "generation": 2}, 1.75, EXACT),
    (repeated.random_mask_inflation, {"fractions": (0.3,) * 24}, 13.24, EXACT),
    (repeated.anchored_inflation, {"edit_share": 0.8, "generation": 2}, 1.96, EXACT),
    (finite.one_edit_error, {"dim": 2, "samples": 5, "edited_rows": 5}, 2.0, EXACT),
    (frozen.frozen_error, {"dim": 10, "samples": 100, "edited_rows": 100}, 20 / 89, 1e-9),
    (
        frozen.external_error,
        {"dim": 1, "samples": 4, "prior_error": 0.25, "edited_rows": 4},
        0.75,
        EXACT,
    ),
    (
        published.theorem_1_estimate,
        {
            "design": [[1.0], [1.0]],
            "true_weights": [0.0],
            "noises": [[3.0, 1.0], [1.0, 5.0]],
            "masks": [[1, 0]],
        },
        [[2.0], [2.5]],
        EXACT,
    ),
]
