r"""A Gaussian fitted again and again to its own draws: moments of the fit, exactly.

Generation 1 is the fit on `samples` human points, so generation n has been fitted n times. Results
are in units of the true (co)variance and hold entry by entry in any dimension unless said
otherwise. `unbiased` divides the scatter by M - 1; the maximum-likelihood fit divides by M, and its
first two moments are those of any law on vectors, so of categorical laws too. `samples` may be one
size or one for each generation where it is called sizes. Means of the variance are carried by
ever rarer chains: compare logarithms (`mean_log_variance`) or use
`theory.distributions.forgetting`.
"""

import math
from collections.abc import Sequence

import numpy as np
import scipy

from theory.claims import claim
from theory.validate import require_count, require_positive

_SHUMAILOV = "Shumailov et al. 2024"
_GAUSSIAN = "derived: theory/distributions/gaussian.py"
_KAZDAN = "Kazdan et al. 2025"


_SERIES = (-1 / 4, 1 / 24, -1 / 20, 17 / 112, -31 / 36, 691 / 88)
"""Series of log(sqrt(2/n) Gamma((n+1)/2) / Gamma(n/2)) in 1/n, 1/n^3, ...; right to rounding from n
= 50."""

Sizes = int | float | Sequence[int | float] | np.ndarray
"""Points of every generation, or of each."""


def standard_deviation_factor(*, samples: float | int, unbiased: bool = True) -> float:
    r"""Mean of s/sigma in one dimension: $\sqrt{2/(M-1)}\,\Gamma(M/2)/\Gamma((M-1)/2)$.

    $\alpha$; times $\sqrt{1 - 1/M}$ by maximum likelihood.

    >>> round(standard_deviation_factor(samples=3) ** 2 * 4 / math.pi, 12)
    1.0
    """
    return float(np.exp(_log_deviation_factors(require_sizes(samples, 1), unbiased)[0]))


@claim(
    "kazdan2025.gauss_replace",
    _KAZDAN,
    relation="==",
    provenance="recalled",
    given={"unbiased": False},
    says=r"replace: the mean covariance is $(1 - \frac{1}{M})^n$, and it vanishes",
    stated="the published code fits the biased covariance (recalled)",
    needed="maximum likelihood; with unbiased fits the mean stays and the median vanishes",
    expected="holds",
)
@claim(
    "alemohammad2024.bias",
    "Alemohammad et al. 2024",
    relation="==",
    provenance="recalled",
    says=r"sampling with variance $\lambda$: $E \Sigma_n = \lambda^{n-1}$",
    stated=r"$\Sigma_t \propto \lambda^t$ (recalled)",
    needed="replace, unbiased variance; a factor (1 - 1/M)^n more by maximum likelihood",
    expected="holds",
)
def replace_variance(
    *,
    samples: Sizes,
    generation: int,
    unbiased: bool = True,
    sampling_variance: float = 1.0,
) -> float:
    r"""Mean variance of the fit under replace, sizes: $\lambda^{n-1}$, ML $\prod (1 - 1/M_i)$ more.

    `sampling_variance` is $\lambda$: models are sampled with $\lambda$ times their variance.
    Source: Kazdan et al. 2025 (ML); Alemohammad et al. 2024 (lambda); derived here.

    >>> replace_variance(samples=4, generation=2, unbiased=False, sampling_variance=0.5)
    0.28125
    """
    sizes = require_sizes(samples, generation)
    require_positive("sampling_variance", sampling_variance, zero=True)
    kept = 1.0 if unbiased else np.exp(np.sum(np.log1p(-1 / sizes)))
    return float(sampling_variance ** (generation - 1) * kept)


def replace_mean_error(
    *,
    samples: Sizes,
    generation: int,
    unbiased: bool = True,
    sampling_variance: float = 1.0,
) -> float:
    r"""Mean squared error of the fitted mean under replace, sizes: $\sum_i V_{i-1} / M_i$.

    $V_i$ is the variance that fit i is sampled with, $V_0 = 1$. So n/M unbiased and
    $1 - (1 - 1/M)^n$ by maximum likelihood, at $\lambda = 1$. Source: derived here.

    >>> replace_mean_error(samples=(4, 8), generation=2)
    0.375
    """
    sizes = require_sizes(samples, generation)
    require_positive("sampling_variance", sampling_variance, zero=True)
    factors = sampling_variance * _variance_factors(sizes, unbiased)
    before = np.cumprod(np.concatenate([[1.0], factors[:-1]]))
    return float(np.sum(before / sizes))


def replace_standard_deviation(*, samples: Sizes, generation: int, unbiased: bool = True) -> float:
    r"""Mean standard deviation of the fit under replace, one dimension, sizes: $\prod\alpha(M_i)$.

    >>> round(replace_standard_deviation(samples=3, generation=2) * 4 / math.pi, 12)
    1.0
    """
    return math.exp(_log_deviation(samples, generation, unbiased))


@claim(
    "shum2024.var",
    _SHUMAILOV,
    relation="==",
    provenance="recalled",
    given={"unbiased": True},
    says="a point drawn from the n-th fit has variance 1 + n/M",
    stated="unbiased variance, up to O(M^-2) (recalled)",
    needed="unbiased variance; by maximum likelihood the variance stays 1",
    expected="holds, exactly",
)
def draw_variance(*, samples: Sizes, generation: int, unbiased: bool = True) -> float:
    r"""Variance, over chains, of one point drawn from the fit, sizes: $1 + \sum 1/M_i$; 1 for ML.

    Source: Shumailov et al. 2024, there up to $O(M^{-2})$.

    >>> draw_variance(samples=4, generation=6)
    2.5
    """
    return replace_variance(
        samples=samples, generation=generation, unbiased=unbiased
    ) + replace_mean_error(samples=samples, generation=generation, unbiased=unbiased)


@claim(
    "ref.w2",
    _GAUSSIAN,
    relation="==",
    says=r"$E W_2^2 = \sum 1/M_i + 2 (1 - \prod \alpha(M_i))$",
    needed="one dimension; by maximum likelihood only the second part, with its alpha",
    expected="holds",
)
def squared_wasserstein(*, samples: Sizes, generation: int, unbiased: bool = True) -> float:
    r"""Mean squared 2-Wasserstein distance of the fit to the truth, one dimension, replace, sizes.

    $\sum 1/M_i + 2 (1 - \prod \alpha(M_i))$; ML $2 (1 - \prod \alpha_{ML}(M_i))$.
    Source: derived here.

    >>> round(squared_wasserstein(samples=3, generation=1) + math.sqrt(math.pi), 6)
    2.333333
    """
    # Of many points 1 - the mean deviation is small: not a difference of the two.
    lost = -2 * math.expm1(_log_deviation(samples, generation, unbiased))
    if not unbiased:
        return lost
    return replace_mean_error(samples=samples, generation=generation) + lost


@claim(
    "shum2024.w2lead",
    _SHUMAILOV,
    relation="->",
    provenance="recalled",
    says=r"$E W_2^2 \approx \frac32 \sum 1/M_i$",
    stated="leading order (recalled)",
    needed="sum 1/M_i -> 0; either estimator",
    expected="holds to leading order; 6 % high at M = 20, n = 40",
    order="leading",
)
def squared_wasserstein_leading(*, samples: Sizes, generation: int) -> float:
    r"""Squared Wasserstein distance for many points, either estimator: $\frac32 \sum_i 1/M_i$.

    Source: Shumailov et al. 2024.

    >>> squared_wasserstein_leading(samples=6, generation=2)
    0.5
    """
    return float(1.5 * np.sum(1 / require_sizes(samples, generation)))


@claim(
    "ref.gauss_growing",
    _GAUSSIAN,
    relation="->",
    says=r"with $M i^p$ points in generation i the mean's error ends at $\zeta(p)/M$",
    stated="superlinear growth keeps the error finite (Shumailov et al., recalled)",
    needed="unbiased variance, p > 1; infinite at p = 1",
    expected="holds",
)
def growing_mean_error(*, sizes: Sequence[int | float], generation: int) -> float:
    """Squared error of the mean when generation i has `sizes[i - 1]` points: `replace_mean_error`.

    >>> growing_mean_error(sizes=[4, 8, 16], generation=2)
    0.375
    """
    require_count("generation", generation, least=1, most=len(sizes))
    return replace_mean_error(samples=list(sizes[:generation]), generation=generation)


def growing_mean_error_limit(*, samples: float | int, power: float) -> float:
    r"""Limit of $\sum_i 1/M_i$ when generation i has $M i^p$ points: $\zeta(p)/M$.

    Infinite unless p > 1: only superlinear growth keeps the unbiased chain near the truth.

    >>> round(growing_mean_error_limit(samples=5, power=2.0) / math.pi**2 * 30, 12)
    1.0
    """
    require_sizes(samples, 1)
    require_positive("power", power, zero=True)
    return float(scipy.special.zeta(power) / samples) if power > 1 else math.inf


def require_sizes(samples: Sizes, generation: int) -> np.ndarray:
    """Sizes of all generations, each finite and >= 2; raises ValueError."""
    require_count("generation", generation, least=1)
    sizes = np.asarray(samples, dtype=float)
    if sizes.shape not in ((), (generation,)):
        raise ValueError(
            f"samples has shape {sizes.shape}: accepted are a number and ({generation},)"
        )
    if not (np.isfinite(sizes) & (sizes >= 2)).all():
        raise ValueError(f"samples={samples}: accepted are finite numbers >= 2")
    return np.broadcast_to(sizes, (generation,))


def _variance_factors(sizes: np.ndarray, unbiased: bool) -> np.ndarray:
    return np.ones_like(sizes) if unbiased else 1 - 1 / sizes


def _log_deviation(samples: Sizes, generation: int, unbiased: bool) -> float:
    """Log of the mean standard deviation of the fit under replace."""
    return float(np.sum(_log_deviation_factors(require_sizes(samples, generation), unbiased)))


def _log_deviation_factors(sizes: np.ndarray, unbiased: bool) -> np.ndarray:
    freedom = sizes - 1
    large = np.maximum(freedom, 50.0)
    series = sum(c * large ** (-1.0 - 2 * k) for k, c in enumerate(_SERIES))
    small = np.minimum(freedom, 50.0)
    direct = np.log(np.sqrt(2 / small) * scipy.special.poch(small / 2, 0.5))
    logs = np.where(freedom < 50, direct, series)
    return logs if unbiased else logs + np.log1p(-1 / sizes) / 2
