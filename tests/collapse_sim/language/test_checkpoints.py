"""Training states on disk: whole, said to be broken, and in folders of any name."""

import os
import shutil
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from collapse_sim.language.checkpoints import SEAL, Checkpoints
from collapse_sim.language.training import TrainState
from collapse_sim.run_directory import RunDirectory
from tests.contracts.damage import damaged_bytes

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
    assert list(checkpoints.run.checkpoints.iterdir()) == [folder]
    like = jax.tree.map(jnp.zeros_like, STATE)
    state, losses = checkpoints.load("base-1", like)
    assert jax.tree.structure(state) == jax.tree.structure(STATE)
    for found, saved in zip(jax.tree.leaves(state), jax.tree.leaves(STATE), strict=True):
        np.testing.assert_array_equal(found, saved, strict=True)
    np.testing.assert_array_equal(losses, LOSSES, strict=True)
    checkpoints.remove("base-1")
    assert not folder.exists() and checkpoints.load("base-1", like)[0] is like


@pytest.mark.parametrize("size", [0, 50])
def test_a_broken_state_is_said_and_not_used(checkpoints, size, capfd):
    folder = save(checkpoints)
    file = folder / "manifest.ocdbt"
    file.write_bytes(file.read_bytes()[:size])
    capfd.readouterr()
    state, losses = checkpoints.load("base-1", STATE)
    assert state is STATE and losses is None
    assert "cannot be read, is computed anew" in capfd.readouterr().err
    assert not folder.exists()


LARGE = TrainState({"weights": jax.random.normal(jax.random.key(0), (2, 500))}, (), STATE.step)
"""Too large for Orbax to keep it where it has checksums."""


@pytest.fixture(scope="module")
def saved(tmp_path_factory):
    """Checkpoints, and a copy of all files of a state."""
    run = RunDirectory.open(tmp_path_factory.mktemp("run"), {"parameters": {}}, resume=False)
    Checkpoints(run).save("base-1", LARGE, LOSSES)
    copy = tmp_path_factory.mktemp("copy") / "whole"
    shutil.copytree(run.checkpoints / "base-1.orbax", copy)
    return Checkpoints(run), copy


@settings(max_examples=60, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(data=st.data())
def test_a_damaged_state_is_the_right_one_or_none(saved, data):
    """Whatever file of it is cut, changed, added to or missing."""
    checkpoints, whole = saved
    folder = checkpoints.run.checkpoints / "base-1.orbax"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(whole, folder)
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    file = data.draw(st.sampled_from(files))
    if data.draw(st.integers(0, 4)) == 0:
        file.unlink()
    else:
        file.write_bytes(data.draw(damaged_bytes(file.read_bytes())))
    like = jax.tree.map(jnp.zeros_like, LARGE)
    state, losses = checkpoints.load("base-1", like)
    if losses is None:
        assert state is like and not folder.exists()
    else:
        for found, right in zip(jax.tree.leaves(state), jax.tree.leaves(LARGE), strict=True):
            np.testing.assert_array_equal(found, right, strict=True)
        np.testing.assert_array_equal(losses, LOSSES, strict=True)


def test_a_changed_byte_of_the_numbers_is_seen(saved, monkeypatch):
    """Orbax itself reads it as other numbers."""
    checkpoints, whole = saved
    largest = max(whole.rglob("*"), key=lambda path: path.stat().st_size * path.is_file())
    content = bytearray(largest.read_bytes())
    content[len(content) // 2] ^= 1
    folder = checkpoints.run.checkpoints / "base-1.orbax"

    def damaged():
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(whole, folder)
        (folder / largest.relative_to(whole)).write_bytes(content)
        return checkpoints.load("base-1", LARGE)

    assert damaged()[1] is None
    same = (whole / SEAL).read_text()
    monkeypatch.setattr("collapse_sim.language.checkpoints._seal", lambda *_: same)
    state, losses = damaged()
    assert losses is not None
    assert (np.asarray(state.parameters["weights"]) != LARGE.parameters["weights"]).any()


@pytest.mark.parametrize("shape", [(2, 501), (2, 250, 2), (3, 500)])
def test_a_state_of_another_model_is_said_and_not_used(saved, shape, capfd):
    checkpoints, whole = saved
    folder = checkpoints.run.checkpoints / "base-1.orbax"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(whole, folder)
    like = TrainState({"weights": jnp.zeros(shape)}, (), LARGE.step)
    state, losses = checkpoints.load("base-1", like)
    assert state is like and losses is None and not folder.exists()
    assert "cannot be read, is computed anew" in capfd.readouterr().err
