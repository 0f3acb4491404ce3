"""Token editing in the linear model, exactly as printed: Zhu et al. 2025 (arXiv 2412.14689).

Labels start as Y_1 = X w* + E_1 with E_1 ~ N(0, sigma^2 I). Edit i relabels the k_i rows of the
0/1 mask M_i by the last fit plus fresh noise E_{i+1} and keeps all other rows; w_{i+1} is the
least-squares fit to the result on the same design X (T x d). b = sigma^2 d / (T - d - 1).
Printed does not mean true: see docs/theory.md, "What is wrong in the printed theorems".
"""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from theory.claims import claim
from theory.linear.wishart import base_error, given_base_error, mean_trace_inverse_gram_squared
from theory.validate import (
    require_count,
    require_design,
    require_fraction,
    require_masks,
    require_positive,
)

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
    r"""True if Theorem 1 holds for these masks: $X^\top M_i (I - P) = 0$ for every i.

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
    provenance="read",
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
    provenance="read",
    says=r"$E_{test}(\hat w_{n+1}) \le 2 \sigma^2 d / (T - d - 1)$",
    stated="T >= d + 2, Sigma = I",
    needed="one edit, mask independent of the noise",
    expected="violated from the second edit on, for disjoint masks too: two halves 2.6875 b",
)
@claim(
    "zhu2025.thm2a_frozen",
    f"{_ZHU}, Theorem 2, first bound, edits written by one frozen model",
    relation="<=",
    provenance="read",
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
    provenance="read",
    says=r"$E_{test}(\hat w_2) \le 2 b$",
    stated="T >= d + 2, Sigma = I",
    needed="mask independent of the noise; any full-rank design",
    expected="holds, for every design (Theorem A)",
)
@claim(
    "zhu2025.thm2a_conf",
    f"{_ZHU}, Theorem 2, first bound, one edit of the confident rows",
    relation="<=",
    provenance="read",
    says=r"$E_{test}(\hat w_2) \le 2 b$ with $M_1 = \{|y - x^\top \hat w_1| \le c\}$",
    stated="the method's own choice of rows",
    needed="c <= 1.231 sigma (T >> d)",
    expected="violated for c > 1.231 sigma, at most 2.1575 b at c = 1.82 sigma",
)
def theorem_2a_bound(
    *, dim: int, samples: int, noise_std: float = 1.0, given_design: bool = False
) -> float:
    r"""Printed bound on the test error of any number of edits.

    $E_{test}(\hat w_{n+1}) \le 2 \sigma^2 d / (T - d - 1)$, stated for $T \ge d + 2$; true for
    one edit whose mask is independent of the noise. On a given design twice the error of the fit
    on human data there, $\sigma^2 d / T$.
    Source: Zhu et al. 2025, Theorem 2, first bound.

    >>> theorem_2a_bound(dim=2, samples=7)
    1.0
    """
    base = given_base_error if given_design else base_error
    return 2 * base(dim=dim, samples=samples, noise_std=noise_std)


@claim(
    "zhu2025.thm2b",
    f"{_ZHU}, Theorem 2, second bound",
    relation="<=",
    provenance="read",
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
    provenance="read",
    says=r"$E_{test}(\hat w_{n+1}) = b n$",
    stated="all labels replaced in every generation",
    needed="index n, as in equation 7",
    expected="violated: off by one",
)
def section_2_error(*, dim: int, samples: int, noise_std: float = 1.0, generation: int) -> float:
    r"""Test error as printed in section 2, one generation late: $E(\hat w_{n+1}) = b n$.

    Off by one: it gives the fit on real data, generation 1, no error at all.
    Source: Zhu et al. 2025, section 2.

    >>> section_2_error(dim=1, samples=4, generation=1)
    0.0
    """
    require_count("generation", generation, least=1)
    return (generation - 1) * base_error(dim=dim, samples=samples, noise_std=noise_std)
