"""Coverage: the share of one text's range of perplexities, or densities, that another reaches.

Tail quantiles are `collapse_sim.language.measures.quantiles`.
"""

import numpy as np
from jaxtyping import Float, Float64

from collapse_sim.language.measures import quantiles


def coverage(
    values: Float[np.ndarray, " documents"],
    reference: Float[np.ndarray, " others"],
    low: float = 0.01,
    high: float = 0.99,
) -> float:
    """Share of the values between the quantiles `low` and `high` of the reference, in [0, 1].

    Near high - low for two samples of one law. `coverage(human, synthetic)` is how much of the
    human range the synthetic text reaches. Raises ValueError for values that are not finite, for
    none, and unless 0 <= low < high <= 1.
    """
    if not 0 <= low < high <= 1:
        raise ValueError(f"low={low}, high={high}: accepted are 0 <= low < high <= 1")
    quantiles(values)  # refuses what is not finite
    least, most = quantiles(reference, (low, high))
    return float(np.mean((least <= values) & (values <= most)))


def log_histograms(
    *samples: Float[np.ndarray, " _"], bins: int = 50
) -> tuple[Float64[np.ndarray, " edges"], Float64[np.ndarray, "samples bins"]]:
    """Share of each sample in bins that all share: equal on a log axis from least to largest.

    Returns bins + 1 edges, and a row of shares for each sample, which sums to 1. Raises ValueError
    for values that are not finite and positive, for none, and for bins < 1.
    """
    if bins < 1:
        raise ValueError(f"bins={bins}: accepted are integers >= 1")
    if not samples:
        raise ValueError("samples=(): accepted is at least one")
    extremes = np.array([quantiles(sample, (0.0, 1.0)) for sample in samples])
    least, most = extremes.min(), extremes.max()
    if least <= 0:
        raise ValueError(f"value {least}: accepted are numbers > 0")
    # Rounding must leave no value outside, nor edges out of order where all values are equal.
    edges = np.clip(np.geomspace(least, most, bins + 1), least, most)
    return edges, np.array([np.histogram(sample, edges)[0] / len(sample) for sample in samples])
