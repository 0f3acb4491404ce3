"""Certificates: claims that arithmetic decides, in fractions or far beyond rounding.

Each function takes no argument and says whether its claim holds.
"""

from fractions import Fraction

import numpy as np

from theory.claims import certificate
from theory.editing import assumptions, complex_cycles, corrected, schedules
from theory.linear import mixing

_WEIGHTS = [Fraction(k, 12) for k in range(1, 12)]
"""Real weights inside (0, 1). Identities of low degree hold everywhere if they hold here."""


@certificate("ref.golden_identity")
def best_weight_is_its_variance() -> bool:
    r"""Best weight w at $\kappa = w^2 / (1 - w)$: $v(w) = w$, and v is larger elsewhere."""
    holds = []
    for best in _WEIGHTS:
        ratio = best**2 / (1 - best)
        holds.append(_mixed_limit(best, ratio) == best)
        holds += [_mixed_limit(weight, ratio) > best for weight in _WEIGHTS if weight != best]
        found = mixing.optimal_weight(size_ratio=float(ratio))
        holds.append(abs(found - best) < 1e-12)
    return all(holds)


@certificate("he2025.naive")
def pooling_is_worse_than_the_best_weight() -> bool:
    r"""$v(\frac\kappa{1 + \kappa}) = \frac{1 + \kappa}{2 + \kappa} > w^*$ at rational $w^*$."""
    holds = []
    for best in _WEIGHTS:
        ratio = best**2 / (1 - best)
        pooled = _mixed_limit(ratio / (1 + ratio), ratio)
        holds += [pooled == (1 + ratio) / (2 + ratio), pooled > best]
        holds.append(abs(mixing.naive_limit(size_ratio=float(ratio)) - pooled) < 1e-12)
    return all(holds)


@certificate("garg2026.third")
def mixing_beats_the_clean_fit_between_a_third_and_one() -> bool:
    """w^2 + 2 (1 - w)^2 - 1 = (3 w - 1)(w - 1), which is negative exactly between its roots."""
    same = [w**2 + 2 * (1 - w) ** 2 - 1 == (3 * w - 1) * (w - 1) for w in _WEIGHTS]
    return all(same) and mixing.round_two_threshold() == float(Fraction(1, 3))


@certificate("garg2026.dynamic")
def the_next_best_weight_is_its_variance() -> bool:
    """Minimum of w^2 + (1 - w)^2 (1 + v) for an inflation v: it lies at (1 + v)/(2 + v), its own
    value."""
    weight, holds = Fraction(1), []
    for step in range(1, 12):
        before, weight = weight, (1 + weight) / (2 + weight)
        # a parabola in w with the leading coefficient 2 + v, so its vertex and value say all
        holds.append(weight**2 + (1 - weight) ** 2 * (1 + before) == weight)
        holds.append(2 * weight - 2 * (1 - weight) * (1 + before) == 0)
        holds.append(abs(mixing.dynamic_weight(round=step) - weight) < 1e-12)
    return all(holds)


@certificate("ref.edit_A")
def one_edit_by_the_process_itself() -> bool:
    """Covariance of the fit after one edit, all masks of a design in whole numbers, as fractions.

    With B = X'MX the claim is K = A^-1 + 2 A^-1 B A^-1 - A^-1 B A^-1 B A^-1, K = X^+ L X^+' and
    L = (I - M + MP)(I - M + MP)' + M of the labels.
    """
    design = _fractions([[1, 0], [1, 1], [0, 2], [1, 3], [2, -1]])
    rows = len(design)
    inverse = _inverse(design.T @ design)
    fit, identity = inverse @ design.T, _fractions(np.eye(rows, dtype=int))
    hat, holds = design @ fit, []
    for number in range(2**rows):
        mask = _fractions(np.diag([number >> row & 1 for row in range(rows)]))
        step = identity - mask + mask @ hat
        found = fit @ (step @ step.T + mask) @ fit.T
        spread = inverse @ (design.T @ mask @ design) @ inverse
        claimed = inverse + 2 * spread - spread @ (design.T @ mask @ design) @ inverse
        holds.append(bool((found == claimed).all()))
    overlap = np.array([[0.5, 0.25], [0.25, 0.5]])
    formula = corrected.one_edit_covariance(overlap=overlap)
    return all(holds) and bool((formula == np.eye(2) + 2 * overlap - overlap @ overlap).all())


@certificate("ref.edit_B_complex")
def complex_cycles_are_averages_of_legendre_polynomials() -> bool:
    r"""Both forms of $(T)_s c_s$ agree, and $\lvert (T)_s c_s \rvert \le d$: all s and d to T = 16.

    With $\lvert P_{s-1} \rvert \le 1$ the second form proves the bound at every size.
    """
    holds = []
    for samples in range(2, 17):
        for dim in range(1, samples):
            for order in range(1, samples + 1):
                where = {"order": order, "dim": dim, "samples": samples}
                found = complex_cycles.complex_cycle_sum(**where)
                holds += [found == complex_cycles.legendre_cycle_sum(**where), abs(found) <= dim]
    return all(holds)


@certificate("ref.edit_B_loewner")
def quarter_turns_stay_below_the_bound() -> bool:
    """True if editing 100 quarter-turned rows one by one keeps below 2e - 1; 4.609 is above."""
    design = corrected.quarter_turn_frame(samples=100)
    overlaps = design[:, :, None] * design[:, None, :]
    covariance = corrected.disjoint_covariances(overlaps=overlaps)[-1]
    largest = float(np.linalg.eigvalsh(covariance)[-1])
    return largest <= corrected.disjoint_inflation_bound() + 1e-9


@certificate("zhu2025.eq36")
def the_printed_trace_is_defined() -> bool:
    """True if the product has a trace although least squares needs more rows than columns."""
    sizes = [(dim, dim + extra) for dim in (1, 2, 10) for extra in (2, 3, 100)]
    return any(assumptions.equation_36_is_defined(dim=dim, samples=rows) for dim, rows in sizes)


def _mixed_limit(weight: Fraction, ratio: Fraction) -> Fraction:
    return (weight**2 + ratio * (1 - weight) ** 2) / (weight * (2 - weight))


def _fractions(values: list | np.ndarray) -> np.ndarray:
    return np.array([[Fraction(int(value)) for value in row] for row in values], dtype=object)


def _inverse(matrix: np.ndarray) -> np.ndarray:
    """Inverse of a 2 x 2 matrix of fractions."""
    (a, b), (c, d) = matrix
    return np.array([[d, -b], [-c, a]], dtype=object) / (a * d - b * c)


@certificate("ref.edit_C")
def repeated_edits_of_the_same_rows() -> bool:
    r"""The kept noise, of variance 1 - m, comes back m times each time; the rest is drawn anew.

    $w' = u_K + m w + \epsilon$ with $\mathrm{Var}\,\epsilon = m$: the kept part grows by
    $s' = 1 + m s$ and the variance of the rest by $v' = m^2 v + m$.
    """
    holds = []
    for rows in range(1, 12):
        share, kept = Fraction(rows, 12), Fraction(1)
        rest = share
        for generation in range(1, 8):
            exact = (1 - share) * kept**2 + rest
            power = share**generation
            printed = (1 - power) ** 2 / (1 - share) + share * (1 - power**2) / (1 - share**2)
            found = schedules.fixed_edits_inflation(
                samples=12, edit_counts=[rows] * 7, generation=generation
            )
            holds += [exact == printed, abs(found - exact) < 1e-12]
            kept, rest = 1 + share * kept, share**2 * rest + share
    return all(holds)
