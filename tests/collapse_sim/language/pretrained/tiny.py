"""Tiny models of every family with random weights, and the folders and files that hold them."""

import json
from pathlib import Path

import ml_dtypes
import numpy as np
from tokenizers import Tokenizer

from collapse_sim.language.corpus import Document
from collapse_sim.language.tokenizer import train_tokenizer

VOCABULARY, WIDTH, INNER, LAYERS, HEADS, CONTEXT = 300, 32, 40, 2, 4, 64
NAMES = {np.dtype(np.float32): "F32", np.dtype(np.float16): "F16"}
NAMES[np.dtype(ml_dtypes.bfloat16)] = "BF16"

LLAMA = {
    "model_type": "llama",
    "vocab_size": VOCABULARY,
    "hidden_size": WIDTH,
    "intermediate_size": INNER,
    "num_hidden_layers": LAYERS,
    "num_attention_heads": HEADS,
    "num_key_value_heads": 2,
    "max_position_embeddings": CONTEXT,
    "rms_norm_eps": 1e-5,
    "rope_theta": 1000.0,
    "hidden_act": "silu",
    "tie_word_embeddings": True,
}
LLAMA3 = LLAMA | {
    "tie_word_embeddings": False,
    "rope_scaling": {
        "rope_type": "llama3",
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 40,
    },
}
QWEN2 = LLAMA | {"model_type": "qwen2", "num_key_value_heads": 1, "rms_norm_eps": 1e-6}
GPT2 = {
    "model_type": "gpt2",
    "vocab_size": VOCABULARY,
    "n_embd": WIDTH,
    "n_layer": LAYERS,
    "n_head": HEADS,
    "n_positions": CONTEXT,
    "layer_norm_epsilon": 1e-5,
    "activation_function": "gelu_new",
}
CONFIGS = {"llama": LLAMA, "llama3": LLAMA3, "qwen2": QWEN2, "gpt2": GPT2}


def tensors(config: dict, seed: int = 0) -> dict[str, np.ndarray]:
    """Random weights, large enough that every part matters."""
    draw = np.random.default_rng(seed)
    normal = lambda *shape: draw.normal(0, 0.3, shape).astype(np.float32)  # noqa: E731
    if config["model_type"] == "gpt2":
        out = {"transformer.wte.weight": normal(VOCABULARY, WIDTH)}
        out["transformer.wpe.weight"] = normal(CONTEXT, WIDTH)
        shapes = {"attn.c_attn": (WIDTH, 3 * WIDTH), "attn.c_proj": (WIDTH, WIDTH)}
        shapes |= {"mlp.c_fc": (WIDTH, 4 * WIDTH), "mlp.c_proj": (4 * WIDTH, WIDTH)}
        norms = [f"h.{layer}.ln_{i}" for layer in range(LAYERS) for i in (1, 2)] + ["ln_f"]
        for name in norms:
            out[f"transformer.{name}.weight"] = 1 + normal(WIDTH)
            out[f"transformer.{name}.bias"] = normal(WIDTH)
        for layer in range(LAYERS):
            for name, shape in shapes.items():
                out[f"transformer.h.{layer}.{name}.weight"] = normal(*shape)
                out[f"transformer.h.{layer}.{name}.bias"] = normal(shape[1])
        return out
    out = {"model.embed_tokens.weight": normal(VOCABULARY, WIDTH)}
    shared = WIDTH // HEADS * config["num_key_value_heads"]
    rows = {"self_attn.q_proj": (WIDTH, WIDTH), "self_attn.k_proj": (shared, WIDTH)}
    rows |= {"self_attn.v_proj": (shared, WIDTH), "self_attn.o_proj": (WIDTH, WIDTH)}
    rows |= {"mlp.gate_proj": (INNER, WIDTH), "mlp.up_proj": (INNER, WIDTH)}
    rows |= {"mlp.down_proj": (WIDTH, INNER)}
    for layer in range(LAYERS):
        at = f"model.layers.{layer}."
        for name, shape in rows.items():
            out[f"{at}{name}.weight"] = normal(*shape)
            if config["model_type"] == "qwen2" and name.split("_proj")[0][-1] in "qkv":
                out[f"{at}{name}.bias"] = normal(shape[0])
        for name in ("input_layernorm", "post_attention_layernorm"):
            out[f"{at}{name}.weight"] = 1 + normal(WIDTH)
    out["model.norm.weight"] = 1 + normal(WIDTH)
    if not config["tie_word_embeddings"]:
        out["lm_head.weight"] = normal(VOCABULARY, WIDTH)
    return out


def write_safetensors(path: Path, arrays: dict[str, np.ndarray]) -> None:
    """The format by hand: length of the header, header, numbers."""
    header, content = {"__metadata__": {"format": "pt"}}, b""
    for name, array in arrays.items():
        raw = np.ascontiguousarray(array).tobytes()
        places = [len(content), len(content) + len(raw)]
        entry = {"dtype": NAMES[array.dtype], "shape": list(array.shape), "data_offsets": places}
        header[name] = entry
        content += raw
    text = json.dumps(header).encode()
    path.write_bytes(len(text).to_bytes(8, "little") + text + content)


def tokenizer() -> Tokenizer:
    """A real one of VOCABULARY entries, the end of text first."""
    text = "the quick brown fox jumps over the lazy dog and then the other one walks away " * 3
    return train_tokenizer([Document(text, "a")], VOCABULARY)


def write_folder(folder: Path, config: dict, arrays: dict, shards: int = 1) -> Path:
    folder.mkdir(exist_ok=True)
    (folder / "config.json").write_text(json.dumps(config))
    (folder / "tokenizer.json").write_text(tokenizer().to_str())
    if shards == 1:
        write_safetensors(folder / "model.safetensors", arrays)
        return folder
    places = {}
    for shard in range(shards):
        name = f"model-{shard + 1:05}-of-{shards:05}.safetensors"
        part = dict(list(arrays.items())[shard::shards])
        write_safetensors(folder / name, part)
        places |= dict.fromkeys(part, name)
    index = {"metadata": {}, "weight_map": places}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))
    return folder
