"""Does token editing keep the test error of iterated linear regression under its published bound?

    python experiments/linear_bound.py

Full resampling grows as n b, b = sigma^2 d/(T - d - 1). Editing is published to stay under 2b
whatever the number of edits (Zhu et al. 2025, Theorem 2). In 20 seconds on two cores this
shows that one edit does, that two disjoint halves (2.618 b at d = 10, T = 100) and every longer
schedule do not, and which corrected laws hold instead. Writes a run directory with verdicts.json,
chains.parquet, config.json and figure.{png,pdf,svg}.
"""

import math
import sys
import time
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING

from experiments import command_line, devices
from experiments.linear.settings import Settings, parse

if TYPE_CHECKING:
    from collapse_sim.experiment.process import Result
    from collapse_sim.run_directory import RunDirectory


def main(settings: Settings) -> None:
    """Run, or finish, one experiment and report it."""
    deadline = time.monotonic() + (settings.budget_seconds or math.inf)
    # Imported here so that --help and bad flags answer at once.
    from collapse_sim.certify import FAMILY_ERROR
    from collapse_sim.experiment.decide import decide
    from experiments.finish import begin, finish
    from experiments.linear.ladders import make_ladders
    from experiments.linear.processes import make_processes
    from experiments.linear.report import print_report, print_stored
    from experiments.linear.world import make_world
    from theory.claims import ledger

    world = make_world(settings)
    if world.note:
        print(world.note)
    processes = [*make_processes(settings, world), *make_ladders(settings, world)]
    run = begin(settings, _config(settings, world), print_stored)
    if run is None:
        return
    results, verdicts = decide(
        processes,
        ledger(),
        seed=settings.seed,
        run=run,
        early_stop=settings.early_stop,
        deadline=deadline,
        family_error=FAMILY_ERROR / 2,  # the rest: averaged forms
        show=partial(_show, run),
    )
    finish(
        run,
        None,
        verdicts,
        None,
        lambda: print_report(settings, world.base_error, results, verdicts),
    )


def _show(run: "RunDirectory", results: "Sequence[Result]") -> None:
    """Write curves and figure, which need no limit."""
    from collapse_sim.experiment.decide import chain_rows
    from experiments.finish import save_figure
    from paper_figs.linear_collapse import draw

    run.write_chains(list(chain_rows(results)))
    if results:  # none where the budget ends before the first replicate
        save_figure(run, draw)


def _config(settings: Settings, world) -> dict:
    packages = ("jax", "jaxlib", "numpy", "scipy", "pyarrow", "matplotlib")
    # What is known of a design that is no file is the hash of its numbers.
    hashes = world.hashes or {}
    inputs = {f"--design {name}": hashes[name] for name in hashes if name == settings.design}
    inputs |= command_line.file_digests(settings, "design", "labels", "masks")
    return command_line.config(
        "linear_bound",
        settings,
        packages,
        inputs,
        dim=world.design.dim,
        samples=world.design.samples,
        noise_std=world.noise_std,
        base_error=world.base_error,
        data=world.hashes or {},
    )


command = partial(
    command_line.command, "linear_bound.py", parse, main, configure=devices.configure_simulation
)
"""Parse and run; returns the exit status."""


if __name__ == "__main__":
    raise SystemExit(command(sys.argv[1:]))
