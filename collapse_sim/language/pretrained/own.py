"""Models that were trained here, as folders that `load` and `collapse-sim edit --model` read."""

from pathlib import Path

import jax
import numpy as np

from collapse_sim.language.pretrained import safetensors
from collapse_sim.language.pretrained.config import OWN
from collapse_sim.language.training import Parameters
from collapse_sim.language.transformer import TransformerConfig
from collapse_sim.run_directory import dump_json, write_atomically

ACTIVATIONS = {"gelu": "gelu_pytorch_tanh", "swiglu": "silu"}
"""In config.json, by their names in TransformerConfig."""


def save(folder: Path, config: TransformerConfig, parameters: Parameters, tokenizer: str) -> None:
    """Write the model of one seed: config.json, model.safetensors and tokenizer.json.

    `tokenizer` is JSON of the tokenizers package. Each file appears whole or not at all; raises
    OSError where one cannot be written.
    """
    folder.mkdir(parents=True, exist_ok=True)
    contents = {"config.json": dump_json(described(config)), "tokenizer.json": tokenizer}
    for name, text in contents.items():
        write_atomically(
            folder / name, lambda aside, text=text: aside.write_text(text, encoding="utf-8")
        )
    found = tensors(parameters)
    write_atomically(folder / safetensors.WHOLE, lambda aside: safetensors.write(aside, found))


def described(config: TransformerConfig) -> dict[str, object]:
    """The content of config.json, in the names that Llama's has."""
    return {
        "model_type": OWN,
        "vocab_size": config.vocabulary,
        "max_position_embeddings": config.context,
        "num_hidden_layers": config.layers,
        "num_attention_heads": config.heads,
        "hidden_size": config.width,
        "intermediate_size": config.inner,
        "hidden_act": ACTIVATIONS[config.activation],
        "rms_norm_eps": 1e-6,
        "rope_theta": 10_000.0,
        "tie_word_embeddings": True,
    }


def tensors(parameters: Parameters) -> dict[str, np.ndarray]:
    """Parameters by the names of their modules, matrices as (in, out)."""
    found = {}
    for path, value in jax.tree_util.tree_leaves_with_path(parameters):
        keys = [str(getattr(key, "key", getattr(key, "name", ""))) for key in path]
        modules = [key for key in keys if key not in ("value", "raw_value", "kernel", "scale")]
        found[".".join([*modules, "weight"])] = np.asarray(value)
    return found
