"""Training states on disk: whole, said to be broken, and in folders of any name."""

import gc
import os
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from collapse_sim.language.checkpoints import Checkpoints
from collapse_sim.language.training import TrainState
from collapse_sim.run_directory import RunDirectory

STATE = TrainState({"weights": jnp.arange(6.0).reshape(2, 3)}, (), jnp.array([7, 7]))
LOSSES = np.array([0.5, 0.25], np.float32)


@pytest.fixture(params=["run", os.fsdecode(b"caf\xe9")], ids=["ascii", "not UTF-8"])
def checkpoints(request, tmp_path) -> Checkpoints:
    return Checkpoints(
        RunDirectory.open(tmp_path / request.param, {"parameters": {}}, resume=False)
    )


def save(checkpoints: Checkpoints) -> Path:
    checkpoints.save("base-1", STATE, LOSSES)
    return checkpoints.run.checkpoints / "base-1.orbax"


def test_the_latest_state_comes_back(checkpoints):
    save(checkpoints)
    folder = save(checkpoints)
    assert [path.name for path in checkpoints.run.checkpoints.iterdir()] == [folder.name]
    like = jax.tree.map(jnp.zeros_like, STATE)
    state, losses = checkpoints.load("base-1", like)
    assert jax.tree.structure(state) == jax.tree.structure(STATE)
    for found, saved in zip(jax.tree.leaves(state), jax.tree.leaves(STATE), strict=True):
        np.testing.assert_array_equal(found, saved, strict=True)
    np.testing.assert_array_equal(losses, LOSSES, strict=True)
    checkpoints.remove("base-1")
    assert not folder.exists() and checkpoints.load("base-1", like)[0] is like


@pytest.mark.parametrize("size", [0, 50])
def test_a_broken_state_is_said_and_not_used(checkpoints, size, capfd, monkeypatch):
    folder = save(checkpoints)
    file = folder / "manifest.ocdbt"
    file.write_bytes(file.read_bytes()[:size])
    capfd.readouterr()
    with monkeypatch.context() as patch:
        # Orbax forgets a coroutine of its own when it raises: Python tells so while it collects.
        patch.setattr(sys, "unraisablehook", lambda _: None)
        state, losses = checkpoints.load("base-1", STATE)
        gc.collect()
    assert state is STATE and losses is None
    assert "cannot be read, is computed anew" in capfd.readouterr().err
    assert not folder.exists()
