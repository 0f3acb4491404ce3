"""Fingerprints of traced programs: two programs of one fingerprint compute the same.

Operations with their parameters, shapes, types and constants enter; places in the source do not. A
program that may hide something, as in a function of Python's, has no fingerprint.
"""

import sys
from collections.abc import Mapping
from enum import Enum
from functools import cache
from hashlib import sha256
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.core import ShapedArray
from jax.extend.core import ClosedJaxpr, Jaxpr, Literal, Primitive

PLAIN = frozenset({type(None), bool, int, float, complex, str, bytes})
"""Types whose text, as Python writes it, says all."""

KEYS = frozenset({"key<fry>", "key<rbg>", "key<urbg>"})
"""JAX's own kinds of random keys."""

UNUSED = {
    "custom_jvp_call": frozenset({"jvp_jaxpr_fun"}),
    "custom_vjp_call": frozenset({"fwd_jaxpr_thunk", "bwd", "out_trees"}),
}
"""Parameters of operations for their derivatives, which no program takes once it is traced."""


class HiddenError(Exception):
    """A part that may differ between programs without being seen."""


def fingerprint(program: ClosedJaxpr, *settings: object) -> str | None:
    """Digits for a program and for what else decides how it is compiled, in plain values.

    The same in every process; None for a program that may hide something, or that a version of JAX
    writes in another way.
    """
    try:
        return _digits(_Reader().plain((program, settings)))
    except (HiddenError, TypeError, AttributeError):
        return None


def _digits(plain: object) -> str:
    """Digits of plain values, in tuples: their text can be read in one way only."""
    return sha256(repr(plain).encode()).hexdigest()


class _Reader:
    """Reads one program; a computation that occurs in it again is read once."""

    def __init__(self) -> None:
        self.read: dict[int, str] = {}

    def plain(self, value: Any) -> object:
        """The value in tuples of plain values. Raises HiddenError for what may hide something."""
        kind = type(value)
        if kind in PLAIN:
            return value
        if isinstance(value, tuple | list):  # named tuples too
            return (_name(kind), *map(self.plain, value))
        if isinstance(value, Mapping):
            return (_name(kind), *((self.plain(k), self.plain(value[k])) for k in sorted(value)))
        if isinstance(value, Enum):
            return _name(kind), value.name
        if isinstance(value, np.dtype):
            return "dtype", _dtype(value)
        if isinstance(value, ClosedJaxpr):
            return "program", self.plain(value.jaxpr), *map(_array, value.consts)
        if isinstance(value, Jaxpr):
            if id(value) not in self.read:
                self.read[id(value)] = _digits(self._equations(value))
            return "equations", self.read[id(value)]
        if hasattr(value, "__array__"):
            return _array(value)
        if isinstance(value, jax.sharding.Mesh | jax.sharding.AbstractMesh) and value.empty:
            return "no devices"
        if repr(value) == "UnspecifiedValue":  # JAX's word for no sharding, and no public name
            return _name(kind)
        raise HiddenError(_name(kind))

    def _equations(self, jaxpr: Jaxpr) -> object:
        numbers: dict[Any, int] = {}

        def new(variable) -> object:
            numbers[variable] = len(numbers)
            return _type(variable.aval)

        def used(variable) -> object:
            if isinstance(variable, Literal):
                return _array(variable.val), _type(variable.aval)
            return numbers[variable]

        def equation(found) -> object:
            name = found.primitive.name
            if found.primitive not in _jax_primitives() or found.effects:
                raise HiddenError(name)
            unused = UNUSED.get(name, frozenset())
            parameters = {k: value for k, value in found.params.items() if k not in unused}
            inputs = tuple(map(used, found.invars))
            outputs = tuple(map(new, found.outvars))
            return name, inputs, self.plain(parameters), outputs, _context(found.ctx)

        if jaxpr.effects:
            raise HiddenError("effects")
        constants = tuple(map(new, jaxpr.constvars))
        inputs = tuple(map(new, jaxpr.invars))
        equations = tuple(map(equation, jaxpr.eqns))
        return constants, inputs, equations, tuple(map(used, jaxpr.outvars))


@cache
def _jax_primitives() -> frozenset[Primitive]:
    """Operations that JAX defines: others could be changed and keep their names."""
    # Copies are made in one step: other threads may import meanwhile.
    modules = [m for name, m in sys.modules.copy().items() if name.startswith("jax.")]
    values = (value for module in modules for value in vars(module).copy().values())
    return frozenset(value for value in values if isinstance(value, Primitive))


def _name(kind: type) -> str:
    return f"{kind.__module__}.{kind.__qualname__}"


def _dtype(dtype: Any) -> str:
    """Name of a type of numbers. Raises HiddenError for keys that JAX did not define."""
    if jnp.issubdtype(dtype, jax.dtypes.extended) and str(dtype) not in KEYS:
        raise HiddenError(str(dtype))
    return str(dtype)


def _array(value: Any) -> object:
    if isinstance(value, jax.Array) and jnp.issubdtype(value.dtype, jax.dtypes.extended):
        return _dtype(value.dtype), _array(jax.random.key_data(value))
    array = np.asarray(value)
    if array.dtype.hasobject:
        raise HiddenError(_name(type(value)))
    return _dtype(array.dtype), array.shape, sha256(array.tobytes()).hexdigest()


@cache
def _type(aval: Any) -> object:
    """Type of a variable. Raises HiddenError for any but arrays that lie on no devices yet."""
    if not isinstance(aval, ShapedArray) or not aval.sharding.mesh.empty:
        raise HiddenError(str(aval))
    memory = str(getattr(aval, "memory_space", None))
    return _dtype(aval.dtype), aval.shape, aval.weak_type, memory


@cache
def _context(context: Any) -> str:
    """Settings under which an operation was traced."""
    return f"{context!r} {context.threefry_partitionable}"
