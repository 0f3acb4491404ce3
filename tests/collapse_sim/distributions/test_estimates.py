"""Fresh rows and synthetic sets, against second moments of points and sums over chi-squares."""

import numpy as np
import pytest

from collapse_sim.distributions.fresh_rows import FreshRows
from collapse_sim.distributions.synthetic_sets import SyntheticSets
from tests.collapse_sim.draws import draw, same_mean
from tests.theory.references_estimates import averaged_variance_error, fresh_rows


def test_fresh_rows_have_the_moments_of_their_points():
    """A t test at 1e-6 for each generation; the controls are 5 % off."""
    found = draw(FreshRows(2, 4, 4), seed=1, count=2**17)
    variance, mean = np.array([fresh_rows(6, 2, n) for n in (1, 2, 3, 4)]).T
    assert same_mean(found["variance"], variance)
    assert same_mean(found["squared_mean_error"], mean)
    # the first step is a constant, right to rounding
    np.testing.assert_allclose(found["squared_mean_steps"][:, 0], mean[0], rtol=1e-6)
    assert same_mean(found["squared_mean_steps"][:, 1:], mean[1:])
    for factor in (0.95, 1.05):
        assert not same_mean(found["variance"], factor * variance)
        assert not same_mean(found["squared_mean_error"], factor * mean)
    np.testing.assert_allclose(found["edited_fraction"][0], [0, 2 / 3, 2 / 3, 2 / 3], rtol=1e-6)


def test_the_average_of_two_sets_has_the_error_of_three_chi_squares():
    """A t test at 1e-6; the controls are 5 % off."""
    found = draw(SyntheticSets(7, 5, 2), seed=2, count=2**17)
    expected = averaged_variance_error(7, 5)
    second = found["squared_variance_error"][:, 1]
    assert same_mean(second, np.array(expected))
    assert same_mean(found["squared_mean_error"], np.array([1 / 7 + 1 / 5, 1 / 7 + 1 / 10]))
    for factor in (0.95, 1.05):
        assert not same_mean(second, np.array(factor * expected))


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: FreshRows(0, 4, 4), "human=0"),
        (lambda: FreshRows(2, 0, 4), "synthetic=0"),
        (lambda: SyntheticSets(1, 4, 4), "samples=1"),
        (lambda: SyntheticSets(2, 4, 0), "sets=0"),
    ],
)
def test_unusable_sizes_are_refused(make, named):
    with pytest.raises(ValueError, match=f"{named}: accepted are integers"):
        make()
