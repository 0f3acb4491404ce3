"""linear_bound.py as a person runs it: results, files, resuming, and every bad input."""

import errno
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from collapse_sim.experiment import streaming
from collapse_sim.linear.fit import to_one_scale
from collapse_sim.run_directory import RunDirectory
from experiments import linear_bound
from experiments.linear.settings import PRESETS, parse
from experiments.linear.world import make_world
from paper_figs import bound_violation
from tests.experiments.evidence import XLA_FLAGS
from theory.editing.finite import two_disjoint_edits_error

SCRIPT = Path(linear_bound.__file__)
TINY = [
    *("--dim", "8", "--samples", "24", "--generations", "3", "--replicates", "131072"),
    *("--no-limits", "--regimes", "replace", "edit", "--masks"),
]
FEW = [*TINY[:6], "--replicates", "16384", *TINY[8:], "one", "halves", "random", "nested"]
"""For what is equal byte by byte, whatever the numbers."""


def command(*arguments: str) -> int:
    """The command's exit status, in this process (whose devices are already chosen)."""
    return linear_bound.command(list(arguments), configure=lambda settings: None)


def verdicts(folder: Path) -> dict[tuple[str, str], str]:
    return {
        (record["claim"], record["parameters"]["process"]): record["verdict"]
        for record in RunDirectory(folder).verdicts()
    }


@pytest.fixture(scope="module")
def finished(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "tiny"
    assert command(*TINY, "one", "halves", "random", "nested", "--out", str(folder)) == 0
    return folder


@pytest.fixture(scope="module")
def few(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "few"
    assert command(*FEW, "--out", str(folder)) == 0
    return folder


def test_two_halves_violate_the_published_bound_and_one_edit_does_not(finished):
    found = verdicts(finished)
    assert found["zhu2025.thm2a_single", "edit one"] == "holds"
    assert found["zhu2025.thm2a", "edit halves"] == "violated"
    assert found["zhu2025.thm1", "edit halves"] == "violated"
    assert found["ref.edit_two_T", "edit halves"] == "holds"
    assert found["ref.exact_one", "edit random additive"] == "holds"
    assert found["zhu2025.eq7", "replace"] == found["ref.replace_law", "replace"] == "holds"
    assert found["zhu2025.sec2", "replace"] == "violated"
    assert found["zhu2025.eq16", "edit random"] == "assumption not met"


def test_its_disjoint_edits_can_be_drawn(finished):
    (path,) = bound_violation.read_paths(RunDirectory(finished))
    assert path.curve.name == "edit halves"
    assert path.total[:3].tolist() == [0.0, 0.5, 1.0]


def test_intervals_hold_the_closed_form(finished):
    truth = two_disjoint_edits_error(dim=8, samples=24, edit_counts=(12, 12))
    records = [
        record
        for record in RunDirectory(finished).verdicts()
        if record["parameters"]["process"] == "edit halves" and record["interval"]
    ]
    assert len(records) >= 4
    for record in records:
        low, high = record["interval"]
        assert low <= truth <= high
        assert record["confidence"] > 0.9999


def test_the_run_directory_holds_what_the_house_asks_for(finished):
    config = RunDirectory(finished).config()
    assert config["parameters"]["samples"] == 24
    assert {"jax", "numpy"} <= set(config["packages"])
    assert not (finished / "checkpoints").exists()
    chains = RunDirectory(finished).chains()
    assert set(chains["generation"]) == {1, 2, 3}
    assert (chains["q05"] <= chains["q50"]).all() and (chains["q50"] <= chains["q95"]).all()
    for name in ("figure.png", "figure.pdf", "figure.svg"):
        assert (finished / name).stat().st_size > 1000


def test_output_fits_80_columns_and_shows_a_line_a_process_off_a_terminal(
    tmp_path, capfd, without_progress
):
    assert command(*TINY, "halves", "--out", str(tmp_path / "run")) == 0
    shown = capfd.readouterr()
    assert without_progress(shown.err) == "" != shown.err
    tables = shown.out.partition(str(tmp_path))[0]
    assert max(map(len, tables.splitlines())) <= 80
    assert "zhu2025.thm2a" in tables and "violated" in tables


@pytest.mark.usefixtures("without_files_of_the_figure")
def test_chunks_do_not_change_a_byte(few, tmp_path, monkeypatch):
    monkeypatch.setattr(streaming, "CHUNK", 512)
    folder = tmp_path / "run"
    assert command(*FEW, "--out", str(folder)) == 0
    for name in ("chains.parquet", "verdicts.json"):
        assert (folder / name).read_bytes() == (few / name).read_bytes()


@pytest.mark.usefixtures("without_files_of_the_figure")
def test_resuming_after_kill_9_ends_with_the_same_bytes(tmp_path):
    """The whole run and the rest of the broken one are of this process, with other devices."""
    flags = [
        *(*TINY[:6], "--replicates", "16384", "--no-limits", "--no-early-stop"),
        *("--regimes", "replace", "edit", "--masks", "random"),
    ]
    environment = os.environ | {"PYTHONPATH": str(SCRIPT.parents[1]), "XLA_FLAGS": XLA_FLAGS}
    environment |= {"JAX_NUM_CPU_DEVICES": "3"}
    whole, broken = tmp_path / "whole", tmp_path / "broken"
    script = [sys.executable, str(SCRIPT), *flags, "--out", str(broken)]
    process = subprocess.Popen(script, env=environment, stdout=subprocess.DEVNULL)
    saved = broken / "checkpoints" / "00-replace.npz"
    while not saved.exists() and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert not (broken / "verdicts.json").exists()
    assert command(*flags, "--out", str(broken), "--resume") == 0
    assert command(*flags, "--out", str(whole)) == 0
    for name in ("chains.parquet", "verdicts.json"):
        assert (broken / name).read_bytes() == (whole / name).read_bytes()


@pytest.mark.usefixtures("without_files_of_the_figure")
def test_ctrl_c_leaves_a_run_that_resumes(few, tmp_path, monkeypatch, capfd, without_progress):
    folder = tmp_path / "run"
    calls = []

    def interrupt(self, *arguments, **options):
        if calls:
            raise KeyboardInterrupt
        calls.append(1)
        return simulate(self, *arguments, **options)

    simulate = streaming.Streaming.simulate
    with monkeypatch.context() as patch:
        patch.setattr(streaming.Streaming, "simulate", interrupt)
        assert command(*FEW, "--out", str(folder)) == 130
    shown = without_progress(capfd.readouterr().err)
    assert shown == "linear_bound.py: interrupted; the same command with --resume goes on\n"
    assert command(*FEW, "--out", str(folder), "--resume") == 0
    assert (folder / "verdicts.json").read_bytes() == (few / "verdicts.json").read_bytes()
    assert command(*FEW, "--out", str(folder), "--resume") == 0
    assert "finished before" in capfd.readouterr().out


def test_a_spent_budget_reports_undecided(tmp_path, capfd):
    folder = tmp_path / "run"
    spent = ("--budget-seconds", "1e-6", "--out", str(folder))
    assert command(*TINY, "halves", *spent) == 0
    assert verdicts(folder)["zhu2025.eq7", "replace"] == "undecided"
    shown = capfd.readouterr().out
    assert "not begun, out of time" in shown
    assert "No answer: the verdicts below decide none of it." in shown


def test_nearly_square_designs_test_the_law_where_the_variance_is_infinite(tmp_path):
    folder = tmp_path / "run"
    square = ("--dim", "2", "--samples", "5", "--generations", "3", "--replicates", "32768")
    regimes = ("--regimes", "replace", "replace_fresh", "--no-limits", "--out", str(folder))
    assert command(*square, *regimes) == 0
    found = verdicts(folder)
    assert found["gerst2024.replace", "replace_fresh"] == "assumption not met"
    assert found["ref.replace_law", "replace_fresh"] == "holds"
    assert found["ref.replace_law", "replace"] == "holds"


# A user's own design


@pytest.fixture(scope="module")
def design() -> np.ndarray:
    rows = np.random.default_rng(0).standard_normal((30, 3))
    return rows @ np.array([[1.0, 0.9, 0], [0, 1, 0], [0, 0, 5]])


def write(path: Path, table: np.ndarray, header: str = "") -> Path:
    if path.suffix == ".csv":
        np.savetxt(path, table, delimiter=",", header=header, comments="")
    elif path.suffix == ".npy":
        np.save(path, table)
    elif path.suffix == ".npz":
        np.savez(path, table)
    else:
        import pyarrow as pa
        import pyarrow.parquet as pq

        pq.write_table(pa.table({f"x{i}": column for i, column in enumerate(table.T)}), path)
    return path


@pytest.mark.parametrize("name", ["x.csv", "x.npy", "x.npz", "x.parquet"])
def test_a_design_is_the_same_from_every_file(design, tmp_path, name):
    world = make_world(parse(["--design", str(write(tmp_path / name, design, "a,b,c"))]))
    np.testing.assert_array_equal(world.inputs, to_one_scale(design)[0])
    assert world.base_error == pytest.approx(3 / 30)
    assert [len(digest) for digest in (world.hashes or {}).values()] == [64]


def test_a_design_from_a_file_gets_verdicts_of_its_own(design, tmp_path):
    name = "x.parquet"
    path, folder = write(tmp_path / name, design, "a,b,c"), tmp_path / "run"
    flags = ("--design", str(path), "--generations", "3", "--masks", "halves", "random")
    assert command(*flags, "--replicates", "262144", "--out", str(folder)) == 0
    found = verdicts(folder)
    assert found["ref.given_replace", "replace"] == "holds"
    assert found["zhu2025.thm2a", "edit halves"] == "violated"
    assert found["ref.edit_given", "edit halves"] == "holds"
    assert found["ref.edit_given", "edit random"] == "holds"
    config = json.loads((folder / "config.json").read_text())
    assert len(config["data"][name]) == 64 and config["base_error"] == pytest.approx(3 / 30)


def test_real_labels_start_the_chain(design, tmp_path, capfd):
    labels = design @ [1.0, -2, 0.5] + 3 * np.random.default_rng(1).standard_normal(30)
    path = write(tmp_path / "x.csv", np.column_stack([design, labels]), "a,b,c,target")
    folder = tmp_path / "run"
    flags = ("--design", str(path), "--labels", "target", "--generations", "3")
    masks = ("--masks", "halves", "--replicates", "262144", "--out", str(folder))
    assert command(*flags, *masks) == 0
    read = "x.csv: 30 rows, 4 columns, header (a, b, c, target); labels target; intercept added, "
    assert capfd.readouterr().out.startswith(read + "d = 4\n")
    chains = RunDirectory(folder).chains()
    first = chains["generation"] == 1
    assert chains["mean"][first].max() < 1e-9  # the fit on human labels is the reference
    found = verdicts(folder)
    assert (
        found["ref.given_replace", "replace"] == found["ref.edit_given", "edit halves"] == "holds"
    )


def test_diabetes(tmp_path):
    pytest.importorskip("sklearn")
    folder = tmp_path / "run"
    flags = ("--design", "diabetes", "--labels", "target", "--generations", "3")
    masks = ("--masks", "halves", "--replicates", "4096", "--out", str(folder))
    assert command(*flags, *masks) == 0
    assert RunDirectory(folder).config()["noise_std"] == pytest.approx(54, abs=1)
    assert verdicts(folder)["zhu2025.thm2a", "edit halves"] in ("holds", "undecided")


def test_masks_from_a_file_and_given_precision(tmp_path):
    schedule = np.zeros((2, 24), int)
    schedule[0, :5], schedule[1, 3:] = 1, 1
    np.save(tmp_path / "masks.npy", schedule)
    folder = tmp_path / "run"
    mask = str(tmp_path / "masks.npy")
    assert command(*TINY, mask, "--out", str(folder)) == 0
    found = verdicts(folder)
    assert found["zhu2025.eq16", f"edit {mask}"] == "assumption not met"
    assert found["ref.edit_recursion", f"edit {mask}"] in ("holds", "undecided")


# Bad input: one line, exit status 2, nothing written


@pytest.mark.parametrize(
    ("flags", "says"),
    [
        (
            ["--dim", "10", "--samples", "11"],
            "--samples 11: a mean test error exists only for samples >= dim + 2",
        ),
        (["--edit-share", "1.5"], "--edit-share 1.5: accepted is [0, 1]"),
        (["--edit-share", "-0.1"], "--edit-share -0.1: accepted is [0, 1]"),
        (["--decay", "1"], "--decay 1.0: accepted is (0, 1)"),
        (["--decay", "0"], "--decay 0.0: accepted is (0, 1)"),
        (["--noise-std", "0"], "--noise-std 0.0: accepted are finite numbers > 0"),
        (["--noise-std", "nan"], "--noise-std nan"),
        (["--generations", "1"], "--generations 1: accepted are integers >= 2"),
        (["--replicates", "0"], "--replicates 0: accepted are integers >= 1"),
        (["--dim", "0"], "--dim 0: accepted are integers >= 1"),
        (["--residual-threshold", "-1"], "--residual-threshold -1.0"),
        (["--masks", "most"], "--masks most: accepted are one, halves"),
        (["--masks", "none.npy"], "--masks none.npy: no such file"),
        (["--preset", "best"], "--preset best: accepted are quick, default, paper"),
        (["--spectrum", "ar1:2"], "spectrum=ar1:2: accepted are isotropic, ar1:R"),
        (["--design", "none.csv"], "--design none.csv: no such file"),
        (["--design", "x.txt"], "--design x.txt: accepted are .npy, .npz, .csv, .parquet"),
        (["--labels", "y"], "--labels y: accepted with a design from a file"),
        (["--intercept"], "--intercept : accepted with a design from a file"),
        (["--no-header"], "--no-header : accepted with a design from a file"),
        (["--header", "--no-header"], "--header and its opposite: accepted is one of --header"),
        (["--noise-std", "1e-61"], "--noise-std 1e-61: accepted is 1e-60 to 1e+60"),
        (["--noise-std", "1e200"], "--noise-std 1e+200: accepted is 1e-60 to 1e+60"),
        (["--budget-seconds", "0"], "--budget-seconds 0.0"),
        (["--representation", "law"], "--representation law"),
        (
            ["--representation", "statistics", "--regimes", "subsample_fresh"],
            "statistics: subsample_fresh has no such form, accepted are auto, rows",
        ),
        (["--resume"], "--resume: there is no run in"),
        (
            ["--dim", "3", "--samples", "5", "--regimes", "subsample"],
            "accepted with --regimes subsample is 15 or more",
        ),
    ],
)
def test_bad_flags(flags, says, tmp_path, capfd):
    folder = tmp_path / "run"
    assert command(*flags, "--out", str(folder)) == 2
    shown = capfd.readouterr().err
    assert says in shown and shown.count("\n") == 1
    assert not folder.exists()


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "is empty"),
        ("a,b\n", "is empty"),
        ("a,b\n1,2\n3,x\n", "line 3, column b holds 'x', accepted are finite numbers"),
        ("a,b\n1,2\n3,nan\n5,6\n7,9\n", "line 3, column b is missing (nan)"),
        ("a,b\n1,2\n2,4\n3,6\n4,8\n", "rank 1 with 2 columns"),
        ("a,b\n1,2\n3,5\n4,9\n", "at least columns + 2 rows"),
    ],
)
def test_bad_designs(content, says, tmp_path, capfd):
    path, folder = tmp_path / "x.csv", tmp_path / "run"
    path.write_text(content)
    assert command("--design", str(path), "--out", str(folder)) == 2
    shown = capfd.readouterr().err
    assert says in shown and shown.count("\n") == 1
    assert not folder.exists()


def test_a_mask_file_of_the_wrong_shape(tmp_path, capfd):
    np.save(tmp_path / "masks.npy", np.ones((2, 5)))
    flags = ("--masks", str(tmp_path / "masks.npy"), "--out", str(tmp_path / "run"))
    assert command(*flags) == 2
    assert "has shape (2, 5), accepted are arrays of 0 and 1" in capfd.readouterr().err


def test_another_run_in_the_directory_is_left_alone(finished, capfd):
    before = (finished / "config.json").read_bytes()
    assert command(*TINY, "one", "--seed", "7", "--out", str(finished)) == 2
    assert "holds a run with" in capfd.readouterr().err
    assert (finished / "config.json").read_bytes() == before


def test_a_directory_that_cannot_be_written(tmp_path, capfd):
    (tmp_path / "file").write_text("")
    assert command(*TINY, "one", "--out", str(tmp_path / "file" / "run")) == 2
    assert "cannot be written" in capfd.readouterr().err


def test_a_full_disk_keeps_what_was_written(tmp_path, monkeypatch, capfd):
    folder = tmp_path / "run"

    def full(descriptor):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with monkeypatch.context() as patch:
        patch.setattr(RunDirectory, "save_checkpoint", lambda *_: full(0))
        assert command(*TINY, "halves", "--out", str(folder)) == 2
    assert "No space left on device" in capfd.readouterr().err
    assert sorted(path.name for path in folder.iterdir()) == ["checkpoints", "config.json"]
    assert command(*TINY, "halves", "--out", str(folder), "--resume") == 0


def test_presets_and_flags_together():
    settings = parse(["--preset", "paper", "--seed", "3"])
    assert settings.replicates == PRESETS["paper"].replicates and settings.seed == 3
    assert parse([]).directory() != parse(["--seed", "1"]).directory()
    assert parse([]).directory() == parse(["--resume"]).directory()
