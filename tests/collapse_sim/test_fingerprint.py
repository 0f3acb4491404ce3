"""Programs of one fingerprint are one program, and what may hide something has none."""

import gc
import itertools
import os
import subprocess
import sys
import types
from enum import IntEnum
from itertools import combinations
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jax.extend.core import Primitive, jaxpr_as_fun

from collapse_sim.distributions.gaussian import GaussianLearner
from collapse_sim.editing import Edit
from collapse_sim.fingerprint import _jax_primitives, fingerprint
from collapse_sim.linear.design import GaussianDesign
from collapse_sim.linear.learner import LinearLearner
from collapse_sim.loop import Chain
from collapse_sim.masks import random_masks
from collapse_sim.regimes import Accumulate, Replace
from collapse_sim.tracing import program_of

ROW = jnp.arange(4.0)
TABLE = np.arange(4.0, dtype=np.float32)


def of(function, *arguments) -> str | None:
    return fingerprint(jax.make_jaxpr(function)(*arguments))


def looped(step, length=3, reverse=False):
    def function(x):
        return jax.lax.scan(lambda c, _: (step(c), None), x, None, length, reverse)[0]

    return function


def branches(first, second):
    return lambda x: jax.lax.cond(x[0] > 0, first, second, x)


DIFFERENT = {
    "nothing": lambda x: x,
    "sum": lambda x: x.sum(),
    "product": lambda x: x.prod(),
    "difference": lambda x: x - x[::-1],
    "difference, other way": lambda x: x[::-1] - x,
    "constant": lambda x: x * np.float32(0.1),
    "next constant": lambda x: x * np.nextafter(np.float32(0.1), np.float32(1)),
    "zero": lambda x: jnp.maximum(x, 0.0),
    "negative zero": lambda x: jnp.maximum(x, -0.0),
    "array": lambda x: x + TABLE,
    "array, one other": lambda x: x + np.where(TABLE == 3, np.float32(3.1), TABLE),
    "array, other order": lambda x: x + TABLE[::-1],
    "outputs": lambda x: (x, 2 * x),
    "outputs, other order": lambda x: (2 * x, x),
    "one output twice": lambda x: (x, x),
    "loop": looped(lambda c: 2 * c),
    "loop, longer": looped(lambda c: 2 * c, length=4),
    "loop, backwards": looped(lambda c: 2 * c, reverse=True),
    "loop of another step": looped(lambda c: 3 * c),
    "while": lambda x: jax.lax.while_loop(lambda c: c[0] < 9, lambda c: c + 1, x),
    "while, longer": lambda x: jax.lax.while_loop(lambda c: c[0] < 10, lambda c: c + 1, x),
    "branches": branches(jnp.sin, jnp.cos),
    "branches, other way": branches(jnp.cos, jnp.sin),
    "matrix": lambda x: jnp.outer(x, x) @ x,
    "matrix, precise": lambda x: jnp.matmul(jnp.outer(x, x), x, precision="highest"),
    "half": lambda x: x.astype(jnp.bfloat16),
    "integer": lambda x: x.astype(jnp.int32),
    "nested": lambda x: jax.jit(jnp.sin)(x),
    "sorted": lambda x: jnp.sort(x),
    "sorted, falling": lambda x: jnp.sort(x, descending=True),
    "drawn": lambda x: jax.random.normal(jax.random.fold_in(jax.random.key(0), 1), x.shape),
    "rule": jax.nn.relu,
}
"""Functions of a row, each another one."""


def test_each_of_many_programs_has_its_own():
    found = {name: of(function, ROW) for name, function in DIFFERENT.items()}
    hidden = {name for name, one in found.items() if one is None}
    assert hidden <= {"drawn"}  # a key made inside holds an implementation
    for first, second in combinations(found.keys() - hidden, 2):
        assert found[first] != found[second], (first, second)


@pytest.mark.parametrize("name", sorted(DIFFERENT.keys() - {"drawn"}))
def test_a_program_that_is_traced_again_has_the_same(name):
    again = jax.tree_util.Partial(DIFFERENT[name])  # no trace is shared
    assert of(DIFFERENT[name], ROW) == of(lambda x: again(x), ROW)


def test_shapes_and_types_of_inputs_and_other_settings_enter():
    program = jax.make_jaxpr(jnp.sin)
    rows = [ROW, ROW[:3], ROW[None], ROW.astype(jnp.float16), 1.0, np.float32(1)]
    found = [fingerprint(program(row)) for row in rows]
    found += [fingerprint(program(ROW), *others) for others in ((1,), (True,), ("1",), (1, 2))]
    found += [fingerprint(program(ROW), {"a": 1}), fingerprint(program(ROW), {"a": 2})]
    found += [fingerprint(program(ROW), (1, 2)), fingerprint(program(ROW), [1, 2])]
    assert None not in found and len(set(found)) == len(found)


OPERATIONS = {
    "add": lambda x, c: x + c,
    "times": lambda x, c: x * c,
    "above": lambda x, c: jnp.maximum(x, c),
    "rolled": lambda x, c: jnp.roll(x, int(c)),
    "looped": lambda x, c: looped(lambda y: y * c, length=2)(x),
    "inner": lambda x, c: jax.jit(lambda y: jnp.sin(y) * c)(x),
    "shifted": lambda x, c: x + np.full(4, c, np.float32),
}
NUMBERS = st.sampled_from([0.0, -0.0, 1.0, 2.0, 3.0])
PROGRAMS = st.lists(st.tuples(st.sampled_from(sorted(OPERATIONS)), NUMBERS), max_size=3)


@settings(max_examples=60)
@given(PROGRAMS, PROGRAMS)
def test_programs_of_one_fingerprint_are_the_same_in_the_language_of_the_compiler(first, second):
    """Among few operations and numbers, equal programs are common enough to tell."""

    def traced(steps):
        def function(x):
            for name, number in steps:
                x = OPERATIONS[name](x, number)
            return x

        return jax.make_jaxpr(function)(ROW)

    one, other = traced(first), traced(second)
    texts = [jax.jit(jaxpr_as_fun(program)).lower(ROW).as_text() for program in (one, other)]
    assert fingerprint(one) is not None
    assert (fingerprint(one) == fingerprint(other)) <= (texts[0] == texts[1])
    if repr(first) == repr(second):  # 0 is -0, but another number
        assert fingerprint(one) == fingerprint(other)


def test_a_derivative_that_nobody_takes_does_not_enter():
    @jax.custom_jvp
    def function(x):
        return jnp.sin(x)

    function.defjvp(lambda primals, tangents: (function(*primals), tangents[0]))
    assert of(function, ROW) is not None


class Colour(IntEnum):
    RED = 1


OWN = Primitive("sin")  # by the name of one of JAX's
OWN.def_abstract_eval(lambda x: x)


@jax.custom_batching.custom_vmap
def with_a_rule(x):
    return x


with_a_rule.def_vmap(lambda size, batched, x: (x, batched[0]))


HIDING = {
    "an operation of its own": OWN.bind,
    "a function of Python's": lambda x: jax.pure_callback(np.sin, x, x),
    "an effect": lambda x: jax.debug.print("{}", x),
    "a rule for many": with_a_rule,
}


@pytest.mark.parametrize("function", HIDING.values(), ids=HIDING)
def test_what_may_hide_something_has_none(function):
    assert of(function, ROW) is None
    assert of(lambda x: jax.jit(function)(2 * x), ROW) is None  # further inside


def test_what_other_threads_import_meanwhile_is_no_reason_to_fail(monkeypatch):
    """Python looks for garbage while tuples are made; then another thread may have its turn."""
    program, count = jax.make_jaxpr(jnp.sin)(ROW), itertools.count()
    monkeypatch.setattr(sys, "modules", dict(sys.modules))

    def imports(phase, info):
        name = f"jax.imported_{next(count)}"
        sys.modules[name] = types.ModuleType(name)

    expected, usual = fingerprint(program), gc.get_threshold()
    _jax_primitives.cache_clear()
    gc.callbacks.append(imports)
    gc.set_threshold(1)
    try:
        found = fingerprint(program)
    finally:
        gc.set_threshold(*usual)
        gc.callbacks.remove(imports)
    assert found == expected is not None and next(count) > 0


def test_other_settings_must_be_plain():
    program = jax.make_jaxpr(jnp.sin)(ROW)
    assert fingerprint(program, Colour.RED) not in (None, fingerprint(program, 1))
    for hiding in (object(), print, {1: 1, "1": 1}, np.array([print])):
        assert fingerprint(program, hiding) is None


LINEAR = LinearLearner(GaussianDesign(2, 12))
CHAINS = {
    "replace": Chain(LINEAR, Replace(), 3),
    "longer": Chain(LINEAR, Replace(), 4),
    "accumulate": Chain(LINEAR, Accumulate(), 3),
    "edit": Chain(LINEAR, Edit.of(random_masks(12, 2, 0.4)), 3),
    "gaussian": Chain(GaussianLearner(1, 30), Replace(), 3),
}
SHOWN = "from tests.collapse_sim.test_fingerprint import CHAINS, shown; print(*map(shown, CHAINS))"


def shown(name: str) -> str | None:
    return fingerprint(program_of(CHAINS[name], jax.random.key(0)).equations)


def test_chains_have_them_the_same_in_every_process():
    here = [shown(name) for name in CHAINS]
    assert None not in here and len(set(here)) == len(CHAINS)
    root = Path(__file__).parents[2]
    environment = os.environ | {"PYTHONPATH": str(root), "PYTHONHASHSEED": "7"}
    command = [sys.executable, "-c", SHOWN]
    there = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    assert there.stdout.split() == here
