"""A JAX release that computes wrong numbers, or a type checker that checks none, must fail here."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jaxtyping import TypeCheckError

from collapse_sim.distributions.categorical import Counts
from tests.collapse_sim.draws import double_precision
from theory.linear.wishart import base_error


@pytest.mark.parametrize(("dtype", "rows"), [(np.float64, 16_385), (np.float32, 32_769)])
def test_jit_keeps_the_squared_norm_of_each_row(dtype, rows):
    """jax-ml/jax#39103, wrong in 0.10.2 from these row counts on. Every step is exact or rounded
    once, so the answer is NumPy's to the last bit."""
    column = np.arange(rows, dtype=dtype)
    with double_precision():
        x = jnp.stack([jnp.asarray(column), jnp.zeros(rows, dtype), jnp.zeros(rows, dtype)], axis=1)
        matrix = jnp.eye(3, dtype=dtype)

        def squared_norms(x):
            return jax.vmap(lambda row: jnp.sum((matrix @ row) ** 2))(x)

        # As everywhere but in the tests and commands, which ask XLA for quick compiling.
        full = jax.jit(squared_norms, compiler_options={"xla_backend_optimization_level": 3})
        eager, jitted = squared_norms(x), full(x)
    assert eager.dtype == jitted.dtype == dtype
    np.testing.assert_array_equal(eager, column**2)
    np.testing.assert_array_equal(jitted, column**2)


def test_types_are_checked_in_every_test():
    """Of functions and of what makes a dataclass."""
    for call in (lambda: base_error(dim="10", samples=100), lambda: Counts("1", "2", 3)):
        with pytest.raises(TypeCheckError):
            call()
