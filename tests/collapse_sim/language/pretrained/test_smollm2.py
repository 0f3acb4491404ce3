"""SmolLM2's real weights: tokens, log-probabilities and hard texts, where they are installed."""

import jax.numpy as jnp
import numpy as np
import pytest

from collapse_sim.language.pretrained import smollm2
from collapse_sim.language.pretrained.decoder import score
from collapse_sim.language.pretrained.edited import Document
from collapse_sim.language.pretrained.editor import Editor
from collapse_sim.language.pretrained.gguf_file import GGUFFile
from collapse_sim.language.pretrained.load import load
from collapse_sim.language.pretrained.rule import EditRule
from tests.collapse_sim.language.pretrained import plain_tokens
from tests.collapse_sim.language.pretrained.hard_texts import HARD

TEXT = (
    "The quick brown fox jumps over the lazy dog. In 1969, Neil Armstrong became the first person "
    'to walk on the Moon; he said: "That\'s one small step for man, one giant leap for mankind."'
)
IDS = [504, 2365, 6354, 16438, 27003, 690, 260, 23790, 2767, 30, 533, 216, 33, 41, 38, 41, 28]
IDS += [27639, 24955, 2163]
LOG_PROBABILITIES = [
    -14.308912, -6.276498, -1.415892, -7.041959, -0.005016, -2.695929, -2.475872, -0.111745,
    -1.773100, -3.671070, -4.146974, -0.600452, -0.404108, -2.657181, -1.579137, -0.344471,
    -7.072912, -2.300000, -2.024853,
]  # fmt: skip
"""Of IDS but the first, in nats: the dequantised weights in float64, by another program."""


@pytest.fixture(scope="module")
def model():
    pytest.importorskip("gguf", reason="needs gguf, of the extra `pretrained`")
    if smollm2.find() is None:
        pytest.skip(f"no weights of SmolLM2, 98 MB: run `{smollm2.COMMAND}`")
    return load("smollm2")


def test_tokens_and_log_probabilities_are_the_reference(model):
    (ids,) = model.encode([TEXT])
    assert len(ids) == 47 and ids[:20].tolist() == IDS
    padded = jnp.array([[*ids, 0, 0]])
    found = score(model.parameters, padded, jnp.array([47]), config=model.config)
    np.testing.assert_allclose(found[0, :19], LOG_PROBABILITIES, atol=1e-4)
    assert not found[0, 46:].any()


def test_the_editor_reads_the_reference_s_probabilities_and_edits_by_them(model):
    editor = Editor(model, EditRule(threshold=0.98), trace=True, max_length=64, batch_tokens=64)
    (found,) = editor.edit([Document("a", TEXT)])
    trace = found.trace
    assert trace.before[:20].tolist() == IDS and found.tokens == 46
    np.testing.assert_allclose(np.log(trace.probability[1:20]), LOG_PROBABILITIES, atol=1e-4)
    assert trace.eligible[1:].tolist() == (trace.probability[1:] >= 0.98).tolist()
    assert trace.eligible[5]  # at -0.005016 nats
    change = (1 - trace.probability[trace.eligible]).sum()
    np.testing.assert_allclose(found.expected_changed, change, atol=5e-5)  # noise of logits
    assert found.changed or found.text == TEXT


def test_hard_texts_have_the_tokens_of_llama_cpp_s_rule(model):
    file = GGUFFile(smollm2.weights())
    tokens, merges, types = (
        file.value(f"tokenizer.ggml.{name}") for name in ("tokens", "merges", "token_type")
    )
    special = [token for token, kind in zip(tokens, types, strict=True) if kind == 3]
    assert special[:3] == ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
    for text, found in zip(HARD, model.encode(HARD), strict=True):
        expected = plain_tokens.encode(text, tokens, merges, special, "smollm")
        assert found.tolist() == expected, text
        assert model.tokenizer.decode(found.tolist(), skip_special_tokens=False) == text


def test_log_probabilities_are_those_of_transformers(model):
    """Which dequantises the same file by its own code."""
    torch = pytest.importorskip(
        "torch", reason="needs torch, for transformers", exc_type=ImportError
    )
    transformers = pytest.importorskip("transformers", reason="needs transformers")
    pytest.importorskip("accelerate", reason="needs accelerate, for transformers' GGUF")
    file = smollm2.weights()
    made = transformers.AutoModelForCausalLM.from_pretrained(
        file.parent, gguf_file=file.name, dtype=torch.float32, attn_implementation="eager"
    ).eval()
    (ids,) = model.encode([TEXT])
    with torch.no_grad():
        logits = made(torch.tensor(ids[None].astype(np.int64))).logits[0, :-1]
    expected = torch.log_softmax(logits, -1).numpy()[np.arange(46), ids[1:]]
    found = score(model.parameters, jnp.array([[*ids, 0, 0]]), jnp.array([47]), config=model.config)
    np.testing.assert_allclose(found[0, :46], expected, atol=1e-4)
