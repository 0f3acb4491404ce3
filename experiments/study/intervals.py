"""Intervals over documents, and over seeds as well, by the bootstrap."""

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float, Int
from scipy import stats

LEVEL = 0.95
RESAMPLES = 1000


def bootstrap_interval(
    losses: np.ndarray, documents: np.ndarray, seed: int = 0
) -> tuple[float, float]:
    """About 95 % interval of the mean loss, in nats, from (seeds, blocks) and blocks' documents.

    Seeds and documents are both drawn anew (Owen and Eckles 2012, "Bootstrapping data arrays of
    arbitrary order", with products of multiplicities), blocks only with their document. A single
    document is always there. The level is that of many seeds and documents: no verdict rests on it.
    """
    _, index, sizes = np.unique(documents, return_inverse=True, return_counts=True)
    totals = np.zeros((len(losses), len(sizes)))
    np.add.at(totals.T, index, losses.T)

    def mean(rows: np.ndarray, columns: np.ndarray | slice = slice(None)) -> float:
        return totals[rows][:, columns].sum() / (len(rows) * sizes[columns].sum())

    drawn = [np.arange(len(losses))] + [np.arange(len(sizes))] * (len(sizes) > 1)
    return _percentiles(drawn, mean, np.random.default_rng(seed))


def document_interval(
    statistic: Callable[..., float],
    texts: Sequence[Float[np.ndarray, " _"]],
    documents: Sequence[Int[np.ndarray, " _"]],
    random: np.random.Generator,
) -> tuple[float, float]:
    """About 95 % interval of a statistic of texts, from values by block and their documents.

    The documents of every text are drawn anew, blocks only with their document: the bootstrap of
    clusters (Davison and Hinkley 1997, "Bootstrap Methods and their Application", section 3.8).
    The document of a block is the one in which it begins, so that two are still taken for
    independent where a block goes on in the second. Nothing tells how far a text of a single
    document varies; it is drawn anew block by block.
    """
    parts = [_by_document(*pair) for pair in zip(texts, documents, strict=True)]

    def resampled(*drawn: np.ndarray) -> float:
        chosen = zip(parts, drawn, strict=True)
        return statistic(*(np.concatenate([part[i] for i in rows]) for part, rows in chosen))

    return _percentiles([np.arange(len(part)) for part in parts], resampled, random)


def _by_document(values: np.ndarray, documents: np.ndarray) -> list[np.ndarray]:
    """The values of every document or, of a single one, of every block."""
    order = np.argsort(documents, kind="stable")
    _, starts = np.unique(documents[order], return_index=True)
    return np.split(values[order], starts[1:] if len(starts) > 1 else len(values))


def _percentiles(
    drawn: Sequence[np.ndarray], statistic: Callable[..., float], random: np.random.Generator
) -> tuple[float, float]:
    found = stats.bootstrap(
        drawn,
        statistic,
        vectorized=False,
        confidence_level=LEVEL,
        n_resamples=RESAMPLES,
        method="percentile",
        rng=random,
    )
    return float(found.confidence_interval.low), float(found.confidence_interval.high)
