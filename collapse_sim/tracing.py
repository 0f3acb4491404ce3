"""A simulation is traced once: for its size, and for the program that all its replicates share.

The size decides how many replicates make a block, and what they may cost.
"""

import pickle
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from typing import Any, NamedTuple

import jax
import numpy as np
from jax.extend.core import ClosedJaxpr, jaxpr_as_fun
from jaxtyping import Array, Key


class Size(NamedTuple):
    """Floats that each replicate of a simulation has for itself."""

    largest: int = 1
    """Those of its largest array."""

    written: int = 0
    """Those of all its steps. A loop of unknown length counts as one step."""


@dataclass(frozen=True)
class Program:
    """One replicate of all simulations that differ in their data alone."""

    equations: ClosedJaxpr
    outputs: Any
    """Structure of the tree that it returns."""

    def __call__(self, data: list[Any], key: Key[Array, ""]) -> Any:
        """Trace of measures, as by `simulation(key)` for the simulation with these leaves."""
        found = jaxpr_as_fun(self.equations)(*data, key)
        return jax.tree.unflatten(self.outputs, found)


@partial(jax.jit, static_argnums=0)
def _replicate(kind, data: list, key: Key[Array, ""]) -> Any:
    return jax.tree.unflatten(kind, data)(key)


def program_of(simulation: Callable, key: Key[Array, ""]) -> Program:
    """Program of a simulation, for keys of this kind: JAX keeps it."""
    leaves, kind = jax.tree.flatten(simulation)
    # Python's numbers take the precision of what they meet, as in any JAX function.
    kinds = map(jax.typeof, leaves)
    data = [jax.ShapeDtypeStruct(x.shape, x.dtype, weak_type=x.weak_type) for x in kinds]
    traced = _replicate.trace(kind, data, jax.ShapeDtypeStruct((), key.dtype))
    return Program(traced.jaxpr, jax.tree.structure(traced.out_info))


def size_of(simulation: Callable) -> Size:
    """Size of a simulation.

    Raises ValueError for one whose trace cannot be reduced over replicates, and for one that draws
    from np.random.
    """
    before = _numpy_state()
    program = program_of(simulation, jax.random.key(0))
    if _numpy_state() != before:
        _replicate.clear_cache()  # type: ignore[attr-defined], the next attempt is told the same
        raise ValueError(
            "simulation draws from np.random, once for all replicates: accepted is jax.random, "
            "with the key"
        )
    return _size_of(program)


def generations_of(simulation: Callable) -> int:
    """Generations of a simulation; raises ValueError as `size_of` does."""
    size_of(simulation)
    program = program_of(simulation, jax.random.key(0))
    return program.equations.out_avals[0].shape[0]


@cache
def _size_of(program: Program) -> Size:
    equations = program.equations
    _require_numbers(jax.tree.unflatten(program.outputs, equations.out_avals))
    return _size(equations.jaxpr, frozenset(equations.jaxpr.invars[:-1]))


def _numpy_state() -> bytes:
    """What np.random draws next."""
    return pickle.dumps(np.random.get_state(legacy=False))  # noqa: NPY002 (what users call)


def _require_numbers(trace: Any) -> None:
    """Raise ValueError unless it is a dictionary of measures with one number a generation."""
    is_flat = isinstance(trace, dict) and jax.tree_util.all_leaves(trace.values())
    found = trace if is_flat else {}
    shapes = {measure.shape for measure in found.values()}
    kinds = {measure.dtype.kind for measure in found.values()}
    if len(shapes) != 1 or len(shape := shapes.pop()) != 1 or not shape[0] or "c" in kinds:
        shown = {name: f"{x.dtype}{list(x.shape)}" for name, x in found.items()} or trace
        raise ValueError(
            f"simulation returns {shown}: accepted is a dictionary of arrays, one for each "
            "measure, with a real number for each generation"
        )


def _size(jaxpr, shared: frozenset = frozenset()) -> Size:
    """Size of a computation, those inside it included.

    Constants, what is computed from them alone and the inputs named in `shared` are the same for
    all replicates.
    """
    own = set(jaxpr.invars) - shared
    largest, written = max(map(_floats, own), default=1), 0
    for equation in jaxpr.eqns:
        varying = [not hasattr(v, "val") and v in own for v in equation.invars]
        if not any(varying):
            continue
        own.update(equation.outvars)
        floats = list(map(_floats, equation.outvars))
        largest, written = max([largest, *floats]), written + sum(floats)
        constants = varying[: equation.params.get("num_consts", 0)]  # of a scan
        for inner in jax.tree.leaves(list(equation.params.values()), is_leaf=_is_jaxpr):
            if _is_jaxpr(inner):
                inner = getattr(inner, "jaxpr", inner)
                same = (v for v, mine in zip(inner.invars, constants, strict=False) if not mine)
                part = _size(inner, frozenset(same))
                largest = max(largest, part.largest)
                written += part.written * equation.params.get("length", 1)
    return Size(largest, written)


def _floats(variable) -> int:
    return int(np.prod(variable.aval.shape))


def _is_jaxpr(value) -> bool:
    return hasattr(value, "eqns") or hasattr(value, "jaxpr")
