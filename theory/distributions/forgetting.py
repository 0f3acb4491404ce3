r"""Forgetting of the spread of a Gaussian.

For words of a corpus see `theory.distributions.survival`. Replace only, generation 1 is fitted on
human data. The log variance of a one-dimensional Gaussian fit is a sum of independent log
chi-squares.
"""

import functools
import math
from dataclasses import dataclass

import numpy as np
import scipy

from theory.claims import claim
from theory.distributions.gaussian import Sizes, require_sizes
from theory.validate import require_count, require_positive

_FORGETTING = "derived: theory/distributions/forgetting.py"
_SURESH = "Suresh et al. 2025"

_REACH = 40.0
"""Log chances below minus this are nothing beside rounding."""

_LARGE = 1e3
"""Shape from which on gamma functions are taken by Stirling's series."""


def lyapunov_exponents(*, samples: int, dim: int = 1, unbiased: bool = True) -> np.ndarray:
    r"""Rates of the ordered log eigenvalues of the covariance per generation, replace, (dim,).

    $\psi(\frac{M-j}2) + \ln\frac2{M-1}$, $j = 1..d$, $M > d$; $\ln\frac2M$ by maximum likelihood.
    All are negative, so the covariance vanishes almost surely although its mean may not.
    Source: derived here.

    >>> bool(np.isclose(lyapunov_exponents(samples=3)[0], -np.euler_gamma))
    True
    """
    require_count("dim", dim, least=1)
    require_count("samples", samples, least=dim + 1)
    missing = np.arange(1, dim + 1)
    divisor = samples - unbiased
    return _digamma_over_log((samples - missing) / 2) + np.log1p((unbiased - missing) / divisor)


@claim(
    "ref.lyapunov",
    _FORGETTING,
    relation="->",
    says=r"log eigenvalues fall at the rates $\psi(\frac{M-j}2) + \ln\frac2{M-1}$",
    needed="replace, M > d; ordered eigenvalues over many generations",
    expected="holds; all directions collapse",
)
def mean_log_eigenvalue(
    *, samples: int, dim: int = 1, generation: int, unbiased: bool = True
) -> float:
    """Mean over chains and directions of the log eigenvalues: n times the mean of the rates.

    So it is at every generation, as the log determinant is a sum of n independent terms.

    >>> bool(np.isclose(mean_log_eigenvalue(samples=3, generation=2), -2 * np.euler_gamma))
    True
    """
    require_count("generation", generation, least=1)
    rates = lyapunov_exponents(samples=samples, dim=dim, unbiased=unbiased)
    return float(np.mean(rates) * generation)


@claim(
    "shum2024.thm31",
    "Shumailov et al. 2024, Theorem 3.1",
    relation="==",
    provenance="read",
    says="the covariance vanishes almost surely, held as: the log variance has mean "
    r"$n (\psi(\frac{M-1}2) + \ln\frac2{M-1}) \to -\infty$",
    stated="fixed M: E W_2^2 -> infinity and the covariance -> 0 almost surely",
    needed="one dimension; means of the variance are carried by rare chains and show nothing",
    expected="holds: slope -.05355 at M = 20",
)
def mean_log_variance(*, samples: Sizes, generation: int, unbiased: bool = True) -> float:
    r"""Mean of the log variance of the fit, one dimension, one size or one for each generation.

    $\sum_i \psi(\frac{M_i-1}2) + \ln\frac2{M_i-1}$, about $-n/(M-1)$; $\ln\frac2{M_i}$ for ML.
    Source: derived here; its sign makes Theorem 3.1 of Shumailov et al. 2024.

    >>> round(mean_log_variance(samples=3, generation=2) / np.euler_gamma, 12)
    -2.0
    """
    sizes = require_sizes(samples, generation)
    return float(np.sum(_digamma_over_log((sizes - 1) / 2) + np.log1p((unbiased - 1) / sizes)))


def variance_cdf(
    *, variance: float, samples: Sizes, generation: int, unbiased: bool = True
) -> float:
    r"""Chance that the variance of the fit is at most `variance`, one dimension.

    $\prod_i \chi^2_{M_i-1}/(M_i-1)$ by inverting the characteristic function of its logarithm,
    $\prod_i \Gamma(\frac{M_i-1}2 + it)/\Gamma(\frac{M_i-1}2) (\frac2{M_i-1})^{it}$. Errs by about
    1e-12, and by the rounding of ln(variance) beside its spread.
    Source: Gil-Pelaez 1951 with the sums of Davies 1973.

    >>> round(variance_cdf(variance=2.0, samples=3, generation=1) + math.exp(-2), 12)
    1.0
    """
    require_positive("variance", variance, zero=True)
    sizes = require_sizes(samples, generation)
    if variance == 0:
        return 0.0
    centre = mean_log_variance(samples=samples, generation=generation, unbiased=unbiased)
    return _log_variance_cdf(math.log(variance) - centre, sizes)


def median_variance(*, samples: Sizes, generation: int, unbiased: bool = True) -> float:
    r"""Median of the variance of the fit, one dimension: the root of `variance_cdf`, to 1e-10.

    >>> round(median_variance(samples=3, generation=1) / math.log(2), 9)
    1.0
    """
    sizes = require_sizes(samples, generation)
    centre = mean_log_variance(samples=samples, generation=generation, unbiased=unbiased)
    # Mean and median are within one standard deviation of each other.
    spread = _log_spread(sizes)
    found = scipy.optimize.root_scalar(
        lambda shift: _log_variance_cdf(shift, sizes) - 0.5, bracket=(-spread, spread), xtol=1e-12
    )
    return math.exp(centre + found.root)


@dataclass(frozen=True)
class VarianceFactorLaw:
    """Law of the geometric mean, over generations, of the share of the variance that is kept."""

    samples: Sizes
    generation: int

    def cdf(self, factor: float | np.ndarray) -> np.ndarray:
        """Chance of at most `factor`, any shape, by interpolation: right to 1e-4."""
        logs, chances = self._table
        powers = self.generation * np.log(np.maximum(factor, 1e-30))
        return np.asarray(np.interp(powers, logs, chances))

    @functools.cached_property
    def _table(self) -> tuple[np.ndarray, np.ndarray]:
        sizes = require_sizes(self.samples, self.generation)
        spread = np.sqrt(np.sum(2 / (sizes - 1)))
        centre = mean_log_variance(samples=self.samples, generation=self.generation)
        logs = centre + spread * np.linspace(-8, 8, 401)
        where = {"samples": self.samples, "generation": self.generation}
        chances = [variance_cdf(variance=float(variance), **where) for variance in np.exp(logs)]
        return logs, np.array(chances)


@claim(
    "ref.gauss_median",
    _FORGETTING,
    relation="~",
    says=r"median variance of generation n: that of $\prod_{i \le n} \chi^2_{M-1}/(M-1)$",
    needed="one dimension, replace",
    expected="holds: .120 at M = 20, n = 40, where the mean is 1",
)
def variance_factor_law(*, samples: Sizes, generation: int) -> VarianceFactorLaw:
    r"""Law of $V_n^{1/n}$, one dimension, replace: $V_n \sim \prod \chi^2_{M-1}/(M-1)$ exactly.

    The law of the variance itself is soon so wide that one 2 % off looks the same.

    >>> law = variance_factor_law(samples=3, generation=1)
    >>> round(float(law.cdf(math.log(2))), 3)
    0.5
    """
    require_sizes(samples, generation)
    return VarianceFactorLaw(samples, generation)


@claim(
    "suresh2025.gauss",
    _SURESH,
    relation="<=",
    provenance="read",
    says=r"$P(s_n > \epsilon) \le e^{-n/(4M-1)}/\epsilon$",
    stated="unbiased variance",
    needed=r"unbiased variance, $\epsilon$ a standard deviation in units of the truth's",
    expected="holds; vacuous until n = (4M - 1) ln(1/epsilon)",
)
def deviation_survival_bound(*, threshold: float, samples: int, generation: int) -> float:
    r"""Bound on the chance of a standard deviation above $\epsilon$: $e^{-n/(4M-1)}/\epsilon$.

    Unbiased variances; says nothing until $n > (4M - 1) \ln(1/\epsilon)$. By Markov's inequality
    and $\alpha \le e^{-1/(4M-1)}$. Source: Suresh et al. 2025.

    >>> deviation_survival_bound(threshold=0.5, samples=2, generation=7) * math.e
    2.0
    """
    require_positive("threshold", threshold)
    require_count("samples", samples, least=2)
    require_count("generation", generation, least=1)
    return math.exp(-generation / (4 * samples - 1)) / threshold


@claim(
    "suresh2025.gmm",
    f"{_SURESH} (recalled); for EM: {_FORGETTING}, mixture_survival_bound",
    relation="<=",
    provenance="recalled",
    says=r"Gaussian mixture: $P(s_n > \epsilon) \le \sigma_0 e^{-n/(4M)}/\epsilon$",
    stated="approximate maximum likelihood",
    needed=r"$s_n$ of the whole mixture, to which every EM step gives its sample's variance",
    expected="holds, far from sharp: the mean variance is (1 - 1/M)^n times the truth's",
)
def mixture_survival_bound(
    *, threshold: float, samples: int, generation: int, human_std: float = 1.0
) -> float:
    r"""Survival bound of a Gaussian mixture fitted by steps of EM: $e^{-n/(4M)} \sigma_0/\epsilon$.

    $\sigma_0$ is `human_std`, and both are of the whole law. Not sharp: a maximisation step gives
    the mixture the mean and the biased variance of its sample, so the mean variance is exactly
    $(1 - 1/M)^n \sigma_0^2$, and $e^{-n/(2M)}$ would do.
    Source: Suresh et al. 2025 (recalled), approximate maximum likelihood; derived here for EM.

    >>> mixture_survival_bound(threshold=0.5, samples=2, generation=8) * math.e
    2.0
    """
    require_positive("threshold", threshold)
    require_count("samples", samples, least=2)
    require_count("generation", generation, least=1)
    require_positive("human_std", human_std)
    return human_std * math.exp(-generation / (4 * samples)) / threshold


def _log_spread(sizes: np.ndarray) -> float:
    """Standard deviation of the log variance."""
    return math.sqrt(np.sum(scipy.special.polygamma(1, (sizes - 1) / 2)))


def _log_variance_cdf(shift: float, sizes: np.ndarray) -> float:
    """Chance that the log variance is at most its mean plus `shift`."""
    shapes, counts = np.unique((sizes - 1) / 2, return_counts=True)
    # The lower tail is no lighter than that of one log chi-square, exp(shape x).
    reach = 12 * _log_spread(sizes) + 2 * _REACH / shapes[0]
    if abs(shift) > reach:
        return float(shift > 0)
    # A sum of this step errs by the chance of being further than 2 pi / step from `shift`.
    step = math.pi / reach
    last = 1 / _log_spread(sizes)
    while _log_transform(np.array([last]), shapes, counts)[0].real > -_REACH:
        last *= 1.5
    frequency = np.arange(step / 2, last + step, step)
    transform = np.exp(_log_transform(frequency, shapes, counts) - 1j * frequency * shift)
    return float(np.clip(0.5 - step / math.pi * np.sum(transform.imag / frequency), 0, 1))


def _log_transform(frequency: np.ndarray, shapes: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Log characteristic function of the centred log variance."""
    imaginary = 1j * frequency[:, None]
    small, large = np.minimum(shapes, _LARGE), np.maximum(shapes, _LARGE)
    each = scipy.special.loggamma(small + imaginary) - scipy.special.gammaln(small)
    each = each - imaginary * scipy.special.digamma(small)
    # Stirling's series, of whose terms those that cancel are left out.
    ratio = imaginary / large
    stirling = large * _entropy_term(ratio) - np.log1p(ratio) / 2
    stirling = stirling - imaginary * _digamma_over_log(large)
    moved = large + imaginary
    stirling += (1 / moved - 1 / large) / 12 - (1 / moved**3 - 1 / large**3) / 360
    return np.where(shapes < _LARGE, each, stirling) @ counts


def _entropy_term(u: np.ndarray) -> np.ndarray:
    """(1 + u) log(1 + u) - u, about u^2 / 2."""
    series = sum((-1) ** k * u**k / (k * (k - 1)) for k in range(2, 14))
    return np.where(np.abs(u) < 0.05, series, (1 + u) * np.log1p(u) - u)


def _digamma_over_log(x: np.ndarray) -> np.ndarray:
    """digamma(x) - log(x), about -1 / (2 x)."""
    large = np.maximum(x, 20.0)
    terms = (-1 / 12, 1 / 120, -1 / 252, 1 / 240, -1 / 132, 691 / 32760)
    series = sum((c * large ** (-2.0 * k) for k, c in enumerate(terms, 1)), -1 / (2 * large))
    return np.where(x < 20, scipy.special.digamma(x) - np.log(x), series)
