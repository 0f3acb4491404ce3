"""Interrupted runs of transformer_collapse.py: resumed, they end with the same bytes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from collapse_sim.language import fitting
from experiments import transformer_collapse
from tests.experiments.interruptions import (
    assert_same_results,
    stopped,
    stopped_again_and_again,
)
from tests.experiments.language_runs import TINY, command

SCRIPT = Path(transformer_collapse.__file__)
THREE = (*TINY, "--regimes", "replace", "subsample", "edit")

pytestmark = pytest.mark.usefixtures("two_devices")


def in_two_parts(patch: pytest.MonkeyPatch) -> None:
    """Every fit, with a checkpoint after each."""
    patch.setattr(fitting, "REPORT_STEPS", 4)
    patch.setattr(fitting, "CHECKPOINT_SECONDS", -1.0)


@pytest.fixture(scope="module")
def two_parts():
    with pytest.MonkeyPatch.context() as patch:
        in_two_parts(patch)
        yield


@pytest.fixture(scope="module")
def whole(two_parts, corpus, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "whole"
    assert command(*THREE, "--corpus", corpus, "--out", str(folder)) == 0
    return folder


STOPS = (
    "base-1",  # in the middle of the first fit
    "00-replace-2-measures",
    "01-subsample-2",  # in the middle of another
    "before 01-subsample-2-measures",  # before the pool of all text is written
    "02-edit-3-measures",  # only the report is missing
)


@pytest.mark.usefixtures("without_files_of_the_figure")
def test_ctrl_c_leaves_a_run_that_resumes(whole, corpus, tmp_path, capfd):
    flags = (*THREE, "--corpus", corpus)
    folder = tmp_path / "run"
    names = stopped_again_and_again(command, flags, folder, STOPS, capfd)
    assert_same_results(folder, whole)
    done = [name for name in names if name.endswith("-measures")]
    assert len(set(done)) == len(done)  # nothing that was finished is made again


def test_a_run_without_resume_starts_again(two_parts, corpus, tmp_path):
    """Whatever an interrupted one has left."""
    folder = tmp_path / "run"
    flags = (*THREE, "--corpus", corpus, "--out", str(folder))
    stopped(command, flags, "00-replace-2")
    assert len(list((folder / "checkpoints").iterdir())) > 1
    assert stopped(command, flags, "base-1") == ["base-1"]
    assert sorted(path.name for path in (folder / "checkpoints").iterdir()) == ["base-1.orbax"]


AS_HERE = """
import sys, pytest
from experiments import transformer_collapse
from tests.experiments.conftest import on_two_devices
from tests.experiments.test_transformer_collapse_resume import in_two_parts
with pytest.MonkeyPatch.context() as patch:
    on_two_devices(patch)
    in_two_parts(patch)
    sys.exit(transformer_collapse.command(sys.argv[1:]))
"""


@pytest.mark.usefixtures("without_files_of_the_figure")
def test_resuming_after_kill_9_ends_with_the_same_bytes(whole, corpus, tmp_path):
    """The whole run and the rest of the broken one are of this process, on the same devices."""
    folder = tmp_path / "run"
    flags = (*THREE, "--corpus", corpus, "--out", str(folder))
    environment = os.environ | {"PYTHONPATH": str(SCRIPT.parents[1]), "JAX_NUM_CPU_DEVICES": "8"}
    process = subprocess.Popen(
        [sys.executable, "-c", AS_HERE, *flags], env=environment, stdout=subprocess.DEVNULL
    )
    saved = folder / "checkpoints" / "02-edit-2-data.npz"
    while not saved.exists() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert saved.exists() and not (folder / "verdicts.json").exists()
    assert command(*flags, "--resume") == 0
    assert_same_results(folder, whole)
    assert not (folder / "checkpoints").exists()
