"""Distillation of ridge fits, against kernel ridge on drawn points in NumPy."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theory import certificates_distillation
from theory.linear import distillation

RNG = np.random.default_rng(0)
POINTS = RNG.uniform(size=12)
LABELS = np.sin(6 * POINTS) + 0.3 * RNG.normal(size=12)
KERNEL = np.exp(-20 * (POINTS[:, None] - POINTS) ** 2)
PENALTY = 0.4


def shares(fitted: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues, and what is kept of the labels along each eigenvector."""
    sizes, vectors = np.linalg.eigh(KERNEL)
    large = sizes > 1e-6
    return sizes[large], (vectors.T @ fitted / (vectors.T @ LABELS))[large]


def fit(labels: np.ndarray) -> np.ndarray:
    return KERNEL @ np.linalg.solve(KERNEL + PENALTY * np.eye(12), labels)


@pytest.mark.parametrize("weight", [0.2, 0.7])
def test_a_hundred_rounds_are_the_larger_penalty(weight):
    fitted = fit(LABELS)
    for _ in range(300):
        fitted = fit(weight * LABELS + (1 - weight) * fitted)
    for size, share in zip(*shares(fitted), strict=True):
        limit = distillation.distilled_limit(eigenvalue=size, penalty=PENALTY, truth_weight=weight)
        assert share == pytest.approx(limit, rel=1e-7)


def test_without_the_truth_every_direction_is_a_power():
    fitted = LABELS
    for fits in range(1, 5):
        fitted = fit(fitted)
        for size, share in zip(*shares(fitted), strict=True):
            kept = distillation.distilled_share(eigenvalue=size, penalty=PENALTY, fits=fits)
            assert share == pytest.approx(kept, rel=1e-6, abs=1e-12)


@given(seed=st.integers(0, 2**31), penalty=st.floats(0.01, 10))
def test_no_other_weight_is_better(seed, penalty):
    rng = np.random.default_rng(seed)
    x, truth = rng.normal(size=(6, 3)), rng.normal(size=3)
    y, half = x @ truth + rng.normal(size=6), rng.normal(size=(3, 3))
    gram, moment, covariance = x.T @ x / 6, x.T @ y / 6, half @ half.T + np.eye(3)
    best = distillation.best_teacher_weight(
        gram=gram, moment=moment, true_weights=truth, covariance=covariance, penalty=penalty
    )
    inverse = np.linalg.inv(gram + penalty * np.eye(3))
    teacher = inverse @ moment

    def risk(weight: float) -> float:
        student = inverse @ ((1 - weight) * moment + weight * gram @ teacher)
        return float((student - truth) @ covariance @ (student - truth))

    for other in (0.0, 0.9 * best, 1.1 * best, best - 0.1, best + 0.1):
        assert risk(best) <= risk(other) * (1 + 1e-9)


@pytest.mark.parametrize("factor", [0.98, 1.02])
@pytest.mark.parametrize(
    ("formula", "certificate"),
    [
        ("distilled_limit", "distillation_for_ever_is_a_larger_penalty"),
        ("distilled_share", "distillation_of_own_labels_is_a_power"),
        (
            "best_teacher_weight",
            "the_best_teacher_weight_has_the_sign_of_the_falling_risk",
        ),
    ],
)
def test_a_certificate_sees_a_formula_off_by_two_percent(monkeypatch, formula, certificate, factor):
    right = getattr(distillation, formula)
    monkeypatch.setattr(distillation, formula, lambda **given: factor * right(**given))
    assert getattr(certificates_distillation, certificate)() is False


@pytest.mark.parametrize(
    ("function", "arguments", "message"),
    [
        ("distilled_limit", {"eigenvalue": 1.0, "penalty": 1.0, "truth_weight": 0.0},
         "truth_weight=0.0: accepted are finite numbers > 0"),
        ("distilled_share", {"eigenvalue": 0.0, "penalty": 1.0, "fits": 1},
         "eigenvalue=0.0: accepted are finite numbers > 0"),
        ("distilled_share", {"eigenvalue": 1.0, "penalty": 1.0, "fits": 0},
         "fits=0: accepted are integers >= 1"),
        ("best_teacher_weight",
         {"gram": [[1.0]], "moment": [0.0], "true_weights": [1.0], "covariance": [[1.0]],
          "penalty": 1.0},
         "moment=0: accepted are labels"),
        ("best_teacher_weight",
         {"gram": [[1.0]], "moment": [1.0, 2.0], "true_weights": [1.0], "covariance": [[1.0]],
          "penalty": 1.0},
         "gram, covariance of shapes"),
    ],
)  # fmt: skip
def test_bad_numbers_are_named(function, arguments, message):
    with pytest.raises(ValueError, match=message):
        getattr(distillation, function)(**arguments)
