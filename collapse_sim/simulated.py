"""Simulated chains: means, intervals and verdicts in one call each."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import jax
import numpy as np
from jaxtyping import Float

from collapse_sim.certify import FAMILY_ERROR, Evidence, require_generation, require_measure
from collapse_sim.intervals import Interval, mean_interval, require_error
from collapse_sim.pytree import require_integer
from collapse_sim.replicates import EMPTY, SEEDS, Simulation, Stream, Summary, looks
from collapse_sim.table import Table
from collapse_sim.terminal import progress_bar
from collapse_sim.verdict import Verdict, require_interval, require_relation
from collapse_sim.workplace import OnHost, Workplace, replicate_keys

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Generations = Float[np.ndarray, " generations"]

EQUAL_WITHIN = 0.01
"""Default tolerance of an equality, relative. A bound has none."""


@dataclass(frozen=True, repr=False, eq=False)
class Simulated:
    """Replicates of one simulation, reduced: means, intervals and quantiles of every generation.

    A measure that was not recorded raises ValueError, which names those that were.
    """

    summary: Summary

    def __repr__(self) -> str:
        return (
            f"Simulated({self.replicates:,} replicates, {self.generations} generations: "
            f"{', '.join(self.measures)})"
        )

    @property
    def replicates(self) -> int:
        return self.summary.count

    @property
    def measures(self) -> list[str]:
        return list(self.summary.moments)

    @property
    def generations(self) -> int:
        return len(next(iter(self.summary.moments.values())).mean)

    def mean(self, measure: str = "test_error") -> Generations:
        """The mean over replicates."""
        return require_measure(self.summary.moments, measure).mean

    def interval(
        self, measure: str = "test_error", error: float = FAMILY_ERROR
    ) -> Float[np.ndarray, "generations 2"]:
        """A confidence sequence for the mean of each generation, missed with chance `error`.

        Infinite below 1,000 replicates, where all are equal, and where one of them makes up too
        much of the variance.
        """
        moments = require_measure(self.summary.moments, measure)
        indices = range(self.generations)
        return np.array([mean_interval(moments, index, error) for index in indices])

    def quantile(self, share: float, measure: str = "test_error") -> Generations:
        """Quantile over replicates: a share of the first 32,768 lies below it.

        Raises ValueError for a share outside [0, 1].
        """
        if not np.all((np.asarray(share) >= 0) & (np.asarray(share) <= 1)):
            raise ValueError(f"share={share!r}: accepted is [0, 1], 0.5 for the median")
        return np.quantile(require_measure(self.summary.sample, measure), share, axis=0)

    def table(self) -> Table:
        """Table with a row for each measure and generation, in the columns of chains.parquet."""
        columns: dict[str, np.ndarray] = {
            "measure": np.repeat(np.array(self.measures), self.generations),
            "generation": np.tile(np.arange(1, self.generations + 1), len(self.measures)),
            "replicates": np.full(len(self.measures) * self.generations, self.replicates),
        }
        moments = self.summary.moments
        columns["mean"] = np.concatenate([m.mean for m in moments.values()])
        columns["standard_error"] = np.concatenate([m.standard_error for m in moments.values()])
        for share in (0.05, 0.5, 0.95):
            found = [self.quantile(share, measure) for measure in self.measures]
            columns[f"q{100 * share:02.0f}"] = np.concatenate(found)
        return Table(columns)

    def to_frame(self) -> Any:
        """`table` as a pandas DataFrame; needs pandas."""
        return self.table().to_frame()

    def plot(self, measure: str = "test_error", ax: "Axes | None" = None, **line: Any) -> "Axes":
        """Draw the mean against the generation, with its interval; returns the axes."""
        import matplotlib.pyplot as plt

        ax = plt.subplots()[1] if ax is None else ax
        generations, interval = np.arange(1, self.generations + 1), self.interval(measure)
        (drawn,) = ax.plot(generations, self.mean(measure), **line)
        low, high = np.where(np.isfinite(interval), interval, np.nan).T
        ax.fill_between(generations, low, high, color=drawn.get_color(), alpha=0.3, linewidth=0)
        ax.set(xlabel="generation", ylabel=measure.replace("_", " "))
        return ax


def simulate(
    simulation: Simulation | OnHost,
    replicates: int = 4096,
    seed: int = 0,
    until: Callable[[Simulated], bool] | None = None,
) -> Simulated:
    """Run replicates of a chain, or of any function of a random key to measures by generation.

    A chain of language models runs all replicates at once, and keeps nothing if it is stopped.

    `until` is asked after 4,096 replicates, 8,192, ... whether enough is known; judging at each of
    these looks costs no certainty. Replicate i has the key `fold_in(fold_in(key(seed), 0), i)`,
    whatever the number of replicates. Raises ValueError for replicates < 1 and for a seed outside
    [0, 2^32).
    """
    require_integer("seed", seed, 0, SEEDS - 1)
    require_integer("replicates", replicates, 1)
    key = jax.random.fold_in(jax.random.key(seed), 0)
    if isinstance(simulation, OnHost):
        with progress_bar(0, "tokens") as bar:
            keys = replicate_keys(key, replicates)
            return Simulated(EMPTY.add(simulation.on_host(keys, Workplace(None, bar), "chain")))
    stream, summary = Stream.of(simulation), EMPTY
    for target in looks(replicates):
        for grown in stream.extend(summary, key, target):
            summary = grown
        if until is not None and until(Simulated(summary)):
            break
    return Simulated(summary)


def _pair(value: Any) -> Interval:
    """A number, twice, or a pair; raises ValueError for anything else."""
    try:
        return require_interval("value", value if np.ndim(value) else (value, value))
    except ValueError:
        raise ValueError(
            f"value={value!r}: accepted are a number, or a pair (low, high) with low <= high"
        ) from None


def judge(
    result: Simulated,
    relation: str,
    value: float | Interval,
    measure: str = "test_error",
    generation: int | None = None,
    *,
    tolerance: float | None = None,
    error: float = FAMILY_ERROR,
) -> Verdict:
    """Decide whether `mean relation value` holds, for the last generation or the one given.

    `relation` is ==, <= or >=; `value` a number, or a pair (low, high) that holds it but for half
    of the `error`. An equality holds when the whole interval lies within the relative `tolerance`,
    1 % where none is given, and then a value off by twice that must not hold; with 0 it has no such
    room and can be refuted alone. A bound has no tolerance. `error` is the chance that the verdict
    is wrong: who asks k questions divides it by k. It rests on a finite variance: the test error of
    a LinearLearner has one from samples = dim + 4 on. Raises ValueError for any other relation,
    value, measure, generation, tolerance or error.
    """
    if not isinstance(result, Simulated):
        raise ValueError(
            f"result is a {type(result).__name__}: accepted is what cs.simulate(...) returns"
        )
    require_relation(relation, ("==", "<=", ">="))
    require_error(error)
    pair = _pair(value)
    generation = result.generations if generation is None else generation
    require_generation(generation, result.generations)
    if tolerance is None:
        tolerance = EQUAL_WITHIN if relation == "==" else 0.0
    evidence = Evidence(
        claim=measure,
        source="asked from Python",
        relation=relation,
        generation=generation,
        predicted=pair,
        measure=measure,
        tolerance=tolerance,
        control=2 * tolerance if tolerance else None,
        parameters={"replicates": result.replicates},
    )
    return evidence.judge(result.summary, error)
