"""Measurements of a finished run, per file and in all, with intervals."""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from collapse_sim.corpus.corpus_run import CorpusRun, merged_sums, summed
from collapse_sim.corpus.one_shard import Places, sha256
from collapse_sim.corpus.records import ReadOptions, limited
from collapse_sim.corpus.shards import Shard, find_shards
from collapse_sim.corpus.sums import Estimate, Sums, student
from collapse_sim.corpus.work import DECILES
from collapse_sim.json_text import parse_json
from collapse_sim.language.measures import concentration
from collapse_sim.run_directory import RunDirectory
from collapse_sim.text.ngrams import ngram_counts

GROUPS = 20
"""Parts of the documents that the jackknife leaves out one after the other."""
AT_ONCE = 512
BUCKETS = 10_000
TOP = 0.01
"""Share of the n-grams whose mass is their concentration."""

RATIOS = {
    "eligible": ("eligible", "tokens"),
    "changed": ("changed", "tokens"),
    "expected_changed": ("expected_changed", "tokens"),
    "changed_of_eligible": ("changed", "eligible"),
    "dropped": ("dropped", "tokens"),
}
"""Shares that are reported, as a sum over another."""


def shares(sums: Sums, *, chained: bool) -> dict[str, list[float]]:
    """All shares and perplexities with their intervals.

    Several `chained` passes may change a token several times, and what is eligible is of the first:
    then changes are no share of either.
    """
    parts = RATIOS | {name: (name, "tokens") for name in DECILES}
    found = {name: sums.share(*of) for name, of in parts.items()}
    if chained:
        found["changed"] = sums.ratio(*RATIOS["changed"])
        del found["changed_of_eligible"]
    found["perplexity"] = sums.perplexity("log_probability", "tokens")
    if np.isfinite(sums.total("log_probability_after")):
        found["perplexity_after"] = sums.perplexity("log_probability_after", "tokens_after")
    return {name: list(estimate) for name, estimate in found.items()}


def measured(corpus: CorpusRun) -> dict[str, Any]:
    """The report of a run: `all`, and `files` by name, of those that are finished."""
    config, records = RunDirectory(corpus.path).config(), corpus.records()
    parameters = config["parameters"]
    chained = parameters["passes"] > 1 and not parameters["anchored"]
    counts: dict[str, np.ndarray] = {}
    shards = _sources(config)
    for record in records:
        shard = shards.get(record["name"])
        if shard is not None and sha256(shard.file.path) == record["input"]["sha256"]:
            counts[record["name"]] = _grams(corpus.path, shard, config)
    files = {
        record["name"]: _one([record], counts.get(record["name"]), chained=chained)
        for record in records
    }
    total = np.sum(list(counts.values()), axis=0) if len(counts) == len(records) else None
    return {
        "all": _one(records, total, chained=chained),
        "files": files,
        "unfinished": len(corpus.names()) - len(records),
    }


def _one(
    records: list[dict[str, Any]], counts: np.ndarray | None, *, chained: bool
) -> dict[str, Any]:
    found = {"counts": summed(records), "shares": shares(merged_sums(records), chained=chained)}
    if counts is not None and counts.any(axis=(1, 2)).all():
        before, after, difference = concentrations(counts)
        found["shares"] |= {
            "concentration": list(before),
            "concentration_after": list(after),
            "concentration_gained": list(difference),
        }
    return found


def concentrations(counts: np.ndarray) -> tuple[Estimate, Estimate, Estimate]:
    """Share of all n-grams that the commonest are, before, after and gained.

    `counts` are of (before or after, group of documents, bucket); intervals by the jackknife over
    groups (Efron and Stein 1981).
    """

    def of(part: np.ndarray) -> np.ndarray:
        before, after = (concentration(np.asarray(text), TOP) for text in part)
        return np.array([before, after, after - before])

    whole = counts.sum(axis=1)
    value = of(whole)
    filled = [group for group in range(counts.shape[1]) if counts[:, group].any(axis=1).all()]
    if len(filled) < 2:
        return tuple(Estimate(float(v), -np.inf, np.inf) for v in value)  # type: ignore[return-value]
    without = np.array([of(whole - counts[:, group]) for group in filled])
    n = len(filled)
    reach = student(n) * np.sqrt((n - 1) / n * ((without - without.mean(axis=0)) ** 2).sum(axis=0))
    return tuple(
        Estimate(float(v), float(v - r), float(v + r)) for v, r in zip(value, reach, strict=True)
    )  # type: ignore[return-value]


def _sources(config: Mapping[str, Any]) -> dict[str, Shard]:
    """The input files by name, if they are still where they were."""
    try:
        return {shard.name: shard for shard in find_shards(config["sources"])}
    except ValueError:
        return {}


def _grams(out: Path, shard: Shard, config: Mapping[str, Any]) -> np.ndarray:
    """Counts of word pairs, hashed, of (before or after, group of documents, bucket)."""
    parameters, places = config["parameters"], Places(out, shard.name)
    names = ("text_field", "id_field", "unit", "limit")
    options = ReadOptions(**{name: parameters[name] for name in names})
    lines = places.rejected.read_text().splitlines()
    rejected = {parse_json(line)["row"] for line in lines}
    before = (
        row.text or ""
        for row in limited(shard.format(options).rows(), options.limit)
        if row.is_row and row.number not in rejected
    )
    written = replace(shard, file=replace(shard.file, path=places.data, place=str(places.data)))
    rows = written.format(replace(options, limit=None)).rows()
    after = (row.text or "" for row in rows if row.is_row)
    count = CorpusRun(out).record(shard.name)["written"]
    return np.stack([_grouped(before, count), _grouped(after, count)])


def _grouped(texts: Iterator[str], documents: int) -> np.ndarray:
    """Groups of neighbours: documents side by side are often alike."""
    groups = np.zeros((GROUPS, BUCKETS), np.int64)
    size = max(-(-documents // GROUPS), 1)
    for group in range(GROUPS):
        part = itertools.islice(texts, size)
        while some := list(itertools.islice(part, AT_ONCE)):
            groups[group] += ngram_counts(some, (2,), BUCKETS).sum(axis=0)
    return groups
