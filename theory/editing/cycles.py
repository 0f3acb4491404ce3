"""Cycle moments of a uniformly random projection, any length, and bounds by them.

c_s = E[P_12 P_23 ... P_s1] for s distinct rows of the hat matrix P of a Gaussian design. They
decide the trace bound on disjoint edits: (1/d) E tr Phi = 1 + sum_s e_s(k_1, ..., k_n) c_s / d
with e_s the elementary symmetric polynomials of the numbers of edited rows.
"""

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import cache

from theory.linear.wishart import base_error, cycle_moment_3, off_diagonal_second_moment
from theory.validate import require_count

LONGEST = 60
"""Longest cycle whose moment is computed for a certificate."""


def cycle_moment(*, order: int, dim: int, samples: int) -> Fraction:
    r"""$c_s = E[P_{12} P_{23} \cdots P_{s1}]$ for a uniform projection of rank d, exactly.

    $\frac{1}{(2s - 1)!!} \sum_{\lambda \vdash s} f^{2\lambda} \omega^\lambda_{(s)}
    \prod_{(i,j) \in \lambda} \frac{d + 2(j-1) - (i-1)}{T + 2(j-1) - (i-1)}$, with $f^{2\lambda}$
    the number of standard tableaux of shape $2\lambda$ and $\omega^\lambda$ the zonal spherical
    function; only shapes $(a, b, 1, \dots, 1)$ count. Zero for s > T: the term does not occur.
    Conditions: $1 \le d \le T$. Source: Weingarten calculus of the orthogonal group (Collins and
    Matsumoto 2009) in docs/theory.md, "Cycle moments".

    >>> cycle_moment(order=2, dim=1, samples=4)
    Fraction(1, 24)
    """
    require_count("order", order, least=1)
    require_count("dim", dim, least=1)
    require_count("samples", samples, least=dim)
    if order > samples:
        return Fraction(0)
    return sum(
        (
            weight * Fraction(_product(dim, contents), _product(samples, contents))
            for weight, contents in _zonal_weights(order)
            if _product(samples, contents)
        ),
        start=Fraction(0),
    )


def disjoint_trace_inflation(*, dim: int, samples: int, edit_counts: Sequence[int]) -> Fraction:
    r"""Proved bound on the inflation after disjoint edits of these sizes, any number of them.

    $v_{n+1} \le \frac{2}{d} E\,\mathrm{tr}\,\Phi_{n+1} - 1
    = 1 + \frac{2}{d} \sum_{s=1}^n e_s(k_1, \dots, k_n)\,c_s$, Gaussian designs, $T \ge d + 2$.
    Compared with $2 e^\tau - 1$ it decides the conjecture for one set of numbers.
    Source: docs/theory.md, Theorem B, trace form.

    >>> disjoint_trace_inflation(dim=1, samples=3, edit_counts=(1, 2))
    Fraction(49, 15)
    """
    _require_disjoint(edit_counts, samples)
    base_error(dim=dim, samples=samples)  # finite only for samples >= dim + 2
    symmetric = _elementary_symmetric(edit_counts)
    orders = range(1, len(edit_counts) + 1)
    moments = (cycle_moment(order=order, dim=dim, samples=samples) for order in orders)
    total = sum((e * c for e, c in zip(symmetric[1:], moments, strict=True)), start=Fraction(0))
    return 1 + 2 * total / dim


def disjoint_trace_bound(
    *, dim: int, samples: int, noise_std: float = 1.0, edit_counts: Sequence[int]
) -> float:
    """`disjoint_trace_inflation` in units of test error, b times it.

    >>> disjoint_trace_bound(dim=1, samples=3, edit_counts=())
    1.0
    """
    inflation = disjoint_trace_inflation(dim=dim, samples=samples, edit_counts=edit_counts)
    return base_error(dim=dim, samples=samples, noise_std=noise_std) * float(inflation)


def certifies_disjoint_bound(*, dim: int, samples: int) -> bool:
    r"""True if $v \le 2 e^\tau - 1$ is proved for every disjoint schedule at this d and T.

    Proved if $\sum_{s \ge 3} \frac{(\rho_s - 1)_+}{s!} \le \frac{d + 2}{T + 2}$, with
    $\rho_s = \frac{1}{d} E N_s$ exact up to some s and $N_s \le B_s$ beyond. Exact arithmetic,
    whose cost hardly depends on T; True is a proof, False decides nothing.
    Source: docs/theory.md, "What is conjecture".

    >>> certifies_disjoint_bound(dim=2, samples=10**6)
    True
    """
    base_error(dim=dim, samples=samples)  # finite only for samples >= dim + 2
    saved, excess = Fraction(dim + 2, samples + 2), Fraction(0)
    for order in range(3, min(samples, LONGEST) + 1):
        if excess + _excess_from(order, dim=dim, samples=samples) <= saved:
            return True
        ratio = cycle_sum(order=order, dim=dim, samples=samples) / dim
        excess += max(ratio - 1, Fraction(0)) / math.factorial(order)
    return samples <= LONGEST and excess <= saved


def cycle_sum(*, order: int, dim: int, samples: int) -> Fraction:
    """$E N_s = (T)_s c_s$, with $N_s$ the sum of $P_{12} P_{23} \\cdots P_{s1}$ over distinct rows.

    >>> cycle_sum(order=2, dim=1, samples=4)
    Fraction(1, 2)
    """
    moment = cycle_moment(order=order, dim=dim, samples=samples)
    return math.perm(samples, order) * moment


def cycle_sum_bound(*, order: int, dim: int) -> int:
    r"""Bound $B_s = \sum_{k\ even} \binom{s-1}{k} \binom{d+s-1-k}{s}$ on $N_s$, any projection.

    Dimensions of the irreducible representations of hooks $(s-k, 1^k)$ with k even.
    Source: docs/theory.md, "What is conjecture".

    >>> [cycle_sum_bound(order=order, dim=2) for order in (1, 2, 3)]
    [2, 3, 4]
    """
    require_count("order", order, least=1)
    require_count("dim", dim, least=1)
    return sum(
        math.comb(order - 1, k) * math.comb(dim + order - 1 - k, order)
        for k in range(0, min(order, dim), 2)
    )


def _excess_from(first: int, *, dim: int, samples: int) -> Fraction:
    r"""Most that the orders from `first` on may add, by `cycle_sum_bound`.

    $\frac{B_s}{d\,s!} \le \frac{2^{s-1}}{d\,s!} \binom{d+s-1}{s}$, whose ratio from one s to the
    next is $\frac{2(d+s)}{(s+1)^2}$: once that is at most 1/2, the rest is at most twice the next.
    """
    total = Fraction(0)
    for order in range(first, samples + 1):
        bound = Fraction(cycle_sum_bound(order=order, dim=dim), dim)
        total += max(bound - 1, Fraction(0)) / math.factorial(order)
        following = order + 1
        rest = Fraction(2**order * math.comb(dim + order, following), math.factorial(following))
        if 4 * (dim + following) <= (following + 1) ** 2 and rest <= Fraction(1, samples**2):
            return total + 2 * rest / dim
    return total


def three_disjoint_trace_bound(
    *, dim: int, samples: int, noise_std: float = 1.0, edit_counts: Sequence[int]
) -> float:
    r"""The trace bound for three disjoint edits, from the moments in closed form.

    $b \big(1 + \frac{2 e_1}{T} + \frac{2}{d} (e_2 c_2 + e_3 c_3)\big)$.
    Source: docs/theory.md, Theorem B, trace form.

    >>> three_disjoint_trace_bound(dim=1, samples=4, edit_counts=(0, 0, 0))
    0.5
    """
    _require_disjoint(edit_counts, samples)
    if len(edit_counts) != 3:
        raise ValueError(f"edit_counts={tuple(edit_counts)}: accepted are three counts")
    _, one, two, three = _elementary_symmetric(edit_counts)
    second = off_diagonal_second_moment(dim=dim, samples=samples)
    third = cycle_moment_3(dim=dim, samples=samples)
    inflation = 1 + 2 * (Fraction(one, samples) + (two * second + three * third) / dim)
    return base_error(dim=dim, samples=samples, noise_std=noise_std) * float(inflation)


def _require_disjoint(edit_counts: Sequence[int], samples: int) -> None:
    for count in edit_counts:
        require_count("edit_counts", count, least=0)
    if sum(edit_counts) > samples:
        raise ValueError(
            f"edit_counts={tuple(edit_counts)}: accepted is a sum <= samples = {samples}, "
            "each row edited at most once"
        )


def _elementary_symmetric(values: Sequence[int]) -> list[int]:
    coefficients = [1]
    for value in values:
        shifted = [0, *(value * c for c in coefficients)]
        coefficients = [a + b for a, b in zip([*coefficients, 0], shifted, strict=True)]
    return coefficients


@cache
def _zonal_weights(order: int) -> list[tuple[Fraction, tuple[int, ...]]]:
    """f^(2 lambda) omega_(s) / (2s - 1)!! and the contents 2(j - 1) - (i - 1) of each shape."""
    pairings = math.prod(range(1, 2 * order, 2))
    cyclic_pairings = 2 ** (order - 1) * math.factorial(order - 1)
    weights = []
    for shape in _shapes(order):
        contents = tuple(2 * j - i for i, row in enumerate(shape) for j in range(row))
        spherical = Fraction(math.prod(contents[1:]), cyclic_pairings)
        weights.append((_tableaux([2 * row for row in shape]) * spherical / pairings, contents))
    return weights


def _shapes(order: int) -> Iterator[tuple[int, ...]]:
    """Partitions (a, b, 1, ..., 1): all others hold the box (3, 2), whose content is zero."""
    yield (order,)
    for first in range(1, order):
        for second in range(1, min(first, order - first) + 1):
            yield (first, second, *(1,) * (order - first - second))


def _tableaux(shape: list[int]) -> int:
    """Number of standard Young tableaux, by the hook length formula."""
    columns = [sum(row > j for row in shape) for j in range(shape[0])]
    hooks = (row - j + columns[j] - i - 1 for i, row in enumerate(shape) for j in range(row))
    return math.factorial(sum(shape)) // math.prod(hooks)


def _product(start: int, contents: Sequence[int]) -> int:
    return math.prod(start + content for content in contents)
