r"""Models of words other than frequencies: smoothed, sampled, pooled, with new words.

Generation 1 is the fit on human tokens, `samples` is N; each later fit is to N tokens of the last
model. Derivations: docs/distributions.md, corpora.
"""

import math

import numpy as np
import scipy
from numpy.typing import ArrayLike

from theory.claims import claim
from theory.distributions.laws import heterozygosity, require_law
from theory.validate import require_count, require_fraction, require_positive

_DERIVED = "derived: theory/distributions/unigram_models.py"


@claim(
    "ref.smoothing",
    _DERIVED,
    relation="==",
    says=r"add-$\lambda$ smoothing: mean $m + r^n (p - m)$, $m = \frac1V$, "
    r"$r = \frac{N}{N + V\lambda}$, variance to $\frac{r^2 m (1-m) / N}{1 - r^2 (1 - 1/N)}$",
    needed="multinomial",
    expected="holds: it ends near the uniform law, and never collapses",
)
def smoothed_error(
    *, probabilities: ArrayLike, samples: int, pseudo_count: float, generation: int
) -> float:
    r"""Mean squared distance to the human law when `pseudo_count` is added to each type's count.

    $V' = r^2 [(1 - \frac1N) V + \frac1N \sum_i m_i (1 - m_i)]$ around the mean
    $m_i = \frac1V + r^n (p_i - \frac1V)$. Source: derived here.

    >>> smoothed_error(probabilities=[0.5, 0.5], samples=2, pseudo_count=1.0, generation=1)
    0.0625
    """
    require_count("generation", generation, least=1)
    law, kept = (
        require_law("probabilities", probabilities),
        _kept(samples, pseudo_count * len(np.atleast_1d(probabilities))),
    )
    uniform, spread = 1 / len(law), 0.0
    for n in range(generation):
        mean = uniform + kept**n * (law - uniform)
        spread = kept**2 * ((1 - 1 / samples) * spread + mean @ (1 - mean) / samples)
    moved = (1 - kept**generation) * (law - uniform)
    return float(spread + moved @ moved)


def smoothed_variance_limit(*, types: int, samples: int, pseudo_count: float) -> float:
    r"""Variance of each type in the end: $\frac{r^2 m (1 - m)/N}{1 - r^2 (1 - 1/N)}$.

    >>> smoothed_variance_limit(types=2, samples=2, pseudo_count=1.0) * 28
    1.0
    """
    require_count("types", types, least=2)
    kept = _kept(samples, pseudo_count * types)
    mean = 1 / types
    return kept**2 * mean * (1 - mean) / samples / (1 - kept**2 * (1 - 1 / samples))


@claim(
    "griffiths2007.prior",
    "Griffiths and Kalish 2007 (recalled); the rate is ref.posterior_rate",
    relation="~",
    provenance="recalled",
    says="models sampled from the posterior, each on words of the last: their law tends to the "
    "prior",
    stated="iterated learning by sampling is a Gibbs sampler",
    needed="any N; here a Dirichlet prior, of which one type is seen",
    expected="holds: whatever the human law was",
)
def posterior_law(*, prior: ArrayLike):
    r"""Law of the probability of type 0 in the end: $\mathrm{Beta}(a_0, a - a_0)$, the prior's.

    `prior` holds the pseudo-counts $a_i$ of a Dirichlet law, with sum a; returns a SciPy law.

    >>> float(posterior_law(prior=[1.0, 1.0]).cdf(0.25))
    0.25
    """
    counts = _pseudo_counts(prior)
    return scipy.stats.beta(counts[0], counts[1:].sum())


@claim(
    "ref.posterior_rate",
    _DERIVED,
    relation="==",
    says=r"models sampled from the posterior: $E P_n - \mathrm{prior\ mean} = "
    r"(\frac{N}{N+a})^n (p - \mathrm{prior\ mean})$",
    needed="Dirichlet prior of a pseudo-counts in all",
    expected="holds: human language is forgotten at a rate that N and the prior decide",
)
def posterior_distance(*, samples: int, prior: ArrayLike, generation: int) -> float:
    r"""Mean distance from the prior's mean as a share of the human law's: $(\frac{N}{N+a})^n$.

    >>> posterior_distance(samples=3, prior=[0.5, 0.5], generation=2)
    0.5625
    """
    require_count("generation", generation, least=1)
    require_count("samples", samples, least=1)
    return math.exp(-generation * math.log1p(float(_pseudo_counts(prior).sum()) / samples))


@claim(
    "ref.innovation",
    _DERIVED,
    relation="==",
    says=r"each token is a new word with chance u: two are alike with chance "
    r"$F' = (1-u)^2 [\frac1N + (1 - \frac1N) F] \to \frac{(1-u)^2}{N - (N-1)(1-u)^2}$",
    needed="infinitely many words (infinite alleles, Kimura and Crow 1964)",
    expected="holds: new words stop the collapse, at a variety that N u decides",
)
def alike(*, probabilities: ArrayLike, samples: int, innovation: float, generation: int) -> float:
    r"""Chance that two tokens of a corpus are of one type, each being new with chance u.

    $F_1 = \sum p_i^2$ and $F_n = F_\infty + [(1-u)^2 (1 - \frac1N)]^{n-1} (F_1 - F_\infty)$.
    `innovation` is u. Source: derived here.

    >>> alike(probabilities=[0.5, 0.5], samples=2, innovation=0.5, generation=2)
    0.1875
    """
    require_count("generation", generation, least=1)
    limit = alike_limit(samples=samples, innovation=innovation)
    first = 1 - heterozygosity(probabilities=probabilities)
    lost = innovation * (2 - innovation) + (1 - innovation) ** 2 / samples
    left = _power(lost, generation - 1)
    return limit + left * (first - limit)


def alike_limit(*, samples: int, innovation: float) -> float:
    r"""Limit of `alike`: $\frac{(1-u)^2}{N - (N-1)(1-u)^2}$; 1 without new words.

    >>> alike_limit(samples=2, innovation=0.5) * 7
    1.0
    """
    require_count("samples", samples, least=1)
    require_fraction("innovation", innovation)
    inherited = (1 - innovation) ** 2
    return inherited / (1 + (samples - 1) * innovation * (2 - innovation))


@claim(
    "ref.models_pooled",
    _DERIVED,
    relation="==",
    says=r"K models, each on N tokens of their pooled output: pooled $H (1 - \frac{1}{KN})^n$",
    needed="multinomial",
    expected="holds: K models forget K times as slowly as one",
)
def pooled_models_heterozygosity(
    *, probabilities: ArrayLike, samples: int, models: int, generation: int
) -> float:
    r"""Mean heterozygosity of the mean of K models: $H (1 - \frac{1}{KN})^n$.

    >>> pooled_models_heterozygosity(
    ...     probabilities=[0.5, 0.5], samples=2, models=2, generation=1)
    0.375
    """
    require_count("generation", generation, least=1)
    require_count("samples", samples, least=1)
    require_count("models", models, least=1)
    kept = _power(1 / (models * samples), generation)
    return heterozygosity(probabilities=probabilities) * kept


@claim(
    "ref.models_spread",
    _DERIVED,
    relation="==",
    says=r"K models, each on N tokens of their pooled output: mean squared distance to the pooled "
    r"one $(1 - \frac1K) \frac HN (1 - \frac{1}{KN})^{n-1}$",
    needed="multinomial",
    expected="holds: they differ by one round of draws alone, and stay alike",
)
def models_spread(*, probabilities: ArrayLike, samples: int, models: int, generation: int) -> float:
    r"""Mean squared distance of K models to their mean: one round of draws from the last mean.

    >>> models_spread(probabilities=[0.5, 0.5], samples=2, models=2, generation=1)
    0.125
    """
    require_count("generation", generation, least=1)
    require_count("samples", samples, least=1)
    require_count("models", models, least=1)
    last = _power(1 / (models * samples), generation - 1)
    return heterozygosity(probabilities=probabilities) / samples * (1 - 1 / models) * last


def _power(lost: float, rounds: int) -> float:
    """Share that is left after rounds that each lose a share."""
    return float(np.exp(scipy.special.xlog1py(rounds, -lost)))


def _kept(samples: int, pseudo_counts: float) -> float:
    """Weight of N tokens against all pseudo-counts."""
    require_count("samples", samples, least=1)
    require_positive("pseudo_count", pseudo_counts, zero=True)
    return samples / (samples + pseudo_counts)


def _pseudo_counts(prior: ArrayLike) -> np.ndarray:
    counts = np.asarray(prior, dtype=float)
    if counts.ndim != 1 or len(counts) < 2 or not ((counts > 0) & (counts < np.inf)).all():
        raise ValueError(f"prior={prior}: accepted are two or more finite numbers > 0")
    return counts
