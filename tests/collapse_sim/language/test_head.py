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


log_probabilities = nnx.jit(head.log_probabilities)


@nnx.jit
def flat_logits(model: Transformer, tokens: jax.Array) -> jax.Array:
    return model.logits(model(tokens))


def log_laws(model: Transformer, tokens: jax.Array) -> np.ndarray:
    """(batch, time - 1, vocabulary): everything at once, in float64 after the logits."""
    logits = np.asarray(flat_logits(model, tokens), float).reshape(*tokens.shape, -1)[:, :-1]
    return logits - np.log(np.exp(logits).sum(-1, keepdims=True))


# Slices


VOCABULARY = 8


def made_up(x, scale):
    """A function of rows and their scales, with gradients with respect to both."""
    table = jnp.linspace(-1.0, 1.0, 3 * VOCABULARY).reshape(3, VOCABULARY)
    logits = jnp.sin(x @ table)
    return jax.nn.logsumexp(logits, axis=1) * scale, jnp.argmax(logits, axis=1)


def sliced(x, scale, slice_floats):
    return head.over_positions(made_up, VOCABULARY, x, scale, slice_floats=slice_floats)


@partial(jax.jit, static_argnums=(0, 3))  # one program, not one for each operation
def values_and_gradients(function, x, scale, *more):
    def total(x, scale):
        found = function(x, scale, *more)
        return jnp.sum(found[0] ** 2), found

    gradients, values = jax.grad(total, argnums=(0, 1), has_aux=True)(x, scale)
    return values, gradients


@pytest.mark.parametrize("rows", [1, 7, 12, 30])
@pytest.mark.parametrize("slice_floats", [1, 8, 20, 95, 96, 10**6])
def test_slices_change_neither_values_nor_gradients(rows, slice_floats):
    rng = np.random.default_rng(3)
    x = jnp.asarray(rng.standard_normal((rows, 3)), jnp.float32)
    scale = jnp.asarray(rng.standard_normal(rows), jnp.float32)
    values, gradients = values_and_gradients(sliced, x, scale, slice_floats)
    expected, slopes = values_and_gradients(made_up, x, scale)
    for found, right in zip(values, expected, strict=True):
        assert found.shape == right.shape
        np.testing.assert_allclose(found, right, rtol=1e-6)
    for found, right in zip(gradients, slopes, strict=True):
        assert np.abs(right).max() > 0.01
        np.testing.assert_allclose(found, right, rtol=1e-5, atol=1e-6)


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
    found = np.asarray(log_probabilities(model, tokens))
    assert found.shape == (7, 4)
    whole = log_laws(model, tokens)
    expected = np.take_along_axis(whole, np.asarray(tokens)[:, 1:, None], 2)[..., 0]
    np.testing.assert_allclose(found, expected, atol=2e-5)
    assert expected.std() > 0.1 and (found < 0).all()


def test_probabilities_of_all_continuations_sum_to_one(model):
    """Of the 6^2 texts of three tokens that begin alike."""
    pairs = np.stack(np.meshgrid(np.arange(6), np.arange(6)), -1).reshape(-1, 2)
    texts = np.column_stack([np.full(36, 4), pairs]).astype(np.int32)
    scores = np.asarray(log_probabilities(model, jnp.asarray(texts)), float)
    assert np.exp(scores.sum(axis=1)).sum() == pytest.approx(1, rel=1e-5)


def test_redrawing_scores_the_tokens_that_stand_there(model, tokens):
    uniform = jnp.full((7, 4), 0.5)
    scores, drawn = head.redraw(model, tokens, uniform, Sampler())
    np.testing.assert_allclose(scores, log_probabilities(model, tokens), atol=1e-6)
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
