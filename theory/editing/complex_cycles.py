r"""Cycle moments of complex Gaussian designs, where the trace bound on disjoint edits is a theorem.

The hat matrix is a uniformly random projection of rank d on $\mathbb{C}^T$. With c_s the mean of
$P_{12} P_{23} \cdots P_{s1}$ over distinct rows, $\lvert (T)_s c_s \rvert \le d$ for every s: what
is open for real designs (`cycles.py`) is proved here.
"""

import math
from fractions import Fraction

from theory.validate import require_count


def complex_cycle_sum(*, order: int, dim: int, samples: int) -> Fraction:
    r"""Mean sum of $P_{12} P_{23} \cdots P_{s1}$ over s distinct rows, $(T)_s c_s$, exactly.

    $\frac{(T)_s}{s!} \sum_{k < s} (-1)^k \binom{s-1}{k} \prod_{j=-k}^{s-1-k} \frac{d+j}{T+j}$, by
    the hooks $(s-k, 1^k)$ of the Weingarten calculus of the unitary group. Zero for s > T, where
    there are no such rows. Conditions: $1 \le d \le T$. Source: docs/theory.md, "Complex designs".

    >>> complex_cycle_sum(order=2, dim=1, samples=4)
    Fraction(3, 5)
    """
    _require(order, dim, samples)
    if order > samples:
        return Fraction(0)
    total = Fraction(0)
    for k in range(min(order, dim)):  # a hook with more rows than d has no part
        steps = range(-k, order - k)
        share = Fraction(math.prod(dim + j for j in steps), math.prod(samples + j for j in steps))
        total += (-1) ** k * math.comb(order - 1, k) * share
    return math.perm(samples, order) * total / math.factorial(order)


def legendre_cycle_sum(*, order: int, dim: int, samples: int) -> Fraction:
    r"""The same as $T\,E \int_0^\Lambda P_{s-1}(1 - 2u)\,du$, $\Lambda \sim Beta(d, T - d)$.

    As $\lvert P_{s-1} \rvert \le 1$ on [-1, 1], it is at most $T\,E \Lambda = d$ in size.
    Conditions: $1 \le d \le T$, $s \le T$. Source: docs/theory.md, "Complex designs".

    >>> legendre_cycle_sum(order=2, dim=1, samples=4)
    Fraction(3, 5)
    """
    _require(order, dim, samples)
    if order > samples:
        raise ValueError(f"order={order}: accepted are integers from 1 to samples = {samples}")
    total, power = Fraction(0), Fraction(1)
    for j in range(order):
        power *= Fraction(dim + j, samples + j)  # the mean of Lambda^(j+1)
        total += (-1) ** j * math.comb(order - 1, j) * math.comb(order - 1 + j, j) * power / (j + 1)
    return samples * total


def _require(order: int, dim: int, samples: int) -> None:
    require_count("order", order, least=1)
    require_count("dim", dim, least=1)
    require_count("samples", samples, least=dim)
