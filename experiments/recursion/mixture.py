"""A Gaussian mixture fitted by EM to its own draws: components drift, then vanish."""

from collections.abc import Iterator

import jax.numpy as jnp

from collapse_sim.distributions.mixture import MixtureLearner
from collapse_sim.experiment.process import Process
from experiments.recursion.points import SAMPLES, processes_of, truth
from experiments.recursion.settings import Settings


def processes(settings: Settings) -> Iterator[Process]:
    samples = settings.samples or SAMPLES
    learner = MixtureLearner(
        truth(settings.dim or 1),
        samples,
        settings.components,
        settings.steps,
        dtype=jnp.dtype(settings.precision),
    )
    return processes_of(settings, "mixture", learner, samples, "log_variance")
