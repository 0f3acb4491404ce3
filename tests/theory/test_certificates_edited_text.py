"""The certificates of leavers see formulas that are off by 2 %."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theory import certificates_edited_text
from theory.language import edited_text


@pytest.mark.parametrize("factor", [0.98, 1.02])
@pytest.mark.parametrize("formula", ["leavers_per_change", "leading_error"])
def test_a_formula_off_by_two_percent_is_seen(monkeypatch, formula, factor):
    right = getattr(edited_text, formula)
    monkeypatch.setattr(edited_text, formula, lambda **given: factor * right(**given))
    assert certificates_edited_text.leavers_follow_density_and_fall() is False


@pytest.mark.parametrize("factor", [0.98, 1.02])
@pytest.mark.parametrize("formula", ["left_by_odds", "left_by_surprise"])
def test_an_end_off_by_two_percent_is_seen(monkeypatch, formula, factor):
    right = getattr(edited_text, formula)
    monkeypatch.setattr(edited_text, formula, lambda **given: factor * right(**given))
    assert certificates_edited_text.leavers_lie_between_falls_and_surprises() is False


PROBABILITIES = st.lists(st.floats(0.5, 0.999), min_size=1, max_size=8)
CHANCES = st.lists(st.floats(0.01, 0.95), min_size=1, max_size=8)


@given(sure=PROBABILITIES, chances=CHANCES, weight=st.floats(0, 1))
def test_whatever_falls_no_less_in_logit_and_no_more_in_log_p_lies_between(sure, chances, weight):
    """A change that mixes and multiplies: its logit falls farther for surer tokens."""
    near = np.full(len(chances), 0.499)
    sure, kept = np.array(sure)[:, None], 1 - np.array(chances)
    mixing, clue = kept**weight, kept ** (1 - weight)

    def moved(p):
        odds = mixing * p / (1 - mixing * p) * clue
        return odds / (1 + odds)

    given = {"sure": sure[:, 0], "before": near, "after": moved(near), "threshold": 0.5}
    left = (moved(sure) < 0.5).mean(axis=1).sum()
    assert edited_text.left_by_odds(**given) <= left + 1e-9
    assert left <= edited_text.left_by_surprise(**given) + 1e-9


def test_bad_probabilities():
    with pytest.raises(ValueError, match=r"sure: accepted are probabilities in \(0, 1\)"):
        edited_text.left_by_odds(sure=[1.0], before=[0.5], after=[0.5], threshold=0.5)


def test_a_threshold_that_is_no_half_is_measured_in_odds():
    """Odds of 4 at the threshold and of 9 above it: to leave, odds fall to less than 4 / 9."""
    near = {"before": [0.8, 0.8], "after": [0.5, 0.7]}  # to 1 / 4 and to 7 / 12 of the odds
    assert edited_text.left_by_odds(sure=[0.9], threshold=0.8, **near) == 0.5
    # and P to less than 8 / 9, which is both
    assert edited_text.left_by_surprise(sure=[0.9], threshold=0.8, **near) == 1
