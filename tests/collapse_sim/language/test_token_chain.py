"""Editing under a frozen prior: the simulation has the means of the closed forms."""

from collections import deque

import jax
import numpy as np
import pytest

from collapse_sim.certify import Evidence
from collapse_sim.language.editing import TokenRule
from collapse_sim.language.oracle import TAIL, MarkovSource
from collapse_sim.language.sampling import Sampler
from collapse_sim.language.token_chain import FrozenEditing
from collapse_sim.moments import Moments
from collapse_sim.replicates import EMPTY, Stream, Summary
from tests.collapse_sim.draws import draw
from theory.claims import ledger
from theory.language import token_laws, token_rule

KEY = jax.random.key(12)
COUNT = 4096
PAIRS = 64
LARGEST_SCORE = 5.0
"""Chance 6e-7 for one comparison of a mean of 262 144 pairs with its expectation."""

CONFIDENT = [0.9, 0.05, 0.03, 0.01, 0.006, 0.0032, 0.0005, 0.0003]
FLAT = [0.0009, 0.3991, 0.3, 0.2, 0.05, 0.03, 0.01, 0.01]


@pytest.fixture(scope="module")
def source() -> MarkovSource:
    """Even tokens are confident contexts, odd ones are flat."""
    return MarkovSource.of(np.array([[CONFIDENT, FLAT] * 4]).reshape(1, 8, 8))


def simulate(simulation: FrozenEditing, count: int = COUNT) -> Summary:
    """By a program that compiles fast, where few numbers are drawn."""
    return EMPTY.add(draw(simulation, seed=12, count=count))


def stream(simulation: FrozenEditing, count: int) -> Summary:
    """As a run does."""
    blocks = Stream.of(simulation, devices=jax.devices()[:1])
    return deque(blocks.extend(EMPTY, KEY, count), maxlen=1).pop()


def expectations(
    prior,
    passes: int,
    *,
    above: float,
    replacement=None,
    context_only: bool = False,
    drop_below: float | None = None,
    variant: str = "chained",
) -> dict[str, np.ndarray]:
    """Each measure at each generation, from the laws of theory/language/token_rule.py."""
    prior = np.asarray(prior, float) / np.sum(prior)
    top, law, kept = int(np.argmax(prior)), prior, 1.0
    rows = [_row(prior, top, law, kept, 0.0, 0.0)]
    for _ in range(passes):
        if variant == "anchored":
            law, kept = prior, 1.0
        given = {"prior": prior, "threshold": above, "law": law, "replacement": replacement}
        changed = kept * token_rule.changed_share(**given)
        eligible = kept * token_rule.eligible_share(prior=prior, threshold=above, law=law)
        if context_only:
            eligible = kept * float(prior.max() >= above)
            drawn = prior if replacement is None else replacement
            changed = eligible * float(law @ (1 - drawn))
            law = token_rule.context_rule_law(**given)
        elif drop_below is not None:
            share = token_rule.dropped_share(prior=prior, below=drop_below, law=law)
            law, kept = token_rule.low_drop_law(**given, below=drop_below), kept * (1 - share)
        else:
            law = token_rule.edited_law(**given)
        rows.append(_row(prior, top, law, kept, eligible, changed))
    return {name: np.array([row[name] for row in rows]) for name in rows[0]}


def _row(prior, top, law, kept, eligible, changed) -> dict[str, float]:
    return {
        "kept_share": kept,
        "top_mass": kept * law[top],
        "top_lost": prior[top] - kept * law[top],
        "tail_factor": kept * (1 - law[top]) / (1 - prior[top]),
        "tail_mass": kept * token_laws.tail_mass(prior=prior, below=TAIL, law=law),
        "surprise": kept * token_laws.surprise(prior=prior, law=law),
        "edited_fraction": eligible,
        "changed_share": changed,
    }


def scores(moments: Moments, expected: np.ndarray) -> np.ndarray:
    """Deviations in standard errors; where nothing varies 0 if equal, else infinite."""
    constant = moments.variance == 0
    error = np.where(constant, 1, moments.standard_error)
    equal = np.isclose(moments.mean, expected, rtol=1e-5)
    return np.where(constant, np.where(equal, 0, np.inf), (moments.mean - expected) / error)


TEMPERED = Sampler(temperature=1.5)

CASES = [
    (0, {"above": 0.9 - 1e-6}, Sampler(), {}),
    (0, {"above": 0.5}, TEMPERED, {"temperature": 1.5}),
    (0, {"above": 0.03 - 1e-6}, Sampler(), {}),  # three eligible tokens
    (0, {"above": 0.5, "variant": "anchored"}, TEMPERED, {"temperature": 1.5}),
    (0, {"above": 0.91}, Sampler(), {}),  # nobody is eligible
    (1, {"above": 0.25}, Sampler(top_k=3), {"top_k": 3}),
    (1, {"above": 0.25}, Sampler(temperature=0.8, top_p=0.95), {"temperature": 0.8, "top_p": 0.95}),
    (0, {"above": 0.5, "context_only": True}, Sampler(), {}),
    (0, {"above": 0.5, "context_only": True}, TEMPERED, {"temperature": 1.5}),
    (0, {"above": 0.5, "drop_below": 0.01 + 1e-6}, Sampler(), {}),
    (0, {"above": 0.5, "drop_below": 0.001}, TEMPERED, {"temperature": 1.5}),
    (0, {"above": 0.5, "drop_below": 0.01 + 1e-6, "variant": "anchored"}, Sampler(), {}),
]


@pytest.mark.parametrize(("context", "rule", "sampler", "tempering"), CASES)
def test_means_are_those_of_the_closed_forms(source, context, rule, sampler, tempering):
    prior = np.array([CONFIDENT, FLAT][context])
    options = {name: value for name, value in rule.items() if name != "above"}
    summary = simulate(
        FrozenEditing(source, TokenRule(above=rule["above"]), sampler, context, 3, PAIRS, **options)
    )
    replacement = token_laws.replacement_law(prior=prior, **tempering)
    expected = expectations(prior, 3, **rule, replacement=replacement)
    assert summary.moments.keys() == expected.keys()
    for name, moments in summary.moments.items():
        found = scores(moments, expected[name])
        assert (np.abs(found) < LARGEST_SCORE).all(), (name, found)


@pytest.mark.parametrize("name", ["top_mass", "tail_factor", "changed_share", "surprise"])
def test_a_formula_off_by_two_percent_is_noticed(source, name):
    simulation = FrozenEditing(source, TokenRule(above=0.5), Sampler(), 0, 3, PAIRS)
    expected = expectations(CONFIDENT, 3, above=0.5)[name]
    moments = simulate(simulation, 8 * COUNT).moments[name]
    for factor in (0.98, 1.0, 1.02):
        fits = np.abs(scores(moments, factor * expected)[1:]) < LARGEST_SCORE
        assert (fits == (factor == 1.0)).all()


def test_contexts_come_from_the_stationary_law(source):
    """Without a given context: the means over the contexts."""
    summary = simulate(FrozenEditing(source, TokenRule(above=0.35), TEMPERED, None, 2, PAIRS))
    weights = [source.stationary()[start::2].sum() for start in (0, 1)]
    parts = []
    for prior in (CONFIDENT, FLAT):
        replacement = token_laws.replacement_law(prior=prior, temperature=1.5)
        parts.append(expectations(prior, 2, above=0.35, replacement=replacement))
    for name, moments in summary.moments.items():
        expected = weights[0] * parts[0][name] + weights[1] * parts[1][name]
        found = scores(moments, expected)
        assert (np.abs(found) < LARGEST_SCORE).all(), (name, found)


def test_one_context_is_drawn_as_many_are(source):
    """Given one by one, or all the same: the law of the token is computed once or for each pair."""
    same = MarkovSource.of(np.array([[CONFIDENT] * 8]))
    given = simulate(FrozenEditing(same, TokenRule(above=0.5), TEMPERED, 0, 2, 8), 64)
    drawn = simulate(FrozenEditing(same, TokenRule(above=0.5), TEMPERED, None, 2, 8), 64)
    for name in given.sample:
        np.testing.assert_allclose(given.sample[name], drawn.sample[name], rtol=1e-4, atol=1e-6)


def test_rejected_draws_always_change(source):
    """A sampler that never draws the token that stands changes every eligible token."""
    sampler = Sampler(reject_current=True)
    summary = simulate(FrozenEditing(source, TokenRule(above=0.5), sampler, 0, 1, 8), 64)
    changed, edited = (summary.sample[name] for name in ("changed_share", "edited_fraction"))
    np.testing.assert_array_equal(changed, edited)
    assert (summary.sample["top_mass"][:, 1] == 0).all()


def test_the_ledger_is_decided_on_a_zipfian_source():
    """The published rule at p = 0.99 in a context that is confident to 0.995."""
    source = MarkovSource.zipfian(64, seed=3)
    context = int(np.argmax(source.table.max(axis=1)))
    top = float(source.table[context].max())
    assert top == pytest.approx(0.995)

    def verdict(summary, claim, parameters, measure, generation, tolerance=0.0):
        record = ledger()[claim]
        predicted = float(record.predict(parameters))
        evidence = Evidence(
            claim, record.source, record.relation, generation, (predicted,) * 2, measure, tolerance
        )
        return evidence.judge(summary, 1e-6).verdict

    rule, count = TokenRule(above=0.99), 16384
    plain = stream(FrozenEditing(source, rule, Sampler(), context, 3, PAIRS), count)
    tempered = stream(FrozenEditing(source, rule, TEMPERED, context, 1, PAIRS), count)
    threshold = {"threshold": 0.99}
    for passes in (1, 2, 3):
        given = {"prior_top": top, "passes": passes}
        assert verdict(plain, "ref.token_iter", given, "top_mass", passes + 1, 0.002) == "holds"
        tail = verdict(plain, "ref.token_iter_tail", given, "tail_factor", passes + 1, 0.1)
        assert tail == "holds"
        assert (
            verdict(plain, "ref.token_tv_bound", threshold, "changed_share", passes + 1) == "holds"
        )
    prior = np.asarray(source.table[context], float)
    given = {"prior": prior / prior.sum()} | threshold
    assert verdict(plain, "ref.token_tv", given, "top_lost", 2, 0.1) == "holds"
    assert verdict(plain, "zhu2025.preserve", {}, "top_lost", 2) == "violated"
    assert verdict(tempered, "ref.token_tv_bound", threshold, "top_lost", 2) == "violated"
    # A rule that looks at the context changes as many tokens and keeps their law.
    by_context = FrozenEditing(source, rule, Sampler(), context, 1, PAIRS, context_only=True)
    kept = stream(by_context, count)
    assert verdict(kept, "zhu2025.preserve", {}, "top_lost", 2) == "undecided"
    assert kept.moments["changed_share"].mean[1] > plain.moments["changed_share"].mean[1]


RULE = TokenRule(above=0.5)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ({"rule": TokenRule(above_share=0.1)}, "above_share=0.1: accepted is above or below"),
        ({"rule": RULE, "context": 8}, "context=8: accepted are 0 ... 7"),
        ({"rule": RULE, "passes": 0}, "passes=0: accepted are integers >= 1"),
        ({"rule": RULE, "pairs": 0}, "pairs=0: accepted are integers >= 1"),
        ({"rule": RULE, "drop_below": 1.5}, "drop_below=1.5"),
    ],
)
def test_wrong_arguments_are_named(source, arguments, named):
    with pytest.raises(ValueError, match=named):
        FrozenEditing(source, **arguments)


def test_a_source_of_order_two_is_refused():
    with pytest.raises(ValueError, match="source of order 2: accepted is order 1"):
        FrozenEditing(MarkovSource.zipfian(64, 2), RULE)
