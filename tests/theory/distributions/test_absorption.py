"""Times until one type is left: small chains by hand, and the references of the tests."""

import pytest

from tests.theory import count_chains as references
from theory.distributions import absorption, categorical


@pytest.mark.parametrize("samples", [2, 3, 7, 60])
def test_times_are_those_of_chains_solved_another_way(samples):
    distinct = absorption.coalescence_time(samples=samples)
    assert distinct == pytest.approx(references.coalescence_time(samples), rel=1e-10)
    two = absorption.fixation_time(probability=0.2, samples=samples)
    assert two == pytest.approx(references.fixation_time(0.2, samples), rel=1e-10)


def test_by_hand():
    assert absorption.coalescence_time(samples=1) == 0
    # two lines in three boxes: a third of the time one ancestor
    three = 1 / (1 - 2 / 9) * (1 + 2 / 3 * 3)
    assert absorption.coalescence_time(samples=3) == pytest.approx(three, rel=1e-12)
    assert absorption.fixation_time(probability=0.9, samples=1) == 1
    # one of each after the first fit with 2 p (1 - p), then two fits more
    two = 1 + 2 * 0.3 * 0.7 * 2
    assert absorption.fixation_time(probability=0.3, samples=2) == pytest.approx(two, rel=1e-12)


def test_leading_orders_are_too_far_off_at_the_sizes_that_are_simulated():
    exact = absorption.coalescence_time(samples=10)
    assert categorical.absorption_time_distinct(samples=10) > 1.02 * exact
    exact = absorption.fixation_time(probability=0.5, samples=20)
    leading = categorical.absorption_time_two_types(probability=0.5, samples=20)
    assert leading > 1.05 * exact


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"probability": 0.0, "samples": 5}, "probability"),
        ({"probability": 0.5, "samples": 0}, "samples"),
    ],
)
def test_impossible_arguments_are_refused(options, name):
    with pytest.raises(ValueError, match=f"{name}="):
        absorption.fixation_time(**options)
