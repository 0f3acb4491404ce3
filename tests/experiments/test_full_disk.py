"""Runs on a disk that is full at any of their writes, and under a clock that jumps."""

import errno
import os
import random
import time
from pathlib import Path

import pytest

from collapse_sim.experiment import streaming
from experiments import linear_bound

FEW = (
    *("--dim", "2", "--samples", "20", "--generations", "3", "--replicates", "1000"),
    *("--no-limits", "--regimes", "replace"),
)
MOST_WRITES = 30


def bound(*arguments: str) -> int:
    return linear_bound.command([*FEW, *arguments], configure=lambda settings: None)


def files(folder: Path) -> dict[str, bytes]:
    """All but the figures, whose writers name the day."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.suffix in (".json", ".parquet", ".npz")
    }


@pytest.fixture(scope="module")
def unbroken(tmp_path_factory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("unbroken") / "run"
    assert bound("--out", str(folder)) == 0
    return files(folder)


def full_at(patch: pytest.MonkeyPatch, number: int) -> list[int]:
    """Every write from this one on finds no room; returns what counts the writes."""
    count, flush = [0], os.fsync

    def fsync(file: int) -> None:
        count[0] += 1
        if count[0] >= number:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        flush(file)

    patch.setattr(os, "fsync", fsync)
    return count


def test_a_disk_full_at_any_write_loses_nothing(tmp_path, unbroken, capfd, without_progress):
    """Files are flushed once each, before they have their names."""
    for number in range(1, MOST_WRITES):
        folder = tmp_path / f"run{number}"
        with pytest.MonkeyPatch.context() as patch:
            count = full_at(patch, number)
            status = bound("--out", str(folder))
        if count[0] < number:
            break
        said = without_progress(capfd.readouterr().err)
        assert status == 2 and said.count("\n") == 1 and "No space left on device" in said
        kept = files(folder)
        assert not [name for name in kept if ".part-" in name]
        assert {n: c for n, c in kept.items() if n in unbroken}.items() <= unbroken.items()
        assert bound("--out", str(folder), *(["--resume"] if kept else [])) == 0
        assert files(folder) == unbroken
        capfd.readouterr()
    assert 5 < number < MOST_WRITES - 1 and status == 0


@pytest.mark.parametrize("clock", ["time", "monotonic"])
def test_a_clock_that_jumps_changes_no_number(clock, tmp_path, unbroken, monkeypatch):
    drawn = random.Random(0)
    monkeypatch.setattr(time, clock, lambda: drawn.uniform(-1e6, 1e6))
    monkeypatch.setattr(streaming, "CHECKPOINT_SECONDS", 1.0)
    assert bound("--out", str(tmp_path / "run")) == 0
    assert files(tmp_path / "run") == unbroken
