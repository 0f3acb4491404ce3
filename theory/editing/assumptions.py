"""Assumptions of the printed theorems of token editing, and whether they can be met.

Zhu et al. 2025 (arXiv 2412.14689); notation as in `published`. Printed does not mean true: see
docs/theory.md, "What is wrong in the printed theorems".
"""

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from theory.claims import claim
from theory.validate import (
    require_count,
    require_design,
    require_fraction,
    require_masks,
    require_positive,
)

_ZHU = "Zhu et al. 2025 (arXiv 2412.14689)"


def masks_are_disjoint(*, masks: ArrayLike) -> bool:
    r"""True if every row is edited at most once, $M_i M_j = 0$: the assumption inside the printed
    proof.

    Source: Zhu et al. 2025, equation 16; named in neither theorem.

    >>> masks_are_disjoint(masks=[[1, 0, 0], [0, 1, 1]])
    True
    """
    masks = np.asarray(masks)
    require_masks(masks, samples=masks.shape[-1] if masks.ndim else 0)
    return bool((masks.sum(axis=0) <= 1).all())


@claim(
    "zhu2025.eq16",
    f"{_ZHU}, equation 16",
    relation="assumption",
    provenance="read",
    says=r"$M_i M_j = 0$ for $i \ne j$",
    stated="used inside the proof only",
    needed="no row edited twice; at most T edits",
    expected="holds for one edit and for disjoint ones; assumption not met by the published edit "
    "rates, whose sum is 212 %",
)
def no_row_is_edited_twice(*, edited_twice: int | float) -> bool:
    r"""True if every row is edited at most once, by the mean number of rows that two edits share.

    `edited_twice` is $\sum_{i<j} E\,\mathrm{tr} M_i M_j$.

    >>> no_row_is_edited_twice(edited_twice=0)
    True
    """
    require_positive("edited_twice", float(edited_twice), zero=True)
    return edited_twice == 0


@claim(
    "zhu2025.decay",
    f"{_ZHU}, Theorem 2, assumption of the second bound",
    relation="assumption",
    provenance="read",
    says=r"$\lVert M_i \rVert = \eta \lVert M_{i-1} \rVert$",
    stated="any norm, eta in (0, 1)",
    needed="Frobenius norm and whole numbers of edits k_i = eta^2 k_(i-1)",
    expected="assumption not met: operator norms are 0 or 1, and edits come in whole rows",
)
def decay_is_possible(
    *,
    edit_counts: Sequence[int | float],
    norm_decay: float,
    norm: Literal["frobenius", "operator"] = "frobenius",
) -> bool:
    r"""True if masks of these sizes satisfy $\lVert M_i \rVert = \eta \lVert M_{i-1} \rVert$.

    The Frobenius norm is $\sqrt{k_i}$, so $k_i = \eta^2 k_{i-1}$ must be whole numbers. The
    operator norm of a mask is 0 or 1: only empty masks decay.
    Source: Zhu et al. 2025, Theorem 2, the assumption of the second bound.

    >>> decay_is_possible(edit_counts=(64, 16, 4, 1), norm_decay=0.5)
    True
    >>> decay_is_possible(edit_counts=(64, 16, 4, 1), norm_decay=0.5, norm="operator")
    False
    """
    require_fraction("norm_decay", norm_decay, open_interval=True)
    for count in edit_counts:
        require_positive("edit_counts", float(count), zero=True)
    if any(count != int(count) for count in edit_counts):
        return False
    if norm == "operator":
        return len(edit_counts) < 2 or not any(edit_counts)
    pairs = zip(edit_counts[:-1], edit_counts[1:], strict=True)
    return all(math.isclose(after, norm_decay**2 * before) for before, after in pairs)


def decay_lifetime(*, first_count: int, norm_decay: float) -> int:
    r"""Number of edits of at least one row when counts decay: $k_1 \eta^{2(i-1)} \ge 1$.

    Source: integrality of $\mathrm{tr} M_i$; docs/theory.md, point 7.

    >>> decay_lifetime(first_count=64, norm_decay=0.5)
    4
    """
    require_count("first_count", first_count, least=1)
    require_fraction("norm_decay", norm_decay, open_interval=True)
    # 1e-9 keeps exact powers on their side of the rounding error of the logarithms
    return 1 + math.floor(math.log(first_count) / (-2 * math.log(norm_decay)) + 1e-9)


def disjoint_edits_possible(*, first_fraction: float, norm_decay: float) -> int | float:
    r"""Number of edits of decaying size that fit on disjoint rows; infinite if all of them do.

    The largest n with $m_1 (1 - \eta^{2n}) / (1 - \eta^2) \le 1$. The published edit rates,
    12.503 % falling by $\eta^2 = .941$ each pass, leave room for 10.
    Source: Zhu et al. 2025, equation 16 against Table 15; docs/theory.md, point 8.

    >>> disjoint_edits_possible(first_fraction=0.12503, norm_decay=0.941**0.5)
    10
    """
    require_fraction("first_fraction", first_fraction)
    require_fraction("norm_decay", norm_decay, open_interval=True)
    ratio = norm_decay**2
    if first_fraction * (1 - 1e-12) <= 1 - ratio:  # the whole geometric sum fits
        return math.inf
    least = 1 - (1 - ratio) / first_fraction  # what ratio**n may fall to
    return math.floor(math.log(least) / math.log(ratio) + 1e-9)


@claim(
    "zhu2025.eq36",
    f"{_ZHU}, equation 36",
    relation="assumption",
    provenance="read",
    says=r"$\mathrm{tr}((X^\top X)^{-1} M_i)$",
    needed=r"tr(M_i X A^-2 X') is meant; the printed product needs d = T",
    expected="ill-typed: (d, d) times (T, T)",
    decided="exact",
)
def equation_36_is_defined(*, dim: int, samples: int) -> bool:
    r"""True if $\mathrm{tr}((X^\top X)^{-1} M_i)$ is defined: (d, d) times (T, T) needs d = T.

    The meant trace is `equation_36_repaired`. Source: Zhu et al. 2025, equation 36.

    >>> equation_36_is_defined(dim=1, samples=2)
    False
    """
    require_count("dim", dim, least=1)
    require_count("samples", samples, least=1)
    return dim == samples


def equation_36_repaired(*, design: ArrayLike, mask: ArrayLike) -> float:
    r"""$\mathrm{tr}(M X (X^\top X)^{-2} X^\top)$, for which the printed proof goes through.

    Its mean over Gaussian designs is $\frac{k}{T} \frac{d}{T - d - 1}$.
    Source: docs/theory.md, point 4.

    >>> round(equation_36_repaired(design=[[1.0], [1.0]], mask=[1, 0]), 12)
    0.25
    """
    design, mask = np.asarray(design, dtype=float), np.asarray(mask)
    require_design(design)
    require_masks(mask[None], samples=len(design))
    rows = np.linalg.pinv(design).T
    return float(np.sum(rows[mask == 1] ** 2))
