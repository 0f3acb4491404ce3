"""What is wrong with a model's files is said in one line that begins with the file."""

import json
import re

import pytest

from collapse_sim.language.pretrained import smollm2
from collapse_sim.language.pretrained.load import load
from tests.collapse_sim.language.pretrained import tiny


@pytest.fixture
def folder(tmp_path):
    return tiny.write_folder(tmp_path / "model", tiny.LLAMA, tiny.tensors(tiny.LLAMA), shards=2)


def refusal(source) -> str:
    with pytest.raises(ValueError) as raised:
        load(source)
    message = str(raised.value)
    assert "\n" not in message
    return message


def changed(folder, **values):
    config = {name: value for name, value in (tiny.LLAMA | values).items() if value is not None}
    (folder / "config.json").write_text(json.dumps(config))
    return refusal(folder)


def test_an_unknown_family_names_the_known_ones(folder):
    message = changed(folder, model_type="mamba")
    assert message == (
        f"{folder / 'config.json'}: model_type=mamba: accepted are gpt2, llama, qwen2, collapse_sim"
    )


@pytest.mark.parametrize(
    ("values", "told"),
    [
        ({"hidden_size": None}, "hidden_size is missing"),
        ({"hidden_act": "relu"}, "hidden_act=relu: accepted are silu"),
        ({"rope_scaling": {"rope_type": "yarn"}}, "rope_type=yarn: accepted are default, linear"),
        ({"rope_scaling": {"rope_type": "llama3"}}, "low_freq_factor is missing"),
        ({"num_key_value_heads": 3}, "key_value_heads=3: accepted are divisors of heads = 4"),
        ({"use_sliding_window": True}, "use_sliding_window=True: accepted is False"),
        ({"num_hidden_layers": 0}, "layers=0: accepted are integers >= 1"),
        ({"rms_norm_eps": -1}, "epsilon=-1.0: accepted are numbers > 0"),
        ({"rope_theta": -1}, "rope_theta=-1: accepted are numbers from 0"),
        ({"rope_scaling": {"rope_theta": "1"}}, "rope_theta=1: accepted are numbers from 0"),
    ],
)
def test_a_config_that_is_not_computed_here(folder, values, told):
    assert changed(folder, **values).startswith(f"{folder / 'config.json'}: {told}")


def test_sizes_that_the_tensors_do_not_have(folder):
    message = changed(folder, intermediate_size=41)
    assert "stored with shape" in message and message.startswith(str(folder))


def test_a_missing_tensor_is_named(folder):
    assert "no tensor model.layers.2." in changed(folder, num_hidden_layers=3)


def test_a_missing_shard_is_named(folder):
    shard = folder / "model-00002-of-00002.safetensors"
    shard.unlink()
    assert refusal(folder).startswith(f"{shard}: no such file: accepted is a folder with all 2")


@pytest.mark.parametrize("kept", [0, 5, 100, -1])
def test_a_file_cut_short(folder, kept):
    shard = folder / "model-00001-of-00002.safetensors"
    shard.write_bytes(shard.read_bytes()[:kept])
    assert refusal(folder).startswith(f"{shard}: cut short")


def test_a_tokenizer_of_another_model(folder):
    other = json.loads((folder / "tokenizer.json").read_text())
    other["added_tokens"].append(other["added_tokens"][0] | {"id": 300, "content": "<x>"})
    (folder / "tokenizer.json").write_text(json.dumps(other))
    assert "a tokenizer of 301 tokens for an embedding of 300" in refusal(folder)
    (folder / "tokenizer.json").write_text("{}")
    assert refusal(folder).startswith(str(folder / "tokenizer.json"))
    (folder / "tokenizer.json").unlink()
    assert "no such file" in refusal(folder)


@pytest.mark.parametrize("text", [None, "{", "[]", '{"model_type": "llama"}'])
def test_a_config_that_is_none(folder, text):
    (folder / "config.json").unlink()
    if text is not None:
        (folder / "config.json").write_text(text)
    assert refusal(folder).startswith(f"{folder / 'config.json'}: ")


def test_a_place_where_nothing_is(tmp_path):
    assert re.match("model=nowhere: accepted are smollm2, a .gguf file, a f", refusal("nowhere"))


def test_missing_weights_name_the_command(monkeypatch):
    monkeypatch.setattr(smollm2, "PACKAGE", "no_such_package_of_weights")
    assert refusal("smollm2") == (
        "model=smollm2: its weights are not installed: run `collapse-sim model smollm2`"
    )
