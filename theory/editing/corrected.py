"""Corrected laws of token editing in the linear model (docs/theory.md, Theorems A to E).

A mask M enters through its overlap C = Y M Y', Y = A^-1/2 X', a d x d matrix between 0 and I;
Y = Q' of a thin QR serves as well. u_n = Y R_n is the error of the fit in those coordinates, so
a *_covariance is Cov(u_n) / sigma^2 and E_test(w_n | X) = sigma^2 tr(A^-1 Cov(u_n) / sigma^2).
An *_inflation is v = error / b with every overlap a scalar, the edited fraction m: exact for
mean estimation (X a column of ones), and the limit of Gaussian designs for T >> d.
All masks are independent of the noise. The fit on real data is generation 1.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from theory.claims import claim
from theory.validate import require_count, require_fraction
from theory.wishart import base_error

_OWN = "docs/theory.md"


@claim(
    "ref.edit_A",
    f"{_OWN}, Theorem A",
    relation="==",
    says=r"$\mathrm{Cov}(u_2) = \sigma^2 (I + 2C - C^2) \preceq 2 \sigma^2 I$",
    needed="one edit, any mask independent of the noise, any full-rank design",
    expected="holds",
    decided="exact",
)
def one_edit_covariance(*, overlap: ArrayLike) -> np.ndarray:
    r"""Covariance of the error after one edit, any mask and any full-rank design.

    $\mathrm{Cov}(u_2) = \sigma^2 (I + 2C - C^2) \preceq 2 \sigma^2 I$; shape (..., d, d).
    Source: docs/theory.md, Theorem A.

    >>> one_edit_covariance(overlap=[[0.5]]).tolist()
    [[1.75]]
    """
    overlap = _overlaps("overlap", overlap, axes=2)
    return np.eye(overlap.shape[-1]) + 2 * overlap - overlap @ overlap


def disjoint_covariances(*, overlaps: ArrayLike) -> np.ndarray:
    r"""Covariances of the errors of w_1, ..., w_{n+1} when no row is edited twice.

    $\Phi_{n+1} = (I + C_n) \Phi_n$ and
    $V_{n+1} = (I + C_n) V_n (I + C_n) + 2 C_n - \Phi_{n+1} C_n - C_n \Phi_{n+1}^\top$ from
    $V_1 = \Phi_1 = I$, any design. Shape (..., n, d, d) in, (..., n + 1, d, d) out.
    Source: docs/theory.md, Theorem B.

    >>> disjoint_covariances(overlaps=[[[0.5]], [[0.5]]]).ravel().tolist()
    [1.0, 1.75, 2.6875]
    """
    overlaps = _overlaps("overlaps", overlaps, axes=3)
    identity = np.broadcast_to(np.eye(overlaps.shape[-1]), np.delete(overlaps.shape, -3))
    covariance = product = identity
    covariances = [covariance]
    for step in range(overlaps.shape[-3]):
        overlap = overlaps[..., step, :, :]
        grow = identity + overlap
        product = grow @ product
        drop = product @ overlap
        covariance = grow @ covariance @ grow + 2 * overlap - drop - np.swapaxes(drop, -1, -2)
        covariances.append(covariance)
    return np.stack(covariances, axis=-3)


def disjoint_inflations(*, fractions: ArrayLike | Sequence[float]) -> np.ndarray:
    r"""Inflations of generations 1, ..., n + 1 when no row is edited twice.

    $v_{n+1} = (1 + m_n)^2 v_n - 2 \Phi_{n+1} m_n + 2 m_n$, $\Phi_{n+1} = \prod_i (1 + m_i)$, so
    $v_{n+1} \le 2 \Phi_{n+1} - 1 \le 2 e^\tau - 1$ with $\tau = \sum_i m_i \le 1$.
    Source: docs/theory.md, Theorem B, scalar overlaps.

    >>> disjoint_inflations(fractions=[0.5, 0.5]).tolist()
    [1.0, 1.75, 2.6875]
    """
    fractions = _fractions(fractions)
    if fractions.sum() > 1 + 1e-9:
        raise ValueError(
            f"fractions={fractions.tolist()}: accepted is a sum <= 1, rows edited once"
        )
    return disjoint_covariances(overlaps=fractions[:, None, None])[:, 0, 0]


@claim(
    "ref.edit_B_loewner",
    f"{_OWN}, What is conjecture",
    relation="<=",
    says=r"$\mathrm{Cov}(u) \preceq (2 e^\tau - 1) \sigma^2 I$",
    needed="disjoint masks with commuting overlaps",
    expected="violated by fixed designs with d >= 2: 4.609 > 2e - 1 at T = 100",
    decided="exact",
)
def disjoint_inflation_bound(*, edited_total: float = 1.0) -> float:
    r"""Bound on the inflation when no row is edited twice: $2 e^\tau - 1$, at most $2e - 1$.

    As a bound on the largest eigenvalue of the covariance it needs commuting overlaps: the rows
    of `quarter_turn_frame` exceed it. Status of the mean bound: see `disjoint_bound`.
    Source: docs/theory.md, Theorem B.

    >>> disjoint_inflation_bound(edited_total=0.0)
    1.0
    """
    require_fraction("edited_total", edited_total)
    return 2 * math.exp(edited_total) - 1


def disjoint_bound(*, dim: int, samples: int, noise_std: float = 1.0, edited_total: float) -> float:
    r"""Bound that replaces the printed 2b when no row is edited twice: $(2 e^\tau - 1) b$.

    $\tau = \sum_i k_i / T$ is the share of rows edited so far, $\tau \le 1$. Proved for
    commuting overlaps; for Gaussian designs with d = 1, or at most four edits, or $T \le 60$, or
    any fixed number of edits as $T \to \infty$; a conjecture for other Gaussian designs.
    Source: docs/theory.md, Theorem B and "What is conjecture".

    >>> disjoint_bound(dim=1, samples=3, edited_total=0.0)
    1.0
    """
    base = base_error(dim=dim, samples=samples, noise_std=noise_std)
    return disjoint_inflation_bound(edited_total=edited_total) * base


def pathwise_bound(*, overlaps: ArrayLike) -> float | np.ndarray:
    r"""Largest eigenvalue that no disjoint schedule exceeds, any design: shape (...) of floats.

    $\mathrm{Cov}(u_{n+1}) \preceq \sigma^2 (2 \prod_i (1 + \lVert C_i \rVert) - 1) I$, at most
    $2 e^d - 1$. Source: docs/theory.md, Theorem B, general designs.

    >>> float(pathwise_bound(overlaps=[[[0.5]], [[0.5]]]))
    3.5
    """
    overlaps = _overlaps("overlaps", overlaps, axes=3)
    norms = np.linalg.norm(overlaps, ord=2, axis=(-2, -1))
    return 2 * np.prod(1 + norms, axis=-1) - 1


def quarter_turn_frame(*, samples: int) -> np.ndarray:
    r"""Design (T x 2) on which editing row after row exceeds $2e - 1$ in one direction.

    Rows $(\cos\frac{\pi i}{2T}, \sin\frac{\pi i}{2T})$, i = 0, ..., T - 1, whitened so that
    $X^\top X = I$. At T = 100 the largest eigenvalue of the covariance is 4.609 > 4.437.
    Source: docs/theory.md, "What is conjecture".

    >>> design = quarter_turn_frame(samples=100)
    >>> (design.T @ design).round(12).tolist() == [[1.0, 0.0], [0.0, 1.0]]
    True
    """
    require_count("samples", samples, least=2)
    angles = np.pi * np.arange(samples) / (2 * samples)
    rows = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    values, vectors = np.linalg.eigh(rows.T @ rows)
    return rows @ (vectors / np.sqrt(values)) @ vectors.T


def fixed_mask_covariance(*, overlap: ArrayLike, generation: int) -> np.ndarray:
    r"""Covariance of the error of w_n when every generation edits the same rows.

    $\sum_{k<n} C^k (I - C) \sum_{k<n} C^k + \sum_{k<n} C^{2k+1}$, any design; chained and
    anchored edits coincide. Source: docs/theory.md, Theorem C.

    >>> fixed_mask_covariance(overlap=[[1.0]], generation=5).tolist()  # nothing is kept
    [[5.0]]
    """
    require_count("generation", generation, least=1)
    values, vectors = np.linalg.eigh(_overlaps("overlap", overlap, axes=2))
    inflations = np.asarray(_fixed_mask(np.clip(values, 0, 1), generation))
    return (vectors * inflations[..., None, :]) @ np.swapaxes(vectors, -1, -2)


def fixed_mask_limit_covariance(*, overlap: ArrayLike) -> np.ndarray:
    r"""Limit of `fixed_mask_covariance` over generations: $(I - C)^{-1} + C (I - C^2)^{-1}$.

    The first part is least squares on the rows that are never edited, which must have full
    column rank. Source: docs/theory.md, Theorem C.

    >>> fixed_mask_limit_covariance(overlap=[[0.5]]).round(12).tolist()
    [[2.666666666667]]
    """
    values, vectors = np.linalg.eigh(_overlaps("overlap", overlap, axes=2))
    if values.max() > 1 - 1e-12:
        raise ValueError(
            f"overlap has eigenvalue {values.max()}: accepted are eigenvalues < 1, that is, kept "
            "rows of full column rank"
        )
    inflations = 1 / (1 - values) + values / ((1 - values) * (1 + values))
    return (vectors * inflations[..., None, :]) @ np.swapaxes(vectors, -1, -2)


def fixed_mask_inflation(*, edit_fraction: float, generation: int) -> float:
    r"""Inflation of w_n when every generation edits the same fraction m of rows.

    $v_n = \frac{(1 - m^n)^2}{1 - m} + \frac{m (1 - m^{2n})}{1 - m^2}$, and n for m = 1.
    Source: docs/theory.md, Theorem C, scalar overlaps.

    >>> fixed_mask_inflation(edit_fraction=0.5, generation=2)
    1.75
    """
    require_fraction("edit_fraction", edit_fraction)
    require_count("generation", generation, least=1)
    return float(_fixed_mask(edit_fraction, generation))


def fixed_mask_limit(*, edit_fraction: float) -> float:
    r"""Limit of `fixed_mask_inflation`: $v_\infty = (1 + 2m) / (1 - m^2)$, infinite for m = 1.

    At most 2 iff $m \le (\sqrt 3 - 1) / 2 = .366$. Source: docs/theory.md, Theorem C.

    >>> fixed_mask_limit(edit_fraction=0.0)
    1.0
    """
    require_fraction("edit_fraction", edit_fraction)
    if edit_fraction == 1:
        return math.inf
    return (1 + 2 * edit_fraction) / ((1 - edit_fraction) * (1 + edit_fraction))


def random_mask_inflation(*, fractions: ArrayLike | Sequence[float]) -> float:
    r"""Inflation after edits of fresh random rows, fractions $m_i$, for T >> d.

    $v_n = 1 + \sum_{i<n} m_i (2 - m_i)$: bounded iff the fractions are summable. At every T the
    error is at least $1 + \sum_i m_i$. Source: docs/theory.md, Theorem D (leading order).

    >>> random_mask_inflation(fractions=[0.5, 0.5])
    2.5
    """
    fractions = _fractions(fractions)
    return float(1 + np.sum(fractions * (2 - fractions)))


def random_mask_slope(*, edit_fraction: float) -> float:
    r"""Growth of the inflation in each generation at a constant random edit rate: $m (2 - m)$.

    Source: docs/theory.md, Theorem D (leading order in d / T).

    >>> random_mask_slope(edit_fraction=0.5)
    0.75
    """
    require_fraction("edit_fraction", edit_fraction)
    return edit_fraction * (2 - edit_fraction)


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


def anchored_inflation(*, edit_fraction: float, generation: int) -> float:
    r"""Inflation of w_n when kept rows are real and fresh random rows are edited, T >> d.

    $v_n = 1 + m (2 - m) \frac{1 - m^{2(n-1)}}{1 - m^2}$, and n for m = 1.
    Source: docs/theory.md, Theorem E (leading order in d / T).

    >>> anchored_inflation(edit_fraction=0.5, generation=2)
    1.75
    """
    require_fraction("edit_fraction", edit_fraction)
    require_count("generation", generation, least=1)
    memory = _geometric_sum(edit_fraction**2, generation - 1)
    return float(1 + random_mask_slope(edit_fraction=edit_fraction) * memory)


def anchored_limit(*, edit_fraction: float) -> float:
    r"""Limit of `anchored_inflation`: $1 + m (2 - m) / (1 - m^2)$, infinite for m = 1.

    At most 2 iff $m \le 1/2$. Source: docs/theory.md, Theorem E (leading order in d / T).

    >>> anchored_limit(edit_fraction=0.5)
    2.0
    """
    require_fraction("edit_fraction", edit_fraction)
    if edit_fraction == 1:
        return math.inf
    slope = random_mask_slope(edit_fraction=edit_fraction)
    return 1 + slope / ((1 - edit_fraction) * (1 + edit_fraction))


def anchored_bound(*, edit_fraction: float, max_leverage: float = 1.0) -> float:
    r"""Bound on the inflation of anchored editing at every generation, T and design.

    Rows are edited independently with probability m. With p the largest leverage $P_{ii}$,
    $\mathrm{Cov}(u_n) \preceq \sigma^2 \big(1 + \frac{m (2 - m)}{1 - m^2 - m (1 - m) p}\big) I$.
    Source: docs/theory.md, Theorem E, second part.

    >>> anchored_bound(edit_fraction=0.5)
    2.5
    """
    require_fraction("edit_fraction", edit_fraction)
    require_fraction("max_leverage", max_leverage)
    m = edit_fraction
    if m == 1:
        return math.inf
    return 1 + m * (2 - m) / ((1 - m) * (1 + m * (1 - max_leverage)))


def additive_inflation(*, fractions: ArrayLike | Sequence[float]) -> float:
    r"""Inflation when edits add noise to the chosen rows and replace nothing: $1 + \sum_i m_i$.

    Exact for any masks independent of X, overlapping or not; the only process for which
    Theorem 1 of Zhu et al. 2025 holds as printed. Source: docs/theory.md, "Where Theorem 1 is
    exact".

    >>> additive_inflation(fractions=[0.25, 0.25])
    1.5
    """
    return float(1 + np.sum(_fractions(fractions)))


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


def _fractions(fractions: ArrayLike | Sequence[float]) -> np.ndarray:
    fractions = np.asarray(fractions, dtype=float)
    if fractions.ndim != 1 or not ((fractions >= 0) & (fractions <= 1)).all():
        raise ValueError(f"fractions={fractions.tolist()}: accepted is a list of numbers in [0, 1]")
    return fractions


def _overlaps(name: str, value: ArrayLike, *, axes: int) -> np.ndarray:
    value = np.asarray(value, dtype=float)
    if value.ndim < axes or value.shape[-1] != value.shape[-2]:
        wanted = "(..., dim, dim)" if axes == 2 else "(..., edits, dim, dim)"
        raise ValueError(f"{name} has shape {value.shape}: accepted is {wanted}")
    return value
