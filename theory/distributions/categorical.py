r"""A categorical law fitted again and again to its own draws: heterozygosity, errors, absorption.

Heterozygosity $H = 1 - \sum p_i^2$ is the chance that two draws differ. A type is a unit vector, a
fit the mean of N of them, and H the trace of their maximum-likelihood covariance: so means of H and
of squared errors are those of `theory.distributions.gaussian` with `unbiased=False`, times H or,
type by type, $p_i (1 - p_i)$. `probabilities` is the human law, generation 1 the fit on `samples`
human draws.
"""

import math

import numpy as np
import scipy
from numpy.typing import ArrayLike

from theory.claims import claim
from theory.distributions import gaussian, gaussian_accumulate
from theory.distributions.laws import heterozygosity, require_law, type_variances
from theory.validate import require_count, require_fraction

_CATEGORICAL = "derived: theory/distributions/categorical.py"
_SEDDIK = "Seddik et al. 2024"


@claim(
    "seddik2024.synth",
    _SEDDIK,
    relation="==",
    provenance="recalled",
    says=r"replace: $1 - E \sum p_i^2 = (1 - \frac1N)^n (1 - S_0)$",
    stated="multinomial (recalled)",
    needed="the same",
    expected="holds, exactly",
)
def replace_heterozygosity(
    *, probabilities: ArrayLike, samples: gaussian.Sizes, generation: int
) -> float:
    r"""Mean heterozygosity under replace: $H (1 - 1/N)^n$; one size or one for each generation.

    So $\mathbb E \sum p_i^2 = 1 - (1 - \frac1N)^n (1 - S_0)$. Source: Seddik et al. 2024.

    >>> replace_heterozygosity(probabilities=[0.5, 0.5], samples=4, generation=2)
    0.28125
    """
    kept = gaussian.replace_variance(samples=samples, generation=generation, unbiased=False)
    return heterozygosity(probabilities=probabilities) * kept


@claim(
    "shum2024.discrete",
    "Shumailov et al. 2024",
    relation="==",
    provenance="read",
    says="one generation of $M$ draws loses a type of probability $q$ with chance $(1 - q)^M$",
    stated="exact maximum likelihood; the chain ends at type i with chance q_i",
    needed="the same; the chance to lose a type in the end is 1 - q",
    expected="holds",
)
def lost_probability(*, probability: float, samples: int) -> float:
    r"""Chance that one generation of N draws misses a type: $(1 - q)^N$.

    The chance to be lost in the end is 1 - q. Source: Shumailov et al. 2024.

    >>> round(lost_probability(probability=0.5, samples=3), 12)
    0.125
    """
    require_fraction("probability", probability)
    require_count("samples", samples, least=1)
    return float(np.exp(scipy.special.xlog1py(samples, -probability)))


@claim(
    "ref.distinct_first",
    _CATEGORICAL,
    relation="==",
    says=r"distinct words of N human draws: $\sum_i (1 - (1 - p_i)^N)$",
    needed="independent draws",
    expected="holds",
)
def distinct_types(*, probabilities: ArrayLike, samples: int) -> float:
    r"""Mean number of types in N human draws: $\sum_i 1 - (1 - p_i)^N$.

    >>> distinct_types(probabilities=[0.5, 0.5], samples=3)
    1.75
    """
    law = require_law("probabilities", probabilities)
    require_count("samples", samples, least=1)
    with np.errstate(divide="ignore"):
        return float(-np.expm1(samples * np.log1p(-law)).sum())


@claim(
    "seddik2024.absorb_least",
    _SEDDIK,
    relation=">=",
    provenance="read",
    says=r"a type is neither lost nor alone with chance at least $4p(1-p)(1-\frac1N)^n$",
    needed="any N",
    expected="holds: .250 against .363 at N = 50, p = .3, n = 60",
)
def alive_least(*, probability: float, samples: int, generation: int) -> float:
    r"""Lower bound on the chance that several types are left after n fits: $4p(1-p)(1-\frac1N)^n$.

    Because $P(1-P) \le \frac14$. Source: Seddik et al. 2024.

    >>> alive_least(probability=0.5, samples=4, generation=1)
    0.75
    """
    return 4 * _type_variance(probability, samples, generation)


@claim(
    "seddik2024.absorb",
    _SEDDIK,
    relation="<=",
    provenance="read",
    says=r"a type is neither lost nor alone with chance at most $2Np(1-p)(1-\frac1N)^n$",
    needed="N >= 2",
    expected="holds; vacuous early: 6.25 against .363 at N = 50, p = .3, n = 60",
)
def alive_most(*, probability: float, samples: int, generation: int) -> float:
    r"""Upper bound on the same chance: $2Np(1-p)(1-\frac1N)^n$, $N \ge 2$; empty while above 1.

    Because $P(1-P) \ge \frac1N(1-\frac1N)$ while alive, which gives $Np(1-p)(1-\frac1N)^{n-1}$,
    never larger. Source: Seddik et al. 2024.

    >>> alive_most(probability=0.5, samples=4, generation=1)
    1.5
    """
    return 2 * samples * _type_variance(probability, samples, generation)


def absorption_time_distinct(*, samples: int) -> float:
    r"""Mean generations until one of N distinct types is left, about: $2N (1 - \frac1N)$.

    The coalescent's; the exact mean is less by about 1 %, at N = 50.
    Source: Kazdan et al. 2025 (2N); derived here.

    >>> absorption_time_distinct(samples=50)
    98.0
    """
    require_count("samples", samples, least=1)
    return 2.0 * (samples - 1)


def absorption_time_two_types(*, probability: float, samples: int) -> float:
    r"""Mean fits until one of two types is left, about: $-2N [p \ln p + (1-p) \ln(1-p)]$.

    The diffusion limit; 3 % above the exact mean at N = 50. Source: Ewens 2004, section 3.

    >>> round(absorption_time_two_types(probability=0.5, samples=50) / math.log(2), 12)
    100.0
    """
    require_fraction("probability", probability, open_interval=True)
    require_count("samples", samples, least=1)
    inside = probability * math.log(probability) + (1 - probability) * math.log1p(-probability)
    return -2 * samples * inside


def accumulate_variance(*, probabilities: ArrayLike, samples: int, generation: int) -> np.ndarray:
    r"""Variance of each type's estimate from all of n batches of m draws, (types,).

    $p(1-p) [1 - \prod_{k \le n} (1 - \frac1{mk^2})]$. Source: derived here.

    >>> accumulate_variance(probabilities=[0.5, 0.5], samples=4, generation=1).tolist()
    [0.0625, 0.0625]
    """
    error = gaussian_accumulate.accumulate_mean_error(
        samples=samples, generation=generation, unbiased=False
    )
    return type_variances(probabilities) * error


@claim(
    "ref.bern_acc",
    _CATEGORICAL,
    relation="==",
    says=r"accumulate: $V_n = p(1-p) [1 - \prod_{k \le n} (1 - \frac1{mk^2})]$",
    needed="equal batches of m",
    expected="holds, exactly; below pi^2/6 times the first batch's variance",
)
def accumulate_error(*, probabilities: ArrayLike, samples: int, generation: int) -> float:
    """Squared distance of that estimate to the human law: the sum of its variances over types.

    >>> accumulate_error(probabilities=[0.5, 0.5], samples=4, generation=1)
    0.125
    """
    variances = accumulate_variance(
        probabilities=probabilities, samples=samples, generation=generation
    )
    return float(np.sum(variances))


def accumulate_inflation_limit(*, samples: int) -> float:
    r"""Limit of that variance in units of one batch's: $R_m = m (1 - \frac{\sin x}x) < \pi^2/6$.

    $x = \pi/\sqrt m$; $R_m = \frac{\pi^2}6 - \frac{\pi^4}{120m} + O(m^{-2})$.

    >>> accumulate_inflation_limit(samples=1)
    1.0
    """
    return samples * gaussian_accumulate.accumulate_mean_error_limit(samples=samples)


def _type_variance(probability: float, samples: int, generation: int) -> float:
    """Mean of P (1 - P) after n fits."""
    require_fraction("probability", probability)
    kept = gaussian.replace_variance(samples=samples, generation=generation, unbiased=False)
    return probability * (1 - probability) * kept
