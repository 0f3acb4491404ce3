"""Token editing in the linear model, exactly as printed: Zhu et al. 2025 (arXiv 2412.14689).

Labels start as Y_1 = X w* + E_1 with E_1 ~ N(0, sigma^2 I). Edit i relabels the k_i rows of the
0/1 mask M_i by the last fit plus fresh noise E_{i+1} and keeps all other rows; w_{i+1} is the
least-squares fit to the result on the same design X (T x d). b = sigma^2 d / (T - d - 1).
Printed does not mean true: see docs/theory.md, "What is wrong in the printed theorems".
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
from theory.wishart import base_error, mean_trace_inverse_gram_squared

_ZHU = "Zhu et al. 2025 (arXiv 2412.14689)"


def theorem_1_estimate(
    *, design: ArrayLike, true_weights: ArrayLike, noises: ArrayLike, masks: ArrayLike
) -> np.ndarray:
    r"""Weights w_1, ..., w_n by the printed vector formula, one row for each generation.

    $\hat w_{n+1} = w^* + (X^\top X)^{-1} X^\top (E_1 + \sum_{i \le n} M_i E_{i+1})$.
    Shapes: design (T, d), true_weights (d,), masks (edits, T), noises (edits + 1, T).
    Stated for idempotent diagonal M_i; true iff $X^\top M_i (I - P) = 0$, see
    `theorem_1_is_exact`, or if noise is added to the rows and nothing is replaced.
    Source: Zhu et al. 2025, Theorem 1.

    >>> first, second = [3.0, 1.0], [1.0, 5.0]
    >>> weights = theorem_1_estimate(
    ...     design=[[1.0], [1.0]], true_weights=[0.0], noises=[first, second], masks=[[1, 0]]
    ... )
    >>> weights.round(12).tolist()  # the true second fit is 1/4 3 + 3/4 1 + 1/2 1 = 2
    [[2.0], [2.5]]
    """
    design, masks = np.asarray(design, dtype=float), np.asarray(masks, dtype=float)
    noises = np.asarray(noises, dtype=float)
    require_design(design)
    require_masks(masks, samples=len(design))
    if noises.shape != (len(masks) + 1, len(design)):
        raise ValueError(f"noises has shape {noises.shape}: accepted is (edits + 1, samples)")
    injected = np.concatenate([noises[:1], masks * noises[1:]])
    return np.asarray(true_weights) + np.cumsum(injected, axis=0) @ np.linalg.pinv(design).T


def theorem_1_is_exact(*, design: ArrayLike, masks: ArrayLike) -> bool:
    r"""Whether Theorem 1 holds for these masks: $X^\top M_i (I - P) = 0$ for every i.

    So it is for M_i = 0 and I, and for one-hot designs whose groups are edited as a whole.
    Source: docs/theory.md, "What is wrong in the printed theorems", point 2.

    >>> theorem_1_is_exact(design=[[1.0], [1.0]], masks=[[1, 1]])
    True
    >>> theorem_1_is_exact(design=[[1.0], [1.0]], masks=[[1, 0]])
    False
    """
    design, masks = np.asarray(design, dtype=float), np.asarray(masks, dtype=float)
    require_design(design)
    require_masks(masks, samples=len(design))
    frame = np.linalg.qr(design)[0]
    overlaps = np.einsum("ta,nt,tb->nab", frame, masks, frame)
    # Q' M (I - P) has Gram matrix C - C^2, C = Q' M Q.
    missing = overlaps - overlaps @ overlaps
    return bool(np.abs(missing).max(initial=0.0) < 1e-12)


@claim(
    "zhu2025.thm1",
    f"{_ZHU}, Theorem 1",
    relation="==",
    says=r"$\hat w_{n+1} = w^* + X^\dagger (E_1 + \sum_i M_i E_{i+1})$",
    stated="M_i idempotent diagonal",
    needed="X' M_i (I - P) = 0, or noise added to the rows and nothing replaced",
    expected="violated: the term -X^+ M_1 (I - P) E_1 is missing, T = 2 is enough",
)
@claim(
    "ref.exact_one",
    "docs/theory.md, Where Theorem 1 is exact",
    relation="==",
    says=r"$E = b (1 + \sum_i k_i / T)$ under the formula of Theorem 1",
    needed="noise added to k_i rows, masks independent of X, T >= d + 2",
    expected="holds for additive injection",
)
def theorem_1_error(
    *,
    dim: int,
    samples: int,
    noise_std: float = 1.0,
    edit_counts: Sequence[int | float],
    generation: int | None = None,
) -> float:
    r"""Mean test error that Theorem 1's formula would give after the edits.

    $b (1 + \sum_i k_i / T)$, $T \ge d + 2$, masks independent of X: rows are exchangeable, so
    $E\,\mathrm{tr}(A^{-1} X^\top M X A^{-1}) = \frac{k}{T} \frac{d}{T - d - 1}$ and no
    inequality is needed. Exact for additive injection.
    Counts may be means of random ones; of them fit `generation` has seen the first n - 1, by
    default all.
    Source: Zhu et al. 2025, Theorem 1, integrated in docs/theory.md.

    >>> theorem_1_error(dim=1, samples=5, edit_counts=(1,)) * 3
    1.2
    """
    for count in edit_counts:
        if not 0 <= count <= samples:
            raise ValueError(f"edit_counts={count}: accepted are numbers from 0 to {samples}")
    edits = len(edit_counts) if generation is None else generation - 1
    require_count("generation", edits + 1, least=1, most=len(edit_counts) + 1)
    return base_error(dim=dim, samples=samples, noise_std=noise_std) * (
        1 + sum(edit_counts[:edits]) / samples
    )


@claim(
    "zhu2025.thm2a",
    f"{_ZHU}, Theorem 2, first bound",
    relation="<=",
    says=r"$E_{test}(\hat w_{n+1}) \le 2 \sigma^2 d / (T - d - 1)$",
    stated="T >= d + 2, Sigma = I",
    needed="one edit, mask independent of the noise",
    expected="violated from the second edit on, for disjoint masks too: two halves 2.6875 b",
)
@claim(
    "zhu2025.thm2a_frozen",
    f"{_ZHU}, Theorem 2, first bound, edits written by one frozen model",
    relation="<=",
    says=r"$E_{test}(\hat w_{n+1}) \le 2 b$ when every edit is written by $\hat w_1$",
    stated="equation 3 lets the latest model write; the experiments use a fixed one",
    needed="masks independent of the noise, any schedule; any full-rank design",
    expected="holds for every schedule (Theorem F); attained when all rows have been edited",
    attained=True,
)
@claim(
    "zhu2025.thm2a_single",
    f"{_ZHU}, Theorem 2, first bound, one edit",
    relation="<=",
    says=r"$E_{test}(\hat w_2) \le 2 b$",
    stated="T >= d + 2, Sigma = I",
    needed="mask independent of the noise; any full-rank design",
    expected="holds, for every design (Theorem A)",
)
@claim(
    "zhu2025.thm2a_conf",
    f"{_ZHU}, Theorem 2, first bound, one edit of the confident rows",
    relation="<=",
    says=r"$E_{test}(\hat w_2) \le 2 b$ with $M_1 = \{|y - x^\top \hat w_1| \le c\}$",
    stated="the method's own choice of rows",
    needed="c <= 1.231 sigma (T >> d)",
    expected="violated for c > 1.231 sigma, at most 2.1575 b at c = 1.82 sigma",
)
def theorem_2a_bound(*, dim: int, samples: int, noise_std: float = 1.0) -> float:
    r"""Printed bound on the test error of any number of edits.

    $E_{test}(\hat w_{n+1}) \le 2 \sigma^2 d / (T - d - 1)$, stated for $T \ge d + 2$; true for
    one edit whose mask is independent of the noise.
    Source: Zhu et al. 2025, Theorem 2, first bound.

    >>> theorem_2a_bound(dim=2, samples=7)
    1.0
    """
    return 2 * base_error(dim=dim, samples=samples, noise_std=noise_std)


@claim(
    "zhu2025.thm2b",
    f"{_ZHU}, Theorem 2, second bound",
    relation="<=",
    says=r"$E \le b + \sigma^2 \sqrt{E\,\mathrm{tr} A^{-2}} "
    r"\sqrt{E\,\mathrm{tr} M_1} / (1 - \eta)$",
    stated="T >= d + 2, norms of the masks decay by eta in (0, 1)",
    needed="T >= d + 4, Frobenius norm; for the true process T >= 11.9 d m_1 (T >> d)",
    expected="vacuous at T = d + 2, d + 3 and whenever above 2 b; else holds, but loose",
)
def theorem_2b_bound(
    *, dim: int, samples: int, noise_std: float = 1.0, first_count: int | float, norm_decay: float
) -> float:
    r"""Printed bound for edits whose norms decay; infinite for T = d + 2 and d + 3.

    $b + \sigma^2 \sqrt{E\,\mathrm{tr} A^{-2}}\,\sqrt{E\,\mathrm{tr} M_1} / (1 - \eta)$ with
    $\lVert M_i \rVert = \eta \lVert M_{i-1} \rVert$, $\eta \in (0, 1)$, in the Frobenius norm:
    `first_count` is $E\,\mathrm{tr} M_1$, `norm_decay` is $\eta$. Needs $T \ge d + 4$.
    Source: Zhu et al. 2025, Theorem 2, second bound.

    >>> theorem_2b_bound(dim=1, samples=6, first_count=2, norm_decay=0.5)
    1.25
    """
    require_fraction("norm_decay", norm_decay, open_interval=True)
    require_positive("first_count", float(first_count))
    spread = mean_trace_inverse_gram_squared(dim=dim, samples=samples)
    excess = noise_std**2 * math.sqrt(spread * first_count) / (1 - norm_decay)
    return base_error(dim=dim, samples=samples, noise_std=noise_std) + excess


def equation_7_error(*, dim: int, samples: int, noise_std: float = 1.0, generation: int) -> float:
    r"""Test error of w_n when every generation replaces all labels: $E(\hat w_n) = b n$.

    Conditions: $T \ge d + 2$. Source: Zhu et al. 2025, equation 7.

    >>> equation_7_error(dim=1, samples=4, generation=3)
    1.5
    """
    require_count("generation", generation, least=1)
    return generation * base_error(dim=dim, samples=samples, noise_std=noise_std)


@claim(
    "zhu2025.sec2",
    f"{_ZHU}, section 2",
    relation="==",
    says=r"$E_{test}(\hat w_{n+1}) = b n$",
    stated="all labels replaced in every generation",
    needed="index n, as in equation 7",
    expected="violated: off by one",
)
def section_2_error(*, dim: int, samples: int, noise_std: float = 1.0, generation: int) -> float:
    r"""The same error as printed in section 2, one generation late: $E(\hat w_{n+1}) = b n$.

    Off by one: it gives the fit on real data, generation 1, no error at all.
    Source: Zhu et al. 2025, section 2.

    >>> section_2_error(dim=1, samples=4, generation=1)
    0.0
    """
    require_count("generation", generation, least=1)
    return (generation - 1) * base_error(dim=dim, samples=samples, noise_std=noise_std)


def masks_are_disjoint(*, masks: ArrayLike) -> bool:
    r"""Whether no row is edited twice, $M_i M_j = 0$: the assumption inside the printed proof.

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
    says=r"$M_i M_j = 0$ for $i \ne j$",
    stated="used inside the proof only",
    needed="no row edited twice; at most T edits",
    expected="assumption not met by the published edit rates: their sum is 212 %",
)
def no_row_is_edited_twice(*, edited_twice: int | float) -> bool:
    r"""The same, by the mean number of rows that two different edits both edit.

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
    r"""Whether masks of these sizes satisfy $\lVert M_i \rVert = \eta \lVert M_{i-1} \rVert$.

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
    r"""How many edits of decaying size fit on disjoint rows; infinite if all of them do.

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
    says=r"$\mathrm{tr}((X^\top X)^{-1} M_i)$",
    needed=r"tr(M_i X A^-2 X') is meant; the printed product needs d = T",
    expected="ill-typed: (d, d) times (T, T)",
    decided="exact",
)
def equation_36_is_defined(*, dim: int, samples: int) -> bool:
    r"""Whether $\mathrm{tr}((X^\top X)^{-1} M_i)$ is defined: (d, d) times (T, T) needs d = T.

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
