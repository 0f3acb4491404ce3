"""What the package says of itself: one version, one command, every room, and no stray import."""

import re
import subprocess
import sys
import tomllib
from importlib import import_module
from pathlib import Path

import pytest

import collapse_sim as cs
from collapse_sim.language import responses

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())


def test_the_version_is_the_same_everywhere():
    cited = re.findall(r"^version: (.*)$", (ROOT / "CITATION.cff").read_text(), re.M)
    changed = re.findall(r"^## (\S+) \((\S+)\)$", (ROOT / "CHANGELOG.md").read_text(), re.M)
    dates = re.findall(r"^date-released: (.*)$", (ROOT / "CITATION.cff").read_text(), re.M)
    assert cited == [cs.__version__] == [changed[0][0]] and dates == [changed[0][1]]


def test_the_command_exists():
    (command,) = PROJECT["project"]["scripts"].items()
    module, _, name = command[1].partition(":")
    assert command[0] == "collapse-sim" and callable(getattr(import_module(module), name))


def test_the_wheel_holds_every_room():
    rooms = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    assert set(rooms) == {path.parent.name for path in ROOT.glob("*/__init__.py")} - {"tests"}
    assert all((ROOT / room / "py.typed").is_file() for room in ("collapse_sim", "theory"))


def test_no_module_imports_what_only_an_extra_installs():
    """Every module of collapse_sim, in a Python that has none of these packages."""
    absent = dict.fromkeys(("pandas", "sacrebleu", "sklearn", "datasets"))
    program = (
        f"import sys, pkgutil, importlib, collapse_sim; sys.modules.update({absent})\n"
        "for module in pkgutil.walk_packages(collapse_sim.__path__, 'collapse_sim.'):\n"
        "    importlib.import_module(module.name)"
    )
    process = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True
    )
    assert process.returncode == 0, process.stderr


def test_chrf_without_its_package_says_how_to_get_it(monkeypatch):
    assert responses.chrf(["abc"], ["abc"]) == pytest.approx(100)
    monkeypatch.setitem(sys.modules, "sacrebleu", None)
    says = r"^chrF: needs sacrebleu, as in pip install 'collapse-sim\[chrf\]'$"
    with pytest.raises(ValueError, match=says):
        responses.chrf(["abc"], ["abc"])


def test_fine_tuning_without_it_is_refused_before_anything_is_read(monkeypatch, tmp_path, capfd):
    from experiments import token_editing

    monkeypatch.setitem(sys.modules, "sacrebleu", None)
    out = tmp_path / "run"
    arguments = ["--preset", "tiny", "--out", str(out)]
    assert token_editing.command(arguments, configure=lambda _: None) == 2
    shown = capfd.readouterr()
    assert "error: --stages finetune: needs sacrebleu, as in pip install 'coll" in shown.err
    assert (shown.out, shown.err.count("\n"), out.exists()) == ("", 1, False)
