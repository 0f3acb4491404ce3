"""Gaussians whose means are decided on cheap chains: estimators, growing samples, biased draws."""

from collections.abc import Iterator
from typing import Any

import jax.numpy as jnp
import numpy as np

from collapse_sim.distributions.gaussian import GaussianLearner
from collapse_sim.distributions.gaussian_law import GaussianLaw
from collapse_sim.linalg import DType
from collapse_sim.loop import Chain
from collapse_sim.regimes import Accumulate
from experiments.recursion.process import Process, over_generations
from experiments.recursion.settings import Settings
from theory import forgetting, gaussian
from theory.claims import ledger

EARLY = 5
"""Generation at which means are tested that few chains carry later."""

FIRST = 3
"""Generation at which an accumulated variance is still far from its limit."""

FEW, MANY = 2**17, 2**20
"""Most replicates of whole chains, and of two draws a fit."""

POWER = 2.0
"""Of the growth of the sample sizes that keeps the mean from wandering off."""


def processes(settings: Settings, samples: int, generations: int) -> Iterator[Process]:
    """Those of the regimes asked for."""
    dtype = jnp.dtype(settings.precision)
    many = settings.replicates or MANY
    if "replace" in settings.regime:
        yield _two_draws(many, samples, generations, dtype)
        yield _likelihood("replace", many, samples, generations, dtype)
        yield _growing(many, samples, generations, dtype)
    if "accumulate" in settings.regime:
        yield _likelihood("accumulate", many, samples, generations, dtype)
        if settings.sampling_variance < 1:
            yield _biased(settings, samples, generations, dtype)


def _two_draws(replicates: int, samples: int, generations: int, dtype: DType) -> Process:
    """Full resampling by two draws for each fit, many times: its means."""
    early, size = min(EARLY, generations), {"samples": samples}
    law = GaussianLaw.of("replace", samples=samples, generations=generations, dtype=dtype)
    forms = {
        "point_variance": gaussian.draw_variance,
        "squared_wasserstein": gaussian.squared_wasserstein,
        "log_variance": forgetting.mean_log_variance,
    }
    closed = {
        measure: over_generations(
            generations, lambda n, form=form: form(samples=samples, generation=n)
        )
        for measure, form in forms.items()
    }
    process = Process(
        "gaussian", "replace", law, replicates, "two draws a fit",
        closed=closed, parameters=size,
    )  # fmt: skip
    rare = "mean of few chains: tested early"
    found = [
        process.claim(claim, measure, at, closed[measure][at - 1], note=note)
        for claim, measure, at, note in (
            ("shum2024.var", "point_variance", early, rare),
            ("ref.w2", "squared_wasserstein", early, rare),
            ("shum2024.thm31", "log_variance", generations, ""),
        )
    ]
    leading = gaussian.squared_wasserstein_leading(samples=samples, generation=early)
    exact, record = closed["squared_wasserstein"][early - 1], ledger()["shum2024.w2lead"]
    if abs(exact / leading - 1) < record.tolerance / 2:  # else n/M is not small
        found.append(
            process.claim(
                record.id, "squared_wasserstein", early, leading, relation="==",
                note="leading order in n/M",
            )
        )  # fmt: skip
    return process.deciding(*found)


def _likelihood(
    regime: Any, replicates: int, samples: int, generations: int, dtype: DType
) -> Process:
    """Fits by maximum likelihood, whose variance shrinks in the mean."""
    claim, form, places = {
        "replace": ("kazdan2025.gauss_replace", gaussian.replace_variance, (EARLY,)),
        "accumulate": (
            "kazdan2025.gauss_acc",
            gaussian.accumulate_variance,
            (FIRST, generations),
        ),
    }[regime]
    law = GaussianLaw.of(
        regime, samples=samples, generations=generations, estimator="maximum_likelihood",
        dtype=dtype,
    )  # fmt: skip
    curve = over_generations(
        generations, lambda n: form(samples=samples, generation=n, unbiased=False)
    )
    process = Process(
        "gaussian", regime, law, replicates, "max likelihood", closed={"variance": curve},
        parameters={"samples": samples},
    )  # fmt: skip
    places = dict.fromkeys(min(at, generations) for at in places)
    return process.deciding(*(process.claim(claim, "variance", at, curve[at - 1]) for at in places))


def _biased(settings: Settings, samples: int, generations: int, dtype: DType) -> Process:
    """Generators that prefer the middle, on all data so far."""
    bias = settings.sampling_variance
    where = {"samples": samples, "sampling_variance": bias}
    learner = GaussianLearner(1, **where, representation="statistics", dtype=dtype)
    curve = over_generations(
        generations, lambda n: gaussian.accumulate_variance(**where, generation=n)
    )
    process = Process(
        "gaussian", "accumulate", Chain(learner, Accumulate(), generations),
        settings.replicates or FEW, f"{bias:g} of variance", closed={"variance": curve},
        parameters=where,
    )  # fmt: skip
    return process.deciding(
        process.claim("ref.gauss_acc_biased", "variance", generations, curve[-1])
    )


def _growing(replicates: int, samples: int, generations: int, dtype: DType) -> Process:
    """Sample sizes that grow faster than linearly keep the mean."""
    sizes = np.floor(samples * np.arange(1, generations + 1) ** POWER).astype(int)
    law = GaussianLaw.of("replace", samples=sizes, generations=generations, dtype=dtype)
    curve = over_generations(
        generations, lambda n: gaussian.replace_mean_error(samples=sizes[:n], generation=n)
    )
    process = Process(
        "gaussian", "replace", law, replicates, f"n^{POWER:g} points",
        closed={
            "squared_mean_error": curve,
            "squared_mean_steps": curve,
            "variance": np.ones(generations),
        },
        parameters={"samples": samples, "power": POWER},
    )  # fmt: skip
    limit = gaussian.growing_mean_error_limit(samples=samples, power=POWER)
    note = f"by its steps, each averaged over its own draw; the limit is {limit:.4g}"
    return process.deciding(
        process.claim(
            "ref.gauss_growing", "squared_mean_steps", generations, curve[-1], relation="==",
            note=note,
        )
    )  # fmt: skip
