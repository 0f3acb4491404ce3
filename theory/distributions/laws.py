r"""Laws of types: vectors of probabilities, and their variety.

Heterozygosity $H = 1 - \sum p_i^2$ is the chance that two draws differ.
"""

import numpy as np
from numpy.typing import ArrayLike

_ROUNDING = 1e-9
"""Rounding error by which the sum of a law may miss 1."""


def heterozygosity(*, probabilities: ArrayLike) -> float:
    r"""Chance that two draws differ: $1 - \sum p_i^2$.

    >>> heterozygosity(probabilities=[0.5, 0.25, 0.25])
    0.625
    """
    # not 1 - sum p^2, which cancels where one type has nearly all
    return float(type_variances(probabilities).sum())


def require_law(name: str, values: ArrayLike) -> np.ndarray:
    """A vector of probabilities in float64; raises ValueError."""
    law = np.asarray(values, dtype=float)
    if law.ndim != 1 or not len(law):
        raise ValueError(f"{name} has shape {law.shape}: accepted is (types,)")
    if not (law >= 0).all():
        raise ValueError(f"{name} holds {law[~(law >= 0)][0]}: accepted are probabilities >= 0")
    if not abs(law.sum() - 1) <= _ROUNDING:
        raise ValueError(f"{name} sums to {law.sum()}: accepted is 1 within {_ROUNDING}")
    return law


def type_variances(probabilities: ArrayLike) -> np.ndarray:
    law = require_law("probabilities", probabilities)
    return law * np.clip(1 - law, 0, 1)
