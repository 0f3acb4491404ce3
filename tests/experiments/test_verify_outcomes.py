"""Outcomes of claims from their verdicts, and the page that shows them."""

from dataclasses import replace

import numpy as np
import pytest

from collapse_sim.certify import Verdict
from experiments.verification.outcomes import Decision, decisions, expected
from experiments.verification.page import mathematics, page, plot
from experiments.verification.report import answers, counts
from theory import ledger

VERDICT = Verdict(
    claim="zhu2025.thm2a", source="a paper", parameters={"process": "edit halves"}, generation=3,
    relation="<=", predicted=2.0, observed=2.6, interval=[2.5, 2.7], confidence=0.999,
    verdict="violated",
)  # fmt: skip
CLAIM = ledger()["zhu2025.thm2a"]


def decision(*verdicts: str, claim=CLAIM) -> Decision:
    return Decision(claim, [replace(VERDICT, verdict=verdict) for verdict in verdicts])


@pytest.mark.parametrize(
    ("verdicts", "outcomes", "is_decided"),
    [
        ((), ("not reached",), False),
        (("violated", "violated"), ("violated",), True),
        (("holds", "violated", "holds"), ("holds", "violated"), True),
        (("holds", "undecided"), ("holds", "undecided"), False),
    ],
)
def test_outcomes_of_several_verdicts(verdicts, outcomes, is_decided):
    found = decision(*verdicts)
    assert found.outcomes == outcomes and found.is_decided == is_decided


def test_what_is_unexpected():
    assert expected(CLAIM) == ("violated",)
    assert [v.verdict for v in decision("violated", "holds", "undecided").unexpected] == ["holds"]
    open_ = ledger()["zhu2025.coverage"]
    assert decision("holds", "violated", claim=open_).unexpected == []


def test_the_widest_distance_is_told():
    verdicts = [replace(VERDICT, verdict="holds", within=w) for w in (0.002, 0.008, None)]
    assert Decision(CLAIM, verdicts).within == 0.008
    assert decision("violated").within is None


def test_certificates_and_citations():
    claims = [ledger()[name] for name in ("ref.golden_identity", "ref.conf_free")]
    exact, cited = decisions(claims, [], {"ref.golden_identity": True}, set())
    assert exact.outcomes == ("holds",) and exact.is_decided
    assert cited.outcomes == ("cited",) and not cited.is_decided
    assert counts([exact, cited]).startswith("1 claim that can be decided: 1 holds; 100% decided.")


def test_what_needs_a_run_of_another_experiment_is_counted_apart():
    claims = [ledger()[name] for name in ("zhu2025.thm2a", "zhu2025.fraction")]
    found = decisions(claims, [], {}, {"zhu2025.thm2a"})
    assert [decision.outcomes for decision in found] == [("not reached",), ("needs a run",)]
    assert counts(found) == (
        "1 claim that can be decided: 1 not reached; 0% decided. 1 more need hours of training: "
        "see --runs. 0 more are only cited."
    )
    given = replace(VERDICT, claim="zhu2025.fraction", verdict="holds")
    found = decisions(claims, [given], {}, {"zhu2025.thm2a"})
    assert counts(found).startswith("2 claims that can be decided: 1 holds, 1 not reached; 50%")


def test_questions_are_answered_by_verdicts_alone():
    first = answers([decision("violated")])[0]
    assert first.startswith("Is token editing safe? Not where the latest model") and "[zhu" in first
    assert answers([decision("undecided")])[0].endswith("Not decided in this run [zhu2025.thm2a].")


def test_a_statement_is_typeset():
    made = mathematics(r"a & b: $\frac{1}{2} \le x$ <c>")
    assert "a &amp; b: <math" in made and "<mfrac>" in made and made.endswith(" &lt;c&gt;")


def test_every_statement_of_the_ledger_is_typeset():
    for claim in ledger().values():
        for text in (claim.says, claim.stated, claim.needed, claim.expected):
            made = mathematics(text)
            assert made.count("<math") == text.count("$") / 2 and "$" not in made, claim.id


def test_a_plot_shows_both_numbers_at_their_places():
    drawn = plot(2.0, (2.5, 2.75))
    assert "measured 2.5 to 2.75, claimed 2" in drawn
    # From 1.925 to 2.825 on 200 pixels, from pixel 10 on.
    assert f'x1="{10 + 0.075 / 0.9 * 200:.1f}"' in drawn
    assert f'x="{10 + 0.575 / 0.9 * 200:.1f}"' in drawn
    assert plot(2.0, (-np.inf, np.inf)) == ""


def test_the_page_needs_no_network_and_escapes_what_it_shows():
    odd = replace(VERDICT, note="<script>alert(1)</script>")
    html = page([Decision(CLAIM, [odd])], "collapse-sim verify")
    assert "&lt;script&gt;alert" in html and "src=" not in html and "href=" not in html
    assert '<details id="zhu2025.thm2a" data-verdict="violated"' in html.replace("\n", " ")
    assert "edit halves" in html and "&lt;= 2" in html
