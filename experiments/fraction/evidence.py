"""Arms of a study of synthetic fractions as processes, and the claims on them."""

from collections.abc import Sequence

import numpy as np

from collapse_sim.experiment.process import Check, Process
from collapse_sim.medians import Statistic
from experiments.fraction.arms import Arm
from experiments.fraction.settings import Settings
from experiments.study.arms import process_of
from experiments.study.study import Study

SELECTED = ("importance", "perplexity", "density")
"""Selections of synthetic text that are held against human text."""

SLOPES = (
    ("zhu2025.fraction", "held_out_loss", "held-out loss"),
    ("zhu2025.training_loss", "training_loss", "loss on the training text"),
)
"""Claims on how a measure changes with the share of synthetic text."""

COVERAGE = "documents"
"""Name of the process of texts, not of models, that --analyse compares."""


def make_processes(
    study: Study, settings: Settings, arms: Sequence[Arm], coverage: np.ndarray | None = None
) -> list[Process]:
    """One family for each generator: students by share, and of selections of its text.

    `coverage` is the share of the human documents between the synthetic quantiles of 1 and 99 %,
    by seed, of the first generator's text.
    """
    last = f"{100 * settings.fractions[-1]:g} %"
    found = []
    for arm in arms:
        checks: list[Check] = []
        if arm.text == last:
            checks = slope_checks(settings, arm.generator)
        elif arm.text in SELECTED:
            note = "held-out loss minus that of human text, nats per token"
            checks = [Check("zhu2025.selection", "held_out_loss", less="0 %", note=note)]
        found.append(process_of(study, arm.generator, arm.text, arm.values, checks))
    if coverage is not None:
        note = "human documents between the synthetic quantiles of 1 and 99 %"
        check = Check("zhu2025.coverage", "coverage", note=note)
        values = {"coverage": coverage}
        found.append(process_of(study, arms[0].generator, COVERAGE, values, [check]))
    return found


def slope_checks(settings: Settings, generator: str) -> list[Check]:
    """Checks that synthetic text costs held-out loss, and less loss in training."""
    keys = [f"{generator} {100 * fraction:g} %" for fraction in settings.fractions]
    return [
        Check(
            claim,
            measure,
            along=keys,
            statistic=slope_over(settings.fractions),
            given={"fractions": list(settings.fractions)},
            note=f"slope of the {what} over the fraction, nats per token",
        )
        for claim, measure, what in SLOPES
    ]


def slope_over(fractions: Sequence[float]) -> Statistic:
    """Least-squares slope over the fractions, for each seed."""
    return lambda losses: np.polyfit(fractions, losses.T, 1)[0]
