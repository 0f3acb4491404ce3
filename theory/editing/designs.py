r"""Closed forms that still depend on the design: a test error for each draw of it.

A run holds their means over draws against what it simulates; on a given design they are exact.
`frames` are orthonormal columns of designs, (designs, T, d), `overlaps` are $Q^\top M_i Q$ of their
masks; neither errors nor masks that are blind to the labels see other coordinates. `inclusion` and
`pair_inclusion` are the chances that a row, and a pair of rows, is edited, edit by edit.
"""

from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from theory.claims import claim
from theory.editing import corrected, covariance, repeated
from theory.linear.wishart import base_error
from theory.validate import require_count

_OWN = "docs/theory.md"

Variant = Literal["chained", "anchored", "additive", "frozen"]


@claim(
    "ref.edit_B",
    f"{_OWN}, Theorem B",
    relation="==",
    says=r"$\mathrm{Cov}(u_{n+1}) / \sigma^2 = \Phi + \Phi^\top - I "
    r"- \sum_j \Psi_j C_j^2 \Psi_j^\top$",
    needed="disjoint masks independent of the noise, any full-rank design",
    expected="holds",
)
def disjoint_errors(
    *, overlaps: ArrayLike, dim: int, samples: int, noise_std: float = 1.0, generation: int
) -> np.ndarray:
    """Mean test errors of fit `generation` when no row is edited twice, a value for each design.

    Overlaps (designs, edits, d, d), of which the first generation - 1 count. See
    `corrected.disjoint_covariances`.

    >>> disjoint_errors(overlaps=[[[[0.5]], [[0.5]]]], dim=1, samples=3, generation=3).tolist()
    [2.6875]
    """
    overlaps = np.asarray(overlaps, dtype=float)
    require_count("generation", generation, least=1, most=overlaps.shape[-3] + 1)
    found = corrected.disjoint_covariances(overlaps=overlaps[..., : generation - 1, :, :])
    inflations = np.trace(found[..., -1, :, :], axis1=-2, axis2=-1) / dim
    return base_error(dim=dim, samples=samples, noise_std=noise_std) * inflations


@claim(
    "ref.edit_C_finite",
    f"{_OWN}, Theorem C",
    relation="==",
    says=r"$\mathrm{Cov}(u_n) / \sigma^2 = \sum_{k<n} C^k (I - C) \sum_{k<n} C^k "
    r"+ \sum_{k<n} C^{2k+1}$",
    needed="the same mask in every generation, independent of the noise, any full-rank design",
    expected="holds",
)
def fixed_errors(
    *, overlap: ArrayLike, dim: int, samples: int, noise_std: float = 1.0, generation: int
) -> np.ndarray:
    """Mean test errors of fit `generation` when all edit the same rows, a value for each design.

    Overlap (designs, d, d). See `corrected.fixed_mask_covariance`.

    >>> fixed_errors(overlap=[[[1.0]]], dim=1, samples=3, generation=5).tolist()
    [5.0]
    """
    found = repeated.fixed_mask_covariance(overlap=overlap, generation=generation)
    inflations = np.trace(found, axis1=-2, axis2=-1) / dim
    return base_error(dim=dim, samples=samples, noise_std=noise_std) * inflations


@claim(
    "ref.edit_E_finite",
    f"{_OWN}, Exact recursion",
    relation="==",
    given={"variant": "anchored"},
    says="anchored edits of fresh random rows at finite T: the exact recursion, averaged over X",
    needed="kept rows are real, masks independent of the noise, Gaussian design",
    expected="holds",
)
@claim(
    "ref.edit_D_finite",
    f"{_OWN}, Exact recursion",
    relation="==",
    given={"variant": "chained"},
    says="edits of fresh random rows at finite T: the exact recursion, averaged over X",
    needed="masks independent of the noise, Gaussian design",
    expected="holds",
)
def random_errors(
    *,
    frames: ArrayLike,
    inclusion: ArrayLike,
    pair_inclusion: ArrayLike,
    dim: int,
    samples: int,
    noise_std: float = 1.0,
    variant: Variant = "chained",
    generation: int,
) -> np.ndarray:
    """Mean test errors of fit `generation` under fresh random masks, a value for each design.

    See `covariance.random_mask_errors`.

    >>> random_errors(
    ...     frames=[[[1.0], [0.0], [0.0]]], inclusion=[1.0], pair_inclusion=[1.0], dim=1,
    ...     samples=3, generation=2).round(12).tolist()
    [2.0]
    """
    errors = [
        covariance.random_mask_errors(
            design=frame,
            inclusion=np.asarray(inclusion)[: generation - 1],
            pair_inclusion=np.asarray(pair_inclusion)[: generation - 1],
            generations=generation,
            variant=variant,
        )[-1]
        for frame in np.asarray(frames, dtype=float)
    ]
    base = base_error(dim=dim, samples=samples, noise_std=noise_std)
    return np.array(errors) * base / dim


@claim(
    "ref.edit_recursion",
    f"{_OWN}, Exact recursion",
    relation="==",
    says=r"chained, $S' = (I - MQ) S (I - QM) + \sigma^2 M$ with $Q = I - P$; averaged over X",
    needed="any masks independent of the noise, Gaussian design",
    expected="holds",
)
def scheduled_errors(
    *,
    frames: ArrayLike,
    masks: ArrayLike,
    dim: int,
    samples: int,
    noise_std: float = 1.0,
    generation: int,
) -> np.ndarray:
    """Mean test errors of fit `generation` after edits of given rows, a value for each design.

    See `covariance.conditional_errors`.

    >>> scheduled_errors(
    ...     frames=[[[1.0], [0.0], [0.0]]], masks=[[1, 1, 1]], dim=1, samples=3, generation=2
    ... ).round(12).tolist()
    [2.0]
    """
    masks = np.asarray(masks)[: generation - 1]
    errors = [
        covariance.conditional_errors(design=frame, masks=masks)[-1]
        for frame in np.asarray(frames, dtype=float)
    ]
    base = base_error(dim=dim, samples=samples, noise_std=noise_std)
    return np.array(errors) * base / dim


@claim(
    "ref.edit_given",
    f"{_OWN}, Exact recursion",
    relation="==",
    says="edits on a given design: the exact recursion, conditional on X",
    needed="masks independent of the noise, any full-rank design",
    expected="holds",
)
def given_error(
    *,
    frame: ArrayLike,
    masks: ArrayLike | None = None,
    inclusion: ArrayLike | None = None,
    pair_inclusion: ArrayLike | None = None,
    noise_std: float = 1.0,
    start: ArrayLike | None = None,
    variant: Variant = "chained",
    generation: int,
) -> float:
    """Mean test error of fit `generation` on the rows of a given design, by a schedule or chances.

    Inputs are weighed by the design's own second moments, so the fit on human data errs by
    sigma^2 d/T. `start` is the noise of one set of real labels.

    >>> round(given_error(frame=[[0.6], [0.8]], masks=[[1, 1]], generation=2), 12)
    1.0
    """
    return float(
        given_errors(
            frame=frame,
            masks=masks,
            inclusion=inclusion,
            pair_inclusion=pair_inclusion,
            noise_std=noise_std,
            start=start,
            variant=variant,
            generations=generation,
        )[-1]
    )


def given_errors(
    *,
    frame: ArrayLike,
    masks: ArrayLike | None = None,
    inclusion: ArrayLike | None = None,
    pair_inclusion: ArrayLike | None = None,
    noise_std: float = 1.0,
    start: ArrayLike | None = None,
    variant: Variant = "chained",
    generations: int,
) -> np.ndarray:
    """Mean test errors of fits 1, ..., `generations` on a given design.

    >>> given_errors(frame=[[0.6], [0.8]], masks=[[1, 1]], generations=2).round(12).tolist()
    [0.5, 1.0]
    """
    frame = np.asarray(frame, dtype=float)
    rows, dim = frame.shape
    if masks is not None:
        return covariance.conditional_errors(
            design=frame,
            masks=np.asarray(masks)[: generations - 1],
            noise_std=noise_std,
            test_covariance=np.eye(dim) / rows,
            variant=variant,
            start=start,
        )
    assert inclusion is not None and pair_inclusion is not None and start is None
    return covariance.random_mask_errors(
        design=frame * np.sqrt(rows),
        inclusion=np.asarray(inclusion)[: generations - 1],
        pair_inclusion=np.asarray(pair_inclusion)[: generations - 1],
        generations=generations,
        noise_std=noise_std,
        variant=variant,
    )
