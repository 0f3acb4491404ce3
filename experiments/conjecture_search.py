"""Search for a schedule of disjoint edits whose mean test error exceeds (2 e^tau - 1) b.

    python experiments/conjecture_search.py

For a Gaussian design the bound is proved for one column, for at most four edits, and for the (d, T)
named in docs/theory.md; elsewhere it is a conjecture. Six minutes on two cores. Each line
is one (d, T) with the schedule that came closest: equal, growing, shrinking and random block sizes
are tried and rows edited one by one, which comes closest in long designs of few columns. The mean
over all label noise is exact for every design drawn. A counterexample is a result: it is reported
as `violated`, and the exit status stays 0.
"""

import os
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from experiments import command_line, devices

if TYPE_CHECKING:
    from collapse_sim.verdict import Verdict


MOST_ROWS = 25
"""Rows edited one by one, at most: each edit has a term with every earlier one."""


@dataclass(frozen=True)
class Settings(command_line.RunSettings):
    """Search for counterexamples to (2 e^tau - 1) b over disjoint schedules."""

    experiment = "conjecture_search"

    dims: tuple[int, ...] = (2, 3, 5)
    """Columns d of the designs tried."""

    ratios: tuple[float, ...] = (1.2, 2.5, 10.0)
    """T / d of the designs tried (T is at least d + 2)."""

    blocks: tuple[int, ...] = (5, 8)
    """Numbers of edits tried; at most four are proved."""

    totals: tuple[float, ...] = (0.5, 1.0)
    """Shares of all rows edited, tau."""

    designs: int = 16_384
    """Designs that every mean is taken over."""

    seed: int = 0
    """The one seed of the search."""

    out: Path = Path("runs/conjecture_search/default")
    """Run directory: verdicts.json and config.json."""

    def validate(self) -> None:
        """Raise ValueError, in one line, for unusable values."""
        for name, least in (("dims", 1), ("blocks", 1), ("ratios", 0), ("totals", 0)):
            if not getattr(self, name) or min(getattr(self, name)) < least:
                command_line.reject(self, name, f"accepted are numbers >= {least}, at least one")


parse = partial(command_line.parse, {"default": Settings()})
"""Settings from the command line."""


def schedules(samples: int, edited: int, blocks: int, rng: np.random.Generator):
    """Named tuples of block sizes, each summing to `edited`."""
    steps = np.arange(1, blocks + 1)
    shapes = {
        "equal": np.ones(blocks),
        "growing": steps,
        "shrinking": steps[::-1],
        "random": rng.dirichlet(np.ones(blocks)),
    }
    for name, shape in shapes.items():
        edges = np.round(np.cumsum(shape) / np.sum(shape) * edited).astype(int)
        sizes = np.diff(edges, prepend=0)
        schedule = np.zeros((blocks, samples), bool)
        for block, (start, size) in enumerate(zip(edges - sizes, sizes, strict=True)):
            schedule[block, start : start + size] = True
        yield name, schedule


def search(settings: Settings) -> "list[Verdict]":
    """A verdict for every schedule tried."""
    # Imported here so that --help and bad flags answer at once.
    import jax

    from collapse_sim.certify import FAMILY_ERROR
    from collapse_sim.intervals import mean_interval
    from collapse_sim.linear.design import GaussianDesign
    from collapse_sim.linear.expectation import ScheduledExpectation
    from collapse_sim.replicates import EMPTY, Stream
    from collapse_sim.verdict import Verdict, decide
    from theory.claims import ledger
    from theory.linear.wishart import base_error

    rng, key = np.random.default_rng(settings.seed), jax.random.key(settings.seed)
    claim = ledger()["ref.edit_B_const"]
    cases = []
    for dim in settings.dims:
        for samples in sorted({max(round(dim * ratio), dim + 2) for ratio in settings.ratios}):
            for blocks in settings.blocks:
                for total in settings.totals:
                    edited = round(total * samples)
                    if edited >= blocks:
                        made = schedules(samples, edited, blocks, rng)
                        cases += [(dim, samples, name, schedule) for name, schedule in made]
            for total in settings.totals:
                single = np.eye(samples, dtype=bool)[: round(total * samples)]
                if len(single) <= MOST_ROWS:
                    cases.append((dim, samples, "one row after the other", single))
    verdicts = []
    for index, (dim, samples, name, schedule) in enumerate(cases):
        simulation = ScheduledExpectation.of(GaussianDesign(dim, samples), schedule)
        stream = Stream.of(simulation, chunk=settings.designs)
        *_, summary = stream.extend(EMPTY, jax.random.fold_in(key, index), settings.designs)
        where = {"dim": dim, "samples": samples, "edited_total": schedule.sum() / samples}
        bound = claim.predict(where)
        moments = summary.moments["scale_averaged_error"]
        error = FAMILY_ERROR / len(cases)
        interval = mean_interval(moments, len(schedule), error)
        sizes = [int(size) for size in schedule.sum(axis=1)]
        verdicts.append(
            Verdict(
                claim=claim.id,
                source=claim.source,
                parameters=where | {"process": f"disjoint, {name}", "edited_rows": sizes},
                generation=len(schedule) + 1,
                relation="<=",
                predicted=bound,
                observed=float(moments.mean[-1]),
                interval=list(interval),
                confidence=1 - error,
                verdict=decide("<=", interval, (bound, bound), tolerance=0.0),
                note=f"{moments.mean[-1] / bound:.3f} of the bound; "
                f"{moments.mean[-1] / base_error(dim=dim, samples=samples):.3f} b",
            )
        )
    return verdicts


def main(settings: Settings) -> None:
    """Search, write the verdicts, print the closest schedule of each (d, T)."""
    from experiments.verdicts import how_sure

    packages = ("jax", "jaxlib", "numpy", "scipy")
    config = command_line.config("conjecture_search", settings, packages, inputs={})
    run = command_line.open_run(settings.out, config, resume=False)
    verdicts = search(settings)
    run.write_verdicts([vars(verdict) for verdict in verdicts])
    run.clear_checkpoints()
    closest: dict[tuple[int, int], Verdict] = {}
    for verdict in verdicts:
        place = verdict.parameters["dim"], verdict.parameters["samples"]
        if place not in closest or _share(verdict) > _share(closest[place]):
            closest[place] = verdict
    print("   d     T   closest schedule of disjoint blocks   tau   share of bound  verdict")
    for (dim, samples), verdict in closest.items():
        edited = verdict.parameters["edited_rows"]
        single = f"{len(edited)} rows, one after the other"
        sizes = single if max(edited) == 1 else ",".join(map(str, edited))
        total = verdict.parameters["edited_total"]
        print(
            f"{dim:4d} {samples:5d}   {sizes:36.36s} {total:5.2f} {_share(verdict):12.3f}     "
            f"{verdict.verdict}"
        )
    counts = {name: sum(v.verdict == name for v in verdicts) for name in ("holds", "violated")}
    rest = len(verdicts) - sum(counts.values())
    held = f"{counts['holds']} hold, {counts['violated']} violated, {rest} undecided"
    print(f"{len(verdicts)} schedules: {held}. {how_sure(verdicts)}")
    print(f"{run.path}: verdicts.json, config.json")


def _share(verdict: "Verdict") -> float:
    assert verdict.observed is not None and verdict.predicted is not None
    return verdict.observed / verdict.predicted


def _configure(settings: Settings) -> None:
    """Run on the host, which compiles many small programs fastest."""
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    devices.require_devices()


command = partial(
    command_line.command, "conjecture_search.py", parse, main, configure=_configure, interrupted=""
)
"""Parse and run; returns the exit status."""


if __name__ == "__main__":
    raise SystemExit(command(sys.argv[1:]))
