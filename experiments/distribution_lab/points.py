"""What mixtures and kernel densities share: the truth, and the regimes on explicit points."""

from collections.abc import Callable, Iterator, Mapping

import numpy as np
from distribution_lab.process import Contrast, Process
from distribution_lab.settings import Settings

from collapse_sim.distributions.divergences import Mixture
from collapse_sim.loop import Chain, Learner
from collapse_sim.masks import random_subsets
from collapse_sim.regimes import (
    Accumulate,
    AccumulateSubsample,
    Edit,
    HumanOnly,
    KeepHuman,
    Regime,
    Replace,
)

SAMPLES, GENERATIONS = 100, 20
REPLICATES, PAIRS = 128, 1024

TRUTH = Mixture.of((0.5, 0.5), (-2.0, 2.0), (1.0, 1.0))
"""Two components four standard deviations apart; the published notebook does not name its own."""


def regimes_of(settings: Settings, samples: int, generations: int) -> dict[str, Regime]:
    """Every regime on `samples` explicit points."""
    edited = round(settings.edit_share * samples)
    policy = random_subsets(samples, (edited,) * (generations - 1))
    return {
        "control": HumanOnly(),
        "replace": Replace(),
        "keep_human": KeepHuman(settings.kept_human),
        "accumulate": Accumulate(),
        "subsample": AccumulateSubsample(),
        "edit": Edit.of(policy),
        "edit_anchored": Edit.of(policy, "anchored"),
    }


def processes_of(
    settings: Settings,
    family: str,
    learner: Learner,
    samples: int,
    loss: str | None,
    closed: Callable[[str], Mapping[str, np.ndarray]] = lambda _: {},
) -> Iterator[Process]:
    """One process for each regime asked for, and what keeping human data is worth.

    `loss` is the measure of that, one whose tail is light, if it is to be decided.
    """
    generations, size = settings.generations or GENERATIONS, {"samples": samples}
    regimes = regimes_of(settings, samples, generations)
    for name in settings.regime:
        chain, curves = Chain(learner, regimes[name], generations), closed(name)
        most = settings.replicates or (2 * PAIRS if curves else REPLICATES)
        yield Process(family, name, chain, most, closed=curves, parameters=size)
    if loss and settings.kept_human > 0 and {"replace", "keep_human"} <= set(settings.regime):
        replaced, kept = (
            Chain(learner, regimes[name], generations) for name in ("replace", "keep_human")
        )
        contrast = Process(
            family, "replace", Contrast(replaced, kept, loss), settings.replicates or PAIRS,
            "less keep human", parameters={**size, "loss": loss},
        )  # fmt: skip
        yield contrast.deciding(
            contrast.claim("shum2024.kept_human", "difference", generations, 0.0)
        )
