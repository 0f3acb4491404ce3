"""A family of `collapse-sim curse`: its processes and checks, and the tables of its report."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np
from rich.table import Table

from collapse_sim.experiment.process import Process, Result
from collapse_sim.language.corpus import Corpus
from collapse_sim.verdict import Verdict
from experiments.recursion.settings import Settings
from experiments.verdicts import number


class Given(Protocol):
    """Data that were read."""

    @property
    def note(self) -> str:
        """Summary of the file read, in one line."""
        ...

    @property
    def identity(self) -> dict[str, Any]:
        """Entry of config.json: the flag's name and value first, and a `digest`."""
        ...


class Column(NamedTuple):
    """Column of a table: a statistic of one measure at one generation (-1: the last)."""

    title: str
    measure: str
    statistic: str = "mean"
    """mean, median, or closed: the closed form of the mean."""
    generation: int = -1

    def value(self, result: Result) -> float | None:
        """Value of a process; None where it has no such measure or no closed form."""
        if self.measure not in result.summary.moments:
            return None
        if self.statistic == "closed":
            closed = result.closed(self.measure)
            return None if closed is None else float(closed[self.generation])
        if self.statistic == "median":
            return float(result.quantile(self.measure, 0.5)[self.generation])
        return float(result.mean(self.measure)[self.generation])


def with_theory(title: str, measure: str) -> tuple[Column, Column]:
    """Columns of a mean and of its closed form."""
    return Column(title, measure), Column("theory", measure, "closed")


@dataclass(frozen=True)
class Found:
    """The results of one family by the name of their process, and its verdicts."""

    settings: Settings
    results: dict[str, Result]
    verdicts: Sequence[Verdict]

    def has(self, *processes: str) -> bool:
        return all(process in self.results for process in processes)

    def mean(self, process: str, measure: str, generation: int = 0) -> str:
        """Mean over all chains; generation 0 is the last."""
        return number(float(self.results[process].mean(measure)[generation - 1]))

    def median(self, process: str, measure: str) -> str:
        """Median chain at the last generation."""
        return number(float(self.results[process].quantile(measure, 0.5)[-1]))

    def percent(self, process: str, measure: str, generation: int = 0) -> float:
        """Mean over all chains of a share, in per cent; generation 0 is the last."""
        return 100 * float(self.results[process].mean(measure)[generation - 1])

    def fits(self, process: str) -> int:
        """Length of its chains."""
        return self.results[process].generations

    def cite(self, *claims: str) -> str:
        """Cite claims of the run in brackets, each with its verdict unless it holds."""
        shown = []
        for claim in claims:
            outcomes = {v.verdict for v in self.verdicts if v.claim == claim}
            if outcomes:
                rest = sorted(outcomes - {"holds"})
                shown.append(f"{claim}: {', '.join(rest)}" if rest else claim)
        return f" [{'; '.join(shown)}]" if shown else ""

    @property
    def kept(self) -> str:
        return f"{100 * self.settings.human_share:g} % of the human data kept"


@dataclass(frozen=True)
class Family:
    """All that is one family's own; its module holds it as FAMILY.

    A process of it says neither the family, nor the stream of random numbers, nor --replicates:
    those are set for all (`families.make_processes`).
    """

    processes: Callable[..., Iterator[Process]]
    """Makes what is simulated and decided, of the settings, and of the text where one is read."""
    table: Sequence[Column]
    """Columns of its table in the report; those of which no process has a value are left out."""
    sentences: Callable[[Found], Iterator[str]] = lambda found: iter(())
    """Findings in plain words, each with the claims behind it."""
    explained: str | Callable[[Found], str] = ""
    """What stands below the table."""
    text: Callable[[Settings], Corpus | None] | None = None
    """Reads the text that the processes are made of; it may find that none is needed."""
    given: Callable[[Settings], Given] | None = None
    """Reads other data that they are made of, as pictures or a table."""
    replicates: Callable[[Settings], int] | None = None
    """Replicates of every process, where they are seeds that are trained."""
    arrays: Callable[[Settings, Sequence[Process]], Mapping[str, np.ndarray]] | None = None
    """What a figure shows beside measures, as pictures: kept in arrays.npz."""
    tables: Callable[[Found], Iterator[Table]] = lambda found: iter(())
    """Further tables of the report."""
    verified: bool = True
    """Whether `collapse-sim verify` runs it: nothing that trains for minutes or needs a file."""
    unasked: tuple[str, ...] = ()
    """Regimes with claims of their own that run only when they are asked for."""
