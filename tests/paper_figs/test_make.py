"""make.py: which run every figure is made from, and what it says where there is none."""

import json
import os
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from paper_figs import make
from tests.paper_figs.runs import make_run

ROOT = Path(__file__).parents[2]


def call(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """The command, where the project is on Python's path as if it were installed."""
    path = os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")])
    return subprocess.run(
        [sys.executable, str(ROOT / "paper_figs" / "make.py"), *arguments],
        cwd=cwd, env=os.environ | {"PYTHONPATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_make_draws_every_figure_of_the_newest_run_that_shows_it(tmp_path, capsys, monkeypatch):
    saved = {}
    monkeypatch.setattr(make, "save", lambda figure, folder, name: saved.update({name: figure}))
    monkeypatch.chdir(tmp_path)
    folder = Path("runs", "linear_bound")
    for age, (name, shown) in enumerate(
        {"new": ["replace"], "old": ["edit halves"], "oldest": ["edit halves"]}.items()
    ):
        run = make_run(folder / name, shown)
        os.utime(run.path / "verdicts.json", (1e9 - age, 1e9 - age))
    make.main([])
    assert capsys.readouterr().out.splitlines() == [
        f"{Path('figures', name)}.png, .pdf, .svg: from {folder / source}"
        for name, source in (
            ("linear_collapse", "new"), ("bound_violation", "old"), ("mask_regimes", "old"),
        )
    ] + [
        f"{name}: no run shows it; 'collapse-sim transformer{flags}' makes one "
        "that does"
        for name, flags in (("language_generations", " --corpus python"), ("oracle_language", ""),
                            ("scale_ladder", " --preset ladder"))
    ] + [
        f"{name}: no run shows it; 'collapse-sim curse --family {family}' "
        "makes one that does"
        for name, family in (
            ("gaussian_collapse", "all"), ("categorical_collapse", "all"),
            ("mixture_collapse", "all"), ("error_sources", "sources"),
            ("picture_generations", "vae"),
        )
    ] + [
        "synthetic_fraction: no run shows it; 'collapse-sim fraction' makes "
        "one that does",
        "text_analysis: no run shows it; 'collapse-sim fraction --analyse' "
        "makes one that does",
    ] + [
        f"{name}: no run shows it; 'collapse-sim editing' makes one that does"
        for name in ("token_probabilities", "edited_share")
    ] + ["phase_diagram: no run shows it; 'collapse-sim phase' makes one that does"]  # fmt: skip
    assert {name: len(figure.axes) for name, figure in saved.items()} == {
        "linear_collapse": 1, "bound_violation": 2, "mask_regimes": 1,
    }  # fmt: skip


@pytest.mark.parametrize(("flags", "inches"), [([], 6.75), (["--width", "column"], 3.25)])
def test_figures_are_as_wide_as_asked(tmp_path, monkeypatch, flags, inches):
    widths = {}

    def save(figure, folder, name):
        widths[name] = figure.get_figwidth()

    monkeypatch.setattr(make, "save", save)
    run = make_run(tmp_path / "run", ["replace", "edit halves"])
    make.main(["--runs", str(run.path), "--out", str(tmp_path / "out"), *flags])
    assert widths == dict.fromkeys(("linear_collapse", "bound_violation", "mask_regimes"), inches)


def test_make_without_a_run_says_which_command_makes_one(tmp_path):
    done = call(cwd=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == (
        f"make.py: error: no finished run in {', '.join(map(str, make.ALL_RUNS))}; "
        "'collapse-sim bound', 'collapse-sim transformer', "
        "'collapse-sim curse', 'collapse-sim fraction', "
        "'collapse-sim editing' or 'collapse-sim phase' makes one\n"
    )


def test_make_passes_over_what_is_no_finished_run(tmp_path):
    finished = make_run(tmp_path / "runs" / "finished", ["replace"])
    unfinished = make_run(tmp_path / "runs" / "unfinished", ["replace"])
    unfinished.checkpoints.mkdir()
    other = make_run(tmp_path / "runs" / "other", ["replace"])
    (other.path / "config.json").write_text('{"experiment": "another"}')
    (tmp_path / "runs" / "empty").mkdir()
    (found,) = make.find_runs([tmp_path / "runs", finished.path])
    assert found.path == finished.path


@pytest.mark.parametrize(
    ("names", "flags", "message"),
    [
        (["replace"], ["--only", "mask_regimes"], "--only mask_regimes: no run shows it"),
        (["edit one"], ["--only", "bound_violation"], "--only bound_violation: no run shows it"),
        (["replace"], ["--only", "nothing"], "invalid choice: 'nothing'"),
        (["replace"], ["--out", "{file}"], "file: File exists"),
    ],
)
def test_make_tells_what_is_wrong_in_one_line(tmp_path, capsys, monkeypatch, names, flags, message):
    run, file = make_run(tmp_path / "run", names), tmp_path / "file"
    file.touch()
    flags = [flag.format(file=file) for flag in flags]
    monkeypatch.setattr(sys, "argv", ["make.py", "--runs", str(run.path), *flags])
    monkeypatch.setattr(sys, "path", [*sys.path])  # a script's folder comes first there
    with pytest.raises(SystemExit) as stop:
        runpy.run_path(make.__file__, run_name="__main__")
    assert stop.value.code == 2
    assert message in capsys.readouterr().err.splitlines()[-1]


def test_small_presets_are_taken_only_where_there_is_no_other(tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(make, "save", lambda *_: None)
    monkeypatch.chdir(tmp_path)
    flags = ["--only", "linear_collapse", "--runs"]

    def read(*folders: str) -> str:
        make.main([*flags, *folders])
        return capsys.readouterr().out.partition("from ")[2].strip()

    for age, name in enumerate(("quick", "tiny", "default", "paper")):
        run = make_run(Path("runs", name), ["replace"])
        config = run.config()
        run.write_json(
            "config.json", config | {"parameters": config["parameters"] | {"preset": name}}
        )
        os.utime(run.path / "verdicts.json", (1e9 - age, 1e9 - age))
    assert read("runs") == f"{Path('runs', 'default')} (preset default)"
    assert read("runs/tiny", "runs/quick") == f"{Path('runs', 'quick')} (preset quick)"
    assert read("runs/tiny") == f"{Path('runs', 'tiny')} (preset tiny)"


@pytest.mark.parametrize("name", ["config.json", "verdicts.json", "chains.parquet"])
def test_a_broken_run_does_not_keep_others_from_being_drawn(tmp_path, capsys, name):
    finished = make_run(tmp_path / "finished", ["replace"])
    broken = make_run(tmp_path / "broken", ["replace"])
    (broken.path / name).write_text("{")
    (found,) = make.find_runs([tmp_path])
    assert found.path == finished.path
    said = capsys.readouterr().err
    assert said.startswith(f"{broken.path}: {name} cannot be read") and said.count("\n") == 1


def test_a_run_of_another_version_is_named_and_the_other_figures_are_drawn(tmp_path, capsys):
    run = make_run(tmp_path / "run", ["edit confident"])
    config = json.loads((run.path / "config.json").read_text())
    config["parameters"]["threshold"] = config["parameters"].pop("residual_threshold")
    (run.path / "config.json").write_text(json.dumps(config))
    make.main(["--runs", str(run.path), "--out", str(tmp_path / "figures")])
    shown = capsys.readouterr().out
    says = f"linear_collapse: {run.path}: has no 'residual_threshold', made by another version\n"
    assert says in shown and "language_generations: no run shows it" in shown
