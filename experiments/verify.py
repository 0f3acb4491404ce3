"""Decide claims of the ledger: all of them, or the ones that are named.

  collapse-sim verify                              all claims, within --budget
  collapse-sim verify zhu2025                      every claim of a paper
  collapse-sim verify ref.w2 ref.golden_identity   one simulated, one certified
  collapse-sim verify --check-readme               README's tables and runs

Trends that need hours of training are read from finished runs, given by --runs.
"""

import datetime
import time
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from collapse_sim.loaded import read_verdicts
from collapse_sim.run_directory import RunDirectory
from collapse_sim.verdict import Verdict
from experiments import command_line, devices, flag_help
from experiments.claims import unknown
from experiments.ranges import Count
from theory import Claim, ledger

if TYPE_CHECKING:
    from experiments.verification.outcomes import Decision

UNEXPECTED, UNDECIDED = 1, 3
"""Exit status where a verdict is none that the ledger expects, and where too much stays open."""

ENOUGH = 0.95
"""Share of the claims that can be decided which a run of the whole ledger is to decide."""

UNITS = {"s": 1.0, "m": 60.0, "h": 3600.0}


@dataclass(frozen=True)
class Settings(command_line.RunSettings):
    """Which claims of the ledger hold?"""

    experiment = "verify"

    ids: Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="ID ...")] = ()
    """Claims to decide, or papers: the part of an id before its point; else all."""

    budget: str = "10m"
    """Time after which nothing more is simulated: 90s, 10m or 1h."""

    seed: int = 0
    """The one seed of the run."""

    replicates: Count | None = None
    """Most replicates of each process (by process)."""

    jobs: Count = 3
    """Processes simulated at a time, so that one compiles while others run; changes no number."""

    precision: Literal["float32", "float64"] = "float32"
    """Of the simulation; reductions, closed forms and verdicts are always float64."""

    runs: tyro.conf.UseAppendAction[Annotated[tuple[Path, ...], tyro.conf.arg(metavar="DIR")]] = ()
    """Finished run, whose verdicts count, and whose history the page tells; may be given more than
    once."""

    out: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None
    """Run directory (default: runs/verify/<hash of the parameters> for the whole ledger, and none
    for claims that are named)."""

    resume: bool = False
    """Go on with an interrupted run of the same parameters."""

    check_readme: bool = False
    """Decide nothing: compare the tables of README.md and docs/ with --runs (default: all finished
    ones under runs/)."""

    @property
    def seconds(self) -> float:
        """The budget; raises ValueError for one that is no time."""
        number, unit = self.budget[:-1], self.budget[-1:]
        try:
            seconds = float(number) * UNITS[unit]
        except (ValueError, KeyError):
            seconds = 0.0
        if not 0 < seconds < float("inf"):
            raise ValueError(f"--budget {self.budget}: accepted are times such as 90s, 10m or 1h")
        return seconds

    def parameters(self) -> dict[str, Any]:
        """Parameters: the settings that decide the numbers of a run."""
        parameters = {"ids": list(self.ids), "seed": self.seed, "budget": self.budget}
        return parameters | {"replicates": self.replicates, "precision": self.precision}

    def validate(self) -> None:
        """Raises ValueError for an id that no claim has, and other values out of range."""
        claims = ledger()
        for name in self.ids:
            if not any(is_named(claim, name) for claim in claims):
                raise ValueError(unknown(name, claims))
        if self.check_readme and (self.ids or self.out or self.resume or self.distributed):
            raise ValueError("--check-readme: accepted with --runs alone")
        super().validate()
        assert self.seconds

    @property
    def claims(self) -> list[Claim]:
        """The claims to decide, in the ledger's order."""
        return [
            claim
            for claim in ledger().values()
            if not self.ids or any(is_named(claim.id, name) for name in self.ids)
        ]


def is_named(claim: str, name: str) -> bool:
    """True for the id itself, and for the paper of an id: the part before its point."""
    return name in (claim, claim.partition(".")[0])


def parse(arguments: Sequence[str]) -> Settings:
    """Settings from the command line."""
    settings = flag_help.read(Settings, arguments, description=__doc__)
    command_line.require_seed(settings.seed)
    settings.validate()
    return settings


def main(settings: Settings) -> int:
    """Decide and print; returns the exit status."""
    if settings.check_readme:
        from experiments.verification.readme import check_readme

        return check_readme(settings.runs)
    from rich.console import Console

    from experiments.verification.history import past_runs, remember, status_of, this_run
    from experiments.verification.outcomes import decisions
    from experiments.verification.page import page
    from experiments.verification.report import print_named, print_report

    claims, run = settings.claims, _open(settings)
    if settings.resume and run is not None and run.is_finished():
        print(f"{run.path}: finished before, nothing to resume")
        return status_of(run)
    past = [] if run is None else past_runs(run, settings.runs)
    certified = {c.id: c.certificate() for c in claims if c.certificate is not None}
    read = _read(settings, claims)  # first: no simulation, where it cannot be read
    verdicts, simulated = _simulated(settings, claims, run)
    verdicts += read
    found = decisions(claims, verdicts, certified, simulated)
    console = Console(highlight=False)
    if settings.ids:
        print_named(console, found, verdicts)
    else:
        print_report(found, console)
    unexpected = any(decision.unexpected for decision in found)
    status = UNEXPECTED if unexpected else UNDECIDED if _is_open(settings, found) else 0
    if run is not None:
        run.write_verdicts([vars(verdict) for verdict in verdicts])
        now = this_run(run.config(), _again(settings, *settings.ids), found, status)
        html = page(found, now, past, again=lambda name: _again(settings, name))
        run.write("page.html", lambda aside: aside.write_text(html, encoding="utf-8"))
        remember(run, past, now)
        run.clear_checkpoints()
        print(f"{run.path}: page.html, verdicts.json, chains.parquet, history.json, config.json")
    return status


def _again(settings: Settings, *ids: str) -> str:
    """The command that repeats the run on these claims."""
    flags = [*ids, "--seed", str(settings.seed), "--budget", settings.budget]
    if settings.precision != Settings.precision:
        flags += ["--precision", settings.precision]
    if settings.replicates is not None:
        flags += ["--replicates", str(settings.replicates)]
    return " ".join(["collapse-sim", "verify", *flags])


def _is_open(settings: Settings, found: "Sequence[Decision]") -> bool:
    """True where a named claim is not decided, or too many of the whole ledger stay open."""
    if settings.ids:
        every = [decision for decision in found if decision.claim.decided != "cited"]
        return not all(decision.is_decided for decision in every)
    every = [decision for decision in found if decision.is_decidable]
    return sum(decision.is_decided for decision in every) < ENOUGH * len(every)


def _open(settings: Settings) -> RunDirectory | None:
    """The run directory of a whole ledger; none for claims that are named without --out."""
    if settings.ids and settings.out is None:
        if settings.resume:
            raise ValueError("--resume: accepted with --out, or for the whole ledger")
        return None
    parameters = settings.parameters()
    packages = ("jax", "jaxlib", "flax", "optax", "numpy", "scipy")
    started = datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%d %H:%M:%S")
    path = settings.out or Path("runs") / "verify" / command_line.short_hash(parameters)
    if settings.resume and RunDirectory(path).has_config():
        started = RunDirectory(path).config().get("started", started)
    config = command_line.stated("verify", parameters, packages, {}, started=started)
    return command_line.open_run(path, config, resume=settings.resume)


def _simulated(
    settings: Settings, claims: Sequence[Claim], run: RunDirectory | None
) -> tuple[list[Verdict], set[str]]:
    """Verdicts of the processes that decide these claims, until the budget ends; and the claims
    that there are processes for."""
    from collapse_sim.certify import FAMILY_ERROR, NOT_BEGUN
    from collapse_sim.experiment.decide import chain_rows, decide
    from experiments.verification.processes import all_processes, by_price, select

    names = [claim.id for claim in claims if claim.decided == "check"]
    if not names:
        return [], set()
    deadline = time.monotonic() + settings.seconds
    every = all_processes(settings.seed, settings.precision, settings.replicates)
    selected = select(every, names)
    simulated = {check.claim for process in selected for check in process.checks}
    processes = by_price(selected)
    if not processes:
        return [], simulated
    results, verdicts = decide(
        processes,
        ledger(),
        seed=settings.seed,
        run=run,
        deadline=deadline,
        family_error=FAMILY_ERROR / 2,
        jobs=settings.jobs,
    )
    if run is not None:
        run.write_chains(list(chain_rows(results)))
    return [verdict for verdict in verdicts if verdict.note != NOT_BEGUN], simulated


def _read(settings: Settings, claims: Sequence[Claim]) -> list[Verdict]:
    """Verdicts on these claims of finished runs."""
    names, found = {claim.id for claim in claims}, []
    for path in settings.runs:
        run = RunDirectory(path)
        if not run.is_finished():
            raise ValueError(f"--runs {path}: accepted are directories of finished runs")
        found += [verdict for verdict in read_verdicts(run) if verdict.claim in names]
    return found


command = partial(
    command_line.command, "verify.py", parse, main, configure=devices.configure_simulation
)
"""Parse and run; returns the exit status: 1 for an unexpected verdict, 3 for too few."""


if __name__ == "__main__":
    import sys

    raise SystemExit(command(sys.argv[1:]))
