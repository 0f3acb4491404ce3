"""Quantiles of laws of counts: by search from none upwards, and of Poisson laws by a normal one."""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

SQUARE = (0.166664335, -0.0138920009, 0.00367577283, -0.00122878632, 0.000807228573) + (
    -0.000470013023,
    -0.00017857017,
    7.87205717e-05,
    0.000198531855,
    -9.72088611e-05,
)
CONSTANT = (0.333334376, -0.027771702, 0.00881634609, -0.00382345376) + (
    0.000968007145,
    -0.0014181513,
    -0.000562152449,
    0.00132808578,
)
INVERSE = (-0.0198092289, 0.0173074806, -0.0142852504, 0.0131205443)
"""Polynomials of `from_normal`, fitted to scipy's incomplete gamma function."""


def by_search(
    tail: Float[Array, "*shape"],
    none: Float[Array, "*shape"],
    ratio: Callable[[Array], Float[Array, "*shape"]],
) -> Int[Array, "*shape"]:
    """The least k with P(K > k) <= tail: how many of k = 0, 1, ... have P(K > k) > tail.

    `none` is log P(K = 0) and `ratio(k)` is P(K = k + 1) / P(K = k), which falls with k.
    """

    def steps(state):
        k, count, chance, above = state
        for _ in range(8):
            # Rounding errors of the difference must not reach where the law has nothing: from here
            # on it falls at least as fast as a geometric law.
            step = ratio(k)
            possible = tail * (1 - step) < chance * step
            count = count + ((tail < above) & possible)
            k, chance = k + 1, chance * step
            above = jnp.where(possible, above - chance, 0)
        return k, count, chance, above

    start = jnp.zeros((), none.dtype), jnp.zeros(none.shape, jnp.int32)
    state = *start, jnp.exp(none), -jnp.expm1(none)
    return jax.lax.while_loop(lambda state: jnp.any(tail < state[3]), steps, state)[1]


def from_normal(z: Float[Array, "*shape"], mean: Float[Array, "*shape"]) -> Int[Array, "*shape"]:
    """The quantile of a Poisson law at which a standard normal one is at z.

    P(K <= k) is a regularised incomplete gamma function, Q(k + 1, mean). The root x of
    Q(x, mean) = Phi(z), rounded down, is the quantile; as mean grows it is
    mean + z sqrt(mean) + z^2 A(s) + B(s) + C(s) / mean + O(mean^-2), s = z / sqrt(mean), by
    Temme's expansion (1979), inverted as by Giles (2016); A(0) = 1/6, B(0) = 1/3.
    """
    root = jnp.sqrt(mean)
    s = jnp.clip(z / root, -1.3, 1.6)  # where A, B and C were fitted
    shift = _polynomial(CONSTANT, s) + _polynomial(INVERSE, s) / mean
    shift = z * root + z * z * _polynomial(SQUARE, s) + shift
    # Relative to the whole part of the mean, a large count is not rounded.
    whole = jnp.floor(mean)
    count = whole.astype(jnp.int32) + jnp.floor(mean - whole + shift).astype(jnp.int32)
    return jnp.maximum(count, 0)


def _polynomial(coefficients: tuple[float, ...], x: Float[Array, "*shape"]) -> Array:
    value = jnp.full_like(x, coefficients[-1])
    for coefficient in reversed(coefficients[:-1]):
        value = value * x + coefficient
    return value
