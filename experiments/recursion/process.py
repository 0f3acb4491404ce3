"""A process of a run: what is simulated, what theory says of it, and what it decides."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Array, Key

from collapse_sim.certify import Evidence, LawEvidence
from collapse_sim.intervals import ANYWHERE, Interval
from collapse_sim.loop import Trace
from collapse_sim.pytree import pytree, static
from collapse_sim.replicates import Simulation
from experiments.streaming import CHUNK
from theory.claims import ledger


def over_generations(generations: int, value: Callable[[int], float]) -> np.ndarray:
    """A closed form at generations 1, 2, ..."""
    return np.array([float(value(n)) for n in range(1, generations + 1)])


@pytree
@dataclass(frozen=True, eq=False)
class Derived:
    """A simulation that also records what `measures` makes of its trace."""

    simulation: Simulation
    measures: Callable[[Trace], Trace] = static()

    def __call__(self, key: Key[Array, ""]) -> Trace:
        trace = self.simulation(key)
        return trace | self.measures(trace)


@pytree
@dataclass(frozen=True, eq=False)
class Only:
    """A simulation of which nothing is recorded but what `measures` makes of its trace."""

    simulation: Simulation
    measures: Callable[[Trace], Trace] = static()

    def __call__(self, key: Key[Array, ""]) -> Trace:
        trace = self.simulation(key)
        return self.measures(trace) | {"edited_fraction": trace["edited_fraction"]}


def only(measure: str) -> Callable[[Trace], Trace]:
    """Of a trace, one measure."""
    return lambda trace: {measure: trace[measure]}


class Stated(NamedTuple):
    """What a claim of the ledger says of the mean of `measure` at one generation."""

    claim: str
    measure: str
    generation: int
    predicted: float
    note: str = ""
    support: Interval = ANYWHERE


class Contrast(NamedTuple):
    """A claim on the mean of a measure of one process less that of another, `other`."""

    other: str
    evidence: Evidence


@dataclass(frozen=True, eq=False)
class Process:
    """One line of the report.

    `variant` tells processes of one family and regime apart. `closed` holds the closed form of a
    measure's mean over generations, where there is one.
    """

    family: str
    regime: str
    simulation: Simulation
    replicates: int
    variant: str = ""
    chunk: int = CHUNK
    """Replicates in flight: few where each takes long, so that all regimes share a program."""
    evidence: tuple[Evidence | LawEvidence, ...] = ()
    contrasts: tuple[Contrast, ...] = ()
    closed: Mapping[str, np.ndarray] = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)

    def deciding(self, *evidence: Evidence | LawEvidence) -> "Process":
        """The same process with claims to decide."""
        return replace(self, evidence=(*self.evidence, *evidence))

    def against(self, other: str, evidence: Evidence) -> "Process":
        """The same process with a claim on how it differs from another of its family."""
        process = {"process": f"{self.name} less {other}"}
        evidence = replace(evidence, parameters={**evidence.parameters, **process})
        return replace(self, contrasts=(*self.contrasts, Contrast(other, evidence)))

    def stating(self, *stated: Stated) -> "Process":
        """The same process deciding these: a limit as an equality."""
        found = []
        for claim, measure, generation, predicted, note, support in stated:
            record = ledger()[claim]
            found.append(
                self.claim(
                    claim, measure, generation, predicted, note=note, support=support,
                    relation="==" if record.relation == "->" else None,
                )
            )  # fmt: skip
        return self.deciding(*found)

    @property
    def name(self) -> str:
        regime = self.regime.replace("_", " ")
        return f"{regime}, {self.variant}" if self.variant else regime

    def claim(
        self,
        claim: str,
        measure: str,
        generation: int,
        predicted: float,
        *,
        relation: str | None = None,
        trivial: float = np.inf,
        note: str = "",
        support: Interval = ANYWHERE,
    ) -> Evidence:
        """Evidence of one claim of the ledger on the mean of `measure` at one generation."""
        return Evidence.of(
            ledger()[claim],
            predicted,
            relation=relation,  # type: ignore[arg-type]
            generation=generation,
            measure=measure,
            trivial=trivial,
            support=support,
            parameters={"family": self.family, "process": self.name, **self.parameters},
            note=note,
        )
