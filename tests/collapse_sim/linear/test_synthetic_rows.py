"""One pass over partly synthetic rows, and shifted inputs, against moments found by hand."""

from typing import Any

import numpy as np
import pytest

from collapse_sim.linear.one_pass import OnePass
from collapse_sim.linear.shifted_rows import ShiftedRows
from tests.collapse_sim.draws import draw, same_mean

CASE: dict[str, Any] = {"step": 0.25, "synthetic_share": 0.5, "distance": 2.0, "noise_std": 0.5}


@pytest.mark.parametrize("synthetic_first", [False, True])
def test_two_rows_have_the_moments_of_two_steps(synthetic_first):
    """In 2 dimensions E |x|^2 (x.v)^2 = 4 |v|^2. A t test at 1e-6; the controls are 5 % off."""
    square = 1.0
    for chance in (1.0, 0.0) if synthetic_first else (0.5, 0.5):
        # h = 1/4: 1 - 2 h + 4 h^2 = 3/4; what pulls has 2 (h - 4 h^2) = 0, and 4 h^2 = 1/4
        square = 3 / 4 * square + chance * 4 / 4 + 2 * 0.25 / 16
    rows = OnePass(**CASE, dim=2, rows=2, synthetic_first=synthetic_first)
    found = draw(rows, seed=1, count=2**17)
    assert same_mean(found["squared_error"], np.array([square]))
    for factor in (0.95, 1.05):
        assert not same_mean(found["squared_error"], np.array([factor * square]))
    assert (found["edited_fraction"] == 0.5).all()


def test_inputs_that_are_not_shifted_have_the_trace_of_an_inverse_wishart_matrix():
    """A t test at 1e-6; the controls are 2 % off."""
    found = draw(ShiftedRows(0.0, 1.0, dim=3, human=10, synthetic=13), seed=2, count=2**14)
    assert same_mean(found["test_error"], np.array([3 / 19]))
    for factor in (0.98, 1.02):
        assert not same_mean(found["test_error"], np.array([factor * 3 / 19]))


def test_one_weight_is_seen_by_hand():
    """Rows of one coordinate, far away or far wider: the inverse of n2 shift^2, n2 far rows."""
    for shift, scale in ((1e3, 1.0), (1e3, 0.0)):
        found = draw(ShiftedRows(shift, scale, dim=1, human=2, synthetic=4), seed=3, count=64)
        np.testing.assert_allclose(found["test_error"], 1 / (4 * 1e6), rtol=1e-2)


@pytest.mark.parametrize(
    ("make", "named"),
    [
        (lambda: OnePass(**CASE, dim=1, rows=2), "dim=1"),
        (lambda: OnePass(**CASE, dim=2, rows=0), "rows=0"),
        (lambda: OnePass(**(CASE | {"synthetic_share": 1.5}), rows=2), "synthetic_share=1.5"),
        (lambda: ShiftedRows(0.0, 1.0, dim=0, human=2, synthetic=2), "dim=0"),
        (lambda: ShiftedRows(0.0, 1.0, dim=4, human=2, synthetic=2), "dim=4: accepted are fewer"),
    ],
)
def test_unusable_settings_are_refused(make, named):
    with pytest.raises(ValueError, match=named):
        make()
