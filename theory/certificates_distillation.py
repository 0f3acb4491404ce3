"""Certificates on distillation: whole fits in fractions, by their linear systems."""

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from theory.claims import certificate
from theory.linear import distillation

_TURN = np.array([[Fraction(3, 5), Fraction(-4, 5)], [Fraction(4, 5), Fraction(3, 5)]])
"""A rational rotation: the eigenvectors of the kernel matrices below."""

_LABELS = np.array([Fraction(2), Fraction(-7, 3)])


@certificate("borup2021.limit")
def distillation_for_ever_is_a_larger_penalty() -> bool:
    """The ridge fit with penalty / a is what a round leaves unchanged, and each round comes nearer
    by (1 - a) g along every eigenvector."""
    holds = []
    for spectrum, kernel, penalty in _kernels():
        for weight in (Fraction(1, 10), Fraction(1, 2), Fraction(9, 10)):
            limit = _fit(kernel, penalty / weight) @ _LABELS
            step = _fit(kernel, penalty)
            holds.append(bool((step @ (weight * _LABELS + (1 - weight) * limit) == limit).all()))
            first = step @ _LABELS
            second = step @ (weight * _LABELS + (1 - weight) * first)
            before, after = (_TURN.T @ (limit - fit) for fit in (first, second))
            for place, size in enumerate(spectrum):
                nearer = (1 - weight) * size / (size + penalty)
                holds.append(after[place] == nearer * before[place])
                formula = distillation.distilled_limit(
                    eigenvalue=float(size), penalty=float(penalty), truth_weight=float(weight)
                )
                exact = (_TURN.T @ limit)[place] / (_TURN.T @ _LABELS)[place]
                holds.append(abs(formula - exact) < 1e-12 * exact)
    return all(holds)


@certificate("mobahi2020.power")
def distillation_of_own_labels_is_a_power() -> bool:
    """Up to eight fits, each to the labels of the last."""
    holds = []
    for spectrum, kernel, penalty in _kernels():
        labels = _LABELS
        for fits in range(1, 9):
            labels = _fit(kernel, penalty) @ labels
            shares = (_TURN.T @ labels) / (_TURN.T @ _LABELS)
            for share, size in zip(shares, spectrum, strict=True):
                formula = distillation.distilled_share(
                    eigenvalue=float(size), penalty=float(penalty), fits=fits
                )
                holds.append(share == (size / (size + penalty)) ** fits)
                holds.append(abs(formula - share) < 1e-12 * share)
    return all(holds)


@certificate("dang2026.sign")
def the_best_teacher_weight_has_the_sign_of_the_falling_risk() -> bool:
    """Problems of three rows and two columns: the weight found is better than others, and than
    none, and the risk falls with the penalty where it is positive."""
    holds = []
    for number in range(1, 61):
        entries = [Fraction(number**power % 13 - 6, 3) for power in range(1, 12)]
        x, y = np.array(entries[:6]).reshape(3, 2), np.array(entries[6:9])
        truth, penalty = np.array(entries[9:11]), Fraction(number % 5 + 1, 2)
        if not (x.T @ y).any():
            continue
        covariance = np.array([[Fraction(2), Fraction(1)], [Fraction(1), Fraction(3)]])

        def risk(
            penalty: Fraction, weight: Fraction, x=x, y=y, truth=truth, covariance=covariance
        ) -> Fraction:
            solved = _inverse(x.T @ x + penalty * _identity())
            labels = (1 - weight) * y + weight * (x @ solved @ x.T @ y)
            off = solved @ x.T @ labels - truth
            return off @ covariance @ off

        formula = distillation.best_teacher_weight(
            gram=(x.T @ x).astype(float).tolist(),
            moment=(x.T @ y).astype(float).tolist(),
            true_weights=truth.astype(float).tolist(),
            covariance=covariance.astype(float).tolist(),
            penalty=float(penalty),
        )
        # A parabola in the weight, through three points.
        at = [risk(penalty, Fraction(k)) for k in (-1, 0, 1)]
        curvature, slope = (at[0] + at[2]) / 2 - at[1], (at[2] - at[0]) / 2
        best = -slope / (2 * curvature)
        holds += [curvature > 0, abs(formula - best) < 1e-9 * (1 + abs(best))]
        holds.append(risk(penalty, best) < at[1] or best == 0)
        # The risk of a penalty a millionth larger: it falls where the weight is positive.
        step = Fraction(1, 10**6)
        falling = (at[1] - risk(penalty + step, Fraction(0))) / step
        holds.append(abs(falling - 2 * best * curvature / penalty) < 1e-4 * (1 + at[1]))
        holds.append(best == 0 or abs(best) < 1e-4 or (falling > 0) == (best > 0))
    return all(holds) and len(holds) > 200


def _kernels() -> Iterator[tuple[list[Fraction], np.ndarray, Fraction]]:
    for ratio in (Fraction(1, 50), Fraction(1, 3), Fraction(1)):
        for penalty in (Fraction(1, 100), Fraction(1), Fraction(7)):
            spectrum = [Fraction(2), 2 * ratio]
            yield spectrum, (_TURN * np.array(spectrum)) @ _TURN.T, penalty


def _fit(kernel: np.ndarray, penalty: Fraction) -> np.ndarray:
    """Matrix that takes labels to the fitted ones, K (K + penalty I)^-1."""
    return kernel @ _inverse(kernel + penalty * _identity())


def _identity() -> np.ndarray:
    return np.array([[Fraction(1), Fraction(0)], [Fraction(0), Fraction(1)]])


def _inverse(matrix: np.ndarray) -> np.ndarray:
    (a, b), (c, d) = matrix
    return np.array([[d, -b], [-c, a]]) / (a * d - b * c)
