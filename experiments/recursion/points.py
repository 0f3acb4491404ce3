"""Mixtures and kernel densities: their common truth, and regimes on explicit points."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from collapse_sim.distributions.divergences import Mixture
from collapse_sim.editing import EditSubset
from collapse_sim.experiment.process import Check, Curve, Process
from collapse_sim.loop import Chain, Learner
from collapse_sim.regimes import Accumulate, AccumulateSubsample, FreshHuman, HumanOnly, Regime
from experiments.recursion.settings import Settings

SAMPLES, GENERATIONS = 100, 20
ACCUMULATED = 64
"""Replicates of regimes whose points add up, and replicates in flight of all regimes."""

SHOWN = 256
"""Replicates of other regimes."""

CONTRASTED = 2048
"""Replicates of two regimes that are compared."""

AWAY = 2.0
"""Standard deviations from each component's centre to the middle of the truth."""


def truth(dim: int) -> Mixture:
    """Two unit Gaussians apart along the first axis; the published notebook names no truth."""
    centre = AWAY * np.eye(dim)[0]
    return Mixture.of((0.5, 0.5), (-centre, centre), [np.eye(dim)] * 2)


def truth_variance(dim: int) -> float:
    """Total variance of the truth divided by the dimension."""
    return 1 + AWAY**2 / dim


def regimes_of(settings: Settings, samples: int) -> dict[str, Regime]:
    """Regimes on `samples` points or tokens, by name.

    Full resampling, human data kept and both edits are one compiled program. They differ in the
    number of points drawn anew and in the source of the others: both are data of that program.
    """
    edited, kept = (round(share * samples) for share in (settings.edit_share, settings.human_share))
    return {
        "human_only": HumanOnly(),
        "replace": EditSubset(samples, anchored=False),
        "keep_human": EditSubset(samples - kept, anchored=True),
        "fresh_human": FreshHuman(settings.human_share),
        "accumulate": Accumulate(),
        "subsample": AccumulateSubsample(),
        "edit": EditSubset(edited, anchored=False),
        "edit_anchored": EditSubset(edited, anchored=True),
    }


def processes_of(
    settings: Settings,
    learner: Learner,
    samples: int,
    worth: Check | None = None,
    resampled: Mapping[str, Curve] | None = None,
    **where: Any,
) -> Iterator[Process]:
    """Make a process for each regime asked for.

    `worth` checks what keeping human data is worth, on the median, as a chain that is nearly a
    point may carry any mean. `resampled` holds closed forms under full resampling.
    """
    generations = settings.generations or GENERATIONS
    size = {"samples": samples, "dim": settings.dim or 1, **where}
    contrasted = is_contrasted(settings) and worth is not None
    regimes = regimes_of(settings, samples)
    for name in settings.regimes:
        paired = contrasted and name in ("replace", "keep_human")
        shown = ACCUMULATED if name in ("accumulate", "subsample") else SHOWN
        yield Process(
            name,
            Chain(learner, regimes[name], generations),
            CONTRASTED if paired else shown,
            where=size,
            chunk=ACCUMULATED,
            about="median",
            checks=[worth] if worth and paired and name == "keep_human" else [],
            closed=(resampled or {}) if name == "replace" else {},
        )


def is_contrasted(settings: Settings) -> bool:
    """True if a run compares keeping human data with keeping none."""
    return settings.human_share > 0 and {"replace", "keep_human"} <= set(settings.regimes)
