"""Accumulating less than all: a subsample of the growing pool, or batches that are part true.

Generation 1 is the fit on real data. An inflation is a test error in units of b.
"""

import math

from theory.claims import claim
from theory.validate import require_count, require_fraction


@claim(
    "ref.subsample",
    "docs/theory.md, accumulate-subsample; plateau in Kazdan et al. 2025",
    relation="==",
    says=r"Subsampling the growing pool: $v_n$ rises to $\frac{\pi^2}{2} - 2 = 2.9348$.",
    stated="a plateau (Kazdan et al., recalled)",
    needed="T >> d, shared or fresh X",
    expected="holds to leading order",
    order="leading",
)
def subsample_inflation(*, generation: int) -> float:
    r"""Inflation when each fit sees T rows drawn uniformly from the growing pool.

    $v_n = \sum_{i \le n} i^{-2} + \sum_{s < n} \frac{1 - 1/s}{(s + 1)^2} + 1 - \frac1n$: leading
    order in $T \gg d$, shared or fresh rows. Source: docs/theory.md, accumulate-subsample.

    >>> subsample_inflation(generation=2)
    1.75
    """
    require_count("generation", generation, least=1)
    added = sum(i**-2 for i in range(1, generation + 1))
    drawn_before = sum((1 - 1 / s) / (s + 1) ** 2 for s in range(1, generation))
    return added + drawn_before + 1 - 1 / generation


def subsample_limit() -> float:
    r"""Limit of the inflation under accumulate-subsample: $\pi^2/2 - 2$.

    Leading order in $T \gg d$. Source: docs/theory.md, accumulate-subsample; the plateau is
    observed by Kazdan et al. 2025.

    >>> round(subsample_limit(), 6)
    2.934802
    """
    return math.pi**2 / 2 - 2


def singular_chance(*, dim: int, samples: int, generation: int) -> float:
    r"""Largest chance that a subsample under a shared X holds fewer than d distinct rows.

    T rows drawn from n copies of T: $\binom{T}{d - 1} \binom{n (d - 1)}{T} / \binom{nT}{T}$, the
    sum over all sets of $d - 1$ rows. Such a fit has no error. Source: derived here.

    >>> round(singular_chance(dim=2, samples=2, generation=2), 4)
    0.3333
    """
    for name, value in (("dim", dim), ("samples", samples), ("generation", generation)):
        require_count(name, value, least=1)
    few = math.comb(generation * (dim - 1), samples)
    if not few:  # of many rows the rest would take minutes
        return 0.0
    sets = math.comb(samples, dim - 1)
    return min(1.0, sets * few / math.comb(generation * samples, samples))


@claim(
    "ref.contaminated_mean",
    "docs/theory.md, accumulate with a fraction of fresh truth",
    relation="==",
    says=r"$V_n = (\frac{n - 1 + a}{n})^2 V_{n-1} + \frac{1}{n^2}$; exponent $\min(1, 2 (1 - "
    "a))$.",
    needed="mean estimation, equal batches of points with a variance of their own",
    expected="holds",
)
def contaminated_mean_variance(*, generation: int, synthetic_fraction: float) -> float:
    r"""Variance of an accumulated mean when each batch is part synthetic, part fresh truth.

    $V_n = (\frac{n - 1 + \alpha}{n})^2 V_{n-1} + n^{-2}$, $V_1 = 1$: equal batches, in units of
    the variance of one batch mean. Decays as $n^{-\min(1, 2(1 - \alpha))}$, with a logarithm at
    $\alpha = 1/2$. Source: docs/theory.md, accumulate with a fraction of fresh truth.

    >>> contaminated_mean_variance(generation=2, synthetic_fraction=1.0)
    1.25
    """
    require_count("generation", generation, least=1)
    require_fraction("synthetic_fraction", synthetic_fraction)
    variance = 0.0
    for n in range(1, generation + 1):
        variance = ((n - 1 + synthetic_fraction) / n) ** 2 * variance + n**-2
    return variance
