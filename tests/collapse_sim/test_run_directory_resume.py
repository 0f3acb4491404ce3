"""Run directories that are gone on with: other inputs, broken files, full disks, foreign names."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest

from collapse_sim.run_directory import (
    CHAIN_COLUMNS,
    TEMPORARY,
    RunDirectory,
    RunError,
    write_atomically,
)
from tests.collapse_sim.test_run_directory import CONFIG, Interrupted, names

# What was read


READ = CONFIG | {"inputs": {"--design x.csv": "a" * 64, "--masks m.npy": "b" * 64}}


@pytest.mark.parametrize("finished", [False, True])
@pytest.mark.parametrize(
    ("inputs", "name"),
    [
        ({"--design x.csv": "c" * 64}, "--design x.csv"),
        ({"--masks m.npy": "c" * 64}, "--masks m.npy"),
        ({"--labels y.csv": "c" * 64}, "--labels y.csv"),
    ],
)
def test_a_run_goes_on_only_with_what_it_has_read(tmp_path, inputs, name, finished):
    run = RunDirectory.open(tmp_path, READ, resume=False)
    run.save_checkpoint("replace", {"count": np.array(1)})
    if finished:
        run.write_verdicts([])
        run.clear_checkpoints()
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    other = READ | {"inputs": READ["inputs"] | inputs}
    message = f"--resume: {name} has changed since the run in {tmp_path} was started; accepted is"
    with pytest.raises(RunError, match=message):
        RunDirectory.open(tmp_path, other, resume=True)
    assert before == {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert RunDirectory.open(tmp_path, READ, resume=True).is_finished() == finished
    anew = RunDirectory.open(tmp_path, other, resume=False)
    assert anew.config() == other and anew.load_checkpoint("replace") is None


def test_a_run_that_did_not_say_what_it_read_does_not_go_on(tmp_path):
    RunDirectory.open(tmp_path, CONFIG, resume=False)
    with pytest.raises(RunError, match="--resume: --design x.csv has changed"):
        RunDirectory.open(tmp_path, READ, resume=True)


def test_old_checkpoints_are_gone_before_other_inputs_are_told(tmp_path, monkeypatch):
    """Killed between the two, a run would go on with checkpoints of another design."""
    run = RunDirectory.open(tmp_path, READ, resume=False)
    run.save_checkpoint("replace", {"count": np.array(1)})

    def killed(self, name, value):
        raise Interrupted

    monkeypatch.setattr(RunDirectory, "write_json", killed)
    with pytest.raises(Interrupted):
        RunDirectory.open(tmp_path, CONFIG, resume=False)
    assert run.load_checkpoint("replace") is None and run.config() == READ


# What is broken


def full(self, name, value):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_disk_full_at_the_first_write_leaves_a_directory_that_can_be_used(tmp_path, monkeypatch):
    with monkeypatch.context() as patch:
        patch.setattr(RunDirectory, "write_json", full)
        with pytest.raises(RunError, match="cannot be written .No space left on device"):
            RunDirectory.open(tmp_path, CONFIG, resume=False)
    assert names(tmp_path) == {"checkpoints"}
    # Killed while it wrote, it leaves these as well.
    for name in (".config.part-0a1b2c3d.json", "checkpoints/.replace.part-0a1b2c3d.npz"):
        (tmp_path / name).write_text("{")
    with pytest.raises(RunError, match="there is no run in"):
        RunDirectory.open(tmp_path, CONFIG, resume=True)
    run = RunDirectory.open(tmp_path, CONFIG, resume=False)
    assert run.config() == CONFIG
    assert names(tmp_path) == {".lock", "config.json", "checkpoints"}
    assert names(run.checkpoints) == set()


@pytest.mark.parametrize("name", [".git", "checkpoints/mine.npz", "notes.part-1"])
def test_what_is_not_ours_makes_a_directory_foreign(tmp_path, name):
    (tmp_path / name).parent.mkdir(exist_ok=True)
    (tmp_path / name).write_text("mine")
    with pytest.raises(RunError, match="accepted is an empty or new directory"):
        RunDirectory.open(tmp_path, CONFIG, resume=False)
    assert (tmp_path / name).read_text() == "mine"


def test_temporary_files_are_named_as_such(tmp_path):
    def look(aside: Path):
        seen.append(aside.name)

    seen: list[str] = []
    write_atomically(tmp_path / "figure.png", look)
    assert seen[0].startswith(f".figure{TEMPORARY}") and seen[0].endswith(".png")


def test_a_broken_checkpoint_is_said_and_not_used(tmp_path, capsys):
    """However much of it there is."""
    run = RunDirectory.open(tmp_path, CONFIG, resume=False)
    path = run.checkpoints / "replace.npz"
    run.save_checkpoint("replace", {"count": np.array(7), "sample": np.arange(999.0)})
    content = path.read_bytes()
    flipped = bytearray(content)
    flipped[len(content) // 2] ^= 1
    cuts = [content[:size] for size in (0, 1, 30, 200, len(content) // 2, len(content) - 1)]
    for broken in (*cuts, bytes(flipped), b"\x93NUMPY", b"not a checkpoint"):
        path.write_bytes(broken)
        assert not run.has_checkpoint("replace")
        assert capsys.readouterr().err == f"{path}: cannot be read, is computed anew\n"
        assert run.load_checkpoint("replace") is None  # and there is nothing more to say
        assert capsys.readouterr().err == ""
    path.write_bytes(content)
    assert run.has_checkpoint("replace")


@pytest.mark.parametrize(
    ("name", "content", "read"),
    [("config.json", "[]", "config"), ("verdicts.json", "{}", "verdicts"),
     ("verdicts.json", "[1]", "verdicts"), ("verdicts.json", "[" * 10**5, "verdicts")],
)  # fmt: skip
def test_json_of_another_kind_is_named(tmp_path, name, content, read):
    (tmp_path / name).write_text(content)
    with pytest.raises(RunError, match=f"{tmp_path}: {name} cannot be read") as error:
        getattr(RunDirectory(tmp_path), read)()
    assert "\n" not in str(error.value)


def test_infinite_verdicts_come_back_as_numbers(tmp_path):
    run = RunDirectory.open(tmp_path, CONFIG, resume=False)
    verdict = {
        "claim": "inf", "note": "nan", "verdict": "undecided", "parameters": {"most": np.inf},
        "interval": [-np.inf, np.inf], "predicted": 1.5, "within": np.inf,
    }  # fmt: skip
    run.write_verdicts([verdict, {"observed": np.nan}])
    first, second = run.verdicts()
    assert first == verdict
    assert np.isnan(second["observed"])


# Names that are not UTF-8: those of another locale


def test_a_run_may_have_a_name_that_is_not_utf8(tmp_path):
    path = tmp_path / os.fsdecode(b"caf\xe9")
    run = RunDirectory.open(path, CONFIG, resume=False)
    run.save_checkpoint("replace", {"count": np.array(1)})
    row = dict.fromkeys(CHAIN_COLUMNS, "") | {"mean": 0.5}
    run.write_chains([tuple(row.values())])
    run.write_verdicts([{"note": "é"}])
    assert run.load_checkpoint("replace") == {"count": 1}
    run.clear_checkpoints()
    again = RunDirectory(path)
    assert again.chains()["mean"].tolist() == [0.5]
    assert again.verdicts() == [{"note": "é"}] and again.is_finished()
