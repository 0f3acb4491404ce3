"""Moments of the Gram matrix A = X'X and of the hat matrix P = X A^-1 X' of a Gaussian design.

X is samples x dim (T x d) with independent N(0, 1) entries; p stands for the leverage P_11 and
(a)_j for the rising factorial a (a + 1) ... (a + j - 1). The moments of P are exact fractions:
P is a uniformly random projection, so they are rational in d and T. A moment that names more
distinct rows than there are is the value of a term that does not occur, and is zero.
"""

import math
from fractions import Fraction
from typing import NamedTuple

from theory.validate import require_count, require_positive, require_rows


class ErrorMoments(NamedTuple):
    """Mean, variance and relative standard deviation of the test error of one fit."""

    mean: float
    variance: float
    relative_std: float


def base_error(*, dim: int, samples: int, noise_std: float = 1.0) -> float:
    r"""Mean test error of one least-squares fit on real data.

    $b = \sigma^2 d / (T - d - 1)$, any covariance of the rows, $T \ge d + 2$.
    Source: inverse-Wishart mean; Zhu et al. 2025, equation 7 at n = 1.

    >>> base_error(dim=4, samples=9, noise_std=2.0)
    4.0
    """
    require_positive("noise_std", noise_std, zero=True)
    return noise_std**2 * mean_trace_inverse_gram(dim=dim, samples=samples)


def given_base_error(*, dim: int, samples: int, noise_std: float = 1.0) -> float:
    r"""Test error on a given design of full column rank, by its own second moments: $\sigma^2 d/T$.

    >>> given_base_error(dim=4, samples=8, noise_std=2.0)
    2.0
    """
    require_count("dim", dim, least=1)
    require_count("samples", samples, least=dim)
    require_positive("noise_std", noise_std, zero=True)
    return noise_std**2 * dim / samples


def mean_trace_inverse_gram(*, dim: int, samples: int) -> float:
    r"""Mean trace of the inverse Gram matrix, more rows than columns.

    $E\,\mathrm{tr} A^{-1} = d / (T - d - 1)$, $T \ge d + 2$.
    Source: inverse-Wishart mean.

    >>> mean_trace_inverse_gram(dim=3, samples=10)
    0.5
    """
    require_rows(dim, samples, extra=2, what="the mean of tr A^-1")
    return dim / (samples - dim - 1)


def mean_trace_inverse_kernel(*, dim: int, samples: int) -> float:
    r"""Mean trace of the inverse of XX', fewer rows than columns.

    $E\,\mathrm{tr}(XX^\top)^{-1} = T / (d - T - 1)$, $T < d - 1$.
    Source: inverse-Wishart mean with the roles of rows and columns exchanged.

    >>> mean_trace_inverse_kernel(dim=10, samples=3)
    0.5
    """
    require_count("samples", samples, least=1, most=dim - 2)
    return samples / (dim - samples - 1)


def mean_trace_inverse_gram_squared(*, dim: int, samples: int) -> float:
    r"""Mean trace of the squared inverse Gram matrix; infinite for T = d + 2 and d + 3.

    $E\,\mathrm{tr} A^{-2} = \frac{d (T - 1)}{(T - d)(T - d - 1)(T - d - 3)}$, $T \ge d + 4$.
    Source: second inverse-Wishart moment.

    >>> mean_trace_inverse_gram_squared(dim=1, samples=6)
    0.125
    """
    require_rows(dim, samples, extra=2, what="the mean of tr A^-1")
    gap = samples - dim
    if gap < 4:
        return math.inf
    return dim * (samples - 1) / (gap * (gap - 1) * (gap - 3))


def error_moments(*, dim: int, samples: int, noise_std: float = 1.0) -> ErrorMoments:
    r"""Mean, variance and relative standard deviation of the test error of one fit.

    The error is $\sigma^2 \chi^2_d / \chi^2_{T - d + 1}$, so the mean is $b$ and the squared
    relative standard deviation is $\frac{2 (T - 1)}{d (T - d - 3)}$: the mean is
    finite for $T \ge d + 2$, the variance for $T \ge d + 4$, and both are infinite below.
    Source: moments of the F law.

    >>> error_moments(dim=2, samples=7)
    ErrorMoments(mean=0.5, variance=0.75, relative_std=1.7320508075688772)
    """
    require_count("dim", dim, least=1)
    require_count("samples", samples, least=dim)
    gap = samples - dim
    mean = base_error(dim=dim, samples=samples, noise_std=noise_std) if gap >= 2 else math.inf
    if gap < 4:
        return ErrorMoments(mean, math.inf, math.inf)
    relative_variance = 2 * (samples - 1) / (dim * (gap - 3))
    return ErrorMoments(mean, mean**2 * relative_variance, math.sqrt(relative_variance))


def beta_moment(j: int, l: int, *, dim: int, samples: int) -> Fraction:  # noqa: E741
    r"""Mixed moment of a leverage p and its complement.

    $\beta_{jl} = E\,p^j (1 - p)^l = \frac{(d/2)_j ((T - d)/2)_l}{(T/2)_{j + l}}$, $T \ge d$.
    Source: $p \sim \mathrm{Beta}(d/2, (T - d)/2)$.

    >>> beta_moment(1, 1, dim=1, samples=2)
    Fraction(1, 8)
    """
    require_count("dim", dim, least=1)
    require_count("samples", samples, least=dim)
    a, b = Fraction(dim, 2), Fraction(samples - dim, 2)
    return _rising(a, j) * _rising(b, l) / _rising(a + b, j + l)


def leverage_second_moment(*, dim: int, samples: int) -> Fraction:
    r"""$q_2 = E P_{11}^2 = \frac{d (d + 2)}{T (T + 2)}$, $T \ge d$.

    >>> leverage_second_moment(dim=1, samples=4)
    Fraction(1, 8)
    """
    return beta_moment(2, 0, dim=dim, samples=samples)


def off_diagonal_second_moment(*, dim: int, samples: int) -> Fraction:
    r"""$c_2 = E P_{12}^2 = \frac{d (T - d)}{T (T + 2)(T - 1)}$: P^2 = P spreads p - p^2.

    >>> off_diagonal_second_moment(dim=1, samples=4)
    Fraction(1, 24)
    """
    return _over_rows(beta_moment(1, 1, dim=dim, samples=samples), samples - 1)


def leverage_product(*, dim: int, samples: int) -> Fraction:
    r"""$q_{11} = E P_{11} P_{22} = \frac{d (d T + d - 2)}{T (T + 2)(T - 1)}$: tr P = d.

    >>> leverage_product(dim=1, samples=4)
    Fraction(1, 24)
    """
    first, second = (beta_moment(j, 0, dim=dim, samples=samples) for j in (1, 2))
    return _over_rows(dim * first - second, samples - 1)


def leverage_times_off_diagonal(*, dim: int, samples: int) -> Fraction:
    r"""$g_P = E P_{11} P_{12}^2 = \beta_{21} / (T - 1)$.

    >>> leverage_times_off_diagonal(dim=1, samples=4)
    Fraction(1, 64)
    """
    return _over_rows(beta_moment(2, 1, dim=dim, samples=samples), samples - 1)


def cycle_moment_3(*, dim: int, samples: int) -> Fraction:
    r"""$c_3 = E P_{12} P_{23} P_{31} = \frac{d (T - d)(T - 2d)}{T (T + 2)(T - 1)(T - 2)(T + 4)}$.

    From $P^2 = P$: $P_{12}^2 = \sum_j P_{12} P_{2j} P_{j1}$, hence $c_3 = (c_2 - 2 g_P)/(T - 2)$.

    >>> cycle_moment_3(dim=4, samples=9)
    Fraction(5, 18018)
    """
    second = off_diagonal_second_moment(dim=dim, samples=samples)
    leveraged = leverage_times_off_diagonal(dim=dim, samples=samples)
    return _over_rows(second - 2 * leveraged, samples - 2)


def leverage_pair_off_diagonal(*, dim: int, samples: int) -> Fraction:
    r"""$z_P = E P_{11} P_{22} P_{12}^2 = \frac{3 \beta_{22} + (d - 1) \beta_{21}}{(T - 1)(T + 1)}$.

    Given row 1, $P_{22} = P_{12}^2 / p$ plus the leverage of an independent projection of rank
    d - 1 on the other rows.

    >>> leverage_pair_off_diagonal(dim=1, samples=2)
    Fraction(3, 128)
    """
    own, rest = (beta_moment(2, l, dim=dim, samples=samples) for l in (2, 1))  # noqa: E741
    return _over_rows(3 * own + (dim - 1) * rest, samples**2 - 1)


def off_diagonal_path(*, dim: int, samples: int) -> Fraction:
    r"""$y_P = E P_{12}^2 P_{23}^2 = \frac{\beta_{22}}{(T - 1)(T + 1)}$ of three rows.

    Given $P_{22}$, the rest of that row is uniform on a sphere in T - 1 dimensions.

    >>> off_diagonal_path(dim=1, samples=3)
    Fraction(1, 315)
    """
    spread = beta_moment(2, 2, dim=dim, samples=samples)
    return _over_rows(spread, samples**2 - 1) if samples >= 3 else Fraction(0)


def leverage_times_cycle(*, dim: int, samples: int) -> Fraction:
    r"""$x_P = E P_{11} P_{12} P_{23} P_{31}$ of three rows.

    $x_P = \frac{\beta_{22} - \frac{d - 1}{T - 2} \beta_{21}}{(T - 1)(T + 1)}$.

    >>> leverage_times_cycle(dim=1, samples=3)
    Fraction(1, 315)
    """
    own, rest = (beta_moment(2, l, dim=dim, samples=samples) for l in (2, 1))  # noqa: E741
    return _over_rows((samples - 2) * own - (dim - 1) * rest, (samples - 2) * (samples**2 - 1))


def cycle_moment_4(*, dim: int, samples: int) -> Fraction:
    r"""$c_4 = E P_{12} P_{23} P_{34} P_{41} = (c_3 - 2 x_P - y_P) / (T - 3)$ of four rows.

    >>> cycle_moment_4(dim=1, samples=4)
    Fraction(1, 1920)
    """
    three = cycle_moment_3(dim=dim, samples=samples)
    leveraged = leverage_times_cycle(dim=dim, samples=samples)
    path = off_diagonal_path(dim=dim, samples=samples)
    return _over_rows(three - 2 * leveraged - path, samples - 3)


def _rising(start: Fraction, steps: int) -> Fraction:
    return math.prod((start + step for step in range(steps)), start=Fraction(1))


def _over_rows(total: Fraction, rows: int) -> Fraction:
    """Share `total` equally over `rows` rows; zero rows give a term of zero."""
    return total / rows if rows > 0 else Fraction(0)
