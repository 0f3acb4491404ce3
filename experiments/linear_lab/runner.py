"""Simulates the processes of a run: checkpoints, progress, early stopping, budget."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from streaming import Streaming, progress

from collapse_sim.certify import FAMILY_ERROR, Evidence, LawEvidence, Verdict
from collapse_sim.replicates import EMPTY, Summary, looks
from collapse_sim.run_directory import RunDirectory
from linear_lab.evidence import gather
from linear_lab.limits import Rungs, judge_limits
from linear_lab.plan import Process, World
from linear_lab.predictions import Prediction, predict
from linear_lab.settings import Settings


@dataclass(frozen=True, eq=False)
class Result:
    """One process, what theory says of it, and what was measured."""

    process: Process
    prediction: Prediction | None
    summary: Summary


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
        results, verdicts = [], []
        with progress(self._total(processes, ladders)) as bar:
            streaming = Streaming(self.run, self.settings.seed, bar, self.deadline)
            for index, process in enumerate(processes):
                bar.set_description(process.name)
                least = max((r.replicates for r in ladders if r.uses(process.name)), default=0)
                result, decided = self._process(index, process, error, least, streaming)
                if result.summary.count:
                    results.append(result)
                    verdicts += decided
            for index, rungs in enumerate(ladders):
                verdicts += self._ladder(index, rungs, results, error, streaming)
        return results, verdicts

    def _error_of_each(self, processes: list[Process], ladders: list[Rungs]) -> float:
        """The family's error shared over all tests, counted before any is decided.

        Halved, because averaged closed forms have intervals of their own.
        """
        ones = np.ones(self.settings.generations)
        outline = Prediction(ones, ones, "exact")
        found = [gather(self.settings, self.world, process, outline)[0] for process in processes]
        tests = sum(map(len, found)) + sum(len(rungs.tests) for rungs in ladders)
        return FAMILY_ERROR / max(2 * tests, 1)

    def _total(self, processes: list[Process], ladders: list[Rungs]) -> int:
        """Most replicates there can be."""
        total = self.settings.replicates * len(processes)
        return total + sum(rungs.replicates * (len(rungs.samples) - rungs.own) for rungs in ladders)

    def _process(
        self, index: int, process: Process, error: float, least: int, streaming: Streaming
    ) -> tuple[Result, list[Verdict]]:
        prediction = predict(self.settings, self.world, process, error)
        evidence, known = gather(self.settings, self.world, process, prediction)

        def is_decided(summary: Summary) -> bool:
            if not self.settings.early_stop or summary.count < least:
                return False
            summary = self.world.in_units_of_labels(summary)
            return all(v.verdict != "undecided" for v in _judge(evidence, summary, error))

        targets = looks(self.settings.replicates)
        name = f"{index:02d}-{process.name}"
        summary = streaming.simulate(name, index, process.simulation, targets, is_decided)
        streaming.bar.update(self.settings.replicates - summary.count)
        summary = self.world.in_units_of_labels(summary)
        verdicts = [*_judge(evidence, summary, error), *known] if summary.count else []
        return Result(process, prediction, summary), verdicts

    def _ladder(
        self, index: int, rungs: Rungs, results: list[Result], error: float, streaming: Streaming
    ) -> list[Verdict]:
        own = {result.process.name: result.summary for result in results}
        summaries = []
        for step, samples in enumerate(rungs.samples):
            if rungs.own and samples == self.settings.samples:
                summaries.append(own.get(rungs.process, EMPTY))
                continue
            streaming.bar.set_description(f"{rungs.process}, T = {samples}")
            name = f"limit-{rungs.process}-{samples}"
            simulation, targets = rungs.simulate(samples), [rungs.replicates]
            stream = 1000 + 10 * index + step
            summaries.append(streaming.simulate(name, stream, simulation, targets))
        if not all(summary.count for summary in summaries):
            return []
        return judge_limits(self.settings, self.world, rungs, summaries, error)


def _judge(evidence: list[Evidence | LawEvidence], summary: Summary, error: float) -> list[Verdict]:
    return [found.judge(summary, error) for found in evidence]


def chain_rows(results: list[Result]) -> Iterator[tuple]:
    """One row for each process, measure and generation, in the order of CHAIN_COLUMNS."""
    for result in results:
        process, prediction, summary = result.process, result.prediction, result.summary
        edited = summary.moments["edited_fraction"].mean
        for measure, moments in summary.moments.items():
            if measure == "edited_fraction":
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
