"""Hundreds of claims judged at every look, as a run does: how often a verdict is wrong.

Each column of one array is a claim of its own, whose measure has the mean 1. False-alarm rate of
each test here: 1e-6.
"""

from collections import Counter
from dataclasses import fields

import numpy as np
import pytest
from scipy import stats

from collapse_sim.certify import Evidence
from collapse_sim.replicates import Moments, Summary, looks

FAILURE_RATE = 1e-6
CLAIMS, REPLICATES, ERROR, TOLERANCE = 200, 2**13, 0.05, 0.05

LAWS = {
    "skewed": lambda rng, size: rng.standard_gamma(0.5, size, np.float32) * 2,
    "rare": lambda rng, size: (rng.random(size, np.float32) < 0.2).astype(np.float32) * 5,
}


@pytest.fixture(scope="module", params=list(LAWS))
def summaries(request) -> list[list[Summary]]:
    """What a run knows of each claim at each of its looks."""
    rng = np.random.default_rng(list(LAWS).index(request.param))
    values = LAWS[request.param](rng, (REPLICATES, CLAIMS))
    counts = [0, *looks(REPLICATES, 256)]
    found, seen = [], Summary({}, ())
    for before, after in zip(counts[:-1], counts[1:], strict=True):
        seen = seen.add({"test_error": values[before:after]})
        found.append(seen.moments["test_error"])
    return [[alone(moments, claim) for moments in found] for claim in range(CLAIMS)]


def alone(moments: Moments, claim: int) -> Summary:
    """Summary of one column."""
    one = {field.name: getattr(moments, field.name)[claim, None] for field in fields(moments)[1:]}
    return Summary({"test_error": Moments(moments.count, **one)}, ())


def verdicts(summaries: list[list[Summary]], relation: str, predicted: float) -> Counter:
    """How many claims end how, each stopped once it is decided."""
    ends = Counter()
    evidence = Evidence(
        "mean", "by construction", relation, 1, (predicted, predicted), "test_error", TOLERANCE
    )
    for seen in summaries:
        outcomes = (evidence.judge(known, ERROR).verdict for known in seen)
        ends[next((found for found in outcomes if found != "undecided"), "undecided")] += 1
    return ends


def too_many(wrong: int) -> bool:
    """Whether an exact binomial test excludes a chance of at most ERROR."""
    test = stats.binomtest(wrong, CLAIMS, ERROR, alternative="greater")
    return bool(test.pvalue < FAILURE_RATE)


def test_the_count_that_is_too_many_is_a_small_one():
    assert not too_many(CLAIMS // 20) and too_many(CLAIMS // 5)


@pytest.mark.parametrize("relation", ["==", "<="])
def test_true_claims_are_rejected_no_oftener_than_stated(summaries, relation):
    """Bounds are attained: the hardest case."""
    assert not too_many(verdicts(summaries, relation, 1.0)["violated"])


@pytest.mark.parametrize(("relation", "predicted"), [("==", 1.2), ("<=", 0.9)])
def test_false_claims_hold_no_oftener_than_stated_and_many_are_rejected(
    summaries, relation, predicted
):
    found = verdicts(summaries, relation, predicted)
    assert not too_many(found["holds"])
    assert found["violated"] > CLAIMS / 10
