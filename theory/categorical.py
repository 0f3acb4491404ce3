r"""A categorical law fitted again and again to its own draws: heterozygosity, errors, absorption.

Heterozygosity $H = 1 - \sum p_i^2$ is the chance that two draws differ. A type is a unit vector, a
fit the mean of N of them, and H the trace of their maximum-likelihood covariance: so means of H and
of squared errors are those of `theory.gaussian` with `unbiased=False`, times H or, type by type,
$p_i (1 - p_i)$. `probabilities` is the human law, generation 1 the fit on `samples` human draws.
"""

import math

import numpy as np
import scipy
from numpy.typing import ArrayLike

from theory import gaussian, gaussian_edits
from theory.claims import claim
from theory.validate import require_count, require_fraction

_CATEGORICAL = "derived: theory/categorical.py"
_SEDDIK = "Seddik et al. 2024"


_ROUNDING = 1e-9
"""By how much the sum of a law may miss 1."""


def heterozygosity(*, probabilities: ArrayLike) -> float:
    r"""Chance that two draws differ: $1 - \sum p_i^2$.

    >>> heterozygosity(probabilities=[0.5, 0.25, 0.25])
    0.625
    """
    # not 1 - sum p^2, which cancels where one type has nearly all
    return float(_variances(probabilities).sum())


@claim(
    "seddik2024.synth",
    _SEDDIK,
    relation="==",
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
    says="one generation of M draws loses a type of probability q with chance (1 - q)^M",
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
    says=r"a type is neither lost nor alone with chance at least $4p(1-p)(1-\frac1N)^n$",
    needed="any N",
    expected="holds: .250 against .363 at N = 50, p = .3, n = 60",
)
def alive_least(*, probability: float, samples: int, generation: int) -> float:
    r"""Least chance that a type is neither lost nor alone after n fits: $4p(1-p)(1-\frac1N)^n$.

    Because $P(1-P) \le \frac14$. Source: Seddik et al. 2024.

    >>> alive_least(probability=0.5, samples=4, generation=1)
    0.75
    """
    return 4 * _type_variance(probability, samples, generation)


@claim(
    "seddik2024.absorb",
    _SEDDIK,
    relation="<=",
    says=r"a type is neither lost nor alone with chance at most $2Np(1-p)(1-\frac1N)^n$",
    needed="N >= 2",
    expected="holds; vacuous early: 6.25 against .363 at N = 50, p = .3, n = 60",
)
def alive_most(*, probability: float, samples: int, generation: int) -> float:
    r"""Most that chance can be: $2Np(1-p)(1-\frac1N)^n$, $N \ge 2$; says nothing while above 1.

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


def edit_factor(*, samples: int, edited: int) -> float:
    r"""Share of H kept when k random of N positions are redrawn from the corpus's own law.

    $1 - [\frac{k(N-k)}{N-1} + k]/N^2$, about $1 - m(2-m)/N$, $m = k/N$: Theorem D's factor.

    >>> edit_factor(samples=4, edited=4)
    0.75
    """
    require_count("samples", samples, least=2)
    require_count("edited", edited, least=0, most=samples)
    return 1 - _edit_loss(samples, edited)


@claim(
    "ref.unigram_edit",
    _CATEGORICAL,
    relation="==",
    says=r"redrawing k random positions keeps $1 - [\frac{k(N-k)}{N-1} + k]/N^2$ of H",
    needed="a uniformly random subset",
    expected="holds; nearly 1 - m (2 - m)/N, the factor of the linear model",
)
def edit_heterozygosity(
    *, probabilities: ArrayLike, samples: int, edited: int, generation: int
) -> float:
    r"""Mean heterozygosity when k random positions are redrawn each time, chained.

    $H (1 - \frac1N)$ times `edit_factor` to the power n - 1.

    >>> edit_heterozygosity(probabilities=[0.5, 0.5], samples=4, edited=4, generation=2)
    0.28125
    """
    require_count("generation", generation, least=1)
    require_count("samples", samples, least=2)
    require_count("edited", edited, least=0, most=samples)
    factor = math.exp((generation - 1) * math.log1p(-_edit_loss(samples, edited)))
    return heterozygosity(probabilities=probabilities) * (1 - 1 / samples) * factor


@claim(
    "ref.unigram_fixed_path",
    _CATEGORICAL,
    relation="==",
    says="redrawing the same k positions: the mean H of every generation",
    needed="averaged over the human draws",
    expected="holds",
)
def fixed_mask_heterozygosity(
    *, probabilities: ArrayLike, samples: int, edited: int, generation: int
) -> float:
    r"""Mean heterozygosity when the same k positions are redrawn each time, the rest are human.

    The recursion of `gaussian_edits.fixed_mask_variance`, averaged over the human draws.

    >>> fixed_mask_heterozygosity(probabilities=[0.5, 0.5], samples=4, edited=2, generation=1)
    0.375
    """
    kept = gaussian_edits.fixed_mask_variance(
        samples=samples, edited=edited, generation=generation, unbiased=False
    )
    return heterozygosity(probabilities=probabilities) * kept


def fixed_mask_limit(*, anchors: ArrayLike, samples: int, edited: int) -> float:
    r"""Limit of the mean heterozygosity with anchors of law a: $H_a \frac{1-m^2}{1-m^2+m^2/k}$.

    `anchors` is the law of the N - k human positions, $m = k/N$; 0 when nothing is anchored.

    >>> fixed_mask_limit(anchors=[0.5, 0.5], samples=2, edited=1)
    0.375
    """
    require_count("samples", samples, least=1)
    require_count("edited", edited, least=1, most=samples)
    kept = (samples - edited) * (samples + edited) / samples**2
    return heterozygosity(probabilities=anchors) * kept / (kept + edited / samples**2)


@claim(
    "ref.unigram_fixed",
    _CATEGORICAL,
    relation="->",
    says=r"redrawing the same k positions: $H \to H_a \frac{1-m^2}{1-m^2+m^2/k}$",
    needed="anchors of law a for ever",
    expected="holds",
)
def fixed_mask_mean_limit(*, probabilities: ArrayLike, samples: int, edited: int) -> float:
    r"""The same averaged over the human draws of the anchors: $H_a = (1 - \frac1{N-k}) H$.

    >>> round(fixed_mask_mean_limit(probabilities=[0.5, 0.5], samples=3, edited=1) * 9, 12)
    2.0
    """
    require_count("edited", edited, least=1, most=samples - 1)
    kept = 1 - 1 / (samples - edited)
    return kept * fixed_mask_limit(anchors=probabilities, samples=samples, edited=edited)


@claim(
    "ref.unigram_anchored",
    _CATEGORICAL,
    relation="==",
    says="redrawing k random human positions each time: the mean H of every generation",
    needed="averaged over the human draws",
    expected="holds",
)
def anchored_edit_heterozygosity(
    *, probabilities: ArrayLike, samples: int, edited: int, generation: int
) -> float:
    r"""Mean heterozygosity when k random positions of the human corpus are redrawn each time.

    The recursion of `gaussian_edits.anchored_edit_variance`.

    >>> anchored_edit_heterozygosity(probabilities=[0.5, 0.5], samples=4, edited=0, generation=3)
    0.375
    """
    kept = gaussian_edits.anchored_edit_variance(
        samples=samples, edited=edited, generation=generation, unbiased=False
    )
    return heterozygosity(probabilities=probabilities) * kept


def partial_error(*, probabilities: ArrayLike, human: int, samples: int, generation: int) -> float:
    r"""Mean squared distance to the fit on N human draws, which stay beside n synthetic ones.

    $D_1 = 0$, $D' = \alpha^2 [(1 - \frac1n) D + H/n]$, $\alpha = \frac n{N+n}$; `probabilities` is
    the law of the human draws, `samples` is n. Source: Seddik et al. 2024.

    >>> partial_error(probabilities=[0.5, 0.5], human=2, samples=2, generation=2)
    0.0625
    """
    require_count("generation", generation, least=1)
    limit, lost = _partial(probabilities, human, samples)
    return -limit * float(np.expm1(scipy.special.xlog1py(generation - 1, -lost)))


def partial_limit(*, probabilities: ArrayLike, human: int, samples: int) -> float:
    r"""Limit of `partial_error`: $\frac{\alpha^2 H/n}{1 - \alpha^2 (1 - 1/n)}$, $N \ge 1$.

    >>> partial_limit(probabilities=[0.5, 0.5], human=1, samples=1)
    0.125
    """
    return _partial(probabilities, human, samples)[0]


@claim(
    "seddik2024.partial",
    _SEDDIK,
    relation="==",
    says=r"N fixed human draws beside n synthetic: $D' = \alpha^2 [(1-\frac1n) D + H/n]$",
    stated="multinomial (recalled)",
    needed="distance from the human draws' own law; from the truth H/N + (1 - 1/N) D",
    expected="holds, with its limit partial_limit",
)
def partial_truth_error(
    *, probabilities: ArrayLike, human: int, samples: int, generation: int
) -> float:
    r"""Mean squared distance to the truth: $\frac HN + (1 - \frac1N) D_n$ over the human draws.

    `probabilities` is the truth; the human draws are off by H/N, and their own variety is
    $(1 - \frac1N) H$.

    >>> partial_truth_error(probabilities=[0.5, 0.5], human=2, samples=2, generation=2)
    0.28125
    """
    away = partial_error(
        probabilities=probabilities, human=human, samples=samples, generation=generation
    )
    return heterozygosity(probabilities=probabilities) / human + (1 - 1 / human) * away


def mixture_variance(
    *, probabilities: ArrayLike, samples: int, human_share: float, generation: int
) -> np.ndarray:
    r"""Variance of each estimate when each draw is, with chance a, a fresh human one, (types,).

    $V' = (1-a)^2 (1 - \frac1N) V + p(1-p)/N$ from 0: $V_n = V_\infty (1 - \rho^n)$,
    $\rho = (1-a)^2 (1 - \frac1N)$. Source: derived here.

    >>> at = {"probabilities": [0.5, 0.5], "samples": 2, "human_share": 0.5}
    >>> mixture_variance(**at, generation=1).tolist()
    [0.125, 0.125]
    """
    require_count("generation", generation, least=1)
    require_count("samples", samples, least=1)
    require_fraction("human_share", human_share)
    lost = _mixture_loss(samples, human_share)
    grown = -np.expm1(scipy.special.xlog1py(generation, -lost)) / lost
    return _variances(probabilities) / samples * grown


def mixture_limit(*, probabilities: ArrayLike, samples: int, human_share: float) -> np.ndarray:
    r"""Limit of `mixture_variance`: $\frac{p(1-p)/N}{1 - (1-a)^2 (1 - 1/N)}$, (types,).

    >>> mixture_limit(probabilities=[0.5, 0.5], samples=1, human_share=0.5).tolist()
    [0.25, 0.25]
    """
    require_count("samples", samples, least=1)
    require_fraction("human_share", human_share)
    return _variances(probabilities) / samples / _mixture_loss(samples, human_share)


@claim(
    "ref.mix_prob",
    _CATEGORICAL,
    relation="->",
    says=r"fresh human draws with chance a: $V \to \frac{p(1-p)/N}{1-(1-a)^2(1-1/N)}$",
    needed="multinomial; the path is ref.mix_path",
    expected="holds",
)
def mixture_error_limit(*, probabilities: ArrayLike, samples: int, human_share: float) -> float:
    """Limit of the squared distance to the human law: the sum of `mixture_limit` over types.

    >>> mixture_error_limit(probabilities=[0.5, 0.5], samples=1, human_share=0.5)
    0.5
    """
    limit = mixture_limit(probabilities=probabilities, samples=samples, human_share=human_share)
    return float(np.sum(limit))


@claim(
    "ref.mix_path",
    _CATEGORICAL,
    relation="==",
    says=r"fresh human draws with chance a: mean heterozygosity $H - \sum_i V_i$, "
    r"$V' = (1-a)^2(1-\frac1N)V + p(1-p)/N$",
    needed="multinomial",
    expected="holds",
)
def mixture_heterozygosity(
    *, probabilities: ArrayLike, samples: int, human_share: float, generation: int
) -> float:
    r"""Mean heterozygosity under `mixture_variance`: $H - \sum_i V_i$, as estimates are unbiased.

    That is $H \frac{(N-1) a (2-a) + \rho^n}{N a (2-a) + (1-a)^2}$.

    >>> mixture_heterozygosity(
    ...     probabilities=[0.5, 0.5], samples=2, human_share=0.5, generation=1)
    0.25
    """
    require_count("generation", generation, least=1)
    require_count("samples", samples, least=1)
    require_fraction("human_share", human_share)
    lost = _mixture_loss(samples, human_share)
    remembered = float(np.exp(scipy.special.xlog1py(generation, -lost)))
    pulled = (samples - 1) * human_share * (2 - human_share)
    kept = (pulled + remembered) / (samples * lost)
    return heterozygosity(probabilities=probabilities) * kept


def accumulate_variance(*, probabilities: ArrayLike, samples: int, generation: int) -> np.ndarray:
    r"""Variance of each type's estimate from all of n batches of m draws, (types,).

    $p(1-p) [1 - \prod_{k \le n} (1 - \frac1{mk^2})]$. Source: derived here.

    >>> accumulate_variance(probabilities=[0.5, 0.5], samples=4, generation=1).tolist()
    [0.0625, 0.0625]
    """
    error = gaussian.accumulate_mean_error(samples=samples, generation=generation, unbiased=False)
    return _variances(probabilities) * error


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
    return samples * gaussian.accumulate_mean_error_limit(samples=samples)


def require_law(name: str, values: ArrayLike) -> np.ndarray:
    """A vector of probabilities in float64; raises ValueError."""
    law = np.asarray(values, dtype=float)
    if law.ndim != 1 or not len(law):
        raise ValueError(f"{name} has shape {law.shape}: accepted is (types,)")
    if not (law >= 0).all():
        raise ValueError(f"{name} holds {law[~(law >= 0)][0]}: accepted are probabilities >= 0")
    if not abs(law.sum() - 1) <= _ROUNDING:
        raise ValueError(f"{name} sums to {law.sum()}: accepted is 1 within {_ROUNDING}")
    return law


def _variances(probabilities: ArrayLike) -> np.ndarray:
    law = require_law("probabilities", probabilities)
    return law * np.clip(1 - law, 0, 1)


def _type_variance(probability: float, samples: int, generation: int) -> float:
    """Mean of P (1 - P) after n fits."""
    require_fraction("probability", probability)
    kept = gaussian.replace_variance(samples=samples, generation=generation, unbiased=False)
    return probability * (1 - probability) * kept


def _edit_loss(samples: int, edited: int) -> float:
    return (edited * (samples - edited) / (samples - 1) + edited) / samples**2


def _mixture_loss(samples: int, human_share: float) -> float:
    """1 - rho of `mixture_variance`."""
    return human_share * (2 - human_share) + (1 - human_share) ** 2 / samples


def _partial(probabilities: ArrayLike, human: int, samples: int) -> tuple[float, float]:
    """Limit of the squared distance, and the share of it that a generation loses."""
    require_count("human", human, least=1)
    require_count("samples", samples, least=1)
    total = human + samples
    lost = (human * (total + samples) + samples) / total**2
    return heterozygosity(probabilities=probabilities) * samples / total**2 / lost, lost
