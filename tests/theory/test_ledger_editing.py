"""The ledger of token editing: complete, callable, and sharp enough to notice 2 %."""

import numpy as np
import pytest

from tests.theory.references_editing import REFERENCES
from theory.claims import Claim
from theory.ledger_editing import CLAIMS

BY_ID = {claim.id: claim for claim in CLAIMS}

# Claims whose formula returns an array or a decision: parameters and the exact answer.
DECISIONS = [
    (
        "zhu2025.thm1",
        {
            "design": [[1.0], [1.0]],
            "true_weights": [0.0],
            "noises": [[3.0, 1.0], [1.0, 5.0]],
            "masks": [[1, 0]],
        },
        [[2.0], [2.5]],
    ),
    ("zhu2025.eq16", {"masks": [[1, 0, 0], [1, 1, 0]]}, False),
    ("zhu2025.eq16", {"masks": [[1, 0, 0], [0, 1, 0]]}, True),
    ("zhu2025.decay", {"edit_counts": (1, 1), "norm_decay": 0.9}, False),
    ("zhu2025.decay", {"edit_counts": (4, 1), "norm_decay": 0.5}, True),
    ("zhu2025.eq36", {"dim": 1, "samples": 2}, False),
    ("zhu2025.eq36", {"dim": 2, "samples": 2}, True),
    ("ref.edit_A", {"overlap": [[0.5, 0.0], [0.0, 1.0]]}, [[1.75, 0.0], [0.0, 2.0]]),
    ("ref.edit_B", {"overlaps": [[[0.5]], [[0.5]]]}, [[[1.0]], [[1.75]], [[2.6875]]]),
]


def test_every_row_of_the_table_is_there_once():
    printed = "thm1 eq16 thm2a thm2a_single thm2a_conf thm2b decay eq36 sec2"
    own = (
        "exact_one edit_A edit_B edit_B_const edit_B_loewner edit_C edit_C_T edit_D edit_E "
        "edit_one_T edit_two_T conf_one conf_nested conf_free"
    )
    wanted = [f"zhu2025.{name}" for name in printed.split()]
    wanted += [f"ref.{name}" for name in own.split()]
    assert [claim.id for claim in CLAIMS] == wanted


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_every_claim_is_checked_and_filled_in(claim: Claim):
    tested = {row[0] for row in REFERENCES} | {row[0] for row in DECISIONS}
    assert claim.id in tested
    assert all([claim.source, claim.statement, claim.stated, claim.needed, claim.expected])


@pytest.mark.parametrize("factor", [1.0, 1.02, 0.98])
@pytest.mark.parametrize(("claim_id", "parameters", "reference", "tolerance"), REFERENCES)
def test_formula_meets_its_reference_and_two_percent_is_seen(
    claim_id, parameters, reference, tolerance, factor
):
    assert tolerance <= 0.009
    predicted = factor * BY_ID[claim_id].predict(parameters)
    agrees = abs(predicted - reference) <= tolerance * abs(reference)
    assert agrees == (factor == 1.0), (predicted, reference)


@pytest.mark.parametrize(("claim_id", "parameters", "answer"), DECISIONS)
def test_decisions_and_arrays(claim_id, parameters, answer):
    np.testing.assert_allclose(BY_ID[claim_id].predict(parameters), answer, rtol=1e-12, atol=1e-12)


def test_a_missing_parameter_is_named():
    with pytest.raises(KeyError, match="edit_fraction"):
        BY_ID["ref.edit_C"].predict({"generation": 2})
