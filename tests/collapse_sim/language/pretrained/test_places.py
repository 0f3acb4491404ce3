"""Models by other names: those that were trained here, and those of Hugging Face's hub."""

import json
from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from flax import nnx

from collapse_sim.language.pretrained import own
from collapse_sim.language.pretrained.decoder import score
from collapse_sim.language.pretrained.load import load
from collapse_sim.language.pretrained.safetensors import SafeTensors
from collapse_sim.language.transformer import Transformer, TransformerConfig
from tests.collapse_sim.language.pretrained import tiny
from tests.collapse_sim.language.scores import scores

TOKENS = jnp.array(np.random.default_rng(7).integers(0, tiny.VOCABULARY, (2, 32)))
COMMIT = "0123456789abcdef0123456789abcdef01234567"


def saved(folder, activation):
    """A model whose every part matters, its config and parameters."""
    config = TransformerConfig(tiny.VOCABULARY, 32, 2, 2, 32, activation)
    fresh = nnx.state(Transformer(config, rngs=nnx.Rngs(params=0)), nnx.Param)
    draw = np.random.default_rng(0)
    parameters = jax.tree.map(lambda x: x + draw.normal(0, 0.3, x.shape).astype(x.dtype), fresh)
    own.save(folder, config, parameters, tiny.tokenizer().to_str())
    return config, parameters


@pytest.mark.parametrize("activation", ["gelu", "swiglu"])
def test_a_model_that_was_trained_here_scores_as_it_did(activation, tmp_path):
    config, parameters = saved(tmp_path, activation)
    expected = scores(config, parameters, TOKENS)
    assert expected.min() < -10
    model = load(tmp_path)
    assert model.config.context == 32 and len(model.digest) == 64

    def found(config):
        return score(model.parameters, TOKENS, jnp.array([32, 32]), config=config)

    np.testing.assert_allclose(found(model.config), expected, atol=2e-5)
    turned = replace(model.config, frequencies=tuple(1.02 * f for f in model.config.frequencies))
    assert np.abs(found(turned) - expected).max() > 1e-3  # a control: 2 % off


def test_what_is_written_is_read_by_others(tmp_path):
    safetensors = pytest.importorskip("safetensors.numpy", reason="needs safetensors")
    _, parameters = saved(tmp_path, "gelu")
    expected, found = own.tensors(parameters), safetensors.load_file(tmp_path / "model.safetensors")
    assert found.keys() == expected.keys() and len(found) == 14
    for name, tensor in expected.items():
        np.testing.assert_array_equal(found[name], tensor)
        np.testing.assert_array_equal(SafeTensors(tmp_path).read(name), tensor)


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache of the hub, and no network."""
    constants = pytest.importorskip("huggingface_hub.constants", reason="needs huggingface_hub")
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return tmp_path / "hub"


def test_a_model_of_the_hub_is_that_of_its_files(cache):
    place = cache / "models--some-one--tiny.model"
    (place / "refs").mkdir(parents=True)
    (place / "refs" / "main").write_text(COMMIT)
    (place / "snapshots").mkdir()
    folder = tiny.write_folder(place / "snapshots" / COMMIT, tiny.LLAMA, tiny.tensors(tiny.LLAMA))
    found, expected = load("some-one/tiny.model"), load(folder)
    assert found.digest == expected.digest
    config = json.loads((folder / "config.json").read_text()) | {"model_type": "mamba"}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match=f"{COMMIT}/config.json: model_type=mamba: accepted are"):
        load("some-one/tiny.model")


@pytest.mark.parametrize("name", ["some-one/absent", "some--one/not..valid"])
def test_a_model_that_the_hub_does_not_give_is_refused_in_one_line(name, cache):
    with pytest.raises(ValueError, match=f"^model={name}: no such folder, and ") as raised:
        load(name)
    message = str(raised.value)
    assert "\n" not in message and message.endswith("a network reaches or its cache holds")


@pytest.mark.parametrize("name", ["nowhere", "/no/where", "a/b/c", "./here", "a\\b", "a/"])
def test_what_is_no_name_of_the_hub_is_not_asked_for(name, cache):
    with pytest.raises(ValueError, match="^model=.*: accepted are smollm2, a .gguf file, a folder"):
        load(name)
