"""Runs that go on, or must not: with other inputs, inside a block, without a figure."""

import errno
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import jax
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tqdm import tqdm

from collapse_sim import replicates
from collapse_sim.experiment import streaming
from collapse_sim.experiment.streaming import Streaming
from collapse_sim.run_directory import RunDirectory
from collapse_sim.workplace import Workplace
from experiments import (
    curse_of_recursion,
    linear_bound,
    synthetic_fraction,
    token_editing,
    transformer_collapse,
)
from tests.collapse_sim.other_process import holding
from tests.collapse_sim.test_replicates import Walk
from tests.experiments.evidence import XLA_FLAGS

FEW = (
    *("--dim", "2", "--samples", "20", "--generations", "3", "--replicates", "1000"),
    *("--no-limits", "--regimes", "replace", "--masks"),
)
"""No multiple of a block, and undecided: intervals are infinite."""


def command(script, *arguments: str) -> int:
    return script.command(list(arguments), configure=lambda settings: None)


def bound(*arguments: str) -> int:
    return command(linear_bound, *FEW, "one", *arguments)


def results(folder: Path) -> list[bytes]:
    return [(folder / name).read_bytes() for name in ("chains.parquet", "verdicts.json")]


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "few"
    assert bound("--out", str(folder)) == 0
    return folder


# From any count


class Killed(BaseException):
    """Nothing in the project catches it."""


def stream(run: RunDirectory, count: int, patch, *, die_after: int | None = None):
    """A walk's checkpoint, with looks at 24, 48, ..., killed while block `die_after` is made."""
    targets = [n for n in (24, 48, 96, 192) if n < count] + [count]
    made = replicates.Stream.blocks_from

    def blocks_from(self, *arguments):
        for number, block in enumerate(made(self, *arguments)):
            if number == die_after:
                raise Killed
            yield block

    patch.setattr(replicates.Stream, "blocks_from", blocks_from)
    with tqdm(disable=True) as bar:
        key = jax.random.key(3)
        place = Streaming(Workplace(run, bar))
        place.simulate("walk", key, Walk(), targets, lambda summary: False, chunk=16)


@settings(max_examples=25)
@given(
    count=st.integers(1, 300),
    deaths=st.lists(st.integers(0, 5), max_size=4),
    blocks=st.lists(st.sampled_from([8, 16]), min_size=5, max_size=5),
)
def test_a_run_killed_anywhere_ends_with_the_same_bits(count, deaths, blocks):
    """Also where blocks are of another size by then: those of the first checkpoint decide."""

    def run_with(folder: str, block: int, die_after: int | None = None) -> RunDirectory:
        run = RunDirectory.open(
            folder, {"parameters": {}}, resume=(Path(folder) / "config.json").exists()
        )
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(streaming, "CHECKPOINT_SECONDS", -1.0)
            patch.setattr(replicates, "BLOCK_FLOATS", 3 * block)  # a walk of three steps
            try:
                stream(run, count, patch, die_after=die_after)
            except Killed:
                pass
        return run

    with tempfile.TemporaryDirectory() as broken, tempfile.TemporaryDirectory() as unbroken:
        first = None
        for block, die_after in zip(blocks, [*deaths, None], strict=False):
            run = run_with(broken, block, die_after)
            saved = run.load_checkpoint("walk")
            if first is None and saved is not None:
                first = int(saved["block"])
        whole = run_with(unbroken, first or blocks[len(deaths)]).load_checkpoint("walk")
        found = run.load_checkpoint("walk")
    assert found is not None and whole is not None and found.keys() == whole.keys()
    assert found["count"] == count
    for name in whole:
        np.testing.assert_array_equal(found[name], whole[name], strict=True)


def test_a_run_whose_figure_found_no_room_is_finished_by_resume(finished, tmp_path, monkeypatch):
    """At 1000 replicates, inside a block."""
    folder = tmp_path / "run"

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr("paper_figs.style.save", full)
        assert bound("--out", str(folder)) == 2
    assert not (folder / "figure.png").exists() and not RunDirectory(folder).is_finished()
    assert bound("--out", str(folder), "--resume") == 0
    assert results(folder) == results(finished)
    assert (folder / "figure.png").exists() and RunDirectory(folder).is_finished()


def test_a_broken_checkpoint_is_simulated_anew(
    finished, tmp_path, monkeypatch, capfd, without_progress
):
    folder = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(RunDirectory, "write_chains", interrupt)
        assert bound("--out", str(folder)) == 130
    (saved,) = (folder / "checkpoints").iterdir()
    saved.write_bytes(saved.read_bytes()[:100])
    capfd.readouterr()
    assert bound("--out", str(folder), "--resume") == 0
    said = without_progress(capfd.readouterr().err)
    assert said == f"{saved}: cannot be read, is computed anew\n"
    assert results(folder) == results(finished)


def interrupt(*_, **__):
    raise KeyboardInterrupt


# A finished run


def test_infinite_intervals_are_shown_again(finished, capfd):
    assert "-inf" in (finished / "verdicts.json").read_text()
    assert bound("--out", str(finished), "--resume") == 0
    shown = capfd.readouterr().out
    assert "-inf -" in shown and "finished before, nothing to resume" in shown


@pytest.mark.parametrize(
    "change", [{"strength": 1.0}, {"claim": None}], ids=["one field more", "one less"]
)
def test_verdicts_of_another_version_are_one_line(finished, tmp_path, capfd, change):
    folder = tmp_path / "run"
    folder.mkdir()
    for name in ("config.json", "verdicts.json", "chains.parquet"):
        (folder / name).write_bytes((finished / name).read_bytes())
    run = RunDirectory(folder)
    records = [record | change for record in run.verdicts()]
    run.write_verdicts([{k: v for k, v in r.items() if v is not None} for r in records])
    assert bound("--out", str(folder), "--resume") == 2
    shown = capfd.readouterr().err
    assert "verdicts.json is of another version" in shown and shown.count("\n") == 1
    (folder / "verdicts.json").write_text("")
    assert bound("--out", str(folder), "--resume") == 2
    shown = capfd.readouterr().err
    assert "verdicts.json cannot be read" in shown and shown.count("\n") == 1


def test_what_is_overwritten_is_said(finished, tmp_path, monkeypatch, capfd):
    folder = tmp_path / "run"
    monkeypatch.setattr(DECIDE, interrupt)
    assert bound("--out", str(folder)) == 130
    assert capfd.readouterr().out == ""
    assert bound("--out", str(folder)) == 130
    anew = f"{folder}: begins the unfinished run there anew; --resume would have gone on\n"
    assert capfd.readouterr().out == anew
    RunDirectory(folder).write_verdicts([])
    RunDirectory(folder).clear_checkpoints()
    assert bound("--out", str(folder)) == 130
    assert capfd.readouterr().out == f"{folder}: overwrites the finished run there\n"
    assert bound("--out", str(folder), "--resume") == 130
    assert capfd.readouterr().out == ""


def test_two_runs_in_one_directory_are_one_too_many(tmp_path, monkeypatch, capfd):
    """The second is refused in one line, and goes on once the first was killed."""
    folder = tmp_path / "run"
    with monkeypatch.context() as patch:
        patch.setattr(DECIDE, interrupt)
        assert bound("--out", str(folder)) == 130
    before = {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    capfd.readouterr()
    with holding(RunDirectory(folder).lock) as other:
        for more in ([], ["--resume"]):
            assert bound("--out", str(folder), *more) == 2
            shown = capfd.readouterr()
            assert shown.out == "" and shown.err.count("\n") == 1
            assert f"--out {folder}: process {other} on " in shown.err
            assert "works in it; accepted is another directory, or --resume once" in shown.err
    assert bound("--out", str(folder), "--resume") == 0
    kept = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert before.items() <= kept.items() and ".lock" not in kept


# Other inputs


def rows(seed: int, columns: int = 2) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((20, columns))


def text(seed: int) -> str:
    rng = np.random.default_rng(seed)
    words = "data model loss text token human edit pass grows stays under with from every".split()
    documents = [" ".join(rng.choice(words, 84)) for _ in range(40)]
    return "\n\n\n".join(documents)


def write_inputs(folder: Path, seed: int) -> None:
    """All of them, made of a seed."""
    np.savetxt(folder / "x.csv", rows(seed), delimiter=",", header="a,b", comments="")
    np.savetxt(folder / "y.csv", rows(seed, 1), delimiter=",", header="y", comments="")
    np.save(folder / "masks.npy", (rows(seed).T > 0).astype(int))
    (folder / "few.txt").write_text(text(seed))
    (folder / "other.txt").write_text(text(100 + seed))
    pair = '{{"prompt": "what is {0}?", "response": "number {0} of {1}"}}\n'
    lines = (pair.format(i, seed) for i in range(40))
    (folder / "pairs.jsonl").write_text("".join(lines))


SMALL = ("--preset", "tiny", "--vocabulary", "270", "--context", "16", "--tokens", "1600")
PAIRS = ("--stages", "finetune", "--context", "48", "--corpus", "few.txt", "--pairs", "pairs.jsonl")
TWO_FILES = ("--analyse", "--human", "few.txt", "--synthetic", "other.txt")
DESIGN = ("--generations", "3", "--design", "x.csv")

DECIDE = "collapse_sim.experiment.decide.decide"
CASES = [
    (linear_bound, DECIDE, DESIGN, "x.csv", "--design x.csv"),
    (linear_bound, DECIDE, (*DESIGN, "--labels", "y.csv"), "y.csv", "--labels y.csv"),
    (
        linear_bound, DECIDE, (*FEW, "masks.npy", "--regimes", "edit"), "masks.npy",
        "--masks masks.npy",
    ),
    (
        curse_of_recursion, DECIDE,
        ("--family", "categorical", "--corpus", "few.txt"), "few.txt", "--corpus few.txt",
    ),
    (
        transformer_collapse, DECIDE,
        (*SMALL, "--corpus", "few.txt"), "few.txt", "--corpus few.txt",
    ),
    (
        synthetic_fraction, "experiments.fraction.arms.fraction_arms",
        (*SMALL, "--corpus", "few.txt"), "few.txt", "--corpus few.txt",
    ),
    (
        synthetic_fraction, "experiments.fraction.files.compare_files",
        (*SMALL, *TWO_FILES), "few.txt", "--human few.txt",
    ),
    (
        synthetic_fraction, "experiments.fraction.files.compare_files",
        (*SMALL, *TWO_FILES), "other.txt", "--synthetic other.txt",
    ),
    (
        token_editing, "experiments.editing.tables.train_prior", (*SMALL, *PAIRS), "few.txt",
        "--corpus few.txt",
    ),
    (
        token_editing, "experiments.editing.tables.train_prior", (*SMALL, *PAIRS), "pairs.jsonl",
        "--pairs pairs.jsonl",
    ),
]  # fmt: skip


@pytest.mark.parametrize(
    ("script", "work", "flags", "file", "name"), CASES, ids=[name for *_, name in CASES]
)
def test_no_run_goes_on_with_an_input_that_has_changed(
    script, work, flags, file, name, tmp_path, monkeypatch, capfd
):
    """Nor with one of the same name in another folder; with the same one from any folder."""
    here, there, folder = tmp_path / "here", tmp_path / "there", tmp_path / "run"
    for place in (here, there):
        place.mkdir()
        write_inputs(place, seed=1)
    arguments = (*flags, "--out", str(folder))
    monkeypatch.setattr(work, interrupt)  # before anything is computed
    monkeypatch.chdir(here)
    assert command(script, *arguments) == 130
    monkeypatch.chdir(there)
    assert command(script, *arguments, "--resume") == 130
    write_inputs(tmp_path, seed=2)
    (there / file).write_bytes((tmp_path / file).read_bytes())
    capfd.readouterr()
    assert command(script, *arguments, "--resume") == 2
    shown = capfd.readouterr().err
    assert f"--resume: {name} has changed since the run in {folder} was started" in shown
    assert shown.count("\n") == 1
    assert command(script, *arguments) == 130  # which starts anew
    assert command(script, *arguments, "--resume") == 130


def test_old_results_are_not_shown_of_another_design(tmp_path, monkeypatch, capfd):
    """In units of the new one's b."""
    write_inputs(tmp_path, seed=1)
    monkeypatch.chdir(tmp_path)
    flags = (*DESIGN, "--regimes", "replace", "--replicates", "64", "--out", "run")
    assert command(linear_bound, *flags) == 0
    np.savetxt("x.csv", rows(3, 3), delimiter=",", header="a,b,c", comments="")
    capfd.readouterr()
    assert command(linear_bound, *flags, "--resume") == 2
    shown = capfd.readouterr()
    assert "Verdicts" not in shown.out and "--resume: --design x.csv has changed" in shown.err


def test_the_numbers_of_a_design_that_is_no_file_are_an_input(tmp_path, monkeypatch):
    pytest.importorskip("sklearn")
    monkeypatch.setattr(DECIDE, interrupt)
    assert command(linear_bound, "--design", "diabetes", "--out", str(tmp_path / "run")) == 130
    assert len(RunDirectory(tmp_path / "run").config()["inputs"]["--design diabetes"]) == 64


def test_a_name_that_is_not_ascii_loses_nothing_in_the_c_locale(
    finished, tmp_path, without_progress
):
    environment = os.environ | {
        "LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0",
        "PYTHONPATH": str(Path(linear_bound.__file__).parents[1]), "XLA_FLAGS": XLA_FLAGS,
    }  # fmt: skip
    folder = tmp_path / "é"
    done = subprocess.run(
        [sys.executable, linear_bound.__file__, *FEW, "one", "--out", str(folder)],
        env=environment, capture_output=True,
    )  # fmt: skip
    assert (done.returncode, without_progress(done.stderr.decode())) == (0, "")
    assert sorted(path.name for path in folder.iterdir()) == [
        "chains.parquet", "config.json", "figure.pdf", "figure.png", "figure.svg", "verdicts.json",
    ]  # fmt: skip
    assert (folder / "chains.parquet").read_bytes() == (finished / "chains.parquet").read_bytes()
