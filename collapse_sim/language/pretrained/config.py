"""Parts of a decoder of the GPT-2, Llama and Qwen2 families, as `config.json` has them.

Radford et al. 2019; Touvron et al. 2023, arXiv 2302.13971; Yang et al. 2024, arXiv 2407.10671. The
transformer that this package trains is Llama's but for its network, which may have no gate.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

import jax.numpy as jnp

from collapse_sim.language.pretrained.rotary import scaled_frequencies
from collapse_sim.linalg import DType
from collapse_sim.record import require_type

FAMILIES = ("gpt2", "llama", "qwen2")

OWN = "collapse_sim"
"""The family of models that were trained here."""

ACTIVATIONS = {
    "silu": "silu",
    "swish": "silu",
    "gelu": "gelu",
    "gelu_new": "gelu_tanh",
    "gelu_pytorch_tanh": "gelu_tanh",
}
"""Activations here by their names in config.json."""

MOST_LAYERS = 10_000
"""Of a file that is not damaged."""

KINDS = {
    **dict.fromkeys(("n_embd", "n_head", "vocab_size", "n_positions", "n_layer", "n_inner"), int),
    **dict.fromkeys(("hidden_size", "num_attention_heads", "head_dim", "num_hidden_layers"), int),
    **dict.fromkeys(("max_position_embeddings", "num_key_value_heads", "intermediate_size"), int),
    **dict.fromkeys(("layer_norm_epsilon", "rms_norm_eps", "rope_theta"), float),
    **dict.fromkeys(("attention_bias", "mlp_bias", "tie_word_embeddings"), bool),
    **dict.fromkeys(("rope_parameters", "rope_scaling"), dict[str, Any]),
    **dict.fromkeys(("activation_function", "hidden_act"), str),
}
"""Types of the fields of config.json, where they are there and not null."""


@dataclass(frozen=True)
class DecoderConfig:
    """Sizes of a decoder, and the choices by which the families differ."""

    family: str
    """One of FAMILIES, or OWN."""
    vocabulary: int
    """Rows of the embedding; a tokenizer may use fewer."""
    context: int
    layers: int
    heads: int
    key_value_heads: int
    head_width: int
    width: int
    inner: int
    """Width of the hidden layer of each network."""
    epsilon: float
    """Added to the variance in every norm."""
    frequencies: tuple[float, ...] | None
    """Of rotary positions, in radians a position, with any scaling; None: positions are learned."""
    norm: Literal["rms", "layer"] = "rms"
    activation: Literal["silu", "gelu", "gelu_tanh"] = "silu"
    gated: bool = True
    query_bias: bool = False
    """Whether queries, keys and values have a bias."""
    output_bias: bool = False
    """Whether what attention adds to its input has one."""
    network_bias: bool = False
    tied: bool = True
    """Whether the embedding is also the head."""
    dtype: DType = jnp.float32
    """Of parameters as they are loaded, and of computation; norms, attention weights and logits are
    float32."""
    rank: int = 0
    """Of the low-rank update beside every matrix but the embedding (Hu et al. 2021, arXiv
    2106.09685); 0: none."""

    def __post_init__(self):
        sizes = "vocabulary", "context", "layers", "heads", "key_value_heads", "head_width"
        for name in (*sizes, "width", "inner"):
            value = getattr(self, name)
            if not isinstance(value, int) or value < 1:
                raise ValueError(f"{name}={value}: accepted are integers >= 1")
        if not 0 < self.epsilon < math.inf:
            raise ValueError(f"epsilon={self.epsilon}: accepted are numbers > 0")
        if self.layers > MOST_LAYERS:
            raise ValueError(f"layers={self.layers}: accepted are at most {MOST_LAYERS}")
        if self.heads % self.key_value_heads:
            raise ValueError(
                f"key_value_heads={self.key_value_heads}: accepted are divisors of heads = "
                f"{self.heads}"
            )
        if self.frequencies is not None and 2 * len(self.frequencies) != self.head_width:
            raise ValueError(
                f"frequencies for {2 * len(self.frequencies)} of {self.head_width} columns of a "
                "head: accepted are rotary positions in all of them"
            )

    def on(self, dtype: DType) -> "DecoderConfig":
        """The same decoder in `dtype`."""
        return replace(self, dtype=dtype)


def require_family(name: str, given: object, accepted: tuple[str, ...] = FAMILIES) -> str:
    """The family, where it is an accepted one; ValueError, which names them, where not."""
    if given not in accepted:
        raise ValueError(f"{name}={given}: accepted are {', '.join(accepted)}")
    return str(given)


def of_json(values: Mapping[str, Any]) -> DecoderConfig:
    """The decoder that a `config.json` describes.

    Raises ValueError, which begins with the field, for another family, a missing field, or a
    choice that is not computed here.
    """
    family = require_family("model_type", values.get("model_type"), (*FAMILIES, OWN))
    values = {name: value for name, value in values.items() if value is not None}
    for name in KINDS.keys() & values.keys():
        require_type(name, values[name], KINDS[name])
    try:
        return _gpt2(values) if family == "gpt2" else _llama(values, family)
    except KeyError as error:
        raise ValueError(f"{error.args[0]} is missing: accepted is a whole config.json") from None


def _gpt2(values: Mapping[str, Any]) -> DecoderConfig:
    for name, accepted in {
        "scale_attn_weights": True,
        "scale_attn_by_inverse_layer_idx": False,
        "add_cross_attention": False,
    }.items():
        _require(values, name, accepted)
    width, heads = values["n_embd"], values["n_head"]
    return DecoderConfig(
        family="gpt2",
        vocabulary=values["vocab_size"],
        context=values["n_positions"],
        layers=values["n_layer"],
        heads=heads,
        key_value_heads=heads,
        head_width=width // max(heads, 1),  # none is refused below
        width=width,
        inner=values.get("n_inner") or 4 * width,
        epsilon=float(values.get("layer_norm_epsilon", 1e-5)),
        frequencies=None,
        norm="layer",
        activation=_activation(values, "activation_function", "gelu_new"),
        gated=False,
        query_bias=True,
        output_bias=True,
        network_bias=True,
        tied=values.get("tie_word_embeddings", True),
    )


def _llama(values: Mapping[str, Any], family: str) -> DecoderConfig:
    _require(values, "use_sliding_window", False)
    width, heads = values["hidden_size"], values["num_attention_heads"]
    head_width = values.get("head_dim") or width // max(heads, 1)
    rope = values.get("rope_parameters") or values.get("rope_scaling") or {}
    base = rope.get("rope_theta") or values.get("rope_theta", 10_000.0)
    bias = values.get("attention_bias", False)
    activation = _activation(values, "hidden_act", "silu")
    return DecoderConfig(
        family=family,
        vocabulary=values["vocab_size"],
        context=values["max_position_embeddings"],
        layers=values["num_hidden_layers"],
        heads=heads,
        key_value_heads=values.get("num_key_value_heads") or heads,
        head_width=head_width,
        width=width,
        inner=values["intermediate_size"],
        epsilon=float(values.get("rms_norm_eps", 1e-6)),
        frequencies=scaled_frequencies(head_width, base, rope),
        activation=activation,
        gated=family != OWN or activation == "silu",
        query_bias=family == "qwen2" or bias,
        output_bias=family == "llama" and bias,
        network_bias=values.get("mlp_bias", False),
        tied=values.get("tie_word_embeddings", False),
    )


def _require(values: Mapping[str, Any], name: str, accepted: bool) -> None:
    if values.get(name, accepted) != accepted:
        raise ValueError(f"{name}={values[name]}: accepted is {accepted}")


def _activation(values: Mapping[str, Any], name: str, usual: str) -> Any:
    given = values.get(name, usual)
    if given not in ACTIVATIONS:
        raise ValueError(f"{name}={given}: accepted are {', '.join(ACTIVATIONS)}")
    return ACTIVATIONS[given]
