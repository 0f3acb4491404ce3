"""The page of the ledger: one HTML file that needs no network."""

import re
from collections.abc import Callable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from latex2mathml.converter import convert
from markupsafe import Markup, escape

from collapse_sim.verdict import Verdict
from experiments.claims import PROVENANCES, RELATIONS, author, decided, deciding, tolerance
from experiments.verdicts import chance_of_error, controls_caught, in_words
from experiments.verification.answers import answered
from experiments.verification.families import families
from experiments.verification.history import PastRun, changed
from experiments.verification.outcomes import EXACT, LABELS, Decision, tally
from experiments.verification.plot import SIGNS, number, plots

HERE = Path(__file__).parent

MATHEMATICS = re.compile(r"\$([^$]+)\$")

TYPED = {"<=": "≤", ">=": "≥", "->": "→", "+-": "±"}
"""Signs as they are typed in plain text, and as they are printed."""

MEANINGS = {
    "holds": "what was measured agrees with the claim in every process: within the tolerance for "
    "an equality, on the claimed side for a bound; or exact arithmetic proves it",
    "violated": "what was measured, with the whole of its interval, contradicts the claim",
    "vacuous": "a bound that says nothing here: it is infinite, or far above what is known anyway",
    "assumption not met": "the published process does not fulfil what the claim assumes of it",
    "by case": "decided, but not alike in all processes: open the claim",
    "undecided": "the interval is still too wide to tell",
    "not reached": "nothing of it was simulated in this run: the time was up",
    "needs a run": "hours of training decide it, by a command of its own, whose run can be given",
    "cited": "nothing here decides it, for the reason that it gives",
    "process": "one simulated chain: a regime at certain sizes",
    "measured": "the interval of the measured mean or median; all intervals are right together, "
    "but for the chance at the end of the page",
    "control": "the same check with the formula off by 2 % (5 % to leading order), which must fail",
}
"""Words of the page."""


def page(
    decided_claims: Sequence[Decision],
    now: PastRun,
    past: Sequence[PastRun] = (),
    *,
    again: Callable[[str], str] = "collapse-sim verify {}".format,
) -> str:
    """HTML of all claims, with the decisions of this run and of earlier ones.

    `again` gives the command that repeats one claim, by its id.
    """
    template = _environment().get_template("page.html.jinja")
    verdicts = [verdict for decision in decided_claims for verdict in decision.verdicts]
    named, kinds = _papers(decided_claims), families(d.claim for d in decided_claims)
    entries = [
        _entry(decision, named, kinds[decision.claim.id], past, again)
        for decision in decided_claims
    ]
    return template.render(
        now=now,
        past=past,
        changed=changed(now, past),
        answered=answered(decided_claims),
        share=share_decided(decided_claims),
        controls=controls_caught(verdicts),
        chance=chance_of_error(verdicts) if verdicts else "",
        tally=tally(decided_claims),
        meanings=MEANINGS,
        papers=sorted(set(named.values()), key=str.lower),
        families=sorted({kind for entry in entries for kind in entry["families"]}),
        entries=entries,
    )


def share_decided(decided_claims: Sequence[Decision]) -> str:
    """Sentence on the share of decided claims among all that can be decided."""
    every = [decision for decision in decided_claims if decision.is_decidable]
    count = sum(decision.is_decided for decision in every)
    return f"{count} of the {len(every)} claims that can be decided are decided."


def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["mathematics"] = mathematics
    return environment


def mathematics(text: str) -> Markup:
    """Text whose parts between dollar signs are LaTeX, as HTML with MathML."""
    parts = MATHEMATICS.split(text)
    made = [Markup(convert(part)) if i % 2 else _printed(part) for i, part in enumerate(parts)]
    return Markup("").join(made)


def _printed(text: str) -> Markup:
    for typed, sign in TYPED.items():
        text = text.replace(typed, sign)
    return escape(text)


def _papers(decided_claims: Sequence[Decision]) -> dict[str, str]:
    """Name of the source of each claim, by the part of its id before the point."""

    def source(decision: Decision) -> str:
        return decision.claim.id.partition(".")[0]

    grouped = groupby(sorted(decided_claims, key=source), source)
    return {name: author([member.claim for member in members]) for name, members in grouped}


def _entry(
    decision: Decision,
    papers: dict[str, str],
    kinds: Sequence[str],
    past: Sequence[PastRun],
    again: Callable[[str], str],
) -> dict[str, Any]:
    claim = decision.claim
    elsewhere = claim.decided == "check" and not decision.is_simulated
    repeat = deciding(claim.id) if elsewhere else [again(claim.id)]
    return {
        "claim": claim,
        "paper": papers[claim.id.partition(".")[0]],
        "families": kinds,
        "label": decision.label,
        "order": LABELS.index(decision.label),
        "words": _words(decision),
        "unexpected": bool(decision.unexpected),
        "relation": RELATIONS[claim.relation],
        "provenance": PROVENANCES[claim.provenance],
        "decided": decided(claim),
        "tolerance": tolerance(claim),
        "control": control(decision),
        "repeat": [] if claim.decided == "cited" else repeat,
        "verdicts": _verdicts(decision.verdicts),
        "history": [(run, run.outcomes[claim.id]) for run in past if claim.id in run.outcomes],
    }


def _words(decision: Decision) -> str:
    """Outcomes in words; a statement that was not read is violated only as it is recalled."""
    recalled = decision.claim.provenance == "recalled" and "violated" in decision.outcomes
    return f"{decision.words}, as recalled" if recalled else decision.words


def control(decision: Decision) -> str:
    """Outcome of the negative controls of a claim."""
    claim, caught = decision.claim, [v.control for v in decision.verdicts if v.control is not None]
    if caught:
        off = f"the same formula off by {claim.control:.0%} was refused"
        return f"{off} in {sum(caught)} of {len(caught)} processes"
    if claim.decided != "check":
        return "none: arithmetic is exact" if claim.decided == "exact" else "none"
    if claim.kind == "trend" or claim.relation == "assumption":
        return "none: there is no formula to change"
    if claim.relation in ("<=", ">=") and not claim.attained:
        return "none: a bound that is not reached holds when it is a little off, too"
    return "none yet: only what holds has one"


def _verdicts(verdicts: Sequence[Verdict]) -> list[dict[str, Any]]:
    return [
        _verdict(verdict, drawn) for verdict, drawn in zip(verdicts, plots(verdicts), strict=True)
    ]


def _verdict(verdict: Verdict, drawn: Markup) -> dict[str, Any]:
    parameters = verdict.parameters
    family = f"{parameters['family']}: " if "family" in parameters else ""
    shown: dict[str, Any] = {
        "process": f"{family}{parameters.get('process', '')}",
        "verdict": verdict.verdict,
        "words": in_words(verdict) if (verdict.within or 0.0) > EXACT else verdict.verdict,
        "note": verdict.note,
        "control": {None: "", True: "control refused", False: "control not refused"}[
            verdict.control
        ],
        "claimed": "",
        "measured": "",
        "plot": drawn,
    }
    if verdict.interval is not None:
        low, high = (number(end / verdict.unit) for end in verdict.interval)
        shown["measured"] = f"{low} to {high}"
    if verdict.predicted is not None and verdict.relation in SIGNS:
        far = verdict.relation == "~"
        claimed = (verdict.tolerance or 0.0) if far else verdict.predicted / verdict.unit
        sign = "distance ≤" if far else SIGNS[verdict.relation]
        shown["claimed"] = f"{sign} {number(claimed)}"
    return shown
