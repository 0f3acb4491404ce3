"""Random counts: Poisson, multinomial and multivariate hypergeometric draws.

Their cost does not depend on how many tokens are counted. Counts are int32, at most 2^31 - 1
tokens; numbers known before a program is compiled are refused above. float32 is enough up to 2^24
tokens; above, it rounds a type's mean by up to 6e-8 of itself, and float64 (where JAX has it
enabled) does not.
"""

from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import Tracer
from jaxtyping import Array, Float, Int, Key

from collapse_sim.count_quantiles import by_search, from_normal
from collapse_sim.linalg import DType
from collapse_sim.random import bits, normal, uniform

SEARCH_BELOW = 12.0
"""Mean below which Poisson counts are drawn by search; the others are drawn from a normal."""

MOST_TOKENS = 2**31 - 1
"""Largest number that int32 holds."""

LARGEST_MEAN = 2.0**31 - 2**20
"""A Poisson count of this mean is above int32 with a chance of 1e-114."""

FEW_TYPES, FEW_TOKENS = 64, 224
"""Types up to which each of a multinomial's last tokens is compared with all of them at once."""

SPARE = 3.0
"""Standard deviations by which a multinomial's Poisson total is aimed below its tokens."""


def poisson(
    key: Key[Array, ""], mean: Float[np.ndarray | Array, "*shape"], dtype: DType = jnp.float32
) -> Int[Array, "*shape"]:
    """Poisson draws for means from 0 (which gives exactly 0) to 2^31 - 2^20, one for each entry.

    By inversion, from one random word each and without rejection. The distribution function is
    within 1e-7 of Poisson's, no more than the rounding of a float32 uniform; the chance of any
    count at all is right for means down to 1e-8. Raises ValueError for means known to be outside.
    """
    if not isinstance(mean, Tracer):
        _require("mean", mean, LARGEST_MEAN, "numbers")
    return _poisson(key, jnp.asarray(mean, dtype), dtype)


def _poisson(
    key: Key[Array, ""], mean: Float[Array, "*shape"], dtype: DType
) -> Int[Array, "*shape"]:
    """Poisson draws for means up to 2^31. A draw above int32 wraps; read as uint32 it is right."""
    searched = mean < SEARCH_BELOW
    # Either of the two is used, so both may come from one key: the compiler hashes it once.
    tail = _small_uniform(key, mean.shape, dtype)
    z = normal(key, mean.shape, dtype)
    small = jnp.where(searched, mean, 0)
    few = by_search(tail, -small, lambda k: small * (1 / (k + 1)))
    return jnp.where(searched, few, from_normal(z, jnp.maximum(mean, SEARCH_BELOW)))


def binomial(
    key: Key[Array, ""],
    count: Int[np.ndarray | Array, "*shape"],
    chance: Float[Array, "*#shape"] | float,
    dtype: DType = jnp.float32,
) -> Int[Array, "*shape"]:
    """Successes in `count` trials of one chance from 0 to 1/2, for each entry; chances may differ.

    Poisson numbers of successes and failures, taken as in `multinomial`, and the last few trials by
    inversion. `jax.random.binomial` in float32 has a wrong variance from about 10^7 trials on.
    Raises ValueError for a count or a chance known to be outside.
    """
    count = _as_counts(count)
    if not isinstance(chance, Tracer):
        _require("chance", chance, 0.5, "numbers")
    chance = jnp.asarray(chance, dtype)
    few = 64
    many_key, few_key = jax.random.split(key)

    def many(state):
        successes, left, attempt = state
        trials = left.astype(dtype)
        mean = jnp.maximum(trials - SPARE * jnp.sqrt(trials), 0)
        means = jnp.stack([mean * chance, mean * (1 - chance)])
        yes, no = _poisson(jax.random.fold_in(many_key, attempt), means, dtype)
        # Of 2^31 tokens the sum may be more than int32 holds, never more than uint32 does.
        total = yes.astype(jnp.uint32) + no.astype(jnp.uint32)
        fits = (left > few) & (total <= left.astype(jnp.uint32))
        yes, both = (jnp.where(fits, x, 0) for x in (yes, yes + no))
        return successes + yes, left - both, attempt + 1

    left = count
    state = jnp.zeros_like(left), left, jnp.uint32(0)
    successes, left, _ = jax.lax.while_loop(lambda state: jnp.any(state[1] > few), many, state)
    trials, odds = left.astype(dtype), chance / (1 - chance)
    tail = _small_uniform(few_key, left.shape, dtype)
    none = trials * jnp.log1p(-chance)
    last = by_search(tail, none, lambda k: (trials - k) * (odds / (k + 1)))
    return successes + last


def multinomial(
    key: Key[Array, ""],
    count: Int[np.ndarray | Array, ""] | int,
    probabilities: Float[np.ndarray | Array, " types"],
    dtype: DType = jnp.float32,
) -> Int[Array, " types"]:
    """Counts of each type among `count` tokens; a type of probability 0 has none.

    Independent Poisson counts are multinomial given their total. So whenever their total is no
    more than the tokens still to be drawn they are taken, whatever it is, and the rest drawn in
    the same way; the last few tokens are drawn one by one. Probabilities that are not a law (nan,
    or all 0) give no token at all. Raises ValueError for a count known to be negative or above
    2^31 - 1.
    """
    count = _as_counts(count)
    probabilities = jnp.asarray(probabilities, dtype)
    types = probabilities.shape[0]
    count = jnp.where(probabilities.sum() > 0, count, 0)
    few = FEW_TOKENS if types <= FEW_TYPES else max(32, types // 16)
    many_key, few_key = jax.random.split(key)

    def many(state):
        counts, left, attempt = state
        tokens = left.astype(dtype)
        mean = (tokens - SPARE * jnp.sqrt(tokens)) * probabilities
        drawn = _poisson(jax.random.fold_in(many_key, attempt), jnp.maximum(mean, 0), dtype)
        # Of 2^31 tokens the sum may be more than int32 holds, never more than uint32 does.
        total = drawn.astype(jnp.uint32).sum(dtype=jnp.uint32)
        fits = total <= left.astype(jnp.uint32)
        taken = jnp.where(fits, total, 0).astype(jnp.int32)
        return counts + jnp.where(fits, drawn, 0), left - taken, attempt + 1

    start = jnp.zeros(types, jnp.int32), count, jnp.uint32(0)
    counts, left, _ = jax.lax.while_loop(lambda state: state[1] > few, many, start)
    last = _by_comparing if types <= FEW_TYPES else _by_searching
    return counts + last(few_key, left, probabilities)


def _by_searching(
    key: Key[Array, ""], count: Int[Array, ""], probabilities: Float[Array, " types"]
) -> Int[Array, " types"]:
    """Multinomial counts of few tokens among many types: each token looks for its own."""
    types, dtype = probabilities.shape[0], probabilities.dtype
    chunk = max(16, types // 64)
    cumulative = jnp.cumsum(probabilities)

    def one_by_one(state):
        counts, left, attempt = state
        u = uniform(jax.random.fold_in(key, attempt), (chunk,), dtype)
        drawn = _find(cumulative, u * cumulative[-1])
        # Rounding may let a step of the sum out where no probability is.
        taken = (jnp.arange(chunk) < left) & (probabilities[drawn] > 0)
        return counts.at[drawn].add(taken.astype(jnp.int32)), left - taken.sum(), attempt + 1

    state = jnp.zeros(types, jnp.int32), count, jnp.uint32(0)
    return jax.lax.while_loop(lambda state: state[1] > 0, one_by_one, state)[0]


def _by_comparing(
    key: Key[Array, ""], count: Int[Array, ""], probabilities: Float[Array, " types"]
) -> Int[Array, " types"]:
    """Multinomial counts of at most FEW_TOKENS tokens among few types: each meets every type."""
    at_once = 8
    cumulative = jnp.where(probabilities > 0, jnp.cumsum(probabilities), 0)
    cumulative = jax.lax.cummax(cumulative)  # no step where no probability is
    cumulative = cumulative / cumulative[-1]
    u = uniform(key, (FEW_TOKENS,), probabilities.dtype)
    u = jnp.where(jnp.arange(FEW_TOKENS) < count, u, 1)

    def compare(state):
        met, below = state
        tokens = jax.lax.dynamic_slice(u, (met,), (at_once,))
        for i in range(at_once):
            below = below + (tokens[i] < cumulative)
        return met + at_once, below

    start = jnp.int32(0), jnp.zeros(probabilities.shape, jnp.int32)
    below = jax.lax.while_loop(lambda state: state[0] < count, compare, start)[1]
    return jnp.diff(below, prepend=0)


def hypergeometric(
    key: Key[Array, ""],
    counts: Int[np.ndarray | Array, " types"],
    count: Int[np.ndarray | Array, ""] | int,
) -> Int[Array, " types"]:
    """Counts of each type among `count` tokens drawn without replacement from `counts`.

    Tokens taken independently with one chance are, given how many they are, a uniformly random
    subset. So whenever they are no more than asked for they are taken, and the rest drawn in the
    same way from what is left; the last few tokens are drawn one by one. `count` above the number
    of tokens takes them all. Raises ValueError for counts known to be negative or to add up to more
    than 2^31 - 1.
    """
    counts, count = _as_counts(counts, "counts"), _as_counts(count)
    if not isinstance(counts, Tracer):
        _require("sum of counts", np.asarray(counts).sum(dtype=np.int64), MOST_TOKENS)
    total = counts.sum(dtype=jnp.int32)
    count = jnp.minimum(count, total)
    more_than_half = count > total // 2
    smaller = jnp.where(more_than_half, total - count, count)
    many_key, few_key = jax.random.split(key)
    few, chunk = max(16, counts.shape[0] // 16), max(16, counts.shape[0] // 64)
    dtype = jnp.result_type(float)  # float64 where JAX has it enabled

    def many(state):
        kept, left, attempt = state
        tokens, wanted = kept.sum(dtype=jnp.int32).astype(dtype), left.astype(dtype)
        rate = jnp.maximum(wanted - SPARE * jnp.sqrt(wanted), 0) / tokens
        attempt_key = jax.random.fold_in(many_key, attempt)
        drawn = binomial(attempt_key, kept, rate, dtype)
        taken = drawn.sum(dtype=jnp.int32)
        fits = taken <= left
        return kept - jnp.where(fits, drawn, 0), left - jnp.where(fits, taken, 0), attempt + 1

    def one_by_one(state):
        kept, left, attempt = state
        cumulative = jnp.cumsum(kept, dtype=jnp.int32)
        attempt_key = jax.random.fold_in(few_key, attempt)
        token = jax.random.randint(attempt_key, (chunk,), 0, cumulative[-1])
        again = jnp.tril(token[:, None] == token, -1).any(axis=1)
        taken = ~again & (jnp.cumsum(~again) <= left)
        drawn = _find(cumulative, token)
        return kept.at[drawn].add(-taken.astype(jnp.int32)), left - taken.sum(), attempt + 1

    state = counts, smaller, jnp.uint32(0)
    kept, left, _ = jax.lax.while_loop(lambda state: state[1] > few, many, state)
    state = kept, left, jnp.uint32(0)
    kept = jax.lax.while_loop(lambda state: state[1] > 0, one_by_one, state)[0]
    return jnp.where(more_than_half, kept, counts - kept)


def categorical(
    key: Key[Array, ""],
    probabilities: Float[np.ndarray | Array, " types"],
    shape: tuple[int, ...],
    dtype: DType = jnp.float32,
) -> Int[Array, "*shape"]:
    """Types of independent tokens, never one of probability 0."""
    probabilities = jnp.asarray(probabilities, dtype)
    cumulative = jnp.where(probabilities > 0, jnp.cumsum(probabilities), 0)
    cumulative = jax.lax.cummax(cumulative)
    return _find(cumulative, uniform(key, shape, dtype) * cumulative[-1])


def _as_counts(
    values: Int[np.ndarray | Array, "*shape"] | int, name: str = "count"
) -> Int[Array, "*shape"]:
    """Counts in int32. None wraps: wider integers are checked where they are known."""
    if not isinstance(values, Tracer):
        _require(name, values, MOST_TOKENS)
    return jnp.asarray(values, jnp.int32)


def _require(name: str, values: Any, most: float | int, kind: str = "integers") -> None:
    known = np.asarray(values)
    outside = ~((known >= 0) & (known <= most))
    if outside.any():
        wrong = known[outside].flat[0]
        raise ValueError(f"{name}={wrong}: accepted are {kind} from 0 to {most:.10g}")


def _find(cumulative: Array, value: Array) -> Int[Array, "..."]:
    """The first place where a cumulative sum is above each value."""
    place = jnp.searchsorted(cumulative, value, side="right", method="scan_unrolled")
    return jnp.minimum(place, cumulative.shape[0] - 1)


def _small_uniform(
    key: Key[Array, ""], shape: tuple[int, ...], dtype: DType
) -> Float[Array, "*shape"]:
    """Uniform draws from (0, 1]; near 0 they are resolved to 2^-32."""
    if dtype != jnp.float32:
        return uniform(key, shape, dtype)
    return (bits(key, shape).astype(dtype) + 0.5) * 2.0**-32
