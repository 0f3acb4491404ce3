"""Power of verdicts: one look and two against the normal law itself, and what a control misses."""

import numpy as np
import pytest
from scipy import stats

from theory.power import refuted_by

SPREAD, TOLERANCE = 0.4, 0.01


def predicted(deviation: float, counts=(4096, 8192), reaches=(0.05, 0.035), spread=SPREAD):
    return refuted_by(
        deviation=deviation, tolerance=TOLERANCE, spread=spread, counts=counts, reaches=reaches
    )


def regions(deviation: float, reach: float):
    """Distances from the formula beyond which a look refutes, and within which it confirms."""
    slack = TOLERANCE * (1 + deviation)
    return slack + reach * SPREAD, slack - reach * SPREAD


def one_look(deviation: float, count: int, reach: float) -> float:
    outer, _ = regions(deviation, reach)
    law = stats.norm(0, SPREAD / np.sqrt(count))
    return law.cdf(deviation - outer) + law.sf(deviation + outer)


@pytest.mark.parametrize("deviation", [-0.03, 0.0, 0.01, 0.02, 0.03])
def test_one_look_is_the_normal_law(deviation):
    (found,) = predicted(deviation, counts=(4096,), reaches=(0.05,))
    assert found == pytest.approx(one_look(deviation, 4096, 0.05), rel=1e-12)
    wrong = one_look(1.02 * deviation, 4096, 0.05)
    assert deviation == 0 or wrong != pytest.approx(found, rel=1e-3)


@pytest.mark.parametrize("deviation", [-0.03, 0.02, 0.028])
@pytest.mark.parametrize("reaches", [(0.05, 0.035), (0.02, 0.015)])
def test_two_looks_are_the_normal_law_of_both_means(deviation, reaches):
    """Undecided at the first look: neither refuted nor, of the narrow reaches, confirmed."""
    one, both = predicted(deviation, reaches=reaches)
    variance = SPREAD**2 / 4096
    law = stats.multivariate_normal(
        [0, 0], [[variance, variance / 2], [variance / 2, variance / 2]]
    )
    (outer, inner), (last, _) = (regions(deviation, reach) for reach in reaches)
    inner = max(inner, 0.0)

    def chance(low: float, high: float, below: float) -> float:
        """That the first mean lies between the two, and the second below."""
        return law.cdf([high, below]) - law.cdf([low, below])

    parts = [(deviation - outer, deviation - inner), (deviation + inner, deviation + outer)]
    beyond = sum(
        chance(*part, deviation - last) + chance(*part, 9.0) - chance(*part, deviation + last)
        for part in parts
    )
    assert both - one == pytest.approx(beyond, abs=2e-3)
    assert both > one or both == pytest.approx(1)


def test_power_grows_with_the_deviation_and_the_looks():
    found = np.array([predicted(deviation) for deviation in np.linspace(0.01, 0.06, 11)])
    assert (np.diff(found, axis=0) >= 0).all() and (np.diff(found, axis=1) >= 0).all()
    assert found.min() < 0.01 and found.max() > 0.99


def test_a_spread_of_nothing_is_refused():
    with pytest.raises(ValueError, match="spread=0.0: accepted are finite numbers > 0"):
        predicted(0.02, spread=0.0)
