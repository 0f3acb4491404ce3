"""The mutation script: what it may change, that a seed fixes it, and what the tests' answer is."""

import json
import subprocess
from pathlib import Path

import pytest

from tests.mutation import (
    Mutation,
    copy,
    covering,
    draw,
    fails_without,
    imports,
    judge,
    main,
    mutations,
)

ROOT = Path(__file__).parents[1]

SNIPPET = '''"""Twice 2 is 4."""

def area(radius: Float[Array, "3"], limit: int = 300) -> Annotated[float, 5]:
    """Below 7.

    >>> area(1)
    3
    """
    if 0 <= radius < limit:
        raise ValueError(f"{radius + 1} of 9")
    é = radius - 1.5; return é * 0.0
'''

CHANGES = {
    "300 -> 306",
    "0 -> 1",
    "0 <= radius < limit -> 0 < radius < limit",
    "0 <= radius < limit -> 0 <= radius <= limit",
    "radius - 1.5 -> radius + 1.5",
    "1.5 -> 1.53",
    "é * 0.0 -> é / 0.0",
    "0.0 -> 1.0",
}


def test_numbers_operators_and_comparisons_change_but_no_text_and_no_annotation():
    found = list(mutations("area.py", SNIPPET))
    assert {f"{one.old} -> {one.new}" for one in found} == CHANGES and len(found) == len(CHANGES)


def test_one_change_leaves_the_rest_as_it_is():
    (change,) = (one for one in mutations("area.py", SNIPPET) if one.old == "é * 0.0")
    assert change.line == 11
    assert change.apply(SNIPPET) == SNIPPET.replace("é * 0.0", "é / 0.0")


def test_an_expression_of_several_lines_is_changed_as_a_whole():
    source = "f = (\n    a  # one\n    + b\n) * c\n"
    texts = {one.apply(source) for one in mutations("f.py", source)}
    assert texts == {"f = (\n    a - b\n) * c\n", "f = (a + b) / c\n"}


MEAN = """def mean(a, b):
    return (a + b) / 2


def unseen():
    return 1
"""


@pytest.fixture(scope="module")
def project(tmp_path_factory) -> Path:
    """A checkout in small: one formula, of which the test sees one part."""
    root = tmp_path_factory.mktemp("project")
    files = {
        "theory/__init__.py": "",
        "theory/mean.py": MEAN,
        "theory/inside.py": "ONE = 1\n",
        "theory/door.py": "from theory.inside import ONE\n",
        "theory/language/printed.py": "TABLE = (1.5, 2.5)\n",
        "collapse_sim/__init__.py": "",
        "tests/helper.py": "from theory.mean import mean\n",
        "tests/test_door.py": "from theory.door import ONE\n",
        "tests/test_far.py": "from tests import helper\n\ndef test_far():\n    helper.mean(1, 3)\n",
        "tests/test_mean.py": (
            "from theory.mean import mean\n\ndef test_mean():\n    assert mean(1, 3) == 2\n"
        ),
    }
    for name, text in files.items():
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(text)
    return root


def test_a_seed_fixes_what_is_drawn_and_printed_data_are_not(project):
    every = draw(project, 99, seed=1)
    assert sorted(f"{one.line} {one.new}" for one in every) == [
        "1 2",
        "2 (a + b) * 2",
        "2 3",
        "2 a - b",
        "6 2",
    ]
    drawn = draw(project, 3, seed=1)
    assert drawn == draw(project, 3, seed=1) == every[:3]
    assert any(draw(project, 3, seed=seed) != drawn for seed in range(2, 6))


def test_a_module_is_covered_by_its_mirror_and_by_those_that_import_it(project):
    assert covering(project, "theory/mean.py")[:3] == [
        "theory/mean.py",
        "tests/test_mean.py",
        "tests/test_far.py",
    ]
    assert covering(project, "collapse_sim/__init__.py") == ["collapse_sim/__init__.py"]
    assert covering(project, "theory/inside.py")[1] == "tests/test_door.py"
    found = covering(ROOT, "theory/linear/ridge.py")
    assert found[1] == "tests/theory/linear/test_ridge.py"
    assert {"tests/theory/test_ledgers.py", "tests/collapse_sim/linear/test_agreement.py"} < set(
        found
    )


def test_imports_are_found_by_their_full_names():
    source = "import theory.mean\ndef f():\n    from theory import ridge, mixing as m"
    assert imports(source) == {"theory.mean", "theory", "theory.ridge", "theory.mixing"}


@pytest.fixture
def light(monkeypatch):
    """The project needs no plugin, and these take longer than its tests."""
    monkeypatch.setenv("PYTEST_DISABLE_PLUGIN_AUTOLOAD", "1")


@pytest.mark.parametrize(
    ("change", "outcome"),
    [
        (Mutation("theory/mean.py", 2, 12, "a + b", "a - b"), "caught"),
        (Mutation("theory/mean.py", 2, 12, "a + b", "b + a"), "survived"),
        (Mutation("theory/mean.py", 6, 11, "1", "2"), "not covered"),
    ],
)
def test_a_change_is_caught_or_survives_or_is_not_seen_and_is_undone(
    project, light, change, outcome
):
    before = (project / change.file).read_text()
    found = judge(project, change, ["tests/test_mean.py"], seconds=300)
    assert found["outcome"] == outcome
    assert found["by"] == ["tests/test_mean.py::test_mean"] * (outcome == "caught")
    assert (project / change.file).read_text() == before


BROKEN = """import pytest

@pytest.mark.parametrize("number", [1, 2], ids=["a b", "c - d"])
def test_broken(number):
    assert number == 1, "2 - 1"
"""


def test_a_test_that_fails_in_any_case_catches_nothing(project, light):
    (project / "tests" / "test_broken.py").write_text(BROKEN)
    names = [f"tests/test_broken.py::test_broken[{name}]" for name in ("a b", "c - d")]
    rows = [{"by": [name]} for name in (*names, "tests/test_mean.py::test_mean")]
    assert fails_without(project, [*rows, {"by": []}], seconds=300) == {names[1]}
    assert fails_without(project, [{"by": []}], seconds=300) == set()


def test_a_copy_holds_what_git_does_not_ignore_and_a_finished_run_is_only_read(
    project, light, tmp_path, capsys
):
    subprocess.run(["git", "init", "--quiet"], cwd=project, check=True)
    (project / ".gitignore").write_text("*.log\n")
    (project / "own.log").write_text("")
    copy(project, tmp_path / "copy")
    assert (tmp_path / "copy" / "tests" / "helper.py").is_file()
    assert not (tmp_path / "copy" / "own.log").exists()
    drawn, out = draw(project, 3, seed=5), tmp_path / "out.jsonl"
    rows = [
        one._asdict() | {"outcome": "caught", "by": ["tests/test_mean.py"], "seconds": 1.0}
        for one in drawn
    ]
    out.write_text("".join(json.dumps(row) + "\n" for row in rows))
    main(["--count", "3", "--seed", "5", "--out", str(out)], root=project)
    assert capsys.readouterr().out.splitlines()[-1] == "3 caught"
    assert len(out.read_text().splitlines()) == 3
