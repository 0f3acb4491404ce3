"""Verdicts: every outcome, of an interval and of evidence."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from scipy import stats

from collapse_sim.certify import Evidence, LawEvidence, require_generation
from collapse_sim.intervals import ANYWHERE, SMALLEST_LOOK, law_interval, mean_interval
from collapse_sim.moments import Moments
from collapse_sim.replicates import EMPTY, Summary
from collapse_sim.verdict import decide, held_within, is_caught, replicates_needed, require_interval


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
        ("<=", (0.5, 1.05), (1.0, 1.0), "holds"),  # exceeded by at most the tolerance
        ("<=", (0.99, 1.06), (1.0, 1.0), "undecided"),
        ("<=", (1.01, 1.02), (1.0, 1.0), "violated"),
        ("<=", ANYWHERE, (1.0, 1.0), "undecided"),
        ("<=", (0.5, 0.96), (0.9, 1.1), "undecided"),
        ("<=", (0.5, 0.94), (0.9, 1.1), "holds"),
        ("<=", (1.05, 1.2), (0.9, 1.1), "undecided"),
        ("<=", (1.15, 1.2), (0.9, 1.1), "violated"),
        ("<=", (0.5, 0.6), (math.inf, math.inf), "vacuous"),
        ("<=", (0.5, 0.6), (3.1, 3.1), "vacuous"),  # a trivial bound is 1.5, the factor 2
        ("<=", (0.5, 0.6), (2.9, 2.9), "holds"),
        ("<=", (3.2, 3.3), (3.1, 3.1), "violated"),  # even a useless bound can be wrong
        ("<=", ANYWHERE, (3.1, 3.1), "vacuous"),
        (">=", (1.1, 1.2), (1.0, 1.0), "holds"),
        (">=", (1.0, 1.2), (1.0, 1.0), "holds"),
        (">=", (0.94, 1.2), (1.0, 1.0), "undecided"),
        (">=", (0.95, 1.2), (1.0, 1.0), "holds"),
        (">=", (0.8, 0.9), (1.0, 1.0), "violated"),
        (">=", ANYWHERE, (1.0, 1.0), "undecided"),
        (">=", (1.0, 1.04), (0.9, 1.1), "undecided"),
        (">=", (0.8, 0.95), (0.9, 1.1), "undecided"),
        (">=", (0.5, 0.6), (-math.inf, -math.inf), "vacuous"),
        ("<=", (0.5, 0.6), (-math.inf, -math.inf), "violated"),
        (">=", (0.5, 0.6), (math.inf, math.inf), "violated"),
        ("==", (0.5, 0.6), (math.inf, math.inf), "violated"),
        ("<=", ANYWHERE, (-math.inf, -math.inf), "undecided"),
    ],
)
def test_every_relation_has_its_verdicts(relation, interval, predicted, outcome):
    found = decide(relation, interval, predicted, tolerance=0.05, trivial=1.5, factor=2.0)
    assert found == outcome


@pytest.mark.parametrize("relation", ["<", "=<", ">", "=", "", "==="])
def test_an_unknown_relation_is_no_equality(relation):
    with pytest.raises(ValueError, match=f"relation={relation!r}: accepted are ==, ->, <=, >="):
        decide(relation, (0.99, 1.01), (1.0, 1.0), tolerance=0.05)
    with pytest.raises(ValueError, match="accepted are ==, ->, <=, >="):
        evidence(relation, (1.0, 1.0))


@pytest.mark.parametrize("pair", [1.0, (1.0,), (2.0, 1.0), (math.nan, 1.0), ("a", "b"), None])
def test_an_interval_is_two_numbers_in_order(pair):
    with pytest.raises(ValueError, match=r"predicted=.*: accepted are two numbers \(low, high\)"):
        require_interval("predicted", pair)


def test_intervals_are_checked_wherever_they_come_in():
    with pytest.raises(ValueError, match="predicted=.*accepted are two numbers"):
        evidence("==", (2.0, 1.0))
    with pytest.raises(ValueError, match="predicted=.*accepted are two numbers"):
        decide("==", (0.9, 1.1), (2.0, 1.0), tolerance=0.05)
    with pytest.raises(ValueError, match="interval=.*accepted are two numbers"):
        decide("==", (math.nan, 1.1), (0.9, 1.1), tolerance=0.05)


@pytest.mark.parametrize("generation", [0, -1, 3])
def test_generations_count_from_one(generation):
    values = summary(test_error=np.ones((2000, 2)))
    message = f"generation={generation}: accepted are integers (from 1 to|>= 1)"
    with pytest.raises(ValueError, match=message):
        evidence("==", (1.0, 1.0), generation=generation).judge(values, 1e-3)
    with pytest.raises(ValueError, match=message):
        LawEvidence("the law", "by construction", generation, stats.norm.cdf).judge(values, 1e-3)


@pytest.mark.parametrize("generation", [1.0, True, None, "1"])
def test_generations_are_whole_numbers(generation):
    with pytest.raises(ValueError, match="accepted are integers >= 1"):
        require_generation(generation)


def test_what_was_not_recorded_is_named():
    values = summary(test_error=np.ones((2000, 2)), other=np.ones((2000, 2)))
    for found in (
        evidence("==", (1.0, 1.0), measure="tests_error"),
        LawEvidence("the law", "by construction", 2, stats.norm.cdf, measure="tests_error"),
    ):
        with pytest.raises(ValueError, match="'tests_error': accepted are test_error, other"):
            found.judge(values, 1e-3)


@pytest.mark.parametrize(
    ("relation", "interval", "predicted", "within"),
    [
        ("==", (0.98, 1.01), (1.0, 1.0), 0.02),
        ("->", (3.98, 4.08), (4.0, 4.0), 0.02),
        ("==", (-1.01, -1.0), (-1.0, -1.0), 0.01),
        ("==", (0.99, 1.01), (0.99, 1.01), 0.02),
        ("<=", (0.5, 0.9), (1.0, 1.0), 0.0),
        ("<=", (0.5, 1.01), (1.0, 1.0), 0.01),
        (">=", (0.97, 1.9), (1.0, 1.0), 0.03),
        ("<=", (-2.0, -1.0), (0.0, 0.0), 0.0),
        ("<=", (-2.0, 1.0), (0.0, 0.0), math.inf),
    ],
)
def test_what_a_relation_holds_within_is_computed_from_the_interval(
    relation, interval, predicted, within
):
    assert held_within(relation, interval, predicted) == pytest.approx(within)


@given(
    relation=st.sampled_from(["==", "<=", ">="]),
    ends=st.tuples(st.floats(0.5, 2), st.floats(0.5, 2)).map(sorted),
)
def test_a_relation_holds_at_the_tolerance_it_holds_within_and_at_no_less(relation, ends):
    interval = (ends[0], ends[1])
    within = held_within(relation, interval, (1.0, 1.0))
    assert decide(relation, interval, (1.0, 1.0), tolerance=within + 1e-9) in ("holds", "violated")
    if relation == "==" and within > 1e-6:
        assert decide(relation, interval, (1.0, 1.0), tolerance=within * 0.999) != "holds"


def test_a_control_is_caught_by_what_tells_it_from_the_formula():
    """At a tolerance of 1 %, a formula off by 2 %."""
    options = {"tolerance": 0.01, "control": 0.02}
    assert is_caught("==", (0.995, 1.005), (1.0, 1.0), **options)
    assert not is_caught("==", (1.011, 1.012), (1.0, 1.0), **options)  # 1.02 would hold
    assert not is_caught("==", (0.987, 0.989), (1.0, 1.0), **options)
    assert is_caught("<=", (0.995, 1.005), (1.0, 1.0), **options)  # an attained bound
    assert not is_caught("<=", (0.7, 0.9), (1.0, 1.0), **options)  # 0.98 is not violated
    below_zero = (-1.005, -0.995), (-1.0, -1.0)  # where the stricter bound is the other one
    assert is_caught("<=", *below_zero, **options) and is_caught(">=", *below_zero, **options)


@pytest.mark.parametrize("sign", [1, -1])
def test_an_equality_without_tolerance_is_not_refuted_by_rounding(sign):
    """Nor is a bound: float32 does not hold 0.1, and replicates of it differ in the last digit."""
    rounded = np.float32(0.1) * np.float32([1, 1 + 2**-23])
    interval = tuple(sorted(sign * rounded.astype(float)))
    for relation in ("==", "<=", ">="):
        found = decide(relation, interval, (sign * 0.1, sign * 0.1), tolerance=0.0)
        assert found != "violated"
        off = sign * 0.1 * (1 - 1e-5), sign * 0.1 * (1 - 1e-5)
        assert relation != "==" or decide(relation, interval, off, tolerance=0.0) == "violated"


@pytest.mark.parametrize(
    ("relation", "interval", "predicted", "factor"),
    [
        ("==", (0.97, 1.03), (1.0, 1.0), 9.0),  # three times too wide for 1 %
        ("<=", (0.8, 1.2), (1.1, 1.1), 4.0),
        (">=", (0.5, 1.5), (1.1, 1.1), 25.0),
        ("==", (1.0, 1.04), (1.0, 1.0), 4.0),  # then violated
    ],
)
def test_undecided_says_how_many_replicates_decide(relation, interval, predicted, factor):
    needed = replicates_needed(relation, interval, predicted, 1000, tolerance=0.01)
    slack = 0.06 if relation in ("<=", ">=") else 0.01  # bounds have the tolerance too
    assert needed is not None
    if relation == "==":
        assert needed == pytest.approx(1000 * factor, rel=slack)
    half = (interval[1] - interval[0]) / 2 * (1000 / needed) ** 0.5
    centre = sum(interval) / 2
    narrower = centre - half, centre + half
    assert decide(relation, narrower, predicted, tolerance=0.01) != "undecided"


def test_no_number_of_replicates_is_named_where_none_decides():
    assert replicates_needed("==", ANYWHERE, (1.0, 1.0), 1000, tolerance=0.01) is None
    assert replicates_needed("==", (0.9, 1.1), (0.9, 1.1), 1000, tolerance=0.01) is None
    for predicted, tolerance in ((0.0, 0.01), (1.0, 0.0)):  # can be refuted, by chance sooner
        interval = predicted - 0.01, predicted + 0.02
        assert replicates_needed("==", interval, 2 * (predicted,), 9, tolerance=tolerance) is None


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        (np.arange(999.0), "999 replicates, at least 1,000 are needed"),
        (np.ones(4096), "all replicates are equal, which says nothing of how far another may lie"),
        (
            np.arange(4096) == 7,
            "one replicate alone makes up 100 % of the variance, at most 2 % are accepted",
        ),
    ],
)
def test_a_verdict_says_why_it_has_no_interval(values, reason):
    known = summary(test_error=values.astype(float)[:, None])
    verdict = evidence("<=", (2.0, 2.0), note="n", generation=1).judge(known, 1e-3)
    assert verdict.verdict == "undecided" and verdict.note == f"n; no interval: {reason}"
    assert verdict.what_decides == f"no interval: {reason}" and reason in str(verdict)


@pytest.mark.parametrize("tolerance", [-0.01, math.nan, math.inf, "1 %", None])
def test_a_tolerance_is_a_number_from_zero_on(tolerance, unchecked):
    with pytest.raises(ValueError, match="^tolerance=.*: accepted are numbers >= 0"):
        evidence("==", (1.0, 1.0), tolerance=tolerance)


ENDS = st.floats(-2, 2, allow_subnormal=False)
INTERVALS = st.tuples(ENDS, ENDS).map(lambda ends: (min(ends), max(ends)))


@given(
    relation=st.sampled_from(["==", "<=", ">="]),
    interval=INTERVALS,
    predicted=ENDS,
    inner=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
@example(relation=">=", interval=(0.8125, 1.0), predicted=0.875, inner=(0.0, 0.0))
def test_a_verdict_once_reached_stays_as_the_interval_shrinks(relation, interval, predicted, inner):
    low, high = interval
    a, b = sorted(low + x * (high - low) for x in inner)
    narrower = (max(a, low), min(b, high))
    at = {"predicted": (predicted, predicted), "tolerance": 0.1}
    first, later = decide(relation, interval, **at), decide(relation, narrower, **at)
    if relation != "==" and first == "holds" and later == "violated":
        # Up to the tolerance, which is stated: the bound may be passed by that much.
        assert held_within(relation, narrower, at["predicted"]) <= 0.1 + 1e-12
        return
    assert first in (later, "undecided")


def summary(**measures: np.ndarray) -> Summary:
    return EMPTY.add(measures)


def evidence(relation: str, predicted, **options) -> Evidence:
    given = {"generation": 2, "measure": "test_error", "tolerance": 0.05} | options
    return Evidence("the mean", "by construction", relation, predicted=predicted, **given)


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
    measured = 1e-4 if predicted[0] == predicted[1] else 5e-5  # the other half is the prediction's
    assert verdict.interval == pytest.approx(list(mean_interval(Moments.of(values), 1, measured)))
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
    assert (verdict.relation, verdict.predicted, verdict.generation) == ("~", 0.0, 2)
    assert verdict.within == (verdict.interval[1] if outcome == "holds" else None)
    assert verdict.needed == (2**13 if outcome == "undecided" else None)
    assert verdict.confidence == pytest.approx(1 - 1e-4)
    assert (verdict.claim, verdict.parameters, verdict.note) == ("the law", {"dim": 2}, "n")


def test_a_law_that_holds_catches_a_measure_off_by_two_per_cent():
    """A chi-square of ten degrees moves by 1.8 % of its mass."""
    values = np.random.default_rng(9).chisquare(10, size=(2**15, 1))
    found = LawEvidence("the law", "by construction", 1, stats.chi2(10).cdf)
    verdict = found.judge(summary(test_error=values), error=1e-5)
    assert (verdict.verdict, verdict.control) == ("holds", True)
    blunt = LawEvidence("the law", "by construction", 1, stats.chi2(10).cdf, tolerance=0.1)
    assert blunt.judge(summary(test_error=values), error=1e-5).control is False


def record(relation: str, *, attained: bool = False, tolerance: float = 0.01):
    return SimpleNamespace(
        id="a", source="b", relation=relation, attained=attained, tolerance=tolerance, control=0.02
    )


def test_evidence_takes_its_tolerance_from_the_claim():
    at = {"generation": 1, "measure": "test_error"}
    exact = Evidence.of(record("=="), 2.0, **at)
    assert (exact.claim, exact.source, exact.predicted) == ("a", "b", (2.0, 2.0))
    assert (exact.tolerance, exact.control) == (0.01, 0.02)
    strict = Evidence.of(record("<="), (1.0, 2.0), **at)
    assert (strict.predicted, strict.tolerance, strict.control) == ((1.0, 2.0), 0.0, None)
    assert Evidence.of(record("=="), 2.0, relation="<=", **at).tolerance == 0.0
    attained = Evidence.of(record("<=", attained=True), 2.0, **at)
    assert (attained.tolerance, attained.control) == (0.01, 0.02)


def test_an_attained_bound_holds_within_its_tolerance_and_one_lower_by_two_per_cent_does_not():
    values = summary(test_error=np.random.default_rng(10).normal(2, 0.1, size=(200_000, 1)))
    at = {"generation": 1, "measure": "test_error"}
    verdict = Evidence.of(record("<=", attained=True), 2.0, **at).judge(values, 1e-4)
    assert (verdict.verdict, verdict.control) == ("holds", True)
    assert verdict.within is not None and 0 < verdict.within < 0.01
    assert Evidence.of(record("<="), 2.0, **at).judge(values, 1e-4).verdict == "undecided"


@pytest.mark.parametrize(("relation", "sign"), [("<=", 1), (">=", -1)])
def test_a_bound_that_is_attained_is_not_violated_by_rounding(relation, sign):
    def verdict(excess: float) -> str:
        value = 1 + sign * excess
        return decide(relation, (value, value), (1.0, 1.0), tolerance=0.01)

    assert verdict(1.2e-7) == "holds" and verdict(3e-6) == "violated"
