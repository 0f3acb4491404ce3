"""Corrected laws of token editing in the linear model (docs/theory.md, Theorems A and B).

A mask M enters through its overlap C = Y M Y', Y = A^-1/2 X', a d x d matrix between 0 and I;
Y = Q' of a thin QR serves as well. u_n = Y R_n is the error of the fit in those coordinates, so
a *_covariance is Cov(u_n) / sigma^2 and E_test(w_n | X) = sigma^2 tr(A^-1 Cov(u_n) / sigma^2).
An *_inflation is v = error / b with every overlap a scalar, the edited fraction m: exact for
mean estimation (X a column of ones), and the limit of Gaussian designs for T >> d.
All masks are independent of the noise. The fit on real data is generation 1. Rows that are edited
again and again: `repeated`.
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from theory.claims import claim
from theory.linear.wishart import base_error
from theory.validate import (
    require_count,
    require_fraction,
    require_fractions,
    require_overlaps,
)

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
    overlap = require_overlaps("overlap", overlap, axes=2)
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
    overlaps = require_overlaps("overlaps", overlaps, axes=3)
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
    fractions = require_fractions(fractions)
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
@claim(
    "ref.edit_B_complex",
    f"{_OWN}, Complex designs",
    relation="<=",
    says=r"complex Gaussian X, no row edited twice: $E_{test} \le (2 e^\tau - 1) b$",
    stated="-",
    needed="isotropic rows, T > d, any number of edits; for real X it is proved size by size",
    expected="holds",
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
    overlaps = require_overlaps("overlaps", overlaps, axes=3)
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


def additive_inflation(*, fractions: ArrayLike | Sequence[float]) -> float:
    r"""Inflation when edits add noise to the chosen rows and replace nothing: $1 + \sum_i m_i$.

    Exact for any masks independent of X, overlapping or not; the only process for which
    Theorem 1 of Zhu et al. 2025 holds as printed. Source: docs/theory.md, "Where Theorem 1 is
    exact".

    >>> additive_inflation(fractions=[0.25, 0.25])
    1.5
    """
    return float(1 + np.sum(require_fractions(fractions)))
