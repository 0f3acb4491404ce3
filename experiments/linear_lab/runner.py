"""Simulates the processes of a run: checkpoints, progress, early stopping, budget."""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import jax
import numpy as np
from tqdm import tqdm

from collapse_sim.certify import FAMILY_ERROR, Evidence, LawEvidence, Verdict
from collapse_sim.replicates import EMPTY, Simulation, Stream, Summary, looks
from collapse_sim.run_directory import RunDirectory
from linear_lab.evidence import gather
from linear_lab.limits import Rungs, judge_limits
from linear_lab.plan import Process, World
from linear_lab.predictions import Prediction, predict
from linear_lab.settings import Settings

CHECKPOINT_SECONDS = 2.0
CHUNK = 4096


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
        with self._progress(processes, ladders) as bar:
            for index, process in enumerate(processes):
                bar.set_description(process.name)
                least = max((r.replicates for r in ladders if r.uses(process.name)), default=0)
                result, decided = self._process(index, process, error, least, bar)
                if result.summary.count:
                    results.append(result)
                    verdicts += decided
            for index, rungs in enumerate(ladders):
                verdicts += self._ladder(index, rungs, results, error, bar)
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

    def _progress(self, processes: list[Process], ladders: list[Rungs]) -> tqdm:
        """A bar on the terminal, and none elsewhere."""
        total = self.settings.replicates * len(processes)
        total += sum(rungs.replicates * (len(rungs.samples) - rungs.own) for rungs in ladders)
        return tqdm(
            total=total, unit=" replicates", unit_scale=True, disable=None, leave=False, ncols=80
        )

    def _process(
        self, index: int, process: Process, error: float, least: int, bar: tqdm
    ) -> tuple[Result, list[Verdict]]:
        prediction = predict(self.settings, self.world, process, error)
        evidence, known = gather(self.settings, self.world, process, prediction)

        def is_decided(summary: Summary) -> bool:
            if not self.settings.early_stop or summary.count < least:
                return False
            return all(v.verdict != "undecided" for v in _judge(evidence, summary, error))

        targets = looks(self.settings.replicates)
        name = f"{index:02d}-{process.name}"
        summary = self._simulate(name, index, process.simulation, targets, is_decided, bar)
        bar.update(self.settings.replicates - summary.count)
        verdicts = [*_judge(evidence, summary, error), *known] if summary.count else []
        return Result(process, prediction, summary), verdicts

    def _ladder(
        self, index: int, rungs: Rungs, results: list[Result], error: float, bar: tqdm
    ) -> list[Verdict]:
        own = {result.process.name: result.summary for result in results}
        summaries = []
        for step, samples in enumerate(rungs.samples):
            if rungs.own and samples == self.settings.samples:
                summaries.append(own.get(rungs.process, EMPTY))
                continue
            bar.set_description(f"{rungs.process}, T = {samples}")
            name = f"limit-{rungs.process}-{samples}"
            simulation, targets = rungs.simulate(samples), [rungs.replicates]
            stream = 1000 + 10 * index + step
            summaries.append(self._simulate(name, stream, simulation, targets, lambda _: True, bar))
        if not all(summary.count for summary in summaries):
            return []
        return judge_limits(self.settings, self.world, rungs, summaries, error)

    def _simulate(
        self,
        name: str,
        index: int,
        simulation: Simulation,
        targets: Iterable[int],
        is_decided: Callable[[Summary], bool],
        bar: tqdm,
    ) -> Summary:
        """Go on from the checkpoint, through the targets, until decided or out of time."""
        name = name.replace(" ", "-").replace("/", "-")
        saved = self.run.load_checkpoint(name)
        summary = EMPTY if saved is None else Summary.from_arrays(saved)
        bar.update(summary.count)
        for target in targets:
            if target < summary.count:
                continue
            for grown in self._extend(name, index, simulation, summary, target, bar):
                summary = grown
                if time.monotonic() > self.deadline:
                    return summary
            if is_decided(summary):
                break
        self.run.save_checkpoint(name, summary.to_arrays())
        return summary

    def _extend(
        self,
        name: str,
        index: int,
        simulation: Simulation,
        summary: Summary,
        target: int,
        bar: tqdm,
    ) -> Iterator[Summary]:
        key = jax.random.fold_in(jax.random.key(self.settings.seed), index)
        written = time.monotonic()
        stream = Stream.of(simulation, chunk=min(target - summary.count, CHUNK) or CHUNK)
        for grown in stream.extend(summary, key, target):
            bar.update(grown.count - summary.count)
            summary = grown
            if time.monotonic() - written > CHECKPOINT_SECONDS:
                self.run.save_checkpoint(name, summary.to_arrays())
                written = time.monotonic()
            yield summary


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
