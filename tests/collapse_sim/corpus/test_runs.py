"""A run that is killed and goes on, or is shared by workers, gives the bytes of one in one go."""

import io
import json
import os
import platform
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from contextlib import redirect_stderr
from pathlib import Path

import jax
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from collapse_sim.run_directory import RunDirectory
from experiments.corpus import edit
from experiments.corpus.engine import Engine
from tests.collapse_sim.corpus.fake_editor import BATCH_TOKENS, FakeEditor, make
from tests.collapse_sim.corpus.test_rows import write
from tests.collapse_sim.other_process import holding

ROOT = Path(edit.__file__).parents[2]
KILLS = 3


def corpus(folder: Path) -> Path:
    """A folder of small shards of several chunks each, some rows bad."""
    text = "".join(
        json.dumps({"id": f"{number}", "text": f"some words of number {number} " * 3}) + "\n"
        if number % 7 else "{bad\n" for number in range(60)
    )  # fmt: skip
    (folder / "in" / "deeper").mkdir(parents=True)
    write(folder / "in" / "a.jsonl.gz", text.encode())
    write(folder / "in" / "deeper" / "b.jsonl", text.encode())
    write(folder / "in" / "c.txt", (b"one two three " * 5 + b"\n\nfour five six\n") * 20)
    return folder / "in"


def arguments(source: Path, out: Path, *more: str) -> list[str]:
    return [str(source), "--model", "m", "--out", str(out), *more]


def files(out: Path) -> dict[str, bytes]:
    return {str(path.relative_to(out)): path.read_bytes()
            for path in sorted(out.rglob("*")) if path.is_file()}  # fmt: skip


def edited(source: Path, out: Path, *more: str) -> int:
    return edit.command(arguments(source, out, *more), make_engine=make)


def start(source: Path, out: Path, *more: str) -> subprocess.Popen:
    module = "tests.collapse_sim.corpus.fake_editor"
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments(source, out, *more)],
        cwd=ROOT,
        env=os.environ
        | {"FAKE_SECONDS": "0.1", "PYTHONPATH": str(ROOT)}
        | {"JAX_NUM_CPU_DEVICES": str(jax.local_device_count())},  # config.json tells devices
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
    )


@pytest.fixture(scope="module")
def in_one_go(tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    source = corpus(folder)
    assert edited(source, folder / "out") == 0
    return source, files(folder / "out")


def test_a_run_that_is_killed_goes_on_to_the_same_bytes(in_one_go, tmp_path):
    source, expected = in_one_go
    out, delays = tmp_path / "out", random.Random(time.time_ns())
    seen = []
    for kill in range(KILLS):
        process = start(source, out, *["--resume"] * (kill > 0))
        begun = len(list(out.rglob("*.json")))
        while process.poll() is None and len(list(out.rglob("*.json"))) <= begun + 1:
            time.sleep(0.005)  # until it has written
        time.sleep(delays.uniform(0, 0.3))
        process.send_signal(signal.SIGKILL)
        _, said = process.communicate()
        if process.returncode == 0:
            break  # a machine that stood still for long enough let it end
        assert process.returncode == -signal.SIGKILL, said
        assert not (out / "manifest.json").exists()
        seen.append(len(list((out / "checkpoints").rglob("*.part"))))
    assert edited(source, out, "--resume") == 0
    assert any(seen) and files(out) == expected


def test_going_on_repeats_no_finished_chunk(in_one_go, tmp_path):
    source, expected = in_one_go

    class Stops(FakeEditor):
        def __init__(self, left):
            super().__init__()
            self.left = left

        def edit(self, documents):
            for document in documents:
                self.left -= 1
                if self.left < 0:
                    raise OSError(28, "No space left on device", "a file")
                yield from super().edit([document])

    editors = []

    def limited(settings):
        editors.append(Stops(40))
        return Engine(editors[-1], "digest", BATCH_TOKENS)

    status, out = edit.command(arguments(source, tmp_path), make_engine=limited), tmp_path
    while status:
        status = edit.command(arguments(source, out, "--resume"), make_engine=limited)
        assert len(editors) < 20
    seen = [id for editor in editors for id in editor.seen]
    twice = len(seen) - 91  # documents that are not rejected before, 51 of them in two shards
    in_a_chunk = 16 * BATCH_TOKENS * 4 / len("some words of number 1 " * 3)
    assert len(editors) > 2 and twice <= 51 + (in_a_chunk + 6) * (len(editors) - 1)
    assert files(out) == expected


def test_two_workers_write_what_one_writes(in_one_go, tmp_path, capsys):
    source, expected = in_one_go
    assert edited(source, tmp_path, "--workers", "2/2") == 0
    assert "2 files are left to other workers" in capsys.readouterr().out
    assert not (tmp_path / "manifest.json").exists()
    assert edited(source, tmp_path, "--workers", "1/2") == 0
    assert files(tmp_path) == expected


def test_what_is_read_is_written_or_rejected(in_one_go, tmp_path, capsys):
    source, _ = in_one_go
    assert edited(source, tmp_path) == 0
    assert "160 rows read = 142 written + 18 rejected" in capsys.readouterr().out
    again = edited(source, tmp_path, "--resume")
    assert again == 0 and "0 of them now" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            lambda source, out: ["--resume", "--seed", "1"],
            "holds a run with seed=0, asked is seed=1",
        ),
        (lambda *_: [], "holds this run, begun or finished; accepted are --resume"),
        (
            lambda source, out: write(source / "c.txt", b"other") and ["--resume"],
            "has changed since",
        ),
    ],
)
def test_another_run_is_refused(tmp_path, change, says, capsys):
    source, out = corpus(tmp_path), tmp_path / "out"
    assert edited(source, out) == 0
    before = files(out)
    assert edited(source, out, *change(source, out)) == 2
    assert says in capsys.readouterr().err and files(out) == before


def test_an_input_that_changes_under_a_run_is_refused(tmp_path, capsys):
    source, out = corpus(tmp_path), tmp_path / "out"
    assert edited(source, out, "--workers", "2/3") == 0
    text = (source / "c.txt").read_bytes()
    (source / "c.txt").write_bytes(text.replace(b"four", b"FOUR"))
    assert edited(source, out, "--resume", "--workers", "2/3") == 2
    assert "c.txt has changed since" in capsys.readouterr().err


def test_a_shard_belongs_to_one_process(in_one_go, tmp_path, capsys):
    """Another is refused, loses nothing, and goes on once that one was killed."""
    source, expected = in_one_go
    assert edited(source, tmp_path, "--workers", "1/3") == 0
    before = files(tmp_path)
    lock = tmp_path / "checkpoints" / "c.txt.lock"
    lock.parent.mkdir(parents=True, exist_ok=True)
    with holding(lock) as other:
        capsys.readouterr()
        assert edited(source, tmp_path, "--resume", "--workers", "2/3") == 2
        shown = capsys.readouterr().err
        assert f"c.txt: process {other} on {platform.node()} works on it; accepted is" in shown
        assert shown.count("\n") == 1 and before.items() <= files(tmp_path).items()
    assert edited(source, tmp_path, "--resume") == 0
    assert files(tmp_path) == expected


# What is damaged


@pytest.fixture(scope="module")
def begun(in_one_go, tmp_path_factory):
    """A run of which a file is finished, and another one begun: some of its chunks are there."""
    source, _ = in_one_go
    out = tmp_path_factory.mktemp("begun") / "out"

    class Stops(FakeEditor):
        def edit(self, documents):
            for document in documents:
                if document.id == "40" and self.seen.count("40"):  # of the second file
                    raise OSError(28, "No space left on device", "a file")
                yield from super().edit([document])

    def stopping(settings):
        return Engine(Stops(), "digest", BATCH_TOKENS)

    assert edit.command(arguments(source, out), make_engine=stopping) == 2
    kept = [name for name in files(out) if name.startswith("checkpoints/")]
    assert len(kept) > 3 and "parts/a.jsonl.gz.json" in files(out)
    return out


DAMAGES = {
    "missing": lambda content, place, other: None,
    "cut": lambda content, place, other: content[:place],
    "changed": lambda content, place, other: content[:place] + other + content[place + 1 :],
    "added": lambda content, place, other: content[:place] + other + content[place:],
    "digit": lambda content, place, other: content[:place] + re.sub(
        rb"[0-9]", lambda found: b"%d" % ((int(found[0]) + 1) % 10), content[place:], count=1
    ),
}  # fmt: skip


@settings(max_examples=40, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(
    which=st.integers(0, 10**6),
    damage=st.sampled_from(list(DAMAGES)),
    where=st.floats(0, 1, exclude_max=True),
    other=st.binary(min_size=1, max_size=1),
)
def test_whatever_is_damaged_the_bytes_are_right_or_refused(
    in_one_go, begun, which, damage, where, other
):
    """Any file but what the run was asked to read and what it was asked for."""
    source, expected = in_one_go
    kept = [name for name in files(begun) if name.startswith(("checkpoints/", "parts/"))]
    name = kept[which % len(kept)]
    with tempfile.TemporaryDirectory() as place, redirect_stderr(io.StringIO()) as said:
        out = Path(place) / "out"
        shutil.copytree(begun, out)
        content = (out / name).read_bytes()
        damaged = DAMAGES[damage](content, int(where * len(content)), other)
        (out / name).unlink() if damaged is None else (out / name).write_bytes(damaged)
        status = edited(source, out, "--resume")
        found = files(out)
    if status == 2:
        assert name.startswith("parts/") and said.getvalue().count("\n") == 1
        assert name in said.getvalue()
    else:
        assert status == 0 and found == expected, (name, damage)


def test_a_file_whose_record_was_damaged_is_processed_anew(in_one_go, begun, tmp_path, capsys):
    source, expected = in_one_go
    out = tmp_path / "out"
    shutil.copytree(begun, out)
    record = out / "parts" / "a.jsonl.gz.json"
    record.write_text(record.read_text().replace('"changed_documents": ', '"changed_documents": 1'))
    assert edited(source, out, "--resume") == 2
    assert capsys.readouterr().err.endswith(
        f"error: {record}: cannot be read (its sha256 is that of another content); accepted is to "
        "remove parts/a.jsonl.gz.json: then --resume processes that file anew\n"
    )
    shutil.copy(begun / "parts" / record.name, record)
    record.write_text(record.read_text().rstrip())  # what is left has other bytes than one go
    assert edited(source, out, "--resume") == 2
    assert "white space" in capsys.readouterr().err
    record.unlink()
    assert edited(source, out, "--resume") == 0
    assert files(out) == expected


@pytest.mark.parametrize("characters", [None, "many", [3], 0.5])
def test_a_config_of_another_type_is_one_line(in_one_go, begun, tmp_path, characters, capsys):
    source, _ = in_one_go
    shutil.copytree(begun, tmp_path / "out")
    config = RunDirectory(tmp_path / "out").config() | {"chunk_characters": characters}
    RunDirectory(tmp_path / "out").write_json("config.json", config)
    assert edited(source, tmp_path / "out", "--resume") == 2
    said = capsys.readouterr().err
    assert "config.json: chunk_characters=" in said and said.count("\n") == 1
