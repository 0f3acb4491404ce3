"""Intervals over documents and seeds at once, by the bootstrap."""

import numpy as np
from scipy import stats

LEVEL = 0.95
RESAMPLES = 1000


def bootstrap_interval(
    losses: np.ndarray, documents: np.ndarray, seed: int = 0
) -> tuple[float, float]:
    """95 % interval of the mean loss, in nats, from (seeds, blocks) and each block's document.

    Seeds and documents are both drawn anew (Owen and Eckles 2012, "Bootstrapping data arrays of
    arbitrary order", with products of multiplicities), blocks only with their document. A single
    document is always there.
    """
    _, index, sizes = np.unique(documents, return_inverse=True, return_counts=True)
    totals = np.zeros((len(losses), len(sizes)))
    np.add.at(totals.T, index, losses.T)

    def mean(rows: np.ndarray, columns: np.ndarray | slice = slice(None)) -> float:
        return totals[rows][:, columns].sum() / (len(rows) * sizes[columns].sum())

    drawn = [np.arange(len(losses))] + [np.arange(len(sizes))] * (len(sizes) > 1)
    found = stats.bootstrap(
        drawn, mean, vectorized=False,
        confidence_level=LEVEL, n_resamples=RESAMPLES, method="percentile",
        rng=np.random.default_rng(seed),
    )  # fmt: skip
    return float(found.confidence_interval.low), float(found.confidence_interval.high)
