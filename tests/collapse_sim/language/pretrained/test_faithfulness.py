"""The edit against the authors' strategies stated token by token in NumPy, on the same logits."""

from dataclasses import replace

import jax
import numpy as np
import pytest
from scipy import stats

from collapse_sim.language.pretrained.load import load
from collapse_sim.language.pretrained.rule import EditRule, authors_script
from collapse_sim.language.pretrained.scores import by_row
from collapse_sim.language.pretrained.step import Rows, device_mesh, redraw, score_rows
from tests.collapse_sim.language.pretrained import plain_decoder, tiny

TIME, DRAWS, THRESHOLD, DROP = 64, 3000, 0.6, 0.01
FALSE_ALARM = 1e-6


def log_softmax(x):
    shifted = x - x.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """A model that is sure of some tokens, a text that it half agrees with, and its logits."""
    arrays = tiny.tensors(tiny.LLAMA)
    arrays["model.norm.weight"] *= 4
    model = load(tiny.write_folder(tmp_path_factory.mktemp("sure"), tiny.LLAMA, arrays))
    draw = np.random.default_rng(3)
    ids = draw.integers(0, tiny.VOCABULARY, TIME)
    logits = plain_decoder.logits(tiny.LLAMA, arrays, ids.tolist())
    for at in range(1, TIME, 2):  # its own choice at every second place
        ids[at] = plain_decoder.logits(tiny.LLAMA, arrays, ids[:at].tolist())[-1].argmax()
    logits = plain_decoder.logits(tiny.LLAMA, arrays, ids.tolist())
    return model, ids, log_softmax(logits[:-1])


def computed(case, rule, passes=DRAWS):
    model, ids, _ = case
    mesh = device_mesh(jax.devices()[:1])
    one = lambda value: np.array([value], np.int32)  # noqa: E731
    rows = Rows(ids[None].astype(np.int32), one(1), one(TIME), one(0), np.ones((1, 2), np.uint32))
    scored = score_rows(model.parameters, rows, config=model.config, size=TIME, mesh=mesh)
    drawable = np.ones(tiny.VOCABULARY, bool)
    options = dict(config=model.config, rule=rule, passes=passes, mesh=mesh)
    redrawn = redraw(model.parameters, scored, drawable, **options) if rule.revises else None
    return by_row(1, scored, redrawn, length=TIME, devices=1)[0]


def plain_script(name, log_p, ids, candidates=8):
    """The script's loop: of each token the law it is drawn from, "drop" or "keep"."""
    beta = {"up_revise": 1.5, "low_drop_up_revise": 1.0}.get(name)
    decisions = []
    for law, token in zip(log_p, ids[1:], strict=True):
        prob = np.exp(law[token])
        if name == "filtering":
            decisions.append("keep" if prob >= DROP else "drop")
        elif prob > THRESHOLD:
            top = set(np.argsort(-law)[:candidates].tolist()) | {int(token)}
            scores = {token: np.exp(law[token] / beta) for token in top}
            decisions.append({token: s / sum(scores.values()) for token, s in scores.items()})
        elif name == "low_drop_up_revise" and prob < DROP:
            decisions.append("drop")
        else:
            decisions.append("keep")
    return decisions


def rejected(drawn, law):
    """Whether the draws' chi-square against a law is past FALSE_ALARM / 20; never outside it."""
    if not set(np.unique(drawn).tolist()) <= set(law):
        return True
    counts = np.array([(drawn == token).sum() for token in law])
    expected = np.array(list(law.values())) * drawn.size
    rare = expected < 5
    found = np.append(counts[~rare], counts[rare].sum())
    wanted = np.append(expected[~rare], expected[rare].sum())
    found, wanted = found[wanted > 0], wanted[wanted > 0]
    statistic = ((found - wanted) ** 2 / wanted).sum()
    return len(wanted) > 1 and stats.chi2.sf(statistic, len(wanted) - 1) < FALSE_ALARM / 20


@pytest.mark.parametrize("name", ["up_revise", "low_drop_up_revise", "filtering"])
def test_each_strategy_of_the_script_accepts_and_draws_as_stated(case, name):
    _, ids, log_p = case
    probability = np.exp(log_p[np.arange(TIME - 1), ids[1:]])
    assert min(np.abs(probability - limit).min() for limit in (THRESHOLD, DROP)) > 1e-4
    rule = replace(authors_script(name), threshold=THRESHOLD, drop_below=DROP)
    assert (rule.strict, rule.top_k, rule.sampler) == (True, 8, "top-k")
    scores = computed(case, rule)
    expected = plain_script(name, log_p, ids)
    laws = [decision if isinstance(decision, dict) else None for decision in expected]
    assert scores.eligible[1:].tolist() == [law is not None for law in laws]
    dropped = scores.log_probability[1:] < np.log(DROP)
    assert (dropped & rule.drops).tolist() == [decision == "drop" for decision in expected]
    if name == "filtering":
        assert 5 < dropped.sum() < TIME - 10
        return
    assert 8 < sum(law is not None for law in laws) < TIME / 2
    wrong = plain_script("up_revise" if name != "up_revise" else "low_drop_up_revise", log_p, ids)
    controls = 0
    for at, law in enumerate(laws):
        if law is None:
            assert (scores.drawn[at + 1] == ids[at + 1]).all()
            continue
        drawn = scores.drawn[at + 1]
        assert not rejected(drawn, law)
        controls += rejected(drawn, wrong[at])
        np.testing.assert_allclose(scores.expected_change[at + 1], 1 - law[ids[at + 1]], atol=1e-4)
        np.testing.assert_allclose(
            scores.drawn_log_probability[at + 1], log_p[at, drawn], atol=2e-4
        )
    assert controls > 3  # the other temperature is seen


def test_the_paper_s_rule_changes_one_minus_mean_p_of_the_eligible(case):
    _, ids, log_p = case
    scores = computed(case, EditRule(threshold=THRESHOLD), passes=1)
    probability = np.exp(log_p[np.arange(TIME - 1), ids[1:]])
    eligible = probability >= THRESHOLD
    assert scores.eligible[1:].tolist() == eligible.tolist()
    mean = scores.expected_change[scores.eligible].mean()
    np.testing.assert_allclose(mean, 1 - probability[eligible].mean(), atol=1e-5)


@pytest.mark.parametrize(
    ("rule", "eligible"),
    [
        (EditRule("revise-below", threshold=DROP), lambda p, top: p <= DROP),
        (EditRule("context-only", threshold=THRESHOLD), lambda p, top: top >= THRESHOLD),
        (EditRule(threshold=0.0), lambda p, top: p >= 0),
        (EditRule(threshold=0.0, strict=True, sampler="rejection"), lambda p, top: p > 0),
        (EditRule(threshold=THRESHOLD, sampler="top-p", top_p=0.8), lambda p, top: p > THRESHOLD),
    ],
)
def test_other_strategies_and_samplers_are_as_stated(case, rule, eligible):
    _, ids, log_p = case
    scores = computed(case, rule, passes=1 if rule.sampler == "full" else DRAWS)
    probability = np.exp(log_p[np.arange(TIME - 1), ids[1:]])
    assert scores.eligible[1:].tolist() == eligible(probability, np.exp(log_p.max(1))).tolist()
    np.testing.assert_allclose(scores.top_log_probability[1:], log_p.max(1), atol=1e-4)
    at = 1 + int(np.argmax(scores.eligible[1:]))
    law = np.exp(log_p[at - 1])
    if rule.sampler == "rejection":
        law[ids[at]] = 0
        assert np.isclose(scores.expected_change[at], 1)
    if rule.sampler == "top-p":
        order = np.argsort(-law)
        law[order[np.searchsorted(np.cumsum(law[order]), 0.8) + 1 :]] = 0
    if rule.sampler != "full":
        law = {token: p / law.sum() for token, p in enumerate(law) if p}
        assert not rejected(scores.drawn[at], law)
