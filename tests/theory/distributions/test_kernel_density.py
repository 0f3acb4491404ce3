"""Kernel densities: the recursion, its end, and chains of points with three kinds of noise."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.theory.count_chains import same_mean
from theory.distributions import kernel_density

CHAINS = 150_000

NOISES = {
    "gaussian": lambda rng, shape: rng.standard_normal(shape),
    "uniform": lambda rng, shape: rng.uniform(-(3**0.5), 3**0.5, shape),
    "sign": lambda rng, shape: rng.choice([-1.0, 1.0], shape),
}


@given(
    samples=st.integers(2, 60),
    generation=st.integers(1, 40),
    tenths=st.integers(0, 20),
    human=st.integers(0, 4),
)
def test_sample_variance_and_mean_error_are_recursions(samples, generation, tenths, human):
    width, kept = (tenths / 10) ** 2, 1 - 1 / samples
    spread, error = kept * human, human / samples
    for _ in range(1, generation):
        error += (spread + width) / samples
        spread = kept * (spread + width)
    at = {
        "samples": samples,
        "generation": generation,
        "bandwidth": tenths / 10,
        "human_variance": float(human),
    }
    assert kernel_density.sample_variance(**at) == pytest.approx(spread, rel=1e-10)
    assert kernel_density.mean_error(**at) == pytest.approx(error, rel=1e-9, abs=1e-12)
    assert kernel_density.model_variance(**at) == pytest.approx(spread + width, rel=1e-10)


@given(samples=st.integers(2, 60), generation=st.integers(1, 40), unbiased=st.booleans())
def test_relative_bandwidths_multiply(samples, generation, unbiased):
    kept, spread = 1 - 1 / samples, 1 - 1 / samples
    for _ in range(1, generation):
        spread = kept * (spread + 0.09 * (spread / kept if unbiased else spread))
    found = kernel_density.relative_sample_variance(
        samples=samples, generation=generation, factor=0.3, unbiased=unbiased
    )
    assert found == pytest.approx(spread, rel=1e-10)


def test_the_recursion_ends_at_its_limit():
    at = {"samples": 30, "bandwidth": 0.3}
    limit = kernel_density.sample_variance_limit(**at)
    assert limit == pytest.approx(0.09 * 29)
    for human in (0.0, 9.0):
        far = kernel_density.sample_variance(**at, generation=2000, human_variance=human)
        assert far == pytest.approx(limit, rel=1e-12)
    assert kernel_density.model_variance(**at, generation=2000) == pytest.approx(0.09 * 30)


def test_silverman_explodes_but_for_two_points():
    def growth(samples):
        at = {"samples": samples, "factor": kernel_density.silverman_factor(samples=samples)}
        for unbiased in (True, False):
            first, second = (
                kernel_density.relative_sample_variance(**at, generation=n, unbiased=unbiased)
                for n in (1, 2)
            )
            yield second / first

    assert all(rate > 1 for samples in (3, 10, 1000, 10**6) for rate in growth(samples))
    assert min(growth(2)) < 1
    assert kernel_density.silverman_factor(samples=243) == pytest.approx(1.06 / 3)


@pytest.mark.parametrize("kernel", NOISES)
@pytest.mark.parametrize("relative", [None, True, False], ids=["fixed", "unbiased", "biased"])
def test_chains_of_points_have_these_moments(kernel, relative):
    rng = np.random.default_rng([len(kernel), {None: 0, True: 1, False: 2}[relative]])
    points = rng.exponential(size=(CHAINS, 5)) - 1  # any human law of variance 1
    for generation in (1, 2, 3):
        spread, mean = points.var(axis=1), points.mean(axis=1)
        at = {"samples": 5, "generation": generation}
        if relative is None:
            expected = kernel_density.sample_variance(**at, bandwidth=0.6)
            error = kernel_density.mean_error(**at, bandwidth=0.6)
            assert same_mean(mean**2, error)
            assert generation < 3 or not same_mean(mean**2, 1.03 * error)
            width = np.full(CHAINS, 0.6)
        else:
            expected = kernel_density.relative_sample_variance(**at, factor=0.6, unbiased=relative)
            width = 0.6 * points.std(axis=1, ddof=int(relative))
        assert same_mean(spread, expected)
        assert generation != 2 or not same_mean(spread, 1.03 * expected)
        noise = NOISES[kernel](rng, points.shape)
        chosen = np.take_along_axis(points, rng.integers(0, 5, points.shape), axis=1)
        points = chosen + width[:, None] * noise


@pytest.mark.parametrize(
    ("function", "arguments", "named"),
    [
        (
            kernel_density.sample_variance,
            {"samples": 1, "generation": 1, "bandwidth": 1.0},
            "samples=1",
        ),
        (
            kernel_density.mean_error,
            {"samples": 2, "generation": 0, "bandwidth": 1.0},
            "generation=0",
        ),
        (
            kernel_density.model_variance,
            {"samples": 2, "generation": 1, "bandwidth": -1.0},
            "bandwidth=-1.0",
        ),
        (
            kernel_density.relative_sample_variance,
            {"samples": 2, "generation": 1, "factor": float("nan")},
            "factor=nan",
        ),
        (kernel_density.silverman_factor, {"samples": 0}, "samples=0"),
    ],
)
def test_wrong_arguments_are_named(function, arguments, named):
    with pytest.raises(ValueError, match=named):
        function(**arguments)
