"""One pass over rows that are partly synthetic, and rows of another law of inputs."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theory.linear import one_pass, shifted_rows, wishart

PASS: dict[str, Any] = {"dim": 2, "rows": 10**6, "step": 1e-4, "distance": 1.0, "noise_std": 0.1}


@given(share=st.floats(0, 1), distance=st.floats(0, 10))
def test_a_small_step_on_mixed_rows_ends_at_the_square_of_the_bias(share, distance):
    where = PASS | {"synthetic_share": share, "distance": distance}
    floor = one_pass.mixed_floor(synthetic_share=share, distance=distance)
    spread = 1.1e-4 * (4 * share * distance**2 + 0.1**2)
    error = one_pass.one_pass_error(**where)
    assert floor * (1 - 1e-9) - 1e-12 <= error <= floor + spread + 1e-12


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_human_rows_at_the_end_forget_the_others(share):
    where = PASS | {"synthetic_share": share, "synthetic_first": True}
    assert one_pass.one_pass_error(**where) < 1e-5


def test_rows_of_one_kind_have_no_order():
    for share in (0.0, 1.0):
        where = PASS | {"synthetic_share": share}
        first, mixed = (one_pass.one_pass_error(**where, synthetic_first=f) for f in (True, False))
        assert first == pytest.approx(mixed, rel=1e-9)


sizes = st.tuples(st.integers(1, 300), st.integers(2, 300), st.integers(2, 300)).filter(
    lambda found: found[1] + found[2] >= found[0] + 3
)


@given(sizes=sizes)
def test_the_error_without_a_shift_lies_between_the_bounds(sizes):
    where = dict(zip(("dim", "human", "synthetic"), sizes, strict=True))
    least, most = shifted_rows.shifted_error_bounds(**where)
    error = shifted_rows.shifted_error(**where)
    total = where["human"] + where["synthetic"]
    assert least <= error <= most
    assert error == wishart.base_error(dim=where["dim"], samples=total)


@given(sizes=sizes, scale=st.floats(0.1, 10))
def test_the_error_on_wider_rows_solves_its_equation(sizes, scale):
    dim, human, synthetic = sizes
    u = shifted_rows.scaled_error(dim=dim, human=human, synthetic=synthetic, scale=scale)
    wide = scale**2 * u
    assert human * u / (1 + u) + synthetic * wide / (1 + wide) == pytest.approx(dim, rel=1e-9)


def test_a_far_shift_uses_up_one_row_and_one_weight():
    """The other weight has the variance of a fit of its own to one row fewer: 20 000 designs.

    Its mean is 1/5 with a standard error of .7 %; a row more or less is 17 % off.
    """
    generator = np.random.default_rng(0)
    inputs = generator.standard_normal((20_000, 8, 2))
    inputs[:, 4:, 0] += 1e6
    found = np.linalg.inv(np.swapaxes(inputs, 1, 2) @ inputs)[:, 1, 1]
    assert np.mean(found) == pytest.approx(1 / 5, rel=0.04)
    least, most = shifted_rows.shifted_error_bounds(dim=2, human=4, synthetic=4)
    assert least < np.mean(found) < most


@pytest.mark.parametrize(
    ("formula", "changes", "named"),
    [
        (one_pass.one_pass_error, PASS | {"synthetic_share": 1.5}, "synthetic_share=1.5"),
        (
            one_pass.one_pass_error,
            PASS | {"synthetic_share": 0.5, "step": -1.0},
            "step=-1.0",
        ),
        (shifted_rows.shifted_error, {"dim": 5, "human": 3, "synthetic": 3}, "samples=6"),
        (
            shifted_rows.scaled_error,
            {"dim": 5, "human": 30, "synthetic": 3, "scale": 0.0},
            "scale=0.0",
        ),
    ],
)
def test_unusable_arguments_are_named(formula, changes, named):
    with pytest.raises(ValueError, match=named):
        formula(**changes)
