r"""Curation: the best of several draws, or a choice among them; what it gains and where it ends.

A type x has a reward r(x). *Best of n* keeps the draw of the highest reward. A *choice* among K
draws takes draw i with chance $e^{r_i} / \sum_j e^{r_j}$ (Bradley and Terry, Luce). The next model
learns the law of what was kept. Derivations: docs/distributions.md, estimates, curation and
extrapolation.
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from theory.claims import claim
from theory.distributions.laws import require_law
from theory.validate import require_count, require_fraction, require_positive

_DERIVED = "derived: theory/distributions/curation.py"
_BEIRAMI = "Beirami et al. 2025 (arXiv 2401.01879)"
_FERBACH = "Ferbach et al. 2024 (arXiv 2407.09499)"


@claim(
    "beirami2025.bon_kl",
    _BEIRAMI,
    relation="<=",
    provenance="read",
    says=r"KL(best of n | reference) $\le \log n - \frac{n-1}n$",
    stated="printed elsewhere as an equality; this source shows that it bounds from above",
    needed="any law, draws of equal reward by lot; equality only without ties, in the limit",
    expected="holds, as a bound: two equal types at n = 64 have .693, where it says 3.17",
    decided="exact",
)
def best_of_divergence_bound(*, draws: int) -> float:
    r"""Bound on the divergence of the best of n from one draw: $\log n - \frac{n-1}n$ nats.

    >>> best_of_divergence_bound(draws=1)
    0.0
    """
    require_count("draws", draws, least=1)
    return math.log(draws) - (draws - 1) / draws


@claim(
    "beirami2025.win_rate",
    _BEIRAMI,
    relation="<=",
    provenance="read",
    says=r"the best of n beats one draw, a tie counted half, with chance $\le \frac n{n+1}$",
    needed="any law",
    expected="holds: reached without ties; a tie that counts whole can exceed it",
    decided="exact",
)
def best_of_win_rate_bound(*, draws: int) -> float:
    r"""Bound on the chance that the best of n beats one other draw: $\frac n{n+1}$.

    >>> best_of_win_rate_bound(draws=3)
    0.75
    """
    require_count("draws", draws, least=1)
    return draws / (draws + 1)


@claim(
    "ref.bon_rounds",
    _DERIVED,
    relation="==",
    says=r"T rounds of best of n, each from the last one's law, are one best of $n^T$",
    needed="an infinite sample in every round; any law, ties by lot",
    expected=r"holds: the share F of the worst becomes $F^{n^T}$",
    decided="exact",
)
def best_of_rounds_share(*, share: float, draws: int, rounds: int) -> float:
    r"""Share of the worst, `share` at first, after T rounds of best of n: $F^{n^T}$.

    >>> best_of_rounds_share(share=0.5, draws=2, rounds=2)
    0.0625
    """
    require_fraction("share", share)
    require_count("draws", draws, least=1)
    require_count("rounds", rounds, least=0)
    return share ** (draws**rounds)


def best_of_law(*, probabilities: ArrayLike, draws: int) -> np.ndarray:
    r"""Law of the best of n, types from the worst to the best: $F_i^n - F_{i-1}^n$, (types,).

    >>> best_of_law(probabilities=[0.5, 0.5], draws=2).tolist()
    [0.25, 0.75]
    """
    law = require_law("probabilities", probabilities)
    require_count("draws", draws, least=1)
    shares = np.minimum(np.cumsum(law), 1)
    return np.diff(shares**draws, prepend=0)


def best_of_divergence(*, probabilities: ArrayLike, draws: int) -> float:
    """Divergence of `best_of_law` from the law of one draw, in nats.

    >>> best_of_divergence(probabilities=[1.0], draws=9)
    0.0
    """
    law = require_law("probabilities", probabilities)
    best = best_of_law(probabilities=law, draws=draws)
    kept = best > 0
    return float(np.sum(best[kept] * np.log(best[kept] / law[kept])))


@claim(
    "ferbach2024.gain",
    f"{_FERBACH} (recalled)",
    relation=">=",
    provenance="recalled",
    says=r"choice among K: $E' e^r \ge E e^r + \frac{K-1}K \frac{\mathrm{Var}\,e^r}{e^{r_{max}}}$",
    stated="curation by a K-choice model, retraining on what is chosen alone",
    needed="bounded rewards; any law, an infinite sample or the mean over samples",
    expected="holds, as derived here for every K",
)
def curated_reward_least(*, probabilities: ArrayLike, rewards: ArrayLike, choices: int) -> float:
    r"""Least mean $e^r$ of what is chosen among K draws.

    $E e^r + \frac{K-1}K \mathrm{Var}(e^r) / e^{r_{max}}$, the largest reward being that of a type
    which occurs. Source: Ferbach et al. 2024 (recalled).

    >>> curated_reward_least(probabilities=[0.5, 0.5], rewards=[0.0, 0.0], choices=2)
    1.0
    """
    law, values = _rewarded(probabilities, rewards)
    require_count("choices", choices, least=1)
    mean = float(law @ values)
    spread = float(law @ (values - mean) ** 2)
    return mean + (1 - 1 / choices) * spread / float(values[law > 0].max())


def curated_pairs(*, probabilities: ArrayLike, rewards: ArrayLike) -> np.ndarray:
    r"""Law of what is chosen of two draws: $p_i' = 2 p_i \sum_j p_j \frac{e^{r_i}}{e^{r_i} +
    e^{r_j}}$, (types,).

    >>> curated_pairs(probabilities=[0.5, 0.5], rewards=[0.0, 0.0]).tolist()
    [0.5, 0.5]
    """
    law, values = _rewarded(probabilities, rewards)
    return 2 * law * ((values[:, None] / (values[:, None] + values)) @ law)


@claim(
    "ref.curation_rate",
    f"{_DERIVED}; ends on the largest reward: Ferbach et al. 2024 (recalled)",
    relation="->",
    says=r"choice of two, two types: the loser has $p' = p [c + (1-c) p]$, "
    r"$c = \frac2{1 + e^\Delta}$: in the end a factor c a round",
    stated="all mass goes to the types of the largest reward",
    needed="an infinite sample in every round; a difference of rewards > 0",
    expected="holds as the samples grow",
    order="leading",
)
def losing_share(*, share: float, reward_gap: float, generation: int) -> float:
    r"""Share of the type that is liked less, by $\Delta$, after `generation` - 1 rounds of choice.

    $p' = p [c + (1 - c) p]$ with $c = \frac2{1 + e^\Delta}$. Source: derived here.

    >>> losing_share(share=0.5, reward_gap=0.0, generation=9)
    0.5
    """
    require_fraction("share", share)
    require_positive("reward_gap", reward_gap, zero=True)
    require_count("generation", generation, least=1)
    rate = losing_rate(reward_gap=reward_gap)
    for _ in range(generation - 1):
        share *= rate + (1 - rate) * share
    return share


def losing_rate(*, reward_gap: float) -> float:
    r"""Factor of a rare loser's share in a round of choices of two: $\frac2{1 + e^\Delta}$.

    >>> losing_rate(reward_gap=0.0)
    1.0
    """
    require_positive("reward_gap", reward_gap, zero=True)
    return 2 * math.exp(-reward_gap) / (1 + math.exp(-reward_gap))


def _rewarded(probabilities: ArrayLike, rewards: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Law, and e^r of every type."""
    law, values = require_law("probabilities", probabilities), np.asarray(rewards, dtype=float)
    if values.shape != law.shape or not np.isfinite(values).all():
        raise ValueError(f"rewards={values.tolist()}: accepted are {len(law)} finite numbers")
    return law, np.exp(values)
