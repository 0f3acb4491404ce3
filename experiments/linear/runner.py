"""Simulates the processes of a run: checkpoints, progress, early stopping, budget."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial

import numpy as np

from collapse_sim.certify import FAMILY_ERROR, Verdict
from collapse_sim.replicates import EMPTY, Summary, looks
from collapse_sim.run_directory import RunDirectory
from experiments.linear.evidence import Found, gather
from experiments.linear.limits import Rungs
from experiments.linear.plan import Process, World
from experiments.linear.predictions import Prediction, predict
from experiments.linear.settings import Settings
from experiments.streaming import Streaming, progress

THREADS = 3
"""Processes at a time: one compiles, on one core, while another runs."""

LEAST = 2**13
"""Fewest replicates of a process, where there may be so many: its points are drawn."""


@dataclass(frozen=True, eq=False)
class Result:
    """One process, what theory says of it, and what was measured."""

    process: Process
    prediction: Prediction | None
    summary: Summary

    @property
    def mean(self) -> np.ndarray:
        """Mean test error of every generation."""
        moments = self.summary.moments
        return moments[self.process.measure(moments)].mean


@dataclass(frozen=True, eq=False)
class Runner:
    """All that simulating one run needs."""

    settings: Settings
    world: World
    run: RunDirectory
    deadline: float
    """Monotonic time after which nothing more is simulated."""

    def results(
        self, processes: list[Process], ladders: list[Rungs]
    ) -> tuple[list[Result], list[Verdict]]:
        """Simulate everything; results and verdicts in the order of the processes."""
        error = self._error_of_each(processes, ladders)
        with progress(self._total(processes, ladders)) as bar:
            streaming = Streaming(self.run, self.settings.seed, bar, self.deadline)
            threads = ThreadPoolExecutor(THREADS)
            try:
                one = partial(self._process, streaming, error)
                made = threads.map(one, *zip(*enumerate(processes), strict=True))
                climbed = threads.map(
                    partial(self._ladder, streaming, error), range(len(ladders)), ladders
                )
                results, decided = zip(*made, strict=True)
                verdicts = [verdict for found in (*decided, *climbed) for verdict in found]
            finally:
                threads.shutdown(cancel_futures=True)
        return [result for result in results if result.summary.count], verdicts

    def _error_of_each(self, processes: list[Process], ladders: list[Rungs]) -> float:
        """The family's error shared over all tests, counted before any is decided.

        Halved, because averaged closed forms have intervals of their own.
        """
        ones = np.ones(self.settings.generations)
        outline = Prediction(ones, ones, "exact")
        found = [gather(self.settings, self.world, process, outline) for process in processes]
        tests = sum(f.tests for f in found) + sum(rungs.count for rungs in ladders)
        return FAMILY_ERROR / max(2 * tests, 1)

    def _total(self, processes: list[Process], ladders: list[Rungs]) -> int:
        """Most replicates there can be."""
        averaged = sum(p.averaged.replicates for p in processes if p.averaged is not None)
        climbed = sum(rungs.replicates * len(rungs.samples) for rungs in ladders)
        return self.settings.replicates * len(processes) + averaged + climbed

    def _process(
        self, streaming: Streaming, error: float, index: int, process: Process
    ) -> tuple[Result, list[Verdict]]:
        prediction = predict(self.settings, self.world, process, error)
        found = gather(self.settings, self.world, process, prediction)

        def is_decided(summary: Summary) -> bool:
            if not self.settings.early_stop or summary.count < LEAST:
                return False
            summary = self.world.in_units_of_labels(summary)
            return all(e.judge(summary, error).verdict != "undecided" for e in found.chains)

        streaming.bar.set_description(process.name)
        targets = looks(self.settings.replicates)
        name = f"{index:02d}-{process.name}"
        summary = streaming.simulate(name, index, process.simulation, targets, is_decided)
        streaming.bar.update(self.settings.replicates - summary.count)
        summary = self.world.in_units_of_labels(summary)
        averaged = self._averaged(streaming, index, process, found, error)
        return Result(process, prediction, summary), _judge(found, summary, averaged, error)

    def _averaged(
        self, streaming: Streaming, index: int, process: Process, found: Found, error: float
    ) -> Summary:
        if process.averaged is None:
            return EMPTY

        def is_decided(summary: Summary) -> bool:
            summary = self.world.in_units_of_labels(summary)
            judged = [evidence.judge(summary, error) for evidence in found.averaged]
            return all(verdict.verdict != "undecided" for verdict in judged)

        name = f"{index:02d}-{process.name}-averaged"
        simulation, targets = process.averaged.simulation, looks(process.averaged.replicates, 256)
        summary = streaming.simulate(name, 500 + index, simulation, targets, is_decided)
        return self.world.in_units_of_labels(summary)

    def _ladder(
        self, streaming: Streaming, error: float, index: int, rungs: Rungs
    ) -> list[Verdict]:
        summaries = []
        for step, samples in enumerate(rungs.samples):
            streaming.bar.set_description(f"{rungs.process}, T = {samples}")
            name, stream = f"limit-{rungs.process}-{samples}", 1000 + 10 * index + step
            simulation, targets = rungs.simulate(samples), [rungs.replicates]
            summaries.append(streaming.simulate(name, stream, simulation, targets))
        if any(summary.count < rungs.replicates for summary in summaries):
            return []  # out of time: a rung is looked at once, when it is whole
        return list(rungs.judge(summaries, error))


def _judge(found: Found, chains: Summary, averaged: Summary, error: float) -> list[Verdict]:
    """What was simulated at all; then what needs no simulation."""
    if not chains.count:
        return []
    verdicts = [evidence.judge(chains, error) for evidence in found.chains]
    if averaged.count:
        verdicts += [evidence.judge(averaged, error) for evidence in found.averaged]
    return [*verdicts, *found.decided]


def chain_rows(results: Sequence[Result]) -> Iterator[tuple]:
    """One row for each process, measure and generation, in the order of CHAIN_COLUMNS."""
    for result in results:
        process, prediction, summary = result.process, result.prediction, result.summary
        edited = summary.moments["edited_fraction"].mean
        for measure, moments in summary.moments.items():
            if measure == "edited_fraction" or not process.records(measure):
                continue
            quantiles = np.quantile(summary.sample[measure], (0.05, 0.5, 0.95), axis=0)
            for n in range(len(moments.mean)):
                yield (
                    process.regime, process.mask, process.variant, measure, n + 1, moments.count,
                    float(moments.mean[n]), float(moments.standard_error[n]),
                    *(float(q[n]) for q in quantiles), float(edited[n]),
                    float("nan") if prediction is None else float(prediction.centre[n]),
                    "" if prediction is None else prediction.kind,
                )  # fmt: skip
