"""Many points by one program: simulations that differ in numbers alone, side by side."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import jax
import numpy as np
from jaxtyping import Array, Float, Int, Key

from collapse_sim.experiment.decide import chain_rows, decide
from collapse_sim.experiment.evidence import evidence
from collapse_sim.experiment.process import Process, Result
from collapse_sim.intervals import mean_interval
from collapse_sim.loop import Trace
from collapse_sim.moments import Moments
from collapse_sim.pytree import pytree, static
from collapse_sim.replicates import Simulation, Summary
from collapse_sim.run_directory import CHAIN_COLUMNS, RunDirectory
from collapse_sim.verdict import ROUNDING, Verdict
from experiments.phase.columns import Panel
from experiments.phase.settings import Settings
from theory.claims import ledger


@pytree
@dataclass(frozen=True, eq=False)
class SideBySide:
    """Simulations of one structure on the same random numbers, one measure of each.

    Leaves that differ are stacked; what does not depend on them, as the draws, is done once. The
    trace is one long vector: simulation after simulation, of each all generations or the last.
    """

    leaves: tuple[Any, ...]
    stacked: tuple[bool, ...] = static()
    structure: Any = static()
    """What JAX makes a simulation of its leaves by."""
    measure: str = static()
    last: bool = static(default=False)

    @staticmethod
    def of(simulations: Sequence[Simulation], measure: str, last: bool = False) -> "SideBySide":
        """Raises ValueError for simulations of different structure."""
        flat = [jax.tree.flatten(simulation) for simulation in simulations]
        structure = flat[0][1]
        if any(other != structure for _, other in flat):
            raise ValueError("simulations side by side: accepted are those of one structure")
        groups = list(zip(*(leaves for leaves, _ in flat), strict=True))
        stacked = tuple(any(not np.array_equal(x, same[0]) for x in same) for same in groups)
        leaves = (np.stack(g) if s else g[0] for g, s in zip(groups, stacked, strict=True))
        return SideBySide(tuple(leaves), stacked, structure, measure, last)

    def __call__(self, key: Key[Array, ""]) -> Trace:
        def one(*leaves):
            values = self.structure.unflatten(leaves)(key)[self.measure]
            return values[-1:] if self.last else values

        axes = [0 if stacked else None for stacked in self.stacked]
        return {self.measure: jax.vmap(one, in_axes=axes)(*self.leaves).reshape(-1)}


@dataclass(frozen=True, eq=False)
class Map:
    """A panel with its measurements: across x up."""

    panel: Panel
    mean: Float[np.ndarray, "across up"]
    low: Float[np.ndarray, "across up"]
    high: Float[np.ndarray, "across up"]
    predicted: Float[np.ndarray, "across up"]
    rows: list[tuple]
    """Of chains.parquet; from low to high reaches the interval of the mean."""
    verdicts: list[Verdict]

    def sides(self, level: float) -> Int[np.ndarray, "across up"]:
        """1 where the whole interval is over the level, -1 where none of it is, 0 undecided."""
        return sides(self.low, self.high, level)

    def known_sides(self, level: float) -> Int[np.ndarray, "across up"]:
        """1 where theory's value is over the level, else -1: it may be attained exactly."""
        value = self.predicted / (1 + ROUNDING)
        return sides(value, value, level)


def sides(low: np.ndarray, high: np.ndarray, level: float) -> np.ndarray:
    """1 where a whole interval is over the level, -1 where none of it is, 0 undecided."""
    return np.where(low > level, 1, np.where(high <= level, -1, 0))


def measured(panel: Panel, settings: Settings, run: RunDirectory, error: float) -> Map:
    """Simulate a panel; each interval misses its mean with a chance of at most `error`."""
    strips = [
        replace(
            columns[0],
            simulation=SideBySide.of(
                [column.simulation for column in columns],  # type: ignore[misc]
                panel.measure,
                panel.last,
            ),
            stream=settings.map,
            checks=(),
        )
        for columns in panel.columns
    ]
    found, _ = decide(strips, {}, seed=settings.seed, run=run, early_stop=False)
    results = [
        result
        for columns, strip in zip(panel.columns, found, strict=True)
        for result in _apart(columns, strip.summary, panel.measure)
    ]
    rows, verdicts, known = [], [], ledger()
    for result in results:
        rows += _rows(result, panel, settings.fits if panel.last else 1, error)
        verdicts += [
            evidence(check, result.process, known, error).judge(result.summary, error)
            for check in result.process.checks
        ]
    shape = len(panel.across), len(panel.up)

    def table(name: str) -> np.ndarray:
        values = [row[CHAIN_COLUMNS.index(name)] for row in rows]
        return np.array(values, dtype=float).reshape(shape) / panel.unit

    mean, low, high, predicted = map(table, ("mean", "low", "high", "predicted"))
    return Map(panel, mean, low, high, predicted, rows, verdicts)


def _apart(columns: Sequence[Process], summary: Summary, measure: str) -> Iterator[Result]:
    """The result of each simulation of a strip."""
    whole, sample = summary.moments[measure], summary.sample[measure]
    for i, process in enumerate(columns):
        length = len(whole.mean) // len(columns)
        part = slice(i * length, (i + 1) * length)
        cut = (array[part] for array in (whole.mean, whole.squares, whole.least, whole.largest))
        # Known before it runs: the chance that a row is edited, or full resampling.
        share = np.full(length, process.where.get("edit_counts", [1.0])[0])
        share = share / process.where["samples"] if "edit_counts" in process.where else share
        if length > 1:
            share[0] = 0
        edited = Moments(whole.count, share, 0 * share, share, share)
        moments = {measure: Moments(whole.count, *cut), "edited_fraction": edited}
        kept = {measure: sample[:, part], "edited_fraction": np.tile(share, (len(sample), 1))}
        yield Result(process, Summary(moments, (kept,)))


def _rows(result: Result, panel: Panel, first: int, error: float) -> Iterator[tuple]:
    """Rows of chains.parquet, with the interval of each mean; generations count from `first`."""
    moments = result.summary.moments[panel.measure]
    for n, row in enumerate(chain_rows([result])):
        low, high = mean_interval(moments, n, error, support=panel.support)
        named = dict(zip(CHAIN_COLUMNS, row, strict=True))
        yield tuple((named | {"generation": n + first, "low": low, "high": high}).values())
