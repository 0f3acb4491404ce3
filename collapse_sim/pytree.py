"""Dataclasses as JAX pytrees: static fields decide the compiled program, the others are data."""

from dataclasses import field, fields, is_dataclass
from functools import partial
from typing import Any, TypeVar

import jax
import numpy as np

static = partial(field, metadata={"static": True})
"""A field that decides which program is compiled; all others are data."""

Class = TypeVar("Class", bound=type)


def pytree(cls: Class) -> Class:
    """Register a dataclass with JAX: data fields are children, static fields are structure.

    Not JAX's register_dataclass: the structures of two such classes with as many data fields and
    the same static values are equal (in jax 0.10.1 as in 0.12.0), and in 0.10.1 jit, by chance of
    their hashes, now and then runs the program that was compiled for the other class.
    """
    data = [f.name for f in fields(cls) if not f.metadata.get("static", False)]
    statics = [f.name for f in fields(cls) if f.metadata.get("static", False)]
    names = data + statics
    keys = [jax.tree_util.GetAttrKey(name) for name in data]

    def flatten(tree):
        children = tuple(getattr(tree, name) for name in data)
        return children, tuple(getattr(tree, name) for name in statics)

    def flatten_with_keys(tree):
        children, structure = flatten(tree)
        return tuple(zip(keys, children, strict=True)), structure

    def unflatten(structure, children):
        return cls(**dict(zip(names, (*children, *structure), strict=True)))

    jax.tree_util.register_pytree_with_keys(cls, flatten_with_keys, unflatten, flatten)
    return cls


def require_tree(name: str, value: Any) -> None:
    """Make JAX know the class of `value`, the part `name` of a simulation, if it does not.

    A frozen dataclass that nobody decorated becomes static as a whole: each of its values has a
    compiled program of its own. Raises ValueError, which says what to add, where that cannot be:
    for what is no frozen dataclass, and for fields that have no hash, as arrays.
    """
    is_new = jax.tree_util.all_leaves([value])
    if not is_new and jax.tree.leaves(value):
        return
    cls = type(value)
    is_frozen = is_dataclass(cls) and cls.__dataclass_params__.frozen  # type: ignore[attr-defined]
    if is_new and not is_frozen:
        raise ValueError(
            f"{name} is a {cls.__name__}: accepted is an instance of a class with "
            "@dataclass(frozen=True)"
        )
    try:
        hash(value)
    except TypeError:
        raise ValueError(
            f"{name} is a {cls.__name__} with arrays or lists: add @collapse_sim.pytree.pytree to "
            "the class, and = collapse_sim.pytree.static() to fields that decide shapes"
        ) from None
    if is_new:
        jax.tree_util.register_static(cls)


def require_integer(name: str, value: Any, least: int, most: int | None = None) -> None:
    """Raise ValueError for anything but an integer, NumPy's included, of a range."""
    whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
    if not whole or value < least or (most is not None and value > most):
        accepted = f">= {least}" if most is None else f"from {least} to {most}"
        raise ValueError(f"{name}={value!r}: accepted are integers {accepted}")


def require_methods(name: str, value: Any, protocol: type) -> None:
    """Raise ValueError that names the methods of a protocol that `value` lacks."""
    if isinstance(value, type):
        raise ValueError(f"{name} is the class {value.__name__}: accepted is an instance of it")
    wanted = [member for member in vars(protocol) if not member.startswith("_")]
    missing = [member for member in wanted if not hasattr(value, member)]
    if missing:
        raise ValueError(
            f"{name} is a {type(value).__name__} without {', '.join(missing)}: accepted are "
            f"objects with {', '.join(wanted)}"
        )
