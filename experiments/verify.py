"""Decide the claims that are named, by the processes whose checks name them.

collapse-sim verify zhu2025.thm2a                 every process that decides it, at its defaults
collapse-sim verify ref.w2 ref.golden_identity    a simulation, and a certificate by arithmetic

Claims on language models need their own experiments: the command that decides one is named.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal, get_args

import tyro

from collapse_sim.terminal import PROGRAM, run_command
from experiments import command_line
from experiments.claims import decided, unknown
from theory import Claim, ledger

UNDECIDED = 3
"""Exit status where a claim that is named stays undecided."""


@dataclass(frozen=True)
class Settings:
    """Which claims of the ledger hold?"""

    ids: Annotated[tuple[str, ...], tyro.conf.Positional, tyro.conf.arg(metavar="ID ...")]
    """Claims to decide, as `collapse-sim claims` lists them."""

    seed: int = 0
    """The one seed of the run."""

    replicates: int | None = None
    """Most replicates of each process (by process)."""

    precision: Literal["float32", "float64"] = "float32"
    """Precision of the simulation; reductions, closed forms and verdicts are always float64."""


def parse(arguments: Sequence[str]) -> Settings:
    """Settings from the command line; raises ValueError for an id that no claim has."""
    settings = tyro.cli(Settings, args=list(arguments), prog=PROGRAM.get())
    command_line.require_seed(settings.seed)
    claims = ledger()
    for name in settings.ids:
        if name not in claims:
            raise ValueError(unknown(name, claims))
    if not settings.ids:
        raise ValueError("no claim named: collapse-sim claims lists them")
    if settings.replicates is not None and settings.replicates < 1:
        raise ValueError(f"--replicates {settings.replicates}: accepted are integers >= 1")
    return settings


def main(settings: Settings) -> int:
    """Decide and print; returns the exit status."""
    from rich.console import Console

    from collapse_sim.certify import FAMILY_ERROR
    from collapse_sim.experiment.decide import decide
    from experiments.linear.processes import LEAST
    from experiments.verdicts import how_sure, verdict_table

    console = Console(highlight=False)
    claims = [ledger()[name] for name in dict.fromkeys(settings.ids)]
    for claim in claims:
        if claim.decided != "check":
            console.print(f"{claim.id}: {_without_simulation(claim)}", markup=False)
    simulated = [claim.id for claim in claims if claim.decided == "check"]
    processes = select(settings, simulated)
    there = {check.claim for process in processes for check in process.checks}
    for name in [name for name in simulated if name not in there]:
        console.print(f"{name}: {decided(ledger()[name])}", markup=False)
    if not processes:
        return 0
    _, verdicts = decide(
        processes, ledger(), seed=settings.seed, least=LEAST, family_error=FAMILY_ERROR / 2
    )
    console.print(verdict_table(verdicts, lambda verdict: str(verdict.parameters["process"])))
    console.print()
    console.print(how_sure(verdicts), markup=False)
    return UNDECIDED if any(verdict.verdict == "undecided" for verdict in verdicts) else 0


def _without_simulation(claim: Claim) -> str:
    """Outcome of a claim by its certificate, or the reason why nothing decides it."""
    certificate = claim.certificate
    if certificate is None:
        return decided(claim)
    return f"{'holds' if certificate() else 'violated'}, {decided(claim)}"


def select(settings: Settings, names: Sequence[str]) -> list:
    """Processes of all experiments that simulate replicates, with the checks of these claims.

    Beside them stand those that a check compares with or extrapolates from.
    """
    if not names:
        return []
    found = []
    for process in _all_processes(settings):
        found.append(replace(process, checks=[c for c in process.checks if c.claim in names]))
    checks = [(process, check) for process in found for check in process.checks]
    needed = {process.key for process, _ in checks}
    needed |= {key for _, check in checks for key in check.along}
    needed |= {f"{process.family} {check.less}" for process, check in checks if check.less}
    return [process for process in found if process.key in needed]


def _all_processes(settings: Settings) -> list:
    """Make every regime of the regression and every family with checks."""
    from experiments.linear.ladders import make_ladders
    from experiments.linear.processes import make_processes
    from experiments.linear.settings import PRESETS
    from experiments.linear.settings import Settings as Linear
    from experiments.linear.world import make_world
    from experiments.recursion.families import make_processes as make_families
    from experiments.recursion.settings import Family
    from experiments.recursion.settings import Settings as Recursion

    few = {} if settings.replicates is None else {"replicates": settings.replicates}
    shared: dict[str, Any] = {"seed": settings.seed, "precision": settings.precision} | few
    linear = Linear(regimes=PRESETS["paper"].regimes, **shared)
    world = make_world(linear)
    found = [*make_processes(linear, world), *make_ladders(linear, world)]
    for family in get_args(Family):
        if family not in ("all", "sources"):
            found += make_families(Recursion(family=family, **shared))[0]
    return found


def command(
    arguments: Sequence[str],
    *,
    configure: Callable[[Settings], None] = command_line.configure_simulation,
) -> int:
    """Parse and run; returns the exit status: 3 where something stays undecided."""
    status = 0

    def run() -> None:
        nonlocal status
        settings = parse(arguments)
        configure(settings)
        status = main(settings)

    return run_command("verify.py", run) or status


if __name__ == "__main__":
    import sys

    raise SystemExit(command(sys.argv[1:]))
