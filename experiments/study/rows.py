"""What every arm of a study leaves in chains.parquet: means over seeds, and their ranges."""

from collections.abc import Iterator
from typing import NamedTuple

import numpy as np

from experiments.study.intervals import bootstrap_interval
from experiments.study.study import Study, Values, held_out_documents
from experiments.trends import seed_range

COLUMNS = ("arm", "measure", "seeds", "mean", "standard_error", "low", "high")


class Estimate(NamedTuple):
    """A mean over seeds, its standard error, and the smallest and largest seed; of a perplexity
    the bootstrap's interval."""

    mean: float
    standard_error: float
    low: float
    high: float

    @staticmethod
    def of(values: np.ndarray) -> "Estimate":
        """From one value for each seed."""
        error = values.std(ddof=1) / np.sqrt(len(values))
        return Estimate(float(values.mean()), float(error), *seed_range(values))


Estimates = dict[str, Estimate]
"""By measure."""


def estimates(study: Study, values: Values) -> Estimates:
    """Perplexities by domain and over all, with intervals over documents and seeds; and the rest.

    A perplexity is exp of the mean loss of all seeds and documents.
    """
    texts = study.texts.held_out
    found: Estimates = {}
    parts = {domain: text.documents for domain, text in texts.items()}
    scores = {domain: values[f"scores/{domain}"] for domain in texts}
    every = np.concatenate(list(scores.values()), axis=1)
    for name, losses, documents in (
        *((f"perplexity/{domain}", scores[domain], parts[domain]) for domain in texts),
        ("perplexity", every, held_out_documents(texts)),
    ):
        seeds = np.exp(losses.mean(axis=1))
        low, high = np.exp(bootstrap_interval(losses, documents, study.settings.seed))
        error = seeds.std(ddof=1) / np.sqrt(len(seeds))
        found[name] = Estimate(float(np.exp(losses.mean())), float(error), low, high)
    plain = {name: value for name, value in values.items() if not name.startswith("scores/")}
    return found | {name: Estimate.of(value) for name, value in plain.items()}


def chain_rows(arms: dict[str, Estimates], seeds: int) -> Iterator[tuple]:
    """One row for each arm and measure, in the order of COLUMNS."""
    for arm, measures in arms.items():
        for measure, estimate in measures.items():
            yield (arm, measure, seeds, *estimate)
