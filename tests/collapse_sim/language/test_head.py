"""The output head: slices change nothing, and one pass scores and redraws alike."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx
from scipy import stats

from collapse_sim.language import head
from collapse_sim.language.sampling import Sampler
from collapse_sim.language.transformer import Transformer, TransformerConfig

FALSE_ALARM = 1e-6
"""Of each chi-squared test; all keys are fixed."""

CONFIG = TransformerConfig(6, 5, 1, 2, 8)


@pytest.fixture(scope="module")
def model() -> Transformer:
    model = Transformer(CONFIG, rngs=nnx.Rngs(params=1))
    state = nnx.state(model, nnx.Param)
    nnx.update(model, jax.tree.map(lambda x: x * 30 if x.ndim > 1 else x, state))
    return model


@pytest.fixture(scope="module")
def tokens() -> jax.Array:
    return jnp.asarray(np.random.default_rng(2).integers(0, 6, (7, 5)), jnp.int32)


def log_laws(model: Transformer, tokens: jax.Array) -> np.ndarray:
    """(batch, time - 1, vocabulary): everything at once, in float64 after the logits."""
    logits = np.asarray(model.logits(model(tokens)), float).reshape(*tokens.shape, -1)[:, :-1]
    return logits - np.log(np.exp(logits).sum(-1, keepdims=True))


# Slices


def made_up(vocabulary: int):
    """A function of rows and their scales, with gradients with respect to both."""
    table = jnp.linspace(-1.0, 1.0, 3 * vocabulary).reshape(3, vocabulary)

    def function(x, scale):
        logits = jnp.sin(x @ table)
        return jax.nn.logsumexp(logits, axis=1) * scale, jnp.argmax(logits, axis=1)

    return function


@pytest.mark.parametrize("rows", [1, 7, 12, 30])
@pytest.mark.parametrize("slice_floats", [1, 8, 20, 95, 96, 10**6])
def test_slices_change_neither_values_nor_gradients(rows, slice_floats):
    vocabulary = 8
    rng = np.random.default_rng(3)
    x = jnp.asarray(rng.standard_normal((rows, 3)), jnp.float32)
    scale = jnp.asarray(rng.standard_normal(rows), jnp.float32)
    function = made_up(vocabulary)

    def sliced(x, scale):
        return head.over_positions(function, vocabulary, x, scale, slice_floats=slice_floats)

    for found, expected in zip(sliced(x, scale), function(x, scale), strict=True):
        assert found.shape == expected.shape
        np.testing.assert_allclose(found, expected, rtol=1e-6)
    gradients = [
        jax.grad(lambda x, scale, f=f: jnp.sum(f(x, scale)[0] ** 2), argnums=(0, 1))(x, scale)
        for f in (sliced, function)
    ]
    for found, expected in zip(*gradients, strict=True):
        assert np.abs(expected).max() > 0.01
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("rows", "slice_floats", "largest"),
    [(12, 96, 12), (12, 95, 6), (12, 20, 2), (12, 8, 1), (12, 1, 1), (7, 40, 1), (1, 1, 1)],
)
def test_no_slice_is_larger_than_asked(rows, slice_floats, largest):
    """Rows of 8 logits; only a single row may be more than was asked."""
    seen = []

    def function(x):
        seen.append(x.shape[0])
        return x

    head.over_positions(function, 8, jnp.zeros((rows, 2)), slice_floats=slice_floats)
    assert set(seen) == {largest}
    assert largest * 8 <= slice_floats or largest == 1


def test_a_models_gradient_does_not_depend_on_slices(model, tokens, monkeypatch):
    parameters = nnx.state(model, nnx.Param)
    graph = nnx.graphdef(model)

    def loss(parameters):
        return -head.log_probabilities(nnx.merge(graph, parameters), tokens).mean()

    def sliced(floats: int):
        with monkeypatch.context() as patch:
            small = partial(head.over_positions, slice_floats=floats)
            patch.setattr(head, "over_positions", small)
            return jax.jit(jax.value_and_grad(loss))(parameters)

    whole, parts = sliced(10**6), sliced(24)
    for found, expected in zip(jax.tree.leaves(parts), jax.tree.leaves(whole), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


# Scores and draws


def test_log_probabilities_are_those_of_the_whole_law(model, tokens):
    found = np.asarray(head.log_probabilities(model, tokens))
    assert found.shape == (7, 4)
    whole = log_laws(model, tokens)
    expected = np.take_along_axis(whole, np.asarray(tokens)[:, 1:, None], 2)[..., 0]
    np.testing.assert_allclose(found, expected, atol=2e-5)
    assert expected.std() > 0.1 and (found < 0).all()


def test_probabilities_of_all_continuations_sum_to_one(model):
    """Of the 6^2 texts of three tokens that begin alike."""
    pairs = np.stack(np.meshgrid(np.arange(6), np.arange(6)), -1).reshape(-1, 2)
    texts = np.column_stack([np.full(36, 4), pairs]).astype(np.int32)
    scores = np.asarray(head.log_probabilities(model, jnp.asarray(texts)), float)
    assert np.exp(scores.sum(axis=1)).sum() == pytest.approx(1, rel=1e-5)


def test_redrawing_scores_the_tokens_that_stand_there(model, tokens):
    uniform = jnp.full((7, 4), 0.5)
    scores, drawn = head.redraw(model, tokens, uniform, Sampler())
    np.testing.assert_allclose(scores, head.log_probabilities(model, tokens), atol=1e-6)
    assert drawn.shape == scores.shape


COUNT = 20_000


@pytest.mark.parametrize(
    "sampler", [Sampler(), Sampler(temperature=0.5, top_k=3), Sampler(reject_current=True)], ids=str
)
def test_redrawn_tokens_follow_the_law_given_the_tokens_that_stand_there(model, sampler):
    """At each of four positions of one text, against NumPy's law of it."""
    text = jnp.array([[3, 1, 5, 1, 2]], jnp.int32)
    copies = jnp.broadcast_to(text, (COUNT, 5))
    uniform = jax.random.uniform(jax.random.key(4), (COUNT, 4), minval=1e-7)
    drawn = np.asarray(jax.jit(lambda u: head.redraw(model, copies, u, sampler)[1])(uniform))
    law = np.exp(log_laws(model, text)[0] / float(sampler.temperature))
    if sampler.reject_current:
        law[np.arange(4), np.asarray(text)[0, 1:]] = 0
    if sampler.top_k:
        law[law < np.sort(law, axis=1)[:, [-sampler.top_k]]] = 0
    law /= law.sum(axis=1, keepdims=True)
    for position in range(4):
        found = np.bincount(drawn[:, position], minlength=6)
        possible = law[position] > 0
        assert found[~possible].sum() == 0
        expected = law[position][possible] * COUNT
        fit = stats.chisquare(found[possible], expected * (COUNT / expected.sum()))
        assert fit.pvalue > FALSE_ALARM
    first = np.bincount(drawn[:, 0], minlength=6) / COUNT
    assert np.abs(first - law[1]).max() > 0.02  # the law of another position is another one
