r"""Memorisers of a Zipf law: test errors with infinitely many ranks, and their slopes.

Human ranks have $p_i = i^{-\beta}/\zeta(\beta)$, $\beta > 1$, and their labels are deterministic.
A learner knows exactly the ranks among its T training draws from q, so it errs with probability
$\sum_i p_i (1 - q_i)^T$. The first ranks are summed, the rest is an incomplete beta integral
(midpoint rule; together right to 1e-8). Source of the model: Hutter 2021; Dohmatob et al. 2024.
"""

import math

import numpy as np
import scipy

from theory.claims import claim
from theory.validate import require_count, require_fraction, require_positive

_DOHMATOB = "Dohmatob et al. 2024, A Tale of Tails"


_SUMMED = 20_000
"""Ranks that are summed one by one."""


def tail_mass(*, exponent: float, rank: int) -> float:
    r"""Probability of all ranks above k: $\zeta(\beta, k + 1)/\zeta(\beta)$.

    >>> round(tail_mass(exponent=2.0, rank=1) + 6 / math.pi**2, 12)
    1.0
    """
    _require_exponent(exponent)
    require_count("rank", rank, least=0)
    return float(scipy.special.zeta(exponent, rank + 1) / scipy.special.zeta(exponent))


@claim(
    "ref.zipf_error",
    "derived: theory/distributions/zipf_tails.py",
    relation="==",
    says=r"memoriser: error $\sum_i p_i (1 - q_i)^T$, with a cut and a clean fraction",
    needed="deterministic labels, T independent draws",
    expected="holds; a clean fraction gives a plateau, then a second descent",
)
def memoriser_error(
    *,
    exponent: float,
    samples: float | int,
    cut: int | None = None,
    human_fraction: float = 0.0,
) -> float:
    r"""Mean test error after T draws, of the human law or of one without the ranks above `cut`.

    $q_i = \pi p_i + (1-\pi) p_i 1_{i \le k} / P(i \le k)$: `human_fraction` $\pi$ of the draws is
    human. With a cut and $\pi = 0$ a floor of `tail_mass` stays; with $\pi > 0$ there is a plateau
    before the error falls again ("grokking"). Source: Dohmatob et al. 2024, equations 3 to 6.

    >>> round(memoriser_error(exponent=2.0, samples=0), 12)
    1.0
    """
    _require_exponent(exponent)
    require_positive("samples", float(samples), zero=True)
    require_fraction("human_fraction", human_fraction)
    if cut is None:
        return _missed(exponent, 1.0, samples, 0, math.inf)
    require_count("cut", cut, least=1)
    kept_mass = _kept_mass(exponent, cut)
    kept = human_fraction + (1 - human_fraction) / kept_mass
    below = _missed(exponent, kept, samples, 0, cut)
    return below + _missed(exponent, human_fraction, samples, cut, math.inf)


@claim(
    "dohmatob2024b.cor22",
    f"{_DOHMATOB}, Corollary 2.2 (order recalled); constants derived",
    relation="==",
    says=r"T draws of a model that saw $T_0$: error $\asymp T^{-c} + T_0^{-c}$",
    stated=r"a cut at rank $k \asymp T_0^{1/\beta}$ (recalled), $c = (\beta-1)/\beta$",
    needed="a Poisson number of draws, for which the formula is exact",
    expected="holds, with the exact error instead of the orders",
)
def second_error(*, exponent: float, samples: float | int, human_samples: float | int) -> float:
    r"""Mean test error after a Poisson number, mean T, of draws from the law of $T_0$ human ones.

    $\sum_i p_i [1 - p_i (1 - e^{-T/T_0})]^{T_0}$, exactly; so
    $\asymp T^{-(\beta-1)/\beta} + T_0^{-(\beta-1)/\beta}$, the double law of Corollary 2.2.

    >>> round(second_error(exponent=2.0, samples=0, human_samples=10), 12)
    1.0
    """
    _require_exponent(exponent)
    require_positive("samples", float(samples), zero=True)
    require_positive("human_samples", float(human_samples))
    weight = -math.expm1(-samples / human_samples)
    return _missed(exponent, weight, human_samples, 0, math.inf)


def learning_exponent(*, exponent: float) -> float:
    r"""Power of T in the human law's test error: $-(\beta-1)/\beta$.

    Source: Hutter 2021.

    >>> learning_exponent(exponent=2.0)
    -0.5
    """
    _require_exponent(exponent)
    return -(exponent - 1) / exponent


@claim(
    "dohmatob2024b.thm21",
    f"{_DOHMATOB}, Theorem 2.1 (order recalled); constants derived",
    relation="->",
    says=r"tail cut at rank k: error $\asymp T^{-(\beta-1)/\beta} + k^{-(\beta-1)}$",
    stated="Zipf, memorisation (recalled); the constants are this project's",
    needed=r"infinite support; $k \ll T^{1/\beta}$ or $k \gg T^{1/\beta}$ for the constants",
    expected="holds: slopes -.333, -.500, -.666 at beta = 1.5, 2, 3",
    order="leading",
)
def cut_error_leading(*, exponent: float, samples: float | int, cut: int) -> float:
    r"""Test error under a cut at rank k, for $k \ll T^{1/\beta}$ or $k \gg T^{1/\beta}$.

    $\frac{\Gamma(1-1/\beta)}{\beta \zeta(\beta)^{1/\beta}} T^{-(\beta-1)/\beta}
    + \frac{k^{-(\beta-1)}}{(\beta-1)\zeta(\beta)}$; too high, up to a factor 2, in between.
    Source: Dohmatob et al. 2024, Theorem 2.1 (the orders); derived here.

    >>> at = {"exponent": 2.0, "samples": math.inf}
    >>> round(cut_error_leading(**at, cut=6) * math.pi**2, 12)
    1.0
    """
    _require_exponent(exponent)
    require_count("cut", cut, least=1)
    if not samples > 0:
        raise ValueError(f"samples={samples}: accepted are numbers > 0")
    mass = float(scipy.special.zeta(exponent))
    clean = math.gamma(1 - 1 / exponent) / (exponent * mass ** (1 / exponent))
    floor = cut ** (1 - exponent) / ((exponent - 1) * mass)
    return clean * samples ** learning_exponent(exponent=exponent) + floor


@claim(
    "dohmatob2024b.thm32",
    f"{_DOHMATOB}, Theorem 3.2 (recalled); the law derived: theory/distributions/zipf_tails.py",
    relation="->",
    says=r"tail cut at rank k, clean fraction $\pi$: a plateau, then "
    r"$(\pi T)^{-(\beta-1)/\beta}$",
    stated="Zipf, memorisation: grokking with a clean fraction",
    needed="infinite support, deterministic labels, T and k large",
    expected="holds before, on and after the plateau",
    order="leading",
)
def second_descent_leading(
    *, exponent: float, samples: float | int, cut: int, human_fraction: float
) -> float:
    r"""Test error under a cut at rank k with a clean fraction $\pi > 0$, for T and k large.

    $A [(\pi T)^{-c}\, \gamma(c, \pi T q) + (wT)^{-c}\, \Gamma(c, w T q)]$ with $c = 1 - 1/\beta$,
    $A = \zeta(\beta)^{-1/\beta}/\beta$, $q = (k + \frac12)^{-\beta}/\zeta(\beta)$ and the weight
    $w = \pi + (1-\pi)/P(i \le k)$ of the ranks up to k: the clean power law, a plateau at the
    tail's mass for $\frac1{wq} \ll T \ll \frac1{\pi q}$, and the power law of $\pi T$ draws.
    Source: Dohmatob et al. 2024, Theorem 3.2 ("grokking", recalled); derived here.

    >>> at = {"exponent": 2.0, "cut": 10**6, "human_fraction": 1.0}
    >>> round(second_descent_leading(**at, samples=100) * 20 / math.sqrt(6 / math.pi), 4)
    1.0
    """
    _require_exponent(exponent)
    require_count("cut", cut, least=1)
    require_positive("samples", float(samples))
    if not 0 < human_fraction <= 1:
        raise ValueError(f"human_fraction={human_fraction}: accepted is (0, 1]")
    mass, power = float(scipy.special.zeta(exponent)), 1 - 1 / exponent
    last = (cut + 0.5) ** -exponent / mass
    kept = _kept_mass(exponent, cut)
    rare = samples * human_fraction
    common = rare + samples * (1 - human_fraction) / kept
    above = rare**-power * scipy.special.gammainc(power, rare * last)
    below = common**-power * scipy.special.gammaincc(power, common * last)
    return float(math.gamma(power) / (exponent * mass ** (1 / exponent)) * (above + below))


def _kept_mass(exponent: float, cut: int) -> float:
    """Probability of the ranks up to `cut`, summed where it is the smaller part."""
    beyond = tail_mass(exponent=exponent, rank=cut)
    if beyond < 0.5:
        return 1 - beyond
    summed = float(np.sum(np.arange(1, min(cut, _SUMMED) + 1.0) ** -exponent))
    if cut > _SUMMED:
        first = _SUMMED + 0.5
        power = (1 - exponent) * math.log((cut + 0.5) / first)
        summed += first ** (1 - exponent) * math.expm1(power) / (1 - exponent)
    return summed / float(scipy.special.zeta(exponent))


def _missed(
    exponent: float, weight: float, draws: float | int, after: int, last: float | int
) -> float:
    """Sum of p (1 - weight p)^draws over ranks in (after, last]."""
    if weight == 0:
        beyond = 0.0 if last == math.inf else tail_mass(exponent=exponent, rank=int(last))
        return tail_mass(exponent=exponent, rank=after) - beyond
    mass = scipy.special.zeta(exponent)
    ranks = np.arange(after + 1, min(max(after, _SUMMED), last) + 1)
    law = ranks**-exponent / mass
    with np.errstate(divide="ignore"):
        # a cut at rank 1 leaves one rank of weight 1, missed by no draw
        logs = np.log1p(-np.minimum(weight * law, 1))
    if after == 0 and weight <= 1 < last:
        # The first rank may have nearly all: what misses it is not a difference from 1.
        logs[0] = math.log(1 - weight + weight * tail_mass(exponent=exponent, rank=1))
    summed = float(np.sum(law * np.exp(draws * logs))) if draws else float(law.sum())
    start = max(after, _SUMMED)
    if last <= start:
        return summed
    # With u = weight p(x) the integral of p (1 - u)^T dx is one of u^(-1/beta) (1 - u)^T du.
    shape = 1 - 1 / exponent
    ends = weight * np.array([start + 0.5, last + 0.5]) ** -exponent / mass
    share = scipy.special.betainc(shape, draws + 1, ends)
    scale = math.exp(scipy.special.betaln(shape, draws + 1)) / (
        exponent * mass ** (1 / exponent) * weight**shape
    )
    return summed + float(scale * (share[0] - share[1]))


def _require_exponent(exponent: float) -> None:
    if not 1 < exponent < math.inf:
        raise ValueError(f"exponent={exponent}: accepted are finite numbers > 1")
