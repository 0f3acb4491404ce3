"""A claim of one's own: a decorated formula is in the ledger, with its faults named at once."""

import subprocess
import sys

import pytest

from theory import Claim, claim, ledger
from theory import claims as module


@pytest.fixture(autouse=True)
def own_ledger(monkeypatch):
    """Claims of a test leave the ledger with it."""
    ledger()
    monkeypatch.setattr(module, "_LEDGER", dict(module._LEDGER))
    monkeypatch.setattr(module, "_CERTIFICATES", dict(module._CERTIFICATES))


def double(*, samples: int, scale: float = 1.0) -> float:
    return 2 * scale * samples


def test_a_claim_needs_four_things_and_returns_the_formula_unchanged():
    assert claim("mine", "me", relation="<=", says="at most twice")(double) is double
    mine = ledger()["mine"]
    assert (mine.stated, mine.needed, mine.expected, mine.given) == ("-", "-", "-", {})
    assert (mine.decided, mine.tolerance, mine.control) == ("check", 0.01, 0.02)
    assert mine.provenance == "derived"
    assert mine.predict({"samples": 3, "generation": 7}) == 6.0


def test_a_formula_carries_several_claims_and_each_fixes_its_own_arguments():
    once = claim("once", "me", relation="==")
    thrice = claim("thrice", "me", relation="==", given={"scale": 3.0}, order="leading")
    once(thrice(double))
    assert ledger()["once"].predict({"samples": 1, "scale": 5.0}) == 10.0
    assert ledger()["thrice"].predict({"samples": 1, "scale": 5.0}) == 6.0
    assert (ledger()["thrice"].tolerance, ledger()["thrice"].control) == (0.02, 0.05)


def test_what_is_given_is_not_missing():
    claim("ten", "me", relation="==", given={"samples": 10})(double)
    assert ledger()["ten"].predict({}) == 20.0
    claim("none", "me", relation="==")(double)
    with pytest.raises(KeyError, match=r"claim none needs parameters \['samples'\]"):
        ledger()["none"].predict({"scale": 1.0})


def test_an_id_stands_once_but_a_cell_may_be_run_again():
    register = claim("mine", "me", relation="==")
    register(double)
    with pytest.raises(ValueError, match="claim mine stands twice"):
        register(double)
    with pytest.raises(ValueError, match="claim mine stands twice"):
        register(lambda: 0.0)
    with pytest.raises(ValueError, match=r"eq7 stands twice: on theory\.linear\.resampling\."):
        claim("zhu2025.eq7", "me", relation="==")(double)

    def cell(value: float):
        @claim("cell", "me", relation="==")
        def same_name() -> float:
            return value

    cell(1.0)
    cell(2.0)
    assert ledger()["cell"].predict({}) == 2.0


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ({"decided": "cited"}, "reason='' of mine"),
        ({"reason": "no time"}, "reason='no time' of mine"),
        ({"given": {"sample": 3}}, r"given=.* of mine: accepted are .*\['samples', 'scale'\]"),
    ],
)
def test_a_wrong_record_is_refused_where_it_stands(record, message):
    with pytest.raises(ValueError, match=message):
        claim("mine", "me", **{"relation": "==", **record})(double)
    assert "mine" not in ledger()


@pytest.mark.parametrize(
    ("record", "message"),
    [
        ("relation='='", "relation='=' of mine: accepted are ('==',"),
        ("relation='==', decided='soon'", "decided='soon' of mine: accepted are ('check',"),
        ("relation='==', provenance='heard'", "provenance='heard' of mine: accepted are ('read',"),
    ],
)
def test_a_wrong_word_is_refused_without_a_type_checker_too(record, message):
    code = f"from theory import claim; claim('mine', 'me', {record})(lambda: 0.0)"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert message in run.stderr.splitlines()[-1]


def test_a_certificate_is_found_by_its_claim():
    claim("mine", "me", relation="==", decided="exact")(double)
    assert ledger()["mine"].certificate is None
    module.certificate("mine")(lambda: True)
    found = ledger()["mine"].certificate
    assert found is not None and found() is True


def test_the_ledger_is_a_copy_in_the_order_of_the_ids():
    first = ledger()
    assert list(first) == sorted(first)
    first.clear()
    assert len(ledger()) > 100


def test_importing_theory_imports_no_formula():
    code = (
        "import sys, theory;"
        "heavy = {'numpy', 'scipy', 'theory.linear.resampling'} & set(sys.modules);"
        "assert not heavy, heavy; assert 'zhu2025.eq7' in theory.ledger()"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_records_are_told_apart_by_identity():
    assert Claim("a", "me", "==", double) != Claim("a", "me", "==", double)
