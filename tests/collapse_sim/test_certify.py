"""Verdicts: every outcome, of an interval and of evidence."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from collapse_sim.certify import (
    ANYWHERE,
    SMALLEST_LOOK,
    Evidence,
    LawEvidence,
    decide,
    law_interval,
    mean_interval,
)
from collapse_sim.replicates import EMPTY, Moments, Summary


@pytest.mark.parametrize(
    ("relation", "interval", "predicted", "outcome"),
    [
        ("==", (0.99, 1.01), (1.0, 1.0), "holds"),  # inside the tolerance of 5 %
        ("==", (0.95, 1.05), (1.0, 1.0), "holds"),
        ("==", (0.94, 1.01), (1.0, 1.0), "undecided"),
        ("==", (0.99, 1.06), (1.0, 1.0), "undecided"),
        ("==", (1.06, 1.07), (1.0, 1.0), "violated"),
        ("==", (0.90, 0.94), (1.0, 1.0), "violated"),
        ("==", (3.85, 4.15), (4.0, 4.0), "holds"),  # a relative tolerance
        ("==", ANYWHERE, (1.0, 1.0), "undecided"),
        ("==", (-1.01, -0.99), (-1.0, -1.0), "holds"),
        ("==", (-1.07, -1.06), (-1.0, -1.0), "violated"),
        # a prediction known to an interval: every value of it must agree
        ("==", (0.99, 1.01), (0.97, 1.03), "holds"),
        ("==", (0.99, 1.01), (0.90, 1.10), "undecided"),
        ("==", (1.09, 1.10), (0.98, 1.02), "violated"),
        ("==", (1.05, 1.10), (0.98, 1.02), "undecided"),
        ("->", (0.99, 1.01), (1.0, 1.0), "holds"),
        ("->", (1.06, 1.07), (1.0, 1.0), "violated"),
        ("<=", (0.5, 0.6), (1.0, 1.0), "holds"),
        ("<=", (0.5, 1.0), (1.0, 1.0), "holds"),
        ("<=", (0.5, 1.01), (1.0, 1.0), "undecided"),  # no tolerance for a bound
        ("<=", (1.01, 1.02), (1.0, 1.0), "violated"),
        ("<=", ANYWHERE, (1.0, 1.0), "undecided"),
        ("<=", (0.5, 0.95), (0.9, 1.1), "undecided"),
        ("<=", (1.05, 1.2), (0.9, 1.1), "undecided"),
        ("<=", (1.15, 1.2), (0.9, 1.1), "violated"),
        ("<=", (0.5, 0.6), (math.inf, math.inf), "vacuous"),
        ("<=", (0.5, 0.6), (3.1, 3.1), "vacuous"),  # a trivial bound is 1.5, the factor 2
        ("<=", (0.5, 0.6), (2.9, 2.9), "holds"),
        ("<=", (3.2, 3.3), (3.1, 3.1), "violated"),  # even a useless bound can be wrong
        ("<=", ANYWHERE, (3.1, 3.1), "vacuous"),
        (">=", (1.1, 1.2), (1.0, 1.0), "holds"),
        (">=", (1.0, 1.2), (1.0, 1.0), "holds"),
        (">=", (0.9, 1.2), (1.0, 1.0), "undecided"),
        (">=", (0.8, 0.9), (1.0, 1.0), "violated"),
        (">=", ANYWHERE, (1.0, 1.0), "undecided"),
        (">=", (1.0, 1.05), (0.9, 1.1), "undecided"),
        (">=", (0.8, 0.95), (0.9, 1.1), "undecided"),
        (">=", (0.5, 0.6), (-math.inf, -math.inf), "vacuous"),
    ],
)
def test_every_relation_has_its_verdicts(relation, interval, predicted, outcome):
    found = decide(relation, interval, predicted, tolerance=0.05, trivial=1.5, factor=2.0)
    assert found == outcome


ENDS = st.floats(-2, 2, allow_subnormal=False)
INTERVALS = st.tuples(ENDS, ENDS).map(lambda ends: (min(ends), max(ends)))


@given(
    relation=st.sampled_from(["==", "<=", ">="]),
    interval=INTERVALS,
    predicted=ENDS,
    inner=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_a_verdict_once_reached_stays_as_the_interval_shrinks(relation, interval, predicted, inner):
    low, high = interval
    a, b = sorted(low + x * (high - low) for x in inner)
    narrower = (max(a, low), min(b, high))
    at = {"predicted": (predicted, predicted), "tolerance": 0.1}
    first, later = decide(relation, interval, **at), decide(relation, narrower, **at)
    assert first in (later, "undecided")


def summary(**measures: np.ndarray) -> Summary:
    return EMPTY.add(measures)


def evidence(relation: str, predicted: tuple[float, float], **options) -> Evidence:
    return Evidence(
        claim="the mean",
        source="by construction",
        relation=relation,
        generation=2,
        predicted=predicted,
        measure="test_error",
        tolerance=0.05,
        **options,
    )


@pytest.mark.parametrize(
    ("relation", "predicted", "options", "outcome"),
    [
        ("==", (1.0, 1.0), {}, "holds"),
        ("==", (1.2, 1.2), {}, "violated"),
        ("<=", (1.2, 1.2), {}, "holds"),
        ("<=", (1.2, 1.2), {"trivial": 0.5}, "vacuous"),
        ("<=", (0.8, 0.8), {}, "violated"),
        (">=", (0.8, 0.8), {}, "holds"),
        (">=", (0.9, 1.1), {}, "undecided"),
    ],
)
def test_evidence_is_judged_at_its_generation(relation, predicted, options, outcome):
    values = np.random.default_rng(5).chisquare(1, size=(200_000, 2)) * [100, 1]
    found = evidence(relation, predicted, parameters={"dim": 2}, note="n", **options)
    verdict = found.judge(summary(test_error=values, other=100 * values), error=1e-4)
    assert verdict.verdict == outcome
    assert verdict.observed == pytest.approx(values[:, 1].mean())
    assert verdict.interval == pytest.approx(list(mean_interval(Moments.of(values), 1, 1e-4)))
    assert verdict.predicted == pytest.approx(sum(predicted) / 2)
    assert verdict.confidence == pytest.approx(1 - 1e-4)
    assert (verdict.claim, verdict.source, verdict.relation, verdict.generation) == (
        "the mean",
        "by construction",
        relation,
        2,
    )
    assert (verdict.parameters, verdict.note) == ({"dim": 2}, "n")


def test_evidence_on_few_replicates_is_undecided():
    values = np.random.default_rng(6).normal(1, 0.01, size=(SMALLEST_LOOK - 1, 2))
    verdict = evidence("==", (1.0, 1.0)).judge(summary(test_error=values), error=1e-3)
    assert verdict.verdict == "undecided"
    assert verdict.interval == list(ANYWHERE)


def test_evidence_without_a_variance_is_refused():
    values = summary(test_error=np.random.default_rng(7).normal(size=(5000, 2)))
    with pytest.raises(ValueError, match="test its law, or the mean over the design's scale"):
        evidence("==", (1.0, 1.0), finite_moments=1.5).judge(values, error=1e-3)


@pytest.mark.parametrize(
    ("law", "count", "outcome"),
    [
        (stats.norm(1, 1), 2**13, "holds"),
        (stats.norm(1, 1), 2**13 - 1, "undecided"),  # one look, at a stated size
        (stats.norm(1.2, 1), 2**13, "violated"),
        (stats.t(3, 1), 2**13, "violated"),
        (stats.norm(1.005, 1), 2**13, "holds"),  # not to be told apart, and no need to
    ],
)
def test_a_law_is_judged_by_its_distance_in_one_look(law, count, outcome):
    values = np.random.default_rng(8).normal([9, 1], 1, size=(2**14, 2))[:count]
    found = LawEvidence(
        claim="the law",
        source="by construction",
        generation=2,
        law=law.cdf,
        size=2**13,
        tolerance=0.05,
        parameters={"dim": 2},
        note="n",
    )
    verdict = found.judge(summary(test_error=values, other=values + 1), error=1e-4)
    assert verdict.verdict == outcome
    distance = stats.kstest(values[:, 1], law.cdf).statistic
    assert verdict.observed == pytest.approx(distance)
    assert verdict.interval == pytest.approx(list(law_interval(distance, count, 1e-4)))
    assert (verdict.relation, verdict.predicted, verdict.generation) == ("==", 0.0, 2)
    assert verdict.confidence == pytest.approx(1 - 1e-4)
    assert (verdict.claim, verdict.parameters, verdict.note) == ("the law", {"dim": 2}, "n")
