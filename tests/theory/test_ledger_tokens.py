"""The ledger of the token rule: complete, callable, and sharp enough to notice 2 %."""

import numpy as np
import pytest

from tests.theory.references_tokens import CONFIDENT, REFERENCES
from theory.claims import Claim, ledger
from theory.ledger_tokens import CLAIMS

BY_ID = {claim.id: claim for claim in CLAIMS}

IDS = """
zhu2025.preserve ref.token_tv_bound ref.token_tv ref.token_iter ref.token_iter_tail
ref.token_context
""".split()


def test_every_row_of_the_table_is_there_once():
    assert [claim.id for claim in CLAIMS] == IDS
    assert all(ledger()[name] is BY_ID[name] for name in IDS)


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_every_claim_is_checked_and_filled_in(claim: Claim):
    # A distance of 0 has no 2 %: it has its own test.
    assert claim.id in {row[0] for row in REFERENCES} | {"zhu2025.preserve"}
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
    assert (agrees == (factor == 1.0)).all(), (predicted, reference)


def test_the_published_claim_is_that_nothing_changes():
    assert BY_ID["zhu2025.preserve"].predict({"threshold": 0.99}) == 0.0
    one_pass = {"prior": CONFIDENT, "threshold": 0.99}
    assert BY_ID["ref.token_tv"].predict(one_pass) == pytest.approx(0.995 * 0.005)


def test_a_missing_parameter_is_named():
    with pytest.raises(KeyError, match="passes"):
        BY_ID["ref.token_iter"].predict({"prior_top": 0.995})
