"""The transformer against one written out in NumPy, float64, from the papers' formulas."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from scipy import special

from collapse_sim.language.training import Training, initial_state, mean_loss, parameter_count
from collapse_sim.language.transformer import SIZES, Transformer, TransformerConfig, rotate, turns

CONFIGS = {
    "one layer, one head": TransformerConfig(7, 5, 1, 1, 8),
    "gelu": TransformerConfig(13, 9, 2, 2, 16),
    "swiglu": TransformerConfig(13, 9, 2, 2, 16, "swiglu"),
    "four heads, swiglu": TransformerConfig(30, 17, 3, 4, 24, "swiglu"),
}
GELU = CONFIGS["gelu"]


def make(config: TransformerConfig, seed: int = 3) -> Transformer:
    """A model whose every number is far from its start, so that no term is lost in another."""
    model = Transformer(config, rngs=nnx.Rngs(params=seed))
    rng = np.random.default_rng(seed)

    def spread(x):
        x = np.asarray(x)
        if x.ndim == 1:
            return jnp.asarray(1 + 0.3 * rng.standard_normal(x.shape), jnp.float32)
        return jnp.asarray(rng.standard_normal(x.shape) / np.sqrt(x.shape[0]), jnp.float32)

    nnx.update(model, jax.tree.map(spread, nnx.state(model, nnx.Param)))
    return model


def tokens_for(config: TransformerConfig, batch: int = 3, seed: int = 4) -> jax.Array:
    shape = (batch, config.context)
    return jnp.asarray(np.random.default_rng(seed).integers(0, config.vocabulary, shape), jnp.int32)


# The reference


def exact(parameter) -> np.ndarray:
    return np.asarray(parameter[...], np.float64)


def rms_norm(x, scale):
    return x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-6) * scale


def turned(x):
    """(heads, time, head_width): the pair (i, i + half) is a complex number that is turned."""
    half = x.shape[-1] // 2
    angles = np.arange(x.shape[1])[:, None] * 10_000.0 ** (-np.arange(half) / half)
    pairs = (x[..., :half] + 1j * x[..., half:]) * np.exp(1j * angles)
    return np.concatenate([pairs.real, pairs.imag], -1)


def reference_logits(model: Transformer, tokens) -> np.ndarray:
    config, embedding = model.config, exact(model.embedding)
    sequences = []
    for sequence in np.asarray(tokens):
        x = embedding[sequence]
        for layer in model.layers:
            h = rms_norm(x, exact(layer.before_attention.scale))
            fused = (h @ exact(layer.query_key_value.kernel)).reshape(
                len(x), 3, config.heads, config.head_width
            )
            query, key, value = (fused[:, i].transpose(1, 0, 2) for i in range(3))
            scores = turned(query) @ turned(key).transpose(0, 2, 1) / np.sqrt(config.head_width)
            scores[:, ~np.tri(len(x), dtype=bool)] = -np.inf
            mixed = special.softmax(scores, axis=-1) @ value
            x = x + mixed.transpose(1, 0, 2).reshape(x.shape) @ exact(layer.attended.kernel)
            h = rms_norm(x, exact(layer.before_network.scale)) @ exact(layer.widen.kernel)
            if config.activation == "swiglu":
                gate, h = np.split(h, 2, axis=-1)
                h = gate * special.expit(gate) * h
            else:
                h = h / 2 * (1 + np.tanh(np.sqrt(2 / np.pi) * (h + 0.044715 * h**3)))
            x = x + h @ exact(layer.narrow.kernel)
        sequences.append(rms_norm(x, exact(model.norm.scale)) @ embedding.T)
    return np.stack(sequences)


@jax.jit
def logits_of(graph_and_state, tokens):
    model = nnx.merge(*graph_and_state)
    return model.logits(model(tokens)).reshape(*tokens.shape, -1)


def logits(model: Transformer, tokens) -> np.ndarray:
    found = logits_of(nnx.split(model), tokens)
    assert found.dtype == jnp.float32
    return np.asarray(found)


@pytest.mark.parametrize("name", CONFIGS)
def test_logits_are_those_of_the_formulas(name):
    model = make(CONFIGS[name])
    tokens = tokens_for(model.config)
    expected = reference_logits(model, tokens)
    assert expected.std() > 0.3  # nothing is compared with zeros
    found = logits(model, tokens)
    np.testing.assert_allclose(found, expected, atol=3e-6 * np.abs(expected).max())


def test_the_reference_notices_what_it_is_for():
    """A part that a wrong model could lack moves the reference by more than the tolerance."""
    model, tokens = make(GELU), tokens_for(GELU)
    expected = reference_logits(model, tokens)
    for changed in ("attended", "narrow", "query_key_value", "widen"):
        other = make(GELU)
        kernel = getattr(other.layers[1], changed).kernel
        kernel[...] = kernel[...].at[0, 0].add(0.01)
        moved = np.abs(reference_logits(other, tokens) - expected).max()
        assert moved > 1e-4 * np.abs(expected).max(), changed


@pytest.mark.parametrize("name", CONFIGS)
def test_a_token_changes_no_earlier_logit(name):
    model = make(CONFIGS[name])
    tokens = tokens_for(model.config, batch=1)
    before = logits(model, tokens)[0]
    for position in range(model.config.context):
        other = tokens.at[0, position].set((tokens[0, position] + 1) % model.config.vocabulary)
        after = logits(model, other)[0]
        np.testing.assert_array_equal(after[:position], before[:position])
        assert (after[position:] != before[position:]).any(axis=1).all()


@pytest.mark.parametrize("name", CONFIGS)
def test_one_position_at_a_time_is_the_full_pass(name):
    model = make(CONFIGS[name])
    tokens = tokens_for(model.config)
    cache, found = model.empty_cache(len(tokens), model.config.context), []
    step = nnx.jit(lambda model, tokens, at, cache: model.step(tokens, at, cache))
    for position in range(model.config.context):
        hidden, cache = step(model, tokens[:, position], jnp.int32(position), cache)
        found.append(np.asarray(model.logits(hidden)))
    expected = logits(model, tokens)
    np.testing.assert_allclose(np.stack(found, 1), expected, atol=1e-5 * np.abs(expected).max())


def test_rotation_depends_on_distance_alone():
    """And position 0 is not turned at all."""
    rng = np.random.default_rng(5)
    query, key = (jnp.asarray(rng.standard_normal((1, 8)), jnp.float32) for _ in range(2))
    angles = turns(8, 8)
    np.testing.assert_array_equal(rotate(query, angles[:, :1]), query)

    def score(first: int, second: int) -> float:
        there = rotate(query, angles[:, first : first + 1])
        here = rotate(key, angles[:, second : second + 1])
        return float(jnp.sum(there * here))

    assert score(7, 3) == pytest.approx(score(4, 0), abs=1e-5)
    assert abs(score(7, 3) - score(3, 7)) > 1e-2


# Sizes


VOCABULARIES = {"0.016m": 128, 
    "0.1m": 128, "0.5m": 512, "0.9m": 512, "3m": 1024, "11m": 4096, "30m": 8192, "124m": 50_257,
}  # fmt: skip
"""One that each size is used with: embeddings are a large part of a small model."""


def test_every_size_has_its_vocabulary():
    assert VOCABULARIES.keys() == SIZES.keys()


@pytest.mark.parametrize("size", VOCABULARIES)
def test_named_sizes_are_their_names(size):
    config = TransformerConfig.named(size, vocabulary=VOCABULARIES[size], context=64)
    assert parameter_count(config) == pytest.approx(float(size[:-1]) * 1e6, rel=0.15)


def test_parameters_are_counted_by_hand():
    """Vocabulary 13, width 16, 2 layers: embedding, and for each layer 12 width^2 and two norms."""
    assert parameter_count(GELU) == 13 * 16 + 2 * (12 * 16**2 + 2 * 16) + 16
    swiglu = CONFIGS["swiglu"]
    assert swiglu.inner == 48  # 8/3 width, rounded up to a multiple of 8
    assert parameter_count(swiglu) == 13 * 16 + 2 * (4 * 16**2 + 3 * 16 * 48 + 2 * 16) + 16


# The same model computed in other ways


def test_rematerialising_changes_nothing():
    """Neither loss nor gradient."""
    parameters = nnx.state(make(GELU), nnx.Param)
    tokens = tokens_for(GELU)

    def loss(rematerialise: bool):
        config = replace(GELU, rematerialise=rematerialise)
        return jax.jit(jax.value_and_grad(lambda p: mean_loss(config, p, tokens)))(parameters)

    kept, recomputed = loss(False), loss(True)
    assert float(kept[0]) > 1
    for a, b in zip(jax.tree.leaves(kept), jax.tree.leaves(recomputed), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-5, atol=1e-7)


def test_half_precision_is_near():
    model, tokens = make(GELU), tokens_for(GELU)
    expected = logits(model, tokens)
    half = GELU.on(jnp.bfloat16).model(nnx.state(model, nnx.Param))
    assert jax.eval_shape(half, tokens).dtype == jnp.bfloat16
    error = np.abs(logits(half, tokens) - expected).max() / np.abs(expected).max()
    assert 1e-5 < error < 0.05


def test_fresh_models_know_nothing():
    """Their loss is that of a uniform law, and seeds differ."""
    config = replace(GELU, vocabulary=100)
    keys = jax.random.split(jax.random.key(0), 2)
    state = initial_state(keys, config=config, training=Training(1))
    first, second = (jax.tree.map(lambda x, i=i: x[i], state.parameters) for i in range(2))
    score = jax.jit(lambda parameters, tokens: mean_loss(config, parameters, tokens))
    assert float(score(first, tokens_for(config))) == pytest.approx(np.log(100), abs=0.1)
    matrices = zip(jax.tree.leaves(first), jax.tree.leaves(second), strict=True)
    assert all((a != b).any() for a, b in matrices if a.ndim > 1)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"vocabulary": 0}, "vocabulary=0: accepted are integers >= 1"),
        ({"layers": 0}, "layers=0: accepted are integers >= 1"),
        ({"heads": 0}, "heads=0: accepted are integers >= 1"),
        ({"width": 0}, "width=0: accepted are integers >= 1"),
        ({"context": 1}, "context=1: accepted are integers >= 2"),
        ({"width": 18}, r"width=18: accepted are multiples of 2 \* heads = 4"),
    ],
)
def test_bad_sizes(change, says):
    with pytest.raises(ValueError, match=says):
        replace(GELU, **change)


def test_unknown_sizes_are_told_the_known_ones():
    with pytest.raises(ValueError, match="size=7b: accepted are 0.016m, 0.1m, 0.5m, 0.9m"):
        TransformerConfig.named("7b", vocabulary=10, context=8)
