"""The margins that the ledger of Gaussians states in words."""

import math

import pytest

from theory.claims import ledger
from theory.distributions import gaussian


def test_the_leading_distance_is_as_high_as_the_ledger_states():
    at = {"samples": 20, "generation": 40}
    ratio = ledger()["shum2024.w2lead"].predict(at) / ledger()["ref.w2"].predict(at)
    assert ratio == pytest.approx(1.0645, abs=5e-5)
    at = {"samples": 10**4, "generation": 3}
    ratio = ledger()["shum2024.w2lead"].predict(at) / ledger()["ref.w2"].predict(at)
    assert ratio == pytest.approx(1, abs=2e-4)


def test_claims_about_one_estimator_do_not_ask_for_it():
    at = {"samples": 9, "generation": 3}
    assert ledger()["kazdan2025.gauss_replace"].predict(at) == pytest.approx((8 / 9) ** 3)
    assert ledger()["shum2024.var"].predict(at) == pytest.approx(4 / 3)


def test_linear_growth_is_not_enough():
    assert math.isinf(gaussian.growing_mean_error_limit(samples=9, power=1.0))
    sizes = [9 * i**2 for i in range(1, 2001)]
    found = ledger()["ref.gauss_growing"].predict({"sizes": sizes, "generation": 2000})
    limit = gaussian.growing_mean_error_limit(samples=9, power=2.0)
    assert limit - 1 / 9 / 2000 < found < limit
