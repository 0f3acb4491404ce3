"""The measurements of `table.py` in small, and that what is measured is right.

    pytest tests/benchmarks

Clocks are read, never asserted. Means are compared with the closed form d n / (T - d - 1) of
replacement at unit noise. Ours rest on thousands of replicates: a deviation of BOUND standard
errors has chance 3e-12 under the normal law, which leaves room for the errors' skewness. Baselines
rest on the means of BATCHES batches, and Student's law: chance 1e-6.
"""

import os

import jax
import numpy as np
import pytest
from scipy import stats

from collapse_sim.masks import disjoint
from collapse_sim.moments import Moments
from collapse_sim.replicates import Stream
from tests.benchmarks.baselines import Size
from tests.benchmarks.cases import CASES, Case, Rival, accumulating, simulate
from theory.editing.covariance import conditional_errors, conditional_errors_dense

SIZE = Size(10, 100, generations=8)
BOUND = 7.0
BATCHES = 20
BATCH_BOUND = stats.t.isf(0.5e-6, df=BATCHES - 1)
MASKED = tuple(case for case in CASES if "mask" in case.what)
RIVALS = {
    f"{rival.name}, {case.what}" if case in MASKED else rival.name: (case, rival)
    for case in CASES
    for rival in case.rivals
}


def replaced(size: Size) -> np.ndarray:
    """Mean test error of each generation of replacement at unit noise."""
    n = np.arange(1, size.generations + 1)
    return size.dim * n / (size.samples - size.dim - 1)


def known(case: Case) -> slice:
    """The generations whose mean has that closed form: under masks, only the first."""
    return slice(1) if case in MASKED else slice(None)


def devices() -> list:
    return jax.devices()[: os.cpu_count()]


def moments(benchmark, stream: Stream, calls: int = 2) -> Moments:
    """Times a few calls of the stream; moments of the test error."""
    replicates = calls * stream.block * stream.blocks
    summary = benchmark.pedantic(simulate, (stream, replicates), rounds=3, warmup_rounds=1)
    benchmark.extra_info["replicates"] = replicates
    return summary.moments["test_error"]


def batch_means(rival: Rival, size: Size, replicates: int) -> np.ndarray:
    """Means of independent batches, (BATCHES, generations)."""
    seeds = np.random.SeedSequence(0).spawn(BATCHES)
    rngs = [np.random.default_rng(seed) for seed in seeds]
    return np.stack([rival.baseline(rng, size, replicates, np.float64) for rng in rngs])


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.what)
def test_simulation_has_the_mean_of_the_law(benchmark, case):
    error = moments(benchmark, case.stream(SIZE, devices()))
    z = (error.mean - replaced(SIZE)) / error.standard_error
    assert np.abs(z[known(case)]).max() < BOUND


@pytest.mark.parametrize("name", RIVALS)
def test_baseline_has_the_mean_of_the_law(benchmark, name):
    case, rival = RIVALS[name]
    means = benchmark.pedantic(batch_means, (rival, SIZE, 30), rounds=1)
    t = stats.ttest_1samp(means, replaced(SIZE)).statistic
    assert np.abs(t[known(case)]).max() < BATCH_BOUND


@pytest.mark.parametrize("case", MASKED, ids=lambda case: case.what)
def test_masked_simulation_and_its_baselines_have_one_mean(case):
    stream = case.stream(SIZE, devices())
    error = simulate(stream, stream.block * stream.blocks).moments["test_error"]
    for rival in case.rivals:
        means = batch_means(rival, SIZE, 30)
        spread = np.hypot(means.std(axis=0, ddof=1) / np.sqrt(BATCHES), error.standard_error)
        assert np.abs((means.mean(axis=0) - error.mean) / spread).max() < BATCH_BOUND


@pytest.mark.parametrize("samples", [10**3, 10**9])
def test_statistics_have_the_mean_of_the_law_for_any_number_of_rows(benchmark, samples):
    case = next(case for case in CASES if case.what == "statistics")
    size = Size(20, samples, generations=8)
    error = moments(benchmark, case.stream(size, devices()))
    assert np.abs((error.mean - replaced(size)) / error.standard_error).max() < BOUND


@pytest.mark.parametrize("generations", [2, 20])
def test_accumulation_stays_below_replacement(benchmark, generations):
    size = Size(20, 200, generations)
    error = moments(benchmark, Stream.of(accumulating(size), devices=devices()), calls=1)
    excess = (error.mean - replaced(size)) / error.standard_error
    assert abs(excess[0]) < BOUND
    assert excess[1:].max() < -BOUND


def test_compressed_recursion_is_the_dense_one(benchmark):
    rng = np.random.default_rng(0)
    problem = {"design": rng.standard_normal((200, 5)), "masks": disjoint(200, 20)}
    errors = benchmark(lambda: conditional_errors(**problem))
    np.testing.assert_allclose(errors, conditional_errors_dense(**problem), rtol=0, atol=1e-10)
