"""The one table of verdicts: nothing but what it was decided on is ever cut."""

import io
from dataclasses import replace

import pytest
from rich.console import Console
from verdicts import how_sure, number, verdict_table

from collapse_sim.certify import FAMILY_ERROR, Verdict

VERDICT = Verdict(
    claim="zhu2025.thm2a", source="-", parameters={"process": "a process of a very long name"},
    generation=3, relation="<=", predicted=2.0, observed=2.6, interval=[2.5, 2.75],
    confidence=0.999, verdict="violated", note="",
)  # fmt: skip


def lines(*verdicts: Verdict, unit: float = 1.0) -> list[str]:
    shown = io.StringIO()
    table = verdict_table(verdicts, lambda v: v.parameters["process"], lambda _: unit)
    Console(width=80, file=shown).print(table)
    return shown.getvalue().splitlines()


@pytest.mark.parametrize("verdict", ["holds", "assumption not met"])
@pytest.mark.parametrize("claim", ["a.b", "kazdan2025.gauss_acc_limit"])
def test_a_line_is_at_most_80_columns_and_whole_but_for_what_it_is_about(claim, verdict):
    shown = lines(VERDICT, replace(VERDICT, claim=claim, verdict=verdict, interval=[-1e-12, 1e9]))
    assert max(map(len, shown)) <= 80
    assert claim in shown[-1] and verdict in shown[-1] and "-1.0e-12 - 1.0e+09" in shown[-1]
    assert "<= 2 " in shown[-1] and shown[-1].split(claim)[1].startswith(" ")


def test_numbers_are_in_the_unit_asked_for():
    assert "<= 8 " in lines(VERDICT, unit=0.25)[-1] and "10 - 11" in lines(VERDICT, unit=0.25)[-1]
    assert lines(replace(VERDICT, predicted=None, interval=None))[-1].count(" - ") == 2


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0, "0"), (1.23456, "1.235"), (99999.0, "1e+05"), (2e-4, "2.0e-04"), (None, "-"),
     (float("nan"), "-"), (float("inf"), "inf")],
)  # fmt: skip
def test_numbers_have_four_digits(value, shown):
    assert number(value) == shown


def test_how_sure_counts_and_names_what_it_rests_on():
    undecided = replace(VERDICT, verdict="undecided")
    assert how_sure([]) == "No claim is about this run."
    assert f"any of the 2 verdicts is wrong is at most {FAMILY_ERROR:g}, if so. 1 undecided" in (
        how_sure([VERDICT, undecided], "if so")
    )
    assert "undecided" not in how_sure([VERDICT])
