"""Processes of a run, family by family."""

from dataclasses import replace
from importlib import import_module
from typing import Any

from collapse_sim.experiment.process import Process
from collapse_sim.language.corpus import digest
from experiments.recursion.settings import Settings


def make_processes(settings: Settings) -> tuple[list[Process], dict[str, Any], str]:
    """Make every process that the flags ask for.

    Returns them with the identity of the text that their laws come from, and a line on this text.
    """
    processes, sources, note = [], {}, ""
    for family in settings.families():
        module, text = import_module(f"experiments.recursion.{family}"), ()
        if family == "categorical":
            text = (module.read_text(settings),)
            if text[0] is not None:
                sources = {"corpus": settings.corpus, "digest": digest(text[0].documents)}
                note = text[0].note
        # The processes of a family share their random numbers: regimes are compared in pairs.
        processes += [replace(p, stream=family) for p in module.processes(settings, *text)]
    return processes, sources, note
