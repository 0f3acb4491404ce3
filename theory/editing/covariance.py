"""Mean test error of the edited process given the design: exact second-moment recursions.

X is the design (T x d), P its hat matrix, M_n the 0/1 mask of edit n, and R_n = Y_n - X w* the
noise that the labels of generation n carry. With X = Q R_c (thin QR) the fit errs by
R_c^-1 u_n, u_n = Q' R_n, so that second moments of R_n decide the test error. No averaging over
noise is left to do: for masks that do not look at the noise the recursions are exact.
"""

from collections.abc import Sequence
from typing import get_args

import numpy as np
import scipy
from numpy.typing import ArrayLike

from theory.editing.moments import (
    Variant,
    each_edit,
    edit_densely,
    edit_in_the_mean,
    unedited,
)
from theory.validate import require_count, require_design, require_masks, require_positive


def conditional_errors(
    *,
    design: ArrayLike,
    masks: ArrayLike,
    noise_std: float = 1.0,
    variant: Variant = "chained",
    test_covariance: ArrayLike | None = None,
    start: ArrayLike | None = None,
) -> np.ndarray:
    r"""Mean test errors of w_1, ..., w_n given the design, for n - 1 given masks.

    Chained, $S' = (I - MQ) S (I - QM) + \sigma^2 M$ with $Q = I - P$ and $S_1 = \sigma^2 I$; the
    error is $\mathrm{tr}(\Sigma X^\dagger S X^{\dagger\top})$. Anchored edits keep rows of the
    real labels, frozen ones are written by the first fit, additive ones only add noise to the
    edited rows. `start`, if given, is the noise
    vector of one set of real labels, and the mean is then over the later noises only.
    Rows of one mask history are compressed to at most d coordinates first, which is exact.
    Conditions: `design` of full column rank (T x d), `masks` (edits x T) drawn without looking
    at the noise. Source: docs/theory.md, "Exact recursion".

    >>> errors = conditional_errors(design=[[1.0], [1.0]], masks=[[1, 0], [0, 1]])
    >>> errors.round(12).tolist()
    [0.5, 0.875, 1.34375]
    """
    _require_variant(variant)
    design, masks = _checked(design, masks)
    first = _first_noise(start, samples=len(design))
    frame, weight = _whiten(design, test_covariance)
    frame, masks, first = _compress(frame, masks, first)
    first = _first_moment(first, len(frame), noise_std)
    steps = each_edit(frame, masks, first, noise_std, variant)
    return np.array([np.sum(weight * (frame.T @ moments.now @ frame)) for moments in steps])


def conditional_errors_dense(
    *,
    design: ArrayLike,
    masks: ArrayLike,
    noise_std: float = 1.0,
    variant: Variant = "chained",
    test_covariance: ArrayLike | None = None,
    start: ArrayLike | None = None,
) -> np.ndarray:
    r"""Errors as `conditional_errors` gives, by the plain T x T recursion: an oracle for tests,
    $O(T^3)$.

    Chained, $S' = (I - MQ) S (I - QM) + \sigma^2 M$ as printed there; anchored, with
    $K = E[R R_1^\top]$ and $B = I - M$, $S' = MPSPM + MPKB + BK^\top PM + BS_1B + \sigma^2 M$.

    >>> conditional_errors_dense(design=[[1.0], [1.0]], masks=[[1, 0], [0, 1]]).round(12).tolist()
    [0.5, 0.875, 1.34375]
    """
    _require_variant(variant)
    design, masks = _checked(design, masks)
    inverse = np.linalg.pinv(design)
    hat = design @ inverse
    covariance = np.eye(design.shape[1]) if test_covariance is None else np.asarray(test_covariance)
    first = _first_noise(start, len(design))
    moments = unedited(_first_moment(first, len(design), noise_std))
    errors = [np.trace(covariance @ inverse @ moments.now @ inverse.T)]
    for mask in masks:
        moments = edit_densely(hat, moments, mask, noise_std, variant)
        errors.append(np.trace(covariance @ inverse @ moments.now @ inverse.T))
    return np.array(errors)


def random_mask_errors(
    *,
    design: ArrayLike,
    inclusion: float | ArrayLike | Sequence[float],
    pair_inclusion: float | ArrayLike | Sequence[float],
    generations: int,
    noise_std: float = 1.0,
    variant: Variant = "chained",
) -> np.ndarray:
    r"""Mean test errors of w_1, ..., w_n given the design, averaged over random masks.

    Each mask is exchangeable over rows and independent of all else: a row is edited with
    probability $p_1$ (`inclusion`), a pair of rows with $p_2$ (`pair_inclusion`): $m^2$ for
    independent rows, $\frac{k (k - 1)}{T (T - 1)}$ for a uniform subset of k rows. Chained,
    off the diagonal
    $S'_{ij} = (1 - 2 p_1 + p_2) S_{ij} + (p_1 - p_2) [PS + SP]_{ij} + p_2 (PSP)_{ij}$, and on it
    $S'_{ii} = (1 - p_1) S_{ii} + p_1 (PSP)_{ii} + p_1 \sigma^2$. Both probabilities are one
    number, or one for each of the n - 1 edits. Source: docs/theory.md, "Exact recursion".

    >>> half = {"inclusion": 0.5, "pair_inclusion": 0.0}  # one of two rows, at random
    >>> errors = random_mask_errors(design=[[1.0], [1.0]], generations=2, **half)
    >>> errors.round(12).tolist()
    [0.5, 0.875]
    """
    _require_variant(variant)
    design = np.asarray(design, dtype=float)
    require_design(design)
    require_count("generations", generations, least=1)
    single = _per_edit("inclusion", inclusion, generations)
    pair = _per_edit("pair_inclusion", pair_inclusion, generations)
    _require_exchangeable(single, pair, samples=len(design))
    frame, weight = _whiten(design, None)
    moments = unedited(_first_moment(None, len(design), noise_std))
    errors = [np.sum(weight * (frame.T @ moments.now @ frame))]
    for p1, p2 in zip(single, pair, strict=True):
        moments = edit_in_the_mean(frame, moments, p1, p2, noise_std, variant)
        errors.append(np.sum(weight * (frame.T @ moments.now @ frame)))
    return np.array(errors)


def _whiten(design: np.ndarray, test_covariance: ArrayLike | None) -> tuple[np.ndarray, np.ndarray]:
    """Q of the thin QR X = Q R_c, and W = R_c'^-1 Sigma R_c^-1: the error is tr(W E[u u'])."""
    frame, root = np.linalg.qr(design)
    covariance = np.eye(len(root)) if test_covariance is None else np.asarray(test_covariance)
    if covariance.shape != root.shape:
        raise ValueError(
            f"test_covariance has shape {covariance.shape}: accepted is {root.shape}, dim x dim"
        )
    half = scipy.linalg.solve_triangular(root, covariance.T, trans=1)
    return frame, scipy.linalg.solve_triangular(root, half.T, trans=1)


def _compress(
    frame: np.ndarray, masks: np.ndarray, first: np.ndarray | None
) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
    """Rotate the rows of one mask history so that only the first d of them meet the frame.

    A rotation inside such a group changes neither the law of the noise nor the edit, and rows
    outside the frame never reach the fit: they are dropped.
    """
    _, group = np.unique(masks, axis=1, return_inverse=True)
    order = np.argsort(group.reshape(-1), kind="stable")
    bounds = np.flatnonzero(np.diff(group.reshape(-1)[order])) + 1
    blocks, columns, noises = [], [], []
    for rows in np.split(order, bounds):
        basis, block = _thin(frame[rows])
        blocks.append(block)
        columns.append(np.repeat(masks[:, rows[:1]], len(block), axis=1))
        if first is not None:
            noises.append(first[rows] if basis is None else basis.T @ first[rows])
    reduced = None if first is None else np.concatenate(noises)
    return np.concatenate(blocks), np.concatenate(columns, axis=1), reduced


def _thin(block: np.ndarray) -> tuple[np.ndarray | None, np.ndarray]:
    rows, dim = block.shape
    return np.linalg.qr(block) if rows > dim else (None, block)


def _checked(design: ArrayLike, masks: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    design, masks = np.asarray(design, dtype=float), np.asarray(masks, dtype=float)
    require_design(design)
    require_masks(masks, samples=len(design))
    return design, masks


def _require_variant(variant: Variant) -> None:
    if variant not in get_args(Variant):
        raise ValueError(f"variant={variant!r}: accepted are {get_args(Variant)}")


def _first_noise(start: ArrayLike | None, samples: int) -> np.ndarray | None:
    if start is None:
        return None
    noise = np.asarray(start, dtype=float)
    if noise.shape != (samples,) or not np.isfinite(noise).all():
        raise ValueError(f"start has shape {noise.shape}: accepted are {samples} finite numbers")
    return noise


def _first_moment(first: np.ndarray | None, samples: int, noise_std: float) -> np.ndarray:
    require_positive("noise_std", noise_std, zero=True)
    return noise_std**2 * np.eye(samples) if first is None else np.outer(first, first)


def _per_edit(
    name: str, value: float | ArrayLike | Sequence[float], generations: int
) -> np.ndarray:
    value = np.asarray(value, dtype=float)
    if value.shape not in ((), (generations - 1,)):
        raise ValueError(
            f"{name} has shape {value.shape}: accepted is one number or {generations - 1} of them"
        )
    return np.broadcast_to(value, (generations - 1,))


def _require_exchangeable(single: np.ndarray, pair: np.ndarray, *, samples: int) -> None:
    """The number of edited rows needs a mean square at least its squared mean."""
    square = samples * single + samples * (samples - 1) * pair
    possible = (single >= 0) & (pair <= single) & (single <= 1) & (1 - 2 * single + pair >= -1e-12)
    if not (possible & (square >= (samples * single) ** 2 - 1e-9)).all():
        raise ValueError(
            f"inclusion={single.tolist()} with pair_inclusion={pair.tolist()}: no exchangeable "
            f"mask over {samples} rows has these probabilities"
        )
