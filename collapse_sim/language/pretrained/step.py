"""A forward pass that scores every token, and draws the eligible ones anew.

The head works in slices, and once more on the few rows that are redrawn: no array of batch x time x
vocabulary exists, and a pass that edits costs little more than one that scores. Nothing returns to
the host in between.
"""

from functools import partial
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.extend.random import threefry_2x32
from jax.sharding import AxisType, Mesh, NamedSharding
from jax.sharding import PartitionSpec as P
from jaxtyping import Array, Bool, Float, Int, UInt32

from collapse_sim.hosts import put
from collapse_sim.language.head import over_positions
from collapse_sim.language.pretrained.config import DecoderConfig
from collapse_sim.language.pretrained.decoder import Decoder, Parameters, decoder_of
from collapse_sim.language.pretrained.rule import EditRule
from collapse_sim.language.sampling import Sampler, inverse_distribution

ROWS_REDRAWN_AT_ONCE = 128
"""On a CPU the head costs as much for 128 rows as it does in fixed parts."""


class Rows(NamedTuple):
    """A batch of windows of documents; arrays of the host or of devices."""

    tokens: Any
    """(batch, time)"""
    first: Any
    """(batch,): the first token that is scored, at least 1."""
    length: Any
    """(batch,): tokens of the window; 0 for a row that holds none."""
    place: Any
    """(batch,): where in the document the row begins."""
    key: Any
    """(batch, 2): the document's words."""


class Scored(NamedTuple):
    """Result of a forward pass at the position before each token; flat, `size` on each device."""

    log_probability: Any
    """log P(token | those before it), in nats; 0 where the token is not scored."""
    top_log_probability: Any
    """Of the likeliest token there."""
    counted: Any
    hidden: Any
    target: Any
    place: Any
    """The token's place in its document."""
    key: Any


class Redrawn(NamedTuple):
    """Tokens after a rule was applied; flat as in `Scored`."""

    eligible: Any
    expected_change: Any
    """Of an eligible token: 1 - P(token) under the law of replacements."""
    drawn: Any
    """(tokens, passes): what each pass would put there; the token itself elsewhere."""
    drawn_log_probability: Any
    """(tokens, passes): of what was drawn, under the model."""


def device_mesh(devices: list | None = None) -> Mesh:
    """All devices of this process, or some, in one axis, over which rows are divided."""
    return Mesh(np.array(devices or jax.local_devices()), ("batch",), axis_types=(AxisType.Auto,))


def put_whole(tree: Any, mesh: Mesh) -> Any:
    """Arrays with a copy on every device."""
    return jax.tree.map(lambda leaf: put(leaf, NamedSharding(mesh, P())), tree)


def put_rows(rows: Rows, mesh: Mesh) -> Rows:
    """A batch of which every device has its own rows."""
    return Rows(*(put(array, NamedSharding(mesh, P("batch"))) for array in rows))


@partial(jax.jit, static_argnames=("config", "size", "mesh"))
def score_rows(
    parameters: Parameters, rows: Rows, *, config: DecoderConfig, size: int, mesh: Mesh
) -> Scored:
    """The forward pass over a batch, each device at work on its own rows with the same program."""

    def local(parameters: Parameters, rows: Rows) -> Scored:
        decoder = decoder_of(config, parameters)
        time = rows.tokens.shape[1]
        at = jnp.arange(1, time + 1)
        counted = (at >= rows.first[:, None]) & (at < rows.length[:, None])
        hidden = decoder(rows.tokens)
        target = jnp.roll(rows.tokens, -1, axis=1).reshape(-1)
        scored = over_positions(partial(_score, decoder), config.vocabulary, hidden, target)
        log_p, top = (jnp.where(counted.reshape(-1), values, 0.0) for values in scored)
        place, key = rows.place[:, None] + at, jnp.repeat(rows.key, time, axis=0)
        flat = Scored(log_p, top, counted.reshape(-1), hidden, target, place.reshape(-1), key)
        missing = size - target.size
        return jax.tree.map(lambda x: jnp.pad(x, [(0, missing)] + (x.ndim - 1) * [(0, 0)]), flat)

    in_specs = P(), P("batch")
    return jax.shard_map(
        local, mesh=mesh, in_specs=in_specs, out_specs=P("batch"), check_vma=False
    )(parameters, rows)


@partial(jax.jit, static_argnames=("config", "rule", "passes", "mesh"))
def redraw(
    parameters: Parameters,
    scored: Scored,
    drawable: Bool[Array, " vocabulary"],
    *,
    config: DecoderConfig,
    rule: EditRule,
    passes: int,
    mesh: Mesh,
) -> Redrawn:
    """Replacements of the tokens that the rule makes eligible, a draw for each pass.

    `drawable` are the tokens that may be drawn wherever they do not stand already. One program
    serves rows of every length, as the arrays are flat.
    """

    def local(
        parameters: Parameters, scored: Scored, drawable: Bool[Array, " vocabulary"]
    ) -> Redrawn:
        draw = partial(_draw, decoder_of(config, parameters), rule, drawable, passes)
        log_p, top = scored.log_probability, scored.top_log_probability
        eligible = scored.counted & _eligible(rule, log_p, top)
        arrays = scored.hidden, scored.target, scored.key, scored.place
        return Redrawn(eligible, *_redrawn(draw, eligible, arrays, passes))

    in_specs = P(), P("batch"), P()
    return jax.shard_map(
        local, mesh=mesh, in_specs=in_specs, out_specs=P("batch"), check_vma=False
    )(parameters, scored, drawable)


def _score(
    decoder: Decoder, hidden: Float[Array, "rows width"], targets: Int[Array, " rows"]
) -> tuple[Float[Array, " rows"], Float[Array, " rows"]]:
    """log P of each target, and of the likeliest token there."""
    logits = decoder.logits(hidden)
    # Near P = 1 both terms are near 0 and exact: their difference from large logits is not.
    shifted = logits - jnp.max(logits, axis=1, keepdims=True)
    top = -jnp.log(jnp.sum(jnp.exp(shifted), axis=1))
    return jnp.take_along_axis(shifted, targets[:, None], axis=1)[:, 0] + top, top


def _eligible(
    rule: EditRule, log_p: Float[Array, " rows"], top: Float[Array, " rows"]
) -> Bool[Array, " rows"]:
    least = log_threshold(rule.threshold)
    if rule.strategy == "revise-below":
        return log_p < least if rule.strict else log_p <= least
    looked_at = top if rule.strategy == "context-only" else log_p
    return looked_at > least if rule.strict else looked_at >= least


def log_threshold(probability: float) -> np.float32:
    """Thresholds are compared as logarithms, which float32 resolves best near P = 1."""
    return np.float32(np.log(probability) if probability > 0 else -np.inf)


def sampler_of(rule: EditRule) -> Sampler:
    """The law of replacements."""
    return Sampler(
        rule.temperature,
        top_k=rule.top_k if rule.sampler == "top-k" else None,
        top_p=rule.top_p if rule.sampler == "top-p" else None,
        reject_current=rule.sampler == "rejection",
    )


def _redrawn(
    draw: Any, eligible: Bool[Array, " rows"], arrays: tuple[Array, ...], passes: int
) -> tuple[Float[Array, " rows"], Int[Array, "rows passes"], Float[Array, "rows passes"]]:
    """`draw` of the eligible rows, a few at a time, until all are done."""
    rows = eligible.shape[0]
    shape, targets = (rows, passes), arrays[1]
    stay = jnp.broadcast_to(targets[:, None], shape)
    start = jnp.zeros(rows), stay, jnp.zeros(shape)
    group = min(ROWS_REDRAWN_AT_ONCE, rows)
    order = jnp.pad(jnp.argsort(~eligible, stable=True), (0, -rows % group), mode="edge")
    total = jnp.sum(eligible)

    def body(state):
        done, out = state
        at = jax.lax.dynamic_slice_in_dim(order, done, group)
        drawn = draw(*(array[at] for array in arrays))
        return done + group, tuple(
            whole.at[at].set(part) for whole, part in zip(out, drawn, strict=True)
        )

    out = jax.lax.while_loop(lambda state: state[0] < total, body, (0, start))[1]
    change, drawn, log_p = out
    return jnp.where(eligible, change, 0), jnp.where(eligible[:, None], drawn, stay), log_p


def _draw(
    decoder: Decoder,
    rule: EditRule,
    drawable: Bool[Array, " vocabulary"],
    passes: int,
    hidden: Float[Array, "rows width"],
    targets: Int[Array, " rows"],
    keys: UInt32[Array, "rows 2"],
    places: Int[Array, " rows"],
) -> tuple[Float[Array, " rows"], Int[Array, "rows passes"], Float[Array, "rows passes"]]:
    """Expected change, a token for each pass, and their log P."""
    logits = decoder.logits(hidden)
    stands = jnp.arange(logits.shape[1]) == targets[:, None]
    weights = sampler_of(rule).weights(jnp.where(drawable | stands, logits, -jnp.inf), targets)
    current = jnp.take_along_axis(weights, targets[:, None], axis=1)[:, 0]
    change = 1 - current / jnp.sum(weights, axis=1)
    words = jax.vmap(partial(random_words, passes=passes))(keys, places)
    uniform = ((words >> 9).astype(jnp.float32) + 0.5) * 2.0**-23
    by_pass = jax.vmap(inverse_distribution, in_axes=(1, None, 1), out_axes=1)
    drawn = by_pass(uniform[..., 0], weights, uniform[..., 1])
    shifted = logits - jnp.max(logits, axis=1, keepdims=True)
    total = jnp.log(jnp.sum(jnp.exp(shifted), axis=1, keepdims=True))
    return change, drawn, jnp.take_along_axis(shifted, drawn, axis=1) - total


def random_words(
    key: UInt32[Array, "2"], place: Int[Array, ""], *, passes: int
) -> UInt32[Array, "passes 2"]:
    """The two random words of a token in each pass: a function of the document and the place."""
    places = jnp.full(passes, place, jnp.uint32)
    counts = jnp.concatenate([places, jnp.arange(passes, dtype=jnp.uint32)])
    return threefry_2x32(key, counts).reshape(2, passes).T
