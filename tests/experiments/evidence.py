"""Evidence of a process as a run makes it."""

from collapse_sim.certify import Evidence, LawEvidence
from collapse_sim.experiment.evidence import evidence, is_statistical
from collapse_sim.experiment.process import Process
from theory.claims import ledger

ERROR = 1e-5
"""Of the interval of a closed form that is averaged over designs."""


def evidence_of(process: Process) -> list[Evidence | LawEvidence]:
    """What the process alone decides by simulation."""
    return [
        evidence(check, process, ledger(), ERROR)
        for check in process.checks
        if not check.joint and is_statistical(check, process, ledger())
    ]
