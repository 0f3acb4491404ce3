"""Outcome of every claim: its verdicts together, beside the ledger's expectation."""

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

from collapse_sim.verdict import Verdict
from experiments.verdicts import percent
from theory import Claim

OUTCOMES = ("holds", "violated", "vacuous", "assumption not met")
"""Verdicts that decide."""

NOT_REACHED = "not reached"
"""Of a claim whose processes the budget left out."""

NEEDS_A_RUN = "needs a run"
"""Of a claim that only hours of training decide, in a run of another experiment."""

BY_CASE = "by case"
"""Of a claim whose processes are decided differently."""

LABELS = (*OUTCOMES, BY_CASE, "undecided", NOT_REACHED, NEEDS_A_RUN, "cited")
"""What a claim is counted as, once."""

EXACT = 1e-5
"""Share of a formula up to which agreement is that of arithmetic with 32 bits, and not said."""


@dataclass(frozen=True, eq=False)
class Decision:
    """A claim, the verdicts on it, and the result of exact arithmetic."""

    claim: Claim
    verdicts: Sequence[Verdict] = ()
    certified: bool | None = None
    is_simulated: bool = True
    """Whether a process of this run decides it, within its budget."""

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Verdicts in order of their first appearance: `violated` once where all are."""
        if self.claim.decided == "cited":
            return ("cited",)
        if self.certified is not None:
            return ("holds" if self.certified else "violated",)
        none = NOT_REACHED if self.is_simulated else NEEDS_A_RUN
        return tuple(dict.fromkeys(v.verdict for v in self.verdicts)) or (none,)

    @property
    def is_decidable(self) -> bool:
        """False for a claim that is cited, and for one that needs a run which is not given."""
        return self.outcomes not in (("cited",), (NEEDS_A_RUN,))

    @property
    def label(self) -> str:
        """The one of LABELS that the claim is counted as: undecided as long as a process is."""
        if len(self.outcomes) == 1:
            return self.outcomes[0]
        return BY_CASE if self.is_decided else "undecided"

    @property
    def words(self) -> str:
        """Outcomes in words, with the share of the formula that a claim holds within."""
        if self.outcomes == ("holds",) and (self.within or 0.0) > EXACT:
            return f"holds within {percent(self.within or 0.0)}"
        return " or ".join(self.outcomes)

    @property
    def is_decided(self) -> bool:
        """True where at least one verdict decides and none is left open."""
        return all(outcome in OUTCOMES for outcome in self.outcomes)

    @property
    def unexpected(self) -> list[Verdict]:
        """Verdicts that the ledger does not name among the expected ones."""
        accepted = expected(self.claim)
        return [v for v in self.verdicts if v.verdict in OUTCOMES and v.verdict not in accepted]

    @property
    def within(self) -> float | None:
        """Widest distance from the formula within which the claim holds in all its processes."""
        known = [v.within for v in self.verdicts if v.verdict == "holds" and v.within]
        return max(known, default=None)


def expected(claim: Claim) -> tuple[str, ...]:
    """Verdicts that the ledger's finding names; all where it names none."""
    named = tuple(name for name in OUTCOMES if re.search(rf"\b{name}\b", claim.expected))
    return named or OUTCOMES


def decisions(
    claims: Iterable[Claim],
    verdicts: Iterable[Verdict],
    certified: Mapping[str, bool],
    simulated: Container[str],
) -> list[Decision]:
    """One for each claim, in their order; `simulated` are the ids that processes of this run
    decide."""
    by_claim: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        by_claim.setdefault(verdict.claim, []).append(verdict)
    return [
        Decision(claim, by_claim.get(claim.id, ()), certified.get(claim.id), claim.id in simulated)
        for claim in claims
    ]


def tally(decided: Iterable[Decision]) -> dict[str, int]:
    """Number of claims with each label, without those that none has; each claim counts once."""
    labels = [decision.label for decision in decided]
    return {label: labels.count(label) for label in LABELS if label in labels}
