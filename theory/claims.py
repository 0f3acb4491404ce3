"""The ledger: one record per published or derived result, with what it says and what it needs."""

import functools
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

Relation = Literal["==", "<=", ">=", "->", "~", "assumption"]
"""`->`: a limit; `~`: the formula is a whole law."""


@dataclass(frozen=True)
class Claim:
    """One statement that a simulation can hold against its formula.

    `formula` takes keyword arguments only; `predict` hands it those it names. `order` is
    "leading" when the statement is true only as dim/samples -> 0, so that a finite simulation
    must be extrapolated before it can be compared.
    """

    id: str
    source: str
    statement: str
    relation: Relation
    formula: Callable[..., Any]
    stated: str
    """Assumptions as printed."""
    needed: str
    """Assumptions actually needed."""
    expected: str
    """What this project found, in one line."""
    order: Literal["exact", "leading"] = "exact"
    kind: Literal["theorem", "trend"] = "theorem"
    """What a formula says, published or derived; or what was only ever measured."""
    attained: bool = False
    """Whether a bound is reached, so that no simulation can show that it is never exceeded."""

    @property
    def tolerance(self) -> float:
        """How far from its formula the claim still holds, relative to it."""
        return 0.01 if self.order == "exact" else 0.02

    @property
    def control(self) -> float:
        """By how much a formula is off that must not hold."""
        return 0.02 if self.order == "exact" else 0.05

    def predict(self, parameters: Mapping[str, Any]) -> Any:
        """Evaluate the formula on the parameters it names; raises KeyError if one is missing."""
        wanted = inspect.signature(self.formula).parameters
        missing = [
            name
            for name, parameter in wanted.items()
            if parameter.default is inspect.Parameter.empty and name not in parameters
        ]
        if missing:
            raise KeyError(f"claim {self.id} needs parameters {missing}")
        return self.formula(**{name: parameters[name] for name in wanted if name in parameters})


@functools.cache
def ledger() -> dict[str, Claim]:
    """Every claim by its id."""
    # Imported here because the tables are made of the record above.
    from theory import (
        ledger_categorical,
        ledger_contamination,
        ledger_editing,
        ledger_gaussian,
        ledger_linear,
        ledger_selection,
        ledger_tails,
        ledger_tokens,
        ledger_trends,
    )

    tables = (
        ledger_linear,
        ledger_editing,
        ledger_tokens,
        ledger_trends,
        ledger_gaussian,
        ledger_categorical,
        ledger_tails,
        ledger_selection,
        ledger_contamination,
    )
    return {claim.id: claim for table in tables for claim in table.CLAIMS}
