"""Interrupted runs of transformer_collapse.py: resumed, they end with the same bytes."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from collapse_sim.language import fitting
from collapse_sim.language.checkpoints import Checkpoints
from collapse_sim.run_directory import RunDirectory
from experiments import transformer_collapse
from tests.experiments.language_runs import TINY, assert_same_results, command

SCRIPT = Path(transformer_collapse.__file__)
THREE = (*TINY, "--regimes", "replace", "subsample", "edit")

pytestmark = pytest.mark.usefixtures("two_devices")


class Interrupted:
    """Raises KeyboardInterrupt just before or just after a run's write of this number."""

    def __init__(self, patch, number: int, after: bool):
        self.left, self.after = number, after
        self.names: list[str] = []
        for owner, name in ((Checkpoints, "save"), (RunDirectory, "save_checkpoint")):
            patch.setattr(owner, name, self._counted(getattr(owner, name)))

    def _counted(self, write):
        def counted(owner, name, *values):
            self.left -= 1
            if self.left < 0 and not self.after:
                raise KeyboardInterrupt
            write(owner, name, *values)
            self.names.append(name)
            if self.left < 0:
                raise KeyboardInterrupt

        return counted


@pytest.fixture(scope="module")
def two_parts():
    """Every fit in two parts with a checkpoint after each."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(fitting, "REPORT_STEPS", 4)
        patch.setattr(fitting, "CHECKPOINT_SECONDS", -1.0)
        yield


@pytest.fixture(scope="module")
def whole(two_parts, corpus, tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "whole"
    assert command(*THREE, "--corpus", corpus, "--out", str(folder)) == 0
    return folder


@pytest.mark.parametrize(
    ("number", "after", "name"),
    [
        (0, True, "base-1"),  # in the middle of the first fit
        (6, True, "00-replace-2-measures"),
        (12, True, "01-subsample-2"),  # in the middle of another
        (15, False, "01-subsample-2-measures"),  # before the pool of all text is written
        (26, True, "02-edit-3-measures"),  # only the report is missing
    ],
)
def test_ctrl_c_leaves_a_run_that_resumes(
    number, after, name, whole, corpus, tmp_path, monkeypatch, capfd
):
    folder = tmp_path / "run"
    arguments = (*THREE, "--corpus", corpus, "--out", str(folder))
    with monkeypatch.context() as patch:
        interrupted = Interrupted(patch, number, after)
        assert command(*arguments) == 130
    assert interrupted.names[-1] == name
    assert "interrupted; the same command with --resume goes on" in capfd.readouterr().err
    assert not (folder / "verdicts.json").exists()
    assert command(*arguments, "--resume") == 0
    assert_same_results(folder, whole)
    assert command(*arguments, "--resume") == 0
    assert "finished before" in capfd.readouterr().out


def test_a_run_without_resume_starts_again(two_parts, corpus, tmp_path, monkeypatch):
    """Whatever an interrupted one has left."""
    folder = tmp_path / "run"
    arguments = (*THREE, "--corpus", corpus, "--out", str(folder))
    with monkeypatch.context() as patch:
        Interrupted(patch, 3, True)
        assert command(*arguments) == 130
    with monkeypatch.context() as patch:
        again = Interrupted(patch, 1, True)
        assert command(*arguments) == 130
    assert again.names == ["base-1", "base-1"]
    assert sorted(path.name for path in (folder / "checkpoints").iterdir()) == ["base-1.orbax"]


def test_resuming_after_kill_9_ends_with_the_same_bytes(corpus, tmp_path):
    def arguments(folder):
        flags = ("--corpus", corpus, "--regimes", "edit")
        return [sys.executable, str(SCRIPT), *TINY, *flags, "--out", str(folder)]

    environment = os.environ | {"PYTHONPATH": str(SCRIPT.parents[1])}
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    subprocess.run(arguments(whole), env=environment, check=True, capture_output=True)
    process = subprocess.Popen(arguments(broken), env=environment, stdout=subprocess.DEVNULL)
    saved = broken / "checkpoints" / "00-edit-2-data.npz"
    while not saved.exists() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    assert process.wait() == -signal.SIGKILL
    assert not (broken / "verdicts.json").exists()
    resumed = [*arguments(broken), "--resume"]
    subprocess.run(resumed, env=environment, check=True, capture_output=True)
    assert_same_results(broken, whole)
    assert not (broken / "checkpoints").exists()
