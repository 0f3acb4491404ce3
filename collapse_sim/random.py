"""Random draws that a generation needs: normals, exact chi-squares and Wishart factors."""

import math
from functools import partial

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Key, UInt32

from collapse_sim.linalg import DType

ROTATIONS = (13, 15, 26, 6), (17, 29, 16, 24)
PARITY = 0x1BD11BDA
"""Constants of the hash threefry2x32 (Salmon, Moraes, Dror and Shaw 2011)."""

SHORT = 128
"""Most words of a draw whose halves are not put together: measured at 100 (worth it), 200 (no
matter) and 1,000 (not), on one kind of CPU."""

ROW = 64
"""Longest row of entries: every round proposes one entry of each row anew."""


def bits(key: Key[Array, ""], shape: tuple[int, ...]) -> UInt32[Array, "..."]:
    """Random words, both of each threefry hash, hashed as one vector whatever the shape.

    `jax.random.bits` folds the two words of a hash into one, so that an array can be made in
    parts, and under vmap its inner loop is as short as the last axis: on a CPU up to 4 times
    slower (2.4 times with jax 0.12.0, ten normals for each of 4,096 keys). Keys of another kind
    than threefry have their own generator.
    """
    if str(jax.random.key_impl(key)) != "threefry2x32":
        return jax.random.bits(key, shape)
    return _hashed(jax.random.key_data(key), math.prod(shape)).reshape(shape)


@partial(jax.jit, static_argnums=1)  # traced once for all draws of a size
def _hashed(key: UInt32[Array, "2"], size: int) -> UInt32[Array, " size"]:
    """Threefry hashes of the pairs (i, i + size / 2): first words, then second words.

    JAX's own on a CPU is a loop that writes every word five times; this is one pass over them. Two
    halves put together may become a branch for each word, which no vector instruction takes. Where
    they are short both words of a pair are computed twice instead: 2.3 times faster edits of 100
    rows, where 1,000 fresh inputs would take twice as long.
    """
    half = -(-size // 2)
    if size > SHORT:
        words = _threefry(key, jnp.arange(half, dtype=jnp.uint32), jnp.uint32(half))
        return jnp.concatenate(words)[:size]
    place = jnp.arange(size, dtype=jnp.uint32)
    first = place < half
    words = _threefry(key, jnp.where(first, place, place - jnp.uint32(half)), jnp.uint32(half))
    return jnp.where(first, *words)


def _threefry(
    key: UInt32[Array, "2"], x: UInt32[Array, " pairs"], apart: UInt32[Array, ""]
) -> tuple[UInt32[Array, " pairs"], UInt32[Array, " pairs"]]:
    """Both words of the hashes of the pairs (x, x + apart)."""
    y = x + apart
    keys = key[0], key[1], key[0] ^ key[1] ^ jnp.uint32(PARITY)
    x, y = x + keys[0], y + keys[1]
    for i in range(5):
        x, y = _rounds(x, y, ROTATIONS[i % 2])
        x, y = x + keys[(i + 1) % 3], y + keys[(i + 2) % 3] + jnp.uint32(i + 1)
    return x, y


@partial(jax.jit, static_argnums=2)  # traced and lowered twice for a hash, not five times
def _rounds(
    x: UInt32[Array, " pairs"], y: UInt32[Array, " pairs"], rotations: tuple[int, ...]
) -> tuple[UInt32[Array, " pairs"], UInt32[Array, " pairs"]]:
    """Four rounds of threefry."""
    for rotation in rotations:
        x = x + y
        y = (y << jnp.uint32(rotation) | y >> jnp.uint32(32 - rotation)) ^ x
    return x, y


def uniform(key: Key[Array, ""], shape: tuple[int, ...], dtype: DType) -> Float[Array, "..."]:
    """Uniform draws from the open interval (0, 1): midpoints of 2^23 cells in float32."""
    if dtype != jnp.float32:
        return jax.random.uniform(key, shape, dtype, minval=jnp.finfo(dtype).tiny)
    return ((bits(key, shape) >> 9).astype(dtype) + 0.5) * 2.0**-23


def normal(key: Key[Array, ""], shape: tuple[int, ...], dtype: DType) -> Float[Array, "..."]:
    """Standard normal draws, by the inverse of the distribution function."""
    if dtype != jnp.float32:
        return jax.random.normal(key, shape, dtype)
    # The midpoints of 2^23 cells are symmetric about 0 and exact in float32.
    signed = jax.lax.bitcast_convert_type(bits(key, shape), jnp.int32) >> 9
    return math.sqrt(2) * jax.lax.erf_inv((signed.astype(dtype) + 0.5) * 2.0**-22)


def chi_square(
    key: Key[Array, ""], degrees: Float[Array, "*shape"], dtype: DType = jnp.float32
) -> Float[Array, "*shape"]:
    """Chi-square draws for degrees of freedom >= 0 (0 gives exactly 0), one per entry.

    Exact, and several times faster than `jax.random.chisquare`, whose rejection loop runs entry by
    entry.
    """
    degrees = jnp.asarray(degrees, dtype)
    shape = degrees / 2
    gamma_key, boost_key = jax.random.split(key)
    value = _gamma(gamma_key, jnp.where(shape < 1, shape + 1, shape).reshape(-1))
    value = value.reshape(shape.shape)
    u = uniform(boost_key, shape.shape, dtype)
    power = 1 / jnp.where(shape > 0, shape, 1)
    value = jnp.where(shape < 1, value * u**power, value)
    return jnp.where(degrees > 0, 2 * value, 0)


def _gamma(key: Key[Array, ""], shape: Float[Array, " size"]) -> Float[Array, " size"]:
    """Gamma draws for shapes >= 1: Marsaglia and Tsang (2000), proposed to all entries at once.

    Few proposals are rejected, and to propose to all entries again would cost as much as the first
    time: instead one rejected entry of each row is, until none is left.
    """
    size = shape.shape[0]
    rows = max(-(-size // ROW), 1)
    row = -(-size // rows)
    shape = jnp.pad(shape, (0, rows * row - size), constant_values=1).reshape(rows, row)
    d = shape - 1 / 3
    place = jnp.arange(row)

    def again(state):
        accepted, value, attempt = state
        first = jnp.min(jnp.where(accepted, row, place), axis=1, keepdims=True) == place
        # Rows with none left propose to the least d there is, in vain.
        rejected = jnp.max(jnp.where(first, d, 2 / 3), axis=1)
        newly, proposed = _propose(jax.random.fold_in(key, attempt), rejected)
        taken = first & newly[:, None]
        return accepted | taken, jnp.where(taken, proposed[:, None], value), attempt + 1

    start = *_propose(jax.random.fold_in(key, 0), d), jnp.uint32(1)
    value = jax.lax.while_loop(lambda state: ~jnp.all(state[0]), again, start)[1]
    return value.reshape(-1)[:size]


def _propose(
    key: Key[Array, ""], d: Float[Array, "*shape"]
) -> tuple[Bool[Array, "*shape"], Float[Array, "*shape"]]:
    """Proposal for gamma laws of shape d + 1/3: whether it is accepted, and its draw."""
    normal_key, uniform_key = jax.random.split(key)
    x = normal(normal_key, d.shape, d.dtype)
    u = uniform(uniform_key, d.shape, d.dtype)
    t = x / jnp.sqrt(9 * d)
    # x^2/2 + d (1 - v + ln v) with v = (1 + t)^3. Its terms up to t^3 cancel, which for large d
    # would leave only rounding errors: near t = 0 the series is used instead.
    series = -3 * d * t**4 * (1 / 4 - t * (1 / 5 - t * (1 / 6 - t * (1 / 7 - t / 8))))
    safe = jnp.maximum(1 + t, jnp.finfo(d.dtype).tiny)
    direct = x * x / 2 + d * (1 - safe**3 + 3 * jnp.log(safe))
    log_acceptance = jnp.where(jnp.abs(t) < 0.05, series, direct)
    return (t > -1) & (jnp.log(u) < log_acceptance), d * (1 + t) ** 3


def wishart_factor(
    key: Key[Array, ""],
    rows: Float[Array, "*batch"] | int,
    dim: int,
    dtype: DType = jnp.float32,
) -> Float[Array, "*batch dim dim"]:
    """Lower-triangular L with L L^T distributed as X^T X, X having `rows` rows from N(0, I).

    Bartlett's decomposition; for rows < dim the last columns are zero (a singular Wishart).
    The cost does not depend on `rows`. float32 is enough: the relative error of a chi-square is
    the dtype's.
    """
    rows = jnp.asarray(rows, dtype)
    normal_key, diagonal_key = jax.random.split(key)
    column = jnp.arange(dim)
    degrees = jnp.maximum(rows[..., None] - column, 0)
    diagonal = jnp.sqrt(chi_square(diagonal_key, degrees, dtype))
    below = jnp.tril(normal(normal_key, (*rows.shape, dim, dim), dtype), -1)
    below = jnp.where((column < rows[..., None])[..., None, :], below, 0)
    return below + diagonal[..., None] * jnp.eye(dim, dtype=dtype)
