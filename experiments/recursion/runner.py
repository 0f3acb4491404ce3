"""Simulates the processes of a run and judges their claims."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import get_args

import numpy as np

from collapse_sim.certify import FAMILY_ERROR, Verdict
from collapse_sim.replicates import EMPTY, Summary, looks
from collapse_sim.run_directory import CHAIN_COLUMNS, RunDirectory
from experiments.recursion.process import Process
from experiments.recursion.settings import Family, Settings
from experiments.streaming import Streaming, progress

THREADS = 3

COLUMNS = ("family", *CHAIN_COLUMNS)


@dataclass(frozen=True, eq=False)
class Result:
    """One process and what was measured of it."""

    process: Process
    summary: Summary

    def mean(self, measure: str) -> np.ndarray:
        return self.summary.moments[measure].mean

    def quantile(self, measure: str, share: float) -> np.ndarray:
        """Of the first replicates, generation by generation."""
        return np.quantile(self.summary.sample[measure], share, axis=0)


def simulate(
    settings: Settings, run: RunDirectory, processes: list[Process]
) -> tuple[list[Result], list[Verdict]]:
    """Results and verdicts, in the order of the processes."""
    claims = sum(len(process.evidence) + len(process.contrasts) for process in processes)
    error = FAMILY_ERROR / max(claims, 1)

    def judge(process: Process, summary: Summary) -> list[Verdict]:
        return [evidence.judge(summary, error) for evidence in process.evidence]

    def result(streaming: Streaming, index: int, process: Process) -> Result:
        def is_decided(summary: Summary) -> bool:
            decided = all(v.verdict != "undecided" for v in judge(process, summary))
            return settings.early_stop and decided

        name = f"{index:02d}-{process.family}-{process.name}"
        targets = looks(process.replicates)
        # The processes of a family share their random numbers: regimes are compared in pairs.
        stream = get_args(Family).index(process.family)
        summary = streaming.simulate(
            name, stream, process.simulation, targets, is_decided, chunk=process.chunk
        )
        streaming.bar.update(process.replicates - summary.count)
        return Result(process, summary)

    with progress(sum(process.replicates for process in processes)) as bar:
        streaming = Streaming(run, settings.seed, bar)
        # One compiles while another runs: compiling is most of a short run, and uses one core.
        threads = ThreadPoolExecutor(THREADS)
        try:
            results = list(
                threads.map(partial(result, streaming), *zip(*enumerate(processes), strict=True))
            )
        finally:
            threads.shutdown(cancel_futures=True)
    verdicts = [verdict for r in results for verdict in judge(r.process, r.summary)]
    named = {(r.process.family, r.process.name): r.summary for r in results}
    for r in results:
        for other, evidence in r.process.contrasts:
            less = difference(r.summary, named[r.process.family, other], evidence.measure)
            verdicts.append(evidence.judge(less, error))
    return results, verdicts


def difference(first: Summary, second: Summary, measure: str) -> Summary:
    """The measure of the first less that of the second, by the replicates kept of both."""
    count = min(len(first.sample[measure]), len(second.sample[measure]))
    values = first.sample[measure][:count] - second.sample[measure][:count]
    return EMPTY.add({measure: values})


def chain_rows(results: list[Result]) -> Iterator[tuple]:
    """One row for each process, measure and generation, in the order of COLUMNS."""
    for result in results:
        process, summary = result.process, result.summary
        edited = summary.moments["edited_fraction"].mean
        for measure, moments in summary.moments.items():
            if measure == "edited_fraction":
                continue
            quantiles = np.quantile(summary.sample[measure], (0.05, 0.5, 0.95), axis=0)
            closed = process.closed.get(measure)
            for n in range(len(moments.mean)):
                yield (
                    process.family, process.regime, "", process.variant, measure, n + 1,
                    moments.count, float(moments.mean[n]), float(moments.standard_error[n]),
                    *(float(q[n]) for q in quantiles), float(edited[n]),
                    float("nan") if closed is None else float(closed[n]),
                    "" if closed is None else "exact",
                )  # fmt: skip
