"""Certificates agree with what their records found, and see formulas that are off by 2 %."""

import pytest

from theory import certificates, ledger
from theory.editing import corrected
from theory.linear import mixing

CERTIFIED = [record for record in ledger().values() if record.decided == "exact"]


@pytest.mark.parametrize("record", CERTIFIED, ids=lambda record: record.id)
def test_a_certificate_says_what_the_record_found(record):
    assert record.certificate is not None
    assert record.certificate() == record.expected.startswith("holds")


@pytest.mark.parametrize("factor", [0.98, 1.02])
@pytest.mark.parametrize(
    ("module", "formula", "certificate"),
    [
        (mixing, "optimal_weight", certificates.best_weight_is_its_variance),
        (mixing, "naive_limit", certificates.pooling_is_worse_than_the_best_weight),
        (
            mixing,
            "round_two_threshold",
            certificates.mixing_beats_the_clean_fit_between_a_third_and_one,
        ),
        (mixing, "dynamic_weight", certificates.the_next_best_weight_is_its_variance),
        (corrected, "one_edit_covariance", certificates.one_edit_by_the_process_itself),
    ],
)
def test_a_formula_off_by_two_percent_is_seen(monkeypatch, module, formula, certificate, factor):
    right = getattr(module, formula)
    monkeypatch.setattr(module, formula, lambda **given: factor * right(**given))
    assert certificate() is False


def test_a_covariance_below_the_bound_passes(monkeypatch):
    """The certificate of a violated claim says yes where the bound is high enough."""
    bound = corrected.disjoint_inflation_bound()
    assert not certificates.quarter_turns_stay_below_the_bound()
    monkeypatch.setattr(corrected, "disjoint_inflation_bound", lambda: bound * 4.61 / 4.43)
    assert certificates.quarter_turns_stay_below_the_bound()
