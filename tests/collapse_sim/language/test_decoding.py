"""Generated text: it follows the model's law, and only the number of a row chooses its text."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from collapse_sim.language import decoding
from collapse_sim.language.blocks import Blocks
from collapse_sim.language.head import log_probabilities
from collapse_sim.language.learner import LanguageLearner
from collapse_sim.language.programs import make_mesh
from collapse_sim.language.sampling import Sampler
from collapse_sim.language.training import Training
from collapse_sim.language.transformer import TransformerConfig

FALSE_ALARM = 1e-6
"""Of each chi-squared test; all keys are fixed."""

SEEDS, VOCABULARY, TIME, COUNT = 2, 5, 6, 20_000
CONFIG = TransformerConfig(VOCABULARY, TIME, 1, 2, 8)
KEYS = jax.random.split(jax.random.key(2), SEEDS)


@pytest.fixture(scope="module")
def learner() -> LanguageLearner:
    return LanguageLearner(CONFIG, Training(1), make_mesh(SEEDS, jax.devices()[:1]), rows=64)


@pytest.fixture(scope="module")
def parameters(learner):
    """Models with opinions, which fresh ones do not have."""
    fresh = learner.start(jax.random.split(jax.random.key(1), SEEDS)).parameters
    return jax.tree.map(lambda x: x * 12 if x.ndim > 2 else x, fresh)


def prompts(count: int, length: int = TIME, seed: int = 3) -> np.ndarray:
    shape = (SEEDS, count, length)
    return np.random.default_rng(seed).integers(0, VOCABULARY, shape).astype(np.int32)


@jax.jit
def scores(parameters, tokens):
    return jax.vmap(lambda p, t: log_probabilities(CONFIG.model(p), t))(parameters, tokens)


def laws(parameters, beginning: list[int]) -> np.ndarray:
    """The law of the token after `beginning`, for each seed, from scores of whole sequences."""
    continued = np.array([[*beginning, token] for token in range(VOCABULARY)], np.int32)
    tokens = jnp.asarray(np.broadcast_to(continued, (SEEDS, *continued.shape)))
    return np.exp(np.asarray(scores(parameters, tokens), float)[:, :, -1])


@pytest.fixture(scope="module")
def texts(parameters) -> np.ndarray:
    """Many continuations of the token 1."""
    generate = jax.jit(
        lambda parameters, rows, given: decoding.generate(
            parameters, KEYS, rows, given, Sampler(), config=CONFIG, time=4
        )
    )
    given = jnp.ones((SEEDS, COUNT, 1), jnp.int32)
    return np.asarray(generate(parameters, jnp.arange(COUNT), given))


def allows(found: np.ndarray, law: np.ndarray) -> bool:
    """Whether a chi-squared test leaves it possible that tokens have this law."""
    counts = np.bincount(found, minlength=len(law))
    expected = law / law.sum() * len(found)
    assert expected.min() > 5
    return bool(stats.chisquare(counts, expected).pvalue > FALSE_ALARM)


def test_the_second_token_follows_the_models_law(parameters, texts):
    law = laws(parameters, [1])
    np.testing.assert_allclose(law.sum(axis=1), 1, rtol=1e-5)
    for seed in range(SEEDS):
        assert allows(texts[seed, :, 1], law[seed])
    assert not allows(texts[0, :, 1], law[1])  # the control: the other seed's law
    assert (np.abs(law - 1 / VOCABULARY) > 0.02).any(axis=1).all()  # and it is not uniform


def test_the_third_token_follows_the_models_law_given_the_second(parameters, texts):
    """Through the cache, for each second token apart."""
    seen = []
    for second in range(VOCABULARY):
        law = laws(parameters, [1, second])
        seen.append(law)
        for seed in range(SEEDS):
            found = texts[seed, texts[seed, :, 1] == second, 2]
            assert len(found) > 500
            assert allows(found, law[seed])
    found = texts[0, texts[0, :, 1] == 0, 2]
    other = max(range(1, VOCABULARY), key=lambda second: np.abs(seen[second] - seen[0])[0].max())
    assert not allows(found, seen[other][0])  # the control: the law after another token


def test_rows_and_seeds_draw_their_own_numbers(texts):
    """Equal prompts, other texts: two draws agree as often as independent ones."""
    for seed in range(SEEDS):
        same = (texts[seed, 1:] == texts[seed, :-1]).all(axis=1).mean()
        assert same < 0.2
    assert (texts[0] == texts[1]).all(axis=1).mean() < 0.2


@pytest.mark.parametrize("length", [1, 3, 5])
def test_texts_begin_with_their_prompts(learner, parameters, length):
    like = Blocks(prompts(9))
    made = np.asarray(replace(learner, prompt=length).generate(KEYS, parameters, like).labels)
    assert made.shape == like.labels.shape and made.dtype == like.labels.dtype
    np.testing.assert_array_equal(made[:, :, :length], like.labels[:, :, :length])
    assert made.min() >= 0 and made.max() < VOCABULARY
    assert (made[:, :, length:] != like.labels[:, :, length:]).any()


def test_what_comes_after_the_prompt_depends_on_it_alone(learner, parameters):
    """Not on the rest of the human block."""
    like, other = prompts(9), prompts(9, seed=4)
    other[:, :, :2] = like[:, :, :2]
    assert (like != other).any()
    first, second = (
        replace(learner, prompt=2).generate(KEYS, parameters, Blocks(tokens)).labels
        for tokens in (like, other)
    )
    np.testing.assert_array_equal(first, second)


def test_batches_do_not_change_a_text(learner, parameters):
    """The number of a row chooses its random numbers, whatever it is computed with."""
    like = Blocks(prompts(50))
    expected = learner.generate(KEYS, parameters, like).labels
    for rows in (4, 7):
        found = replace(learner, rows=rows).generate(KEYS, parameters, like).labels
        np.testing.assert_array_equal(found, expected)
    beginning = learner.generate(KEYS, parameters, Blocks(like.labels[:, :11])).labels
    np.testing.assert_array_equal(beginning, expected[:, :11])


def test_groups_on_a_cpu_do_not_change_a_text(learner, parameters, monkeypatch):
    """Rows are generated a few at a time, so that their cache stays near the core."""
    like = Blocks(prompts(48))
    expected = learner.generate(KEYS, parameters, like).labels
    monkeypatch.setattr(decoding, "CPU_CACHE_FLOATS", 2 * CONFIG.width * TIME * 3)
    grouped = replace(learner, rows=48, prompt=1)
    jax.clear_caches()  # the number of rows in a group is no argument of the program
    found = grouped.generate(KEYS, parameters, like).labels
    np.testing.assert_array_equal(found, expected)


def test_parts_are_told_as_they_are_done(learner, parameters):
    like = Blocks(prompts(10))
    told = []
    watched = replace(learner, rows=4, watch=told.append)
    assert watched.generate(KEYS, parameters, like).labels.shape == (2, 10, 6)
    assert told == [2 * 6 * blocks for blocks in (4, 8, 10)]


def test_copies_are_other_texts_of_the_same_prompts(learner, parameters):
    like = Blocks(prompts(4))
    twice = learner.generate(KEYS, parameters, like, 2).labels
    np.testing.assert_array_equal(twice[:, :4], learner.generate(KEYS, parameters, like).labels)
    np.testing.assert_array_equal(twice[:, 4:, 0], twice[:, :4, 0])
    assert (twice[:, 4:] != twice[:, :4]).any()


def test_a_random_number_belongs_to_its_row():
    key = jax.random.key(5)
    some = decoding.row_uniforms(key, jnp.array([3, 0, 7]), 4)
    every = decoding.row_uniforms(key, jnp.arange(8), 4)
    np.testing.assert_array_equal(some, every[jnp.array([3, 0, 7])])
    assert len(np.unique(every)) == 32
    assert (np.asarray(every) > 0).all() and (np.asarray(every) < 1).all()


def test_nothing_follows_the_stop(parameters):
    """A text that stops is filled with the stop; before that it is the text without one."""
    rows, given = jnp.arange(400), jnp.asarray(prompts(400, 1))

    def generate(stop):
        run = jax.jit(
            lambda parameters, given: decoding.generate(
                parameters, KEYS, rows, given, Sampler(), config=CONFIG, time=TIME, stop=stop
            )
        )
        return np.asarray(run(parameters, given))

    free, stopped = generate(None), generate(2)
    after = np.zeros(free.shape, bool)
    after[:, :, 1:] = np.cumsum(free == 2, axis=2)[:, :, :-1] > 0
    assert 0.1 < after.mean() < 0.9 and (free[after] != 2).any()
    np.testing.assert_array_equal(stopped, np.where(after, 2, free))


@pytest.mark.parametrize("stop", [None, 2])
def test_prompts_of_many_lengths_are_continued_as_those_of_one(parameters, stop):
    """Each row as in a batch whose prompts are all as long; what stands beyond is not read."""
    rows, given = jnp.arange(40), jnp.asarray(prompts(40))
    lengths = np.random.default_rng(7).integers(1, TIME, (SEEDS, 40)).astype(np.int32)

    @jax.jit
    def generate(parameters, given, lengths=None):
        return decoding.generate(
            parameters, KEYS, rows, given, Sampler(),
            config=CONFIG, time=TIME, stop=stop, lengths=lengths,
        )  # fmt: skip

    found = np.asarray(generate(parameters, given, jnp.asarray(lengths)))
    for length in (1, 4):
        expected = np.asarray(generate(parameters, given[:, :, :length]))
        alike = lengths == length
        assert alike.any(axis=1).all()
        np.testing.assert_array_equal(found[alike], expected[alike])


def test_samplers_are_used(learner, parameters):
    """The most probable token every time is what scores say it is."""
    greedy = replace(learner, generation=Sampler(top_k=1))
    made = np.asarray(greedy.generate(KEYS, parameters, Blocks(prompts(3))).labels)
    for seed in range(SEEDS):
        for text in made[seed]:
            for position in range(1, TIME):
                law = laws(parameters, text[:position].tolist())[seed]
                assert law[text[position]] == pytest.approx(law.max(), rel=1e-4)
