"""Contaminated retraining: exact recursions, their limits, and which bound stands where."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.theory.references_contamination import mean_variance
from theory.distributions import categorical, contamination, laws

LAW = [0.4, 0.3, 0.2, 0.1]

shares_of = st.lists(st.floats(0.01, 1), max_size=30).map(lambda later: [1.0, *later])


def one_batch(samples: int) -> float:
    return laws.heterozygosity(probabilities=LAW) / samples


@given(shares=shares_of, samples=st.integers(2, 10**6))
def test_the_debiased_error_is_below_the_rate_and_near_it(shares, samples):
    where = {"samples": samples, "human_shares": shares}
    rate = contamination.minimax_rate(**where) * laws.heterozygosity(probabilities=LAW)
    error = contamination.debiased_error(probabilities=LAW, **where)
    assert rate * (1 - 1 / samples) - 1e-15 <= error <= rate * (1 + 1e-12)


@given(shares=shares_of, samples=st.integers(1000, 10**6))
def test_debiasing_is_never_worse_than_pooling(shares, samples):
    where = {"probabilities": LAW, "samples": samples, "human_shares": shares}
    pooled = contamination.pooled_error(**where)
    assert contamination.debiased_error(**where) <= pooled * (1 + 2 / samples)


@pytest.mark.parametrize("share", [0.0, 0.2, 0.7, 1.0])
def test_pooled_frequencies_are_an_accumulated_mean_in_large_batches(share):
    shares = [1.0, *[share] * 49]
    error = contamination.pooled_error(probabilities=LAW, samples=10**7, human_shares=shares)
    assert error == pytest.approx(mean_variance(share, 50) * one_batch(10**7), rel=1e-6)


def test_human_batches_alone_are_one_large_batch():
    where = {"probabilities": LAW, "samples": [5, 7, 8], "human_shares": [1.0, 1.0, 1.0]}
    for error in (contamination.debiased_error, contamination.pooled_error):
        assert error(**where) == pytest.approx(one_batch(20), rel=1e-12)


def test_without_human_tokens_nothing_is_learned_by_debiasing_and_lost_by_pooling():
    where = {"probabilities": LAW, "samples": 50, "human_shares": [1.0, 0.0, 0.0]}
    assert contamination.debiased_error(**where) == pytest.approx(one_batch(50), rel=1e-12)
    expected = np.sum(categorical.accumulate_variance(probabilities=LAW, samples=50, generation=3))
    assert contamination.pooled_error(**where) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize(
    ("share", "power"), [(0.05, 0.1), (0.3, 0.6), (0.45, 0.9), (0.6, 1), (0.9, 1)]
)
def test_the_rate_is_the_lesser_of_a_half_and_the_human_share(share, power):
    near, far = (
        contamination.pooled_error_leading(generation=t, human_share=share)
        for t in (10**60, 10**62)
    )
    assert math.log(near / far, 100) == pytest.approx(power, rel=1e-6)


@pytest.mark.parametrize(
    "share", [0.0, 0.05, 0.3, 0.45, 0.49, 0.4999, 0.5, 0.500001, 0.51, 0.6, 0.9, 1.0]
)
def test_the_pooled_error_solves_its_recursion_on_both_sides_of_one_half(share):
    """Its two powers of t have poles at 1/2: the larger alone is 46 times too high near it."""
    error = 0.0
    for t in range(1, 30_001):
        error = (1 - share / t) ** 2 * error + 1 / t**2
        if t in (1, 2, 10, 100, 10_000, 10_001, 30_000):
            got = contamination.pooled_error_leading(generation=t, human_share=share)
            assert got == pytest.approx(error, rel=1e-9)


@given(t=st.integers(1, 10**12), share=st.floats(0, 1), more=st.floats(0, 1e-6))
def test_the_pooled_error_is_smooth_in_the_share(t, share, more):
    """d log E / da is between -2 (1 + ln t) and 0: more human points never hurt."""
    near, far = (
        contamination.pooled_error_leading(generation=t, human_share=a)
        for a in (share, min(share + more, 1.0))
    )
    assert far <= near * (1 + 1e-8)
    assert far >= near * math.exp(-2 * more * (1 + math.log(t))) * (1 - 1e-8)


def test_the_constant_of_the_sum_does_not_depend_on_where_it_is_cut(monkeypatch):
    def values() -> list[float]:
        shares = (0.0, 0.1, 0.3, 0.45, 0.5)
        return [
            contamination.pooled_error_leading(generation=10**6, human_share=share)
            for share in shares
        ]

    found = values()
    monkeypatch.setattr(contamination, "_SUMMED", 50_000)
    np.testing.assert_allclose(found, values(), rtol=1e-9)


@given(ratio=st.floats(0, 10), misfit=st.floats(0, 2), generation=st.integers(1, 20))
def test_the_published_bound_stands_above_and_tightens_with_the_fit(ratio, misfit, generation):
    where = {"ratio": ratio, "generation": generation}
    distance = contamination.mixed_distance(**where)
    fitting = contamination.mixed_distance_bound(**where)
    assert distance <= fitting <= contamination.mixed_distance_bound(**where, misfit=misfit)
    assert distance <= 1 and math.isfinite(fitting) == (ratio < 0.5)


@pytest.mark.parametrize("samples", [1, 2, 10, 1000])
def test_the_largest_error_is_of_the_order_of_one_batch_s(samples):
    simple = 2 * math.pi**2 / (3 * samples)
    bound = contamination.largest_mean_error_bound(samples=samples)
    # sin(x) / x is 1 - x^2/6 + x^4/120 - ..., with x^2 = pi^2 / M
    assert simple * (1 - math.pi**2 / (20 * samples)) <= bound <= simple


SHARES = {"probabilities": LAW, "samples": 5}


@pytest.mark.parametrize(
    ("function", "arguments", "named"),
    [
        ("minimax_rate", {"samples": 5, "human_shares": []}, "human_shares has shape"),
        ("pooled_error", SHARES | {"human_shares": [0.5]}, "starts with 0.5"),
        ("pooled_error", SHARES | {"human_shares": [1.0, 1.5]}, r"numbers in \[0, 1\]"),
        (
            "debiased_error",
            {"probabilities": LAW, "samples": [2, 100], "human_shares": [1.0, 0.1]},
            "here up to 3.33",
        ),
        ("pooled_error", SHARES | {"samples": [5, 5], "human_shares": [1.0]}, "samples has shape"),
        ("pooled_error_leading", {"generation": 0, "human_share": 0.5}, "generation=0"),
        ("pooled_error_leading", {"generation": 1, "human_share": -0.5}, "human_share=-0.5"),
        ("mixed_distance", {"ratio": -1.0, "generation": 1}, "ratio=-1.0"),
        ("mixed_distance", {"ratio": 1.0, "generation": 0}, "generation=0"),
        ("mixed_distance_bound", {"ratio": 1.0, "generation": 1, "misfit": -1.0}, "misfit=-1.0"),
        ("largest_mean_error_bound", {"samples": 0}, "samples=0"),
    ],
)
def test_wrong_arguments_are_named(function, arguments, named):
    with pytest.raises(ValueError, match=named):
        getattr(contamination, function)(**arguments)
