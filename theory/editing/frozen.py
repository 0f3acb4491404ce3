"""Token editing by a frozen prior: the repaired Theorem 2 (docs/theory.md, Theorems F and G).

Every edit draws its labels from one model that never changes: the first fit, or a model given from
outside. Then the labels after any number of edits have the law of one edit of all rows edited so
far, and the bound 2b holds for every schedule of masks that does not look at the noise.
Rows edited so far may be random: `edited_rows` is then their mean number, and `edited_pairs` the
mean number of ordered pairs of two different ones.
"""

from collections.abc import Sequence

import numpy as np
import scipy
from numpy.typing import ArrayLike

from theory.claims import claim
from theory.editing.confidence import (
    confidence_one_inflation,
    share_edited,
    stationary_residual_variance,
)
from theory.linear.strong_collapse import shift_factor
from theory.linear.wishart import base_error, leverage_second_moment, off_diagonal_second_moment
from theory.validate import (
    require_count,
    require_fraction,
    require_masks,
    require_positive,
    require_rows,
)

_OWN = "docs/theory.md"


def rows_edited_so_far(*, masks: ArrayLike) -> list[int]:
    """Number of rows that a schedule (edits x T) has edited at least once, before each later fit.

    >>> rows_edited_so_far(masks=[[1, 1, 0], [0, 1, 0], [0, 0, 1]])
    [2, 2, 3]
    """
    masks = np.asarray(masks)
    require_masks(masks, samples=masks.shape[-1])
    return [int(rows) for rows in np.maximum.accumulate(masks.astype(bool), axis=0).sum(axis=1)]


def random_rows_edited(
    *, samples: int, inclusion: Sequence[float], pair_inclusion: Sequence[float]
) -> tuple[float, float]:
    r"""Mean number of rows edited so far, and of pairs of them, under fresh random masks.

    A row is edited at edit i with chance `inclusion[i]`, a pair of rows with `pair_inclusion[i]`
    ($m^2$ for independent rows, $\frac{k (k - 1)}{T (T - 1)}$ for a uniform subset of k). Never
    edited are a row with chance $\prod_i (1 - p_i)$, two with $\prod_i (1 - 2 p_i + p_{2,i})$.

    >>> random_rows_edited(samples=2, inclusion=[0.5, 0.5], pair_inclusion=[0.25, 0.25])
    (1.5, 1.125)
    """
    require_count("samples", samples, least=1)
    for share in (*inclusion, *pair_inclusion):
        require_fraction("inclusion", share)
    one, two = np.asarray(inclusion, dtype=float), np.asarray(pair_inclusion, dtype=float)
    never, neither = np.prod(1 - one), np.prod(1 - 2 * one + two)
    pairs = samples * (samples - 1) * (1 - 2 * never + neither)
    return float(samples * (1 - never)), float(pairs)


def frozen_inflation(
    *, dim: int, samples: int, edited_rows: int | float, edited_pairs: int | float | None = None
) -> float:
    r"""Inflation after any number of edits by the first fit, by the rows edited so far.

    $v = 1 + \frac{2k}{T} - \frac{k q_2 + k (k - 1) c_2}{d} \le 2$, isotropic Gaussian design,
    $T \ge d + 2$, averaged over k where masks are random; 2 exactly when all rows have been edited.
    Source: docs/theory.md, Theorem F.

    >>> round(frozen_inflation(dim=10, samples=100, edited_rows=100), 12)
    2.0
    """
    require_rows(dim, samples, extra=2)
    rows, pairs = _rows_and_pairs(samples, edited_rows, edited_pairs)
    square = rows * float(leverage_second_moment(dim=dim, samples=samples))
    square += pairs * float(off_diagonal_second_moment(dim=dim, samples=samples))
    return 1 + 2 * rows / samples - square / dim


def frozen_error(
    *,
    dim: int,
    samples: int,
    noise_std: float = 1.0,
    edited_rows: int | float,
    edited_pairs: int | float | None = None,
) -> float:
    """Mean test error after such edits: b times `frozen_inflation`.

    >>> frozen_error(dim=1, samples=3, edited_rows=3)
    2.0
    """
    base = base_error(dim=dim, samples=samples, noise_std=noise_std)
    return base * frozen_inflation(
        dim=dim, samples=samples, edited_rows=edited_rows, edited_pairs=edited_pairs
    )


def external_error(
    *,
    dim: int,
    samples: int,
    noise_std: float = 1.0,
    prior_error: int | float,
    edited_rows: int | float,
    edited_pairs: int | float | None = None,
) -> float:
    r"""Mean test error after edits by a fixed model of test error $c^2$, whatever their number.

    $b + \zeta$, $\zeta = c^2 E[p_2^2 + p_1 p_2 u]$ with $p_2 = k / T$: a mixture with k rows of
    the prior (`strong_collapse.shift_factor`). The prior is independent of the data and its labels
    have the same noise. Source: docs/theory.md, Theorem F, corollary.

    >>> external_error(dim=1, samples=4, prior_error=0.25, edited_rows=4)  # all rows: b + c^2
    0.75
    """
    require_positive("prior_error", prior_error, zero=True)
    rows, pairs = _rows_and_pairs(samples, edited_rows, edited_pairs)
    one = float(shift_factor(dim=dim, samples=samples, synthetic_rows=1))
    # Quadratic in k, 0 at k = 0 and c^2 at k = T.
    curvature = (1 - samples * one) / (samples * (samples - 1))
    share = rows * one + pairs * curvature
    return base_error(dim=dim, samples=samples, noise_std=noise_std) + prior_error * share


@claim(
    "ref.edit_frozen",
    f"{_OWN}, Theorem F",
    relation="==",
    says=r"$E = b\,(1 + 2k/T - (k q_2 + k (k - 1) c_2) / d)$, $k$ rows edited so far",
    needed="edits written by the first fit, masks independent of the noise, Gaussian design",
    expected="holds: any number of edits is one edit of the rows edited so far",
)
def frozen_edits_error(
    *,
    dim: int,
    samples: int,
    noise_std: float = 1.0,
    rows_edited_so_far: Sequence[int | float],
    pairs_edited_so_far: Sequence[int | float] | None = None,
    generation: int,
) -> float:
    """Mean test error of fit `generation` when the first fit writes every edit.

    Without pairs the numbers of rows are not random. See `frozen_error`.

    >>> frozen_edits_error(dim=1, samples=3, rows_edited_so_far=[0, 1, 3], generation=3)
    2.0
    """
    return frozen_error(
        dim=dim,
        samples=samples,
        noise_std=noise_std,
        **_so_far(rows_edited_so_far, pairs_edited_so_far, generation),
    )


@claim(
    "ref.edit_external",
    f"{_OWN}, Theorem F, corollary",
    relation="==",
    says=r"$E = b + c^2 E[p_2^2 + p_1 p_2 u]$, $p_2 = k / T$, for a prior of error $c^2$",
    needed="one prior, independent of the data, writes all edits; isotropic Gaussian design",
    expected="holds: a better prior helps, a worse one costs once, and neither compounds",
)
def external_edits_error(
    *,
    dim: int,
    samples: int,
    noise_std: float = 1.0,
    prior_error: int | float,
    rows_edited_so_far: Sequence[int | float],
    pairs_edited_so_far: Sequence[int | float] | None = None,
    generation: int,
) -> float:
    """Mean test error of fit `generation` when one given model of `prior_error` writes every edit.

    See `external_error`.

    >>> external_edits_error(
    ...     dim=1, samples=4, prior_error=0.25, rows_edited_so_far=[0, 4], generation=2)
    0.75
    """
    return external_error(
        dim=dim,
        samples=samples,
        noise_std=noise_std,
        prior_error=prior_error,
        **_so_far(rows_edited_so_far, pairs_edited_so_far, generation),
    )


@claim(
    "ref.edit_frozen_confident",
    f"{_OWN}, Theorem G",
    relation="->",
    says=r"$v_{n+1} = 1 + a - a^2 + \pi [(1 - \pi^{n-1}) s^2 + \pi^{n-1}]$",
    needed="the first fit writes the rows it is sure of, again and again, T >> d",
    expected="holds to leading order; the limit passes 2 where 50.1 % of the rows are sure",
    order="leading",
)
def frozen_confident_inflation(*, residual_threshold: float, generation: int) -> float:
    r"""Inflation of w_n when every edit redraws the rows with a small residual under the first fit.

    Row i is edited while $|\tilde y_i - x_i^\top \hat w_1| \le c \sigma$:
    $v_{n+1} = 1 + a - a^2 + \pi [(1 - \pi^{n-1}) s^2 + \pi^{n-1}]$ with
    $s^2 = E[Z^2 \mid |Z| > c]$. Source: docs/theory.md, Theorem G (leading order in d / T).

    >>> frozen_confident_inflation(residual_threshold=0.5, generation=1)
    1.0
    """
    require_count("generation", generation, least=1)
    if generation == 1:
        return 1.0
    share = share_edited(residual_threshold=residual_threshold)
    still = share ** (generation - 2)
    excess = stationary_residual_variance(residual_threshold=residual_threshold) - 1
    return (
        confidence_one_inflation(residual_threshold=residual_threshold)
        + share * (1 - still) * excess
    )


def frozen_confident_limit(*, residual_threshold: float) -> float:
    r"""Limit over generations of `frozen_confident_inflation`: $1 + a - a^2 + \pi s^2$.

    >>> frozen_confident_limit(residual_threshold=0.0)
    1.0
    """
    excess = stationary_residual_variance(residual_threshold=residual_threshold) - 1
    return (
        confidence_one_inflation(residual_threshold=residual_threshold)
        + share_edited(residual_threshold=residual_threshold) * excess
    )


def frozen_confident_crossing() -> tuple[float, float]:
    r"""Threshold at which that limit is 2, and the share of rows edited at first.

    A frozen prior that is sure of at most half of the rows keeps the published bound for ever,
    although its masks look at the noise; one that is sure of more does not.

    >>> residual_threshold, share = frozen_confident_crossing()
    >>> round(residual_threshold, 4), round(share, 4)
    (0.6767, 0.5014)
    """
    found = scipy.optimize.root_scalar(
        lambda c: frozen_confident_limit(residual_threshold=c) - 2,
        bracket=(0.4, 1.0),
        method="brentq",
    )
    return found.root, share_edited(residual_threshold=found.root)


def _so_far(
    rows: Sequence[int | float], pairs: Sequence[int | float] | None, generation: int
) -> dict[str, int | float]:
    require_count("generation", generation, least=1, most=len(rows))
    here = {"edited_rows": rows[generation - 1]}
    if pairs is not None:
        if len(pairs) != len(rows):
            raise ValueError(f"pairs_edited_so_far={list(pairs)}: accepted are {len(rows)} numbers")
        here["edited_pairs"] = pairs[generation - 1]
    return here


def _rows_and_pairs(
    samples: int, edited_rows: int | float, edited_pairs: int | float | None
) -> tuple[float, float]:
    """Raises ValueError for numbers of rows and of pairs that no random set of rows has."""
    require_count("samples", samples, least=2)
    if not 0 <= edited_rows <= samples:
        raise ValueError(f"edited_rows={edited_rows}: accepted is [0, {samples}]")
    least = edited_rows * (edited_rows - 1)
    if edited_pairs is None:
        return float(edited_rows), float(least)
    most = edited_rows * (samples - 1)
    if not least - 1e-9 * samples**2 <= edited_pairs <= most * (1 + 1e-12):
        raise ValueError(f"edited_pairs={edited_pairs}: accepted is [{max(least, 0)}, {most}]")
    return float(edited_rows), float(edited_pairs)
