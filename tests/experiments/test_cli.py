"""The console command: what it lists, starts and refuses, from an installation and from Python."""

import os
import re
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import pytest

import collapse_sim
from collapse_sim import __main__ as module_entry
from experiments import cli

ROOT = Path(cli.__file__).parents[1]


def interrupt(*_):
    raise KeyboardInterrupt


def call(*arguments: str, before: Path | None = None) -> subprocess.CompletedProcess[str]:
    """A Python process that sees this checkout and, before it, perhaps another folder."""
    path = os.pathsep.join(map(str, filter(None, (before, ROOT))))
    return subprocess.run(
        [sys.executable, *arguments],
        env=os.environ | {"PYTHONPATH": path, "COLUMNS": "80"},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("arguments", [[], ["--help"], ["-h"]])
def test_help_lists_every_command_in_a_line_of_its_own(arguments, capsys):
    assert cli.main(arguments) == 0
    shown = capsys.readouterr().out
    for name, command in cli.COMMANDS.items():
        (line,) = (line for line in shown.splitlines() if line.split()[:1] == [name])
        assert line.endswith(command.says)
    assert max(map(len, shown.splitlines())) <= 100
    assert "For example: collapse-sim bound --preset quick" in shown


def test_help_imports_neither_jax_nor_an_experiment():
    heavy = "jax", "tyro", "matplotlib", "experiments.linear_bound", "paper_figs"
    process = call(
        "-c",
        "import sys; from experiments import cli; cli.main(['--help'])\n"
        f"print([name for name in {heavy} if name in sys.modules], file=sys.stderr)",
    )
    assert (process.returncode, process.stderr) == (0, "[]\n")


def test_what_draws_is_loaded_once_a_run_has_begun(tmp_path):
    """Beside the simulations, for the last seconds: not before them, and not after."""
    process = call(
        "-c",
        "import sys, threading\n"
        "from experiments import finish\n"
        "from experiments.linear.settings import parse\n"
        "names = 'matplotlib', 'pyarrow.parquet', 'matplotlib.backends.backend_svg'\n"
        "early = [name for name in names if name in sys.modules]\n"
        f"settings = parse(['--out', {str(tmp_path / 'run')!r}])\n"
        "finish.begin(settings, {'inputs': {}, 'version': '', 'parameters': {}})\n"
        "[t.join() for t in threading.enumerate() if t is not threading.main_thread()]\n"
        "late = [name for name in names if name not in sys.modules]\n"
        "print(early, late, file=sys.stderr)",
    )
    assert (process.returncode, process.stderr) == (0, "[] []\n")


def test_version(capsys):
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out == f"collapse-sim {collapse_sim.__version__}\n"


@pytest.mark.parametrize(
    ("typed", "hint"),
    [("bond", "the nearest is bound; "), ("figure", "the nearest is figures; "), ("zzz", "")],
)
def test_an_unknown_command_names_the_nearest(typed, hint, capsys):
    assert cli.main([typed, "--preset", "quick"]) == 2
    shown = capsys.readouterr()
    accepted = ", ".join(cli.COMMANDS)
    expected = f"collapse-sim: error: unknown command {typed}: {hint}accepted are {accepted}\n"
    assert (shown.out, shown.err) == ("", expected)


@pytest.mark.parametrize("name", cli.COMMANDS)
def test_every_command_is_asked_for_help_by_its_own_name(name, capsys):
    try:
        status = cli.main([name, "--help"])
    except SystemExit as stopped:
        status = stopped.code
    assert status == 0 and f"collapse-sim {name} " in capsys.readouterr().out


@pytest.mark.parametrize("name", ["bound", "verify", "edit"])
def test_help_on_a_flag_fills_its_lines(name):
    """No line is broken where the docstring's was: the next word has no room."""
    shown = re.findall("^│ (.{76}) │$", call("-m", "collapse_sim", name, "--help").stdout, re.M)
    continued = 0
    for line, following in pairwise(shown):
        if line.startswith("      ") and following.startswith("      "):
            continued += 1
            assert len(f"{line.rstrip()} {following.split()[0]}") > 76
    assert continued > 5


def test_examples_in_help_stand_in_lines_of_their_own(capsys):
    with pytest.raises(SystemExit):
        cli.main(["verify", "--help"])
    lines = capsys.readouterr().out.splitlines()
    examples = [line for line in lines if line.startswith("  collapse-sim verify ")]
    assert len(examples) == 4 and max(map(len, examples)) <= 80


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["bound", "--preset", "huge"], "--preset huge: accepted are quick, default, paper"),
        (["transformer", "--seed", "-1"], "--seed -1: accepted are integers from 0"),
        (["search", "--dims", "0"], "--dims (0,): accepted are numbers >= 1, at least one"),
        (["figures", "--runs", "nowhere"], "no finished run in nowhere; 'collapse-sim bound', "),
    ],
)
def test_errors_are_said_in_the_name_of_the_command(arguments, says, capfd):
    assert cli.main(arguments) == 2
    shown = capfd.readouterr().err
    assert shown.startswith(f"collapse-sim {arguments[0]}: error: {says}")
    assert shown.count("\n") == 1


def test_scripts_keep_their_own_names(capfd):
    from experiments import linear_bound

    assert cli.main(["bound", "--preset", "huge"]) == 2
    assert linear_bound.command(["--preset", "huge"]) == 2
    named = [line.partition(":")[0] for line in capfd.readouterr().err.splitlines()]
    assert named == ["collapse-sim bound", "linear_bound.py"]


def test_a_search_that_was_interrupted_does_not_promise_to_go_on(capfd):
    from experiments import conjecture_search

    assert conjecture_search.command([], configure=interrupt) == 130
    assert capfd.readouterr().err == "conjecture_search.py: interrupted\n"


def installed(folder: Path) -> Path:
    """What an installer leaves of the command."""
    left = folder / "collapse_sim-0.dist-info"
    left.mkdir(parents=True)
    (left / "METADATA").write_text("Name: collapse-sim\nVersion: 0\n")
    (left / "entry_points.txt").write_text(
        "[console_scripts]\ncollapse-sim = experiments.cli:main\n"
    )
    return folder


def test_python_m_collapse_sim_is_the_same_command(tmp_path):
    process = call("-m", "collapse_sim", "--version", before=installed(tmp_path / "site"))
    assert process.stdout == f"collapse-sim {collapse_sim.__version__}\n"
    process = call("-m", "collapse_sim", "bond", before=tmp_path / "site")
    assert process.returncode == 2
    assert process.stderr.startswith("collapse-sim: error: unknown command bond: ")


def test_python_m_collapse_sim_says_what_is_not_installed(monkeypatch, capsys):
    monkeypatch.setattr(module_entry, "entry_points", lambda **_: ())
    assert module_entry.main() == 2
    shown = capsys.readouterr().err
    assert "collapse-sim is not installed; 'pip install .'" in shown and shown.count("\n") == 1
