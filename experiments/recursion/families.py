"""Processes of a run, family by family."""

from dataclasses import replace
from importlib import import_module
from typing import Any

from collapse_sim.experiment.process import Process
from collapse_sim.language.corpus import digest
from experiments.recursion.family import Family
from experiments.recursion.settings import Settings


def family_of(name: str) -> Family:
    """The family of a name, from the module of that name."""
    return import_module(f"experiments.recursion.{name}").FAMILY


def make_processes(settings: Settings) -> tuple[list[Process], dict[str, Any], str]:
    """Make every process that the flags ask for.

    Returns them with the identity of the text that their laws come from, and a line on this text.
    """
    processes, sources, note = [], {}, ""
    for name in settings.families():
        family, read = family_of(name), ()
        if family.text is not None:
            read = (family.text(settings),)
            if read[0] is not None:
                sources = {"corpus": settings.corpus, "digest": digest(read[0].documents)}
                note = read[0].note
        # The processes of a family share their random numbers: regimes are compared in pairs.
        processes += [
            replace(
                process,
                family=name,
                stream=name,
                replicates=settings.replicates or process.replicates,
            )
            for process in family.processes(settings, *read)
        ]
    return processes, sources, note
