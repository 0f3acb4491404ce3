"""Outcomes of claims from their verdicts, and the page that shows them."""

import re
from dataclasses import replace

import numpy as np
import pytest

from collapse_sim.verdict import Verdict
from experiments.verification.answers import ANSWERS, answers
from experiments.verification.history import PastRun, this_run
from experiments.verification.outcomes import OUTCOMES, Decision, decisions, expected, tally
from experiments.verification.page import control, mathematics, page
from experiments.verification.plot import WIDTH, measured, plots
from experiments.verification.report import counts
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
    assert Decision(CLAIM, verdicts).words == "holds within 0.8 %"
    # A bound that is reached passes it by the rounding of 32 bits, which is not worth a word.
    assert Decision(CLAIM, [replace(VERDICT, verdict="holds", within=9e-8)]).words == "holds"


def test_each_claim_is_counted_once():
    found = [
        decision("holds"),
        decision("holds", "violated"),
        decision("holds", "undecided"),
        decision(),
        decision("violated", "violated"),
    ]
    assert [d.label for d in found] == ["holds", "by case", "undecided", "not reached", "violated"]
    assert sum(tally(found).values()) == len(found)
    assert list(tally(found)) == ["holds", "violated", "by case", "undecided", "not reached"]
    assert counts(found).endswith("60% decided. 0 more are only cited.")


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


def test_answers_rest_on_claims_and_outcomes_that_there_are():
    for name, sentences in (pair for pairs in ANSWERS.values() for pair in pairs):
        assert name in ledger() and set(sentences) <= set(OUTCOMES), name
        assert all(sentence.endswith(".") for sentence in sentences.values())
    assert [line.split("?")[0] for line in answers([])] == [q.rstrip("?") for q in ANSWERS]


def test_a_statement_is_typeset():
    made = mathematics(r"a & b: $\frac{1}{2} \le x$ <c>")
    assert "a &amp; b: <math" in made and "<mfrac>" in made and made.endswith(" &lt;c&gt;")


def test_every_statement_of_the_ledger_is_typeset():
    for claim in ledger().values():
        for text in (claim.says, claim.stated, claim.needed, claim.expected):
            made = mathematics(text)
            assert made.count("<math") == text.count("$") / 2 and "$" not in made, claim.id
        words = re.sub(r"\$[^$]+\$", "", claim.says)
        assert not re.search(r"\^|[<>=]=|->|_\{|_\d", words), claim.id


def test_a_plot_shows_the_interval_at_its_distance_from_the_claim():
    (drawn,) = plots([VERDICT])  # at most 2, measured 2.5 to 2.7: 25 % to 35 % above
    assert measured(VERDICT) == pytest.approx((0.25, 0.35))
    assert "claimed ≤ 2; measured 2.5 to 2.7, +25 % to +35 % from it" in drawn
    # The scale reaches 6 % of 0.35 beyond 0 and 0.35, on 224 pixels from pixel 8 on.
    least, length = -0.021, 0.35 + 2 * 0.021

    def place(value: float) -> str:
        return f"{8 + (value - least) / length * (WIDTH - 16):.1f}"

    assert f'class="claimed" x1="{place(0)}"' in drawn
    assert f'class="measured" x="{place(0.25)}"' in drawn
    assert 'class="allowed" x="8.0"' in drawn  # everything below a bound


def test_plots_of_one_claim_have_one_scale_and_the_last_names_it():
    near = replace(VERDICT, relation="==", predicted=-4.0, interval=[-4.02, -3.98], tolerance=0.01)
    none = replace(VERDICT, predicted=None, interval=None)
    far = replace(VERDICT, interval=[2.0, np.inf])
    first, empty, infinite, last = plots([VERDICT, none, far, near])
    assert empty == infinite == "" and first.count("<text") == 0 and last.count("<text") == 2
    assert measured(near) == pytest.approx((-0.005, 0.005))
    scale = 0.35 + 0.01, 0.06 * (0.35 + 0.01)
    start = 8 + scale[1] / (scale[0] + 2 * scale[1]) * (WIDTH - 16)
    assert f'class="allowed" x="{start:.1f}"' in last  # from 1 % below the claim on
    axis = 'class="claimed" x1="'
    assert first.partition(axis)[2][:6] == last.partition(axis)[2][:6]


def test_a_claim_of_zero_is_drawn_in_its_own_unit():
    zero = replace(VERDICT, relation=">=", predicted=0.0, interval=[0.2, 0.4], unit=2.0)
    assert measured(zero) == pytest.approx((0.1, 0.2))
    law = replace(VERDICT, relation="~", predicted=0.0, interval=[0.0, 0.017], tolerance=0.025)
    assert "distance between the laws 0 to 0.017, allowed is 0.025" in plots([law])[0]


def test_both_ends_of_a_narrow_interval_are_told():
    small = replace(VERDICT, relation="==", predicted=3.02e-5, interval=[-2.997e-5, 3.043e-5])
    html = made(Decision(CLAIM, [small]))
    assert "claimed = 3.02e−05" in html and "measured −2.997e−05 to 3.043e−05" in html
    assert "claimed ≤ ∞" in made(Decision(CLAIM, [replace(VERDICT, predicted=np.inf)]))


def test_controls_in_words():
    held = replace(VERDICT, verdict="holds", control=True)
    reached, exact = (ledger()[name] for name in ("zhu2025.thm2a_frozen", "ref.golden_identity"))
    assert "off by 2% was refused in 1 of 2 processes" in control(
        Decision(reached, [held, replace(held, control=False)])
    )
    assert control(decision("violated")).startswith("none: a bound that is not reached")
    assert control(Decision(exact)) == "none: arithmetic is exact"
    assert control(Decision(reached)) == "none yet: only what holds has one"


def made(*decided: Decision, past=()) -> str:
    now = this_run({"started": "now", "version": "9"}, "collapse-sim verify", decided)
    return page(decided, now, past)


def test_the_page_needs_no_network_and_escapes_what_it_shows():
    odd = replace(VERDICT, note="<script>alert(1)</script>")
    html = made(Decision(CLAIM, [odd]))
    assert "&lt;script&gt;alert" in html and "src=" not in html and "url(" not in html
    assert set(re.findall(r'href="(.)', html)) == {"#", "d"} and 'href="data:,"' in html
    assert '<details id="zhu2025.thm2a" data-verdict="violated"' in html.replace("\n", " ")
    assert "edit halves" in html and "claimed ≤ 2" in html


def test_the_page_says_how_sure_it_is_of_all_that_it_shows():
    """One run keeps to one in a thousand; verdicts that were read of others add theirs."""
    once = replace(VERDICT, confidence=0.9995)
    for verdicts, chance in (([once] * 2, "0.001"), ([once] * 2 + [VERDICT] * 3, "0.004")):
        html = " ".join(made(Decision(CLAIM, verdicts)).split())
        said = f"The chance that any of the {len(verdicts)} verdicts is wrong is at most {chance}, "
        assert said in html


def test_an_entry_has_everything_that_is_known_of_a_claim():
    html = " ".join(made(decision("violated", "violated")).split())
    for part in (
        "<dt>Source</dt><dd>Zhu et al. 2025 (arXiv 2412.14689), Theorem 2, first bound</dd>",
        "<dt>Provenance</dt><dd>read: in its source",
        "<dt>Assumed</dt><dd>T ≥ d + 2, Sigma = I</dd>",
        "<dt>Needed</dt><dd>one edit, mask independent of the noise</dd>",
        "<dt>Tolerance</dt><dd>none: a bound</dd>",
        "<dt>Negative control</dt><dd>none: a bound that is not reached",
        "<code>collapse-sim verify zhu2025.thm2a</code>",
        'data-family="token editing"',
    ):
        assert part in html
    assert html.count("<svg") == 2


def test_what_was_recalled_is_violated_as_recalled():
    html = made(decision("violated", claim=ledger()["dohmatob2025.cor2"]))
    assert ">violated, as recalled</b>" in html.replace("\n", "")


def test_claims_of_studies_are_repeated_by_the_study_and_cited_ones_by_nothing():
    study = Decision(ledger()["zhu2025.fraction"], is_simulated=False)
    html = made(study, Decision(ledger()["ref.conf_free"]))
    assert "<code>collapse-sim fraction</code>" in html
    assert html.count("<dt>Repeat</dt>") == 1


def test_the_page_shows_earlier_runs_and_what_changed():
    past = [
        PastRun("2026-02-01", "2", "", {"zhu2025.thm2a": ["holds", "violated"]}),
        PastRun("2026-01-01", "1", "", {"ref.w2": ["holds"]}),
    ]
    html = made(decision("violated"), Decision(ledger()["ref.w2"]), past=past)
    assert "<li>2026-02-01, version 2: holds or violated</li>" in html
    assert "<li>2026-01-01, version 1: holds</li>" in html
    said = " ".join(html.split()).partition("Since the run of 2026-02-01 these changed: ")[2]
    assert said.startswith('<a href="#zhu2025.thm2a">zhu2025.thm2a</a>. ')
    assert "no earlier run is known" in made(decision("violated"))
