"""Every family against its plain NumPy statement: logits, padding, packing, types, shards."""

import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest

from collapse_sim.language.pretrained.decoder import score
from collapse_sim.language.pretrained.load import load
from tests.collapse_sim.language.pretrained import plain_decoder, tiny

TOKENS = np.random.default_rng(7).integers(0, tiny.VOCABULARY, 48).tolist()


@pytest.fixture(scope="module", params=tiny.CONFIGS)
def case(request, tmp_path_factory):
    """Config, tensors, loaded model and the logits of TOKENS."""
    config = tiny.CONFIGS[request.param]
    arrays = tiny.tensors(config)
    folder = tiny.write_folder(tmp_path_factory.mktemp(request.param), config, arrays)
    return config, arrays, load(folder), plain_decoder.logits(config, arrays, TOKENS)


def logits(model, tokens, positions=None):
    decoder = model.decoder()
    hidden = decoder(jnp.array(tokens), None if positions is None else jnp.array(positions))
    return np.asarray(decoder.logits(hidden)).reshape(*np.shape(tokens), -1)


def log_softmax(x):
    shifted = x - x.max(-1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(-1, keepdims=True))


def test_logits_are_those_of_the_plain_decoder(case):
    _, _, model, expected = case
    assert np.abs(expected).max() > 3
    np.testing.assert_allclose(logits(model, [TOKENS])[0], expected, atol=1e-4)


def test_scores_with_padding_are_those_without(case):
    _, _, model, expected = case
    lengths = [48, 31, 1]
    padded = np.array([TOKENS, TOKENS[:31] + 17 * [5], TOKENS[:1] + 47 * [0]])
    found = score(model.parameters, jnp.array(padded), jnp.array(lengths), config=model.config)
    exact = log_softmax(expected)[np.arange(47), TOKENS[1:]]
    for row, length in zip(np.asarray(found), lengths, strict=True):
        np.testing.assert_allclose(row[: length - 1], exact[: length - 1], atol=1e-4)
        assert not row[length - 1 :].any()


def test_packed_documents_do_not_see_each_other(case):
    config, arrays, model, _ = case
    cuts = [(0, 13), (13, 14), (14, 48)]
    positions = np.concatenate([np.arange(end - start) for start, end in cuts])
    packed = logits(model, [TOKENS], [positions])[0]
    for start, end in cuts:
        alone = plain_decoder.logits(config, arrays, TOKENS[start:end])
        np.testing.assert_allclose(packed[start:end], alone, atol=1e-4)


@pytest.mark.parametrize("case", ["llama3", "gpt2"], indirect=True)
def test_shards_give_the_same_parameters_and_another_digest(case, tmp_path):
    config, arrays, model, expected = case
    sharded = load(tiny.write_folder(tmp_path, config, arrays, shards=3))
    assert sharded.digest != model.digest
    assert np.array_equal(logits(sharded, [TOKENS]), logits(model, [TOKENS]))


def test_bfloat16_weights_are_read_exactly_and_computed_in_either_type(tmp_path):
    config = tiny.LLAMA
    arrays = tiny.tensors(config)
    rounded = {name: array.astype(ml_dtypes.bfloat16) for name, array in arrays.items()}
    folder = tiny.write_folder(tmp_path, config, rounded)
    expected = plain_decoder.logits(config, rounded, TOKENS)
    np.testing.assert_allclose(logits(load(folder), [TOKENS])[0], expected, atol=1e-4)
    half = load(folder, dtype=jnp.bfloat16)
    assert half.parameters["embedding"][...].dtype == jnp.bfloat16
    wrong = np.abs(logits(half, [TOKENS])[0] - expected)
    assert 1e-4 < wrong.mean() < 0.05 * np.abs(expected).mean()


def test_gpt2_s_first_names_have_no_prefix(tmp_path):
    arrays = tiny.tensors(tiny.GPT2)
    bare = {name.removeprefix("transformer."): array for name, array in arrays.items()}
    model = load(tiny.write_folder(tmp_path, tiny.GPT2, bare))
    expected = plain_decoder.logits(tiny.GPT2, arrays, TOKENS)
    np.testing.assert_allclose(logits(model, [TOKENS])[0], expected, atol=1e-4)


def test_more_tokens_than_the_context_are_refused(case):
    with pytest.raises(ValueError, match="^time=65: accepted is at most 64, the context$"):
        logits(case[2], [[1] * 65])


def test_logits_are_those_of_transformers(case):
    torch = pytest.importorskip(
        "torch", reason="needs torch, for transformers", exc_type=ImportError
    )
    transformers = pytest.importorskip("transformers", reason="needs transformers")
    config, arrays, model, _ = case
    made = transformers.AutoModelForCausalLM.from_config(
        transformers.AutoConfig.for_model(**config), attn_implementation="eager"
    ).eval()
    weights = {name: torch.tensor(array) for name, array in arrays.items()}
    missing = made.load_state_dict(weights, strict=False)
    assert not missing.unexpected_keys and set(missing.missing_keys) <= {"lm_head.weight"}
    made.tie_weights()
    padded = torch.tensor([TOKENS, TOKENS[:31] + 17 * [0]])
    mask = torch.tensor([48 * [1], 31 * [1] + 17 * [0]])
    with torch.no_grad():
        expected = made(padded, attention_mask=mask).logits.numpy()
    found = logits(model, padded.numpy())
    np.testing.assert_allclose(found[0], expected[0], atol=1e-4)
    np.testing.assert_allclose(found[1, :31], expected[1, :31], atol=1e-4)
