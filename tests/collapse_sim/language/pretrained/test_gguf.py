"""GGUF: the same logits as from the plain decoder, and the tokens that llama.cpp's rule gives."""

import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collapse_sim.language.pretrained import gguf_contents, text_tokens
from collapse_sim.language.pretrained.gguf_file import GGUFFile, halves_apart
from collapse_sim.language.pretrained.load import load
from tests.collapse_sim.language.pretrained import plain_decoder, plain_tokens, tiny
from tests.collapse_sim.language.pretrained.hard_texts import HARD

gguf = pytest.importorskip("gguf", reason="needs gguf, of the extra `pretrained`")

from tests.collapse_sim.language.pretrained import gguf_files  # noqa: E402

TOKENS = np.random.default_rng(7).integers(0, tiny.VOCABULARY, 48).tolist()


@pytest.mark.parametrize("name", tiny.CONFIGS)
def test_logits_are_those_of_the_plain_decoder(name, tmp_path):
    config = tiny.CONFIGS[name]
    arrays = tiny.tensors(config)
    divisors = None
    if "rope_scaling" in config:
        plain = config | {"rope_scaling": None}
        ratio = plain_decoder.frequencies(plain) / plain_decoder.frequencies(config)
        divisors = ratio.astype(np.float32)
        assert 1 in ratio and 8 in ratio.round(6)
    model = load(gguf_files.write(tmp_path / "tiny.gguf", config, arrays, divisors=divisors))
    decoder = model.decoder()
    found = decoder.logits(decoder(jnp.array([TOKENS])))
    expected = plain_decoder.logits(config, arrays, TOKENS)
    np.testing.assert_allclose(np.asarray(found), expected, atol=1e-4)


def test_rows_of_pairs_are_put_apart():
    rows = np.array([0, 2, 1, 3, 10, 12, 11, 13])  # two heads of (first, second), (first, second)
    assert halves_apart(rows, 2).tolist() == [0, 1, 2, 3, 10, 11, 12, 13]


def test_quantised_weights_are_dequantised(tmp_path):
    path = tmp_path / "tiny.gguf"
    values = np.random.default_rng(0).normal(size=(4, 64)).astype(np.float32)
    writer = gguf.GGUFWriter(path, "llama")
    packed = gguf.quants.quantize(values, gguf.GGMLQuantizationType.Q4_1)
    writer.add_tensor("output.weight", packed, raw_dtype=gguf.GGMLQuantizationType.Q4_1)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    found = GGUFFile(path).read("output.weight")
    blocks = values.reshape(4, 2, 32)
    step = (blocks.max(2) - blocks.min(2)).repeat(32, 1) / 15
    assert found.shape == values.shape and (np.abs(found - values) <= 0.55 * step).all()


NUMBERS = {
    "UINT8": 2**8 - 1, "INT8": -(2**7), "UINT16": 2**16 - 1, "INT16": -(2**15),
    "UINT32": 2**32 - 1, "INT32": -(2**31), "UINT64": 2**64 - 1, "INT64": -(2**63),
    "FLOAT32": -1.5, "FLOAT64": 1 + 2**-40, "BOOL": True,
}  # fmt: skip
"""By type, one that no other type of its size holds."""


def test_numbers_of_every_type_are_read(tmp_path):
    writer = gguf.GGUFWriter(tmp_path / "tiny.gguf", "llama")
    for name, number in NUMBERS.items():
        writer.add_key_value(name, number, gguf.GGUFValueType[name])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    metadata, _ = gguf_contents.read(tmp_path / "tiny.gguf", gguf)
    assert {name: metadata[name] for name in NUMBERS} == NUMBERS


@pytest.fixture(scope="module", params=["smollm", "gpt-2"])
def rebuilt(request, tmp_path_factory):
    path = tmp_path_factory.mktemp("words") / "tiny.gguf"
    gguf_files.write(path, tiny.LLAMA, tiny.tensors(tiny.LLAMA), cut=request.param)
    return request.param, text_tokens.of_gguf(GGUFFile(path))


@given(text=st.text(max_size=30) | st.text("aet '\t\n\r.1٣<|im_end>\u3000", max_size=30))
@settings(max_examples=60)
def test_tokens_of_any_text_are_those_of_the_rule(rebuilt, text):
    agree(rebuilt, text)


@pytest.mark.parametrize("text", HARD)
def test_tokens_of_hard_text_are_those_of_the_rule(rebuilt, text):
    agree(rebuilt, text)


def agree(rebuilt, text):
    cut, tokenizer = rebuilt
    tokens, merges = gguf_files.words()
    (found,) = text_tokens.encode(tokenizer, [text])
    expected = plain_tokens.encode(text, tokens, merges, gguf_files.SPECIAL, cut)
    assert found.tolist() == expected
    assert tokenizer.decode(found.tolist(), skip_special_tokens=False) == text


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"architecture": "gemma3"}, "general.architecture=gemma3: accepted are gpt2, llama"),
        ({"cut": "tekken"}, "tokenizer.ggml.pre=tekken: accepted are gpt-2, smollm"),
        ({"words": "llama"}, "tokenizer.ggml.model=llama: accepted is gpt2"),
    ],
)
def test_another_model_is_refused(changes, told, tmp_path):
    path = tmp_path / "tiny.gguf"
    gguf_files.write(path, tiny.LLAMA, tiny.tensors(tiny.LLAMA), **changes)
    with pytest.raises(ValueError) as raised:
        load(path)
    assert str(raised.value).startswith(f"{path}: {told}")


@pytest.mark.parametrize("merge", ["one-word", "no such-token"])
def test_merges_of_what_is_no_token_are_refused(merge, tmp_path, monkeypatch):
    tokens, merges = gguf_files.words()
    monkeypatch.setattr(gguf_files, "words", lambda: (tokens, [*merges, merge]))
    path = tmp_path / "tiny.gguf"
    gguf_files.write(path, tiny.LLAMA, tiny.tensors(tiny.LLAMA))
    with pytest.raises(ValueError, match=f"^{path}: .* accepted are merges of its tokens$"):
        text_tokens.of_gguf(GGUFFile(path))


@pytest.mark.parametrize("kept", [0, 3, 20, 0.1, 0.5, 0.99])
def test_a_file_cut_short_is_refused_in_one_line(kept, tmp_path):
    whole = gguf_files.write(tmp_path / "tiny.gguf", tiny.LLAMA, tiny.tensors(tiny.LLAMA))
    content = whole.read_bytes()
    path = tmp_path / "short.gguf"
    path.write_bytes(content[: kept if isinstance(kept, int) else int(kept * len(content))])
    with pytest.raises(ValueError) as raised:
        load(path)
    assert str(raised.value).startswith(f"{path}: cut short, or no GGUF")
    assert "\n" not in str(raised.value)


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ValueError, match="No such file or directory: accepted is a GGUF file$"):
        load(tmp_path / "none.gguf")
