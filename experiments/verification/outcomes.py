"""Outcome of every claim: what its verdicts say together, beside what the ledger expects."""

import re
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass

from collapse_sim.certify import Verdict
from theory import Claim

OUTCOMES = ("holds", "violated", "vacuous", "assumption not met")
"""Verdicts that decide."""

NOT_REACHED = "not reached"
"""Of a claim whose processes the budget left out."""

NEEDS_A_RUN = "needs a run"
"""Of a claim that only hours of training decide, in a run of another experiment."""

OPEN = ("undecided", NOT_REACHED, NEEDS_A_RUN)
"""Outcomes that decide nothing."""


@dataclass(frozen=True, eq=False)
class Decision:
    """A claim, the verdicts on it, and what exact arithmetic says of it."""

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
