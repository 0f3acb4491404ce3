"""The one table of verdicts: nothing but what it was decided on is ever cut."""

import io
import math
from dataclasses import replace

import pytest
from rich.console import Console

from collapse_sim.certify import FAMILY_ERROR
from collapse_sim.verdict import Verdict
from experiments.linear.answers import answers
from experiments.verdicts import chance_of_error, how_sure, number, verdict_table

VERDICT = Verdict(
    claim="zhu2025.thm2a", source="-", parameters={"process": "a process of a very long name"},
    generation=3, relation="<=", predicted=2.0, observed=2.6, interval=[2.5, 2.75],
    confidence=0.999, verdict="violated", note="",
)  # fmt: skip


def lines(*verdicts: Verdict, width: int = 80) -> list[str]:
    shown = io.StringIO()
    table = verdict_table(verdicts, lambda v: v.parameters["process"])
    Console(width=width, file=shown).print(table)
    return shown.getvalue().splitlines()


@pytest.mark.parametrize("width", [60, 80, 200])
@pytest.mark.parametrize("verdict", ["holds", "assumption not met"])
@pytest.mark.parametrize("claim", ["a.b", "kazdan2025.gauss_replace"])
def test_a_verdict_is_two_whole_lines_at_any_width(claim, verdict, width):
    wide = replace(VERDICT, claim=claim, verdict=verdict, interval=[-1e-12, 1e9], tolerance=0.01)
    shown = lines(VERDICT, wide, width=width)
    assert max(map(len, shown)) <= width
    place = max(i for i, line in enumerate(shown) if line.startswith(f"{claim} "))
    first, second = shown[place : place + 2]
    assert "<= 2 " in first and "-1.0e-12 -" in first
    assert "± 1 %" in second and "1.0e+09" in second
    assert verdict.split()[0] in first and verdict.split()[-1] in first + second


def test_what_a_verdict_holds_within_is_shown_and_rounded_up():
    held = replace(VERDICT, verdict="holds", tolerance=0.01, within=0.00421)
    first, second = lines(held)[-2:]
    assert first.rstrip().endswith("holds within") and second.rstrip().endswith("0.43 %")


def test_numbers_are_in_the_unit_of_the_verdict():
    first, second = lines(replace(VERDICT, unit=0.25))[-2:]
    assert "<= 8 " in first and "10 -" in first and "11" in second
    assert lines(replace(VERDICT, predicted=None, interval=None))[-2].count("- ") == 2


@pytest.mark.parametrize(
    ("value", "shown"),
    [(0.0, "0"), (1.23456, "1.235"), (99999.0, "1e+05"), (2e-4, "2.0e-04"), (None, "-"),
     (float("nan"), "-"), (float("inf"), "inf")],
)  # fmt: skip
def test_numbers_have_four_digits(value, shown):
    assert number(value) == shown


def test_how_sure_counts_and_names_what_it_rests_on():
    undecided = replace(VERDICT, verdict="undecided", needed=5000, confidence=1.0)
    assert how_sure([]) == "No claim is about this run."
    said = how_sure([VERDICT, undecided], "if so")
    assert f"any of the 2 verdicts is wrong is at most {FAMILY_ERROR:g}, if so." in said
    assert "Undecided: zhu2025.thm2a on a process of a very long name; about 5,000" in said
    assert "Undecided" not in how_sure([VERDICT])
    assert how_sure([VERDICT]).startswith("The chance that the verdict is wrong is at most")
    for needed, words in ((6_428_845, "about 6,400,000 "), (None, "more replicates alone would")):
        assert f"; {words}" in how_sure([replace(undecided, needed=needed)])
    equal = replace(undecided, needed=None, note="mean; no interval: all are equal")
    assert how_sure([equal]).endswith("; no interval: all are equal.")
    caught = replace(VERDICT, control=True)
    assert "1 of 2 negative controls caught" in how_sure([caught, replace(VERDICT, control=False)])


def test_verdicts_of_several_runs_may_be_wrong_oftener_than_those_of_one():
    shared = [replace(VERDICT, confidence=1 - FAMILY_ERROR / 300)] * 300
    assert "is at most 0.001, " in how_sure(shared)
    assert "is at most 0.003, " in how_sure([VERDICT] * 3)
    over_seeds = replace(VERDICT, confidence=1 - 2**-5)
    assert "is at most 0.033, " in chance_of_error([VERDICT, over_seeds])
    assert "is at most 1, " in chance_of_error([replace(VERDICT, confidence=0.0)] * 2)


def test_an_answer_needs_an_interval():
    """One replicate has a mean, and a law has an interval at any number of them."""
    one = replace(VERDICT, parameters={"process": "replace"}, interval=[-math.inf, math.inf])
    law = replace(one, relation="~", interval=[0.0, 2.9])
    assert list(answers({"generations": 2}, {"replace": 2.5}, [one, law])) == []
    (said,) = answers(
        {"generations": 2}, {"replace": 2.5}, [law, replace(one, interval=[2.0, 3.0])]
    )
    assert said.startswith("Full resampling: after 2 generations the test error is 2.5 b")
