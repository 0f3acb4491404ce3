"""Finished runs, asked for the numbers that a document quotes."""

import functools
import importlib
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from collapse_sim.loaded import read_verdicts
from collapse_sim.run_directory import RunDirectory
from collapse_sim.verdict import Verdict
from experiments import command_line
from experiments.cli import COMMANDS, NAME

HOW_MUCH = {
    "preset", "replicates", "seed", "precision", "limits", "early_stop", "budget_seconds",
    "regimes", "masks", "writers",
}  # fmt: skip
"""Parameters that decide which processes a run has and how closely it looks at them, and nothing
about any one of them."""

CHAIN_NAMES = ("family", "regime", "mask", "variant")
"""Columns of chains.parquet that name a process."""


@functools.cache
def made_by(command: str) -> tuple[str, Mapping[str, Any]] | None:
    """Experiment and parameters of a command; None for one that leaves no run directory."""
    program, _, rest = command.partition(" ")
    name, *flags = shlex.split(rest) or [""]
    if program != NAME or name not in COMMANDS:
        return None
    module = importlib.import_module(COMMANDS[name].module)
    return module.__name__.rpartition(".")[2], command_line.parameters(module.parse(flags))


@dataclass(frozen=True, eq=False)
class QuotedRun:
    """A finished run: its verdicts by claim and process, and its chains."""

    run: RunDirectory
    experiment: str
    parameters: Mapping[str, Any]
    verdicts: Sequence[Verdict]

    @staticmethod
    def read(path: Path) -> "QuotedRun":
        """Raises ValueError for a directory without a finished run, or with one of another version,
        and RunError for one that cannot be read."""
        run = RunDirectory(path)
        if not run.is_finished():
            raise ValueError(f"--runs {path}: accepted are directories of finished runs")
        config = run.config()
        try:
            verdicts = read_verdicts(run)
            return QuotedRun(run, config["experiment"], config["parameters"], verdicts)
        except KeyError as error:
            raise ValueError(f"--runs {path}: config.json has no {error.args[0]}") from None

    def is_of(self, command: str) -> bool:
        """True if the command makes this very run."""
        return (self.experiment, self.parameters) == made_by(command)

    def is_like(self, command: str) -> bool:
        """True if its processes are those of the command, looked at more or less closely."""
        asked = made_by(command)
        if asked is None or self.experiment not in (asked[0], "verify"):
            return False
        common = asked[1].keys() & self.parameters.keys() - HOW_MUCH
        return all(asked[1][name] == self.parameters[name] for name in common)

    def about(self, claim: str, process: str) -> list[Verdict]:
        """Verdicts on the claim about a process, named with its family where it has one."""
        found = [verdict for verdict in self.verdicts if verdict.claim == claim]
        return [verdict for verdict in found if process_key(verdict) == process]

    @functools.cached_property
    def chains(self) -> list[dict[str, Any]]:
        """Rows of chains.parquet."""
        columns = self.run.chains()
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def chain(self, process: str, measure: str, generation: int | None) -> dict[str, Any] | None:
        """Row of a process and a measure at a generation, the last one where none is named."""
        found = [
            row
            for row in self.chains
            if row["measure"] == measure
            and " ".join(filter(None, (row[name] for name in CHAIN_NAMES))) == process
            and generation in (None, row["generation"])
        ]
        return max(found, key=lambda row: row["generation"], default=None)


def process_key(verdict: Verdict) -> str:
    """Name of the process that a verdict is about, after its family's."""
    names = (str(verdict.parameters.get(name, "")) for name in ("family", "process"))
    return " ".join(filter(None, names))
