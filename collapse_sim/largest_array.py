"""Size of a simulation, which decides how many replicates make a block."""

from collections.abc import Callable
from functools import cache

import jax
import numpy as np


def largest_array_of(simulation: Callable) -> int:
    """Floats of the largest array that each replicate of a simulation has for itself."""
    leaves, structure = jax.tree.flatten(simulation)
    return _largest_of_kind(
        structure, tuple((np.shape(x), jax.dtypes.result_type(x)) for x in leaves)
    )


@cache
def _largest_of_kind(structure, leaves: tuple) -> int:
    """Largest array of a simulation, traced once for all that differ in their data alone."""
    data = [jax.ShapeDtypeStruct(shape, dtype) for shape, dtype in leaves]

    def run(data, key):
        return jax.tree.unflatten(structure, data)(key)

    traced = jax.make_jaxpr(run)(data, jax.random.key(0)).jaxpr
    return _largest_array(traced, frozenset(traced.invars[:-1]))


def _largest_array(jaxpr, shared: frozenset = frozenset()) -> int:
    """Floats of the largest array that each replicate has for itself, sub-computations included.

    Constants, what is computed from them alone and the inputs named in `shared` are the same for
    all replicates.
    """
    own = set(jaxpr.invars) - shared
    largest = max(map(_floats, own), default=1)
    for equation in jaxpr.eqns:
        varying = [not hasattr(v, "val") and v in own for v in equation.invars]
        if not any(varying):
            continue
        own.update(equation.outvars)
        largest = max([largest, *map(_floats, equation.outvars)])
        constants = varying[: equation.params.get("num_consts", 0)]  # of a scan
        for inner in jax.tree.leaves(list(equation.params.values()), is_leaf=_is_jaxpr):
            if _is_jaxpr(inner):
                inner = getattr(inner, "jaxpr", inner)
                same = (v for v, mine in zip(inner.invars, constants, strict=False) if not mine)
                largest = max(largest, _largest_array(inner, frozenset(same)))
    return largest


def _floats(variable) -> int:
    return int(np.prod(variable.aval.shape))


def _is_jaxpr(value) -> bool:
    return hasattr(value, "eqns") or hasattr(value, "jaxpr")
