"""All processes of a run, family by family."""

from importlib import import_module
from typing import Any

from collapse_sim.language.corpus import digest
from experiments.recursion.process import Process
from experiments.recursion.settings import Settings


def make_processes(settings: Settings) -> tuple[list[Process], dict[str, Any], str]:
    """Every process the flags ask for, what identifies the text their laws come from, and what was
    read of it, in one line."""
    processes, sources, note = [], {}, ""
    for family in settings.families():
        module = import_module(f"experiments.recursion.{family}")
        if family != "categorical":
            processes += module.processes(settings)
            continue
        text = module.read_text(settings)
        processes += module.processes(settings, text)
        if text is not None:
            sources = {"corpus": settings.corpus, "digest": digest(text.documents)}
            note = text.note
    return processes, sources, note
