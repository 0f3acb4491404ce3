"""A small decoder-only language model: pre-norm, rotary positions, tied head; Flax NNX.

The hidden state is kept as (batch * time, width): every dense layer is then one plain matrix
product, also in the backward pass, which on a CPU is twice as fast as (batch, time, width).
"""

from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from flax import nnx
from jaxtyping import Array, Float, Int, Key

from collapse_sim.linalg import DType

Hidden = Float[Array, "rows width"]


@dataclass(frozen=True)
class TransformerConfig:
    """Sizes of a model; `named` gives the ones in use."""

    vocabulary: int
    context: int
    layers: int
    heads: int
    width: int
    activation: Literal["gelu", "swiglu"] = "gelu"
    dtype: DType = jnp.float32
    """Of the computation; parameters are float32."""
    rematerialise: bool = False
    """Compute each layer again in the backward pass instead of keeping it."""

    def __post_init__(self):
        for name in ("vocabulary", "layers", "heads", "width"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name}={getattr(self, name)}: accepted are integers >= 1")
        if self.context < 2:
            raise ValueError(f"context={self.context}: accepted are integers >= 2")
        if self.width % (2 * self.heads):
            raise ValueError(
                f"width={self.width}: accepted are multiples of 2 * heads = {2 * self.heads}"
            )

    @staticmethod
    def named(size: str, *, vocabulary: int, context: int) -> "TransformerConfig":
        """One of SIZES, for this vocabulary and context."""
        if size not in SIZES:
            raise ValueError(f"size={size}: accepted are {', '.join(SIZES)}")
        layers, heads, width = SIZES[size]
        return TransformerConfig(vocabulary, context, layers, heads, width)

    def on(self, dtype: DType) -> "TransformerConfig":
        """The same model computing in `dtype`."""
        return replace(self, dtype=dtype)

    def initial(self, key: Key[Array, ""]) -> Any:
        """Fresh parameters, a pytree of arrays (`nnx.State`)."""
        return nnx.state(Transformer(self, rngs=nnx.Rngs(params=key)), nnx.Param)

    def model(self, parameters: Any) -> "Transformer":
        """The model with these parameters."""
        abstract = nnx.eval_shape(lambda: Transformer(self, rngs=nnx.Rngs(params=0)))
        return nnx.merge(nnx.graphdef(abstract), parameters)

    @property
    def head_width(self) -> int:
        return self.width // self.heads

    @property
    def inner(self) -> int:
        """Width of the hidden layer; for swiglu such that both activations cost the same."""
        return 4 * self.width if self.activation == "gelu" else -(-8 * self.width // 3 // 8) * 8


jax.tree_util.register_static(TransformerConfig)

SIZES = {
    "0.016m": (1, 2, 32),
    "0.1m": (2, 2, 64),
    "0.5m": (3, 4, 112),
    "0.9m": (4, 4, 128),
    "3m": (6, 6, 192),
    "11m": (6, 8, 384),
    "30m": (8, 8, 512),
    "124m": (12, 12, 768),
}
"""Layers, heads and width by name; 124m is GPT-2's size at its vocabulary of 50 257."""


class Cache(NamedTuple):
    """Keys and values of the positions generated so far, for each layer."""

    keys: tuple[Float[Array, "batch heads time head_width"], ...]
    values: tuple[Float[Array, "batch heads time head_width"], ...]


def turns(time: int, head_width: int) -> Float[np.ndarray, "2 time half"]:
    """Cosines and sines of position / 10000^(2i/head_width), pair by pair, for all positions.

    Su et al. 2021, arXiv 2104.09864. Constants of a compiled program: computed inside one, XLA's
    CPU back end fuses them into the products and evaluates them for every head of every sequence.
    """
    half = head_width // 2
    angles = np.arange(time)[:, None] * 10_000.0 ** (-np.arange(half) / half)
    return np.stack([np.cos(angles), np.sin(angles)]).astype(np.float32)


def rotate(
    x: Float[Array, "... time head_width"], turns: Float[Array | np.ndarray, "2 ... time half"]
) -> Float[Array, "... time head_width"]:
    """Rotary positions: pairs (i, i + head_width / 2) of each row turned by its angles."""
    cos, sin = jnp.asarray(turns, x.dtype)
    first, second = jnp.split(x, 2, axis=-1)
    return jnp.concatenate([first * cos - second * sin, second * cos + first * sin], axis=-1)


class Layer(nnx.Module):
    """Attention and a two-layer network, each behind a norm and added to its input."""

    def __init__(self, config: TransformerConfig, *, rngs: nnx.Rngs):
        dense = lambda fan_in, fan_out, scale: nnx.Linear(  # noqa: E731
            fan_in,
            fan_out,
            use_bias=False,
            dtype=config.dtype,
            kernel_init=nnx.initializers.normal(scale),
            rngs=rngs,
        )
        norm = lambda: nnx.RMSNorm(config.width, dtype=config.dtype, rngs=rngs)  # noqa: E731
        # What is added to the residual stream starts small, so that its variance does not grow
        # with depth (Radford et al. 2019, section 2.3).
        residual = 0.02 / (2 * config.layers) ** 0.5
        gates = 2 if config.activation == "swiglu" else 1
        self.config = config
        self.before_attention = norm()
        self.query_key_value = dense(config.width, 3 * config.width, 0.02)
        self.attended = dense(config.width, config.width, residual)
        self.before_network = norm()
        self.widen = dense(config.width, gates * config.inner, 0.02)
        self.narrow = dense(config.inner, config.width, residual)

    def heads(self, x: Hidden, time: int) -> list[Float[Array, "batch heads time head_width"]]:
        """Queries, keys and values."""
        fused = self.query_key_value(self.before_attention(x))
        config = self.config
        fused = fused.reshape(-1, time, 3, config.heads, config.head_width)
        return list(fused.transpose(2, 0, 3, 1, 4))

    def network(self, x: Hidden) -> Hidden:
        """`x` plus the two-layer network."""
        inner = self.widen(self.before_network(x))
        if self.config.activation == "swiglu":
            gate, inner = jnp.split(inner, 2, axis=-1)
            inner = jax.nn.silu(gate) * inner
        else:
            inner = jax.nn.gelu(inner)
        return x + self.narrow(inner)

    def __call__(self, x: Hidden, time: int) -> Hidden:
        query, key, value = self.heads(x, time)
        angles = turns(time, self.config.head_width)
        mixed = attend(rotate(query, angles), rotate(key, angles), value)
        x = x + self.attended(mixed.transpose(0, 2, 1, 3).reshape(x.shape))
        return self.network(x)

    def step(
        self,
        x: Hidden,
        position: Int[Array, ""],
        keys: Float[Array, "batch heads time head_width"],
        values: Float[Array, "batch heads time head_width"],
    ) -> tuple[Hidden, Array, Array]:
        """One position of every sequence, given the cached ones before it."""
        query, key, value = self.heads(x, 1)
        every = jnp.asarray(turns(keys.shape[2], self.config.head_width))
        at = jax.lax.dynamic_slice_in_dim(every, position, 1, axis=1)
        keys = jax.lax.dynamic_update_slice_in_dim(keys, rotate(key, at), position, axis=2)
        values = jax.lax.dynamic_update_slice_in_dim(values, value, position, axis=2)
        seen = jnp.arange(keys.shape[2]) <= position
        turned = rotate(query, at)
        scores = jnp.einsum("bhqd,bhkd->bhqk", turned, keys, preferred_element_type=jnp.float32)
        weights = _softmax(scores, seen, self.config.head_width)
        mixed = jnp.einsum("bhqk,bhkd->bhqd", weights.astype(values.dtype), values)
        x = x + self.attended(mixed.reshape(x.shape))
        return self.network(x), keys, values


def _softmax(scores: Array, seen: Array, head_width: int) -> Array:
    return jax.nn.softmax(jnp.where(seen, scores / head_width**0.5, -jnp.inf), axis=-1)


def attend(
    query: Float[Array, "batch heads time head_width"],
    key: Float[Array, "batch heads time head_width"],
    value: Float[Array, "batch heads time head_width"],
) -> Float[Array, "batch heads time head_width"]:
    """Causal attention; scores are float32 whatever the type of the rest."""
    scores = jnp.einsum("bhqd,bhkd->bhqk", query, key, preferred_element_type=jnp.float32)
    seen = jnp.tril(jnp.ones(scores.shape[-2:], bool))
    weights = _softmax(scores, seen, query.shape[-1]).astype(value.dtype)
    return jnp.einsum("bhqk,bhkd->bhqd", weights, value)


class Transformer(nnx.Module):
    """Tokens to hidden states; `embedding` is also the head (tied)."""

    def __init__(self, config: TransformerConfig, *, rngs: nnx.Rngs):
        self.config = config
        start = nnx.initializers.normal(0.02)
        self.embedding = nnx.Param(start(rngs.params(), (config.vocabulary, config.width)))
        self.layers = nnx.data([Layer(config, rngs=rngs) for _ in range(config.layers)])
        self.norm = nnx.RMSNorm(config.width, dtype=config.dtype, rngs=rngs)

    def __call__(self, tokens: Int[Array, "batch time"]) -> Hidden:
        """Hidden states (rows = batch * time, in that order) after the last norm."""
        x = self.embed(tokens.reshape(-1))
        layer_of = lambda layer, x: layer(x, tokens.shape[1])  # noqa: E731
        if self.config.rematerialise:
            layer_of = nnx.remat(layer_of)
        for layer in self.layers:
            x = layer_of(layer, x)
        return self.norm(x)

    def embed(self, tokens: Int[Array, " rows"]) -> Hidden:
        return self.embedding[...][tokens].astype(self.config.dtype)

    def logits(self, hidden: Hidden) -> Float[Array, "rows vocabulary"]:
        """Logits of the next token, float32."""
        head = self.embedding[...].astype(self.config.dtype)
        return jnp.matmul(hidden, head.T, preferred_element_type=jnp.float32)

    def empty_cache(self, batch: int, time: int) -> Cache:
        config = self.config
        zeros = jnp.zeros((batch, config.heads, time, config.head_width), config.dtype)
        return Cache(*[(zeros,) * config.layers] * 2)

    def step(
        self, tokens: Int[Array, " batch"], position: Int[Array, ""], cache: Cache
    ) -> tuple[Hidden, Cache]:
        """Hidden states of one more position of every sequence."""
        x = self.embed(tokens)
        keys, values = [], []
        for layer, old_keys, old_values in zip(self.layers, *cache, strict=True):
            x, new_keys, new_values = layer.step(x, position, old_keys, old_values)
            keys.append(new_keys)
            values.append(new_values)
        return self.norm(x), Cache(tuple(keys), tuple(values))
