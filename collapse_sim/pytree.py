"""Dataclasses as JAX pytrees: which fields decide the compiled program, and which are data."""

from dataclasses import field, fields
from functools import partial
from typing import TypeVar

import jax

static = partial(field, metadata={"static": True})
"""A field that decides which program is compiled; all others are data."""

Class = TypeVar("Class", bound=type)


def pytree(cls: Class) -> Class:
    """The same dataclass, known to JAX: its data fields are children, its static ones structure.

    Not JAX's register_dataclass: in jax 0.10.1 the structures of two such classes with as many
    data fields and the same static values are equal, and jit, by chance of their hashes, now and
    then runs the program that was compiled for the other class.
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
