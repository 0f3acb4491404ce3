"""Strong collapse: a fit on a mixture of real rows and rows of a shifted synthetic model.

Of T rows a fraction p_2 = 1 - p_1 (k rows) is labelled by w_0 + delta, with a random delta of
mean zero and covariance Delta; `shift_norm` is c with tr(Sigma Delta) = c^2. The shift is given
from outside: it does not shrink with the generator's own data, and nothing is iterated.
"""

from fractions import Fraction

import numpy as np
import scipy
from numpy.typing import ArrayLike

from theory.claims import claim
from theory.linear.wishart import base_error
from theory.validate import (
    require_count,
    require_fraction,
    require_positive,
    require_rows,
    require_scales,
)


def shift_factor(*, dim: int, samples: int, synthetic_rows: int) -> Fraction:
    r"""Exact share of the shift's size that a least-squares fit inherits.

    $\zeta / c^2 = p_2^2 + p_1 p_2 u$ with
    $u = \frac{(d + 1) T^2 - (d + 5) T + 2 (d + 1)}{(T - 1)(T + 2)(T - d - 1)}$: isotropic
    Gaussian rows, no penalty, $T \ge d + 2$. Exchangeable rows make $\zeta$ quadratic in k; it
    is 0 at k = 0, $c^2$ at k = T, and $\frac{c^2}{d} E P_{11}^2 \frac{T - 2}{T - d - 1}$ at
    k = 1. Source: docs/theory.md, strong collapse.

    >>> shift_factor(dim=1, samples=20, synthetic_rows=5)
    Fraction(7, 88)
    """
    require_rows(dim, samples, extra=2)
    require_count("synthetic_rows", synthetic_rows, least=0, most=samples)
    fraction = Fraction(synthetic_rows, samples)
    numerator = (dim + 1) * samples**2 - (dim + 5) * samples + 2 * (dim + 1)
    spread = Fraction(numerator, (samples - 1) * (samples + 2) * (samples - dim - 1))
    return fraction**2 + fraction * (1 - fraction) * spread


@claim(
    "ref.strong_T",
    "docs/theory.md, strong collapse",
    relation="==",
    says=r"Exact error on a mixture: noise $\frac{d}{T - d - 1} + c^2 (p_2^2 + p_1 p_2 u(T, "
    "d))$.",
    needed="isotropic Gaussian X, ridgeless, T >= d + 2",
    expected="holds",
)
def mixture_error(
    *,
    dim: int,
    samples: int,
    synthetic_rows: int,
    shift_norm: float,
    noise_std: float = 1.0,
    synthetic_noise_std: float = 1.0,
) -> float:
    r"""Exact test error of least squares on the mixture, isotropic Gaussian rows.

    $(p_1 \sigma_1^2 + p_2 \sigma_2^2) \frac{d}{T - d - 1} + \zeta$, $T \ge d + 2$.
    Source: docs/theory.md, strong collapse.

    >>> mixture_error(dim=1, samples=4, synthetic_rows=2, shift_norm=0.0)
    0.5
    """
    require_scales(
        shift_norm=shift_norm, noise_std=noise_std, synthetic_noise_std=synthetic_noise_std
    )
    factor = shift_factor(dim=dim, samples=samples, synthetic_rows=synthetic_rows)
    fraction = synthetic_rows / samples
    noise = (1 - fraction) * noise_std**2 + fraction * synthetic_noise_std**2
    return noise * base_error(dim=dim, samples=samples) + shift_norm**2 * float(factor)


def shift_error_isotropic(
    *, dim: int, samples: int, synthetic_fraction: float, shift_norm: float
) -> float:
    r"""Error left by the shift as d and T grow together, isotropic, no penalty.

    $\zeta \to c^2 (p_2^2 + p_1 p_2 \frac{\phi}{1 - \phi})$, $\phi = d/T < 1$.
    Source: Dohmatob et al. 2025, Theorem 1 at $\Sigma = I$, $\lambda = 0$.

    >>> shift_error_isotropic(dim=1, samples=2, synthetic_fraction=0.5, shift_norm=2.0)
    2.0
    """
    require_rows(dim, samples, extra=1, what="the limiting error")
    require_fraction("synthetic_fraction", synthetic_fraction)
    require_scales(shift_norm=shift_norm)
    cross = (1 - synthetic_fraction) * synthetic_fraction * dim / (samples - dim)
    return shift_norm**2 * (synthetic_fraction**2 + cross)


def effective_ridge(*, covariance_eigenvalues: ArrayLike, samples: int, penalty: float) -> float:
    r"""Effective penalty of the population problem that behaves like the sampled one.

    The root $\varkappa \ge 0$ of $\varkappa - \lambda = \frac{\varkappa}{T} \mathrm{tr}\,
    \Sigma (\Sigma + \varkappa I)^{-1}$, the penalty being on the mean of squares; zero for
    $\lambda = 0$ and $d \le T$. Source: deterministic equivalents of sample covariances.

    >>> round(effective_ridge(covariance_eigenvalues=[1.0] * 4, samples=2, penalty=0.0), 12)
    1.0
    """
    spectrum = _spectrum(covariance_eigenvalues)
    require_count("samples", samples, least=1)
    require_positive("penalty", penalty, zero=True)
    if penalty == 0 and spectrum.size <= samples:
        return 0.0

    def excess(ridge: float) -> float:
        return 1 - penalty / ridge - np.sum(spectrum / (spectrum + ridge)) / samples

    most = 2 * (penalty + spectrum.sum() / samples)  # there excess > 0, as x/(x + r) < x/r
    least = most
    while excess(least) >= 0:
        least /= 2
    found = scipy.optimize.root_scalar(excess, bracket=(least, most), xtol=1e-15 * most, rtol=1e-14)
    return float(found.root)


@claim(
    "dohmatob2025.thm1",
    "Dohmatob et al. 2025, Theorem 1",
    relation="->",
    provenance="recalled",
    says=r"Ridge on a mixture: $E \sim B + V + \zeta$.",
    stated="proportional limit, exogenous shift (recalled)",
    needed="Gaussian X; tr(Sigma Delta) = c^2",
    expected="holds in the limit, for a ridge with d > T and without one; off by O(1/d) before",
)
def mixture_error_asymptotic(
    *,
    covariance_eigenvalues: ArrayLike,
    shift_variances: ArrayLike,
    true_weights: ArrayLike,
    samples: int,
    penalty: float,
    synthetic_fraction: float,
    noise_std: float = 1.0,
    synthetic_noise_std: float = 1.0,
) -> float:
    r"""Test error of ridge on the mixture, any covariance, as d and T grow together.

    $B + V + \zeta$, with $u = \frac{t}{1 - t}$, $t = \frac1T \mathrm{tr}\, \Sigma^2 R^2$,
    $R = (\Sigma + \varkappa I)^{-1}$, $B = \varkappa^2 (1 + u) w_0^\top \Sigma R^2 w_0$,
    $V = (p_1 \sigma_1^2 + p_2 \sigma_2^2) u$ and $\zeta = p_2^2 (1 + p_1 u) \mathrm{tr}\,
    \Delta \Sigma^3 R^2 + p_2 u\, \mathrm{tr}\, \Delta \Sigma (p_1 \Sigma + \varkappa I)^2 R^2$.
    All vectors are in the eigenbasis of Sigma; the penalty is on the mean of squares. With
    $\varkappa$ known, $\zeta = p_1 p_2 u c^2 + p_2^2 \zeta|_{p_2 = 1}$ is the same number.
    Source: Dohmatob et al. 2025, Theorem 1.

    >>> mixture_error_asymptotic(
    ...     covariance_eigenvalues=[1.0], shift_variances=[4.0], true_weights=[1.0], samples=2,
    ...     penalty=0.0, synthetic_fraction=0.5)
    3.0
    """
    require_fraction("synthetic_fraction", synthetic_fraction)
    require_scales(noise_std=noise_std, synthetic_noise_std=synthetic_noise_std)
    x, real = _spectrum(covariance_eigenvalues), 1 - synthetic_fraction
    ridge = effective_ridge(covariance_eigenvalues=x, samples=samples, penalty=penalty)
    squared_degrees = np.sum((x / (x + ridge)) ** 2) / samples
    if squared_degrees >= 1:
        raise ValueError(f"samples={samples}: with penalty=0 accepted are samples != dim={x.size}")
    u = float(squared_degrees / (1 - squared_degrees))
    shift, weights = np.asarray(shift_variances, float), np.asarray(true_weights, float)
    kept = synthetic_fraction**2 * (1 + real * u) * np.sum(shift * x**3 / (x + ridge) ** 2)
    spread = np.sum(shift * x * (real * x + ridge) ** 2 / (x + ridge) ** 2)
    noise = real * noise_std**2 + synthetic_fraction * synthetic_noise_std**2
    bias = ridge**2 * (1 + u) * np.sum(weights**2 * x / (x + ridge) ** 2)
    return float(bias + noise * u + kept + synthetic_fraction * u * spread)


def _spectrum(eigenvalues: ArrayLike) -> np.ndarray:
    spectrum = np.asarray(eigenvalues, dtype=float)
    if spectrum.ndim != 1 or not spectrum.size or not np.all(spectrum > 0):
        raise ValueError(
            f"covariance_eigenvalues={eigenvalues}: accepted is a vector of positive numbers"
        )
    return spectrum
