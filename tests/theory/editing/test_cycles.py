"""Cycle moments against Weingarten calculus, and what the trace bound proves with them."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theory.editing import corrected, cycles, finite
from theory.linear import wishart
from theory.linear.wishart import base_error

designs = st.tuples(st.integers(1, 12), st.integers(2, 30)).map(lambda p: (p[0], p[0] + p[1]))


def pairings(points):
    if not points:
        return [[]]
    first, *rest = points
    return [
        [(first, other), *tail]
        for i, other in enumerate(rest)
        for tail in pairings(rest[:i] + rest[i + 1 :])
    ]


def partners(pairing):
    other = np.empty(2 * len(pairing), dtype=int)
    for a, b in pairing:
        other[a], other[b] = b, a
    return other


def loops(one, two):
    """Cycles of the union of two pairings, for arrays of pairings that broadcast."""
    one, two = np.broadcast_arrays(one, two)
    label = np.broadcast_to(np.arange(one.shape[-1]), one.shape)
    for _ in range(one.shape[-1] // 2):
        for step in (one, two):
            label = np.minimum(label, np.take_along_axis(label, step, axis=-1))
    return (label == np.arange(one.shape[-1])).sum(axis=-1)


@pytest.mark.parametrize("order", [2, 3, 4, 5])
@pytest.mark.parametrize(("dim", "samples"), [(3, 8), (4, 9)])
def test_cycles_by_solving_the_weingarten_equations(order, dim, samples):
    every = np.array([partners(p) for p in pairings(list(range(2 * order)))])
    factors = partners([(2 * i, 2 * i + 1) for i in range(order)])
    rows = partners([(2 * i + 1, (2 * i + 2) % (2 * order)) for i in range(order)])
    gram = float(samples) ** loops(every[:, None], every[None, :])
    weights = np.linalg.solve(gram, float(dim) ** loops(every, factors))
    own = int(np.flatnonzero((every == rows).all(axis=1))[0])
    exact = cycles.cycle_moment(order=order, dim=dim, samples=samples)
    # atol: the Gram matrix of order 5 has condition number 1e6
    assert float(exact) == pytest.approx(weights[own], rel=1e-8, abs=1e-13)


@given(design=designs)
def test_short_cycles_in_closed_form(design):
    case = dict(zip(("dim", "samples"), design, strict=True))
    assert cycles.cycle_moment(order=1, **case) == Fraction(*design)
    assert cycles.cycle_moment(order=2, **case) == wishart.off_diagonal_second_moment(**case)
    assert cycles.cycle_moment(order=3, **case) == wishart.cycle_moment_3(**case)
    assert cycles.cycle_moment(order=4, **case) == wishart.cycle_moment_4(**case)


@given(design=designs)
def test_four_rows_are_at_most_the_value_that_proves_four_edits(design):
    """c_4 = d (T-d) [T (T^2+T+2) - (5T+6) d (T-d)] / ..., at most d / (T (T+2) (T+4) (T+6))."""
    d, T = design
    bracket = T * (T**2 + T + 2) - (5 * T + 6) * d * (T - d)
    below = T * (T + 2) * (T + 4) * (T + 6)
    others = (T + 1) * (T - 1) * (T - 2) * (T - 3)
    moment = cycles.cycle_moment(order=4, dim=d, samples=T)
    if others:
        assert moment == Fraction(d * (T - d) * bracket, below * others)
    assert moment <= Fraction(d, below) < Fraction(d, T**4)


@given(order=st.integers(2, 9), design=designs)
def test_one_dimension_and_the_complement(order, design):
    """c_s = 1 / (T (T+2) ...) for d = 1; I - P is a projection of rank T - d."""
    dim, samples = design
    moment = cycles.cycle_moment(order=order, dim=dim, samples=samples)
    if order > samples:
        assert moment == 0
        return
    complement = cycles.cycle_moment(order=order, dim=samples - dim, samples=samples)
    assert complement == (-1) ** order * moment
    alone = cycles.cycle_moment(order=order, dim=1, samples=samples)
    assert alone == Fraction(1, math.prod(samples + 2 * i for i in range(order)))


def test_a_long_cycle_exceeds_the_value_that_would_prove_every_schedule():
    """c_s <= d / T^s fails first at T = s = 27, d = 13; the trace bound survives it."""
    ratio = cycles.cycle_moment(order=27, dim=13, samples=27) * 27**27 / 13
    assert float(ratio) == pytest.approx(1.25582, abs=1e-5)
    assert cycles.certifies_disjoint_bound(dim=13, samples=27)


@pytest.mark.parametrize("samples", [3, 4, 5, 8, 11, 14, 40])
def test_every_disjoint_schedule_obeys_the_constant_at_these_sizes(samples):
    for dim in range(1, samples - 1):
        assert cycles.certifies_disjoint_bound(dim=dim, samples=samples)


@pytest.mark.parametrize("samples", [100, 300, 10**4, 10**6])
@pytest.mark.parametrize("dim", [2, 3, 5, 10, 20])
def test_every_disjoint_schedule_obeys_the_constant_for_many_rows(dim, samples):
    assert cycles.certifies_disjoint_bound(dim=dim, samples=samples)


def test_a_certificate_is_refused_where_the_bound_on_long_cycles_is_too_weak(monkeypatch):
    """Without exact moments d = 2 is proved up to T = 190: the bounds s + 1 add 1/48 in all."""
    monkeypatch.setattr(cycles, "LONGEST", 5)
    assert cycles.certifies_disjoint_bound(dim=2, samples=189)
    assert not cycles.certifies_disjoint_bound(dim=2, samples=191)
    monkeypatch.setattr(cycles, "cycle_sum", lambda **given: 10**9)
    assert not cycles.certifies_disjoint_bound(dim=2, samples=30)


@given(
    order=st.integers(2, 4),
    design=st.tuples(st.integers(1, 4), st.integers(4, 7)),
    seed=st.integers(0, 2**32),
)
def test_cycles_of_a_projection_are_below_their_bound(order, design, seed):
    """Summed over all distinct rows, for one projection; its mean is that of the moments."""
    dim, samples = min(design), max(design)
    frame, _ = np.linalg.qr(np.random.default_rng(seed).standard_normal((samples, dim)))
    hat = frame @ frame.T
    total = sum(
        math.prod(hat[rows[i - 1], rows[i]] for i in range(order))
        for rows in itertools.permutations(range(samples), order)
    )
    assert total <= cycles.cycle_sum_bound(order=order, dim=dim) + 1e-9


def test_cycles_of_all_rows_of_one_row_more_than_columns():
    """P = I - q q' with q uniform: for s = 2, 1 - sum q_i^4 by distinct rows, its mean exactly."""
    samples = 6
    found = cycles.cycle_sum(order=2, dim=samples - 1, samples=samples)
    assert found == 1 - Fraction(3, samples + 2)


@given(order=st.integers(3, 12), design=designs)
def test_mean_cycles_are_below_the_bound_for_every_projection(order, design):
    dim, samples = design
    mean = cycles.cycle_sum(order=order, dim=dim, samples=samples)
    assert mean <= cycles.cycle_sum_bound(order=order, dim=dim)


@given(design=st.tuples(st.integers(1, 4), st.integers(6, 12)), seed=st.integers(0, 2**32))
def test_what_the_trace_form_drops(design, seed):
    """tr(C_j^2 Psi' Psi) >= tr C_j^2 >= the sum of squared leverages of the block."""
    dim, samples = design
    rng = np.random.default_rng(seed)
    frame, _ = np.linalg.qr(rng.standard_normal((samples, dim)))
    owner = rng.integers(0, 4, samples)
    overlaps = [frame[owner == j].T @ frame[owner == j] for j in range(4)]
    leverages = (frame**2).sum(axis=1)
    for j, overlap in enumerate(overlaps):
        after = np.eye(dim)
        for later in overlaps[j + 1 :]:
            after = (np.eye(dim) + later) @ after
        dropped = np.trace(after @ overlap @ overlap @ after.T)
        assert dropped >= (leverages[owner == j] ** 2).sum() - 1e-9


@given(design=designs, seed=st.integers(0, 2**32), edits=st.integers(1, 7))
def test_trace_bound_is_between_the_truth_and_the_constant(design, seed, edits):
    dim, samples = design
    counts = np.random.default_rng(seed).multinomial(samples, [1 / (edits + 1)] * (edits + 1))
    counts = [int(count) for count in counts[:edits]]
    bound = cycles.disjoint_trace_inflation(dim=dim, samples=samples, edit_counts=counts)
    assert bound <= corrected.disjoint_inflation_bound(edited_total=sum(counts) / samples)
    two = finite.two_disjoint_edits_inflation(
        dim=dim, samples=samples, edit_counts=(sum(counts[:1]), sum(counts[1:2]))
    )
    assert two <= cycles.disjoint_trace_inflation(dim=dim, samples=samples, edit_counts=counts[:2])
    error = cycles.disjoint_trace_bound(dim=dim, samples=samples, noise_std=3.0, edit_counts=counts)
    assert error == pytest.approx(9 * base_error(dim=dim, samples=samples) * float(bound))


@given(blocks=st.lists(st.integers(0, 6), min_size=1, max_size=8))
def test_trace_bound_in_one_dimension_is_the_dirichlet_moment(blocks):
    """E prod_i (1 + C_i) of Dirichlet(k_i / 2), subset by subset."""
    samples = sum(blocks) + 3
    total = Fraction(0)
    for size in range(len(blocks) + 1):
        below = math.prod(Fraction(samples, 2) + i for i in range(size))
        for chosen in itertools.combinations(blocks, size):
            total += math.prod((Fraction(k, 2) for k in chosen), start=Fraction(1)) / below
    bound = cycles.disjoint_trace_inflation(dim=1, samples=samples, edit_counts=blocks)
    assert bound == 2 * total - 1


def test_three_edits_two_ways_and_a_number():
    case = {"dim": 4, "samples": 200, "edit_counts": (67, 67, 66)}
    base = base_error(dim=4, samples=200)
    assert cycles.three_disjoint_trace_bound(**case) / base == pytest.approx(3.718766, rel=1e-6)
    assert cycles.three_disjoint_trace_bound(**case) == pytest.approx(
        cycles.disjoint_trace_bound(**case), rel=1e-14
    )


@pytest.mark.parametrize(("samples", "inflation"), [(40, 3.8238), (24, 3.55677), (12, 3.12085)])
def test_all_rows_one_by_one(samples, inflation):
    bound = cycles.disjoint_trace_inflation(dim=10, samples=samples, edit_counts=(1,) * samples)
    assert float(bound) == pytest.approx(inflation, rel=1e-5)


@pytest.mark.parametrize("order", [2, 3, 4, 5, 6])
def test_long_designs_have_the_free_cumulants_of_a_projection(order):
    """T^(s-1) c_s tends to half the integral of the Legendre polynomial over [1 - 2d/T, 1]."""
    polynomial = np.polynomial.legendre.Legendre.basis(order - 1).integ()
    for share in (0.1, 0.3, 0.6):
        cumulant = (polynomial(1) - polynomial(1 - 2 * share)) / 2
        moments = [
            float(
                cycles.cycle_moment(order=order, dim=int(share * T), samples=T) * T ** (order - 1)
            )
            for T in (1000, 2000)
        ]
        # the error is a series in 1 / T: one extrapolation leaves O(T^-2)
        assert 2 * moments[1] - moments[0] == pytest.approx(cumulant, abs=2e-4)
        assert cumulant <= share


@pytest.mark.parametrize(
    ("function", "arguments", "named"),
    [
        (cycles.cycle_moment, {"order": 0, "dim": 1, "samples": 4}, "order=0"),
        (cycles.cycle_moment, {"order": 2, "dim": 5, "samples": 4}, "samples=4"),
        (
            cycles.disjoint_trace_inflation,
            {"dim": 1, "samples": 4, "edit_counts": (3, 2)},
            "sum <= samples = 4",
        ),
        (
            cycles.three_disjoint_trace_bound,
            {"dim": 1, "samples": 4, "edit_counts": (1, 1)},
            "three counts",
        ),
        (cycles.certifies_disjoint_bound, {"dim": 3, "samples": 4}, "samples=4"),
    ],
)
def test_wrong_arguments_are_named(function, arguments, named):
    with pytest.raises(ValueError, match=named):
        function(**arguments)
