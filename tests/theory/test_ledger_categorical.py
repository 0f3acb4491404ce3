"""The margins that the ledger of categorical laws states in words, from exact chains."""

import pytest

from tests.theory.count_chains import count_law, fixation_time
from theory.claims import ledger
from theory.distributions import categorical


def test_bounds_hold_with_the_margins_that_the_ledger_states():
    at = {"probability": 0.3, "samples": 50, "generation": 60}
    law = count_law(**at)
    alive = 1 - law[0] - law[-1]
    assert alive == pytest.approx(0.3626, abs=5e-5)
    assert ledger()["seddik2024.absorb_least"].predict(at) < alive
    assert ledger()["seddik2024.absorb"].predict(at) > 1
    at = {"probability": 0.01, "samples": 100, "generation": 20}
    alive = 1 - count_law(**at)[0]
    assert alive == pytest.approx(0.0909, abs=5e-5)
    least, most = (ledger()[f"suresh2025.{name}"].predict(at) for name in ("bern_least", "bern"))
    assert least < alive < most


def test_the_diffusion_is_three_percent_high_at_fifty():
    at = {"probability": 0.3, "samples": 50}
    exact = ledger()["ref.two_types"].predict(at)
    assert exact == pytest.approx(fixation_time(0.3, 50), rel=1e-10)
    ratio = categorical.absorption_time_two_types(**at) / exact
    assert ratio == pytest.approx(1.029, abs=5e-4)
