"""Penalised and minimum-norm fits: whole rows, and limits that are one number at every size."""

import numpy as np

from collapse_sim.experiment.evidence import limit_evidence
from tests.experiments.evidence import family_processes
from theory import ledger

PROCESSES = family_processes("ridge")


def test_whole_rows_are_synthetic():
    for process in PROCESSES.values():
        rows = getattr(process.simulation, "synthetic_rows", np.zeros(1))
        np.testing.assert_allclose(rows, np.round(rows), atol=1e-9)


def test_a_limit_is_the_same_number_at_every_size():
    for process in PROCESSES.values():
        for check in process.checks:
            if check.along:
                rungs = [PROCESSES[key.removeprefix("ridge ")] for key in check.along]
                claims = [limit_evidence(check, [rung], ledger()).claimed for rung in rungs]
                np.testing.assert_allclose(claims, claims[0], rtol=1e-12)
                assert all(rung.looks == (rung.replicates,) for rung in rungs)
