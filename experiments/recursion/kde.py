"""A kernel density fitted to its own draws: it spreads where the others shrink."""

from collections.abc import Iterator

import jax.numpy as jnp

from collapse_sim.distributions.kernel_density import KernelDensityLearner
from collapse_sim.experiment.process import Check, Process, only
from collapse_sim.loop import Chain
from collapse_sim.regimes import Replace
from experiments.recursion.points import GENERATIONS, SAMPLES, processes_of, truth, truth_variance
from experiments.recursion.settings import Settings
from theory.distributions import kernel_density

EARLY, MANY = 5, 2**16
"""Generation of the verdict (later the variance varies too much between chains), and replicates of
chains that end there and record the variance alone."""


def processes(settings: Settings) -> Iterator[Process]:
    samples, dim = settings.samples or SAMPLES, settings.dim or 1
    learner = KernelDensityLearner(
        samples, settings.bandwidth, truth(dim), dtype=jnp.dtype(settings.precision)
    )
    closed = {"variance": kernel_density.model_variance}
    known = {"bandwidth": settings.bandwidth, "human_variance": truth_variance(dim)}
    yield from processes_of(settings, "kde", learner, samples, None, closed, **known)
    if "replace" in settings.regimes:
        at = min(EARLY, settings.generations or GENERATIONS)
        note = "of the density: the sample's and the kernel's"
        yield Process(
            "replace",
            only(Chain(learner, Replace(), at), "variance"),
            settings.replicates or MANY,
            family="kde",
            variant=f"{at} fits",
            where={"samples": samples, "dim": dim, **known},
            checks=[Check("ref.kde_variance", "variance", note=note)],
            closed=closed,
        )
