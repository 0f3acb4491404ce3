"""A process and the claims on it: one line of a report, as data."""

import hashlib
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from typing import Any, Literal

import numpy as np
from jaxtyping import Array, Float, Key

from collapse_sim.intervals import ANYWHERE, SMALLEST_LOOK, Interval
from collapse_sim.loop import Trace
from collapse_sim.medians import Statistic
from collapse_sim.pytree import pytree, static
from collapse_sim.replicates import SAMPLE, Simulation, Summary, looks, require_simulation
from collapse_sim.tracing import generations_of
from collapse_sim.workplace import OnHost

LAST = 0
"""The last generation of a process."""

Curve = Callable[..., Any] | Sequence[float] | np.ndarray
"""A closed form, which takes `generation`; or its values at generations 1, 2, ..., or what makes
them when it is asked."""


@dataclass(frozen=True, eq=False)
class Drawn:
    """An argument of a formula that is drawn at random: the claim is on the formula's mean over it.

    `draw` returns all draws, stacked; the formula returns a value for each. `described` says in a
    verdict what was drawn.
    """

    described: str
    draw: Callable[[], np.ndarray]


@dataclass(frozen=True, eq=False)
class Check:
    """A claim of the ledger, held against the mean of a measure of one process.

    A limit is held against its formula like an equality, unless it is judged `along` processes of
    doubling size. Of a claim on a whole law, `at` is the generation whose law is compared. A claim
    that is an assumption asks for no measure.
    """

    claim: str
    measure: str = ""
    at: int = LAST
    given: Mapping[str, Any] = field(default_factory=dict)
    """Arguments of the formula that the process does not know."""
    less: str = ""
    """Another process of the family: the claim is about the difference, replicate by replicate."""
    along: Sequence[str] = ()
    """Keys of processes, this one last. Of T, 2T, 4T, ... samples: the claim is about the limit.
    Of medians: about the statistic of one number of each, one process after the other."""
    statistic: Statistic | None = None
    """Of medians: what is claimed of each replicate, else its value at the generation."""
    of_each: Statistic | None = None
    """Of medians along processes: the number of a replicate in each, else its last value."""
    per_unit: bool = False
    """Whether the formula speaks of the measure in the process's unit of it."""
    note: str = ""
    support: Interval = ANYWHERE
    """Where the measure of a replicate lies."""
    trivial: float = np.inf
    """A bound that needs no theorem."""
    tolerance: float | None = None
    """Where it is narrower than the record's own."""

    @property
    def joint(self) -> bool:
        """Tell whether it is about several processes."""
        return bool(self.less or self.along)


@dataclass(frozen=True, eq=False)
class Process:
    """A simulation, the parameters that theory is told, and the checks that it decides.

    `regime`, `mask` and `variant` tell the processes of a family apart; `where` holds what formulas
    may ask for. `closed` holds closed forms of the means of measures, to be shown beside them.
    """

    regime: str
    simulation: Simulation | OnHost
    replicates: int
    family: str = ""
    mask: str = ""
    variant: str = ""
    where: Mapping[str, Any] = field(default_factory=dict)
    checks: Sequence[Check] = ()
    closed: Mapping[str, Curve] = field(default_factory=dict)
    closed_kind: Literal["exact", "averaged", "leading"] = "exact"
    """averaged over designs; right to leading order."""
    stream: str | int = ""
    """Name of its random numbers, or the number that stands for one; its own key where none is
    given. Processes of one stream share theirs, and can be compared in pairs."""
    chunk: int | None = None
    """Replicates in flight: few where each takes long, so that all regimes share a program."""
    looks: Sequence[int] = ()
    """Replicate counts at which it is asked whether the claims are decided; else 4096, 8192, ..."""
    smallest_look: int = SMALLEST_LOOK
    """Few replicates are enough where they are means themselves, which hardly vary."""
    finite_moments: Mapping[str, float] = field(default_factory=dict)
    """Order below which a measure has finite moments: its mean is tested above 2 alone."""
    scale: Mapping[str, float] = field(default_factory=dict)
    """What simulated measures are multiplied by, in float64, so that no unit leaves float32."""
    units: Mapping[str, float] = field(default_factory=dict)
    """What tables divide measures by."""
    intervals: Mapping[str, Interval] = field(default_factory=dict)
    """Intervals of measures, where something else than replicates is drawn anew as well."""
    measures: Sequence[str] = ()
    """Those that are kept of what the simulation records; all where none is named."""
    title: str = ""
    """The name, where it is not made of regime and variant."""
    about: Literal["mean", "median"] = "mean"
    """Of few and costly replicates the median, which needs no normal limit. Only the first 32,768
    are kept for it."""
    step: str = ""
    """Part of a larger process (a size of a ladder, means over noise): judged, not reported."""

    def __post_init__(self) -> None:
        """Raises ValueError for `about` of another kind."""
        if self.about not in ("mean", "median"):
            raise ValueError(f"about={self.about!r}: accepted are mean, median")

    @property
    def name(self) -> str:
        regime = self.regime.replace("_", " ")
        return self.title or (f"{regime}, {self.variant}" if self.variant else regime)

    @property
    def key(self) -> str:
        """Tells it apart from all others of a run."""
        return " ".join(filter(None, (self.family, self.name, self.step)))

    @property
    def targets(self) -> tuple[int, ...]:
        """Replicate counts at which it is asked whether the claims are decided: `looks`, else
        4096, 8192, ...; of medians no more than are kept whole."""
        most = min(self.replicates, SAMPLE) if self.about == "median" else self.replicates
        return tuple(self.looks or looks(most))

    @property
    def stream_number(self) -> int:
        """Number of its random stream, in which a run's other processes have no part."""
        if isinstance(self.stream, int):
            return self.stream
        name = self.stream or self.key
        return int.from_bytes(hashlib.sha256(name.encode()).digest()[:4], "big")

    def of(self, simulation: Simulation | OnHost) -> "Process":
        """The same of another simulation."""
        return replace(self, simulation=simulation)

    def closed_form(self, measure: str, generations: int) -> np.ndarray | None:
        """Closed form of a measure's mean at generations 1, 2, ...; None where there is none."""
        form = self.closed.get(measure)
        if callable(form) and "generation" not in inspect.signature(form).parameters:
            form = form()
        if form is None or not callable(form):
            return None if form is None else np.asarray(form, dtype=np.float64)
        return curve(form, self.where, generations)

    @property
    def generations(self) -> int:
        """Number of generations of the simulation."""
        known = getattr(self.simulation, "generations", None)
        return generations_of(require_simulation(self.simulation)) if known is None else known

    def partners(self, check: Check) -> tuple[str, ...]:
        """Keys of the processes that a joint check compares or combines."""
        less = " ".join(filter(None, (self.family, check.less)))
        return (less,) if check.less else tuple(check.along)


@dataclass(frozen=True, eq=False)
class Result:
    """One process and its measurements."""

    process: Process
    summary: Summary

    @property
    def generations(self) -> int:
        return len(next(iter(self.summary.moments.values())).mean)

    def mean(self, measure: str) -> Float[np.ndarray, " generations"]:
        return self.summary.moments[measure].mean

    def quantile(self, measure: str, share: float) -> Float[np.ndarray, " generations"]:
        """Quantile of the first replicates, generation by generation."""
        return np.quantile(self.summary.sample[measure], share, axis=0)

    def closed(self, measure: str) -> Float[np.ndarray, " generations"] | None:
        """The closed form of a measure's mean, where there is one."""
        return self.process.closed_form(measure, self.generations)


def curve(form: Callable[..., Any], where: Mapping[str, Any], generations: int) -> np.ndarray:
    """A closed form at generations 1, 2, ..., given those of `where` that it names."""
    named = inspect.signature(form).parameters
    known = {name: value for name, value in where.items() if name in named}
    return np.array([float(form(**known, generation=n)) for n in range(1, generations + 1)])


@pytree
@dataclass(frozen=True, eq=False)
class Recording:
    """A simulation that records measures of its trace, beside it or alone."""

    simulation: Simulation
    measures: Callable[[Trace], Trace] = static()
    alone: bool = static(default=False)

    @property
    def generations(self) -> int:
        return self.simulation.generations  # type: ignore[attr-defined]

    def __call__(self, key: Key[Array, ""]) -> Trace:
        trace = self.simulation(key)
        kept = {"edited_fraction": trace["edited_fraction"]} if self.alone else trace
        return kept | self.measures(trace)


def only(simulation: Simulation, measure: str) -> Recording:
    """A simulation of which one measure is recorded."""
    return Recording(simulation, _one(measure), alone=True)


@cache  # one function for one measure: simulations that differ in data alone share a program
def _one(measure: str) -> Callable[[Trace], Trace]:
    return lambda trace: {measure: trace[measure]}
