"""A run directory read back: its parameters, verdicts and chains."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from collapse_sim.record import read_record
from collapse_sim.run_directory import RunDirectory, RunError
from collapse_sim.table import Table
from collapse_sim.verdict import Verdict


@dataclass(frozen=True, repr=False)
class Loaded:
    """A finished run. `chains` is read when it is asked for."""

    path: Path
    config: dict[str, Any]
    verdicts: list[Verdict]

    def __repr__(self) -> str:
        found = [verdict.verdict for verdict in self.verdicts]
        counts = ", ".join(f"{found.count(name)} {name}" for name in dict.fromkeys(found))
        return f"Loaded({self.config.get('experiment')} in {self.path}: {counts or 'no verdicts'})"

    @cached_property
    def chains(self) -> Table:
        """The means of every process, measure and generation."""
        return Table(RunDirectory(self.path).chains())


def load(run_directory: Path | str) -> Loaded:
    """Read a run directory; raises RunError, in one line, for any that holds no finished run."""
    run = RunDirectory(run_directory)
    if not run.has_config():
        raise RunError(f"{run.path}: accepted is a run directory, with config.json and the rest")
    if not run.is_finished():
        raise RunError(f"{run.path}: is not finished; the same command with --resume goes on")
    return Loaded(run.path, run.config(), read_verdicts(run))


def read_verdicts(run: RunDirectory) -> list[Verdict]:
    """The verdicts of a run; raises RunError for a file that holds others than are made now."""
    try:
        return [read_record(Verdict, record) for record in run.verdicts()]
    except ValueError as error:
        raise RunError(
            f"{run.path}: verdicts.json is of another version of collapse_sim ({error}); the same "
            "command without --resume makes it anew"
        ) from None
