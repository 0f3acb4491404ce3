"""What users compute from synthetic data: limits, neighbours, and the numbers printed elsewhere."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.theory.references_estimates import fresh_rows
from theory.distributions import estimates, gaussian, gaussian_edits

sizes = st.integers(2, 10**6)
weights = st.floats(0, 10)
shares = st.floats(0.05, 1)


@given(samples=st.lists(sizes, min_size=1, max_size=9), confidence=st.floats(0.01, 0.99))
def test_the_usual_interval_never_covers_more_than_it_says(samples, confidence):
    where = {"generation": len(samples), "confidence": confidence}
    covered = estimates.naive_coverage(samples=samples, **where)
    assert 0 < covered <= confidence * (1 + 1e-12)


def test_it_covers_what_it_says_on_human_points_alone_and_ever_less_later():
    found = [estimates.naive_coverage(samples=9, generation=n) for n in range(1, 30)]
    assert found[0] == pytest.approx(0.95, rel=1e-12)
    assert found == sorted(found, reverse=True)
    assert found[9] == pytest.approx(estimates.naive_coverage(samples=[10, 90], generation=2))


@given(samples=sizes, share=shares)
def test_without_a_weight_it_is_the_fit_itself(samples, share):
    where = {"samples": samples, "weight": 0.0, "sampling_variance": share}
    once = gaussian.replace_variance(samples=samples, generation=1, unbiased=False)
    assert estimates.extrapolated_variance(**where) == pytest.approx(share * once, rel=1e-12)


@given(samples=st.integers(2, 1000), share=shares)
def test_one_weight_makes_the_variance_unbiased_at_the_price_of_a_larger_spread(samples, share):
    weight = estimates.unbiased_extrapolation(samples=samples, sampling_variance=share)
    where = {"samples": samples, "sampling_variance": share}
    mean = estimates.extrapolated_variance(**where, weight=weight)
    assert mean == pytest.approx(1, rel=1e-9)
    plain, error = (estimates.extrapolated_error(**where, weight=w) for w in (0.0, weight))
    bias = 1 - estimates.extrapolated_variance(**where, weight=0.0)
    assert error > plain - bias**2


def test_it_worsens_the_squared_error_unless_the_sampler_is_biased():
    def error(weight: float, share: float) -> float:
        return estimates.extrapolated_error(samples=10, weight=weight, sampling_variance=share)

    assert error(1.0, 1.0) == pytest.approx(0.3961, rel=1e-12)
    assert error(0.0, 1.0) == pytest.approx(0.19, rel=1e-12)
    many = {"samples": 10**6, "sampling_variance": 0.8}
    assert estimates.extrapolated_error(weight=1.25, **many) < 1e-4
    assert estimates.extrapolated_error(weight=0.0, **many) == pytest.approx(0.04, rel=1e-3)


@given(samples=st.integers(2, 40), share=st.floats(0, 1), generation=st.integers(1, 30))
def test_fresh_rows_obey_the_moments_of_their_points(samples, share, generation):
    human = round(share * samples)
    where = {"samples": samples, "human": human}
    variance, mean_square = fresh_rows(**where, generation=generation)
    found = estimates.fresh_rows_variance(**where, generation=generation)
    assert found == pytest.approx(variance, rel=1e-9, abs=1e-12)
    assert variance + mean_square == pytest.approx(1, rel=1e-12)


def test_fresh_rows_of_an_exact_number_keep_more_than_a_share_in_the_mean():
    exact = estimates.fresh_rows_limit(samples=10, human=2)
    at = {"samples": 10, "human_share": 0.2, "generation": 500}
    by_chance = gaussian_edits.fresh_human_variance(**at, unbiased=False)
    assert exact == pytest.approx(1 - 1 / 4.4, rel=1e-12)
    assert by_chance == pytest.approx(1 - 1 / 4.24, rel=1e-9)
    assert estimates.fresh_rows_limit(samples=200, human=10) == pytest.approx(0.9511, abs=5e-5)
    assert estimates.fresh_rows_limit(samples=200, human=0) == 0


@given(samples=sizes, drawn=sizes, sets=st.integers(1, 10**6))
def test_half_of_what_averaging_can_gain_comes_with_the_second_set(samples, drawn, sets):
    for statistic in ("mean", "variance"):
        one, two, many, some = (
            estimates.averaged_error(samples=samples, drawn=drawn, sets=m, statistic=statistic)
            for m in (1, 2, 10**15, sets)
        )
        assert many <= some * (1 + 1e-12) and some <= one
        assert one - two == pytest.approx((one - many) / 2, rel=1e-6, abs=1e-14)


@pytest.mark.parametrize(
    ("formula", "changes", "named"),
    [
        (estimates.naive_coverage, {"samples": 1, "generation": 1}, "samples=1"),
        (
            estimates.naive_coverage,
            {"samples": 9, "generation": 1, "confidence": 1.0},
            "confidence=1.0: accepted is",
        ),
        (estimates.extrapolated_variance, {"samples": 5, "weight": -1.0}, "weight=-1.0"),
        (estimates.extrapolated_error, {"samples": 1, "weight": 1.0}, "samples=1"),
        (estimates.averaged_error, {"samples": 5, "drawn": 5, "sets": 0}, "sets=0"),
        (
            estimates.averaged_error,
            {"samples": 5, "drawn": 5, "sets": 1, "statistic": "median"},
            "statistic=median: accepted are mean, variance",
        ),
        (estimates.fresh_rows_limit, {"samples": 5, "human": 6}, "human=6"),
    ],
)
def test_unusable_arguments_are_named(formula, changes, named):
    with pytest.raises(ValueError, match=named):
        formula(**changes)
