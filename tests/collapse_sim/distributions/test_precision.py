"""Running sums round after every term: where they stop, and NumPy's own, bit for bit."""

import jax
import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest

from collapse_sim.distributions.precision import running_sum
from tests.collapse_sim.draws import COMPILE_FAST

STOPS = {"float16": 2048, "bfloat16": 256, "float32": 4096}

total = jax.jit(running_sum, static_argnums=1, compiler_options=COMPILE_FAST)


@pytest.mark.parametrize("name", STOPS)
def test_a_sum_of_ones_stops_where_one_is_half_of_the_last_place(name):
    assert float(total(jnp.ones(4096), jnp.dtype(name))) == STOPS[name]


@pytest.mark.parametrize("name", ["float16", "bfloat16"])
def test_xla_s_own_sum_does_not_stop(name):
    assert float(jnp.sum(jnp.ones(4096, jnp.dtype(name)))) == 4096


@pytest.mark.parametrize("name", STOPS)
def test_sums_are_numpy_s_one_after_the_other(name):
    dtype = {"bfloat16": ml_dtypes.bfloat16}.get(name, name)
    values = np.random.default_rng(0).normal(size=(3, 2, 301)).astype(np.float32)
    expected = np.zeros((3, 2), dtype)
    for term in np.moveaxis(values.astype(dtype), -1, 0):
        expected = expected + term
    assert expected.dtype == dtype
    got = jax.vmap(lambda rows: total(rows, jnp.dtype(name)))(jnp.asarray(values))
    np.testing.assert_array_equal(got, expected.astype(np.float32))


def test_a_type_without_a_rounding_is_refused():
    with pytest.raises(ValueError, match="^sum_dtype=.*: accepted are float16, bfloat16, float32"):
        running_sum(jnp.ones(2), jnp.int32)
