"""A decoder of the GPT-2, Llama and Qwen2 families in Flax NNX, and the scores it gives to text.

The layers are written out one by one, and queries, keys and values are one product, as are both
halves of a gated network: on a CPU that is faster than a scan over layers and separate products.
"""

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from flax import nnx
from jaxtyping import Array, Bool, Float, Int

from collapse_sim.language.head import log_probabilities
from collapse_sim.language.pretrained.config import DecoderConfig
from collapse_sim.language.pretrained.rotary import turns_of
from collapse_sim.language.transformer import Cache, Hidden, rotate

Parameters = Any
"""The decoder's parameters as a pytree of arrays (`nnx.State`)."""

ACTIVATIONS = {
    "silu": jax.nn.silu,
    "gelu": partial(jax.nn.gelu, approximate=False),
    "gelu_tanh": partial(jax.nn.gelu, approximate=True),
}


def _norm(config: DecoderConfig, rngs: nnx.Rngs) -> nnx.RMSNorm | nnx.LayerNorm:
    kind = nnx.RMSNorm if config.norm == "rms" else nnx.LayerNorm
    return kind(
        config.width,
        epsilon=config.epsilon,
        dtype=config.dtype,
        param_dtype=config.dtype,
        use_fast_variance=False,
        rngs=rngs,
    )


def _dense(
    config: DecoderConfig, rngs: nnx.Rngs, fan_in: int, fan_out: int, bias: bool
) -> nnx.Linear:
    """A matrix and, with a rank, low-rank factors beside it: x W + x A B."""
    made = partial(nnx.LoRALinear, lora_rank=config.rank, lora_dtype=config.dtype)
    return (made if config.rank else nnx.Linear)(
        fan_in,
        fan_out,
        use_bias=bias,
        dtype=config.dtype,
        param_dtype=config.dtype,
        kernel_init=nnx.initializers.normal(0.02),
        rngs=rngs,
    )


class DecoderLayer(nnx.Module):
    """Attention and a two-layer network, each behind a norm and added to its input."""

    def __init__(self, config: DecoderConfig, *, rngs: nnx.Rngs):
        dense = partial(_dense, config, rngs)
        attended = config.heads * config.head_width
        fused = attended + 2 * config.key_value_heads * config.head_width
        self.config = config
        self.before_attention = _norm(config, rngs)
        self.query_key_value = dense(config.width, fused, config.query_bias)
        self.attended = dense(attended, config.width, config.output_bias)
        self.before_network = _norm(config, rngs)
        self.widen = dense(config.width, (1 + config.gated) * config.inner, config.network_bias)
        self.narrow = dense(config.inner, config.width, config.network_bias)

    def heads(self, x: Hidden, time: int) -> list[Float[Array, "batch _ time head_width"]]:
        """Queries, keys and values."""
        config = self.config
        heads, shared = config.heads, config.key_value_heads
        fused = self.query_key_value(self.before_attention(x))
        fused = fused.reshape(-1, time, heads + 2 * shared, config.head_width).swapaxes(1, 2)
        return jnp.split(fused, [heads, heads + shared], axis=1)

    def __call__(self, x: Hidden, turns: Any, seen: Bool[Array, "#batch 1 1 time time"]) -> Hidden:
        query, key, value = self.heads(x, seen.shape[-1])
        if turns is not None:
            query, key = rotate(query, turns), rotate(key, turns)
        return self._finish(x, attend(query, key, value, seen))

    def step(
        self,
        x: Hidden,
        position: Int[Array, ""],
        turns: Any,
        keys: Float[Array, "batch shared time head_width"],
        values: Float[Array, "batch shared time head_width"],
    ) -> tuple[Hidden, Array, Array]:
        """One position of every sequence, given the cached ones before it."""
        query, key, value = self.heads(x, 1)
        if turns is not None:
            query, key = rotate(query, turns), rotate(key, turns)
        keys = jax.lax.dynamic_update_slice_in_dim(keys, key, position, axis=2)
        values = jax.lax.dynamic_update_slice_in_dim(values, value, position, axis=2)
        seen = jnp.arange(keys.shape[2]) <= position
        return self._finish(x, attend(query, keys, values, seen)), keys, values

    def _finish(self, x: Hidden, mixed: Float[Array, "batch heads time head_width"]) -> Hidden:
        x = x + self.attended(mixed.swapaxes(1, 2).reshape(x.shape[0], -1))
        return x + self.network(self.before_network(x))

    def network(self, x: Hidden) -> Hidden:
        activation = ACTIVATIONS[self.config.activation]
        inner = self.widen(x)
        if self.config.gated:
            gate, inner = jnp.split(inner, 2, axis=-1)
            return self.narrow(activation(gate) * inner)
        return self.narrow(activation(inner))


def attend(
    query: Float[Array, "batch heads queries head_width"],
    key: Float[Array, "batch shared time head_width"],
    value: Float[Array, "batch shared time head_width"],
    seen: Bool[Array, "*#rows time"],
) -> Float[Array, "batch heads queries head_width"]:
    """Attention in which `heads / shared` successive queries share one key and value.

    Ainslie et al. 2023, arXiv 2305.13245.
    """
    batch, heads, queries, head_width = query.shape
    shared, time = key.shape[1:3]
    # The queries of a group are rows of one product: no key is written out twice.
    rows = query.reshape(batch, shared, -1, head_width)
    scores = jnp.einsum("bhqd,bhkd->bhqk", rows, key, preferred_element_type=jnp.float32)
    scores = scores.reshape(batch, shared, heads // shared, queries, time) / head_width**0.5
    weights = jax.nn.softmax(jnp.where(seen, scores, -jnp.inf), axis=-1).astype(value.dtype)
    mixed = jnp.einsum("bhqk,bhkd->bhqd", weights.reshape(batch, shared, -1, time), value)
    return mixed.reshape(query.shape)


class Decoder(nnx.Module):
    """Tokens to hidden states, and hidden states to logits; causal."""

    def __init__(self, config: DecoderConfig, *, rngs: nnx.Rngs):
        table = lambda rows: nnx.Param(  # noqa: E731
            nnx.initializers.normal(0.02)(rngs.params(), (rows, config.width), config.dtype)
        )
        self.config = config
        self.embedding = table(config.vocabulary)
        self.positions = None if config.frequencies else table(config.context)
        self.layers = nnx.data([DecoderLayer(config, rngs=rngs) for _ in range(config.layers)])
        self.norm = _norm(config, rngs)
        self.head = None if config.tied else table(config.vocabulary)

    def __call__(
        self,
        tokens: Int[Array, "batch time"],
        positions: Int[Array, "batch time"] | None = None,
    ) -> Hidden:
        """Hidden states (rows = batch * time, in that order) after the last norm.

        Several documents may share a row: `positions` count those of each from 0, and attention
        stays in it. What follows the last token of a document changes nothing before it. Raises
        ValueError for rows longer than the context.
        """
        config, time = self.config, tokens.shape[1]
        if time > config.context:
            raise ValueError(f"time={time}: accepted is at most {config.context}, the context")
        seen = jnp.tril(jnp.ones((1, time, time), bool))
        if positions is not None:
            document = jnp.cumsum(positions == 0, axis=1)
            seen = seen & (document[:, :, None] == document[:, None, :])
        x = self.embed(tokens, jnp.arange(time) if positions is None else positions)
        turns = config.frequencies and turns_of(config.frequencies, time, positions)
        x = x.reshape(-1, config.width)
        for layer in self.layers:
            x = layer(x, turns, seen[:, None, None])
        return self.norm(x)

    def embed(self, tokens: Int[Array, "*rows"], positions: Any) -> Float[Array, "*rows width"]:
        x = self.embedding[...][tokens]
        if self.positions is not None:
            x = x + self.positions[...][positions]
        return x.astype(self.config.dtype)

    def logits(self, hidden: Hidden) -> Float[Array, "rows vocabulary"]:
        """Logits of the next token, float32."""
        head = (self.embedding if self.head is None else self.head)[...]
        return jnp.matmul(hidden, head.astype(hidden.dtype).T, preferred_element_type=jnp.float32)

    def empty_cache(self, batch: int, time: int) -> Cache:
        config = self.config
        shape = batch, config.key_value_heads, time, config.head_width
        return Cache(*[(jnp.zeros(shape, config.dtype),) * config.layers] * 2)

    def step(
        self, tokens: Int[Array, " batch"], position: Int[Array, ""], cache: Cache
    ) -> tuple[Hidden, Cache]:
        """Hidden states of one more position of every sequence."""
        x, turns = self.embed(tokens, position), None
        if self.config.frequencies:
            every = jnp.asarray(turns_of(self.config.frequencies, cache.keys[0].shape[2], None))
            turns = jax.lax.dynamic_slice_in_dim(every, position, 1, axis=1)
        keys, values = [], []
        for layer, old_keys, old_values in zip(self.layers, *cache, strict=True):
            x, new_keys, new_values = layer.step(x, position, turns, old_keys, old_values)
            keys.append(new_keys)
            values.append(new_values)
        return self.norm(x), Cache(tuple(keys), tuple(values))


def empty_parameters(config: DecoderConfig) -> Parameters:
    """Shapes and types of the parameters, without their values."""
    abstract = nnx.eval_shape(lambda: Decoder(config, rngs=nnx.Rngs(params=0)))
    return nnx.state(abstract, nnx.Param)


def decoder_of(config: DecoderConfig, parameters: Parameters) -> Decoder:
    """The decoder with these parameters."""
    abstract = nnx.eval_shape(lambda: Decoder(config, rngs=nnx.Rngs(params=0)))
    return nnx.merge(nnx.graphdef(abstract), parameters)


@partial(jax.jit, static_argnames="config")
def score(
    parameters: Parameters,
    tokens: Int[Array, "batch time"],
    lengths: Int[Array, " batch"],
    *,
    config: DecoderConfig,
) -> Float[Array, "batch time-1"]:
    """log P(token | the tokens before it) in nats, for all but the first; 0 from each length on.

    The head works in slices: no array of batch x time x vocabulary exists.
    """
    values = log_probabilities(decoder_of(config, parameters), tokens)
    return jnp.where(jnp.arange(1, tokens.shape[1]) < lengths[:, None], values, 0.0)
