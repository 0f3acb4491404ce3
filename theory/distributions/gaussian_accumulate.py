r"""A Gaussian fitted to all batches so far, its own draws among them: moments of the fit, exactly.

Units, generations and `unbiased` as in `theory.distributions.gaussian`.
"""

import math

import numpy as np

from theory.claims import claim
from theory.validate import require_count, require_positive

_ACCUMULATE = "derived: theory/distributions/gaussian_accumulate.py"


@claim(
    "kazdan2025.gauss_acc",
    "Kazdan et al. 2025",
    relation="==",
    provenance="recalled",
    given={"unbiased": False},
    says=r"accumulate: $E \Sigma_n = \prod_{k \le n} (1 - \frac1{Mk^2})$",
    stated="one dimension, maximum likelihood (recalled)",
    needed="maximum likelihood, any dimension",
    expected="holds",
)
@claim(
    "ref.gauss_acc_unb",
    _ACCUMULATE,
    relation="==",
    given={"unbiased": True},
    says=r"accumulate, unbiased: $E \Sigma_n = \prod_{k=2}^n (1 - \frac1{k(Mk-1)})$",
    needed="unbiased variance of the pool, any dimension",
    expected="holds",
)
@claim(
    "ref.gauss_acc_biased",
    _ACCUMULATE,
    relation="==",
    says=r"accumulate, models sampled with $\lambda < 1$ times their variance: it decays as "
    r"$n^{-(1-\lambda)}$, so accumulating does not prevent collapse",
    needed="any dimension; the mean's error stays bounded",
    expected="holds, by the product",
)
def accumulate_variance(
    *, samples: int, generation: int, unbiased: bool = True, sampling_variance: float = 1.0
) -> float:
    r"""Mean variance of the fit on all batches so far, M points each.

    Batch k multiplies it by $1 - \frac{(1-\lambda)M + \lambda/k}{kM - 1}$ (unbiased; 1 for k = 1)
    or $1 - \frac{1-\lambda}k - \frac\lambda{Mk^2}$ (maximum likelihood; $1 - 1/M$ for k = 1). For
    $\lambda < 1$ it decays as $n^{-(1-\lambda)}$: accumulating does not prevent this collapse.
    Source: Kazdan et al. 2025 (ML, $\lambda = 1$); derived here.

    >>> accumulate_variance(samples=4, generation=2, unbiased=False)
    0.703125
    """
    return _accumulated(samples, generation, unbiased, sampling_variance)[0]


@claim(
    "ref.gauss_acc_mean",
    _ACCUMULATE,
    relation="==",
    says=r"accumulate: the mean errs by $1/M + \sum_{k>1} V_{k-1}/(Mk^2) < \pi^2/(6M)$",
    needed="any dimension, either estimator",
    expected="holds",
)
def accumulate_mean_error(
    *, samples: int, generation: int, unbiased: bool = True, sampling_variance: float = 1.0
) -> float:
    r"""Mean squared error of the mean of all batches: $1/M + \sum_{k>1} \lambda V_{k-1}/(Mk^2)$.

    $V_k$ is `accumulate_variance`; for ML and $\lambda = 1$ it is $1 - V_n$. At $\lambda = 1$ below
    $\pi^2/(6M)$. Source: derived here.

    >>> accumulate_mean_error(samples=4, generation=2)
    0.3125
    """
    return _accumulated(samples, generation, unbiased, sampling_variance)[1]


@claim(
    "kazdan2025.gauss_acc_limit",
    "Kazdan et al. 2025",
    relation="->",
    provenance="recalled",
    says=r"accumulate: $E \Sigma_n \to \sin x / x$, $x = \pi/\sqrt M$",
    stated="one dimension, maximum likelihood (recalled)",
    needed="maximum likelihood, any dimension",
    expected="holds: .8434 at M = 10",
)
def accumulate_limit(*, samples: int) -> float:
    r"""Limit of the mean ML variance: $\prod_k (1 - \frac1{Mk^2}) = \sin x / x$, $x = \pi/\sqrt M$.

    Source: Kazdan et al. 2025.

    >>> round(accumulate_limit(samples=4) * math.pi, 12)
    2.0
    """
    require_count("samples", samples, least=1)
    return float(np.sinc(samples**-0.5))


def accumulate_mean_error_limit(*, samples: int) -> float:
    r"""Limit of the squared error of the mean, ML: $1 - \sin x / x$, $x = \pi/\sqrt M$.

    >>> accumulate_mean_error_limit(samples=1)
    1.0
    """
    if samples < 10:
        return 1 - accumulate_limit(samples=samples)
    require_count("samples", samples, least=1)
    square, term, total = math.pi**2 / samples, 1.0, 0.0
    for k in range(1, 10):
        term *= -square / (2 * k * (2 * k + 1))
        total -= term
    return total


def _accumulated(
    samples: int, generation: int, unbiased: bool, sampling_variance: float
) -> tuple[float, float]:
    require_count("samples", samples, least=2)
    require_count("generation", generation, least=1)
    require_positive("sampling_variance", sampling_variance, zero=True)
    variance, mean_error = 1.0 if unbiased else 1 - 1 / samples, 1 / samples
    for k in range(2, generation + 1):
        mean_error += sampling_variance * variance / (samples * k**2)
        lost = (1 - sampling_variance) * samples + sampling_variance / k
        variance *= 1 - lost / (k * samples - unbiased)
    return variance, mean_error
