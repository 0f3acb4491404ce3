"""Cycle moments of complex designs: by enumeration of permutations, and never above the rank."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theory.editing.complex_cycles import complex_cycle_sum, legendre_cycle_sum


def cycles_of(permutation) -> int:
    seen, count = set(), 0
    for start in range(len(permutation)):
        count += start not in seen
        while start not in seen:
            seen.add(start)
            start = permutation[start]
    return count


@pytest.mark.parametrize("order", [2, 3, 4, 5])
@pytest.mark.parametrize(("dim", "samples"), [(3, 8), (4, 9)])
def test_cycles_by_solving_the_weingarten_equations(order, dim, samples):
    """Sum over permutations of d^cycles times the unitary Weingarten function, by its definition:
    the inverse of the matrix T^cycles."""
    every = np.array(list(itertools.permutations(range(order))))
    inverse = np.argsort(every, axis=1)
    gram = [[float(samples) ** cycles_of(a[b]) for b in every] for a in inverse]
    weights = np.linalg.solve(np.array(gram), [float(dim) ** cycles_of(a) for a in inverse])
    rows = tuple((i + 1) % order for i in range(order))
    own = [tuple(a) for a in every].index(rows)
    exact = complex_cycle_sum(order=order, dim=dim, samples=samples)
    found = math.perm(samples, order) * weights[own]
    assert found == pytest.approx(float(exact), rel=1e-8, abs=1e-10)


@given(st.data())
def test_both_forms_agree_and_stay_below_the_rank(data):
    samples = data.draw(st.integers(2, 60))
    dim, order = data.draw(st.integers(1, samples)), data.draw(st.integers(1, samples))
    found = complex_cycle_sum(order=order, dim=dim, samples=samples)
    assert found == legendre_cycle_sum(order=order, dim=dim, samples=samples)
    assert abs(found) <= dim
    # A projection's complement has the same cycles but for their sign.
    if order > 1 and dim < samples:
        other = complex_cycle_sum(order=order, dim=samples - dim, samples=samples)
        assert other == (-1) ** order * found


def test_a_pair_is_what_idempotence_says():
    """P_11 = sum_j |P_1j|^2, and E P_11^2 = d (d + 1) / (T (T + 1)) in the complex case."""
    dim, samples = 3, 7
    square = Fraction(dim * (dim + 1), samples * (samples + 1))
    assert complex_cycle_sum(order=2, dim=dim, samples=samples) == dim - samples * square
    assert complex_cycle_sum(order=1, dim=dim, samples=samples) == dim


def test_random_projections_have_these_cycles():
    """Of three rows, 2^16 projections: false alarm 1e-6 (a normal quantile of 4.9)."""
    rng = np.random.default_rng(0)
    normal = rng.standard_normal((2, 2**16, 5, 2))
    frame = np.linalg.qr(normal[0] + 1j * normal[1])[0]
    hat = frame @ frame.conj().swapaxes(1, 2)
    cycles = (hat[:, 0, 1] * hat[:, 1, 2] * hat[:, 2, 0]).real * math.perm(5, 3)
    error = cycles.std(ddof=1) / math.sqrt(len(cycles))
    exact = float(complex_cycle_sum(order=3, dim=2, samples=5))
    assert abs(cycles.mean() - exact) < 4.9 * error
    assert abs(cycles.mean() - 1.2 * exact) > 4.9 * error


@pytest.mark.parametrize("form", [complex_cycle_sum, legendre_cycle_sum])
@pytest.mark.parametrize(
    ("bad", "says"),
    [({"order": 0}, "order=0"), ({"dim": 0}, "dim=0"), ({"samples": 2}, "samples=2")],
)
def test_bad_sizes_are_refused(form, bad, says):
    with pytest.raises(ValueError, match=says):
        form(**({"order": 2, "dim": 3, "samples": 8} | bad))


def test_no_cycle_is_longer_than_the_rows():
    assert complex_cycle_sum(order=9, dim=3, samples=8) == 0
    with pytest.raises(ValueError, match="order=9"):
        legendre_cycle_sum(order=9, dim=3, samples=8)
