"""Dataclasses as pytrees: children and structure, and jit's telling classes apart."""

from dataclasses import dataclass, make_dataclass

import jax
import pytest

from collapse_sim.distributions.spikes import SpikeLearner
from collapse_sim.loop import Chain
from collapse_sim.pytree import pytree, static
from collapse_sim.regimes import Accumulate, AccumulateSubsample, HumanOnly


@pytree
@dataclass(frozen=True)
class Pair:
    first: float
    name: str = static()
    second: float = 2.0


def test_children_are_the_data_in_their_order_under_their_names():
    tree = Pair(1.0, "a", 3.0)
    assert jax.tree.leaves(tree) == [1.0, 3.0]
    leaves, structure = jax.tree_util.tree_flatten_with_path(tree)
    assert [(jax.tree_util.keystr(path), leaf) for path, leaf in leaves] == [
        (".first", 1.0),
        (".second", 3.0),
    ]
    assert jax.tree.unflatten(structure, [5.0, 6.0]) == Pair(5.0, "a", 6.0)
    assert jax.tree.map(lambda x: 2 * x, tree) == Pair(2.0, "a", 6.0)


def test_static_fields_are_structure():
    assert jax.tree.structure(Pair(1.0, "a")) == jax.tree.structure(Pair(7.0, "a"))
    assert jax.tree.structure(Pair(1.0, "a")) != jax.tree.structure(Pair(1.0, "b"))


@pytest.mark.parametrize("other", [AccumulateSubsample(), HumanOnly()])
def test_regimes_without_fields_have_structures_of_their_own(other):
    assert jax.tree.structure(Accumulate()) != jax.tree.structure(other)


def test_jit_never_runs_the_program_of_another_class():
    """With JAX's register_dataclass, jax 0.10.1 ran another's program for ten of these hundred."""

    def numbered(number: int):
        cls = make_dataclass(f"Class{number}", [], namespace={"value": lambda self: number})
        return pytree(cls)()

    trees = [numbered(number) for number in range(100)]
    value = jax.jit(lambda tree, x: tree.value() + x)
    for _ in range(2):  # compiled, then found again
        assert [int(value(tree, 0)) for tree in trees] == list(range(100))


def test_a_chain_is_told_apart_by_the_class_of_its_regime():
    first, second = (Chain(SpikeLearner(64), regime, 3) for regime in (Accumulate(), HumanOnly()))
    assert jax.tree.structure(first) != jax.tree.structure(second)
