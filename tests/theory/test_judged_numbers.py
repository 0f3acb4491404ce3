"""Numbers that runs were judged against: a record's own formula gives them from the parameters.

Parameters are what a verdict carries: JSON values, its generation among them, and more than the
formula names. Predicted numbers are those of runs at the default settings.
"""

import json

import numpy as np
import pytest

from theory import ledger
from theory.editing import assumptions

LINEAR = {
    "dim": 10,
    "samples": 100,
    "noise_std": 1.0,
    "design": "gaussian",
    "spectrum": "isotropic",
    "generation": 11,
}
ONE, HALVES, TENTHS = [50, *[0] * 9], [50, 50, *[0] * 8], [10] * 10
RANDOM, FIXED, GEOMETRIC = [30.0] * 10, [50] * 10, [50, 25, 12, 6, 3, 2, 1, 0, 0, 0]
SO_FAR = {
    "rows_edited_so_far": [0.0, *(100 * (1 - 0.7**n) for n in range(1, 11))],
    "pairs_edited_so_far": [0.0, *(9900 * (1 - 0.7**n) ** 2 for n in range(1, 11))],
}
"""Of independent rows, each edited with chance .3: a pair is, of both, independently."""

KEEP = {
    "keep_correct": 0.5,
    "keep_wrong": 0.25,
    "samples": 100,
    "dim": 10,
    "wrong_shares": [0.5666666666666667, 0.6666666666666666, 0.7666666666666666],
}
VERIFIER = {"truth": 0.0, "centre": 1.0, "width": 1.0, "samples": 1000}
FOUR = {"probabilities": [0.4, 0.3, 0.2, 0.1], "samples": 40, "generation": 20}

JUDGED = [
    ("zhu2025.eq7", LINEAR, 1.2359550561797752),
    ("zhu2025.sec2", LINEAR | {"generation": 2}, 0.11235955056179775),
    ("gerst2024.accumulate", LINEAR, 0.17505979707600652),
    ("zhu2025.thm2a_single", LINEAR, 0.2247191011235955),
    ("zhu2025.thm1", LINEAR | {"edit_counts": ONE}, 0.16853932584269662),
    ("zhu2025.thm1", LINEAR | {"edit_counts": HALVES}, 0.2247191011235955),
    ("zhu2025.thm1", LINEAR | {"edit_counts": RANDOM}, 0.449438202247191),
    ("zhu2025.thm1", LINEAR | {"edit_counts": FIXED}, 0.6741573033707865),
    ("zhu2025.thm1", LINEAR | {"edit_counts": GEOMETRIC}, 0.22359550561797753),
    ("ref.exact_one", LINEAR | {"edit_counts": RANDOM}, 0.449438202247191),
    ("ref.edit_B_const", LINEAR | {"edit_counts": ONE}, 0.2581396113932872),
    ("ref.edit_B_const", LINEAR | {"edit_counts": TENTHS}, 0.4984902985301225),
    ("ref.edit_one_T", LINEAR | {"edit_counts": ONE}, 0.1935748763243806),
    ("ref.edit_two_T", LINEAR | {"edit_counts": HALVES}, 0.29416771652045426),
    ("ref.edit_C_T", LINEAR | {"edit_counts": FIXED}, 0.35652549697493513),
    ("ref.edit_frozen", LINEAR | {"rows_edited_so_far": [0, *[50] * 10]}, 0.1935748763243806),
    ("ref.edit_frozen", LINEAR | SO_FAR, 0.2242665968952767),
    (
        "ref.edit_external",
        LINEAR | {"rows_edited_so_far": [0, *[50] * 10], "prior_error": 0.056179775280898875},
        0.12810044195341655,
    ),
    (
        "zhu2025.thm2b",
        LINEAR | {"first_count": 50, "norm_decay": 0.5**0.5, "edit_counts": GEOMETRIC},
        1.022309275989098,
    ),
    # along the ladders of T an inflation
    ("ref.edit_D", LINEAR | {"edit_counts": RANDOM}, 6.1),
    ("ref.edit_E", LINEAR | {"edit_counts": RANDOM}, 1.560439560420019),
    (
        "ref.conf_one",
        {"residual_threshold": 1.82, "samples": [50, 100], "generation": 2},
        2.1575005093042923,
    ),
    ("ref.conf_nested", {"residual_threshold": 1.0, "generation": 4}, 2.696396270518127),
    ("ref.conf_nested_share", {"residual_threshold": 1.0, "generation": 4}, 0.31817763901728086),
    ("ref.edit_frozen_confident", {"residual_threshold": 1.0, "generation": 4}, 2.3978666363721075),
    ("suresh2025.gauss", {"samples": 20, "threshold": 0.1, "generation": 40}, 6.027039805869343),
    ("ref.lyapunov", {"samples": 20, "dim": 4, "generation": 40}, -5.710555445323919),
    (
        "ref.gauss_growing",
        {"sizes": [20 * i**2 for i in range(1, 41)], "power": 2.0, "generation": 40},
        0.08101219815034677,
    ),
    ("ref.gauss_edit", {"samples": 20, "edited": 10, "generation": 5}, 0.9483981200746617),
    ("ref.gauss_edit_anchored", {"samples": 20, "edited": 18, "generation": 8}, 1.0356331950920845),
    ("ref.gauss_edit_anchored", {"samples": 20, "edited": 10, "generation": 8}, 0.9995223487708056),
    ("kazdan2025.gauss_acc", {"samples": 20, "generation": 40}, 0.9208951255823201),
    ("shum2024.w2lead", {"samples": 20, "generation": 5}, 0.375),
    ("seddik2024.synth", FOUR, 0.42188137615337024),
    ("ref.unigram_edit", FOUR | {"edited": 20}, 0.474863327833306),
    ("ref.unigram_anchored", FOUR | {"edited": 20}, 0.6655737704918265),
    (
        "ref.unigram_fixed_path",
        {"probabilities": [1 / 32] * 32, "samples": 40, "edited": 20, "generation": 12},
        0.9052479337895873,
    ),
    (
        "seddik2024.partial",
        {"probabilities": [1 / 32] * 32, "human": 20, "samples": 20, "generation": 12},
        0.06352459016393443,
    ),
    (
        "ref.bern_acc",
        {"probabilities": [1 / 32] * 32, "samples": 8, "generation": 20},
        0.182479887403,
    ),
    (
        "ref.kde_variance",
        {"samples": 100, "generation": 5, "bandwidth": 0.3, "human_variance": 5.0},
        5.1960398003999995,
    ),
    ("feng2025.pstar", KEEP | {"generation": 2}, 0.5),
    ("ref.verified_accuracy", KEEP | {"generation": 1}, 0.6001818233622709),
    ("ref.verified_accuracy", KEEP | {"generation": 3}, 0.3924960172541169),
    ("ref.verified_mean", VERIFIER | {"generation": 2}, 0.7227897522452307),
    ("yi2026.contract", VERIFIER | {"generation": 2}, 0.0854485802328519),
    ("ref.verified_error", VERIFIER | {"generation": 10}, 1.0004374637881932),
    ("barzilai2025.thm51", {"samples": 64, "generation": 2}, 0.39957640089372803),
    ("ref.accumulate_fails", {"samples": 64, "generation": 4}, 0.8964265681472613),
]
"""Claim, parameters of its verdict, predicted."""


@pytest.mark.parametrize(
    ("claim", "parameters", "predicted"),
    JUDGED,
    ids=[f"{claim}-{i}" for i, (claim, *_) in enumerate(JUDGED)],
)
def test_the_record_s_own_formula_gives_the_number_that_was_judged(claim, parameters, predicted):
    parameters = json.loads(json.dumps(parameters))
    found = ledger()[claim].predict(parameters)
    assert found == pytest.approx(predicted, rel=1e-7 if claim == "seddik2024.partial" else 1e-12)


def test_the_bound_on_accumulating_is_the_limit_of_what_was_judged():
    """Judged was b times the sum of a million terms, a millionth below pi^2 / 6."""
    bound = ledger()["gerst2024.accumulate_bound"].predict(LINEAR)
    assert bound == pytest.approx(0.18482394009536743 + 0.11235955056179775 * 1e-6, rel=1e-9)


@pytest.mark.parametrize("generation", [2, 40])
def test_the_law_of_the_variance_factor_is_that_of_a_product_of_chi_squares(generation):
    """By a million draws, whose distance to their law passes .0028 once in 1e6 runs."""
    law = ledger()["ref.gauss_median"].predict({"samples": 20, "generation": generation})
    rng = np.random.default_rng(generation)
    logs = sum(np.log(rng.chisquare(19, 10**6) / 19) for _ in range(generation))
    drawn = np.sort(np.exp(logs / generation))
    steps = np.arange(10**6 + 1) / 10**6
    assert np.abs(law.cdf(drawn) - steps[1:]).max() < 0.0028
    assert np.abs(law.cdf(1.02 * drawn) - steps[1:]).max() > 0.01


@pytest.mark.parametrize(
    ("masks", "twice"),
    [
        ([[1, 0, 0], [1, 1, 0]], 1),
        ([[1, 0, 0], [0, 1, 0]], 0),
        ([[1, 1, 1], [1, 1, 0], [0, 1, 0]], 4),
        ([[0, 0], [0, 0]], 0),
    ],
)
def test_masks_are_disjoint_where_no_row_is_edited_twice(masks, twice):
    rows = np.array(masks)
    found = sum(rows[i] @ rows[j] for j in range(len(rows)) for i in range(j))
    assert found == twice
    met = ledger()["zhu2025.eq16"].predict({"edited_twice": twice, "edit_counts": [1.0]})
    assert met == assumptions.masks_are_disjoint(masks=masks) == (twice == 0)
