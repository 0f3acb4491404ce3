"""Which tokens an edit touches: exact thresholds, exact shares, and nothing else."""

from dataclasses import dataclass, field, replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy import stats

from collapse_sim.editing import Edit
from collapse_sim.language.blocks import Blocks
from collapse_sim.language.editing import EditAndDrop, TokenRule, changes, drop
from collapse_sim.language.learner import END_OF_TEXT, LanguageLearner
from collapse_sim.language.programs import make_mesh
from collapse_sim.language.sampling import Sampler
from collapse_sim.language.training import Training
from collapse_sim.language.transformer import TransformerConfig
from collapse_sim.regimes import Generation
from collapse_sim.resampled import Resampled

KEYS = jax.random.split(jax.random.key(1), 2)
CONFIG = TransformerConfig(12, 8, 1, 1, 8)


def mask(rule: TokenRule, surprise) -> np.ndarray:
    surprise = jnp.asarray(surprise, jnp.float32)
    assert rule.start(surprise) is None
    return np.asarray(rule.mask(KEYS, 1, surprise, None))


def surprises(*probabilities: float) -> np.ndarray:
    """One block of one seed."""
    with np.errstate(divide="ignore"):
        return -np.log(np.asarray(probabilities, np.float32))[None, None]


# The rule: 1/2, 1/4 and 0 are exact in float32, and so are their logarithms here and back.


def test_thresholds_are_inclusive():
    seen = surprises(1.0, 0.75, 0.5, 0.25, 0.125)
    assert np.exp(-seen[0, 0, 2]) == 0.5 and np.exp(-seen[0, 0, 3]) == 0.25
    just_less, just_more = np.nextafter(np.float32(0.5), [0, 1], dtype=np.float32)
    above = {0.0: 5, 0.5: 3, float(just_more): 2, float(just_less): 3, 1.0: 1}
    for threshold, count in above.items():
        np.testing.assert_array_equal(
            mask(TokenRule(above=threshold), seen)[0, 0], np.arange(5) < count
        )
    below = {0.0: 0, 0.5: 3, float(just_less): 2, float(just_more): 3, 1.0: 5}
    for threshold, count in below.items():
        np.testing.assert_array_equal(
            mask(TokenRule(below=threshold), seen)[0, 0], np.arange(5) >= 5 - count
        )


def test_both_thresholds_take_both_ends():
    found = mask(TokenRule(above=0.75, below=0.125), surprises(1.0, 0.75, 0.5, 0.25, 0.125))
    np.testing.assert_array_equal(found[0, 0], [True, True, False, False, True])


def test_no_threshold_touches_nothing():
    assert not mask(TokenRule(), surprises(1.0, 0.5, 0.0)).any()


def test_impossible_tokens_are_the_least_probable():
    found = mask(TokenRule(below=0.0), surprises(0.5, 0.0))
    np.testing.assert_array_equal(found[0, 0], [False, True])


@pytest.mark.parametrize("share", [0.0, 0.125, 0.5, 1.0])
def test_a_share_takes_the_most_probable_tokens_of_each_seed(share):
    rng = np.random.default_rng(2)
    seen = rng.exponential(size=(3, 5, 13)).astype(np.float32) * [[[1]], [[10]], [[100]]]
    seen[:, :, 0] = np.nan
    found = mask(TokenRule(above_share=share), seen)
    assert not found[:, :, 0].any()
    scored = 5 * 12
    for own, edited in zip(seen, found, strict=True):
        assert edited.sum() == np.floor(share * (scored - 1)) + 1  # the quantile itself, inclusive
        assert np.max(own[edited]) <= np.min(own[~edited & ~np.isnan(own)], initial=np.inf)


def test_equally_probable_tokens_are_edited_together():
    assert mask(TokenRule(above_share=0.1), np.full((1, 2, 4), 0.7)).all()


RULES = [
    TokenRule(above=0.5),
    TokenRule(above=0.0),
    TokenRule(below=0.5),
    TokenRule(below=1.0),
    TokenRule(above_share=0.3),
    TokenRule(above_share=1.0),
    TokenRule(above=0.9, below=0.1),
]
SURPRISES = hnp.arrays(
    np.float32, (2, 3, 4), elements=st.one_of(st.just(np.nan), st.floats(0, 20, width=32))
)


@pytest.mark.parametrize("rule", RULES, ids=str)
@given(seen=SURPRISES)
def test_nothing_is_edited_where_there_is_no_surprise(rule, seen):
    seen[:, 0, 0] = 1.0  # something of every seed is scored
    found = mask(rule, seen)
    assert not found[np.isnan(seen)].any()
    if 1.0 in (rule.below, rule.above_share) or rule.above == 0:
        assert found[~np.isnan(seen)].all()


@given(seen=SURPRISES, thresholds=st.tuples(st.floats(0, 1), st.floats(0, 1)))
def test_lower_thresholds_edit_more(seen, thresholds):
    low, high = sorted(thresholds)
    assert (mask(TokenRule(above=low), seen) >= mask(TokenRule(above=high), seen)).all()
    assert (mask(TokenRule(below=low), seen) <= mask(TokenRule(below=high), seen)).all()


@pytest.mark.parametrize("name", ["above", "below", "above_share"])
@pytest.mark.parametrize("value", [-0.1, 1.5, np.nan])
def test_thresholds_are_probabilities(name, value):
    with pytest.raises(ValueError, match=rf"{name}={value}: accepted is \[0, 1\]"):
        TokenRule(**{name: float(value)})


def test_a_share_and_a_threshold_exclude_each_other():
    with pytest.raises(ValueError, match="above=0.9: accepted without above_share"):
        TokenRule(above=0.9, above_share=0.1)


# Edits with a given draw


@dataclass(frozen=True)
class Told:
    """A learner whose draws and surprise are given."""

    drawn: np.ndarray
    surprise: np.ndarray
    asked: list = field(default_factory=list)

    def seen(self, current: Blocks, human: Blocks) -> Generation:
        def resample(data):
            self.asked.append(np.asarray(data.labels))
            return Resampled(self.drawn, None, self.surprise)

        def never():
            raise AssertionError("an edit generates nothing")

        return Generation(1, human, current, never, resample, never)


SHAPE = (2, 3, 6)


@pytest.fixture
def texts():
    """Human text, text that was edited before, a draw, and a surprise without nan."""
    rng = np.random.default_rng(3)
    human, current, drawn = (rng.integers(1, 9, SHAPE).astype(np.int32) for _ in range(3))
    surprise = -np.log(rng.uniform(0.01, 1, SHAPE)).astype(np.float32)
    return Blocks(human), Blocks(current), drawn, surprise


@pytest.mark.parametrize("variant", ["chained", "anchored"])
def test_an_edit_is_the_draw_under_the_mask_and_the_old_text_elsewhere(texts, variant):
    human, current, drawn, surprise = texts
    told = Told(drawn, surprise)
    regime = Edit.of(TokenRule(above=0.4), variant)
    data, memory = regime.start(human, 3)
    assert data is human
    step = regime.step(KEYS, memory, told.seen(current, human))
    old = human if variant == "anchored" else current
    edited = np.exp(-surprise) >= np.float32(0.4)
    assert 0.2 < edited.mean() < 0.9
    np.testing.assert_array_equal(told.asked[0], old.labels)  # the model looks at what is kept
    np.testing.assert_array_equal(step.data.labels, np.where(edited, drawn, old.labels))
    np.testing.assert_array_equal(step.memory, edited)
    np.testing.assert_allclose(step.edited_fraction, edited.mean(axis=(1, 2)))


def test_changes_are_counted(texts):
    human, current, drawn, surprise = texts
    step = Edit.of(TokenRule(above=0.4)).step(
        KEYS, None, Told(drawn, surprise).seen(current, human)
    )
    found = changes(current, step.data, step.memory)
    edited = np.exp(-surprise) >= np.float32(0.4)
    np.testing.assert_allclose(found.eligible, edited.mean(axis=(1, 2)))
    different = edited & (drawn != current.labels)
    np.testing.assert_allclose(found.changed, different.mean(axis=(1, 2)))
    assert (found.changed < found.eligible).all()  # some draws are the old token


# Deleting


def test_what_is_left_is_packed_in_order():
    tokens = np.arange(24, dtype=np.int32).reshape(1, 4, 6)
    dropped = tokens % 6 == 3  # one of each block: 20 are left, 18 of them in whole blocks
    found = drop(Blocks(tokens), dropped)
    kept = [token for token in range(24) if token % 6 != 3]
    np.testing.assert_array_equal(found.labels[0].ravel(), kept[:18])
    assert found.size == 3


def test_seeds_keep_equally_many_blocks():
    tokens = np.arange(48, dtype=np.int32).reshape(2, 4, 6)
    dropped = np.zeros((2, 4, 6), bool)
    dropped[1, 0] = dropped[1, 2, :2] = True
    found = drop(Blocks(tokens), dropped)
    assert found.labels.shape == (2, 2, 6)
    np.testing.assert_array_equal(found.labels[0].ravel(), np.arange(12))
    np.testing.assert_array_equal(found.labels[1].ravel(), [*range(30, 36), *range(38, 44)])


@given(dropped=hnp.arrays(bool, (2, 5, 3)))
def test_packing_loses_only_what_is_dropped_and_the_end(dropped):
    tokens = np.arange(30, dtype=np.int32).reshape(2, 5, 3)
    left = (~dropped).sum(axis=(1, 2))
    if left.min() < 3:
        with pytest.raises(
            ValueError, match=f"dropped tokens leave {left.min()}: accepted are >= 3"
        ):
            drop(Blocks(tokens), dropped)
        return
    found = drop(Blocks(tokens), dropped)
    assert found.size == left.min() // 3
    for own, gone, packed in zip(tokens, dropped, found.labels, strict=True):
        np.testing.assert_array_equal(packed.ravel(), own[~gone][: packed.size])


def test_dropping_nothing_changes_nothing(texts):
    human = texts[0]
    np.testing.assert_array_equal(drop(human, np.zeros(SHAPE, bool)).labels, human.labels)


@pytest.mark.parametrize("above", [0.4, None])
def test_editing_and_dropping_look_at_the_same_probabilities(texts, above):
    """Both at what stood before the edit; without a threshold above, only deletion is left."""
    human, current, drawn, surprise = texts
    surprise[:, :, 0] = np.nan  # neither edited nor dropped
    surprise[:, 1, 1:4] = -np.log(0.25)
    assert np.exp(-surprise[0, 1, 1]) == 0.25
    told = Told(drawn, surprise)
    regime = EditAndDrop(Edit.of(TokenRule(above=above)), 0.25)
    assert regime.start(human, 3) == (human, None) and regime.copies(1) == 1
    step = regime.step(KEYS, None, told.seen(current, human))
    assert len(told.asked) == 1  # one pass of the model serves both
    with np.errstate(invalid="ignore"):
        dropped = np.exp(-surprise) <= 0.25
        edited = np.exp(-surprise) >= np.float32(2 if above is None else above)
    assert dropped[:, 1, 1:4].all() and edited.any() == (above is not None)
    expected = drop(Blocks(np.where(edited, drawn, current.labels)), dropped)
    np.testing.assert_array_equal(step.data.labels, expected.labels)
    assert step.data.size < current.size


@pytest.mark.parametrize("variant", ["chained", "anchored"])
def test_a_text_that_is_shorter_than_the_human_one_is_edited_too(texts, variant):
    """As from the second pass on: chained passes shorten it further, anchored ones start anew."""
    human, current, drawn, surprise = texts
    short = Blocks(current.labels[:, :2])
    old = human if variant == "anchored" else short
    told = Told(drawn[:, : old.size], surprise[:, : old.size])
    regime = EditAndDrop(Edit.of(TokenRule(above=0.9), variant), 0.2)
    step = regime.step(KEYS, None, told.seen(short, human))
    np.testing.assert_array_equal(told.asked[0], old.labels)
    chances = np.exp(-told.surprise)
    edited = np.where(chances >= np.float32(0.9), told.drawn, old.labels)
    expected = drop(Blocks(edited), chances <= np.float32(0.2))
    np.testing.assert_array_equal(step.data.labels, expected.labels)


def test_a_deletion_threshold_is_a_probability():
    with pytest.raises(ValueError, match=r"below=1.5: accepted is \[0, 1\]"):
        EditAndDrop(Edit.of(TokenRule()), 1.5)


def test_unknown_variants():
    with pytest.raises(ValueError, match="variant=last: accepted are chained, anchored, additive"):
        Edit.of(TokenRule(), "last")


# Edits by a model


@pytest.fixture(scope="module")
def learner() -> LanguageLearner:
    return LanguageLearner(CONFIG, Training(1), make_mesh(2, jax.devices()[:1]), rows=4)


@pytest.fixture(scope="module")
def parameters(learner):
    """Models that are sure of some tokens and not of others."""
    fresh = learner.start(KEYS).parameters
    return jax.tree.map(lambda x: x * 50 if x.ndim > 2 else x, fresh)


@pytest.fixture(scope="module")
def human() -> Blocks:
    """Seven blocks, with two documents that end inside."""
    tokens = np.random.default_rng(4).integers(1, 12, (2, 7, 8)).astype(np.int32)
    tokens[:, 2, 3] = tokens[0, 5, 0] = tokens[1, 6, 7] = END_OF_TEXT
    return Blocks(tokens)


def seen_by(learner, parameters, current, human) -> Generation:
    resample = lambda data: learner.resample(KEYS, parameters, data)  # noqa: E731
    return Generation(1, human, current, lambda: human, resample, lambda: human)


def has_no_context(tokens: np.ndarray) -> np.ndarray:
    first = np.zeros(tokens.shape, bool)
    first[:, :, 0] = True
    first[:, :, 1:] |= tokens[:, :, :-1] == END_OF_TEXT
    return first


EVERYTHING = [TokenRule(above=0.0), TokenRule(above_share=1.0), TokenRule(below=1.0)]


@pytest.mark.parametrize("rule", EVERYTHING, ids=str)
def test_first_tokens_of_blocks_and_documents_are_never_edited(learner, parameters, human, rule):
    """Even when every other token is."""
    step = Edit.of(rule).step(KEYS, None, seen_by(learner, parameters, human, human))
    first = has_no_context(human.labels)
    assert first.sum() == 2 * 7 + 2 + 1  # the end of text at a block's end has nothing after it
    np.testing.assert_array_equal(step.memory, ~first)
    np.testing.assert_array_equal(np.asarray(step.data.labels)[first], human.labels[first])
    assert (np.asarray(step.data.labels) != human.labels).mean() > 0.5


@pytest.mark.parametrize("threshold", [0.2, 0.5])
def test_tokens_below_the_threshold_stay_bit_for_bit(learner, parameters, human, threshold):
    scores = learner.score(parameters, human.labels)
    step = Edit.of(TokenRule(above=threshold)).step(
        KEYS, None, seen_by(learner, parameters, human, human)
    )
    labels = np.asarray(step.data.labels)
    assert labels.dtype == human.labels.dtype
    kept = np.exp(scores) < threshold - 1e-5
    assert 0.1 < kept.mean() < 0.95
    np.testing.assert_array_equal(labels[:, :, 1:][kept], human.labels[:, :, 1:][kept])
    found = changes(human, step.data, step.memory)
    assert (found.changed <= found.eligible).all() and (found.changed > 0).all()
    assert (found.eligible <= 1 - kept.sum(axis=(1, 2)) / human.labels[0].size).all()


def test_anchored_edits_keep_human_tokens_whatever_was_edited_before(learner, parameters, human):
    rng = np.random.default_rng(5)
    other = Blocks(rng.integers(1, 12, human.labels.shape).astype(np.int32))
    rule = TokenRule(above_share=0.25)
    step = Edit.of(rule, "anchored").step(KEYS, None, seen_by(learner, parameters, other, human))
    chained = Edit.of(rule).step(KEYS, None, seen_by(learner, parameters, human, human))
    np.testing.assert_array_equal(step.data.labels, chained.data.labels)
    kept = ~np.asarray(step.memory)
    np.testing.assert_array_equal(np.asarray(step.data.labels)[kept], human.labels[kept])


def test_replacements_can_be_made_to_differ(learner, parameters, human):
    """`reject_current`: every eligible token changes."""
    other = replace(learner, replacement=Sampler(reject_current=True))
    step = Edit.of(TokenRule(above_share=0.5)).step(
        KEYS, None, seen_by(other, parameters, human, human)
    )
    found = changes(human, step.data, step.memory)
    np.testing.assert_array_equal(found.changed, found.eligible)
    assert (found.eligible > 0.3).all()


# Blind edits


def test_blind_edits_take_a_share_of_the_tokens_whatever_they_are():
    """Each token with that probability: a binomial law, seed by seed and sure or not."""
    seen = np.repeat(surprises(1.0, 0.5, 1e-6, 1.0), 5000, axis=1).repeat(2, axis=0)
    seen[:, :, 3] = np.nan  # as the first token of a block is
    found = mask(TokenRule(blind_share=0.125), seen)
    assert not found[:, :, 3].any() and (found[0] != found[1]).any()
    for token in range(3):
        count = found[:, :, token].sum()
        assert stats.binomtest(int(count), 10_000, 0.125).pvalue > 1e-6
        assert stats.binomtest(int(count), 10_000, 0.15).pvalue < 1e-6  # the control
    np.testing.assert_array_equal(found, mask(TokenRule(blind_share=0.125), seen))
    assert not mask(TokenRule(blind_share=0.0), seen).any()


def test_shares_of_blind_edits_are_shares():
    with pytest.raises(ValueError, match="blind_share=2.0: accepted is"):
        TokenRule(blind_share=2.0)
