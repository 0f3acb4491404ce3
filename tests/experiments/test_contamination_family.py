"""Contamination: numbers of leading order, and what debiasing is worth."""

from typing import Any

import jax.numpy as jnp
import numpy as np
import pytest

from experiments.recursion import contamination
from tests.experiments.evidence import evidence_of, family_processes
from theory.distributions import zipf_tails

PROCESSES = family_processes("contamination")


def test_numbers_of_leading_order_are_as_near_as_their_tolerance_needs():
    """Half of it, so that an interval of the other half decides."""
    for process in PROCESSES.values():
        errors: Any = process.closed.get("squared_distance")
        for evidence in evidence_of(process):
            if evidence.claim == "wang2026.rate":
                assert errors is not None
                assert evidence.predicted[0] == pytest.approx(errors[-1], rel=0.0101)
            if evidence.claim == "dohmatob2024b.thm32":
                exact = zipf_tails.memoriser_error(**process.where)
                assert evidence.predicted[0] == pytest.approx(exact, rel=0.0101)


def test_debiasing_halves_the_error_of_a_tenth_human():
    debiased, pooled = (
        PROCESSES[f"{estimate}, 10 % human"].closed["squared_distance"]
        for estimate in ("debiased", "pooled")
    )
    assert 2 < pooled[-1] / debiased[-1] < 2.1


def test_the_largest_error_never_falls():
    trace = {"squared_mean_error": jnp.array([0.2, 0.1, 0.4, 0.3])}
    found = contamination._largest(trace)["largest_mean_error"]
    np.testing.assert_allclose(found, [0.2, 0.2, 0.4, 0.4])
