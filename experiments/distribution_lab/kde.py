"""A kernel density fitted to its own draws: it spreads where the others shrink."""

import jax.numpy as jnp
import numpy as np
from distribution_lab.points import GENERATIONS, SAMPLES, processes_of, truth, truth_variance
from distribution_lab.process import Process, over_generations
from distribution_lab.settings import Settings

from collapse_sim.distributions.kernel_density import KernelDensityLearner
from theory import kernel_density

EARLY = 5
"""Generation of the verdict: later the variance varies too much between chains."""


def processes(settings: Settings) -> list[Process]:
    samples, dim = settings.samples or SAMPLES, settings.dim or 1
    learner = KernelDensityLearner(
        samples, settings.bandwidth, truth(dim), dtype=jnp.dtype(settings.precision)
    )
    generations = settings.generations or GENERATIONS
    variance = over_generations(
        generations,
        lambda n: kernel_density.model_variance(
            samples=samples, generation=n, bandwidth=settings.bandwidth,
            human_variance=truth_variance(dim),
        ),
    )  # fmt: skip
    found = processes_of(
        settings, "kde", learner, samples, None,
        lambda name: {"variance": variance} if name == "replace" else {},
    )  # fmt: skip
    return [_decide(process, variance) for process in found]


def _decide(process: Process, variance: np.ndarray) -> Process:
    if "variance" not in process.closed:
        return process
    at = min(EARLY, len(variance))
    return process.deciding(
        process.claim(
            "ref.kde_variance", "variance", at, variance[at - 1],
            note="of the density: the sample's and the kernel's",
        )
    )  # fmt: skip
