"""Certificates on penalised fits see formulas that are off by 2 %."""

import pytest

from theory import certificates_ridge
from theory.linear import penalised_mixing


@pytest.mark.parametrize("factor", [0.98, 1.02])
@pytest.mark.parametrize("formula", ["ridge_mix_limit", "ridge_least_optimal_weight"])
def test_a_formula_off_by_two_percent_is_seen(monkeypatch, formula, factor):
    right = getattr(penalised_mixing, formula)
    monkeypatch.setattr(penalised_mixing, formula, lambda **given: factor * right(**given))
    assert certificates_ridge.mixing_ridge_below_one_half_never_pays() is False
