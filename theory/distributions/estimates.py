r"""Estimates from synthetic data: intervals, extrapolated fits, averages over sets.

All of a Gaussian in one dimension, in units of the truth's variance. Derivations:
docs/distributions.md, estimates, curation and extrapolation.
"""

import math

import numpy as np
from scipy import special

from theory.claims import claim
from theory.distributions.gaussian import Sizes, require_sizes
from theory.validate import require_count, require_fraction, require_positive

_DERIVED = "derived: theory/distributions/estimates.py"
_NEON = "Alemohammad, Wang and Baraniuk 2026 (arXiv 2510.03597)"


@claim(
    "ref.coverage",
    f"{_DERIVED}; motivated by Decruyenaere et al. 2023 (arXiv 2312.07837)",
    relation="->",
    says=r"the 95 % interval of generation n's own data covers $2 \Phi(1.96/\sqrt n) - 1$",
    stated="naive inference from synthetic data is overconfident",
    needed=r"$\sum 1/M_i \to 0$; exact where the variance is known",
    expected="holds: 83 % at n = 2, 46 % at n = 10, or for nine synthetic points a human one",
    order="leading",
)
def naive_coverage(*, samples: Sizes, generation: int, confidence: float = 0.95) -> float:
    r"""Chance that the usual interval, from the last generation's data alone, covers the mean.

    $2 \Phi(z / \sqrt{M_n \sum_{i \le n} 1/M_i}) - 1$ for sizes $M_i$; the root is $\sqrt n$ where
    all are equal. Exact for a known variance, otherwise leading order. Source: derived here.

    >>> naive_coverage(samples=9, generation=1, confidence=0.5)
    0.5
    """
    sizes = require_sizes(samples, generation)
    require_fraction("confidence", confidence, open_interval=True)
    wider = math.sqrt(float(np.sum(sizes[-1] / sizes)))
    return float(special.erf(special.erfinv(confidence) / wider))


@claim(
    "neon2026.gauss",
    f"{_NEON}: wording read; this form derived: theory/distributions/estimates.py",
    relation="==",
    says=r"draws of $(1+w) \theta_{real} - w \theta_{self}$ have a mean variance of "
    r"$\lambda (1 - \frac1M) [1 + w - w \lambda (1 - \frac1M)]$",
    stated="negative extrapolation from a self-trained model improves a generator",
    needed=r"Gaussian, maximum likelihood on M points; sampled with $\lambda$ of its variance",
    expected=r"holds: unbiased at $w = 1 / [\lambda (1 - \frac1M)]$; the squared error is larger, "
    "see ref.neon_error",
)
def extrapolated_variance(*, samples: int, weight: float, sampling_variance: float = 1.0) -> float:
    r"""Mean variance of draws from a fit extrapolated away from its own self-trained successor.

    $\lambda (1 - \frac1M) [1 + w - w \lambda (1 - \frac1M)]$: the first fit $v_1$ has M human
    points, the second $v_2$ has M points drawn from the first with variance $\lambda v_1$, and the
    draws have $\lambda [(1 + w) v_1 - w v_2]$. Maximum likelihood. Source: derived here.

    >>> extrapolated_variance(samples=4, weight=1.0)
    0.9375
    """
    growth, _ = _extrapolated(samples, weight, sampling_variance)
    return sampling_variance * (1 - 1 / samples) * growth


@claim(
    "ref.neon_error",
    _DERIVED,
    relation="==",
    says=r"... and a mean squared error $E (\lambda [(1 + w) v_1 - w v_2] - 1)^2$, exactly",
    needed="Gaussian, maximum likelihood on M points",
    expected="holds: .396 with the extrapolation against .19 without, at M = 10, w = 1",
)
def extrapolated_error(*, samples: int, weight: float, sampling_variance: float = 1.0) -> float:
    r"""Mean squared error of the variance of `extrapolated_variance`.

    Spread $\lambda^2 \frac{2(M-1)}{M^2} [(1 - \frac1{M^2}) w^2 \lambda^2 + q^2]$ with
    $q = 1 + w - w \lambda (1 - \frac1M)$, and the square of the bias. Source: derived here.

    >>> extrapolated_error(samples=2, weight=1.0)
    1.5625
    """
    growth, scale = _extrapolated(samples, weight, sampling_variance)
    spread = 2 * (samples - 1) / samples**2
    second = (1 - 1 / samples**2) * (weight * sampling_variance) ** 2 * spread
    return scale**2 * (second + spread * growth**2) + (scale * (1 - 1 / samples) * growth - 1) ** 2


def unbiased_extrapolation(*, samples: int, sampling_variance: float = 1.0) -> float:
    r"""Weight at which `extrapolated_variance` is 1: $w = 1/s$, $s = \lambda (1 - 1/M)$.

    The root of $s (1 + w - w s) = 1$.

    >>> unbiased_extrapolation(samples=5, sampling_variance=0.5)
    2.5
    """
    require_count("samples", samples, least=2)
    require_positive("sampling_variance", sampling_variance)
    return 1 / (sampling_variance * (1 - 1 / samples))


@claim(
    "raisa2024.m",
    "Räisä and Honkela 2024 (arXiv 2402.03985) (recalled)",
    relation="==",
    provenance="recalled",
    says=r"averaged over m synthetic sets: $MSE_\infty + (MSE_1 - MSE_\infty) / m$",
    stated="sets drawn independently from one fitted generator",
    needed="any square-integrable estimate: the sets are independent given the generator",
    expected="holds, for the mean and the variance of a Gaussian: half of the gain at m = 2",
)
def averaged_error(*, samples: int, drawn: int, sets: int, statistic: str = "mean") -> float:
    r"""Squared error of an estimate averaged over m synthetic sets of one unbiased Gaussian fit.

    $MSE_\infty + (MSE_1 - MSE_\infty)/m$. The mean has $MSE_\infty = \frac1M$ and
    $MSE_1 = \frac1M + \frac1S$; the unbiased variance $MSE_\infty = \frac2{M-1}$ and
    $MSE_1 - MSE_\infty = \frac2{S-1} (1 + \frac2{M-1})$. `samples` is M, `drawn` is S.
    Source: Räisä and Honkela 2024 (recalled); the two instances derived here.

    >>> averaged_error(samples=4, drawn=4, sets=2)
    0.375
    """
    require_count("samples", samples, least=2)
    require_count("drawn", drawn, least=2)
    require_count("sets", sets, least=1)
    if statistic == "mean":
        return 1 / samples + 1 / (drawn * sets)
    if statistic == "variance":
        limit = 2 / (samples - 1)
        return limit + 2 / (drawn - 1) * (1 + limit) / sets
    raise ValueError(f"statistic={statistic}: accepted are mean, variance")


@claim(
    "dhoot2026.fixedpoint",
    "Dhoot 2026 (public code; recalled); derived: theory/distributions/estimates.py",
    relation="->",
    provenance="recalled",
    says=r"exactly $an$ of n points fresh and human: $\Sigma \to 1 - 1/D$, "
    r"$D = 1 - a + a n (2 - a)$",
    needed="maximum likelihood; any dimension, entry by entry",
    expected="holds, at every size; a fresh human point with chance a instead has (1 - a)^2 in D",
)
def fresh_rows_limit(*, samples: int, human: int) -> float:
    r"""Limit of the mean variance when `human` of `samples` points are always fresh human ones.

    $1 - 1/D$, $D = 1 - a + a n (2 - a)$, $a$ = `human` / n: 0 without any. Maximum likelihood.

    >>> fresh_rows_limit(samples=4, human=2)
    0.7142857142857143
    """
    return 1 - fresh_rows_mean_limit(samples=samples, human=human)


@claim(
    "dhoot2026.fixedpoint_mean",
    "Dhoot 2026 (public code; recalled); derived: theory/distributions/estimates.py",
    relation="->",
    provenance="recalled",
    says=r"... and the fitted mean has the variance $1/D$",
    needed="maximum likelihood; any dimension, entry by entry",
    expected="holds, at every size: the two add up to the truth's variance",
)
def fresh_rows_mean_limit(*, samples: int, human: int) -> float:
    """Limit of the mean squared error of the mean: 1/D of `fresh_rows_limit`.

    >>> fresh_rows_mean_limit(samples=4, human=4)
    0.25
    """
    require_count("samples", samples, least=2)
    require_count("human", human, least=0, most=samples)
    return 1 / (1 - human / samples + human * (2 - human / samples))


def fresh_rows_variance(*, samples: int, human: int, generation: int) -> float:
    r"""Mean variance of fit n: $V = 1 - e$, $e' = (1-a)^2 e + [1 - (1-a) e]/M$ from $1/M$.

    >>> fresh_rows_variance(samples=2, human=1, generation=2)
    0.5
    """
    require_count("generation", generation, least=1)
    limit = fresh_rows_mean_limit(samples=samples, human=human)
    drawn = 1 - human / samples
    kept = drawn**2 - drawn / samples
    return 1 - limit - (1 / samples - limit) * kept ** (generation - 1)


def _extrapolated(samples: int, weight: float, sampling_variance: float) -> tuple[float, float]:
    """The factor of the first fit's variance, in the mean over the second fit, and lambda."""
    require_count("samples", samples, least=2)
    require_positive("weight", weight, zero=True)
    require_positive("sampling_variance", sampling_variance)
    return 1 + weight - weight * sampling_variance * (1 - 1 / samples), sampling_variance
