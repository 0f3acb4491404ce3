"""Mixing each generation's own labels with real ones: weights, limits, and the golden ratio.

`real_weight` w is the weight of the real part, `size_ratio` kappa the fresh real rows over the
synthetic ones. Variances are per parameter, in units of that of one fit on the real rows, and
generation 1 is that fit. Exact for mean estimation and for least squares on shared rows.
"""

import math

from theory.claims import claim
from theory.linear.wishart import base_error
from theory.validate import require_count, require_fraction, require_positive


def weighted_variance(*, generation: int, real_weight: float, size_ratio: float) -> float:
    r"""Variance when w times fresh real data meets 1 - w times the last model's own.

    $v_n = w^2 + (1 - w)^2 (\kappa + v_{n-1})$, $v_1 = 1$.
    Source: He, Xu and Cheng 2025; docs/theory.md, mixing.

    >>> weighted_variance(generation=2, real_weight=0.5, size_ratio=2.0)
    1.0
    """
    require_count("generation", generation, least=1)
    require_fraction("real_weight", real_weight)
    require_positive("size_ratio", size_ratio)
    variance = 1.0
    for _ in range(1, generation):
        variance = real_weight**2 + (1 - real_weight) ** 2 * (size_ratio + variance)
    return variance


@claim(
    "he2025.weight",
    "He, Xu and Cheng 2025",
    relation="->",
    provenance="read",
    says=r"$v_n \to \frac{w^2 + k (1 - w)^2}{w (2 - w)}$, least at $w = \frac{\sqrt{k^2 + 4k} "
    "- k}{2}$.",
    stated="asymptotic",
    needed="exact for mean estimation and for least squares on shared X; w > 0",
    expected="holds",
)
def weighted_error(
    *,
    dim: int,
    samples: int,
    noise_std: float = 1.0,
    generation: int,
    real_weight: float,
    size_ratio: float = 1.0,
) -> float:
    """Test error of least squares on shared rows under such mixing: b times the variance.

    >>> weighted_error(dim=4, samples=9, generation=2, real_weight=0.5)
    0.75
    """
    return base_error(dim=dim, samples=samples, noise_std=noise_std) * weighted_variance(
        generation=generation, real_weight=real_weight, size_ratio=size_ratio
    )


def weighted_limit(*, real_weight: float, size_ratio: float) -> float:
    r"""Limit of the variance over generations; infinite without real data.

    $v_\infty(w) = \frac{w^2 + \kappa (1 - w)^2}{w (2 - w)}$, finite for every $w > 0$.
    Source: He, Xu and Cheng 2025.

    >>> weighted_limit(real_weight=0.5, size_ratio=0.5)
    0.5
    """
    require_fraction("real_weight", real_weight)
    require_positive("size_ratio", size_ratio)
    if real_weight == 0:
        return math.inf
    added = real_weight**2 + size_ratio * (1 - real_weight) ** 2
    return added / (real_weight * (2 - real_weight))


@claim(
    "ref.golden_identity",
    "docs/theory.md, mixing; golden case in He, Xu and Cheng 2025",
    relation="==",
    says="The best limiting variance equals the best weight: $v(w^*) = w^*$.",
    needed="as he2025.weight",
    expected="holds, by algebra",
    decided="exact",
)
def optimal_weight(*, size_ratio: float) -> float:
    r"""Real weight of least limiting variance, which is also that variance.

    $w^* = \frac{\sqrt{\kappa^2 + 4\kappa} - \kappa}{2}$ and $v_\infty(w^*) = w^*$; at
    $\kappa = 1$ the inverse golden ratio. Source: He, Xu and Cheng 2025.

    >>> optimal_weight(size_ratio=0.5)
    0.5
    """
    require_positive("size_ratio", size_ratio)
    return 2 / (1 + math.sqrt(1 + 4 / size_ratio))  # the same root without cancellation


def naive_weight(*, size_ratio: float) -> float:
    r"""Real weight of pooling all rows alike: $\kappa / (1 + \kappa)$.

    >>> naive_weight(size_ratio=1.0)
    0.5
    """
    require_positive("size_ratio", size_ratio)
    return size_ratio / (1 + size_ratio)


@claim(
    "he2025.naive",
    "He, Xu and Cheng 2025",
    relation="->",
    provenance="read",
    says=r"Naive pooling $w = \frac{k}{1 + k}$ is suboptimal: $v_n \to \frac{1 + k}{2 + k} > "
    "w^*$.",
    needed="as he2025.weight",
    expected="holds: .5238 against .2702 at k = .1, .6667 against .6180 at k = 1",
    decided="exact",
)
def naive_limit(*, size_ratio: float) -> float:
    r"""Limiting variance of pooling all rows alike, above the optimal one.

    $v_\infty(\frac{\kappa}{1 + \kappa}) = \frac{1 + \kappa}{2 + \kappa} > w^*$.
    Source: weighted_limit at naive_weight; suboptimality in He, Xu and Cheng 2025.

    >>> naive_limit(size_ratio=2.0)
    0.75
    """
    require_positive("size_ratio", size_ratio)
    return (1 + size_ratio) / (2 + size_ratio)


def label_mix_inflation(*, generation: int, real_weight: float) -> float:
    r"""Inflation of least squares on labels w y + (1 - w) y', shared rows, fresh real y.

    $v_n = w^2 + (1 - w)^2 (1 + v_{n-1})$, $v_1 = 1$, any $T \ge d + 2$.
    Source: Garg, Bhattacharya and Sur 2026.

    >>> label_mix_inflation(generation=2, real_weight=0.5)
    0.75
    """
    return weighted_variance(generation=generation, real_weight=real_weight, size_ratio=1.0)


def label_mix_limit(*, real_weight: float) -> float:
    r"""Limit of the inflation under label mixing, infinite at w = 0.

    $c(w) = \frac{w^2 + (1 - w)^2}{w (2 - w)}$, least at the inverse golden ratio, where
    $c(w) = w$. Source: Garg, Bhattacharya and Sur 2026.

    >>> label_mix_limit(real_weight=1.0)
    1.0
    """
    return weighted_limit(real_weight=real_weight, size_ratio=1.0)


@claim(
    "garg2026.third",
    "Garg, Bhattacharya and Sur 2026",
    relation="==",
    provenance="recalled",
    says="The variance after one mixed round is below the clean fit iff 1/3 < w < 1.",
    stated="w > 1/3 (recalled)",
    needed="1/3 < w < 1: at w = 1 the two are equal",
    expected="holds, by algebra",
    decided="exact",
)
def round_two_threshold() -> float:
    r"""Real weight above which one round of label mixing beats the clean fit.

    $w^2 + 2 (1 - w)^2 < 1$ exactly for $\frac13 < w < 1$; at w = 1 the two are equal.
    Source: Garg, Bhattacharya and Sur 2026.

    >>> round_two_threshold() == 1 / 3
    True
    """
    return 1 / 3


@claim(
    "garg2026.dynamic",
    "Garg, Bhattacharya and Sur 2026",
    relation="==",
    provenance="recalled",
    says=r"Best weight of each round $w_t = \frac{1 + w_{t-1}}{2 + w_{t-1}} \to .618$; $v_t = "
    "w_t$.",
    stated="(recalled)",
    needed="fresh real labels, shared X or mean estimation",
    expected="holds, by algebra",
    decided="exact",
)
def dynamic_weight(*, round: int) -> float:
    r"""Real weight that is best in each round, given the rounds before.

    $w_t = \frac{1 + w_{t-1}}{2 + w_{t-1}}$, $w_0 = 1$, and the inflation is then $w_t$ itself:
    ratios of Fibonacci numbers, to the inverse golden ratio. Round 0 is the fit on real data.
    Source: Garg, Bhattacharya and Sur 2026.

    >>> [dynamic_weight(round=t) for t in (0, 2)]
    [1.0, 0.625]
    """
    require_count("round", round, least=0)
    weight = 1.0
    for _ in range(round):
        weight = (1 + weight) / (2 + weight)
    return weight


def fixed_real_inflation(*, generation: int, real_weight: float) -> float:
    r"""Inflation of label mixing when the real labels are the same in every round.

    $v_n = 1 + (1 - w)^2 \frac{1 - (1 - w)^{2(n-1)}}{w (2 - w)}$, $T \ge d + 2$: the real noise
    is never averaged away. Source: docs/theory.md, mixing.

    >>> fixed_real_inflation(generation=2, real_weight=0.5)
    1.25
    """
    require_count("generation", generation, least=1)
    require_fraction("real_weight", real_weight)
    return 1.0 + sum((1 - real_weight) ** (2 * i) for i in range(1, generation))


@claim(
    "garg2026.fixedreal",
    "Garg, Bhattacharya and Sur 2026",
    relation="->",
    provenance="recalled",
    says=r"Fixed real labels: $v_n \to 1 + \frac{(1 - w)^2}{w (2 - w)}$, best at $w = 1$.",
    stated="no fresh labels (recalled)",
    needed="w > 0, shared X",
    expected="holds",
)
def fixed_real_error(
    *, dim: int, samples: int, noise_std: float = 1.0, generation: int, real_weight: float
) -> float:
    """Test error of label mixing with fixed real labels: b times the inflation.

    >>> fixed_real_error(dim=4, samples=9, generation=2, real_weight=0.5)
    1.25
    """
    return base_error(dim=dim, samples=samples, noise_std=noise_std) * fixed_real_inflation(
        generation=generation, real_weight=real_weight
    )


def fixed_real_limit(*, real_weight: float) -> float:
    r"""Limit of label mixing with fixed real labels: $1 + \frac{(1 - w)^2}{w (2 - w)}$.

    Least at w = 1, infinite at w = 0.
    Source: Garg, Bhattacharya and Sur 2026; docs/theory.md, mixing.

    >>> fixed_real_limit(real_weight=1.0)
    1.0
    """
    require_fraction("real_weight", real_weight)
    if real_weight == 0:
        return math.inf
    return 1 + (1 - real_weight) ** 2 / (real_weight * (2 - real_weight))
