"""Power: how often a verdict refutes a formula that is off, by the normal approximation."""

from collections.abc import Sequence

import numpy as np
from scipy.special import ndtr

from theory.validate import require_positive

POINTS = 601
"""Of the means between which the integral over an undecided look is summed."""


def refuted_by(
    *,
    deviation: float,
    tolerance: float,
    spread: float,
    counts: Sequence[int],
    reaches: Sequence[float],
) -> np.ndarray:
    r"""Chance that an equality is refuted by each look, where the formula is $1 + \delta$ times the
    mean.

    At a look the interval reaches `reaches` standard deviations to both sides of the mean of
    `counts` replicates, whose standard deviation is `spread` times their mean. It refutes where it
    lies beyond the tolerance, a share of the formula, and confirms where it lies within; a claim is
    looked at until it does either. Means are taken as normal and the standard deviation as known,
    which is exact as counts grow. Raises ValueError for a spread that is not positive.

    A formula that is far off is refuted at the first look, and a right one never:

    >>> looks = {"tolerance": 0.01, "spread": 1.0, "counts": (10_000,), "reaches": (0.04,)}
    >>> [round(float(refuted_by(deviation=delta, **looks)[0]), 3) for delta in (1.0, 0.0)]
    [1.0, 0.0]
    """
    require_positive("spread", spread)
    centre, slack = deviation, tolerance * (1 + deviation)
    found, total, before = [], 0.0, None
    for count, reach in zip(counts, reaches, strict=True):
        outer, inner = slack + reach * spread, slack - reach * spread
        if before is None:
            means, weights, old = np.zeros(1), np.ones(1), 0
        else:
            means, weights, old = before
        middle, width = means * (old / count), spread * np.sqrt(count - old) / count
        below, above = centre - outer - middle, middle - centre - outer
        total += float(weights @ (ndtr(below / width) + ndtr(above / width)))
        found.append(total)
        step = 2 * outer / POINTS
        grid = centre - outer + step * (np.arange(POINTS) + 0.5)
        density = np.exp(-(((grid[:, None] - middle) / width) ** 2) / 2) @ weights
        density /= width * np.sqrt(2 * np.pi)
        undecided = np.abs(grid - centre) > inner
        before = grid, density * step * undecided, count
    return np.array(found)
