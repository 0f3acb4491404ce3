"""Survival of words: counts drawn again and again, as a branching process.

Replace only, generation 1 is drawn from human data. Chances to be alive are exact for Poisson
counts and nearly those of multinomial ones.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from theory.claims import claim
from theory.distributions.laws import require_law
from theory.validate import require_count, require_fraction, require_positive

_SURVIVAL = "derived: theory/distributions/survival.py"
_SURESH = "Suresh et al. 2025"


def branching_factor(*, generation: int) -> float:
    r"""$g_1 = 1$, $g_{k+1} = 1 - e^{-g_k}$: a lone word's line lives k generations.

    $\frac1k \le g_k \le \frac3k$, and $k g_k \to 2$. Source: Suresh et al. 2025.

    >>> branching_factor(generation=2) == 1 - 1 / math.e
    True
    """
    require_count("generation", generation, least=1)
    factor = 1.0
    for _ in range(1, generation):
        factor = -math.expm1(-factor)
    return factor


@claim(
    "suresh2025.poisson",
    _SURESH,
    relation="==",
    provenance="read",
    says=r"Poisson counts: a word is alive with chance $1 - e^{-n \lambda_0 g_k}$",
    stated="fixed n",
    needed="the same",
    expected="holds, exactly",
)
def poisson_survival(*, rate: float, samples: int, generation: int) -> float:
    r"""Chance that a word of Poisson count is alive in generation k: $1 - e^{-n \lambda_0 g_k}$.

    `rate` is $\lambda_0$, `samples` is n: counts are Poisson with mean n times the last estimate.
    Source: Suresh et al. 2025.

    >>> round(poisson_survival(rate=0.5, samples=2, generation=1) + 1 / math.e, 12)
    1.0
    """
    require_positive("rate", rate, zero=True)
    require_count("samples", samples, least=1)
    return -math.expm1(-samples * rate * branching_factor(generation=generation))


@claim(
    "suresh2025.bern_least",
    _SURESH,
    relation=">=",
    provenance="read",
    says=r"binomial counts: at least $1 - e^{-np_0 g_k}$",
    stated="fixed n",
    needed="the same",
    expected="holds: .0909 against .0876 at p_0 = .01, n = 100, k = 20",
)
def bernoulli_survival_least(*, probability: float, samples: int, generation: int) -> float:
    r"""Least chance that a word of binomial count is alive: $1 - e^{-n p_0 g_k}$.

    Source: Suresh et al. 2025; by induction from $1 - x \le e^{-x}$.

    >>> round(bernoulli_survival_least(probability=0.5, samples=2, generation=1) + 1 / math.e, 12)
    1.0
    """
    require_fraction("probability", probability)
    return poisson_survival(rate=float(probability), samples=samples, generation=generation)


@claim(
    "suresh2025.bern",
    _SURESH,
    relation="<=",
    provenance="read",
    says=r"binomial counts: at most $1 - (1 - 3np_0^2 - 3kp_0) e^{-np_0 g_k}$",
    stated="fixed n",
    needed="the same; says much only for 3 k p_0 far below 1",
    expected="holds: .0909 against .6624 at p_0 = .01, n = 100, k = 20",
)
def bernoulli_survival_most(*, probability: float, samples: int, generation: int) -> float:
    r"""Upper bound on the same chance: $1 - (1 - 3np_0^2 - 3kp_0) e^{-np_0 g_k}$; weak at large k.

    Source: Suresh et al. 2025.

    >>> bernoulli_survival_most(probability=0.0, samples=2, generation=1)
    0.0
    """
    least = bernoulli_survival_least(
        probability=probability, samples=samples, generation=generation
    )
    slack = 3 * samples * probability**2 + 3 * generation * probability
    return least + slack * (1 - least)


@claim(
    "suresh2025.vocab",
    _SURESH,
    relation=">=",
    provenance="read",
    says=r"distinct words of generation k: at least $\sum_i (1 - e^{-np_i g_k})$",
    stated="fixed n",
    needed="the same",
    expected="holds, nearly an equality",
)
@claim(
    "ref.distinct",
    _SURVIVAL,
    relation="->",
    says=r"distinct words of generation k: $\sum_i (1 - e^{-Np_i g_k})$",
    needed="exact for Poisson counts; k << N otherwise",
    expected="holds to 1 % until k = N / 20, .5 % for a Zipf law of 20 generations",
    order="leading",
)
def distinct_types(*, probabilities: ArrayLike, samples: int, generation: int) -> float:
    r"""Distinct words in the corpus of generation k: $\sum_i (1 - e^{-N p_i g_k})$.

    Exact for Poisson counts, never above the mean for multinomial ones: 1 % below it at k = N / 20,
    16 % at k = N, where few types are left. Exact for generation 1: `categorical.distinct_types`.
    Source: Suresh et al. 2025.

    >>> round(distinct_types(probabilities=[0.5, 0.5], samples=2, generation=1) + 2 / math.e, 12)
    2.0
    """
    law = require_law("probabilities", probabilities)
    require_count("samples", samples, least=1)
    return float(-np.expm1(-samples * branching_factor(generation=generation) * law).sum())
