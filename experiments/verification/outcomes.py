"""Outcome of every claim: what its verdicts say together, beside what the ledger expects."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from collapse_sim.certify import Verdict
from theory import Claim

OUTCOMES = ("holds", "violated", "vacuous", "assumption not met")
"""Verdicts that decide."""

NOT_REACHED = "not reached"
"""Of a claim whose processes the budget left out, or that no process of this run decides."""


@dataclass(frozen=True, eq=False)
class Decision:
    """A claim, the verdicts on it, and what exact arithmetic says of it."""

    claim: Claim
    verdicts: Sequence[Verdict] = ()
    certified: bool | None = None

    @property
    def outcomes(self) -> tuple[str, ...]:
        """Verdicts in order of their first appearance: `violated` once where all are."""
        if self.claim.decided == "cited":
            return ("cited",)
        if self.certified is not None:
            return ("holds" if self.certified else "violated",)
        return tuple(dict.fromkeys(v.verdict for v in self.verdicts)) or (NOT_REACHED,)

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
    claims: Iterable[Claim], verdicts: Iterable[Verdict], certified: Mapping[str, bool]
) -> list[Decision]:
    """One for each claim, in their order."""
    by_claim: dict[str, list[Verdict]] = {}
    for verdict in verdicts:
        by_claim.setdefault(verdict.claim, []).append(verdict)
    return [Decision(c, by_claim.get(c.id, ()), certified.get(c.id)) for c in claims]
