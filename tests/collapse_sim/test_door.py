"""The names that `import collapse_sim` offers, and that it costs nothing until one is used."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import collapse_sim as cs

SOURCE = Path(cs.__file__).read_text()


def test_importing_it_imports_no_jax_and_no_numpy():
    program = "import sys, collapse_sim; print({'jax', 'numpy', 'scipy'} & set(sys.modules))"
    process = subprocess.run(
        [sys.executable, "-c", program],
        cwd=Path(cs.__file__).parents[1],
        capture_output=True,
        text=True,
    )
    assert process.stdout == "set()\n"


@pytest.mark.parametrize("name", cs.HOMES)
def test_every_name_is_that_of_its_module(name):
    home = importlib.import_module(f"collapse_sim.{cs.HOMES[name]}")
    assert getattr(cs, name) is getattr(home, name)
    assert name in dir(cs) and name in cs.__all__


def test_names_stand_in_one_module_each():
    assert len(cs.HOMES) == sum(map(len, cs.NAMES.values()))
    for name in cs.MODULES:
        assert getattr(cs, name) is importlib.import_module(f"collapse_sim.{name}")


def test_no_name_is_also_that_of_a_module():
    """Importing the module would put it in the place of the name."""
    modules = {path.stem for path in Path(cs.__file__).parent.iterdir()}
    assert not modules & set(cs.HOMES)


def test_type_checkers_see_the_same_names():
    (guarded,) = (
        node
        for node in ast.parse(SOURCE).body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    )
    seen = {
        (node.module, alias.name, alias.asname)
        for node in guarded.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    }
    expected = {(f"collapse_sim.{home}", name, name) for name, home in cs.HOMES.items()}
    assert seen == expected | {("collapse_sim", name, name) for name in cs.MODULES}


def test_an_unknown_name_names_the_nearest():
    with pytest.raises(AttributeError, match="no attribute 'Chian'; the nearest is 'Chain'"):
        cs.Chian  # noqa: B018
    with pytest.raises(AttributeError, match="no attribute 'qqq'$"):
        cs.qqq  # noqa: B018
    with pytest.raises(ImportError, match="cannot import name 'simulator'"):
        from collapse_sim import simulator  # noqa: F401
