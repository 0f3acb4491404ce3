"""Families of claims, by the kind of model that they are about."""

from collections.abc import Iterable

from experiments.claims import deciding
from theory import Claim

ROOMS = {"linear": "regression", "editing": "token editing"}
"""Families that a folder of `theory` is about."""


def families(claims: Iterable[Claim]) -> dict[str, tuple[str, ...]]:
    """Families of each claim by its id: the folder of its formula or the families of
    `collapse-sim curse` that decide it, else those of the other claims of its formula's module."""
    claims = list(claims)
    own = {claim.id: _own(claim) for claim in claims}
    beside: dict[str, list[str]] = {}
    for claim in claims:
        beside.setdefault(claim.formula.__module__, []).extend(own[claim.id])
    return {
        claim.id: tuple(dict.fromkeys(own[claim.id] or beside[claim.formula.__module__]))
        or ("other",)
        for claim in claims
    }


def _own(claim: Claim) -> list[str]:
    room = [*claim.formula.__module__.split("."), ""][1]
    if room in ROOMS:
        return [ROOMS[room]]
    commands = deciding(claim.id)
    return [command.partition(" --family ")[2] or "language models" for command in commands]
