"""Processes of a user's own: functions of a key, comparisons by name, seeds."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import collapse_sim as cs
from theory.claims import Claim


def steps(key):
    """Generation n has mean n and a uniform error of half width 1/2."""
    return {"height": jnp.arange(1, 4) + jax.random.uniform(key, (3,)) - 0.5}


def height(*, generation):
    return float(generation)


def nothing():
    return 0.0


LEDGER = {
    "own.height": Claim("own.height", "by construction", "==", height, ""),
    "own.less": Claim("own.less", "by construction", "<=", nothing, ""),
}


def process(name: str, *checks: cs.Check, **more) -> cs.Process:
    return cs.Process(name, steps, 2**13, checks=checks, **more)


def test_a_function_of_a_key_is_a_process():
    checks = cs.Check("own.height", "height"), cs.Check("own.height", "height", at=2)
    _, verdicts = cs.decide([process("steps", *checks)], LEDGER)
    assert [(v.verdict, v.generation) for v in verdicts] == [("holds", 3), ("holds", 2)]


@pytest.mark.parametrize("family", ["", "stairs"])
@pytest.mark.parametrize(
    ("check", "said"),
    [
        ({"less": "strides"}, "less='{0}strides' of own.less on {0}steps: accepted are {0}steps"),
        ({"along": ["steep"]}, "along='steep' of own.less on {0}steps: accepted are {0}steps"),
    ],
)
def test_a_comparison_with_a_process_that_is_not_there_is_refused(check, said, family):
    alone = process("steps", cs.Check("own.less", "height", **check), family=family)
    with pytest.raises(ValueError) as raised:
        cs.decide([alone], LEDGER)
    assert str(raised.value) == said.format(f"{family} " if family else "")


def test_what_a_process_is_about_and_records_is_named(unchecked):
    with pytest.raises(ValueError, match="^about='mode': accepted are mean, median"):
        process("steps", about="mode")
    with pytest.raises(ValueError, match="^measure='width': accepted are height"):
        cs.decide([process("steps", measures=["width"])], LEDGER)


@pytest.mark.parametrize("seed", [-1, 2**32])
def test_a_seed_is_one_that_keys_can_tell_apart(seed):
    with pytest.raises(ValueError, match=f"^seed={seed}: accepted are integers from 0 to 429496"):
        cs.decide([process("steps")], LEDGER, seed=seed)


def test_a_comparison_is_judged_by_what_its_processes_have():
    pair = process("steps"), process("again", cs.Check("own.less", "height", less="steps"))
    results, (verdict,) = cs.decide(pair, LEDGER)
    assert [result.summary.count for result in results] == [4096, 4096]
    assert verdict.verdict == "undecided" and np.isfinite(verdict.interval).all()
