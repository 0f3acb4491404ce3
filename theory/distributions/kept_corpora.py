r"""A corpus whose human tokens are kept: synthetic ones beside them, or added to them for ever.

A fit is the frequencies of all tokens. Units and generations as in
`theory.distributions.categorical`. Derivations: docs/distributions.md, corpora.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from theory.claims import claim
from theory.distributions.categorical_human import partial_error
from theory.distributions.laws import heterozygosity, require_law
from theory.distributions.survival import branching_factor
from theory.validate import require_count

_DERIVED = "derived: theory/distributions/kept_corpora.py"


@claim(
    "ref.kept_excess",
    _DERIVED,
    relation="==",
    says=r"N human tokens kept, n synthetic a round: excess $\frac{\alpha^2 h}n "
    r"\frac{1 - r^{t-1}}{1-r}$, $\alpha = \frac n{N+n}$, $r = \alpha^2 (1 - \frac1n)$, "
    r"$h = H (1 - \frac1N)$",
    needed="multinomial; generation 1 is the fit on the human tokens alone",
    expected="holds below, at and above the n of the largest excess",
)
def kept_excess(*, probabilities: ArrayLike, human: int, samples: int, generation: int) -> float:
    r"""Squared error above that of the human tokens alone: N of them are kept, n drawn a round.

    $D_1 = 0$, $D' = \alpha^2 [(1 - \frac1n) D + h/n]$, $h = H (1 - \frac1N)$: also the mean
    squared distance between the two fits. `samples` is n. Source: derived here.

    >>> kept_excess(probabilities=[0.5, 0.5], human=2, samples=2, generation=2)
    0.03125
    """
    away = partial_error(
        probabilities=probabilities, human=human, samples=samples, generation=generation
    )
    return (1 - 1 / human) * away


@claim(
    "fu2024.ascent",
    "Fu et al. 2024 (arXiv 2402.11778), wording of the abstract read; the law and the peak derived",
    relation="==",
    says="error against the number n of synthetic tokens a round: it rises to one n and falls "
    "from there on",
    stated="total variation: an initial ascent, then a decline beyond a threshold",
    needed="squared distance on a categorical test law, a finite number of rounds",
    expected="holds: N = 50, largest at n/N = 1, 1.54, 2.52, 4.66, 11.9 for t = 2, 3, 5, 10, 30; "
    "no decline as t grows first",
    decided="exact",
)
def largest_excess(*, human: int, generation: int) -> int:
    r"""Number n of synthetic tokens a round at which `kept_excess` is largest; of any law.

    N at generation 2, and more later: without end as the generations grow, where the excess
    $\frac{nh}{N^2 + 2Nn + n}$ only rises with n. Source: derived here.

    >>> largest_excess(human=50, generation=2)
    50
    """
    require_count("human", human, least=1)
    require_count("generation", generation, least=2)

    def rises(samples: int) -> bool:
        here, next_ = (
            partial_error(probabilities=[0.5, 0.5], human=human, samples=n, generation=generation)
            for n in (samples, samples + 1)
        )
        return next_ > here

    low, high = 0, human
    while rises(high):
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if rises(middle) else (low, middle)
    return high


@claim(
    "ref.polya",
    _DERIVED,
    relation="==",
    says=r"Polya's urn, N human tokens and m added a round: $H (1 - \frac1N) \prod_{k < t} "
    r"(1 - \frac{m}{(N + km)^2})$",
    needed="multinomial batches, all tokens kept",
    expected=r"holds; it tends to about $1 - \frac{1}{N + m/2}$ of the human tokens' own",
)
def polya_heterozygosity(
    *, probabilities: ArrayLike, human: int, added: int, generation: int
) -> float:
    r"""Mean heterozygosity where each model adds `added` tokens to the `human` ones, for ever.

    $H (1 - \frac1N) \prod_{k=1}^{t-1} (1 - \frac{m}{(N + km)^2})$. Source: derived here.

    >>> polya_heterozygosity(probabilities=[0.5, 0.5], human=2, added=2, generation=2)
    0.21875
    """
    require_count("generation", generation, least=1)
    return _of_human(probabilities, human) * math.exp(_urn(human, added, generation - 1))


def polya_limit(*, probabilities: ArrayLike, human: int, added: int) -> float:
    r"""Limit of `polya_heterozygosity`; about $H (1 - \frac1N)(1 - \frac1{N + m/2})$.

    The product is $\Gamma(1+a)^2 / [\Gamma(1+a-b) \Gamma(1+a+b)]$, $a = N/m$, $b = m^{-1/2}$; at
    m = 1, Polya's urn itself, $\frac{N}{N+1}$. Source: derived here.

    >>> round(polya_limit(probabilities=[0.5, 0.5], human=3, added=1), 9)
    0.25
    """
    tail = 1 / (human + added * (_SUMMED + 0.5))
    return _of_human(probabilities, human) * math.exp(_urn(human, added, _SUMMED) - tail)


_SUMMED = 10_000
"""Factors of a product that are multiplied one by one; the rest is an integral, right to 1e-12."""


def _of_human(probabilities: ArrayLike, human: int) -> float:
    """Heterozygosity of the human tokens, in the mean."""
    require_count("human", human, least=1)
    return heterozygosity(probabilities=probabilities) * (1 - 1 / human)


def _urn(human: int, added: int, rounds: int) -> float:
    """Logarithm of what so many rounds leave."""
    require_count("added", added, least=1)
    total = human + added * np.arange(1.0, rounds + 1)
    return float(np.log1p(-added / total**2).sum())


@claim(
    "ref.missing_mass",
    _DERIVED,
    relation="->",
    says=r"human mass of the words that k fits have lost: $\sum_i p_i e^{-N p_i g_k}$, "
    r"$g_1 = 1$, $g_{k+1} = 1 - e^{-g_k}$",
    needed="exact for Poisson counts, an upper bound for multinomial ones; k << N for equality",
    expected="holds to 1 %",
    order="leading",
)
def missing_mass(*, probabilities: ArrayLike, samples: int, generation: int) -> float:
    r"""Human mass of the words that are in the corpus of generation k no more (Good-Turing).

    $\sum_i p_i e^{-N p_i g_k}$ with the `survival.branching_factor` $g_k$. Source: derived here.

    >>> missing_mass(probabilities=[0.5, 0.5], samples=2, generation=1) == math.exp(-1)
    True
    """
    law = require_law("probabilities", probabilities)
    require_count("samples", samples, least=1)
    return float(law @ np.exp(-samples * branching_factor(generation=generation) * law))
