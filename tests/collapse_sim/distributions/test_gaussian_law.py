"""The exact law of the one-dimensional Gaussian, against closed forms worked out by hand.

With alpha(M) the mean of s / sigma over M points: means of the mean's error n / M, of the variance
1, of the deviation alpha^n and of W_2^2 n / M + 2 (1 - alpha^n), after n fits to M points each.
"""

import jax
import numpy as np
import pytest
from scipy import stats
from scipy.special import digamma, gammaln

from collapse_sim.distributions.gaussian_law import GaussianLaw
from collapse_sim.replicates import Stream
from tests.collapse_sim.draws import same_law, same_mean

GENERATIONS = 40  # of all tests, which then share one compiled program


def law(regime, *, samples, count, seed, estimator="unbiased") -> dict[str, np.ndarray]:
    simulation = GaussianLaw.of(
        regime, samples=samples, generations=GENERATIONS, estimator=estimator
    )
    stream = Stream.of(simulation, devices=jax.devices()[:1])
    blocks = list(stream.blocks_from(jax.random.key(seed), 0, count))
    return {name: np.concatenate([block[name] for block in blocks]) for name in blocks[0]}


def has_mean(values: np.ndarray, *expected: float) -> bool:
    """Whether these can be the means of the columns, and means 2 % larger or smaller cannot."""
    values, right = values.astype(float), np.array(expected)
    wrong = [
        same_mean(values[:, [i]], scale * right[i : i + 1])
        for scale in (0.98, 1.02)
        for i in range(len(right))
    ]
    return same_mean(values, right) and not any(wrong)


def alpha(samples) -> np.ndarray:
    return np.sqrt(2 / (samples - 1)) * np.exp(gammaln(samples / 2) - gammaln((samples - 1) / 2))


@pytest.fixture(scope="module")
def replaced() -> dict[str, np.ndarray]:
    return law("replace", samples=20, count=2**18, seed=1)


def test_the_wasserstein_distance_grows(replaced):
    found = replaced["squared_wasserstein"].astype(float)
    expected = [0.07613, 0.37729, 1.46257, 2.81816]
    n = np.array([1, 5, 20, 40])
    np.testing.assert_allclose(n / 20 + 2 * (1 - alpha(20) ** n), expected, rtol=1e-4)
    assert has_mean(found[:, [0, 4]], *expected[:2])
    assert same_mean(found[:, [19, 39]], np.array(expected[2:]))


def test_the_mean_variance_stays_while_the_median_falls(replaced):
    assert has_mean(replaced["variance"][:, [0, 4, 9]], 1, 1, 1)
    # The standard error of the median is 0.5 %.
    np.testing.assert_allclose(np.median(replaced["variance"][:, 39]), 0.120, rtol=0.025)


def test_mean_deviation_and_error_of_the_mean(replaced):
    assert has_mean(replaced["standard_deviation"][:, [0, 39]], alpha(20), alpha(20) ** 40)
    assert has_mean(replaced["squared_mean_error"][:, [0, 4]], 1 / 20, 5 / 20)


def test_squared_steps_add_up_to_the_squared_mean_and_vary_far_less(replaced):
    steps, variance = replaced["squared_mean_steps"], replaced["variance"]
    np.testing.assert_allclose(steps[:, 0], 1 / 20, rtol=1e-6)
    np.testing.assert_allclose(np.diff(steps[:, :5]), variance[:, :4] / 20, rtol=1e-4)
    assert has_mean(steps[:, [1, 4]], 2 / 20, 5 / 20)
    assert steps[:, 4].var() < replaced["squared_mean_error"][:, 4].var() / 8
    point = replaced["squared_mean_error"] + variance
    np.testing.assert_allclose(replaced["point_variance"], point, rtol=1e-5)


def test_the_logarithm_of_the_variance_falls_by_its_rate(replaced):
    rate = digamma(9.5) + np.log(2 / 19)
    np.testing.assert_allclose(rate, -0.053554, rtol=1e-4)
    assert has_mean(replaced["log_variance"][:, [39]], 40 * rate)


def test_the_first_fit_has_student_s_laws(replaced):
    one = {name: values[:, 0].astype(float) for name, values in replaced.items()}
    assert same_law(19 * one["variance"], stats.chi2(19))
    assert same_law(20 * one["squared_mean_error"], stats.chi2(1))
    assert same_law(20 * one["squared_mean_error"] / one["variance"], stats.f(1, 19))


def test_maximum_likelihood_shrinks_the_variance():
    found = law("replace", samples=20, count=2**18, seed=2, estimator="maximum_likelihood")
    left, shrink = 0.95**15, alpha(20) * 0.95**0.5
    np.testing.assert_allclose([left, 1 - left], [0.4633, 0.5367], rtol=1e-4)
    np.testing.assert_allclose(2 * (1 - shrink**15), 0.8824, rtol=1e-4)
    for n, check in ((3, has_mean), (15, lambda values, mean: same_mean(values, np.array([mean])))):
        last = {name: values[:, [n - 1]].astype(float) for name, values in found.items()}
        assert check(last["variance"], 0.95**n)
        assert check(last["squared_mean_error"], 1 - 0.95**n)
        assert check(last["squared_wasserstein"], 2 * (1 - shrink**n))


def test_accumulation_of_maximum_likelihood_fits_ends_at_a_sinc():
    found = law("accumulate", samples=10, count=2**16, seed=3, estimator="maximum_likelihood")
    k = np.arange(1, 41)
    expected = np.cumprod(1 - 1 / (10 * k**2))
    np.testing.assert_allclose(expected[[0, 4, 29]], [0.9, 0.858877, 0.846206], rtol=1e-6)
    columns = [0, 4, 29, 39]
    assert has_mean(found["variance"][:, columns], *expected[columns])
    more = law("accumulate", samples=10, count=2**18, seed=4, estimator="maximum_likelihood")
    assert has_mean(more["squared_mean_error"][:, columns], *(1 - expected[columns]))
    assert has_mean(more["squared_mean_steps"][:, columns[1:]], *(1 - expected[columns[1:]]))
    # The limit sin(x) / x with x = pi / sqrt(10) is 0.25 % lower than the last.
    np.testing.assert_allclose(np.sinc(1 / np.sqrt(10)), 0.843436, rtol=1e-6)
    assert abs(found["variance"][:, -1].mean() / 0.843436 - 1) < 0.015


def test_accumulation_of_unbiased_fits():
    found = law("accumulate", samples=10, count=2**18, seed=5)
    k = np.arange(2.0, 41)
    variance = np.cumprod(np.concatenate([[1], 1 - 1 / (k * (10 * k - 1))]))
    np.testing.assert_allclose(variance[[4, 29]], [0.952419, 0.938217], rtol=1e-6)
    assert has_mean(found["variance"][:, [1, 4, 29]], *variance[[1, 4, 29]])
    assert has_mean(found["squared_mean_error"][:, [4]], 0.145660)
    np.testing.assert_allclose(found["edited_fraction"][0, [0, 1, 4]], [0, 0.5, 0.8], rtol=1e-6)


def test_growing_samples_stop_the_collapse():
    samples = 10 * np.arange(1, 41) ** 2
    found = law("replace", samples=samples, count=2**18, seed=6)
    assert has_mean(found["squared_mean_error"][:, [39]], (1 / samples).sum())
    assert has_mean(found["standard_deviation"][:, [39]], alpha(samples).prod())
    assert (found["edited_fraction"][:, 0] == 0).all()
    assert (found["edited_fraction"][:, 1:] == 1).all()


def test_accumulated_samples_of_different_sizes_pool_their_points():
    # Two fits to 2 and 6 points by hand: the second pooled variance has 8 - 1 degrees of freedom,
    # 1 from the first batch, 5 within the second and 2 / 8 between the two.
    samples = np.array([2, 6, *np.full(38, 6)])
    found = law("accumulate", samples=samples, count=2**18, seed=7)
    assert has_mean(found["variance"][:, [1]], (1 + 5 + 2 / 8) / 7)
    assert has_mean(found["squared_mean_error"][:, [1]], 1 / 2 + 6 / 8**2)
    np.testing.assert_allclose(found["edited_fraction"][0, :3], [0, 6 / 8, 12 / 14], rtol=1e-6)


def test_a_chain_beyond_underflow_is_finite():
    found = law("replace", samples=np.full(40, 2), count=2**12, seed=8)
    assert all(np.isfinite(values).all() for values in found.values())
    assert found["variance"].min() == 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"regime": "mix"}, "regime=mix"),
        ({"estimator": "biased"}, "estimator=biased"),
        ({"generations": 0}, "generations=0"),
        ({"samples": 1}, "samples=1"),
        ({"samples": np.array([5, 6])}, "samples="),
        ({"samples": np.array([5, 6, 1])}, "samples="),
    ],
    ids=["regime", "estimator", "generations", "samples", "length", "one-point"],
)
def test_unusable_settings_are_refused(arguments, message, monkeypatch):
    monkeypatch.setattr("jaxtyping.config.jaxtyping_disable", True)
    settings = {"regime": "replace", "samples": 10, "generations": 3} | arguments
    with pytest.raises(ValueError, match=message):
        GaussianLaw.of(settings.pop("regime"), **settings)
