"""How fast text is hashed, weighed and compared, beside plain Python and scikit-learn.

    python tests/benchmarks/text_table.py [--megabytes 20]

The text is the language reference and the docstrings that come with Python, repeated, with a
number before each document. One run, alternating; medians over the rounds. All run on one core.
"""

import argparse
import re
import sys
import zlib
from collections import Counter
from functools import partial
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))
from collapse_sim.language.corpus import python_corpus
from collapse_sim.text.importance import log_importance_weights
from collapse_sim.text.neighbours import densities
from collapse_sim.text.ngrams import ngram_counts, top_ngrams
from tests.benchmarks.language_table import race

BUCKETS = 10_000
SHARE = 20
"""Plain Python handles one document in so many."""


def texts(characters: int) -> list[str]:
    """So many characters, or a document more."""
    domains = {"reference", "docstrings"}
    human = [document.text for document in python_corpus() if document.domain in domains]
    numbered = []
    while characters > 0:
        numbered.append(f"{len(numbered)} {human[len(numbered) % len(human)]}")
        characters -= len(numbered[-1])
    return numbered


def python_counts(documents: list[str]) -> list[Counter[int]]:
    """The same features in a loop over words."""
    found = []
    for document in documents:
        words = re.findall(r"\w+|[^\w\s]+", document.lower())
        phrases = words + [" ".join(pair) for pair in zip(words, words[1:], strict=False)]
        found.append(Counter(zlib.crc32(phrase.encode()) % BUCKETS for phrase in phrases))
    return found


def sklearn_counts(documents: list[str]) -> object:
    from sklearn.feature_extraction.text import HashingVectorizer

    return HashingVectorizer(
        token_pattern=r"\w+|[^\w\s]+",
        ngram_range=(1, 2),
        n_features=BUCKETS,
        norm=None,
        alternate_sign=False,
    ).transform(documents)


def main() -> None:
    parser = argparse.ArgumentParser(description="The speed of text analysis.")
    parser.add_argument("--megabytes", type=float, default=20.0)
    documents = texts(round(parser.parse_args().megabytes * 1e6))
    few = documents[::SHARE]
    counts = ngram_counts(documents)
    size, part = (sum(len(text.encode()) for text in sample) for sample in (documents, few))
    table = partial(densities, counts, repetitions=10)
    speeds = race(
        {
            "features": (lambda: ngram_counts(documents), size),
            "features, plain Python": (lambda: python_counts(few), part),
            "features, scikit-learn": (lambda: sklearn_counts(few), part),
            "top 40 bigrams": (lambda: top_ngrams(documents), size),
            "importance weights": (lambda: log_importance_weights(counts, counts), size),
            # A hundredth of the 1000 tables.
            "densities": (lambda: table(np.random.default_rng(0)), size // 100),
        }
    )
    print(f"{size / 1e6:.1f} MB, {len(documents):,} documents\n")
    print("| what | MB/s | per CPU second |\n| --- | --- | --- |")
    for name, speed in speeds.items():
        print(f"| {name} | {speed.wall / 1e6:.3g} | {speed.cpu / 1e6:.3g} |")


if __name__ == "__main__":
    main()
