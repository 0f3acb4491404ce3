"""Laws of types, and the words of a text."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collapse_sim.distributions import type_laws


def test_laws_by_hand():
    assert type_laws.uniform(4).tolist() == [0.25] * 4
    assert type_laws.zipf(3, 1.0) == pytest.approx(np.array([6, 3, 2]) / 11)
    assert type_laws.zipf_mandelbrot(2, 2.0, 2.0) == pytest.approx(np.array([16, 9]) / 25)
    assert type_laws.of_counts(np.array([1, 0, 5, 2])).tolist() == [0.625, 0.25, 0.125, 0]


@given(types=st.integers(2, 500), shift=st.floats(-0.9, 50), exponent=st.floats(0, 4))
def test_laws_sum_to_one_in_decreasing_order(types, shift, exponent):
    law = type_laws.zipf_mandelbrot(types, shift, exponent)
    assert law.sum() == pytest.approx(1, abs=1e-12)
    assert (np.diff(law) <= 0).all()
    assert law[0] / law[-1] == pytest.approx(((types + shift) / (1 + shift)) ** exponent)


def test_words_are_lower_cased_and_ordered_by_their_counts():
    words, counts = type_laws.word_counts("The cat's hat; THE end -- 42 été, the_end Été!")
    assert words == ["the", "end", "été", "cat's", "hat"]
    assert counts.tolist() == [3, 2, 2, 1, 1]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: type_laws.uniform(1), "types=1"),
        (lambda: type_laws.zipf(9, -1.0), "exponent=-1.0"),
        (lambda: type_laws.zipf(9, float("nan")), "exponent=nan"),
        (lambda: type_laws.zipf(9, float("inf")), "exponent=inf"),
        (lambda: type_laws.zipf_mandelbrot(9, -1.0, 1.0), "shift=-1.0"),
        (lambda: type_laws.of_counts(np.array([0, 9])), "counts"),
        (lambda: type_laws.of_counts(np.array([3, -1, 9])), "counts"),
        (lambda: type_laws.word_counts("42 --"), "text"),
    ],
    ids=range(8),
)
def test_refusals(call, message):
    with pytest.raises(ValueError, match=message):
        call()
