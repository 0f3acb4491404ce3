"""The rooms of the house import in one direction only, and importing one changes no setting."""

import ast
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

FORBIDDEN = {
    "theory": {"jax", "jaxlib", "flax", "optax", "collapse_sim", "experiments", "paper_figs"},
    "collapse_sim": {"theory", "experiments", "paper_figs"},
    "paper_figs": {"jax", "jaxlib", "flax", "optax", "collapse_sim", "experiments"},
}
JAX_DECORATOR = "register_dataclass"
ALLOWED = {"paper_figs": {"collapse_sim.run_directory", "collapse_sim.terminal"}}


def imported_modules(tree: ast.AST) -> Iterator[str]:
    """Dotted names of all imports, also those inside functions; relative ones stay in the room."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def inside(module: str, packages: set[str]) -> bool:
    return any(module == package or module.startswith(package + ".") for package in packages)


def wrong_imports(room: str, source: str) -> list[str]:
    return [
        module
        for module in imported_modules(ast.parse(source))
        if inside(module, FORBIDDEN[room]) and not inside(module, ALLOWED.get(room, set()))
    ]


def imports_at_top(room: str, files: dict[str, str]) -> dict[str, set[str]]:
    """Modules of a room that each of its modules imports as it is imported."""
    names = {
        file.removesuffix(".py").replace("/", ".").removesuffix(".__init__"): source
        for file, source in files.items()
    }
    graph: dict[str, set[str]] = {}
    for name, source in names.items():
        at_import = ast.Module([node for node in run_at_import(ast.parse(source))
                                if isinstance(node, ast.Import | ast.ImportFrom)], [])  # fmt: skip
        graph[name] = {
            module if module in names else module.rpartition(".")[0]
            for module in imported_modules(at_import)
            if inside(module, {room})
        } - {name, room}
    return graph


def circle(graph: dict[str, set[str]]) -> list[str]:
    """Modules that wait for one another, in order of their names."""
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return sorted(set(error.args[1]))
    return []


def run_at_import(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes below `node` that execute on import: everything but the bodies of functions."""
    for child in ast.iter_child_nodes(node):
        if not isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            yield child
            yield from run_at_import(child)


def settings_changed(source: str) -> list[str]:
    calls = (node for node in run_at_import(ast.parse(source)) if isinstance(node, ast.Call))
    return [
        name
        for name in (ast.unparse(call.func) for call in calls)
        if name.endswith(("jax.config.update", "jax_config.update")) or name == "config.update"
    ]


def sources(room: str) -> dict[str, str]:
    files = sorted((ROOT / room).rglob("*.py"))
    return {str(file.relative_to(ROOT)): file.read_text(encoding="utf-8") for file in files}


@pytest.mark.parametrize("room", FORBIDDEN)
def test_imports_go_one_way(room):
    found = {file: wrong_imports(room, source) for file, source in sources(room).items()}
    assert {file: modules for file, modules in found.items() if modules} == {}


@pytest.mark.parametrize("room", ["theory", "collapse_sim", "experiments", "paper_figs"])
def test_no_modules_of_a_room_import_each_other_in_a_circle(room):
    graph = imports_at_top(room, sources(room))
    assert len(graph) > 5 and any(graph.values())
    assert circle(graph) == []


def test_a_circle_is_seen_but_not_one_that_a_function_closes():
    files = {
        "theory/a.py": "from theory.b import f",
        "theory/b.py": "from theory import c",
        "theory/c.py": "if True:\n    import theory.a",
        "theory/d.py": "from theory.a import f",
    }
    assert circle(imports_at_top("theory", files)) == ["theory.a", "theory.b", "theory.c"]
    files["theory/c.py"] = "def f():\n    import theory.a"
    assert circle(imports_at_top("theory", files)) == []


@pytest.mark.parametrize("room", ["theory", "collapse_sim"])
def test_importing_sets_no_jax_config(room):
    found = {file: settings_changed(source) for file, source in sources(room).items()}
    assert {file: calls for file, calls in found.items() if calls} == {}


@pytest.mark.parametrize("room", ["collapse_sim", "experiments", "tests"])
def test_classes_are_pytrees_by_the_package_s_own_decorator(room):
    """See collapse_sim/pytree.py for what goes wrong with JAX's."""
    used = {
        file: [n for n in ast.walk(ast.parse(source)) if getattr(n, "attr", "") == JAX_DECORATOR]
        for file, source in sources(room).items()
    }
    assert [file for file, nodes in used.items() if nodes] == []


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("theory", "import jax.numpy as jnp"),
        ("theory", "from jax import random"),
        ("theory", "def f():\n    from collapse_sim.rows import chain"),
        ("collapse_sim", "from theory import linear_bound"),
        ("collapse_sim", "if True:\n    import numpy, paper_figs"),
        ("paper_figs", "from collapse_sim.linear import chain"),
        ("paper_figs", "from collapse_sim import run_directory, simulate"),
        ("paper_figs", "import collapse_sim"),
    ],
)
def test_a_wrong_import_is_seen(room, source):
    assert len(wrong_imports(room, source)) == 1


@pytest.mark.parametrize(
    ("room", "source"),
    [
        ("theory", "from . import validate\nfrom scipy import stats\nimport theory.linear"),
        ("collapse_sim", "import jax\nfrom collapse_sim.rows import chain\nimport theory_free"),
        ("paper_figs", "from collapse_sim.run_directory import read\nimport theory.linear"),
        ("paper_figs", "from collapse_sim import run_directory"),
    ],
)
def test_a_right_import_passes(room, source):
    assert wrong_imports(room, source) == []


def test_a_setting_changed_on_import_is_seen():
    change = 'jax.config.update("jax_enable_x64", True)'
    assert settings_changed(f"import jax\n{change}") == ["jax.config.update"]
    assert settings_changed(f"class A:\n    if True:\n        {change}") == ["jax.config.update"]
    assert settings_changed(f"def main():\n    {change}") == []
