"""The ledger of selection: complete, callable, and sharp enough to notice 2 %."""

import math

import numpy as np
import pytest

from theory.claims import Claim, ledger
from theory.ledger_selection import CLAIMS

BY_ID = {claim.id: claim for claim in CLAIMS}

IDS = """
feng2025.pstar ref.verified_accuracy yi2026.contract ref.verified_mean ref.verified_error
barzilai2025.thm51 ref.accumulate_fails
""".split()

# The three-dimensional accuracy is Phi(h) - (phi(0) - phi(h)) / h; here h = 1.
SIGNAL_ONE = {"keep_correct": 1.0, "keep_wrong": 1.0, "samples": 8, "dim": 3}
SHARE_ONE = 0.5 - math.sqrt(math.pi / 64)  # sqrt(2 T / (pi kappa)) (phi + psi) (p* - p) = 1

REFERENCES = [
    ("feng2025.pstar", {"keep_correct": 0.9, "keep_wrong": 0.3}, 0.75, 1e-9),
    ("feng2025.pstar", {"keep_correct": 1.0, "keep_wrong": 1.0}, 0.5, 1e-9),
    (
        "ref.verified_accuracy",
        SIGNAL_ONE | {"wrong_share": SHARE_ONE},
        0.841345 - (0.398942 - 0.241971),
        1e-5,
    ),
    ("ref.verified_accuracy", SIGNAL_ONE | {"wrong_share": 0.5}, 0.5, 1e-9),
    # rho = 1 - 2 phi(1) / (2 Phi(1) - 1) = 0.291125, kept share 0.682689
    (
        "yi2026.contract",
        {"truth": 0.0, "centre": 0.0, "width": 1.0, "samples": 100, "generation": 2},
        0.01 * (0.291125**2 + 0.291125 / 0.682689),
        1e-5,
    ),
    # (phi(0) - phi(2)) / (Phi(2) - Phi(0))
    (
        "ref.verified_mean",
        {"truth": 0.0, "centre": 1.0, "width": 1.0, "generation": 2},
        (0.398942 - 0.053991) / 0.477250,
        1e-5,
    ),
    # centred: Var(cut) / (T kappa) + rho^2 / T, as in the bound above
    (
        "ref.verified_error",
        {"truth": 0.0, "centre": 0.0, "width": 1.0, "samples": 100, "generation": 2},
        0.01 * (0.291125**2 + 0.291125 / 0.682689),
        1e-5,
    ),
    ("barzilai2025.thm51", {"generation": 2}, 0.632121**2, 1e-5),
    # sums over paths in fractions: tests/theory/test_accumulation_failure.py
    ("ref.accumulate_fails", {"samples": 64, "generation": 2}, 0.508970, 1e-5),
    ("ref.accumulate_fails", {"samples": 64, "generation": 1}, 1 - (511 / 512) ** 64, 1e-9),
]


def test_every_row_of_the_table_is_there_once():
    assert [claim.id for claim in CLAIMS] == IDS
    assert all(ledger()[name] is BY_ID[name] for name in IDS)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_every_claim_is_checked_and_filled_in(claim: Claim):
    assert claim.id in {row[0] for row in REFERENCES}
    assert all([claim.source, claim.statement, claim.stated, claim.needed, claim.expected])


@pytest.mark.parametrize("factor", [1.0, 1.02, 0.98])
@pytest.mark.parametrize(
    ("claim_id", "parameters", "reference", "tolerance"),
    REFERENCES,
    ids=[f"{row[0]}-{i}" for i, row in enumerate(REFERENCES)],
)
def test_formula_meets_its_reference_and_two_percent_is_seen(
    claim_id, parameters, reference, tolerance, factor
):
    assert tolerance <= 0.009
    predicted = factor * np.asarray(BY_ID[claim_id].predict(parameters))
    agrees = np.abs(predicted - reference) <= tolerance * np.abs(reference)
    assert agrees == (factor == 1.0), (predicted, reference)


def test_the_constant_of_the_lower_bound_is_at_least_a_quarter_and_holds():
    floor = BY_ID["barzilai2025.thm51"].predict({"generation": 2})
    assert floor > 0.25
    for samples in (16, 64, 1024, 10**6):
        exact = BY_ID["ref.accumulate_fails"].predict({"samples": samples, "generation": 2})
        assert exact >= floor


def test_a_missing_parameter_is_named():
    with pytest.raises(KeyError, match="keep_wrong"):
        BY_ID["feng2025.pstar"].predict({"keep_correct": 0.9})
