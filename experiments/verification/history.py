"""History of a ledger: decisions of earlier runs of `collapse-sim verify`.

A run adds its outcomes to history.json in its directory, so that the same command, which writes to
the same directory, goes on with it. Certificates are in it too, which verdicts.json does not hold.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from collapse_sim.record import read_record
from collapse_sim.run_directory import RunDirectory, RunError
from experiments.verification.outcomes import NEEDS_A_RUN, NOT_REACHED, Decision

FILE = "history.json"


@dataclass(frozen=True)
class PastRun:
    """Start of a run, its version and command, the outcomes of each claim by its id, and its exit
    status."""

    started: str
    version: str
    command: str
    outcomes: dict[str, list[str]] = field(default_factory=dict)
    status: int | None = None
    """None of a run of an earlier version, which did not keep it."""


def past_runs(run: RunDirectory, others: Iterable[Path] = ()) -> list[PastRun]:
    """Runs that this directory or another one remembers, each once, the newest first, without the
    run itself.

    Raises RunError for a history that cannot be read.
    """
    found = {}
    for path in (run.path, *others):
        if (path / FILE).is_file():
            found |= {past.started: past for past in map(_record(path), _records(path))}
    found.pop(run.config().get("started"), None)
    return sorted(found.values(), key=lambda past: past.started, reverse=True)


def status_of(run: RunDirectory) -> int:
    """Exit status of a finished run.

    Raises RunError for a history that cannot be read or does not tell.
    """
    started = run.config().get("started")
    for past in map(_record(run.path), _records(run.path)):
        if past.started == started and past.status is not None:
            return past.status
    raise RunError(
        f"{run.path}: {FILE} does not tell this run's exit status; accepted is the same command "
        "without --resume"
    )


def _records(path: Path) -> list[Any]:
    records = RunDirectory(path).read_json(FILE)
    if not isinstance(records, list):
        raise RunError(f"{path}: {FILE} cannot be read (no list of runs)")
    return records


def _record(path: Path) -> Callable[[Any], PastRun]:
    def read(record: Any) -> PastRun:
        try:
            return read_record(PastRun, record)
        except ValueError as error:
            raise RunError(f"{path}: {FILE} cannot be read (no run: {error})") from None

    return read


def remember(run: RunDirectory, past: Sequence[PastRun], now: PastRun) -> None:
    """Write history.json: this run and the earlier ones."""
    run.write_json(FILE, [asdict(each) for each in (now, *past)])


def this_run(
    config: dict[str, Any], command: str, decided: Sequence[Decision], status: int | None = None
) -> PastRun:
    """The run that `config` is of, with what it decided and its exit status; claims that it did not
    reach are left out."""
    nothing = (NOT_REACHED,), (NEEDS_A_RUN,)
    outcomes = {d.claim.id: list(d.outcomes) for d in decided if d.outcomes not in nothing}
    return PastRun(config.get("started", ""), config["version"], command, outcomes, status)


def changed(now: PastRun, past: Sequence[PastRun]) -> list[str]:
    """Claims whose outcomes are other ones than in the newest earlier run that reached them."""
    found = []
    for name, outcomes in now.outcomes.items():
        before = next((run.outcomes[name] for run in past if name in run.outcomes), outcomes)
        if sorted(before) != sorted(outcomes):
            found.append(name)
    return found
