"""The page of the ledger: one HTML file that needs no network."""

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from latex2mathml.converter import convert
from markupsafe import Markup, escape

from collapse_sim import __version__
from collapse_sim.certify import Verdict
from experiments.claims import author, decided, tolerance
from experiments.verdicts import in_words, number, percent
from experiments.verification.outcomes import OPEN, OUTCOMES, Decision
from experiments.verification.report import answers, counts

HERE = Path(__file__).parent

WIDTH, HEIGHT, MARGIN = 220, 26, 10
"""Size of a small plot, in CSS pixels."""

MATHEMATICS = re.compile(r"\$([^$]+)\$")


def page(decided_claims: Sequence[Decision], command: str) -> str:
    """HTML of all claims and what was decided of each; `command` is the one that repeats it."""
    template = _environment().get_template("page.html.jinja")
    entries = [_entry(decision) for decision in decided_claims]
    tally = {name: 0 for name in (*OUTCOMES, *OPEN, "cited")}
    for decision in decided_claims:
        for outcome in decision.outcomes:
            tally[outcome] += 1
    return template.render(
        version=__version__,
        command=command,
        answers=answers(decided_claims),
        counts=counts(decided_claims),
        tally={name: count for name, count in tally.items() if count},
        papers=sorted({entry["paper"] for entry in entries}),
        entries=entries,
    )


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
    made = [Markup(convert(part)) if i % 2 else escape(part) for i, part in enumerate(parts)]
    return Markup("").join(made)


def _entry(decision: Decision) -> dict[str, Any]:
    claim = decision.claim
    holds = decision.outcomes == ("holds",) and decision.within
    return {
        "claim": claim,
        "paper": author([claim]),
        "outcomes": decision.outcomes,
        "words": f"holds within {percent(decision.within)}"
        if holds and decision.within
        else " or ".join(decision.outcomes),
        "unexpected": bool(decision.unexpected),
        "decided": decided(claim),
        "tolerance": tolerance(claim),
        "verdicts": [_verdict(verdict) for verdict in decision.verdicts],
    }


def _verdict(verdict: Verdict) -> dict[str, Any]:
    parameters = verdict.parameters
    family = f"{parameters['family']}: " if "family" in parameters else ""
    shown: dict[str, Any] = {
        "process": f"{family}{parameters.get('process', '')}",
        "verdict": in_words(verdict),
        "note": verdict.note,
        "control": {None: "", True: "caught", False: "not caught"}[verdict.control],
        "predicted": "",
        "interval": "",
        "plot": "",
    }
    if verdict.predicted is not None and verdict.interval is not None:
        low, high = (end / verdict.unit for end in verdict.interval)
        predicted = verdict.predicted / verdict.unit
        shown |= {
            "predicted": f"{verdict.relation} {number(predicted)}",
            "interval": f"{number(low)} to {number(high)}",
            "plot": plot(predicted, (low, high)),
        }
    return shown


def plot(predicted: float, interval: tuple[float, float]) -> Markup:
    """SVG of an interval as a bar and the claimed number as a line; empty for an infinite one."""
    low, high = interval
    if not all(map(math.isfinite, (predicted, low, high))):
        return Markup("")
    least, most = min(predicted, low), max(predicted, high)
    spread = most - least or abs(most) or 1.0
    least, most = least - 0.1 * spread, most + 0.1 * spread

    def place(value: float) -> float:
        return MARGIN + (value - least) / (most - least) * (WIDTH - 2 * MARGIN)

    bar = max(place(high) - place(low), 2.0)
    middle = HEIGHT / 2
    return Markup(
        '<svg width="{}" height="{}" role="img"><title>measured {} to {}, claimed {}</title>'
        '<line class="axis" x1="{}" x2="{}" y1="{}" y2="{}"/>'
        '<rect class="measured" x="{:.1f}" y="{}" width="{:.1f}" height="8"/>'
        '<line class="claimed" x1="{:.1f}" x2="{:.1f}" y1="3" y2="{}"/></svg>'
    ).format(
        WIDTH, HEIGHT, number(low), number(high), number(predicted),
        MARGIN, WIDTH - MARGIN, middle, middle,
        place(low), middle - 4, bar,
        place(predicted), place(predicted), HEIGHT - 3,
    )  # fmt: skip
