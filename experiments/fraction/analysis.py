"""Faults of synthetic text: it and human text side by side, measure by measure.

The measures of Zhu et al. 2025 (arXiv 2412.14689), section 3 and appendix, on as many documents
and tokens of either text. Of every pair of numbers or rows the first is human, the second
synthetic. A document is whatever is given as one, in a study a block of tokens.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from jaxtyping import Float, Float64, Int, Int64

from collapse_sim.language.measures import compression_ratio, concentration, distinct, quantiles
from collapse_sim.text.coverage import coverage, log_histograms
from collapse_sim.text.ngrams import Words, ngram_counts, top_ngrams
from experiments.fraction.similarity import densities_among_human, log_ratios, planar_maps
from experiments.study.intervals import document_interval

TEXTS = ("human", "synthetic")

LEAST = 4
"""Documents of either text."""

BUCKETS = 10_000
"""Of hashed words and pairs of words, as in figure 11 of the paper."""

RANKS = np.unique(np.geomspace(1, BUCKETS, 61).round().astype(int))
"""Of the fullest buckets, at which curves are kept."""

TOP = 0.01
"""Share of the buckets whose mass is the concentration."""

BIGRAMS = 40
"""Commonest pairs of words, as in figure 12 of the paper."""

BINS = 40


@dataclass(frozen=True)
class Interval:
    """An estimate and its 95 % interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Histograms:
    """Shares of both texts' documents in common bins, and quantiles at 1, 5, 25, ... 99 %."""

    edges: Float64[np.ndarray, " edges"]
    shares: Float64[np.ndarray, "2 bins"]
    quantiles: Float64[np.ndarray, "2 levels"]


@dataclass(frozen=True)
class Bigram:
    """Two words, how often they follow one another in one text, and how often in the other."""

    words: str
    count: int
    other: int


@dataclass(frozen=True, eq=False)
class Analysis:
    """Both texts by every measure; `to_json` is what analysis.json holds."""

    documents: int
    """Of either text."""

    tokens: int
    """Of either text."""

    perplexity: Histograms
    """Under the judge; bins are equal on a log axis."""

    coverage: dict[str, Interval]
    """Share of each text's documents between the other's quantiles of 1 and 99 %."""

    coverage_by_judge: Float64[np.ndarray, "judges 2"]
    """The same under each judge alone."""

    density: Histograms
    """As `densities_among_human`; bins as of perplexity."""

    importance: Histograms
    """log p_human - log p_synthetic of a document's words and pairs, in nats; equal bins."""

    measures: dict[str, Float64[np.ndarray, " 2"]]
    """Distinct token n-grams and compression; the mass in the fullest 1 % of the buckets of words
    and of pairs; the share of documents of a density below 2."""

    ranks: Int64[np.ndarray, " ranks"]
    curves: dict[str, Float64[np.ndarray, "2 ranks"]]
    """Share of the words (unigrams) and pairs (bigrams) in so many of the fullest buckets."""

    bigrams: dict[str, list[Bigram]]
    """The commonest of each text, beside their count in the other."""

    maps: dict[str, Float64[np.ndarray, "2 mapped 2"]]
    """Places of some documents in the plane; none without scikit-learn."""

    def to_json(self) -> dict[str, Any]:
        """Lists, dictionaries, strings and numbers."""
        return _plain(asdict(self))


def analyse(
    human: Sequence[str],
    synthetic: Sequence[str],
    human_perplexities: Float[np.ndarray, "*judges documents"],
    synthetic_perplexities: Float[np.ndarray, "*judges documents"],
    *,
    seed: int,
    tokens: tuple[Int[np.ndarray, "documents time"], Int[np.ndarray, "documents time"]],
    clusters: tuple[Int[np.ndarray, " documents"], Int[np.ndarray, " documents"]],
    vocabulary: int,
) -> Analysis:
    """Compare two texts of as many documents and tokens, given as text and as tokens.

    Perplexities are those of one judge or of several, whose geometric mean is shown. `seed` decides
    resamples, hashing planes and maps. `clusters` number what each document was cut from: intervals
    hold for clusters that are independent. Raises ValueError for sizes that differ, for fewer than
    4 documents, for texts without pairs of words, and as the measures do.
    """
    both = np.atleast_2d(human_perplexities), np.atleast_2d(synthetic_perplexities)
    _check_sizes(human, synthetic, both, tokens, clusters)
    judged = np.stack(both)
    perplexities = np.exp(np.log(judged).mean(axis=1))
    random = [np.random.default_rng((seed, stage)) for stage in range(3)]
    unigrams, bigrams = (
        [ngram_counts(text, (n,), BUCKETS) for text in (human, synthetic)] for n in (1, 2)
    )
    people, model = (one + two for one, two in zip(unigrams, bigrams, strict=True))
    totals = {
        name: [np.asarray(counts.sum(axis=0)) for counts in pair]
        for name, pair in (("unigram", unigrams), ("bigram", bigrams))
    }
    for name, counts in zip(TEXTS, totals["bigram"], strict=True):
        if not counts.any():
            raise ValueError(f"{name} text without a pair of words: accepted are texts with some")
    density = densities_among_human(people, model, random[0])
    return Analysis(
        documents=len(human),
        tokens=tokens[0].size,
        perplexity=_log_bins(perplexities),
        coverage={
            "human": _coverage(perplexities, clusters, random[1]),
            "synthetic": _coverage(perplexities[::-1], clusters[::-1], random[2]),
        },
        coverage_by_judge=np.array(
            [(coverage(*pair), coverage(*pair[::-1])) for pair in judged.transpose(1, 0, 2)]
        ),
        density=_log_bins(density),
        importance=_equal_bins(log_ratios(people, model)),
        measures=_measures(tokens, vocabulary, totals)
        | {"low_density": np.mean(density < 2, axis=1)},
        ranks=RANKS,
        curves={name: np.stack([_curve(t) for t in pair]) for name, pair in totals.items()},
        bigrams={"human": _bigrams(human, synthetic), "synthetic": _bigrams(synthetic, human)},
        maps=planar_maps(people, model, seed),
    )


def _measures(
    tokens: Sequence[np.ndarray], vocabulary: int, totals: Mapping[str, Sequence[np.ndarray]]
) -> dict[str, Float64[np.ndarray, " 2"]]:
    """Measures of the tokens, and of the words in all buckets."""
    return {
        **{f"distinct_{n}": np.array([distinct(t, n) for t in tokens]) for n in (1, 2, 3)},
        "compression_ratio": np.array([compression_ratio(t, vocabulary) for t in tokens]),
        **{
            f"{name}_concentration": np.array([concentration(total, TOP) for total in pair])
            for name, pair in totals.items()
        },
    }


def _check_sizes(
    human: Sequence[str],
    synthetic: Sequence[str],
    judged: tuple[np.ndarray, np.ndarray],
    tokens: tuple[np.ndarray, np.ndarray],
    clusters: tuple[np.ndarray, np.ndarray],
) -> None:
    documents, blocks = len(human), tokens[0].shape
    if documents < LEAST:
        raise ValueError(f"human documents={documents}: accepted are at least {LEAST}")
    sizes = {
        "synthetic documents": len(synthetic),
        "human perplexities": judged[0].shape[1],
        "human token blocks": len(tokens[0]),
        "human clusters": len(clusters[0]),
        "synthetic clusters": len(clusters[1]),
    }
    for name, size in sizes.items():
        if size != documents:
            raise ValueError(f"{name}={size}: accepted are {documents}, as human documents")
    shapes = {"tokens": (tokens[1], blocks), "perplexities": (judged[1], judged[0].shape)}
    for name, (array, accepted) in shapes.items():
        if array.shape != accepted:
            raise ValueError(f"synthetic {name} of shape {array.shape}: accepted is {accepted}")


def _log_bins(values: Float64[np.ndarray, "2 documents"]) -> Histograms:
    edges, shares = log_histograms(*values, bins=BINS)
    return Histograms(edges, shares, _quantiles(values))


def _equal_bins(values: Float64[np.ndarray, "2 documents"]) -> Histograms:
    edges = np.histogram_bin_edges(values, BINS)
    shares = np.stack([np.histogram(row, edges)[0] / len(row) for row in values])
    return Histograms(edges, shares, _quantiles(values))


def _quantiles(values: Float64[np.ndarray, "2 documents"]) -> Float64[np.ndarray, "2 levels"]:
    return np.stack([quantiles(row) for row in values])


def _coverage(
    values: Float64[np.ndarray, "2 documents"],
    clusters: Sequence[np.ndarray],
    random: np.random.Generator,
) -> Interval:
    low, high = document_interval(coverage, list(values), clusters, random)
    return Interval(coverage(*values), low, high)


def _curve(counts: Int[np.ndarray, " buckets"]) -> Float64[np.ndarray, " ranks"]:
    return np.cumsum(np.sort(counts)[::-1])[RANKS - 1] / counts.sum()


def _bigrams(own: Sequence[str], other: Sequence[str]) -> list[Bigram]:
    distinct_ones = len(np.unique(Words.of(own).ngrams(2)[0]))
    counts = dict(zip(*np.unique(Words.of(other).ngrams(2)[0], return_counts=True), strict=True))
    return [
        Bigram(words, count, int(counts.get(Words.of([words]).ngrams(2)[0][0], 0)))
        for words, count in top_ngrams(own, min(BIGRAMS, distinct_ones))
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _plain(item) for name, item in value.items()}
    if isinstance(value, list):
        return [_plain(item) for item in value]
    return value.tolist() if isinstance(value, np.ndarray) else value
