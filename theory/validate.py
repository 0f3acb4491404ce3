"""Checks of arguments: each raises ValueError with the argument, its value and the accepted
ones."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike


def require_rows(dim: int, samples: int, *, extra: int, what: str = "the mean test error") -> None:
    """Require samples >= dim + extra, where `what` is finite (inverse-Wishart moments)."""
    if dim < 1:
        raise ValueError(f"dim={dim}: accepted are integers >= 1")
    if samples < dim + extra:
        raise ValueError(
            f"samples={samples}: {what} is finite only for samples >= dim + {extra} = {dim + extra}"
        )


def require_fraction(name: str, value: float, *, open_interval: bool = False) -> None:
    """A share of rows, in [0, 1], or in (0, 1) when `open_interval`."""
    inside = 0 < value < 1 if open_interval else 0 <= value <= 1
    if not inside:
        raise ValueError(f"{name}={value}: accepted is {'(0, 1)' if open_interval else '[0, 1]'}")


def require_count(name: str, value: int, *, least: int, most: int | None = None) -> None:
    """An integer in [least, most]."""
    if value != int(value) or value < least or (most is not None and value > most):
        upper = "" if most is None else f" and <= {most}"
        raise ValueError(f"{name}={value}: accepted are integers >= {least}{upper}")


def require_positive(name: str, value: int | float, *, zero: bool = False) -> None:
    """A finite number above zero (or from zero, when `zero`)."""
    if not math.isfinite(value) or value < 0 or (value == 0 and not zero):
        raise ValueError(f"{name}={value}: accepted are finite numbers {'>= 0' if zero else '> 0'}")


def require_design(design: np.ndarray) -> None:
    """A finite samples x dim array of full column rank."""
    if design.ndim != 2 or design.shape[1] < 1:
        raise ValueError(f"design has shape {design.shape}: accepted is (samples, dim), dim >= 1")
    if not np.isfinite(design).all():
        raise ValueError("design holds nan or infinity: accepted are finite numbers")
    rank, dim = np.linalg.matrix_rank(design), design.shape[1]
    if rank < dim:
        raise ValueError(f"design has rank {rank}: accepted is full column rank, dim = {dim}")


def require_masks(masks: np.ndarray, *, samples: int) -> None:
    """Masks of 0/1 (1 = edited): a row for each edit, a column for each of the `samples` rows."""
    if masks.ndim != 2 or masks.shape[1] != samples:
        raise ValueError(
            f"masks has shape {masks.shape}: accepted is (edits, samples) with samples={samples}"
        )
    if not np.isin(masks, (0, 1)).all():
        raise ValueError("masks holds values other than 0 and 1: 1 is edited, 0 is kept")


def require_scales(**scales: float) -> None:
    """Finite numbers from zero, each under the name of its argument."""
    for name, value in scales.items():
        require_positive(name, value, zero=True)


def require_fractions(fractions: ArrayLike | Sequence[float]) -> np.ndarray:
    """A vector of shares of rows in float64."""
    fractions = np.asarray(fractions, dtype=float)
    if fractions.ndim != 1 or not ((fractions >= 0) & (fractions <= 1)).all():
        raise ValueError(f"fractions={fractions.tolist()}: accepted is a list of numbers in [0, 1]")
    return fractions


def require_overlaps(name: str, value: ArrayLike, *, axes: int) -> np.ndarray:
    """Square matrices in float64: (..., dim, dim), or (..., edits, dim, dim) for 3 axes."""
    value = np.asarray(value, dtype=float)
    if value.ndim < axes or value.shape[-1] != value.shape[-2]:
        wanted = "(..., dim, dim)" if axes == 2 else "(..., edits, dim, dim)"
        raise ValueError(f"{name} has shape {value.shape}: accepted is {wanted}")
    return value
