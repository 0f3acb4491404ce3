"""A Gaussian mixture fitted by EM to its own draws: components drift, then vanish."""

import jax.numpy as jnp
from distribution_lab.points import SAMPLES, TRUTH, processes_of
from distribution_lab.process import Process
from distribution_lab.settings import Settings

from collapse_sim.distributions.mixture import MixtureLearner


def processes(settings: Settings) -> list[Process]:
    samples = settings.samples or SAMPLES
    learner = MixtureLearner(
        TRUTH, samples, settings.components, settings.steps, dtype=jnp.dtype(settings.precision)
    )
    return list(processes_of(settings, "mixture", learner, samples, "variance"))
