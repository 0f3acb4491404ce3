"""Stored tensors, and which of them each parameter of a decoder is made of."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from collapse_sim.language.pretrained.config import OWN, DecoderConfig
from collapse_sim.language.pretrained.decoder import Parameters, empty_parameters

Names = Mapping[str, tuple[str, ...]]
"""Stored modules by the module here that they are the parts of; {} is the layer."""

LLAMA: Names = {
    "embedding": ("model.embed_tokens",),
    "before_attention": ("model.layers.{}.input_layernorm",),
    "query_key_value": tuple(f"model.layers.{{}}.self_attn.{part}_proj" for part in "qkv"),
    "attended": ("model.layers.{}.self_attn.o_proj",),
    "before_network": ("model.layers.{}.post_attention_layernorm",),
    "widen": ("model.layers.{}.mlp.gate_proj", "model.layers.{}.mlp.up_proj"),
    "narrow": ("model.layers.{}.mlp.down_proj",),
    "norm": ("model.norm",),
    "head": ("lm_head",),
}

GPT2: Names = {
    "embedding": ("transformer.wte",),
    "positions": ("transformer.wpe",),
    "before_attention": ("transformer.h.{}.ln_1",),
    "query_key_value": ("transformer.h.{}.attn.c_attn",),
    "attended": ("transformer.h.{}.attn.c_proj",),
    "before_network": ("transformer.h.{}.ln_2",),
    "widen": ("transformer.h.{}.mlp.c_fc",),
    "narrow": ("transformer.h.{}.mlp.c_proj",),
    "norm": ("transformer.ln_f",),
    "head": ("lm_head",),
}

OF_LAYERS = (
    "before_attention",
    "query_key_value",
    "attended",
    "before_network",
    "widen",
    "narrow",
)

TRAINED_HERE: Names = {
    "embedding": ("embedding",),
    **{module: (f"layers.{{}}.{module}",) for module in OF_LAYERS},
    "norm": ("norm",),
}
"""Modules have the names that they have here."""

OF_FOLDERS = {"gpt2": GPT2, "llama": LLAMA, "qwen2": LLAMA, OWN: TRAINED_HERE}
"""Of each family, as it is stored in folders."""

GGUF: Names = {
    "embedding": ("token_embd",),
    "positions": ("position_embd",),
    "before_attention": ("blk.{}.attn_norm",),
    "query_key_value": ("blk.{}.attn_q", "blk.{}.attn_k", "blk.{}.attn_v"),
    "attended": ("blk.{}.attn_output",),
    "before_network": ("blk.{}.ffn_norm",),
    "widen": ("blk.{}.ffn_gate", "blk.{}.ffn_up"),
    "narrow": ("blk.{}.ffn_down",),
    "norm": ("output_norm",),
    "head": ("output",),
}

GGUF_FUSED: Names = GGUF | {
    "query_key_value": ("blk.{}.attn_qkv",),
    "widen": ("blk.{}.ffn_up",),
}
"""GPT-2's."""


@dataclass(frozen=True)
class Stored:
    """The tensors of a model as they are stored, by name."""

    read: Callable[[str], np.ndarray]
    """A tensor; raises ValueError, which names the place, where there is none."""
    names: Names
    transposed: bool = True
    """Whether matrices are (out, in), as PyTorch's `Linear` has them, and not (in, out)."""

    def parameters(self, config: DecoderConfig) -> Parameters:
        """All parameters of a decoder, in its own type.

        Raises ValueError for a tensor that is missing or has another shape than the config says.
        """

        def fill(path, empty):
            keys = [getattr(key, "key", getattr(key, "name", None)) for key in path]
            value = self._parameter([key for key in keys if key not in ("value", "raw_value")])
            if value.shape != empty.shape:
                where = "/".join(map(str, keys))
                raise ValueError(
                    f"{where}: stored with shape {value.shape}: accepted is {empty.shape}, as the "
                    "config says"
                )
            return jnp.asarray(value, config.dtype)

        return jax.tree_util.tree_map_with_path(fill, empty_parameters(config))

    def _parameter(self, keys: list[Any]) -> np.ndarray:
        """Parameter at (layers, number, module, kind), or at (module, kind) or (module,)."""
        keys = [*keys, "table"] if len(keys) == 1 else keys
        layer, module, kind = [None, *keys] if len(keys) == 2 else keys[1:]
        ending = "bias" if kind == "bias" else "weight"
        parts = [self.read(f"{name.format(layer)}.{ending}") for name in self.names[module]]
        if kind == "kernel" and self.transposed:
            parts = [part.T for part in parts]
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=-1)
