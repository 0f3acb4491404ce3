"""Evidence of a process as a run makes it, and as it would be of a formula that is off."""

import functools
import os
from dataclasses import replace

import jax

from collapse_sim.certify import Evidence, LawEvidence
from collapse_sim.experiment.evidence import evidence, is_statistical
from collapse_sim.experiment.process import Process
from collapse_sim.replicates import EMPTY, Stream, Summary
from experiments.recursion.families import make_processes
from experiments.recursion.settings import Settings
from theory.claims import ledger

ERROR = 1e-5
"""Of the interval of a closed form that is averaged over designs."""

XLA_FLAGS = os.environ["XLA_FLAGS"].replace("level=0", "level=1")
"""Of a command in a process of its own: simulations of this one are compiled so too."""


def evidence_of(process: Process) -> list[Evidence | LawEvidence]:
    """What the process alone decides by simulation."""
    return [
        evidence(check, process, ledger(), ERROR)
        for check in process.checks
        if not check.joint and is_statistical(check, process, ledger())
    ]


@functools.cache
def family_processes(family: str) -> dict[str, Process]:
    """Processes of a family of `collapse-sim curse` by name, with the size of a ladder's step."""
    found, *_ = make_processes(Settings(family=family))
    return {f"{process.name} {process.step}".rstrip(): process for process in found}


def simulated(process: Process, replicates: int, *, seed: int = 7) -> Summary:
    *_, summary = Stream.of(process.simulation).extend(EMPTY, jax.random.key(seed), replicates)
    return summary


def off(right: Evidence | LawEvidence, factor: float) -> Evidence | LawEvidence:
    """What is measured, held against another number; of a law, against that on another scale."""
    if isinstance(right, LawEvidence):
        return replace(right, law=lambda x: right.law(x / factor))
    wrong = factor * right.predicted[0]
    return replace(right, predicted=(wrong, wrong))
