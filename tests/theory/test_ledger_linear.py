"""The linear ledger: complete, evaluable, and caught when a formula is off by two per cent."""

import math

import pytest

from tests.theory.references_linear import REFERENCES
from theory.ledger_linear import CLAIMS

BY_ID = {claim.id: claim for claim in CLAIMS}
IDS = """
zhu2025.eq7 gerst2024.replace ref.replace_law gerst2024.accumulate ref.accumulate_fresh
gerst2024.halfway ref.contaminated_mean ref.subsample he2025.weight ref.golden_identity he2025.naive
garg2026.minnorm garg2026.third garg2026.dynamic garg2026.ridge garg2026.fixedreal
dohmatob2025.thm1 ref.strong_T dohmatob2025.cor1 dohmatob2025.cor2 ref.weighted
dohmatob2025.cor3 dohmatob2024a.linear dohmatob2024a.ridgeless dohmatob2024a.overparam
ref.overparam_shared ref.ridge_chain dohmatob2024a.powerlaw dey2024.augment dey2024.discard
""".split()


def test_every_row_is_there_once():
    assert [claim.id for claim in CLAIMS] == IDS


def test_every_claim_has_a_reference():
    # The law is a distribution: the simulators' tests hold it against draws.
    assert {row[0] for row in REFERENCES} == set(IDS) - {"ref.replace_law"}


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_every_record_is_filled_in(claim):
    for text in (claim.source, claim.statement, claim.stated, claim.needed, claim.expected):
        assert text
    assert claim.relation in ("==", "<=", ">=", "->", "assumption")


def test_what_is_not_verified_says_so():
    for name in ("dohmatob2025.cor3", "dohmatob2024a.powerlaw"):
        assert BY_ID[name].expected.startswith("unverified")
    assert "not attributed" in BY_ID["dohmatob2025.cor2"].source


@pytest.mark.parametrize("factor", [1.0, 1.02, 0.98])
@pytest.mark.parametrize(
    ("claim_id", "parameters", "reference", "tolerance"),
    REFERENCES,
    ids=[f"{row[0]}-{i}" for i, row in enumerate(REFERENCES)],
)
def test_a_formula_off_by_two_per_cent_is_caught(
    claim_id, parameters, reference, tolerance, factor
):
    assert tolerance <= 0.009
    predicted = factor * BY_ID[claim_id].predict(parameters)
    assert math.isclose(predicted, reference, rel_tol=tolerance) == (factor == 1.0)


def test_predict_ignores_what_a_formula_does_not_name_and_reports_what_is_missing():
    claim = BY_ID["zhu2025.eq7"]
    given = {"dim": 4, "samples": 9, "generation": 2}
    assert claim.predict(given | {"mask": "all"}) == 2.0
    with pytest.raises(KeyError, match="generation"):
        claim.predict({"dim": 4, "samples": 9})
