"""Corrected laws of token editing when rows are edited again (docs/theory.md, Theorems C to E).

Overlaps, covariances and inflations as in `corrected`: the same mask for ever, fresh random masks
on the last labels, or fresh ones on the human labels.
"""

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from theory.validate import (
    require_count,
    require_fraction,
    require_fractions,
    require_overlaps,
)


def fixed_mask_covariance(*, overlap: ArrayLike, generation: int) -> np.ndarray:
    r"""Covariance of the error of w_n when every generation edits the same rows.

    $\sum_{k<n} C^k (I - C) \sum_{k<n} C^k + \sum_{k<n} C^{2k+1}$, any design; chained and
    anchored edits coincide. Source: docs/theory.md, Theorem C.

    >>> fixed_mask_covariance(overlap=[[1.0]], generation=5).tolist()  # nothing is kept
    [[5.0]]
    """
    require_count("generation", generation, least=1)
    return _fixed_mask_covariances(overlap, [generation])[..., 0, :, :]


def fixed_mask_covariances(*, overlap: ArrayLike, generations: int) -> np.ndarray:
    """Covariances of the errors of w_1, ..., w_n, as `fixed_mask_covariance` gives each.

    Shape (..., d, d) in, (..., generations, d, d) out. Source: docs/theory.md, Theorem C.

    >>> fixed_mask_covariances(overlap=[[1.0]], generations=3).ravel().tolist()
    [1.0, 2.0, 3.0]
    """
    require_count("generations", generations, least=1)
    return _fixed_mask_covariances(overlap, range(1, generations + 1))


def fixed_mask_limit_covariance(*, overlap: ArrayLike) -> np.ndarray:
    r"""Limit of `fixed_mask_covariance` over generations: $(I - C)^{-1} + C (I - C^2)^{-1}$.

    The first part is least squares on the rows that are never edited, which must have full
    column rank. Source: docs/theory.md, Theorem C.

    >>> fixed_mask_limit_covariance(overlap=[[0.5]]).round(12).tolist()
    [[2.666666666667]]
    """
    values, vectors = np.linalg.eigh(require_overlaps("overlap", overlap, axes=2))
    if values.max() > 1 - 1e-12:
        raise ValueError(
            f"overlap has eigenvalue {values.max()}: accepted are eigenvalues < 1, that is, kept "
            "rows of full column rank"
        )
    inflations = 1 / (1 - values) + values / ((1 - values) * (1 + values))
    return (vectors * inflations[..., None, :]) @ np.swapaxes(vectors, -1, -2)


def fixed_mask_inflation(*, edit_share: float, generation: int) -> float:
    r"""Inflation of w_n when every generation edits the same fraction m of rows.

    $v_n = \frac{(1 - m^n)^2}{1 - m} + \frac{m (1 - m^{2n})}{1 - m^2}$, and n for m = 1.
    Source: docs/theory.md, Theorem C, scalar overlaps.

    >>> fixed_mask_inflation(edit_share=0.5, generation=2)
    1.75
    """
    require_fraction("edit_share", edit_share)
    require_count("generation", generation, least=1)
    return float(_fixed_mask(edit_share, generation))


def fixed_mask_limit(*, edit_share: float) -> float:
    r"""Limit of `fixed_mask_inflation`: $v_\infty = (1 + 2m) / (1 - m^2)$, infinite for m = 1.

    At most 2 iff $m \le (\sqrt 3 - 1) / 2 = .366$. Source: docs/theory.md, Theorem C.

    >>> fixed_mask_limit(edit_share=0.0)
    1.0
    """
    require_fraction("edit_share", edit_share)
    if edit_share == 1:
        return math.inf
    return (1 + 2 * edit_share) / ((1 - edit_share) * (1 + edit_share))


def random_mask_inflation(*, fractions: ArrayLike | Sequence[float]) -> float:
    r"""Inflation after edits of fresh random rows, fractions $m_i$, for T >> d.

    $v_n = 1 + \sum_{i<n} m_i (2 - m_i)$: bounded iff the fractions are summable. At every T the
    error is at least $1 + \sum_i m_i$. Source: docs/theory.md, Theorem D (leading order).

    >>> random_mask_inflation(fractions=[0.5, 0.5])
    2.5
    """
    fractions = require_fractions(fractions)
    return float(1 + np.sum(fractions * (2 - fractions)))


def random_mask_slope(*, edit_share: float) -> float:
    r"""Growth of the inflation in each generation at a constant random edit rate: $m (2 - m)$.

    Source: docs/theory.md, Theorem D (leading order in d / T).

    >>> random_mask_slope(edit_share=0.5)
    0.75
    """
    require_fraction("edit_share", edit_share)
    return edit_share * (2 - edit_share)


def geometric_mask_limit(*, first_fraction: float, ratio: float) -> float:
    r"""Limit of the inflation for random masks of fractions $m_i = m_1 r^{i-1}$.

    $v_\infty = 1 + \frac{2 m_1}{1 - r} - \frac{m_1^2}{1 - r^2}$, $0 \le r < 1$.
    Source: docs/theory.md, Theorem D (leading order in d / T).

    >>> geometric_mask_limit(first_fraction=0.5, ratio=0.0)  # one edit, as in Theorem A
    1.75
    """
    require_fraction("first_fraction", first_fraction)
    if not 0 <= ratio < 1:
        raise ValueError(f"ratio={ratio}: accepted is [0, 1)")
    return 1 + 2 * first_fraction / (1 - ratio) - first_fraction**2 / ((1 - ratio) * (1 + ratio))


def anchored_inflation(*, edit_share: float, generation: int) -> float:
    r"""Inflation of w_n when kept rows are real and fresh random rows are edited, T >> d.

    $v_n = 1 + m (2 - m) \frac{1 - m^{2(n-1)}}{1 - m^2}$, and n for m = 1.
    Source: docs/theory.md, Theorem E (leading order in d / T).

    >>> anchored_inflation(edit_share=0.5, generation=2)
    1.75
    """
    require_fraction("edit_share", edit_share)
    require_count("generation", generation, least=1)
    memory = _geometric_sum(edit_share**2, generation - 1)
    return float(1 + random_mask_slope(edit_share=edit_share) * memory)


def anchored_limit(*, edit_share: float) -> float:
    r"""Limit of `anchored_inflation`: $1 + m (2 - m) / (1 - m^2)$, infinite for m = 1.

    At most 2 iff $m \le 1/2$. Source: docs/theory.md, Theorem E (leading order in d / T).

    >>> anchored_limit(edit_share=0.5)
    2.0
    """
    require_fraction("edit_share", edit_share)
    if edit_share == 1:
        return math.inf
    slope = random_mask_slope(edit_share=edit_share)
    return 1 + slope / ((1 - edit_share) * (1 + edit_share))


def anchored_bound(*, edit_share: float, max_leverage: float = 1.0) -> float:
    r"""Bound on the inflation of anchored editing at every generation, T and design.

    Rows are edited independently with probability m. With p the largest leverage $P_{ii}$,
    $\mathrm{Cov}(u_n) \preceq \sigma^2 \big(1 + \frac{m (2 - m)}{1 - m^2 - m (1 - m) p}\big) I$.
    Source: docs/theory.md, Theorem E, second part.

    >>> anchored_bound(edit_share=0.5)
    2.5
    """
    require_fraction("edit_share", edit_share)
    require_fraction("max_leverage", max_leverage)
    m = edit_share
    if m == 1:
        return math.inf
    return 1 + m * (2 - m) / ((1 - m) * (1 + m * (1 - max_leverage)))


def _fixed_mask_covariances(overlap: ArrayLike, fits: Iterable[int]) -> np.ndarray:
    values, vectors = np.linalg.eigh(require_overlaps("overlap", overlap, axes=2))
    overlaps, back = np.clip(values, 0, 1), np.swapaxes(vectors, -1, -2)
    inflations = [np.asarray(_fixed_mask(overlaps, fit)) for fit in fits]
    return np.stack([(vectors * each[..., None, :]) @ back for each in inflations], axis=-3)


def _fixed_mask(overlap: float | np.ndarray, generation: int) -> float | np.ndarray:
    kept = (1 - overlap) * _geometric_sum(overlap, generation) ** 2
    return kept + overlap * _geometric_sum(overlap**2, generation)


def _geometric_sum(ratio: float | np.ndarray, terms: int) -> np.ndarray:
    """1 + r + ... + r^(terms - 1) for r in [0, 1], accurate also where r is nearly one."""
    if terms == 0:
        return np.zeros_like(ratio, dtype=float)
    with np.errstate(divide="ignore", invalid="ignore"):
        partial = -np.expm1(terms * np.log(ratio)) / np.subtract(1, ratio)
    return np.where(ratio == 1, terms, partial)
