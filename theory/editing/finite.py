"""Exact results at finite T for an isotropic Gaussian design (docs/theory.md, "Finite T").

Masks are independent of everything. An *_inflation is v = error / b as an exact fraction (a
float where an argument is one); *_error and *_bounds are in units of test error.
v_n = E tr Cov(u_n) / (d sigma^2) exactly, because Y is independent of A; the traces are moments
of the hat matrix P, a uniformly random projection of rank d in T dimensions.
"""

from collections.abc import Sequence
from fractions import Fraction

import scipy

from theory.linear.wishart import (
    base_error,
    cycle_moment_3,
    cycle_moment_4,
    leverage_pair_off_diagonal,
    leverage_second_moment,
    leverage_times_cycle,
    leverage_times_off_diagonal,
    off_diagonal_second_moment,
)
from theory.validate import require_count, require_fraction, require_rows


def one_edit_inflation(*, dim: int, samples: int, edited_rows: int) -> Fraction:
    r"""Inflation after one edit of k rows.

    $v_2 = 1 + \frac{2k}{T} - \frac{k q_2 + k (k - 1) c_2}{d}$, $T \ge d + 2$, with
    $q_2 = E P_{11}^2$ and $c_2 = E P_{12}^2$. Source: docs/theory.md, "Finite T".

    >>> one_edit_inflation(dim=1, samples=3, edited_rows=3)
    Fraction(2, 1)
    """
    require_rows(dim, samples, extra=2)
    require_count("edited_rows", edited_rows, least=0, most=samples)
    square = _square_overlap(edited_rows, dim=dim, samples=samples)
    return 1 + Fraction(2 * edited_rows, samples) - square / dim


def one_edit_error(*, dim: int, samples: int, noise_std: float = 1.0, edited_rows: int) -> float:
    """Mean test error after one edit of k rows: b times `one_edit_inflation`.

    >>> one_edit_error(dim=1, samples=3, edited_rows=3)
    2.0
    """
    inflation = one_edit_inflation(dim=dim, samples=samples, edited_rows=edited_rows)
    return base_error(dim=dim, samples=samples, noise_std=noise_std) * float(inflation)


def one_edit_bernoulli_inflation(
    *, dim: int, samples: int, edit_share: float | Fraction
) -> float | Fraction:
    r"""Inflation after one edit of independent rows, each with probability m.

    $v_2 = 1 + m + m (1 - m) \frac{T - d}{T + 2}$, $T \ge d + 2$.
    Source: docs/theory.md, "Finite T".

    >>> one_edit_bernoulli_inflation(dim=1, samples=4, edit_share=Fraction(1, 2))
    Fraction(13, 8)
    """
    require_rows(dim, samples, extra=2)
    require_fraction("edit_share", float(edit_share))
    m = edit_share
    return 1 + m + m * (1 - m) * Fraction(samples - dim, samples + 2)


def one_edit_bernoulli_error(
    *, dim: int, samples: int, noise_std: float = 1.0, edit_share: float
) -> float:
    """Mean test error after such an edit: b times `one_edit_bernoulli_inflation`.

    >>> one_edit_bernoulli_error(dim=1, samples=4, edit_share=0.5)
    0.8125
    """
    inflation = one_edit_bernoulli_inflation(dim=dim, samples=samples, edit_share=edit_share)
    return base_error(dim=dim, samples=samples, noise_std=noise_std) * float(inflation)


def two_disjoint_edits_inflation(*, dim: int, samples: int, edit_counts: Sequence[int]) -> Fraction:
    r"""Inflation after an edit of $k_1$ rows and then one of $k_2$ other rows.

    $v_3 = \frac{1}{d} E\,\mathrm{tr}(I + 2 C_1 + 2 C_2 + 2 C_1 C_2 - C_1^2 - C_2^2
    - 2 C_1^2 C_2 - C_1^2 C_2^2)$, each trace a sum of moments of P over distinct rows;
    $T \ge d + 2$. Source: docs/theory.md, "Finite T".

    >>> two_disjoint_edits_inflation(dim=1, samples=3, edit_counts=(1, 2))
    Fraction(754, 315)
    """
    require_rows(dim, samples, extra=2)
    first, second = _two_counts(edit_counts, samples)
    linear = Fraction(dim * (first + second), samples)
    product = first * second * off_diagonal_second_moment(dim=dim, samples=samples)
    squares = sum(_square_overlap(count, dim=dim, samples=samples) for count in (first, second))
    cubic = _square_times_overlap(first, second, dim=dim, samples=samples)
    quartic = _square_times_square(first, second, dim=dim, samples=samples)
    return 1 + (2 * linear + 2 * product - squares - 2 * cubic - quartic) / dim


def two_disjoint_edits_error(
    *, dim: int, samples: int, noise_std: float = 1.0, edit_counts: Sequence[int]
) -> float:
    """Mean test error after two disjoint edits: b times `two_disjoint_edits_inflation`.

    >>> two_disjoint_edits_error(dim=1, samples=3, edit_counts=(1, 1))
    2.0
    """
    inflation = two_disjoint_edits_inflation(dim=dim, samples=samples, edit_counts=edit_counts)
    return base_error(dim=dim, samples=samples, noise_std=noise_std) * float(inflation)


def disjoint_inflation_one_dimension(
    *, block_sizes: Sequence[int], samples: int | None = None
) -> list[Fraction]:
    r"""Inflations of all generations for d = 1 when blocks of these sizes are edited in turn.

    $C_i$ are Dirichlet($k_i / 2$), so $v_{n+1} = E\big[2 \prod_i (1 + C_i) - 1
    - \sum_j C_j^2 \prod_{i>j} (1 + C_i)^2\big]$ is rational. `samples` is T, by default the sum
    of the blocks; $T \ge 3$. Source: docs/theory.md, "Finite T".

    >>> disjoint_inflation_one_dimension(block_sizes=(1, 1, 1))[-1]
    Fraction(10658, 4095)
    """
    samples = sum(block_sizes) if samples is None else samples
    require_rows(1, samples, extra=2)
    for size in block_sizes:
        require_count("block_sizes", size, least=0)
    require_count("sum of block_sizes", sum(block_sizes), least=0, most=samples)
    return [_dirichlet_inflation(block_sizes[:n], samples) for n in range(len(block_sizes) + 1)]


def fixed_mask_limit_bounds(
    *, dim: int, samples: int, noise_std: float = 1.0, edited_rows: int
) -> tuple[float, float]:
    r"""Lower and upper bound on the limit error when every generation edits the same k rows.

    $\frac32 \rho - \frac12 \le v_\infty \le \frac32 \rho - \frac14$ with
    $\rho = \frac{T - d - 1}{T - k - d - 1}$, $T - k \ge d + 2$. Source: docs/theory.md, "Finite T".

    >>> fixed_mask_limit_bounds(dim=1, samples=6, edited_rows=2)
    (0.625, 0.6875)
    """
    base = base_error(dim=dim, samples=samples, noise_std=noise_std)
    kept = _kept_rows_inflation(dim=dim, samples=samples, edited_rows=edited_rows)
    return (1.5 * kept - 0.5) * base, (1.5 * kept - 0.25) * base


def fixed_mask_limit_upper_bound(
    *, dim: int, samples: int, noise_std: float = 1.0, edited_rows: int
) -> float:
    """The upper one of `fixed_mask_limit_bounds`.

    >>> fixed_mask_limit_upper_bound(dim=1, samples=6, edited_rows=2)
    0.6875
    """
    return fixed_mask_limit_bounds(
        dim=dim, samples=samples, noise_std=noise_std, edited_rows=edited_rows
    )[1]


def fixed_mask_limit_sharp_bounds(
    *, dim: int, samples: int, noise_std: float = 1.0, edited_rows: int
) -> tuple[float, float]:
    r"""Closer bounds on the same limit, by convexity of 1 / (1 + c).

    $v_\infty = \frac32 \rho - \frac{1}{2d} E\,\mathrm{tr}(I + C)^{-1}$ and, with m = k / T,
    $\frac{1}{1 + m} \le \frac1d E\,\mathrm{tr}(I + C)^{-1} \le 1 - \frac{3m}{4} + \frac{1}{4d}
    E\,\mathrm{tr}\,C^2$. Source: docs/theory.md, "Finite T".

    >>> fixed_mask_limit_sharp_bounds(dim=1, samples=6, edited_rows=0)
    (0.25, 0.25)
    """
    base = base_error(dim=dim, samples=samples, noise_std=noise_std)
    kept = _kept_rows_inflation(dim=dim, samples=samples, edited_rows=edited_rows)
    m = edited_rows / samples
    square = float(_square_overlap(edited_rows, dim=dim, samples=samples)) / dim
    largest, least = 1 - 3 * m / 4 + square / 4, 1 / (1 + m)
    return (1.5 * kept - largest / 2) * base, (1.5 * kept - least / 2) * base


def fixed_mask_limit_one_dimension(
    *, samples: int, noise_std: float = 1.0, edited_rows: int
) -> float:
    r"""Limit error for d = 1 when every generation edits the same k rows, exactly.

    $\frac{\sigma^2}{T - 2} E \frac{1 + 2C}{1 - C^2}$ with $C \sim \mathrm{Beta}(\frac k2,
    \frac{T - k}2)$, where $E (1 + C)^{-1} = {}_2F_1(1, \frac k2; \frac T2; -1)$; $T - k \ge 3$.
    Source: docs/theory.md, "Finite T".

    >>> fixed_mask_limit_one_dimension(samples=6, edited_rows=0)
    0.25
    """
    kept = _kept_rows_inflation(dim=1, samples=samples, edited_rows=edited_rows)
    shrink = float(scipy.special.hyp2f1(1.0, edited_rows / 2, samples / 2, -1.0))
    base = base_error(dim=1, samples=samples, noise_std=noise_std)
    return (1.5 * kept - 0.5 * shrink) * base


def _square_overlap(count: int, *, dim: int, samples: int) -> Fraction:
    """E tr C^2 for k rows: pairs of equal and of distinct rows."""
    equal = count * leverage_second_moment(dim=dim, samples=samples)
    distinct = count * (count - 1) * off_diagonal_second_moment(dim=dim, samples=samples)
    return equal + distinct


def _square_times_overlap(first: int, second: int, *, dim: int, samples: int) -> Fraction:
    """E tr C_1^2 C_2: the two rows from the first block are equal or distinct."""
    equal = leverage_times_off_diagonal(dim=dim, samples=samples)
    distinct = (first - 1) * cycle_moment_3(dim=dim, samples=samples)
    return first * second * (equal + distinct)


def _square_times_square(first: int, second: int, *, dim: int, samples: int) -> Fraction:
    """E tr C_1^2 C_2^2: rows within each block are equal or distinct."""
    both_equal = leverage_pair_off_diagonal(dim=dim, samples=samples)
    one_equal = (first + second - 2) * leverage_times_cycle(dim=dim, samples=samples)
    distinct = (first - 1) * (second - 1) * cycle_moment_4(dim=dim, samples=samples)
    return first * second * (both_equal + one_equal + distinct)


def _two_counts(edit_counts: Sequence[int], samples: int) -> tuple[int, int]:
    if len(edit_counts) != 2:
        raise ValueError(f"edit_counts={tuple(edit_counts)}: accepted are two counts")
    first, second = edit_counts
    require_count("edit_counts[0]", first, least=0, most=samples)
    require_count("edit_counts[1]", second, least=0, most=samples - first)
    return first, second


def _dirichlet_inflation(blocks: Sequence[int], samples: int) -> Fraction:
    # C_i = G_i / G with G_i ~ Gamma(k_i / 2) independent of their sum G ~ Gamma(T / 2): a term of
    # degree s in C is the product of the Gammas' moments over E G^s. Lists are by degree.
    grown = [Fraction(1)]
    spent = [Fraction(0)]
    for block in blocks:
        one, two = Fraction(block, 2), Fraction(block * (block + 2), 4)
        grown = _multiply(grown, [Fraction(1), one])
        spent = _multiply(spent, [Fraction(1), 2 * one, two])
        spent = _add(spent, [Fraction(0), Fraction(0), two])
    return 2 * _over_gamma(grown, samples) - 1 - _over_gamma(spent, samples)


def _multiply(left: list[Fraction], right: list[Fraction]) -> list[Fraction]:
    product = [Fraction(0)] * (len(left) + len(right) - 1)
    for i, a in enumerate(left):
        for j, b in enumerate(right):
            product[i + j] += a * b
    return product


def _add(left: list[Fraction], right: list[Fraction]) -> list[Fraction]:
    short, long = sorted((left, right), key=len)
    return [
        a + b for a, b in zip(long, short + [Fraction(0)] * (len(long) - len(short)), strict=True)
    ]


def _over_gamma(terms: list[Fraction], samples: int) -> Fraction:
    total = Fraction(0)
    moment = Fraction(1)
    for degree, term in enumerate(terms):
        total += term / moment
        moment *= Fraction(samples, 2) + degree
    return total


def _kept_rows_inflation(*, dim: int, samples: int, edited_rows: int) -> float:
    """rho: the error of the fit to the rows that are never edited, in units of b."""
    require_count("edited_rows", edited_rows, least=0)
    require_rows(dim, samples - edited_rows, extra=2, what="the limit over generations")
    return (samples - dim - 1) / (samples - edited_rows - dim - 1)
