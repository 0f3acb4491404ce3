"""Fits to some of the tokens: the loss is theirs alone, and data sets carry which they are."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from collapse_sim.language.blocks import Blocks
from collapse_sim.language.learner import LanguageLearner
from collapse_sim.language.programs import make_mesh
from collapse_sim.language.training import Training, batch_order, initial_state, mean_loss
from collapse_sim.language.transformer import TransformerConfig
from tests.collapse_sim.language.scores import scores

SEEDS, BLOCKS, TIME, VOCABULARY = 2, 6, 8, 11
CONFIG = TransformerConfig(VOCABULARY, TIME, 1, 2, 16)
TRAINING = Training(5, batch=4, peak_rate=1e-2)
KEYS = jax.random.split(jax.random.key(1), SEEDS)
GIVEN, ANSWERED = np.array([1, 2, 3, 4, 5, 6]), np.array([3, 1, 5, 2, 2, 1])


@pytest.fixture(scope="module")
def learner() -> LanguageLearner:
    return LanguageLearner(CONFIG, TRAINING, make_mesh(SEEDS, jax.devices()[:1]))


@pytest.fixture(scope="module")
def parameters():
    """Of one model with opinions."""
    state = initial_state(KEYS, config=CONFIG, training=TRAINING)
    return jax.tree.map(lambda x: x[0] * 12 if x.ndim > 2 else x[0], state.parameters)


def tokens(*shape: int, seed: int = 2) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, VOCABULARY, shape).astype(np.int32)


TOKENS = tokens(BLOCKS, TIME)
POSITIONS = np.arange(TIME)
SCORED = (POSITIONS >= GIVEN[:, None]) & (POSITIONS < (GIVEN + ANSWERED)[:, None])


@jax.jit
def loss_and_gradient(parameters, tokens, scored=None):
    return jax.value_and_grad(lambda p: mean_loss(CONFIG, p, tokens, scored))(parameters)


def distance(first, second) -> float:
    """The largest difference of two trees."""
    differences = jax.tree.map(lambda a, b: jnp.max(jnp.abs(a - b)), first, second)
    return float(max(jax.tree.leaves(differences)))


# The loss


def test_the_loss_is_the_mean_over_all_scored_tokens_of_a_batch(parameters):
    """Not the mean of the blocks' means; the first token of a block is never one of them."""
    with_first = SCORED.copy()
    with_first[:, 0] = True
    found = np.asarray(scores(CONFIG, parameters, TOKENS), float)
    each = [-found[block, at - 1] for block, at in zip(*np.nonzero(SCORED), strict=True)]
    assert len(each) == ANSWERED.sum()
    for scored in (SCORED, with_first):
        loss, _ = loss_and_gradient(parameters, TOKENS, scored)
        np.testing.assert_allclose(loss, np.mean(each), rtol=1e-5)
    means = [-found[block, SCORED[block, 1:]].mean() for block in range(BLOCKS)]
    assert abs(np.mean(means) - np.mean(each)) > 0.02 * np.mean(each)
    assert abs(-found.mean() - np.mean(each)) > 0.02 * np.mean(each)


def test_only_scored_targets_have_a_gradient(parameters):
    """What stands after a response may be anything; the response itself may not."""
    loss, gradient = loss_and_gradient(parameters, TOKENS, SCORED)
    padded, answered = TOKENS.copy(), TOKENS.copy()
    ends = GIVEN + ANSWERED
    rows = np.flatnonzero(ends < TIME)
    assert len(rows) >= 3
    padded[rows, ends[rows]] = (padded[rows, ends[rows]] + 1) % VOCABULARY
    answered[rows, ends[rows] - 1] = (answered[rows, ends[rows] - 1] + 1) % VOCABULARY
    same, unmoved = loss_and_gradient(parameters, padded, SCORED)
    assert float(same) == float(loss) and distance(unmoved, gradient) < 1e-7
    other, moved = loss_and_gradient(parameters, answered, SCORED)
    assert abs(other - loss) > 1e-3 and distance(moved, gradient) > 1e-3


def test_all_scored_is_what_a_fit_without_is(learner):
    labels = tokens(SEEDS, BLOCKS, TIME)
    everywhere = np.ones(labels.shape, bool)
    (without,), (with_all,) = (
        list(learner.train(KEYS, data, learner.start(KEYS)))
        for data in (Blocks(labels), Blocks(labels, everywhere))
    )
    np.testing.assert_allclose(with_all.losses, without.losses, rtol=1e-5)
    assert distance(with_all.state.parameters, without.state.parameters) < 1e-4


@pytest.mark.parametrize("devices", [1, 8])
def test_a_fit_scores_what_its_blocks_say(learner, devices):
    """Every block its own tokens, whatever the order of the blocks and the devices."""
    spread = replace(learner, mesh=make_mesh(SEEDS, jax.devices()[:devices]))
    padding = POSITIONS >= (GIVEN + ANSWERED)[:, None]
    one, other, padded = (
        next(spread.train(KEYS, Blocks.of(tokens, SEEDS, scored), spread.start(KEYS))).losses
        for tokens, scored in (
            (TOKENS, SCORED),
            (TOKENS, SCORED[::-1]),
            (np.where(padding, 0, TOKENS), SCORED),
        )
    )
    np.testing.assert_allclose(padded, one, rtol=1e-5)
    assert (np.abs(other - one).max(axis=1) > 1e-2).all()
    # The first loss of each seed by hand, from the blocks its first batch holds.
    state = learner.start(KEYS)
    for seed in range(SEEDS):
        own = jax.tree.map(lambda x, seed=seed: x[seed], state.parameters)
        chosen = batch_order(KEYS[seed], BLOCKS, TRAINING)[0]
        expected, _ = loss_and_gradient(own, TOKENS[chosen], SCORED[chosen])
        np.testing.assert_allclose(one[seed, 0], expected, rtol=1e-5)


# Starting from parameters


def test_a_start_from_parameters_copies_them_and_forgets_how_they_were_found(learner):
    data = Blocks(tokens(SEEDS, BLOCKS, TIME))
    *_, last = learner.train(KEYS, data, learner.start(KEYS))
    kept = jax.tree.map(np.array, last.state.parameters)
    state = learner.start_from(KEYS, last.state.parameters)
    assert distance(state.parameters, kept) == 0
    fresh = learner.start(KEYS)
    np.testing.assert_array_equal(state.step, [0, 0])
    assert distance(state.optimizer, fresh.optimizer) == 0
    assert distance(last.state.optimizer, fresh.optimizer) > 0
    *_, further = learner.train(KEYS, data, state)
    assert distance(last.state.parameters, kept) == 0  # a fit consumes its own state alone
    assert (further.losses[:, 0] < 2.3).all()  # of ln 11 = 2.40 without any training


# Data sets that say which tokens are scored


def test_data_sets_carry_what_is_scored():
    """A scored token is odd here, so that any other choice of blocks or tokens would show."""
    labels = tokens(SEEDS, BLOCKS, TIME)
    data = Blocks(labels, labels % 2 == 1)
    other = Blocks(labels + 20, labels % 2 == 1)
    for made, size in (
        (data.put(other, 1), 2 * BLOCKS),
        (data.put(other, 1).subsample(KEYS, 2 * BLOCKS, 5), 5),
        (data.subset().pool(3), BLOCKS),
    ):
        assert made.size == size and made.scored is not None
        np.testing.assert_array_equal(made.scored, np.asarray(made.labels) % 2 == 1)
    for one, two in ((data, Blocks(labels)), (Blocks(labels), data)):
        with pytest.raises(ValueError, match="^scored: of one data set alone: accepted are both"):
            one.put(two, 1)


def test_the_same_tokens_are_scored_for_every_seed():
    data = Blocks.of(TOKENS, SEEDS, SCORED)
    np.testing.assert_array_equal(data.scored, [SCORED, SCORED])
    np.testing.assert_array_equal(data.given, [GIVEN, GIVEN])
    wrong = SCORED.copy()
    wrong[3] = [True] + [False] * (TIME - 1)
    with pytest.raises(ValueError, match="^scored: no token of block 3: accepted is at least one"):
        Blocks.of(TOKENS, SEEDS, wrong)
    with pytest.raises(ValueError, match="^scored=None: accepted are blocks that say"):
        _ = Blocks(data.labels).given


def test_what_is_not_scored_is_not_edited(learner):
    data = Blocks.of(TOKENS, SEEDS, SCORED)
    state = learner.start(KEYS)
    found = learner.resample(KEYS, state.parameters, data)
    every = learner.resample(KEYS, state.parameters, Blocks(data.labels))
    np.testing.assert_array_equal(found.labels, every.labels)
    np.testing.assert_array_equal(found.surprise, np.where(SCORED, every.surprise, np.nan))
    assert np.isfinite(found.surprise).any() and not np.isnan(every.surprise[:, ~SCORED]).all()
