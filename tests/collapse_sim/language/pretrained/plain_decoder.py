"""The three families in plain NumPy, float64, loop by loop, on tensors named as PyTorch names them.

Written from the papers and not from the package: one head at a time, no fused product, rotary
positions as complex numbers.
"""

import math

import numpy as np


def logits(config: dict, tensors: dict, tokens: list[int]) -> np.ndarray:
    tensors = {name: np.asarray(tensor, np.float64) for name, tensor in tensors.items()}
    return (gpt2 if config["model_type"] == "gpt2" else llama)(config, tensors, tokens)


def softmax(x):
    e = np.exp(x - x.max())
    return e / e.sum()


def attention(queries, keys, values):
    out = np.zeros_like(queries)
    for t, query in enumerate(queries):
        weights = softmax(keys[: t + 1] @ query / math.sqrt(len(query)))
        out[t] = weights @ values[: t + 1]
    return out


def turned(x, frequencies):
    half = x.shape[1] // 2
    z = (x[:, :half] + 1j * x[:, half:]) * np.exp(1j * np.outer(np.arange(len(x)), frequencies))
    return np.hstack([z.real, z.imag])


def frequencies(config):
    half = config["hidden_size"] // config["num_attention_heads"] // 2
    plain = np.array([config["rope_theta"] ** (-i / half) for i in range(half)])
    scaling = config.get("rope_scaling")
    if not scaling:
        return plain
    wave = 2 * np.pi / plain
    old = scaling["original_max_position_embeddings"]
    low, high = scaling["low_freq_factor"], scaling["high_freq_factor"]
    smooth = (old / wave - low) / (high - low)
    blend = (1 - smooth) * plain / scaling["factor"] + smooth * plain
    slow = np.where(wave > old / low, plain / scaling["factor"], blend)
    return np.where(wave < old / high, plain, slow)


def llama(config, w, tokens):
    heads, shared = config["num_attention_heads"], config["num_key_value_heads"]
    width = config["hidden_size"] // heads

    def rms(x, scale):
        return scale * x / np.sqrt((x**2).mean(1, keepdims=True) + config["rms_norm_eps"])

    x = w["model.embed_tokens.weight"][tokens]
    for layer in range(config["num_hidden_layers"]):
        at = f"model.layers.{layer}."
        y = rms(x, w[at + "input_layernorm.weight"])
        q, k, v = (
            y @ w[f"{at}self_attn.{p}_proj.weight"].T + w.get(f"{at}self_attn.{p}_proj.bias", 0)
            for p in "qkv"
        )
        mixed = []
        for head in range(heads):
            mine = slice(head * width, (head + 1) * width)
            group = head * shared // heads
            its = slice(group * width, (group + 1) * width)
            turn = frequencies(config)
            mixed.append(attention(turned(q[:, mine], turn), turned(k[:, its], turn), v[:, its]))
        x = x + np.hstack(mixed) @ w[at + "self_attn.o_proj.weight"].T
        y = rms(x, w[at + "post_attention_layernorm.weight"])
        gate = y @ w[at + "mlp.gate_proj.weight"].T
        inner = gate / (1 + np.exp(-gate)) * (y @ w[at + "mlp.up_proj.weight"].T)
        x = x + inner @ w[at + "mlp.down_proj.weight"].T
    head = w.get("lm_head.weight", w["model.embed_tokens.weight"])
    return rms(x, w["model.norm.weight"]) @ head.T


def gpt2(config, w, tokens):
    def norm(x, at):
        centred = x - x.mean(1, keepdims=True)
        variance = (centred**2).mean(1, keepdims=True)
        scaled = centred / np.sqrt(variance + config["layer_norm_epsilon"])
        return scaled * w[at + ".weight"] + w[at + ".bias"]

    dense = lambda x, at: x @ w[at + ".weight"] + w[at + ".bias"]  # noqa: E731
    width = config["n_embd"] // config["n_head"]
    x = w["transformer.wte.weight"][tokens] + w["transformer.wpe.weight"][: len(tokens)]
    for layer in range(config["n_layer"]):
        at = f"transformer.h.{layer}."
        q, k, v = np.split(dense(norm(x, at + "ln_1"), at + "attn.c_attn"), 3, axis=1)
        cut = [slice(head * width, (head + 1) * width) for head in range(config["n_head"])]
        mixed = np.hstack([attention(q[:, mine], k[:, mine], v[:, mine]) for mine in cut])
        x = x + dense(mixed, at + "attn.c_proj")
        y = dense(norm(x, at + "ln_2"), at + "mlp.c_fc")
        gelu = y / 2 * (1 + np.tanh(math.sqrt(2 / math.pi) * (y + 0.044715 * y**3)))
        x = x + dense(gelu, at + "mlp.c_proj")
    return norm(x, "transformer.ln_f") @ w["transformer.wte.weight"].T
