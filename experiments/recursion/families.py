"""Processes of a run, family by family."""

from collections.abc import Sequence
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np

from collapse_sim.experiment.process import Process
from collapse_sim.language.corpus import digest
from experiments.recursion.family import Family
from experiments.recursion.settings import Settings


def family_of(name: str) -> Family:
    """The family of a name, from the module of that name."""
    return import_module(f"experiments.recursion.{name}").FAMILY


def make_processes(settings: Settings) -> tuple[list[Process], dict[str, Any], str]:
    """Make every process that the flags ask for.

    Returns them with the identity of the data that their laws come from, and a line on these data.
    """
    processes, sources, note = [], {}, ""
    for name in settings.families():
        family, read = family_of(name), ()
        if family.text is not None:
            read = (family.text(settings),)
            if read[0] is not None:
                sources = {"corpus": settings.corpus, "digest": digest(read[0].documents)}
                note = read[0].note
        elif family.given is not None:
            read = (family.given(settings),)
            sources, note = read[0].identity, read[0].note
        # The processes of a family share their random numbers: regimes are compared in pairs.
        processes += [
            replace(
                process,
                family=name,
                stream=name,
                replicates=family.replicates(settings)
                if family.replicates
                else settings.replicates or process.replicates,
            )
            for process in family.processes(settings, *read)
        ]
    return processes, sources, note


def arrays_of(settings: Settings, processes: Sequence[Process]) -> dict[str, np.ndarray]:
    """Arrays that figures show beside measures, of all families that keep some."""
    found: dict[str, np.ndarray] = {}
    for name in settings.families():
        make = family_of(name).arrays
        if make is not None:
            found |= make(settings, [process for process in processes if process.family == name])
    return found
