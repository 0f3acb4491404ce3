"""Fine-tuned decoders: the cache, low-rank updates, gradients, and the project's own loop."""

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import collapse_sim as cs
from collapse_sim.editing import Edit
from collapse_sim.language.decoding import row_uniforms
from collapse_sim.language.editing import TokenRule
from collapse_sim.language.human_text import HumanText
from collapse_sim.language.learner import LanguageLearner
from collapse_sim.language.pretrained.fine_tuned import FineTuned
from collapse_sim.language.pretrained.load import load
from collapse_sim.language.programs import make_mesh
from collapse_sim.language.sampling import Sampler
from collapse_sim.language.training import ModelConfig, Training, mean_loss
from collapse_sim.regimes import Replace
from collapse_sim.workplace import replicate_keys
from tests.collapse_sim.language.pretrained import tiny

TIME, PROMPT, RANK, BLOCKS = 6, 4, 3, 8
LEVEL = 5e-4
"""Probability that about half of TOKENS have."""
ONE = make_mesh(1, jax.devices()[:1])
TOKENS = np.random.default_rng(5).integers(1, tiny.VOCABULARY, (BLOCKS, PROMPT + TIME), np.int32)


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    return model_of(tmp_path_factory, "llama")


def model_of(factory, family):
    config = tiny.CONFIGS[family]
    return load(tiny.write_folder(factory.mktemp(family), config, tiny.tensors(config)))


@pytest.fixture(scope="module")
def full(model) -> FineTuned:
    return FineTuned.of(model, mesh=ONE)


@pytest.fixture(scope="module")
def low_rank(model) -> FineTuned:
    return FineTuned.of(model, rank=RANK, mesh=ONE)


@pytest.fixture(scope="module")
def learner(full) -> LanguageLearner:
    held_out = {"text": TOKENS[::-1, :TIME]}
    text = HumanText(TOKENS[:, PROMPT:], held_out, before=TOKENS[:, :PROMPT])
    training = Training(4, batch=8, peak_rate=1e-2)
    return LanguageLearner(full, training, ONE, end_of_text=None, text=text, parts=4)


@jax.jit
def logits(config, parameters, tokens):
    model = config.model(parameters)
    return model.logits(model(tokens)).reshape(*tokens.shape, -1)


# The cache


@pytest.mark.parametrize("family", ["llama", "qwen2", "gpt2"])
def test_steps_with_a_cache_give_the_logits_of_the_whole_pass(family, tmp_path_factory):
    """With keys shared by queries, with biases, and with positions that are learned."""
    own = FineTuned.of(model_of(tmp_path_factory, family), mesh=ONE)

    @partial(jax.jit, static_argnames="late")
    def stepped(own, tokens, late=0):
        decoder = own.model(own.base)

        def step(cache, at):
            hidden, cache = decoder.step(tokens[:, at], at + late, cache)
            return cache, decoder.logits(hidden)

        start = decoder.empty_cache(BLOCKS, PROMPT + TIME + late)
        return jax.lax.scan(step, start, jnp.arange(PROMPT + TIME))[1].swapaxes(0, 1)

    whole = logits(own, own.base, TOKENS)
    np.testing.assert_allclose(stepped(own, TOKENS), whole, atol=2e-4, rtol=1e-4)
    assert np.abs(stepped(own, TOKENS, late=1) - whole).max() > 0.05


def test_text_goes_on_from_human_text_as_the_uncached_model_draws_it(learner, full):
    """Token by token, with the same uniform numbers; and it is the text's own continuation."""
    keys = replicate_keys(jax.random.key(0), 1)
    human, _ = learner.human(keys)
    made = learner.generate(keys, seed_axis(full.base), human)
    assert made.labels.shape == (1, BLOCKS, TIME)
    joined = np.concatenate([TOKENS[:, :PROMPT], made.labels[0]], axis=1)
    uniforms = row_uniforms(keys[0], jnp.arange(BLOCKS), PROMPT + TIME - 1)
    drawn = Sampler().draw(uniforms, logits(full, full.base, joined)[:, :-1])
    np.testing.assert_array_equal(drawn[:, PROMPT - 1 :], made.labels[0])
    twice = learner.generate(keys, seed_axis(full.base), human, 2)
    np.testing.assert_array_equal(twice.labels[:, :BLOCKS], made.labels)


def seed_axis(parameters):
    return jax.tree.map(lambda x: x[None], parameters)


# Low-rank updates


def with_factors(low_rank, scale=1.0):
    """Its first parameters, with B drawn instead of 0."""
    first = low_rank.initial(jax.random.key(1))
    draw = np.random.default_rng(2)

    def filled(path, leaf):
        is_b = "lora_b" in jax.tree_util.keystr(path)
        return jnp.asarray(scale * draw.normal(0, 0.1, leaf.shape), leaf.dtype) if is_b else leaf

    return jax.tree_util.tree_map_with_path(filled, first)


def name_of(path) -> str:
    """The names on the way to an array, whatever kinds of keys those are."""
    words = [str(getattr(key, "key", getattr(key, "name", ""))) for key in path]
    return "/".join(word for word in words if word not in ("value", "raw_value"))


def by_path(tree) -> dict[str, np.ndarray]:
    return {name_of(path): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(tree)}


def test_without_steps_low_rank_updates_change_nothing(full, low_rank):
    first = low_rank.initial(jax.random.key(1))
    matrices = 4 * tiny.LAYERS
    assert len(jax.tree.leaves(first)) == 2 * matrices
    found = logits(low_rank, first, TOKENS)
    np.testing.assert_array_equal(found, logits(full, full.base, TOKENS))
    assert np.abs(logits(low_rank, with_factors(low_rank), TOKENS) - found).max() > 0.1


def test_low_rank_updates_are_matrices_added_to_the_base_s(full, low_rank):
    """W + A B for every matrix; with 1.02 A B another model."""
    factors = with_factors(low_rank)
    named = by_path(factors)

    def merged(scale):
        def add(path, leaf):
            a, b = (named.get(name_of(path).replace("kernel", f"lora/lora_{x}")) for x in "ab")
            return leaf if a is None or b is None else leaf + scale * a @ b

        return jax.tree_util.tree_map_with_path(add, full.base)

    found = logits(low_rank, factors, TOKENS)
    np.testing.assert_allclose(found, logits(full, merged(1.0), TOKENS), atol=1e-4)
    assert np.abs(found - logits(full, merged(1.02), TOKENS)).max() > 1e-3


# Gradients


@jax.jit
def gradient(config, parameters, tokens):
    return jax.value_and_grad(partial(mean_loss, config))(parameters, tokens)


def test_the_gradient_of_full_fine_tuning_is_the_slope_of_the_loss(full):
    """Along itself, where the slope is its square."""
    _, slopes = gradient(full, full.base, TOKENS)
    square = sum(
        float((np.asarray(leaf, np.float64) ** 2).sum()) for leaf in jax.tree.leaves(slopes)
    )
    h = 0.02 / square
    moved = [
        jax.tree.map(lambda x, g, s=sign: x + s * h * g, full.base, slopes) for sign in (1, -1)
    ]
    above, below = (float(gradient(full, own, TOKENS)[0]) for own in moved)
    assert (above - below) / (2 * h) == pytest.approx(square, rel=0.01)


def test_low_rank_gradients_follow_from_the_full_one(full, low_rank):
    """With y = x (W + A B): dB = A' dW and, at B = 0, dA = 0; exact but for rounding."""
    first = low_rank.initial(jax.random.key(1))
    loss, found = gradient(low_rank, first, TOKENS)
    whole_loss, whole = gradient(full, full.base, TOKENS)
    assert float(loss) == pytest.approx(float(whole_loss), rel=1e-6)
    found, whole, first = by_path(found), by_path(whole), by_path(first)
    names = [name for name in found if name.endswith("lora_b")]
    assert len(names) == 4 * tiny.LAYERS
    for name in names:
        a = name.replace("lora_b", "lora_a")
        assert not np.asarray(found[a]).any()
        expected = first[a].T @ whole[name.replace("lora/lora_b", "kernel")]
        scale = np.abs(expected).max()
        np.testing.assert_allclose(found[name], expected, atol=1e-3 * scale)
        assert np.abs(found[name] - 1.02 * expected).max() > 1e-3 * scale


def test_half_precision_computes_with_float32_parameters(model, full):
    half = FineTuned.of(model, mesh=ONE, dtype=jnp.bfloat16)
    loss, slopes = gradient(half, half.base, TOKENS)
    assert float(loss) == pytest.approx(float(gradient(full, full.base, TOKENS)[0]), rel=0.02)
    assert {leaf.dtype for leaf in jax.tree.leaves(slopes)} == {jnp.dtype("float32")}


# The loop


def trace(learner, regime, seeds=2, **more):
    chain = cs.LanguageChain(learner, regime, 2, **more)
    return cs.simulate(chain, replicates=seeds, seed=3).summary.sample


def test_it_is_a_model_of_the_learner(full, low_rank):
    assert isinstance(full, ModelConfig) and isinstance(low_rank, ModelConfig)


def test_one_seed_at_a_time_gives_the_numbers_of_all_at_once(learner, low_rank):
    own = replace(learner, config=low_rank)
    together, alone = (trace(own, Replace(), seeds_at_once=n) for n in (None, 1))
    assert {"held_out_loss", "held_out_part/3", "training_loss"} <= together.keys()
    for measure, values in together.items():
        np.testing.assert_allclose(values, alone[measure], rtol=1e-4, atol=1e-6)
    losses, parts = together["held_out_loss"], [together[f"held_out_part/{i}"] for i in range(4)]
    np.testing.assert_allclose(np.mean(parts, axis=0), losses, rtol=1e-6)
    assert (losses[0] != losses[1]).all() and (losses[:, 0] != losses[:, 1]).all()


def test_the_same_numbers_on_eight_devices_which_hold_the_base_whole(learner, model):
    mesh = make_mesh(1, jax.devices()[:8])
    spread = replace(learner, config=FineTuned.of(model, mesh=mesh), mesh=mesh)
    found, expected = (trace(own, Replace(), seeds=1) for own in (spread, learner))
    for measure, values in expected.items():
        np.testing.assert_allclose(found[measure], values, rtol=2e-4, atol=1e-6)


def test_frozen_edits_are_those_of_the_pretrained_model(learner, model):
    """Of generation 1, which was trained in between, other tokens would be edited."""
    seen = []
    regime = Edit.of(TokenRule(above=LEVEL), "frozen")
    base = lambda own, keys: own.start(keys).parameters  # noqa: E731
    trace(learner, regime, seeds=1, prior=base, measures=lambda own: seen.append(own) or {})
    before, after = np.asarray(seen[0].data.labels)[0], np.asarray(seen[1].data.labels)[0]

    def eligible(parameters):
        values = jax.nn.log_softmax(logits(learner.config, parameters, before)[:, :-1])
        chosen = np.take_along_axis(np.asarray(values), before[:, 1:, None], axis=-1)[..., 0]
        return np.exp(chosen) >= LEVEL

    first = jax.tree.map(lambda x: x[0], seen[0].model.parameters)
    mine, trained = eligible(learner.config.base), eligible(first)
    changed = (before != after)[:, 1:]
    assert changed.any() and not changed[~mine].any() and not (before != after)[:, 0].any()
    assert (trained & ~mine).sum() > 5  # which generation 1 would have edited


def test_a_rank_that_is_none(model):
    with pytest.raises(ValueError, match=f"rank={tiny.WIDTH}: accepted are integers from 0"):
        FineTuned.of(model, rank=tiny.WIDTH, mesh=ONE)
