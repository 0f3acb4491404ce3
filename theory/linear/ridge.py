"""Ridge and minimum-norm fits in chains of models, isotropic Gaussian rows.

The penalty lambda is on the mean of squares: with S = X'X/T the fit is (S + lambda I)^-1 X'y/T,
and G = (S + lambda I)^-1 S is what it keeps of the weights behind its labels. Three numbers say
all: g = E tr G / d, h = E tr G^2 / d and v = E tr S (S + lambda I)^-2 / T.
"""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import scipy
from numpy.typing import ArrayLike

from theory.claims import claim
from theory.linear.wishart import base_error, mean_trace_inverse_kernel
from theory.validate import require_count, require_positive


class RidgeConstants(NamedTuple):
    """Constants of a ridge fit: kept of the weights (g), of their square (h), and added noise
    (v)."""

    kept: float
    kept_squared: float
    noise_gain: float


def ridge_constants(*, gram_eigenvalues: ArrayLike, samples: int, penalty: float) -> RidgeConstants:
    r"""Constants averaged over given spectra of Gram matrices X'X.

    $g = \frac1d E\,\mathrm{tr} G$, $h = \frac1d E\,\mathrm{tr} G^2$,
    $v = \frac1T E\,\mathrm{tr} S (S + \lambda I)^{-2}$. The last axis holds the d eigenvalues of
    one matrix, zeros included; all others are averaged over. Exact for the spectra given.
    Source: docs/theory.md, ridge.

    >>> ridge_constants(gram_eigenvalues=[[2.0, 2.0]], samples=2, penalty=1.0)
    RidgeConstants(kept=0.5, kept_squared=0.25, noise_gain=0.25)
    """
    require_count("samples", samples, least=1)
    require_positive("penalty", penalty, zero=True)
    spectra = np.asarray(gram_eigenvalues, dtype=float) / samples
    if spectra.ndim == 0 or not spectra.size or np.any(spectra + penalty <= 0):
        raise ValueError(
            f"gram_eigenvalues of shape {spectra.shape}: accepted are arrays of numbers >= 0, "
            "> 0 when penalty=0"
        )
    kept = spectra / (spectra + penalty)
    noise = np.sum(spectra / (spectra + penalty) ** 2, axis=-1) / samples
    return RidgeConstants(float(np.mean(kept)), float(np.mean(kept**2)), float(np.mean(noise)))


def ridge_constants_one_column(*, samples: int, penalty: float) -> RidgeConstants:
    r"""Constants for d = 1 by quadrature over the law of X'X, chi-squared with T degrees.

    Without penalty $g = h = 1$ and $v = 1/(T - 2)$, which needs $T \ge 3$.
    Source: docs/theory.md, ridge.

    >>> ridge_constants_one_column(samples=6, penalty=0.0)
    RidgeConstants(kept=1.0, kept_squared=1.0, noise_gain=0.25)
    """
    require_count("samples", samples, least=1)
    require_positive("penalty", penalty, zero=True)
    if penalty == 0:
        return RidgeConstants(1.0, 1.0, base_error(dim=1, samples=samples))
    ridge = penalty * samples

    def mean(power: int) -> float:
        def integrand(x: float) -> float:
            # in x = sqrt(X'X) the density stays bounded at zero even for T = 1
            return x**power / (x**2 + ridge) ** 2 * float(scipy.stats.chi.pdf(x, samples))

        pieces = ((0.0, math.sqrt(samples)), (math.sqrt(samples), math.inf))
        return sum(
            scipy.integrate.quad(integrand, *ends, epsabs=0, epsrel=1e-11)[0] for ends in pieces
        )

    squared, noise = mean(4), mean(2)
    return RidgeConstants(squared + ridge * noise, squared, noise)


def ridge_constants_two_columns(*, samples: int, penalty: float) -> RidgeConstants:
    r"""Constants for d = 2 by quadrature over the law of the two eigenvalues of X'X, $T \ge 2$.

    Their sum is chi-squared with 2T degrees and, independently, $W = 4 \det / \mathrm{tr}^2$ has
    $P(W \le w) = w^{(T - 1)/2}$ (Mauchly 1940), so they are $\frac s2 (1 \pm \sqrt{1 - W})$.
    Source: docs/penalised.md, ridge chains.

    >>> ridge_constants_two_columns(samples=7, penalty=0.0)
    RidgeConstants(kept=1.0, kept_squared=1.0, noise_gain=0.5)
    """
    require_count("samples", samples, least=2)
    require_positive("penalty", penalty, zero=True)
    if penalty == 0:
        return RidgeConstants(1.0, 1.0, base_error(dim=2, samples=samples))
    # The root of the sum has a smooth density; ends beyond which there is 1e-16 of it.
    law = scipy.stats.chi(2 * samples)
    low, high = law.ppf(1e-16), law.isf(1e-16)
    nodes, weights = scipy.special.roots_legendre(400)
    root = (low + high + (high - low) * nodes) / 2
    chances = weights * law.pdf(root) * (high - low) / 2
    of_w, more = scipy.special.roots_jacobi(60, 0, (samples - 3) / 2)  # 2 W - 1
    apart = np.sqrt((1 - of_w) / 2)
    halves = root[:, None] ** 2 / 2 / samples
    kept = kept_squared = noise = 0.0
    for eigenvalue in (halves * (1 + apart), halves * (1 - apart)):
        shrunk = eigenvalue + penalty
        values = eigenvalue / shrunk, (eigenvalue / shrunk) ** 2, eigenvalue / shrunk**2 / samples
        g, h, v = (float(chances @ value @ more / more.sum()) for value in values)
        kept, kept_squared, noise = kept + g / 2, kept_squared + h / 2, noise + v
    return RidgeConstants(kept, kept_squared, noise)


def ridge_constants_asymptotic(*, dim: int, samples: int, penalty: float) -> RidgeConstants:
    r"""Constants as d and T grow with $\phi = d/T$ fixed (Marchenko-Pastur law).

    $m = \frac{-(1 - \phi + \lambda) + \sqrt{(1 - \phi + \lambda)^2 + 4 \phi \lambda}}
    {2 \phi \lambda}$, $m_2 = -m'(\lambda)$, $g = 1 - \lambda m$,
    $h = 1 - 2 \lambda m + \lambda^2 m_2$, $v = \phi (m - \lambda m_2)$; without penalty
    $\phi < 1$. Source: docs/theory.md, ridge.

    >>> ridge_constants_asymptotic(dim=1, samples=2, penalty=0.0)
    RidgeConstants(kept=1.0, kept_squared=1.0, noise_gain=1.0)
    """
    require_count("dim", dim, least=1)
    require_positive("penalty", penalty, zero=True)
    require_count("samples", samples, least=1 if penalty else dim + 1)
    ratio = dim / samples
    centre = (samples - dim) / samples + penalty
    root = math.sqrt(centre**2 + 4 * ratio * penalty)
    # both forms of the root of phi lambda m^2 + centre m = 1; each cancels where the other holds
    m = 2 / (centre + root) if centre > 0 else (root - centre) / (2 * ratio * penalty)
    # The equation gives g = m / (1 + phi m) and v = phi g / root, which no large penalty cancels.
    kept = m / (1 + ratio * m) if penalty else 1.0
    over = ((1 - ratio) ** 2 + 2 * penalty * (1 + ratio)) / (root + penalty)  # root - penalty
    kept_squared = kept * over / root if penalty else 1.0
    return RidgeConstants(kept, kept_squared, noise_gain=ratio * kept / root)


def clean_ridge_error(
    *, constants: RidgeConstants, noise_std: float = 1.0, true_norm: float
) -> float:
    r"""Test error of one ridge fit on real data.

    $E^{clean} = \lVert w_0 \rVert^2 (h - 2 g + 1) + \sigma^2 v$, isotropic Gaussian rows.
    Source: docs/theory.md, ridge.

    >>> clean_ridge_error(constants=RidgeConstants(0.5, 0.5, 0.25), noise_std=2.0, true_norm=2.0)
    3.0
    """
    return ridge_chain_error(
        constants=constants, noise_std=noise_std, true_norm=true_norm, generation=1
    )


@claim(
    "ref.ridge_chain",
    "docs/theory.md, ridge",
    relation="==",
    says=r"Ridge every generation: $E_n = a_n - 2 b_n + \lVert w_0 \rVert^2 \to \lVert w_0 "
    r"\rVert^2 + \frac{s^2 v}{1 - h}$.",
    needed="fresh isotropic Gaussian X; finite-T or Marchenko-Pastur constants",
    expected="holds; the error is finite while the memory g^n of the truth vanishes",
)
def ridge_chain_error(
    *,
    constants: RidgeConstants | Sequence[float],
    noise_std: float = 1.0,
    true_norm: float,
    generation: int,
) -> float:
    r"""Test error when every generation is a ridge fit to fresh rows labelled by the last.

    $E_n = a_n - 2 b_n + \lVert w_0 \rVert^2$ with $a_n = h a_{n-1} + \sigma^2 v$,
    $b_n = g b_{n-1}$, $a_0 = b_0 = \lVert w_0 \rVert^2$, isotropic Gaussian rows.
    Source: docs/theory.md, ridge.

    >>> ridge_chain_error(
    ...     constants=RidgeConstants(0.5, 0.25, 0.5), true_norm=2.0, generation=2)
    2.875
    """
    require_positive("noise_std", noise_std, zero=True)
    require_positive("true_norm", true_norm, zero=True)
    require_count("generation", generation, least=1)
    constants, squared_norm = RidgeConstants(*constants), true_norm**2
    overlap = squared_norm * ridge_chain_memory(constants=constants, generation=generation)
    for _ in range(generation):
        squared_norm = constants.kept_squared * squared_norm + noise_std**2 * constants.noise_gain
    return squared_norm - 2 * overlap + true_norm**2


def ridge_chain_limit(
    *, constants: RidgeConstants, noise_std: float = 1.0, true_norm: float
) -> float:
    r"""Limiting test error of the ridge chain, infinite without penalty.

    $\lVert w_0 \rVert^2 + \frac{\sigma^2 v}{1 - h}$: finite, yet of the truth nothing is left.
    Source: docs/theory.md, ridge.

    >>> ridge_chain_limit(constants=RidgeConstants(0.5, 0.25, 0.75), true_norm=2.0)
    5.0
    """
    require_positive("noise_std", noise_std, zero=True)
    require_positive("true_norm", true_norm, zero=True)
    if constants.kept_squared >= 1:
        return math.inf
    return true_norm**2 + noise_std**2 * constants.noise_gain / (1 - constants.kept_squared)


@claim(
    "ref.ridge_memory",
    "derived: theory/linear/ridge.py, ridge_chain_memory",
    relation="==",
    says="Ridge every generation: the share $g^n$ of the true weights is left in the mean fit.",
    needed="fresh isotropic Gaussian X",
    expected="holds: a finite error is no sign that anything is remembered",
)
def ridge_chain_memory(*, constants: RidgeConstants | Sequence[float], generation: int) -> float:
    r"""Share of the true weights still in the mean fit: $g^n$, to be reported beside the error.

    The mean of $\langle \hat w_n, w_0 \rangle / \lVert w_0 \rVert^2$, isotropic Gaussian rows.
    Source: derived here.

    >>> ridge_chain_memory(constants=RidgeConstants(0.5, 0.25, 0.5), generation=3)
    0.125
    """
    require_count("generation", generation, least=1)
    return RidgeConstants(*constants).kept ** generation


@claim(
    "dohmatob2024a.overparam",
    "after Dohmatob, Feng and Kempe 2024; exact form in docs/theory.md, minimum norm",
    relation="==",
    says=r"$E = (1 - (\frac{T}{d})^n) [\lVert w_0 \rVert^2 + \sigma^2 \frac{T}{d - T - 1} "
    r"\frac{d}{d - T}]$",
    stated="the noise-free version (recalled)",
    needed="fresh isotropic Gaussian X, T <= d - 2",
    expected="holds",
)
def min_norm_error(
    *, dim: int, samples: int, noise_std: float = 1.0, true_norm: float, generation: int
) -> float:
    r"""Test error of a chain of minimum-norm fits on fresh isotropic rows.

    $(1 - \eta^n) [\lVert w_0 \rVert^2 + \sigma^2 \frac{T}{d - T - 1} \frac{d}{d - T}]$,
    $\eta = T/d$, $T \le d - 2$. Source: docs/theory.md, minimum norm; without noise after
    Dohmatob, Feng and Kempe 2024.

    >>> min_norm_error(dim=4, samples=2, noise_std=0.0, true_norm=2.0, generation=2)
    3.0
    """
    require_positive("noise_std", noise_std, zero=True)
    require_positive("true_norm", true_norm, zero=True)
    require_count("generation", generation, least=1)
    spread = mean_trace_inverse_kernel(dim=dim, samples=samples)
    lost = -math.expm1(generation * math.log1p(-(dim - samples) / dim))
    return lost * (true_norm**2 + noise_std**2 * spread * dim / (dim - samples))


@claim(
    "ref.overparam_shared",
    "docs/theory.md, minimum norm",
    relation="==",
    says=r"$E = \lVert w_0 \rVert^2 (1 - \frac{T}{d}) + n \sigma^2 \frac{T}{d - T - 1}$",
    needed="shared isotropic Gaussian X, T <= d - 2",
    expected="holds: no bias is added, and no bound is kept",
)
def min_norm_shared_error(
    *, dim: int, samples: int, noise_std: float = 1.0, true_norm: float, generation: int
) -> float:
    r"""Test error of a chain of minimum-norm fits on shared isotropic rows.

    $\lVert w_0 \rVert^2 (1 - \eta) + n \sigma^2 \frac{T}{d - T - 1}$, $\eta = T/d$,
    $T \le d - 2$: no further bias, variance linear in n. Source: docs/theory.md, minimum norm.

    >>> min_norm_shared_error(dim=4, samples=2, true_norm=2.0, generation=3)
    8.0
    """
    require_positive("noise_std", noise_std, zero=True)
    require_positive("true_norm", true_norm, zero=True)
    require_count("generation", generation, least=1)
    spread = mean_trace_inverse_kernel(dim=dim, samples=samples)
    return true_norm**2 * (dim - samples) / dim + generation * noise_std**2 * spread
