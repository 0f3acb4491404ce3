"""Simulates the processes of a run and judges their claims."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from distribution_lab.process import Process
from distribution_lab.settings import Settings
from streaming import Streaming, progress

from collapse_sim.certify import FAMILY_ERROR, Verdict
from collapse_sim.replicates import Summary, looks
from collapse_sim.run_directory import CHAIN_COLUMNS, RunDirectory

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
    error = FAMILY_ERROR / max(sum(len(process.evidence) for process in processes), 1)
    results, verdicts = [], []
    with progress(sum(process.replicates for process in processes)) as bar:
        streaming = Streaming(run, settings.seed, bar)
        for index, process in enumerate(processes):
            bar.set_description(f"{process.family}: {process.name}")

            def is_decided(summary: Summary, process: Process = process) -> bool:
                found = (evidence.judge(summary, error) for evidence in process.evidence)
                return settings.early_stop and all(v.verdict != "undecided" for v in found)

            name = f"{index:02d}-{process.family}-{process.name}"
            targets = looks(process.replicates)
            summary = streaming.simulate(name, index, process.simulation, targets, is_decided)
            bar.update(process.replicates - summary.count)
            results.append(Result(process, summary))
            verdicts += [evidence.judge(summary, error) for evidence in process.evidence]
    return results, verdicts


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
