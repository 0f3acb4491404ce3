"""Sums in a precision lower than their terms': the computational source of error."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from collapse_sim.linalg import DType

SUM_DTYPES = (jnp.float16, jnp.bfloat16, jnp.float32)


def require_sum_dtype(dtype: DType) -> None:
    """Raises ValueError for a precision that no sum can be kept in here."""
    if dtype not in SUM_DTYPES:
        raise ValueError(f"sum_dtype={dtype}: accepted are float16, bfloat16, float32")


def running_sum(values: Float[Array, "*batch rows"], dtype: DType) -> Float[Array, "*batch"]:
    """Sum over the last axis, one row after the other, each partial sum rounded to `dtype`.

    A sum of ones stops at 2048 in float16 and at 256 in bfloat16, where 1 is half of the last
    place. `jnp.sum` shows nothing of it: XLA adds half types in float32 and rounds once. Nor would
    an addition in half types: XLA may keep more precision than it is asked for. So terms and
    partial sums are float32, rounded explicitly; the result is of the type of `values`.

    Raises ValueError for a dtype that is not float16, bfloat16 or float32.
    """
    require_sum_dtype(dtype)
    kind = jnp.finfo(dtype)

    def rounded(x):
        return jax.lax.reduce_precision(x, exponent_bits=kind.nexp, mantissa_bits=kind.nmant)

    terms = jnp.moveaxis(rounded(values.astype(jnp.float32)), -1, 0)
    start = jnp.zeros(values.shape[:-1], jnp.float32)
    total, _ = jax.lax.scan(lambda sum, term: (rounded(sum + term), None), start, terms, unroll=8)
    return total.astype(values.dtype)
