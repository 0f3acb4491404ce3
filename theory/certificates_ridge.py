"""Certificates on fits with a penalty, in fractions over grids of modes, weights and penalties."""

from fractions import Fraction

from theory.claims import certificate
from theory.linear import penalised_mixing

_HALF = [Fraction(k, 20) for k in range(11)]
"""Real weights from 0 to 1/2."""

_KEPT = [Fraction(k, 13) for k in range(1, 13)]
"""What a mode of the design keeps of its labels, g = s / (s + lambda T)."""


@certificate("garg2026.ridge")
def mixing_ridge_below_one_half_never_pays() -> bool:
    r"""Below 1/2 bias and noise of every mode fall as w grows; at a large penalty the best w is 1.

    Bias $(\frac{1 - g}{1 - (1 - w) g})^2$ and noise $\frac{w^2 + (1 - w)^2}{1 - (1 - w)^2 g^2}$
    of the fixed point, which the round itself is seen to keep. With |w_0| = sigma = d = 1 and
    p = lambda T a mode s has the slope $\frac{2 s}{(s + p)^3} (s + p - p^2)$ at w = 1: below zero
    for every large penalty.
    """
    least = Fraction(penalised_mixing.ridge_least_optimal_weight())
    holds = [least == _HALF[-1]]
    for kept in _KEPT:
        values = [(_bias(w, kept), _noise(w, kept)) for w in _HALF]
        holds += [a > b and c > d for (a, c), (b, d) in zip(values, values[1:], strict=False)]
        for w in _HALF[1:]:
            bias = 1 - _missed(w, kept)  # of the weights 1
            holds.append(kept * (w + (1 - w) * bias) == bias)
            noise = _noise(w, kept)
            holds.append((1 - w) ** 2 * kept**2 * noise + w**2 + (1 - w) ** 2 == noise)
    for size in (Fraction(1, 100), Fraction(1), Fraction(100)):
        for penalty in (Fraction(1, 2), Fraction(2), Fraction(50)):
            slope = 2 * size / (size + penalty) ** 3 * (size + penalty - penalty**2)
            holds.append(_slope_at_one(size, penalty) == slope)
            errors = [_error(Fraction(k, 20), size, penalty) for k in range(21)]
            holds.append(_agrees(Fraction(3, 4), size, penalty))
            holds.append((min(errors) == errors[-1]) == (slope < 0))
    return all(holds)


def _missed(weight: Fraction, kept: Fraction) -> Fraction:
    """Share of the true weights that the limit of the rounds misses."""
    return (1 - kept) / (1 - (1 - weight) * kept)


def _bias(weight: Fraction, kept: Fraction) -> Fraction:
    return _missed(weight, kept) ** 2


def _noise(weight: Fraction, kept: Fraction) -> Fraction:
    """Variance in units of one round's on clean labels."""
    return (weight**2 + (1 - weight) ** 2) / (1 - (1 - weight) ** 2 * kept**2)


def _error(weight: Fraction, size: Fraction, penalty: Fraction) -> Fraction:
    """Limiting error of the mode s = `size` at the penalty lambda T."""
    kept = size / (size + penalty)
    return _bias(weight, kept) + _noise(weight, kept) * size / (size + penalty) ** 2


def _slope_at_one(size: Fraction, penalty: Fraction) -> Fraction:
    """Derivative by w at w = 1: of the bias -2 g (1 - g)^2, of w^2 + (1 - w)^2 it is 2."""
    kept = size / (size + penalty)
    return -2 * kept * (1 - kept) ** 2 + 2 * size / (size + penalty) ** 2


def _agrees(weight: Fraction, size: Fraction, penalty: Fraction) -> bool:
    """Tell whether the formula of the limit has the same number."""
    formula = penalised_mixing.ridge_mix_limit(
        gram_eigenvalues=[float(size)],
        samples=1,
        penalty=float(penalty),
        true_norm=1.0,
        real_weight=float(weight),
    )
    exact = float(_error(weight, size, penalty))
    return abs(formula - exact) < 1e-12 * exact
