"""Random masks on designs of equal leverages P_ii = d / T, and the proportional limit.

Each row is edited with probability m_i at edit i, independently of all else. The formulas are
exact for every T on a design of equal leverages (mean estimation, tight frames), and the limit of
Gaussian designs as T and d grow with d / T fixed. Theorems D and E are the case d / T = 0.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from theory.validate import require_fraction, require_rows


def random_mask_first_increment(*, dim: int, samples: int, edit_share: float) -> float:
    r"""Growth of the inflation at the first edit, exact for Gaussian designs at every T.

    $v_2 - v_1 = m + m (1 - m) \frac{T - d}{T + 2}$; chained increments fall from there.
    Source: docs/theory.md, "Finite T".

    >>> random_mask_first_increment(dim=1, samples=4, edit_share=0.5)
    0.625
    """
    _require(dim, samples, edit_share)
    require_rows(dim, samples, extra=2)
    m = edit_share
    return m + m * (1 - m) * (samples - dim) / (samples + 2)


def random_mask_proportional_inflation(
    *, dim: int, samples: int, fractions: ArrayLike | Sequence[float]
) -> np.ndarray:
    r"""Inflations of generations 1, ..., n + 1 for chained random masks.

    $v_{n+1} = v_n + m_n + m_n (1 - m_n) \rho_n$ where $\rho_n$ is the mean squared residual of a
    row and $\lambda = d / T$: $\rho_1 = 1 - \lambda$,
    $\rho_{n+1} = \big((1 - m_n)^2 + m_n (1 - m_n)(1 - \lambda)\big) \rho_n + m_n (1 - \lambda)$.
    Source: docs/theory.md, "Equal leverages".

    >>> random_mask_proportional_inflation(dim=1, samples=2, fractions=[0.5, 0.5]).tolist()
    [1.0, 1.625, 2.234375]
    """
    fractions = np.asarray(fractions, dtype=float)
    for edit_share in fractions:
        _require(dim, samples, edit_share)
    free = 1 - dim / samples
    inflations, residual = [1.0], free
    for m in fractions:
        inflations.append(inflations[-1] + m + m * (1 - m) * residual)
        residual = ((1 - m) ** 2 + m * (1 - m) * free) * residual + m * free
    return np.array(inflations)


def random_mask_proportional_slope(*, dim: int, samples: int, edit_share: float) -> float:
    r"""Growth in each late generation at a constant chained edit rate.

    $m + m (1 - m) \frac{1 - \lambda}{1 + (1 - m) \lambda}$, $\lambda = d / T$: the fixed point of
    the residual above. Source: docs/theory.md, "Equal leverages".

    >>> random_mask_proportional_slope(dim=1, samples=2, edit_share=0.5)
    0.6
    """
    _require(dim, samples, edit_share)
    m, ratio = edit_share, dim / samples
    return m + m * (1 - m) * (1 - ratio) / (1 + (1 - m) * ratio)


def anchored_proportional_limit(*, dim: int, samples: int, edit_share: float) -> float:
    r"""Limit of the inflation over generations for anchored random masks.

    $1 + \frac{2m - m^2 - m (1 - m) \lambda}{1 - m^2 - m (1 - m) \lambda}$, $\lambda = d / T$,
    $m < 1$; equal to 2 at m = 1/2 for every $\lambda$.
    Source: docs/theory.md, "Equal leverages".

    >>> anchored_proportional_limit(dim=1, samples=2, edit_share=0.5)
    2.0
    """
    _require(dim, samples, edit_share)
    if edit_share == 1:
        return float("inf")
    m, free = edit_share, (samples - dim) / samples
    return 1 + m * (1 + (1 - m) * free) / ((1 - m) * (1 + m * free))


def _require(dim: int, samples: int, edit_share: float) -> None:
    require_rows(dim, samples, extra=1, what="the inflation")
    require_fraction("edit_share", edit_share)
