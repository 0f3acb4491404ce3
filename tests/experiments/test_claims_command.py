"""collapse-sim claims: every claim in a line, one in full, and a wrong name answered in a line."""

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from rich.cells import cell_len

from experiments import claims
from experiments.latex import plain
from experiments.linear.settings import Regime
from experiments.recursion.settings import Family
from theory import ledger

EXPERIMENTS = Path(claims.__file__).parent
ID = re.compile(r"(?:ref|lm|[a-z]+20\d\d[a-z]?)\.[A-Za-z0-9_]*[A-Za-z0-9]")


def named_in_experiments(*without: str) -> set[str]:
    """Ids that stand in full in some source, as a whole string; plans quote claims, no more."""
    strings = (
        node.value
        for path in EXPERIMENTS.rglob("*.py")
        if path.name not in ("claims.py", *without) and path.parent.name != "planning"
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    )
    return {string for string in strings if ID.fullmatch(string)}


def said(capsys, monkeypatch, width: int, *arguments: str) -> list[str]:
    monkeypatch.setenv("COLUMNS", str(width))
    assert claims.command(arguments) == 0
    out = capsys.readouterr()
    assert out.err == ""
    return out.out.splitlines()


def test_every_id_that_an_experiment_names_is_a_claim():
    assert named_in_experiments() - set(ledger()) == set()
    assert len(named_in_experiments()) > 90


def test_every_claim_is_named_by_a_check_or_certified_or_cited():
    """Exactly one of the three, as its record says."""
    named = named_in_experiments("answers.py") | set(claims.FORMATTED)
    for record in ledger().values():
        ways = (record.id in named, record.certificate is not None, bool(record.reason))
        assert ways == tuple(record.decided == way for way in ("check", "exact", "cited")), (
            record.id
        )


@pytest.mark.parametrize("width", [60, 80, 200])
def test_every_claim_has_its_line_and_no_line_is_too_long(capsys, monkeypatch, width):
    lines = said(capsys, monkeypatch, width)
    assert max(map(cell_len, lines)) <= width
    starts = [line.split()[0] for line in lines if ID.match(line)]
    assert starts == list(ledger())
    assert sum(line.startswith("zhu2025: Zhu et al. 2025") for line in lines) == 1
    counted = " ".join(" ".join(lines[-3:]).split())
    exact = sum(record.decided == "exact" for record in ledger().values())
    assert f"{len(ledger())} claims" in counted and f"{exact} by exact arithmetic" in counted


def test_a_narrow_terminal_has_the_statement_in_full(capsys, monkeypatch):
    text = " ".join(" ".join(said(capsys, monkeypatch, 60, "zhu2025.thm2a_frozen", "dey")).split())
    assert "Augmenting: variance ratio Σ_(g ≤ G) 1/g^2, efficiency ≥ 6/π^2." in text


def test_claims_are_filtered_by_how_their_ids_begin(capsys, monkeypatch):
    lines = said(capsys, monkeypatch, 80, "zhu2025")
    starts = [line.split()[0] for line in lines if ID.match(line)]
    assert starts == [name for name in ledger() if name.startswith("zhu2025.")]
    assert "collapse-sim claims ID explains one" in " ".join(lines[-2:])


@pytest.mark.parametrize("width", [60, 80, 200])
def test_every_claim_is_explained_in_full(capsys, monkeypatch, width):
    for name, record in ledger().items():
        lines = said(capsys, monkeypatch, width, name)
        assert max(map(cell_len, lines)) <= width
        text = "".join("".join(lines).split())
        for part in (name, record.source, record.says, record.needed, record.expected):
            assert "".join(plain(part).split()) in text
        assert record.formula.__name__ in text
        assert all(argument in text for argument in record.arguments)


def test_an_explanation_names_the_command_that_decides(capsys, monkeypatch):
    for name, words in {
        "zhu2025.thm2a": "collapse-sim bound",
        "he2025.weight": "collapse-sim bound --regimes mix_fresh",
        "ref.gauss_median": "collapse-sim curse --family gaussian",
        "zhu2025.edit_finetune": "collapse-sim editing",
        "lm.edit_neither": "collapse-sim editing --prior smollm2",
        "ref.edit_A": "theory.certificates.one_edit_by_the_process_itself()",
        "ref.conf_free": "by nothing here: known from one simulation only",
    }.items():
        assert words in "\n".join(said(capsys, monkeypatch, 200, name))


def test_every_check_has_its_command():
    """With flags that its program takes."""
    for record in ledger().values():
        if record.decided != "check":
            continue
        commands = claims.deciding(record.id)
        assert commands, record.id
        for words in map(str.split, commands):
            assert words[0] == "collapse-sim" and words[1] in claims.COMMANDS.values()
            flag = {"--family": get_args(Family), "--regimes": get_args(Regime)}
            flag |= {"--prior": ("smollm2",)}
            assert words[2:] == [] or words[3] in flag[words[2]]


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("ref.replace_law", "0.025"),
        ("ref.edit_D", "2% of the formula; true to leading order in d/T; a formula off by 5%"),
        ("zhu2025.thm2a", "none: a bound"),
        ("zhu2025.thm2a_frozen", "1% of the formula; the bound is reached"),
        ("zhu2025.eq16", "none: it is met or not"),
        ("lm.replace_grows", "none: a median over seeds"),
    ],
)
def test_tolerances_in_words(name, words):
    assert words in claims.tolerance(ledger()[name])


def test_an_unknown_claim_is_one_line_with_the_nearest(capsys):
    assert claims.command(["zhu2025.thm2a", "zhu2025.thm2aa"]) == 2
    out = capsys.readouterr()
    assert out.out == ""
    assert out.err.splitlines() == [
        "claims: error: unknown claim zhu2025.thm2aa: the nearest are zhu2025.thm2a, "
        "zhu2025.thm2b, zhu2025.thm1"
    ]
    assert claims.command(["qqqq"]) == 2
    assert "collapse-sim claims lists them" in capsys.readouterr().err


def test_the_nearest_of_an_id_in_other_letters_is_that_id(capsys):
    assert claims.command(["ref.edit_b"]) == 2
    assert "the nearest are ref.edit_B, " in capsys.readouterr().err
    assert claims.command(["ZHU2025.THM2A"]) == 2
    assert "the nearest are zhu2025.thm2a" in capsys.readouterr().err


def test_help_says_how_to_ask(capsys):
    assert claims.command(["--help"]) == 0
    assert "collapse-sim claims zhu2025.thm2a" in capsys.readouterr().out


def test_nothing_heavy_is_imported_to_list_claims():
    code = (
        "import sys; from experiments import claims; status = claims.command([]);"
        "heavy = {'jax', 'pyarrow', 'scipy.stats', 'matplotlib'} & set(sys.modules);"
        "assert not heavy, heavy; raise SystemExit(status)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert run.returncode == 0, run.stderr


@pytest.mark.parametrize(
    ("formula", "text"),
    [
        (r"$\frac{\sigma^2 d}{T - d - 1}$", "(σ^2 d)/(T - d - 1)"),
        (r"$\frac1{Mk^2}$ and $\frac\lambda2$", "1/(Mk^2) and λ/2"),
        (r"$E_{test}(\hat w_{n+1}) \le 2b$", "E_test(ŵ_(n+1)) ≤ 2b"),
        (r"$\lVert M_i \rVert^{2n}$", "‖M_i‖^(2n)"),
        (r"$X^\top X^\dagger A^{-2}$", "Xᵀ X⁺ A^-2"),
        (r"$\sqrt M \ln\frac12, \max_n x$", "√M ln 1/2, max_n x"),
        (r"$\{|\tilde P|\}$ costs 3 dollars", "{|P̃|} costs 3 dollars"),
        ("no formula: sum_{i<=n}", "no formula: sum_{i<=n}"),
    ],
)
def test_formulas_in_plain_signs(formula, text):
    assert plain(formula) == text


def test_no_claim_keeps_a_command_of_latex():
    for record in ledger().values():
        for text in (record.says, record.stated, record.needed, record.expected):
            assert not re.search(r"\\|\$", plain(text)), record.id
