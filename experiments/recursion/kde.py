"""A kernel density fitted to its own draws: it spreads where the others shrink."""

from collections.abc import Iterator

import jax.numpy as jnp

from collapse_sim.distributions.kernel_density import KernelDensityLearner
from collapse_sim.loop import Chain
from collapse_sim.regimes import Replace
from experiments.recursion.points import GENERATIONS, SAMPLES, processes_of, truth, truth_variance
from experiments.recursion.process import Only, Process, only, over_generations
from experiments.recursion.settings import Settings
from theory import kernel_density

EARLY, MANY = 5, 2**16
"""Generation of the verdict, later the variance varies too much between chains; and replicates of
chains that end there, of which nothing else is recorded."""


def processes(settings: Settings) -> Iterator[Process]:
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
    yield from processes_of(
        settings, "kde", learner, samples, None,
        lambda name: {"variance": variance} if name == "replace" else {},
    )  # fmt: skip
    if "replace" in settings.regime:
        at = min(EARLY, generations)
        chain = Chain(learner, Replace(), at)
        process = Process(
            "kde", "replace", Only(chain, only("variance")), settings.replicates or MANY,
            f"{at} fits", closed={"variance": variance[:at]},
            parameters={"samples": samples, "dim": dim},
        )  # fmt: skip
        note = "of the density: the sample's and the kernel's"
        yield process.deciding(
            process.claim("ref.kde_variance", "variance", at, variance[at - 1], note=note)
        )
