"""GGUF files of the tiny models, as llama.cpp's converter writes them."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.collapse_sim.language.pretrained import tiny

gguf = pytest.importorskip("gguf", reason="needs gguf, of the extra `pretrained`")

SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]

PARTS = {
    "model.embed_tokens": "token_embd",
    "model.norm": "output_norm",
    "lm_head": "output",
    "input_layernorm": "attn_norm",
    "post_attention_layernorm": "ffn_norm",
    "self_attn.q_proj": "attn_q",
    "self_attn.k_proj": "attn_k",
    "self_attn.v_proj": "attn_v",
    "self_attn.o_proj": "attn_output",
    "mlp.gate_proj": "ffn_gate",
    "mlp.up_proj": "ffn_up",
    "mlp.down_proj": "ffn_down",
    "transformer.wte": "token_embd",
    "transformer.wpe": "position_embd",
    "transformer.ln_f": "output_norm",
    "ln_1": "attn_norm",
    "ln_2": "ffn_norm",
    "attn.c_attn": "attn_qkv",
    "attn.c_proj": "attn_output",
    "mlp.c_fc": "ffn_up",
    "mlp.c_proj": "ffn_down",
}


def words() -> tuple[list[str], list[str]]:
    """Tokens, of which SPECIAL are the first three, and merges."""
    model = json.loads(tiny.tokenizer().to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    merges = [" ".join(merge) for merge in model["merges"]]
    dropped = ["".join(merge.split(" ")) for merge in merges[-2:]]
    return SPECIAL + [token for token in tokens[1:] if token not in dropped], merges[:-2]


def renamed(name: str) -> str:
    module, _, ending = name.rpartition(".")
    if ".layers." in module or ".h." in module:
        number, _, module = module.split(".", 2)[2].partition(".")
        return f"blk.{number}.{PARTS[module]}.{ending}"
    return f"{PARTS[module]}.{ending}"


def stored(name: str, array: np.ndarray, config: dict) -> np.ndarray:
    """As the converter stores it: Llama's rotary pairs side by side, matrices as (out, in)."""
    if config["model_type"] == "gpt2":
        return array.T if ".h." in name and array.ndim == 2 else array
    heads = {"q": "num_attention_heads", "k": "num_key_value_heads"}
    if config["model_type"] == "llama" and name.endswith(("q_proj.weight", "k_proj.weight")):
        split = array.reshape(config[heads[name[-13]]], 2, -1, *array.shape[1:])
        return split.swapaxes(1, 2).reshape(array.shape)
    return array


def write(path: Path, config: dict, arrays: dict, *, cut: str = "smollm", **changes) -> Path:
    family = config["model_type"]
    writer = gguf.GGUFWriter(path, changes.get("architecture", family))
    writer.add_context_length(tiny.CONTEXT)
    writer.add_embedding_length(tiny.WIDTH)
    writer.add_block_count(tiny.LAYERS)
    writer.add_head_count(tiny.HEADS)
    if family == "gpt2":
        writer.add_feed_forward_length(4 * tiny.WIDTH)
        writer.add_layer_norm_eps(config["layer_norm_epsilon"])
    else:
        writer.add_feed_forward_length(tiny.INNER)
        writer.add_head_count_kv(config["num_key_value_heads"])
        writer.add_layer_norm_rms_eps(config["rms_norm_eps"])
        writer.add_rope_freq_base(config["rope_theta"])
    tokens, merges = words()
    tokens = tokens[: changes.get("tokens", len(tokens))]
    writer.add_tokenizer_model(changes.get("words", "gpt2"))
    writer.add_tokenizer_pre(cut)
    writer.add_token_list(tokens)
    writer.add_token_types([3] * 3 + [1] * (len(tokens) - 3))
    writer.add_token_merges(merges)
    for name, array in arrays.items():
        writer.add_tensor(renamed(name), np.ascontiguousarray(stored(name, array, config)))
    if "rope_scaling" in config:
        writer.add_tensor("rope_freqs.weight", changes["divisors"])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path
