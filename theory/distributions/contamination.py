r"""Training sets that are part human, part synthetic: errors of models that learn from them.

Batch i holds $n_i$ draws, each of them human with chance $a_i$ and else from the present estimate;
$a_1 = 1$. An estimate moves to its batch's mean, $\hat p_i = \hat p_{i-1} + g_i (\bar X_i -
\hat p_{i-1})$, by a step $g_i$. Derivations: docs/distributions.md, contaminated retraining.
"""

import math

import numpy as np
import scipy
from numpy.typing import ArrayLike

from theory.claims import claim
from theory.distributions import gaussian, gaussian_accumulate
from theory.distributions.laws import heterozygosity
from theory.validate import require_count, require_fraction, require_positive

_DERIVED = "derived: theory/distributions/contamination.py"


_SUMMED = 10_000
"""Terms of a sum that are summed one by one; the rest is an integral, right to 1e-9."""


@claim(
    "kanabar2025.minimax",
    "Kanabar and Gastpar 2025 (arXiv 2501.19273), the upper side; its constant derived",
    relation="<=",
    says=r"known shares $a_i$, no source labels: squared error $\le 1/\sum_i n_i a_i^2$",
    stated=r"minimax risk $\asymp 1/\sum n_i a_i^2$, known shares",
    needed="a human first batch and steps of at most 1, for the debiased estimate",
    expected="holds, with constant 1; a bound over all estimators is not simulated",
)
def minimax_rate(*, samples: gaussian.Sizes, human_shares: ArrayLike) -> float:
    r"""Squared error that known shares allow, without source labels: $1/\sum_i n_i a_i^2$.

    The published order of the minimax risk in $\ell_2^2$; its constant is at most 1, as
    `debiased_error` shows. Source: Kanabar and Gastpar 2025.

    >>> minimax_rate(samples=4, human_shares=[1.0, 0.5, 0.5])
    0.16666666666666666
    """
    sizes, shares = _batches(samples, human_shares)
    return float(1 / np.sum(sizes * shares**2))


@claim(
    "ref.debiased",
    _DERIVED,
    relation="==",
    says=r"steps $n_i a_i / \sum_{j \le i} n_j a_j^2$: squared error "
    r"$E' = (1 - ag)^2 E + g^2 [H - (1-a)^2 E]/n$",
    needed="multinomial batches, steps of at most 1",
    expected="holds; to leading order the least error of all steps",
)
def debiased_error(
    *, probabilities: ArrayLike, samples: gaussian.Sizes, human_shares: ArrayLike
) -> float:
    r"""Mean squared error of the estimate that takes the model's part out of every batch.

    $Y_i = (\bar X_i - (1 - a_i) \hat p_{i-1})/a_i$ averaged with weights $n_i a_i^2$, which are the
    steps $g_i = n_i a_i / \sum_{j \le i} n_j a_j^2$. Exact, $< 1/\sum n_i a_i^2$, and to leading
    order the least error of all steps. Source: derived here.

    Raises ValueError where a step is above 1: the estimate might leave the simplex.

    >>> debiased_error(probabilities=[0.5, 0.5], samples=4, human_shares=[1.0])
    0.125
    """
    sizes, shares = _batches(samples, human_shares)
    steps = sizes * shares / np.cumsum(sizes * shares**2)
    if steps.max() > 1:
        raise ValueError(
            f"human_shares={shares.tolist()}: accepted are steps "
            f"n_i a_i / (n_1 a_1^2 + ... + n_i a_i^2) <= 1, here up to {steps.max():.3g}"
        )
    return _error(probabilities, sizes, shares, steps)


@claim(
    "ref.pooled",
    _DERIVED,
    relation="==",
    says=r"frequencies in all batches: the same recursion with steps $n_i / \sum n_j$",
    needed="multinomial batches",
    expected="holds; far above the debiased error for a small human share",
)
def pooled_error(
    *, probabilities: ArrayLike, samples: gaussian.Sizes, human_shares: ArrayLike
) -> float:
    r"""Mean squared error of the frequencies in all batches together.

    Steps $g_i = n_i / \sum_{j \le i} n_j$. Exact. Source: derived here.

    >>> pooled_error(probabilities=[0.5, 0.5], samples=4, human_shares=[1.0, 1.0])
    0.0625
    """
    sizes, shares = _batches(samples, human_shares)
    return _error(probabilities, sizes, shares, sizes / np.cumsum(sizes))


def pooled_error_leading(*, generation: int, human_share: float) -> float:
    r"""Squared error of the pooled mean of t large batches, in units of one batch's.

    $[\frac{\Gamma(t+1-a)}{\Gamma(t+1)}]^2 \sum_{s \le t} [\frac{\Gamma(s)}{\Gamma(s+1-a)}]^2$,
    which solves $E_t = (1 - a/t)^2 E_{t-1} + t^{-2}$. For large t it is
    $C t^{-2a} + \frac1{(2a-1)t}$, whose poles at $a = \frac12$ cancel and leave $(\ln t + c)/t$:
    the root is of order
    $t^{-\min(1/2, a)}$, but near $a = \frac12$ not before $|2a - 1| \ln t$ is large.
    Source: Wang, Niu and Li 2026 (the order); the sum is derived here.

    >>> pooled_error_leading(generation=10, human_share=1.0)
    0.1
    """
    require_count("generation", generation, least=1)
    require_fraction("human_share", human_share)
    terms = np.arange(1, min(generation, _SUMMED) + 1)
    total = float(np.sum(scipy.special.poch(terms, 1 - human_share) ** -2.0))
    if generation <= _SUMMED:
        return total * float(scipy.special.poch(generation + 1 - human_share, human_share)) ** -2.0
    # The terms left are x^(p-1) at x = s - a/2, p = 2a - 1: an integral by midpoints.
    power = 2 * human_share - 1
    first, last = (t + (1 - human_share) / 2 for t in (_SUMMED, generation))
    total += first**power * _power_integral(power, math.log(last / first))
    return total * last ** (-2 * human_share)


@claim(
    "wang2026.rate",
    "Wang, Niu and Li 2026 (arXiv 2602.16065): the order; the constants derived",
    relation="->",
    says=r"pooled mean, human share a: error of order $t^{-\min(1/2, a)}$, a logarithm at "
    "equality",
    stated="rate of a learner on independent data, here 1/2, or the real fraction if less",
    needed="mean estimation, equal batches; the dependence of the data is in the recursion",
    expected=r"holds: squared $C t^{-2a} + \frac{1}{(2a-1)t}$, $(\ln t + c)/t$ at a = 1/2",
    order="leading",
)
def pooled_error_of_large_batches(
    *, probabilities: ArrayLike, samples: int, human_share: float, generation: int
) -> float:
    """Leading order for frequencies of types in batches of `samples`: H / samples times the other.

    >>> pooled_error_of_large_batches(
    ...     probabilities=[0.5, 0.5], samples=4, human_share=1.0, generation=1)
    0.125
    """
    require_count("samples", samples, least=1)
    one_batch = heterozygosity(probabilities=probabilities) / samples
    return one_batch * pooled_error_leading(generation=generation, human_share=human_share)


def _power_integral(power: float, logarithm: float) -> float:
    """Integral of x^(power - 1) from 1 to e^logarithm."""
    return math.expm1(power * logarithm) / power if power else logarithm


@claim(
    "ref.mixed_rate",
    _DERIVED,
    relation="==",
    says=r"$E\theta_n - \theta_{human} = \kappa^{n-1} \delta$, "
    r"$\kappa = \frac{\lambda}{1+\lambda}$",
    needed="Gaussian mean by maximum likelihood, the same human points in every generation",
    expected=r"holds: stable for every $\lambda$",
)
def mixed_distance(*, ratio: float, generation: int) -> float:
    r"""Mean distance of the model's mean from the human points' mean, as a share of the first one.

    $\kappa^{n-1}$, $\kappa = \frac\lambda{1+\lambda}$: exact for Gaussian maximum likelihood on the
    same N human points and $\lambda N$ of the last model, for every $\lambda$. Generation 1 is the
    model that the chain starts from. Source: derived here.

    >>> mixed_distance(ratio=0.25, generation=2)
    0.2
    """
    require_positive("ratio", ratio, zero=True)
    require_count("generation", generation, least=1)
    if ratio < 1:
        return (ratio / (1 + ratio)) ** (generation - 1)
    return math.exp(-(generation - 1) * math.log1p(1 / ratio))


@claim(
    "bertrand2024.stab",
    "Bertrand et al. 2024 (arXiv 2310.00429) (recalled)",
    relation="<=",
    provenance="recalled",
    says=r"$|E\theta_n - \theta_{human}| \le \rho^{n-1} \delta$ from $\delta$ away, "
    r"$\rho = \frac{\lambda(1+e)}{1-\lambda(1+e)}$, if $\lambda(1+e) < \frac12$",
    stated=r"$\lambda$ synthetic points for each human one; smooth, strongly concave, local; "
    r"$e = L\varepsilon/\alpha$",
    needed=r"e = 0 for the mean of a Gaussian; the condition is not needed",
    expected=r"holds, vacuous near $\lambda = \frac12$, from which on nothing is promised",
)
def mixed_distance_bound(*, ratio: float, generation: int, misfit: float = 0.0) -> float:
    r"""Published bound on `mixed_distance`: $\rho^{n-1}$, infinite unless $\lambda(1+e) < \frac12$.

    $\rho = \frac{\lambda(1+e)}{1 - \lambda(1+e)}$; `misfit` is $e = \varepsilon L/\alpha$, 0 for a
    model that can be the truth. Source: Bertrand et al. 2024 (recalled).

    >>> mixed_distance_bound(ratio=0.25, generation=2) == 1 / 3
    True
    """
    require_positive("ratio", ratio, zero=True)
    require_positive("misfit", misfit, zero=True)
    require_count("generation", generation, least=1)
    strength = ratio * (1 + misfit)
    return (strength / (1 - strength)) ** (generation - 1) if strength < 0.5 else math.inf


@claim(
    "barzilai2025.thm41",
    "Barzilai and Shamir 2025 (arXiv 2505.19046), Theorem 4.1; "
    "this instance derived: theory/distributions/contamination.py",
    relation="<=",
    says=r"accumulated maximum likelihood stays near the truth in all rounds: "
    r"$E \max_n (\mu_n - \mu)^2 \le 4\sigma^2 (1 - \frac{\sin x}{x})$, $x = \pi/\sqrt{M}$",
    stated="smooth family, Fisher information bounded below, samples of order log^2 of rounds",
    needed="Gaussian mean: a martingale, any M, any number of rounds",
    expected="holds for the Gaussian; constants of the general theorem are not tested",
)
def largest_mean_error_bound(*, samples: int) -> float:
    r"""Bound on the mean of the largest squared error of an accumulated mean, over all rounds.

    $4(1 - \frac{\sin x}x) \le \frac{2\pi^2}{3M}$, $x = \pi/\sqrt M$: M points of each Gaussian fit,
    maximum likelihood, in units of the truth's variance. Doob's inequality; an instance of
    Barzilai and Shamir 2025, Theorem 4.1, whose own constants were not at hand.

    >>> largest_mean_error_bound(samples=1)
    4.0
    """
    return 4 * gaussian_accumulate.accumulate_mean_error_limit(samples=samples)


def _batches(samples: gaussian.Sizes, human_shares: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Size and human share of every batch."""
    shares = np.asarray(human_shares, dtype=float)
    if shares.ndim != 1 or not len(shares):
        raise ValueError(f"human_shares has shape {shares.shape}: accepted is (generations,)")
    if shares[0] != 1:
        raise ValueError(f"human_shares starts with {shares[0]}: accepted is 1, a human batch")
    if not ((shares >= 0) & (shares <= 1)).all():
        raise ValueError(f"human_shares={shares.tolist()}: accepted are numbers in [0, 1]")
    return gaussian.require_sizes(samples, len(shares)), shares


def _error(
    probabilities: ArrayLike, sizes: np.ndarray, shares: np.ndarray, steps: np.ndarray
) -> float:
    """Error by E' = (1 - a g)^2 E + g^2 [H - (1 - a)^2 E] / n; the brackets are the variety of the
    batch."""
    variety, error = heterozygosity(probabilities=probabilities), 0.0
    for size, share, step in zip(sizes, shares, steps, strict=True):
        noise = (variety - (1 - share) ** 2 * error) / size
        error = (1 - share * step) ** 2 * error + step**2 * noise
    return float(error)
