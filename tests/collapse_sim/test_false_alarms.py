"""A thousand claims judged at every look, as a run does: how often a verdict is wrong, and right.

Each column of one array is a claim of its own, whose measure has the mean 1. False-alarm rate of
each test here: 1e-6.
"""

from collections import Counter
from dataclasses import fields

import numpy as np
import pytest
from scipy import stats

from collapse_sim.certify import Evidence
from collapse_sim.intervals import radius
from collapse_sim.moments import Moments
from collapse_sim.replicates import Summary, looks
from theory.power import refuted_by

pytestmark = pytest.mark.usefixtures("unchecked")  # most of the time would be the checker's

FAILURE_RATE = 1e-6
CLAIMS, REPLICATES, ERROR, TOLERANCE = 1000, 2**13, 0.01, 0.05

COUNTS = tuple(looks(REPLICATES, 1024))
FEW = 200
"""Claims of the tests that ask less of their number."""

SPREADS = {"skewed": 2**0.5, "rare": 2.0}
LAWS = {
    "skewed": lambda rng, size: rng.standard_gamma(0.5, size, np.float32) * 2,
    "rare": lambda rng, size: (rng.random(size, np.float32) < 0.2).astype(np.float32) * 5,
}


@pytest.fixture(scope="module", params=list(LAWS))
def summaries(request) -> list[list[Summary]]:
    """What a run knows of each claim at each of its looks."""
    rng = np.random.default_rng(list(LAWS).index(request.param))
    values = LAWS[request.param](rng, (REPLICATES, CLAIMS))
    counts = [0, *COUNTS]
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


def too_many(wrong: int, claims: int = CLAIMS) -> bool:
    """Whether an exact binomial test excludes a chance of at most ERROR."""
    test = stats.binomtest(wrong, claims, ERROR, alternative="greater")
    return bool(test.pvalue < FAILURE_RATE)


def test_the_count_that_is_too_many_is_a_small_one():
    assert not too_many(CLAIMS // 100) and too_many(CLAIMS // 25)


@pytest.mark.parametrize(("relation", "claims"), [("==", CLAIMS), ("<=", FEW)])
def test_true_claims_are_rejected_no_oftener_than_stated(summaries, relation, claims):
    """Bounds are attained: the hardest case."""
    assert not too_many(verdicts(summaries[:claims], relation, 1.0)["violated"], claims)


@pytest.mark.parametrize(("relation", "predicted"), [("==", 1.2), ("<=", 0.9)])
def test_false_claims_hold_no_oftener_than_stated_and_many_are_rejected(
    summaries, relation, predicted
):
    found = verdicts(summaries[:FEW], relation, predicted)
    assert not too_many(found["holds"], FEW)
    assert found["violated"] > FEW / 10


def test_false_claims_are_refuted_as_often_as_predicted(request, summaries):
    """By the normal law of means; a prediction for another deviation is refused."""
    spread = SPREADS[request.node.callspec.params["summaries"]]

    def is_refused(deviation: float, refuted: int) -> bool:
        power = refuted_by(
            deviation=deviation,
            tolerance=TOLERANCE,
            spread=spread,
            counts=COUNTS,
            reaches=[radius(count, ERROR) for count in COUNTS],
        )
        return bool(stats.binomtest(refuted, 2 * FEW, power[-1]).pvalue < FAILURE_RATE)

    refuted = verdicts(summaries[: 2 * FEW], "==", 1.13)["violated"]
    assert not is_refused(0.13, refuted)
    assert is_refused(0.10, refuted) and is_refused(0.17, refuted)
