"""A categorical law fitted to its own draws beside human ones, fixed or fresh.

Units and generations as in `theory.distributions.categorical`.
"""

import numpy as np
import scipy
from numpy.typing import ArrayLike

from theory.claims import claim
from theory.distributions.laws import heterozygosity, type_variances
from theory.validate import require_count, require_fraction

_HUMAN = "derived: theory/distributions/categorical_human.py"


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
    "Seddik et al. 2024",
    relation="==",
    provenance="recalled",
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
    return type_variances(probabilities) / samples * grown


def mixture_limit(*, probabilities: ArrayLike, samples: int, human_share: float) -> np.ndarray:
    r"""Limit of `mixture_variance`: $\frac{p(1-p)/N}{1 - (1-a)^2 (1 - 1/N)}$, (types,).

    >>> mixture_limit(probabilities=[0.5, 0.5], samples=1, human_share=0.5).tolist()
    [0.25, 0.25]
    """
    require_count("samples", samples, least=1)
    require_fraction("human_share", human_share)
    return type_variances(probabilities) / samples / _mixture_loss(samples, human_share)


@claim(
    "ref.mix_prob",
    _HUMAN,
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
    _HUMAN,
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
