"""verify --check-readme: what the README quotes is what runs say."""

import contextlib
import io
import shutil
from pathlib import Path

import pytest

from collapse_sim.run_directory import CHAIN_COLUMNS, RunDirectory
from collapse_sim.verdict import Verdict
from experiments import linear_bound, verify
from experiments.claims import tally
from experiments.verification import readme
from experiments.verification.quoted_runs import QuotedRun, made_by
from experiments.verification.readme import Comparison, compare, documents
from theory import ledger

COMMAND = "collapse-sim bound --dim 3"

QUICK = (
    "collapse-sim bound --preset quick --replicates 8192 "
    "--regimes edit --masks one halves --writers latest"
)


def compared(text: str, *folders: Path) -> Comparison:
    found = Comparison()
    compare("README.md", text, [QuotedRun.read(folder) for folder in folders], found)
    return found


@pytest.fixture(scope="module")
def page() -> str:
    """The regression's results."""
    (path,) = (path for path in documents() if path.name == "token-editing.md")
    return path.read_text(encoding="utf-8")


def test_readme_and_every_page_are_read():
    names = {path.name for path in documents()}
    assert {"README.md", "theory.md", "benchmarks.md", "token-editing.md"} <= names
    quoting = [path for path in documents() if "<!-- from: " in path.read_text(encoding="utf-8")]
    assert len(quoting) >= 7


@pytest.mark.parametrize("path", documents(), ids=lambda path: path.name)
def test_every_table_of_numbers_names_its_command_and_every_claim_is_known(path):
    found = compared(path.read_text(encoding="utf-8"))
    assert found.different == []
    for _, command in found.unchecked:
        assert made_by(command) or command.startswith(("make bench", "python tests/benchmarks/"))


@pytest.fixture(scope="module")
def quick(tmp_path_factory) -> Path:
    """The README's regression on two schedules, looked at less closely."""
    folder = tmp_path_factory.mktemp("runs") / "quick"
    arguments = [*QUICK.split()[2:], "--out", str(folder)]
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        assert linear_bound.command(arguments, configure=lambda settings: None) == 0
    folder.with_suffix(".txt").write_text(printed.getvalue(), encoding="utf-8")
    return folder


def test_a_quick_run_does_not_contradict_the_readme(page, quick):
    found = compared(page, quick)
    assert found.different == []
    assert found.agreed[str(quick)] >= 5


def shown(output: str) -> str:
    return f"<!-- from: {QUICK} -->\n\n```console\n$ {QUICK}\n{output}...\n```\n"


def test_the_answer_that_a_terminal_shows_is_held_against_the_very_run(quick):
    answer = quick.with_suffix(".txt").read_text(encoding="utf-8").split("\n\n")[0] + "\n"
    assert "halves 2." in answer
    found = compared(shown(answer), quick)
    assert found.different == [] and found.agreed == {str(quick): 1}
    (found,) = compared(shown(answer.replace("halves 2.", "halves 3.")), quick).different
    assert found.startswith("README.md:4: says Token edits written by the latest model")
    assert compared(shown(answer)).unchecked == {("README.md:4", QUICK): 1}
    with pytest.raises(ValueError, match="line 4: shows collapse-sim curse .*, accepted is"):
        compared(shown(answer).replace("$ collapse-sim bound", "$ collapse-sim curse"), quick)


@pytest.mark.parametrize(
    ("says", "instead", "differs"),
    [
        ("| 2.618 |", "| 2.619 |", "says the formula gives 2.619; RUN: 2.618"),
        ("| 2.61 – 2.63 |", "| 2.41 – 2.43 |", "says measured 2.41 – 2.43; RUN: 2.6"),
        ("| 2.52 – 2.71 | **violated** |", "| 2.52 – 2.71 | holds |", "says holds; RUN: violated"),
    ],
)
def test_a_quick_run_contradicts_what_is_far_off(page, quick, says, instead, differs):
    assert page.count(says) == 1
    (found,) = compared(page.replace(says, instead), quick).different
    line = page[: page.index(says)].count("\n") + 1
    assert found.startswith(f"README.md:{line}: {differs.replace('RUN', str(quick))}")


DOCUMENT = f"""
<!-- from: {COMMAND} -->

| claim | says | process | measured, in b | verdict |
|---|---|---|---|---|
| as printed (`zhu2025.thm2a`) | ≤ 2 | two halves (`edit halves`) | 2.53 – 2.66 | **violated** |
| | ≤ 2 | `edit one`, `edit two` | 1.68 – 1.80 | holds |
| corrected (`ref.edit_two_T`) | 2.618 | `edit halves` | 2.61 – 2.63 | holds within 0.37 % |

<!-- from: the command of each row -->

| run | verdicts | holds | violated | undecided | controls |
|---|---|---|---|---|---|
| `{COMMAND}` | 4 | 3 | 1 | | 1 of 1 |

<!-- from: {COMMAND} | test_error@1 | edited: exp test_error | 100 share | - -->

| fits | first | last, exponential | share, % | published |
|---|---|---|---|---|
| full resampling (`replace`) | 0.11 | 3.32 (1.00 – 20.09) | −12.3 to +4.0 | 7 |
| published | 8 | 9 | | |

{tally(ledger().values())}
"""


def verdict(claim: str, process: str, interval: list[float], word: str, **more) -> dict:
    values = {"source": "", "generation": 3, "relation": "<=", "observed": None, "confidence": 0.9}
    values |= {"parameters": {"process": process}, "predicted": 1.0, "unit": 0.5} | more
    found = Verdict(claim=claim, interval=interval, verdict=word, **values)  # type: ignore[arg-type]
    return vars(found)


@pytest.fixture(scope="module")
def stored(tmp_path_factory) -> Path:
    """The very run that the document quotes, in units of a half."""
    made = made_by(COMMAND)
    assert made is not None
    config = {"experiment": made[0], "parameters": made[1]}
    run = RunDirectory.open(tmp_path_factory.mktemp("runs") / "run", config, resume=False)
    corrected = {"relation": "==", "predicted": 1.309, "within": 0.00361, "control": True}
    run.write_verdicts(
        [
            verdict("zhu2025.thm2a", "edit halves", [1.2649, 1.3301], "violated"),
            verdict("zhu2025.thm2a", "edit one", [0.8401, 0.88], "holds"),
            verdict("zhu2025.thm2a", "edit two", [0.85, 0.8999], "holds"),
            verdict("ref.edit_two_T", "edit halves", [1.305, 1.314], "holds", **corrected),
        ]
    )
    rows = [
        ("", "replace", "test_error", 1, 0.1149, 0.0, 9.0),
        ("edited", "replace", "test_error", 1, 1.1, 0.0, 1.0),
        ("edited", "replace", "test_error", 2, 1.2, 0.0, 3.0),
        ("", "replace", "share", 1, 0.0, -0.123, 0.04),
    ]
    names = ("family", "regime", "measure", "generation", "mean", "low", "high")
    known = [dict(zip(names, row, strict=True)) for row in rows]
    run.write_chains([tuple(row.get(name, "") for name in CHAIN_COLUMNS) for row in known])
    run.clear_checkpoints()
    return run.path


def test_a_run_of_the_very_parameters_agrees_to_the_last_digit(stored):
    found = compared(DOCUMENT, stored)
    assert found.different == [] and not found.unchecked
    assert found.agreed == {str(stored): 5, "the ledger": 1}


@pytest.mark.parametrize(
    ("says", "instead", "so"),
    [
        ("2.53 – 2.66", "2.52 – 2.66", "2.53 – 2.66"),
        ("2.53 – 2.66", "2.53 – 2.67", "2.53 – 2.66"),
        ("**violated**", "**holds**", "violated"),
        ("1.68 – 1.80", "1.68 – 1.76", "1.68 – 1.80"),
        ("| holds |\n", "| undecided |\n", "holds"),
        ("| 2.618 |", "| 2.617 |", "2.618"),
        ("within 0.37 %", "within 0.36 %", "0.37"),
        ("`edit one`", "`edit ones`", "no such verdict"),
        ("| 4 | 3 |", "| 5 | 3 |", "4"),
        ("| 4 | 3 |", "| 4 | 4 |", "3"),
        ("1 of 1", "1 of 2", "1 of 1"),
        ("| 0.11 |", "| 0.12 |", "0.11"),
        ("3.32 (1.00", "3.33 (1.00", "3.32 – 1.00 – 20.09"),
        ("−12.3", "+12.3", "-12.3 – 4.0"),
        ("test_error@1", "test_error@3", "no such chain"),
        ("(`replace`)", "(`replaced`)", "no such chain"),
    ],
)
def test_what_is_off_by_its_last_digit_is_found(stored, says, instead, so):
    """Each is said once, with its line; but a name that is off has no chain at all."""
    assert DOCUMENT.count(says) == 1
    found = compared(DOCUMENT.replace(says, instead), stored).different
    assert len(found) == (3 if "replaced" in instead else 1)
    line = DOCUMENT[: DOCUMENT.index(says)].count("\n") + 1
    line += 4 if "@" in says else 0  # the row below the comment
    assert found[0].startswith(f"README.md:{line}: says ")
    assert found[0].endswith(f"; {stored}: {so}")


def test_a_wrong_count_of_the_ledger_is_found():
    right = tally(ledger().values())
    first = right.split()[0]
    wrong = right.replace(first, str(int(first) + 1), 1)
    assert compared(f"There are {wrong}\n").different == [
        f"README.md:1: says {wrong}; the ledger: {right}"
    ]


def test_claims_that_are_gone_and_tables_without_a_command_are_found():
    table = "| claim | measured |\n|---|---|\n| `zhu2025.thm9` | 1.2 |\n"
    assert compared(table).different == ["README.md:1: numbers without `<!-- from: COMMAND -->`"]
    (found,) = compared(f"<!-- from: {COMMAND} -->\n{table}").different
    assert found == "README.md:4: zhu2025.thm9 is no claim of the ledger"
    (found,) = compared(f"<!-- from: {COMMAND} -->\n{table.replace('thm9', 'thm1')}").different
    assert found == "README.md:4: names no process"


def test_a_run_of_other_parameters_is_none(stored, tmp_path):
    other = shutil.copytree(stored, tmp_path / "other")
    config = RunDirectory(other).config()
    RunDirectory(other).write_json(
        "config.json", config | {"parameters": config["parameters"] | {"dim": 4}}
    )
    found = compared(DOCUMENT, other)
    assert found.different == [] and set(found.agreed) == {"the ledger"}
    assert sum(found.unchecked.values()) == 5
    assert {command for _, command in found.unchecked} == {COMMAND}


def command(*arguments: str) -> int:
    return verify.command(list(arguments), configure=lambda settings: None)


def test_the_command_says_what_agrees_what_differs_and_what_is_not_checked(
    stored, tmp_path, monkeypatch, capfd
):
    (tmp_path / "docs").mkdir()
    (tmp_path / "README.md").write_text(DOCUMENT, encoding="utf-8")
    monkeypatch.setattr(readme, "ROOT", tmp_path)
    assert command("--check-readme", "--runs", str(stored)) == 0
    assert capfd.readouterr().out.splitlines() == [
        "agree with the ledger: 1",
        f"agree with {stored}: 5",
        "6 agree, 0 not checked, 0 differences",
    ]
    (tmp_path / "docs" / "more.md").write_text(DOCUMENT.replace("2.618", "2.6"), encoding="utf-8")
    (tmp_path / "README.md").write_text(DOCUMENT.replace("2.618", "2.6178"), encoding="utf-8")
    assert command("--check-readme", "--runs", str(stored)) == 1
    assert capfd.readouterr().out.splitlines()[0] == (
        f"README.md:8: says the formula gives 2.6178; {stored}: 2.6180"
    )
    monkeypatch.chdir(tmp_path)
    assert command("--check-readme") == 0
    shown = capfd.readouterr().out.splitlines()
    assert f"not checked at README.md:4, for want of a run of {COMMAND}: 3" in shown


def test_bad_input_is_one_line(tmp_path, stored, monkeypatch, capfd):
    old = shutil.copytree(stored, tmp_path / "old")
    RunDirectory(old).write_verdicts([{"claim": "zhu2025.thm2a", "score": 1}])
    for arguments, says in [
        (("--runs", str(tmp_path)), f"--runs {tmp_path}: accepted are directories of finished"),
        (("--runs", str(old)), f"{old}: verdicts.json is of another version"),
        (("ref.w2",), "--check-readme: accepted with --runs alone"),
    ]:
        assert command("--check-readme", *arguments) == 2
        assert capfd.readouterr().err.startswith(f"verify.py: error: {says}")
    monkeypatch.setattr(readme, "ROOT", tmp_path)
    assert command("--check-readme") == 2
    shown = capfd.readouterr().err
    assert "--check-readme: accepted in a checkout of the project" in shown
    assert shown.count("\n") == 1
