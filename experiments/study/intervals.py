"""Intervals over documents, and over seeds as well."""

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float, Int
from scipy import stats

from collapse_sim.corpus.sums import Sums

LEVEL = 0.95
RESAMPLES = 1000


def loss_interval(losses: np.ndarray, documents: np.ndarray) -> tuple[float, float]:
    """95 % interval of the mean loss, in nats, from (seeds, blocks) and the blocks' documents.

    Over seeds and documents, both: the variances of the mean over either are added, and Student's
    quantile has the degrees of freedom of Satterthwaite (1946). What a seed makes of a document is
    counted twice: the interval is rather too wide. A document that is nearly all is always there.
    """
    _, index, sizes = np.unique(documents, return_inverse=True, return_counts=True)
    by_document = np.bincount(index, losses.mean(axis=0))
    measured = ({"loss": x, "blocks": n} for x, n in zip(by_document, sizes, strict=True))
    over_documents, weight = Sums.of(measured, ("loss", "blocks")).ratio_error("loss", "blocks")
    errors, freedoms = np.array([stats.sem(losses.mean(axis=1))]), np.array([len(losses) - 1])
    if np.isfinite(over_documents):
        errors, freedoms = np.append(errors, over_documents), np.append(freedoms, weight - 1)
    mean, error = losses.mean(), np.sqrt(np.sum(errors**2))
    if error == 0:
        return float(mean), float(mean)
    reach = error * stats.t.isf((1 - LEVEL) / 2, error**4 / np.sum(errors**4 / freedoms))
    return float(mean - reach), float(mean + reach)


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
        confidence_level=1 - 2 * _tail(min(map(len, drawn))),
        n_resamples=RESAMPLES,
        method="percentile",
        rng=random,
    )
    return float(found.confidence_interval.low), float(found.confidence_interval.high)


def _tail(fewest: int) -> float:
    """Share of the resamples beyond either end: expanded percentiles, as if all were so few.

    Resamples of n values vary by a factor sqrt((n - 1) / n) too little, and their quantiles are a
    normal law's, not Student's (Hesterberg 2015, "What Teachers Should Know About the Bootstrap").
    """
    students = stats.t.isf((1 - LEVEL) / 2, fewest - 1)
    return float(stats.norm.sf(np.sqrt(fewest / (fewest - 1)) * students))
