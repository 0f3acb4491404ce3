"""Processes of all experiments that decide claims without hours of training, cheapest first."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import jax
import numpy as np

from collapse_sim.experiment.process import Process
from collapse_sim.linear.design import GivenDesign
from collapse_sim.tracing import size_of
from collapse_sim.workplace import OnHost
from experiments.editing.moved_contexts import oracle_processes
from experiments.linear.ladders import make_ladders
from experiments.linear.processes import edit_processes
from experiments.linear.processes import make_processes as make_linear
from experiments.linear.schedules import Masks, scheduled
from experiments.linear.settings import PRESETS as LINEAR
from experiments.linear.settings import Settings as LinearSettings
from experiments.linear.world import World
from experiments.linear.world import make_world as make_linear_world
from experiments.recursion.families import family_of
from experiments.recursion.families import make_processes as make_family
from experiments.recursion.names import FAMILIES
from experiments.recursion.settings import Settings as FamilySettings
from experiments.transformer.processes import make_learner
from experiments.transformer.processes import make_processes as make_chains
from experiments.transformer.settings import PRESETS as LANGUAGE
from experiments.transformer.token_rule import token_rule_processes
from experiments.transformer.world import make_world as make_language_world

SMALL = {"seeds": 8, "tokens": 6000, "epochs": 1.0, "generations": 3}
"""Of language models: sizes at which a trend of the loss is plain, and seeds that decide it."""

MORE = 2
"""Factor on the most replicates of a process. A ledger shares its error over some 300 checks, so
that each needs half as many replicates again as in an experiment of its own."""

COMPILED = 2e10
"""Price of a program of its own, in floats that a core writes meanwhile."""

TRAINED = 1e11
"""Price of a decision by training, dearer than most simulations, not than all."""


def select(processes: Iterable[Process], names: Iterable[str]) -> list[Process]:
    """Processes with the checks of these claims, and all that such a check looks at."""
    names = set(names)
    found = [replace(p, checks=[c for c in p.checks if c.claim in names]) for p in processes]
    checks = [(process, check) for process in found for check in process.checks]
    needed = {process.key for process, _ in checks}
    needed |= {key for process, check in checks for key in process.partners(check)}
    return [process for process in found if process.key in needed]


def by_price(processes: Sequence[Process]) -> list[Process]:
    """Processes that decide most checks for what they may cost come first."""
    return sorted(processes, key=price)


def price(process: Process) -> float:
    """Floats that a process may write for each of its checks; of training, whose processes are
    compared with one another, the same for all."""
    if isinstance(process.simulation, OnHost):
        return TRAINED
    floats = float(process.replicates) * size_of(process.simulation).written
    return (COMPILED + floats) / max(len(process.checks), 1)


def linear_processes(shared: dict[str, Any]) -> list[Process]:
    """Every regime of the regression, and its ladders."""
    settings = LinearSettings(regimes=LINEAR["paper"].regimes, **shared)
    world = make_linear_world(settings)
    return [
        *make_linear(settings, world),
        *edit_processes(settings, world, "sliding", sliding_masks(settings), "chained"),
        *make_ladders(settings, world),
    ]


def sliding_masks(settings: LinearSettings) -> Masks:
    """A third of the rows, moved on by a sixth each time: an edit touches half of the last one's.

    Masks of this kind have no name among the flags; a user gives them as a file.
    """
    rows, edits = settings.samples, settings.generations - 1
    places = (np.arange(rows) - np.arange(edits)[:, None] * rows // 6) % rows
    return scheduled(places < rows // 3)


def given_processes(shared: dict[str, Any]) -> list[Process]:
    """A cubic over evenly spaced points, as an example of a design that is given."""
    settings = LinearSettings(
        regimes=("replace", "accumulate", "edit"), masks=("halves",), **shared
    )
    design = GivenDesign.of(np.vander(np.linspace(-1, 1, 40), 4))
    world = World(design, 1.0, np.dtype(settings.precision))
    return [_of_family(process, "given design") for process in make_linear(settings, world)]


def recursion_processes(shared: dict[str, Any]) -> list[Process]:
    """Every family, with the regimes that decide something and do not run unasked."""
    found = []
    for name in FAMILIES:
        if not family_of(name).verified:
            continue
        settings = FamilySettings(family=name, **shared)
        asked = (*settings.regimes, *family_of(name).unasked)
        found += make_family(replace(settings, regimes=asked))[0]
    return found


def language_processes(seed: int) -> list[Process]:
    """The token rule and moved contexts exactly, and small models of a source of known law."""
    settings = replace(LANGUAGE["oracle"], seed=seed, **SMALL)
    world = make_language_world(settings)
    # On one device: on several they wait for one another, and beside simulations that keep a device
    # busy for longer than XLA waits, it ends the process.
    learner = make_learner(settings, world, jax.local_devices()[:1])
    chains = make_chains(settings, world, learner)
    found = (*token_rule_processes(world), *oracle_processes(), *chains)
    return [_of_family(process, "language") for process in found]


def _of_family(process: Process, family: str) -> Process:
    """The same process, told apart from others of its name."""
    checks = [replace(c, along=tuple(f"{family} {key}" for key in c.along)) for c in process.checks]
    return replace(process, family=family, checks=checks)


def all_processes(
    seed: int, precision: str = "float32", replicates: int | None = None
) -> list[Process]:
    """Processes of the regression, of distributions and of language models."""
    few = {} if replicates is None else {"replicates": replicates}
    shared = {"seed": seed, "precision": precision} | few
    found = [
        *linear_processes(shared),
        *given_processes(shared),
        *recursion_processes(shared),
        *language_processes(seed),
    ]
    return found if few else _with_more_replicates(found)


def _with_more_replicates(processes: Sequence[Process]) -> list[Process]:
    """The same with a higher limit, where the number of replicates is not part of the claim's test.

    Rungs of a ladder are looked at once, at the end, and others at looks of their own.
    """
    rungs = {key for process in processes for check in process.checks for key in check.along}
    return [
        process
        if process.key in rungs or process.looks or isinstance(process.simulation, OnHost)
        else replace(process, replicates=MORE * process.replicates)
        for process in processes
    ]
