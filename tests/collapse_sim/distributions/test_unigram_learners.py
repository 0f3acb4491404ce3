"""Models of words other than frequencies, against sums over every count; t tests at 1e-6."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from collapse_sim.distributions.categorical import CategoricalLearner
from collapse_sim.distributions.new_words import NewWords
from collapse_sim.distributions.sample import Sample
from collapse_sim.distributions.unigram_learners import (
    DirichletLearner,
    PooledLearner,
    TemperedLearner,
)
from collapse_sim.loop import Chain
from collapse_sim.regimes import Replace
from tests.collapse_sim.draws import draw, same_mean
from tests.theory.references_corpora import PAIR, copied, posterior, smoothed, two_models

LAW, COUNT = np.array(PAIR), 2**14
ROUNDS = (1, 2, 3)


def mean_is(values: np.ndarray, expected: np.ndarray) -> None:
    """Means are those expected, and none is that of a formula a tenth off."""
    assert same_mean(values, expected)
    for factor in (0.9, 1.1):
        assert not same_mean(values[:, [-1]], factor * expected[[-1]])


def test_smoothed_frequencies():
    prior = np.full(2, 0.5)
    learner = DirichletLearner(LAW, 4, representation="rows", prior=prior)
    found = draw(Chain(learner, Replace(), 3), seed=1, count=COUNT)["squared_distance"]
    expected = [smoothed(samples=4, pseudo_count=0.5, generation=n) for n in ROUNDS]
    mean_is(found, np.array(expected))


def test_posterior_draws():
    prior = np.array([4.0, 2.0])
    learner = DirichletLearner(LAW, 6, representation="rows", prior=prior, sampled=True)
    found = draw(Chain(learner, Replace(), 3), seed=2, count=COUNT)["first_type"]
    left = [posterior(samples=6, prior=[4.0, 2.0], generation=n) for n in ROUNDS]
    mean_is(found, 2 / 3 + np.array(left) * (PAIR[0] - 2 / 3))
    rows = Sample.of(jnp.zeros(6, jnp.int32), jnp.float32)
    fits = jax.jit(jax.vmap(lambda key: learner.fit(rows, key)))
    laws = fits(jax.random.split(jax.random.key(3), COUNT))
    # Beta(10, 2) has mean 5/6 and second moment 10 * 11 / (12 * 13)
    first = np.asarray(laws, float)[:, [0]]
    mean_is(np.hstack([first, first**2]), np.array([5 / 6, 110 / 156]))


def test_several_models():
    learner = PooledLearner(LAW, 6, representation="rows", models=2)
    found = draw(Chain(learner, Replace(), 3), seed=4, count=COUNT)
    expected = np.array([two_models(samples=3, generation=n) for n in ROUNDS])
    mean_is(found["heterozygosity"], expected[:, 0])
    mean_is(found["spread"], expected[:, 1])


def test_new_words():
    words = NewWords(LAW, 0.25, 3, 3)
    found = draw(words, seed=5, count=COUNT)
    expected = [copied(samples=3, innovation=0.25, generation=n) for n in ROUNDS]
    mean_is(found["alike"], np.array(expected))
    np.testing.assert_array_equal(found["edited_fraction"][0], [0, 1, 1])


def test_a_temperature_below_one_and_human_tokens():
    human = np.array([0.5, 0.5])
    learner = TemperedLearner(LAW, 10, human_law=human, human_share=0.25, temperature=0.5)
    rows = learner.human(jax.random.key(0))[0]
    chance = 0.25 * 0.5 + 0.75 * 0.09 / (0.09 + 0.49)
    model = jnp.asarray(LAW, jnp.float32)
    draws = jax.jit(jax.vmap(lambda key: learner.generate(key, model, rows).labels))
    counts = draws(jax.random.split(jax.random.key(6), COUNT))
    mean_is(np.asarray(counts, float)[:, 0, :1], np.array([10 * chance]))


def test_a_temperature_near_zero_leaves_the_most_frequent_type():
    types = 10
    law = np.append(1.2 / types, np.full(types - 1, (1 - 1.2 / types) / (types - 1)))
    learner = TemperedLearner(law, 500, human_law=law, human_share=0.0, temperature=0.005)
    found = jax.jit(Chain(learner, Replace(), 4))(jax.random.key(8))
    assert found["surviving_types"][-1] == 1 and np.isfinite(found["entropy"]).all()


def test_at_temperature_one_without_human_tokens_it_is_the_plain_learner():
    keys = jax.random.key(7)
    tempered = TemperedLearner(LAW, 10, human_law=LAW, human_share=0.0, temperature=1.0)
    plain = CategoricalLearner(LAW, 10)
    found, expected = (jax.jit(Chain(learner, Replace(), 4))(keys) for learner in (tempered, plain))
    np.testing.assert_array_equal(found["first_type"], expected["first_type"])


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: DirichletLearner(LAW, 4, prior=np.ones(3)), "prior="),
        (lambda: DirichletLearner(LAW, 4, prior=np.array([1.0, -1.0])), "prior="),
        (lambda: DirichletLearner(LAW, 4, prior=np.array([1.0, 0.0]), sampled=True), "prior="),
        (lambda: PooledLearner(LAW, 5, representation="rows", models=2), "models=2"),
        (lambda: PooledLearner(LAW, 4, models=2), "representation=statistics"),
        (lambda: NewWords(LAW, 1.5, 3, 3), "innovation=1.5"),
        (lambda: NewWords(LAW, 0.5, 1, 3), "samples=1"),
        (lambda: NewWords(LAW, 0.5, 3, 0), "generations=0"),
    ],
)
def test_unusable_settings_are_refused(make, named):
    with pytest.raises(ValueError, match=named):
        make()
