"""Runs that Ctrl-C stops at checkpoints, each resumed from where the last one stopped."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from collapse_sim.language.checkpoints import Checkpoints
from collapse_sim.run_directory import RunDirectory

BEFORE = "before "


class Writes:
    """Names of the checkpoints that a run writes, in order; Ctrl-C at the first that is `stop`.

    It comes just after the write, or just before it where `stop` says so.
    """

    def __init__(self, patch: pytest.MonkeyPatch, stop: str | None = None):
        self.stop = stop
        self.names: list[str] = []
        for owner in (Checkpoints, RunDirectory):
            name = "save" if owner is Checkpoints else "save_checkpoint"
            patch.setattr(owner, name, self._counted(getattr(owner, name)))

    def _counted(self, write):
        def counted(owner, name, *values):
            if self.stop == BEFORE + name:
                raise KeyboardInterrupt
            write(owner, name, *values)
            self.names.append(name)
            if self.stop == name:
                raise KeyboardInterrupt

        return counted


def stopped(command: Callable[..., int], flags: Sequence[str], stop: str) -> list[str]:
    """What a run writes that is stopped there."""
    with pytest.MonkeyPatch.context() as patch:
        writes = Writes(patch, stop)
        assert command(*flags) == 130, f"never wrote {stop}: {writes.names}"
    return writes.names


def stopped_again_and_again(
    command: Callable[..., int], flags: Sequence[str], folder: Path, stops: Sequence[str], capfd
) -> list[str]:
    """What a run writes that is stopped at every one of these in turn, then ends by --resume."""
    flags = (*flags, "--out", str(folder))
    names: list[str] = []
    for stop in stops:
        names += stopped(command, flags, stop)
        assert "interrupted; the same command with --resume goes on" in capfd.readouterr().err
        assert not (folder / "verdicts.json").exists()
        flags = (*flags, "--resume") if "--resume" not in flags else flags
    with pytest.MonkeyPatch.context() as patch:
        writes = Writes(patch)
        assert command(*flags) == 0
    capfd.readouterr()
    assert command(*flags) == 0
    assert "finished before" in capfd.readouterr().out
    return names + writes.names


def assert_same_results(first: Path, second: Path, *more: str) -> None:
    """Runs, byte by byte."""
    for name in ("chains.parquet", "verdicts.json", *more):
        assert (first / name).read_bytes() == (second / name).read_bytes(), name
