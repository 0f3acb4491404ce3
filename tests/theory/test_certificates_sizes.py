"""Certificates of rounds of unequal size see formulas that are off by 2 %."""

import pytest

from theory import certificates_sizes
from theory.linear import unequal_sizes

CASES = [
    ("replaced_inflation", certificates_sizes.what_is_replaced_adds_its_noise_for_ever),
    (
        "accumulated_inflation",
        certificates_sizes.what_is_accumulated_adds_up_to_less_than_the_human_noise,
    ),
    ("kept_inflation", certificates_sizes.what_is_kept_bounds_the_error),
    ("kept_limit", certificates_sizes.what_is_kept_bounds_the_error),
]


@pytest.mark.parametrize("factor", [0.98, 1.02])
@pytest.mark.parametrize(("formula", "certificate"), CASES)
def test_a_formula_off_by_two_percent_is_seen(monkeypatch, formula, certificate, factor):
    right = getattr(unequal_sizes, formula)
    monkeypatch.setattr(unequal_sizes, formula, lambda **given: factor * right(**given))
    assert certificate() is False


@pytest.mark.parametrize(("human", "synthetic"), [(100, 100), (100, 30), (30, 100)])
def test_limits_are_approached_from_below(human, synthetic):
    sizes = {"human": human, "synthetic": synthetic}
    for inflation, limit in (
        (unequal_sizes.accumulated_inflation, unequal_sizes.accumulated_limit),
        (unequal_sizes.kept_inflation, unequal_sizes.kept_limit),
    ):
        end = limit(**sizes)
        late = inflation(**sizes, generation=20_000)
        assert late <= end * (1 + 1e-12)
        assert late == pytest.approx(end, rel=2e-4)  # the tail of the sum, N / (nM)
