"""Run directories: whole files or none, one run each, and what is written is what is read."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from collapse_sim.run_directory import (
    CHAIN_COLUMNS,
    RunDirectory,
    RunError,
    dump_json,
    write_atomically,
)

CONFIG = {"parameters": {"dim": 10, "samples": 100, "seed": 0}, "devices": 1}


def changed(**parameters) -> dict:
    return CONFIG | {"parameters": CONFIG["parameters"] | parameters}


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


class Interrupted(Exception):
    pass


def half_written(aside: Path):
    aside.write_text("half of the n")
    raise Interrupted


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path):
    path = tmp_path / "numbers.txt"
    write_atomically(path, lambda aside: aside.write_text("old"))
    with pytest.raises(Interrupted):
        write_atomically(path, half_written)
    assert path.read_text() == "old"
    assert names(tmp_path) == {"numbers.txt"}


def test_a_failed_first_write_leaves_no_file(tmp_path):
    with pytest.raises(Interrupted):
        write_atomically(tmp_path / "numbers.txt", half_written)
    assert names(tmp_path) == set()


def test_the_old_file_is_whole_until_the_new_one_is(tmp_path):
    path = tmp_path / "numbers.txt"
    path.write_text("old")

    def write(aside: Path):
        assert aside.parent == path.parent  # a rename across file systems would not be atomic
        aside.write_text("new")
        assert path.read_text() == "old"

    write_atomically(path, write)
    assert path.read_text() == "new"
    assert names(tmp_path) == {"numbers.txt"}


def test_a_file_can_be_read_by_others(tmp_path):
    path = tmp_path / "numbers.txt"
    write_atomically(path, lambda aside: aside.write_text("x"))
    assert path.stat().st_mode & 0o777 == 0o644


def test_a_new_run_holds_its_config(tmp_path):
    (tmp_path / "empty").mkdir()
    for path in (tmp_path / "deep" / "new", tmp_path / "empty"):
        run = RunDirectory.open(path, CONFIG, resume=False)
        assert run.has_config()
        assert run.config() == CONFIG
        assert run.checkpoints.is_dir()
        assert not run.is_finished()


def test_there_must_be_something_to_resume(tmp_path):
    for path in (tmp_path / "new", tmp_path):
        with pytest.raises(RunError, match=f"--resume: there is no run in {path} to resume"):
            RunDirectory.open(path, CONFIG, resume=True)
    assert names(tmp_path) == set()


@pytest.mark.parametrize("resume", [False, True])
@pytest.mark.parametrize(
    ("other", "message"),
    [
        (changed(samples=200), "holds a run with samples=100, asked is samples=200; accepted"),
        (changed(masks=["one"]), r"holds a run with masks=None, asked is masks=\['one'\]"),
        ({"parameters": {"dim": 10, "samples": 100}}, "with seed=0, asked is seed=None"),
    ],
)
def test_other_parameters_are_refused_by_name_and_both_values(tmp_path, other, message, resume):
    RunDirectory.open(tmp_path / "run", CONFIG, resume=False)
    with pytest.raises(RunError, match=message):
        RunDirectory.open(tmp_path / "run", other, resume=resume)
    assert RunDirectory(tmp_path / "run").config() == CONFIG


def test_what_is_no_parameter_may_change(tmp_path):
    RunDirectory.open(tmp_path, CONFIG, resume=False)
    run = RunDirectory.open(tmp_path, CONFIG | {"devices": 8}, resume=True)
    assert run.config()["devices"] == 8


def test_parameters_are_compared_as_json_gives_them_back(tmp_path):
    config = changed(masks=("one", "two"), threshold=np.float64(1.5), most=float("inf"))
    RunDirectory.open(tmp_path, config, resume=False)
    assert RunDirectory.open(tmp_path, config, resume=True).config()["parameters"]["most"] == "inf"


def test_a_foreign_directory_is_left_alone(tmp_path):
    (tmp_path / "thesis.tex").write_text("mine")
    with pytest.raises(RunError, match=f"--out {tmp_path}: accepted is an empty or new directory"):
        RunDirectory.open(tmp_path, CONFIG, resume=False)
    assert names(tmp_path) == {"thesis.tex"}


def test_a_path_that_cannot_be_a_directory_is_one_line(tmp_path):
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "run"
    with pytest.raises(
        RunError, match=f"--out {path}: cannot be written .Not a directory."
    ) as error:
        RunDirectory.open(path, CONFIG, resume=False)
    assert "\n" not in str(error.value)


def test_chains_come_back_as_columns(tmp_path):
    run = RunDirectory.open(tmp_path, CONFIG, resume=False)
    words = ("", "edit", "disjoint", "chained", "test_error")
    rest = len(CHAIN_COLUMNS) - 7
    rows = [(*words, n, 4096, *(n / 3 + i for i in range(rest))) for n in (1, 2)]
    run.write_chains(rows)
    columns = run.chains()
    assert tuple(columns) == CHAIN_COLUMNS
    for i, name in enumerate(CHAIN_COLUMNS):
        assert columns[name].tolist() == [row[i] for row in rows]
    assert columns["mean"].dtype == np.float64
    assert columns["generation"].dtype == np.int64


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs Linux")
def test_chains_are_read_by_one_thread(tmp_path):
    """A thread of Arrow's that frees what Python holds, as Python ends, aborts the process."""
    words, numbers = ("", "edit", "disjoint", "chained", "test_error"), [0.5] * len(CHAIN_COLUMNS)
    row = (*words, 1, 4096, *numbers[7:])
    RunDirectory.open(tmp_path / "run", CONFIG, resume=False).write_chains([row])
    program = (
        "import os, time, pyarrow.parquet\n"
        "held = pyarrow.array([1])  # which begins the allocator's own thread\n"
        "time.sleep(0.5)\n"
        "from collapse_sim.run_directory import RunDirectory\n"
        "before = len(os.listdir('/proc/self/task'))\n"
        f"RunDirectory({str(tmp_path / 'run')!r}).chains()\n"
        "print(len(os.listdir('/proc/self/task')) - before)"
    )
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert int(run.stdout) <= 1  # it waits, and frees nothing; by read_table there are 3


def test_verdicts_come_back(tmp_path):
    run = RunDirectory.open(tmp_path, CONFIG, resume=False)
    verdicts = [{"claim": "replace", "interval": [0.5, 1.5], "predicted": None}]
    run.write_verdicts(verdicts)
    assert run.verdicts() == verdicts
    assert not run.is_finished()
    run.clear_checkpoints()
    assert run.is_finished()


def test_infinities_become_strings_in_json():
    value = {"interval": (-np.inf, np.float64(np.inf)), 3: [float("nan"), np.int32(7), True, None]}
    assert json.loads(dump_json(value)) == {
        "interval": ["-inf", "inf"],
        "3": ["nan", 7, True, None],
    }


@pytest.mark.parametrize("content", [None, "", '{"parameters": {"dim": ', "\x00"])
def test_unreadable_json_is_named(tmp_path, content):
    for name, read in (("config.json", "config"), ("verdicts.json", "verdicts")):
        if content is not None:
            (tmp_path / name).write_text(content)
        with pytest.raises(RunError, match=f"{tmp_path}: {name} cannot be read") as error:
            getattr(RunDirectory(tmp_path), read)()
        assert "\n" not in str(error.value)


@pytest.mark.parametrize("content", [None, b"", b"not a parquet file"])
def test_unreadable_chains_are_named(tmp_path, content):
    if content is not None:
        (tmp_path / "chains.parquet").write_bytes(content)
    with pytest.raises(RunError, match=f"{tmp_path}: chains.parquet cannot be read"):
        RunDirectory(tmp_path).chains()


def test_chains_that_are_no_text_are_named(tmp_path):
    """Words of a column that are no UTF-8 are found only as they become Python's."""
    run = RunDirectory(tmp_path)
    row: dict = dict.fromkeys(CHAIN_COLUMNS, 0.0)
    words = "family", "regime", "mask", "variant", "measure", "predicted_kind"
    run.write_chains([tuple((row | dict.fromkeys(words, "chained")).values())])
    path = tmp_path / "chains.parquet"
    path.write_bytes(path.read_bytes().replace(b"chained", b"chaine\xc4"))
    with pytest.raises(RunError, match=f"{tmp_path}: chains.parquet cannot be read"):
        run.chains()


def test_checkpoints_come_back_bit_by_bit(tmp_path):
    run = RunDirectory.open(tmp_path, CONFIG, resume=False)
    rng = np.random.default_rng(3)
    arrays = {
        "moments/test_error": rng.normal(size=(4, 9)),
        "sample/test_error": rng.normal(size=(7, 9)).astype(np.float32),
        "count": np.array(4096),
    }
    run.save_checkpoint("edit disjoint", arrays)
    back = RunDirectory(tmp_path).load_checkpoint("edit disjoint")
    assert back is not None and back.keys() == arrays.keys()
    for name, array in arrays.items():
        assert back[name].dtype == array.dtype
        np.testing.assert_array_equal(back[name], array)
    assert run.load_checkpoint("replace") is None


def test_a_fresh_start_forgets_checkpoints_and_resuming_does_not(tmp_path):
    run = RunDirectory.open(tmp_path, CONFIG, resume=False)
    run.save_checkpoint("replace", {"count": np.array(1)})
    assert RunDirectory.open(tmp_path, CONFIG, resume=True).load_checkpoint("replace")
    assert RunDirectory.open(tmp_path, CONFIG, resume=False).load_checkpoint("replace") is None


def test_a_path_may_be_a_string(tmp_path):
    run = RunDirectory.open(str(tmp_path / "run"), CONFIG, resume=False)
    assert run.path == tmp_path / "run"
    assert RunDirectory(str(tmp_path / "run")).config() == CONFIG
    assert RunDirectory(str(run.path)) == run
