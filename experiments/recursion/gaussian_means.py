"""Gaussians whose means are decided on cheap chains: estimators, growing samples, biased draws."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from collapse_sim.distributions.gaussian import GaussianLearner
from collapse_sim.distributions.gaussian_law import GaussianLaw
from collapse_sim.experiment.process import Check, Process
from collapse_sim.loop import Chain
from collapse_sim.regimes import Accumulate
from experiments.recursion.settings import Settings
from theory.claims import ledger
from theory.distributions import forgetting, gaussian, gaussian_accumulate

EARLY = 5
"""Generation at which means are tested: later few chains carry them."""

FIRST = 3
"""Generation at which an accumulated variance is still far from its limit."""

WHOLE, CHEAP = 2**17, 2**20
"""Most replicates of whole chains, and of exact laws with two draws a fit."""

POWER = 2.0
"""Power of the growth of the sample sizes; at this growth the mean stays near the truth."""


def processes(settings: Settings, samples: int, generations: int) -> Iterator[Process]:
    """Make the processes of the regimes asked for."""
    early = min(EARLY, generations)
    if "replace" in settings.regimes:
        yield _two_draws(settings, samples, early, generations)
        yield _likelihood(
            settings,
            "replace",
            samples,
            generations,
            gaussian.replace_variance,
            [Check("kazdan2025.gauss_replace", "variance", early)],
        )
        yield _growing(settings, samples, generations)
    if "accumulate" in settings.regimes:
        yield _likelihood(
            settings,
            "accumulate",
            samples,
            generations,
            gaussian_accumulate.accumulate_variance,
            [
                Check("kazdan2025.gauss_acc", "variance", at)
                for at in dict.fromkeys((min(FIRST, generations), generations))
            ],
        )
        if settings.sampling_variance < 1:
            yield _biased(settings, samples, generations)


def _two_draws(settings: Settings, samples: int, early: int, generations: int) -> Process:
    where: dict[str, Any] = {"samples": samples}
    rare = "mean of few chains: tested early"
    checks = [
        Check("shum2024.var", "point_variance", early, note=rare),
        Check("ref.w2", "squared_wasserstein", early, note=rare),
        Check("shum2024.thm31", "log_variance"),
    ]
    exact = gaussian.squared_wasserstein(**where, generation=early)
    leading = gaussian.squared_wasserstein_leading(**where, generation=early)
    if abs(exact / leading - 1) < ledger()["shum2024.w2lead"].tolerance / 2:  # n/M is small
        note = "leading order in n/M"
        checks.append(Check("shum2024.w2lead", "squared_wasserstein", early, note=note))
    return Process(
        "replace",
        GaussianLaw.of("replace", **where, generations=generations, dtype=settings.dtype),
        CHEAP,
        variant="two draws a fit",
        where=where,
        checks=checks,
        closed={
            "point_variance": gaussian.draw_variance,
            "squared_wasserstein": gaussian.squared_wasserstein,
            "log_variance": forgetting.mean_log_variance,
        },
    )


def _likelihood(
    settings: Settings,
    regime: Any,
    samples: int,
    generations: int,
    variance: Callable[..., Any],
    checks: Sequence[Check],
) -> Process:
    """Fits by maximum likelihood, whose variance shrinks in the mean."""
    law = GaussianLaw.of(
        regime,
        samples=samples,
        generations=generations,
        estimator="maximum_likelihood",
        dtype=settings.dtype,
    )
    return Process(
        regime,
        law,
        CHEAP,
        variant="max likelihood",
        where={"samples": samples, "unbiased": False},
        checks=checks,
        closed={"variance": variance},
    )


def _biased(settings: Settings, samples: int, generations: int) -> Process:
    """Generators that prefer the middle, on all data so far."""
    bias = settings.sampling_variance
    where = {"samples": samples, "sampling_variance": bias}
    learner = GaussianLearner(1, **where, representation="statistics", dtype=settings.dtype)
    return Process(
        "accumulate",
        Chain(learner, Accumulate(), generations),
        WHOLE,
        variant=f"{bias:g} of variance",
        where=where,
        checks=[Check("ref.gauss_acc_biased", "variance")],
        closed={"variance": gaussian_accumulate.accumulate_variance},
    )


def _growing(settings: Settings, samples: int, generations: int) -> Process:
    """Process of sample sizes that grow faster than linearly, which keep the mean."""
    sizes = np.floor(samples * np.arange(1, generations + 1) ** POWER).astype(int)
    limit = gaussian.growing_mean_error_limit(samples=samples, power=POWER)
    note = f"by its steps, each averaged over its own draw; the limit is {limit:.4g}"
    wanders = [
        gaussian.replace_mean_error(samples=sizes[:n], generation=n)
        for n in range(1, generations + 1)
    ]
    return Process(
        "replace",
        GaussianLaw.of("replace", samples=sizes, generations=generations, dtype=settings.dtype),
        CHEAP,
        variant=f"n^{POWER:g} points",
        where={"samples": samples, "power": POWER, "sizes": sizes.tolist()},
        checks=[Check("ref.gauss_growing", "squared_mean_steps", note=note)],
        closed={
            "squared_mean_error": wanders,
            "squared_mean_steps": wanders,
            "variance": np.ones(generations),
        },
    )
