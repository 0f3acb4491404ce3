"""Zipf tails: direct sums, slopes, plateaus, and the constants of the orders."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import special

from tests.theory.count_chains import same_mean
from theory.distributions import zipf_tails

exponents = st.floats(1.05, 4)
DESCENT = {"exponent": 2.0, "samples": 1, "cut": 2, "human_fraction": 0.5}


def slope(exponent: float, samples: float, **rest) -> float:
    """Of the log error between T and 10 T."""
    near, far = (
        zipf_tails.memoriser_error(exponent=exponent, samples=at, **rest)
        for at in (samples, 10 * samples)
    )
    return math.log10(far / near)


@pytest.mark.parametrize(("exponent", "known"), [(1.5, -0.3332), (2.0, -0.4999), (3.0, -0.6664)])
def test_known_slopes(exponent, known):
    assert slope(exponent, 1e3) == pytest.approx(known, abs=5.1e-5)
    expected = zipf_tails.learning_exponent(exponent=exponent)
    assert expected == pytest.approx(known, abs=3e-4)
    assert slope(exponent, 1e10) == pytest.approx(expected, abs=1e-6)


@given(exponent=exponents, rank=st.integers(0, 50))
def test_the_tail_is_what_the_first_ranks_leave(exponent, rank):
    first = sum(i**-exponent for i in range(1, rank + 1)) / special.zeta(exponent)
    found = zipf_tails.tail_mass(exponent=exponent, rank=rank)
    assert found == pytest.approx(1 - first, abs=1e-10)


@given(
    exponent=exponents,
    samples=st.integers(0, 10**6),
    cut=st.integers(1, 2000),
    percent=st.integers(0, 100),
)
def test_cuts_and_mixtures_are_direct_sums(exponent, samples, cut, percent):
    law = np.arange(1, cut + 1) ** -exponent / special.zeta(exponent)
    human = percent / 100
    trained = (human + (1 - human) / law.sum()) * law
    with np.errstate(divide="ignore"):
        missed = law @ np.exp(samples * np.log1p(-np.minimum(trained, 1))) if samples else law.sum()
    beyond = zipf_tails.memoriser_error(exponent=exponent, samples=human * samples)
    at = {"exponent": exponent, "samples": samples, "cut": cut}
    found = zipf_tails.memoriser_error(**at, human_fraction=human)
    if human in (0, 1):
        rest = (
            zipf_tails.tail_mass(exponent=exponent, rank=cut)
            if human == 0
            else beyond - law @ np.exp(samples * np.log1p(-law))
        )
        assert found == pytest.approx(missed + rest, rel=1e-6, abs=1e-9)
    else:
        tail = zipf_tails.tail_mass(exponent=exponent, rank=cut)
        assert missed - 1e-9 <= found <= missed + tail + 1e-9


@given(exponent=exponents, samples=st.integers(0, 10**9))
def test_no_cut_is_a_cut_far_away_and_a_human_mixture(exponent, samples):
    at = {"exponent": exponent, "samples": samples}
    clean = zipf_tails.memoriser_error(**at)
    for cut in (1, 30, 10**5):
        found = zipf_tails.memoriser_error(**at, cut=cut, human_fraction=1.0)
        assert found == pytest.approx(clean, rel=1e-7)
    assert zipf_tails.memoriser_error(**at, cut=3) <= clean + zipf_tails.tail_mass(
        exponent=exponent, rank=3
    )


@pytest.mark.parametrize("exponent", [1.1, 1.5, 2.0, 3.0])
def test_where_the_sum_ends_does_not_matter(exponent, monkeypatch):
    def errors():
        for samples in (10, 1e4, 1e8, 1e12):
            for rest in ({}, {"cut": 10}, {"cut": 10**5}, {"cut": 10**8, "human_fraction": 0.01}):
                yield zipf_tails.memoriser_error(exponent=exponent, samples=samples, **rest)

    few = list(errors())
    monkeypatch.setattr(zipf_tails, "_SUMMED", 500_000)
    np.testing.assert_allclose(few, list(errors()), rtol=1e-9)


def test_the_error_is_that_of_memorisers():
    rng = np.random.default_rng(3)
    cut, draws, chains = 40, 60, 10_000
    law = np.arange(1, 1001) ** -2.0 / special.zeta(2.0)
    trained = 0.3 * law + 0.7 * np.where(np.arange(1000) < cut, law, 0) / law[:cut].sum()
    bounds = np.cumsum(trained)
    ranks = np.searchsorted(bounds, rng.uniform(size=(chains, draws)))
    seen = np.zeros((chains, 1001))
    seen[np.arange(chains)[:, None], ranks] = 1
    errors = 1 - seen[:, :1000] @ law
    expected = zipf_tails.memoriser_error(exponent=2.0, samples=draws, cut=cut, human_fraction=0.3)
    assert same_mean(errors, expected)
    assert not same_mean(errors, 1.02 * expected)


def test_the_second_generation_is_that_of_memorisers():
    rng = np.random.default_rng(4)
    law = np.arange(1, 1001) ** -1.5
    law /= law.sum()
    first = rng.multinomial(80, law, size=4000)
    seen = rng.poisson(first / 80 * 50) > 0
    errors = 1 - seen @ law
    expected = float(law @ (1 - law * -math.expm1(-50 / 80)) ** 80)
    assert same_mean(errors, expected)
    # the same sum, with all ranks, is the function
    far = zipf_tails.second_error(exponent=1.5, samples=50, human_samples=80)
    full = np.arange(1, 10**6) ** -1.5 / special.zeta(1.5)
    direct = full @ (1 - full * -math.expm1(-50 / 80)) ** 80 + zipf_tails.tail_mass(
        exponent=1.5, rank=10**6 - 1
    )
    assert far == pytest.approx(direct, rel=1e-6)


@pytest.mark.parametrize("exponent", [1.5, 2.0, 3.0])
def test_the_double_law_has_its_exponent_in_both_sizes(exponent):
    expected = zipf_tails.learning_exponent(exponent=exponent)
    for size, other in (("samples", "human_samples"), ("human_samples", "samples")):
        near, far = (
            zipf_tails.second_error(exponent=exponent, **{size: at, other: 1e14})
            for at in (1e6, 1e7)
        )
        assert math.log10(far / near) == pytest.approx(expected, abs=1e-3)


def test_a_cut_makes_a_floor_and_a_clean_share_ends_it():
    at = {"exponent": 2.0, "cut": 100}
    floor = zipf_tails.tail_mass(exponent=2.0, rank=100)
    cut_only = zipf_tails.memoriser_error(**at, samples=1e9)
    assert cut_only == pytest.approx(floor, rel=1e-9)
    assert slope(samples=1e6, human_fraction=1e-4, **at) > -0.03  # the plateau
    assert slope(samples=1e12, human_fraction=1e-4, **at) == pytest.approx(-0.5, abs=1e-3)


@pytest.mark.parametrize("exponent", [1.5, 2.0, 3.0])
def test_the_orders_have_these_constants(exponent):
    for samples, cut in ((1e4, 10**9), (1e12, 10**9), (1e14, 1000), (1e12, 100)):
        at = {"exponent": exponent, "samples": samples, "cut": cut}
        ratio = zipf_tails.cut_error_leading(**at) / zipf_tails.memoriser_error(**at)
        assert 1 - 0.02 < ratio < 2
    ratio = zipf_tails.cut_error_leading(
        exponent=exponent, samples=1e5, cut=10**12
    ) / zipf_tails.memoriser_error(exponent=exponent, samples=1e5)
    assert ratio == pytest.approx(1, abs=2e-3)


@pytest.mark.parametrize("exponent", [1.5, 2.0, 3.0])
def test_a_second_descent_follows_the_plateau(exponent):
    at = {"exponent": exponent, "cut": 100, "human_fraction": 1e-5}
    for power in range(2, 17):
        leading = zipf_tails.second_descent_leading(**at, samples=10**power)
        exact = zipf_tails.memoriser_error(**at, samples=10**power)
        assert leading == pytest.approx(exact, rel=0.01), power
    floor = zipf_tails.tail_mass(exponent=exponent, rank=100)
    middle = 10 * 100**exponent * special.zeta(exponent)  # every rank up to the cut is known
    on = zipf_tails.second_descent_leading(**at, samples=middle)
    assert on == pytest.approx(floor, rel=2e-3)
    late = [zipf_tails.second_descent_leading(**at, samples=t) for t in (1e20, 1e21)]
    clean = zipf_tails.cut_error_leading(exponent=exponent, samples=1e15, cut=10**30)
    assert late[0] == pytest.approx(clean, rel=1e-6)
    assert math.log10(late[1] / late[0]) == pytest.approx(1 / exponent - 1, abs=1e-6)


@pytest.mark.parametrize(
    ("function", "arguments", "named"),
    [
        (zipf_tails.memoriser_error, {"exponent": 1.0, "samples": 1}, "exponent=1.0"),
        (zipf_tails.memoriser_error, {"exponent": 2.0, "samples": -1}, "samples=-1"),
        (zipf_tails.memoriser_error, {"exponent": 2.0, "samples": 1, "cut": 0}, "cut=0"),
        (
            zipf_tails.memoriser_error,
            {"exponent": 2.0, "samples": 1, "cut": 2, "human_fraction": 2.0},
            "human_fraction=2.0",
        ),
        (
            zipf_tails.second_error,
            {"exponent": 2.0, "samples": 1, "human_samples": 0},
            "human_samples=0",
        ),
        (zipf_tails.cut_error_leading, {"exponent": 2.0, "samples": 0, "cut": 1}, "samples=0"),
        *(
            (zipf_tails.second_descent_leading, DESCENT | wrong, named)
            for wrong, named in (
                ({"human_fraction": 0.0}, "human_fraction=0.0"),
                ({"cut": 0}, "cut=0"),
                ({"samples": 0}, "samples=0"),
            )
        ),
        (zipf_tails.tail_mass, {"exponent": 2.0, "rank": -1}, "rank=-1"),
        (zipf_tails.learning_exponent, {"exponent": math.inf}, "exponent=inf"),
    ],
)
def test_wrong_arguments_are_named(function, arguments, named):
    with pytest.raises(ValueError, match=named):
        function(**arguments)
