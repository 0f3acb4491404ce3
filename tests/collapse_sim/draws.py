"""Draws of a simulation for tests, and what a test may conclude from them.

XLA compiles ten times longer than these small chains run, so it is told not to optimise; and the
simulation is an argument, so that those which differ only in their data are compiled once.
"""

import contextlib
from functools import partial

import jax
import numpy as np
from scipy import stats

FAILURE_RATE = 1e-6
"""Chance that one comparison fails although the code is right. All keys are fixed."""

COUNT = 8192
"""Replicates; standard errors of these means are near 1 %."""

COMPILE_FAST = {"xla_backend_optimization_level": 0}


@partial(jax.jit, compiler_options=COMPILE_FAST)
def run(simulation, keys):
    """Each measure of a simulation under each key."""
    return jax.vmap(simulation)(keys)


def draw(simulation, *, seed: int, count: int = COUNT) -> dict[str, np.ndarray]:
    """Each measure of independent replicates, (count, generations), in float64."""
    keys = jax.random.split(jax.random.key(seed), count)
    return {name: np.asarray(value, float) for name, value in run(simulation, keys).items()}


def double_precision() -> contextlib.AbstractContextManager:
    """Switch float64 on; the name moved out of jax.experimental after 0.7."""
    if hasattr(jax, "enable_x64"):
        return jax.enable_x64(True)
    return jax.experimental.enable_x64()


def same_mean(values: np.ndarray, expected: np.ndarray) -> bool:
    """Whether t tests leave it possible that `expected` are the means of the columns.

    The skewness of a test error at these counts changes their error rate by less than a factor 2.
    """
    return bool((stats.ttest_1samp(values, expected).pvalue > FAILURE_RATE).all())


def same_means(first: np.ndarray, second: np.ndarray) -> bool:
    """Whether t tests leave it possible that the columns of two samples have the same means."""
    return bool((stats.ttest_ind(first, second, equal_var=False).pvalue > FAILURE_RATE).all())


def same_law(values: np.ndarray, other) -> bool:
    """Whether a Kolmogorov-Smirnov test allows one law: of a second sample, or a scipy law's."""
    law = other if isinstance(other, np.ndarray) else other.cdf
    return bool(stats.kstest(values, law, method="asymp").pvalue > FAILURE_RATE)
