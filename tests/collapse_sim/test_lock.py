"""Locks: a second process is refused by name, and a killed one keeps nobody out."""

import os
import platform

import pytest

from collapse_sim.lock import HeldError, take
from collapse_sim.run_directory import RunDirectory, RunError
from tests.collapse_sim.other_process import holding, kill, start
from tests.collapse_sim.test_run_directory import CONFIG, names


def test_a_lock_is_there_while_it_is_held(tmp_path):
    free = take(tmp_path / "lock")
    again = take(tmp_path / "lock")
    again()
    process, said = start(tmp_path / "lock")
    kill(process)
    assert said == f"process {os.getpid()} on {platform.node()}"
    free()
    assert names(tmp_path) == set()


@pytest.mark.parametrize("resume", [False, True])
def test_a_second_process_is_refused_and_changes_nothing(tmp_path, resume):
    path = tmp_path / "run"
    RunDirectory.open(path, CONFIG, resume=False).save_checkpoint("edit", {})
    assert names(path) == {"config.json", "checkpoints"}
    half_written = path / ".config.part-0a1b2c3d.json"
    half_written.write_text("{")
    with holding(RunDirectory(path).lock) as other:
        before = {each: each.read_bytes() for each in path.rglob("*") if each.is_file()}
        with pytest.raises(RunError) as error:
            RunDirectory.open(path, CONFIG, resume=resume)
        assert str(error.value) == (
            f"--out {path}: process {other} on {platform.node()} works in it; accepted is another "
            "directory, or --resume once that has ended"
        )
        assert before == {each: each.read_bytes() for each in path.rglob("*") if each.is_file()}
    assert RunDirectory(path).lock.exists()  # the process was killed
    run = RunDirectory.open(path, CONFIG, resume=resume)
    assert run.has_checkpoint("edit") == resume and not half_written.exists()


def test_a_directory_that_another_process_has_just_made_is_refused_as_one(tmp_path):
    with holding(RunDirectory(tmp_path).lock) as other:
        with pytest.raises(RunError, match=f"process {other} on .* works in it"):
            RunDirectory.open(tmp_path, CONFIG, resume=False)
    assert RunDirectory.open(tmp_path, CONFIG, resume=False).config() == CONFIG


def test_a_run_belongs_to_its_process_until_it_is_let_go(tmp_path):
    run = RunDirectory.open(tmp_path, CONFIG, resume=False)
    process, said = start(run.lock)
    kill(process)
    assert said.startswith(f"process {os.getpid()} on ")
    del run
    with holding(RunDirectory(tmp_path).lock):
        pass


def test_the_lock_of_who_removed_it_in_between_is_taken_anew(tmp_path, monkeypatch):
    lock, found = tmp_path / "lock", []

    def samestat(one, other):
        found.append(one == other)
        if len(found) == 1:  # opened, and removed before it was locked
            lock.unlink()
            return False
        return one.st_ino == other.st_ino

    monkeypatch.setattr(os.path, "samestat", samestat)
    free = take(lock)
    process, said = start(lock)
    kill(process)
    assert len(found) == 2 and said.startswith("process ")
    free()


def test_where_there_are_no_locks_the_work_goes_on(tmp_path, monkeypatch):
    def lockf(file, how):
        raise OSError(37, "No locks available")

    monkeypatch.setattr("collapse_sim.lock.fcntl.lockf", lockf)
    free = take(tmp_path / "lock")
    take(tmp_path / "lock")
    free()


def test_a_place_that_cannot_be_written_is_no_lock_of_another(tmp_path):
    with pytest.raises(FileNotFoundError):
        take(tmp_path / "nowhere" / "lock")
    assert not issubclass(HeldError, OSError)
