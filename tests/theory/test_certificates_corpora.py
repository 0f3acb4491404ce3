"""Certificates of corpora see formulas that are off by 2 %."""

import pytest

from theory import certificates_corpora
from theory.distributions import kept_corpora, temperature


@pytest.mark.parametrize("factor", [0.98, 1.02])
@pytest.mark.parametrize(
    ("module", "formula", "certificate"),
    [
        (
            kept_corpora,
            "largest_excess",
            certificates_corpora.the_excess_rises_to_its_peak_and_falls,
        ),
        *(
            (temperature, name, certificates_corpora.diversity_returns_later_than_it_is_lost)
            for name in ("return_share", "stay_share")
        ),
    ],
)
def test_a_formula_off_by_two_percent_is_seen(monkeypatch, module, formula, certificate, factor):
    right = getattr(module, formula)
    monkeypatch.setattr(module, formula, lambda **given: factor * right(**given))
    assert certificate() is False


@pytest.mark.parametrize("shift", [-1, 1])
def test_a_peak_one_token_off_is_seen(monkeypatch, shift):
    right = kept_corpora.largest_excess
    monkeypatch.setattr(kept_corpora, "largest_excess", lambda **given: right(**given) + shift)
    assert certificates_corpora.the_excess_rises_to_its_peak_and_falls() is False
