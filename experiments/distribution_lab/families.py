"""All processes of a run, family by family."""

from importlib import import_module
from typing import Any

from distribution_lab.process import Process
from distribution_lab.settings import Settings


def make_processes(settings: Settings) -> tuple[list[Process], dict[str, Any]]:
    """Every process the flags ask for, and what text their laws come from."""
    processes, sources = [], {}
    for family in settings.families():
        module = import_module(f"distribution_lab.{family}")
        processes += module.processes(settings)
        if family == "categorical":
            sources = module.sources(settings)
    return processes, sources
