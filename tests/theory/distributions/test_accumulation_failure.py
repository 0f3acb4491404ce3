"""Where accumulation fails: likelihoods over counts, and the chain of levels in fractions."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theory.distributions import accumulation_failure as failure

HEAVY = Fraction(9, 10)


def log_likelihood(weight: float, log_width: float, inside: int, points: int) -> float:
    """Of a spike with `inside` of `points` points, the density written out."""
    within = np.logaddexp(math.log1p(-weight), math.log(weight) - log_width)
    return inside * within + (points - inside) * math.log1p(-weight)


@given(
    root=st.integers(5, 40),
    fits=st.integers(1, 2),
    shares=st.tuples(*[st.floats(0, 1)] * 2),
)
def test_one_point_of_a_higher_level_decides(root, fits, shares):
    n = root**2
    assert min(failure.likelihood_margins(samples=n, fits=fits)) > 0
    points = fits * n
    first = max(1, round(shares[0] * points))
    second = max(1, round(shares[1] * points))
    assert log_likelihood(1 / root, -4 * n, first, points) > 0
    best_below = log_likelihood(1 / root, -4 * n, points, points)
    assert log_likelihood(0.9, -(n**3), second, points) > max(best_below, 0)


def test_margins_are_the_least_leads():
    first, second = failure.likelihood_margins(samples=25, fits=2)
    assert first == pytest.approx(log_likelihood(0.2, -100, 1, 50))
    lead = log_likelihood(0.9, -(25**3), 1, 50) - 50 * math.log(0.8 + 0.2 * math.exp(100))
    assert second == pytest.approx(lead)


def drawn(level: int, root: int) -> list[Fraction]:
    """Law of the highest level among n points of a model of this level, point by point."""
    n = root**2
    outer, inner = Fraction(1, n), Fraction(1, root)
    uniform = [1 - outer, outer * (1 - inner), outer * inner]
    own = [uniform, [Fraction(0), 1 - inner, inner], [Fraction(0), Fraction(0), Fraction(1)]][level]
    weight = [Fraction(0), Fraction(1, root), HEAVY][level]
    point = [weight * mine + (1 - weight) * other for mine, other in zip(own, uniform, strict=True)]
    below = [Fraction(0), point[0] ** n, (point[0] + point[1]) ** n, Fraction(1)]
    return [after - before for before, after in zip(below, below[1:], strict=False)]


def walked(regime: str, root: int, generations: int) -> np.ndarray:
    """Laws of the levels, summing over every path of levels."""
    laws = [drawn(0, root)]
    for _ in range(1, generations):
        after = [Fraction(0)] * 3
        for before, chance in enumerate(laws[-1]):
            for new, share in enumerate(drawn(before, root)):
                target = {"replace": new, "accumulate": max(before, new), "human_only": before}
                after[target[regime]] += chance * share
        laws.append(after)
    return np.array(laws, float)


@pytest.mark.parametrize("regime", ["accumulate", "replace", "human_only"])
@pytest.mark.parametrize("root", [4, 8])
def test_levels_are_the_chain_in_fractions(regime, root):
    laws = failure.level_probabilities(samples=root**2, generations=3, regime=regime)
    np.testing.assert_allclose(laws, walked(regime, root, 3), rtol=1e-9)


def test_the_second_fit_by_hand():
    n, q1, q2 = 64, 1 / 64, 1 / 512
    uniform, alive = (1 - q1) ** n, (1 - q2) ** n
    seen = 1 / 8 * 1 / 8 + 7 / 8 * q2
    survives = uniform * alive + (alive - uniform) * (1 - seen) ** n
    got = failure.collapse_probability(samples=n, generation=2)
    assert got == pytest.approx(1 - survives, rel=1e-12)
    assert got == pytest.approx(0.50897, abs=5e-6)


def test_points_drawn_one_by_one_collapse_as_often():
    n, replicates, rng = 16, 200_000, np.random.default_rng(0)
    collapsed = np.zeros(replicates, bool)
    spiked = np.zeros(replicates, bool)
    for fit in range(2):
        own = (rng.random((replicates, n)) < 0.25) & spiked[:, None]
        outer = own | (rng.random((replicates, n)) < 1 / n)
        inner = outer & (rng.random((replicates, n)) < 0.25)
        collapsed |= inner.any(axis=1)  # whatever a collapsed model draws, it stays so
        spiked |= outer.any(axis=1)
        exact = failure.collapse_probability(samples=n, generation=fit + 1)
        assert abs(collapsed.mean() - exact) < 5 * math.sqrt(exact * (1 - exact) / replicates)


@given(samples=st.integers(16, 10**6), generation=st.integers(1, 3))
def test_collapse_is_never_below_its_floor(samples, generation):
    exact = failure.collapse_probability(samples=samples, generation=generation)
    assert exact >= failure.collapse_floor(generation=generation)


@pytest.mark.parametrize("generation", [1, 2, 3, 6])
def test_the_floor_is_the_limit_of_many_samples(generation):
    exact = failure.collapse_probability(samples=10**12, generation=generation)
    assert exact == pytest.approx(failure.collapse_floor(generation=generation), abs=3e-6)


def test_the_floor_by_hand():
    assert failure.collapse_floor(generation=2) == pytest.approx((1 - math.exp(-1)) ** 2)
    # spiked from fit 1, 2 or 3 on, alive since; or uniform all along
    u = math.exp(-1)
    alive = u**3 + (1 - u) * (u**2 + u * u + u**2)
    assert failure.collapse_floor(generation=3) == pytest.approx(1 - alive)


@given(samples=st.integers(16, 10**6))
def test_the_estimator_is_consistent_and_its_accumulation_is_not(samples):
    first = failure.collapse_probability(samples=samples, generation=1)
    assert first < samples**-0.5
    at = {"samples": samples, "generation": 1}
    assert failure.expected_total_variation(**at) < 1.9 * samples**-0.5
    for generation in (2, 5):
        at["generation"] = generation
        assert failure.collapse_probability(**at, regime="human_only") == first
    later = failure.expected_total_variation(samples=samples, generation=2)
    assert later > 0.9 * failure.collapse_floor(generation=2)


def test_total_variation_by_hand():
    _, spiked, collapsed = failure.level_probabilities(samples=64, generations=2)[1]
    got = failure.expected_total_variation(samples=64, generation=2, collapsed_weight=0.9)
    assert got == pytest.approx(spiked / 8 + 0.9 * collapsed, rel=1e-12)


def test_replacement_forgets_spikes_and_accumulation_does_not():
    at = {"samples": 16, "generations": 4}
    kept = failure.level_probabilities(**at, regime="replace", collapsed_weight=0.1)
    pooled = failure.level_probabilities(samples=25, generations=4, collapsed_weight=0.1)
    assert (np.diff(pooled[:, 2]) > 0).all()
    assert kept[3, 0] > kept[0, 0] * (1 - 1 / 16) ** 48  # some come back to the uniform law


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"samples": 1, "generations": 2}, "samples=1: accepted are integers >= 2"),
        ({"samples": 64, "generations": 0}, "generations=0: accepted are integers >= 1"),
        ({"samples": 16, "generations": 9}, "samples=16: accepted are sample sizes with positive"),
        ({"samples": 64, "generations": 2, "regime": "mix"}, "regime=mix: accepted are accumulate"),
        (
            {"samples": 64, "generations": 2, "collapsed_weight": 1.0},
            r"collapsed_weight=1.0: accepted is \(0, 1\)",
        ),
    ],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(ValueError, match=message):
        failure.level_probabilities(**arguments)
