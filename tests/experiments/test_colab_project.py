"""The first cell of the notebook finds the project, clones it, or says what is missing."""

import runpy
import shutil
import subprocess
from pathlib import Path

import jupytext
import pytest

NOTEBOOK = Path(__file__).parents[2] / "experiments" / "colab.ipynb"


@pytest.fixture
def first_cell(tmp_path, monkeypatch):
    """Run the first cell in an empty folder; gives its names."""
    cells = jupytext.read(NOTEBOOK).cells
    source = next(cell.source for cell in cells if cell.cell_type == "code")
    (tmp_path / "cell.py").write_text(source)
    here = tmp_path / "content"
    here.mkdir()
    monkeypatch.chdir(here)
    monkeypatch.delenv("COLLAPSE_SIM_SOURCE", raising=False)
    return lambda: runpy.run_path(str(tmp_path / "cell.py"))


def make_project(folder: Path) -> Path:
    (folder / "experiments").mkdir(parents=True)
    (folder / "experiments" / "colab.py").touch()
    return folder


@pytest.mark.parametrize("place", ["any name", "unpacked/any name", "."])
def test_a_project_is_found_whatever_its_name(first_cell, place):
    project = make_project(Path.cwd() / place)
    assert first_cell()["PROJECT"] == project


def test_a_cell_inside_the_project_finds_it(first_cell, monkeypatch):
    project = make_project(Path.cwd() / "mine")
    monkeypatch.chdir(project / "experiments")
    assert first_cell()["PROJECT"] == project


def test_an_uploaded_archive_is_unpacked(first_cell, tmp_path):
    make_project(tmp_path / "packed" / "project-main")
    shutil.make_archive(str(Path.cwd() / "upload"), "zip", tmp_path / "packed")
    assert first_cell()["PROJECT"] == Path.cwd() / "upload" / "project-main"


def test_an_address_is_cloned(first_cell, tmp_path, monkeypatch):
    project = make_project(tmp_path / "origin")
    who = ["-c", "user.name=a", "-c", "user.email=a@b"]
    for command in (["init", "-q"], ["add", "."], [*who, "commit", "-qm", "first"]):
        subprocess.run(["git", *command], cwd=project, check=True)
    monkeypatch.setenv("COLLAPSE_SIM_SOURCE", project.as_uri())
    assert first_cell()["PROJECT"] == Path.cwd() / "origin"


def test_without_a_project_one_line_says_what_to_do(first_cell):
    with pytest.raises(FileNotFoundError, match="upload it as a zip file, or set SOURCE"):
        first_cell()


def test_what_a_command_says_is_shown_and_its_failure_is_not_hidden(first_cell, capfd):
    make_project(Path.cwd() / "mine")
    run = first_cell()["run"]
    run("echo", "hello")
    assert capfd.readouterr().out == "hello\n"
    with pytest.raises(RuntimeError, match="false ended with status 1"):
        run("false")
