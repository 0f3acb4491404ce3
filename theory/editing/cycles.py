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

    With $r_s = c_s T^s / d$ and shares $m_i$ of rows the trace bound is
    $\frac{1}{d} E\,\mathrm{tr}\,\Phi = 1 + \sum_s e_s(m) r_s$. It is at most
    $\prod_i (1 + m_i) \le e^\tau$ if all $r_s \le 1$; where some are not, what they add is at most
    what $r_2 < 1$ saves if, for every number of edits n, by Maclaurin's inequality,
    $\sum_{r_s > 1} \binom{n}{s} n^{2 - s} (r_s - 1) \le \binom{n}{2} (1 - r_2)$.
    Exact arithmetic; True is a proof, False decides nothing. Seconds for T = 40.
    Source: docs/theory.md, "What is conjecture".

    >>> certifies_disjoint_bound(dim=2, samples=6)
    True
    """
    base_error(dim=dim, samples=samples)  # finite only for samples >= dim + 2
    ratios = {
        order: cycle_moment(order=order, dim=dim, samples=samples) * samples**order / dim
        for order in range(2, samples + 1)
    }
    return all(_savings_cover(ratios, edits) for edits in range(2, samples + 1))


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


def _savings_cover(ratios: dict[int, Fraction], edits: int) -> bool:
    excess = sum(
        math.comb(edits, order) * (ratio - 1) / edits ** (order - 2)
        for order, ratio in ratios.items()
        if ratio > 1 and order <= edits
    )
    return excess <= math.comb(edits, 2) * (1 - ratios[2])


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
