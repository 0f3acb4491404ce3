"""The certificate of leavers to leading order sees formulas that are off by 2 %."""

import pytest

from theory import certificates_edited_text
from theory.language import edited_text


@pytest.mark.parametrize("factor", [0.98, 1.02])
@pytest.mark.parametrize("formula", ["leavers_per_change", "leading_error"])
def test_a_formula_off_by_two_percent_is_seen(monkeypatch, formula, factor):
    right = getattr(edited_text, formula)
    monkeypatch.setattr(edited_text, formula, lambda **given: factor * right(**given))
    assert certificates_edited_text.leavers_follow_density_and_fall() is False
