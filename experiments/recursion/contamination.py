"""Training sets that are part human, part synthetic: errors of models that learn from them.

Sizes are those at which each law differs from its neighbours by more than its tolerance, so of the
flags only --replicates and --precision say anything here.
"""

from collections.abc import Iterator
from typing import Any

import jax
import numpy as np

from collapse_sim.distributions import type_laws
from collapse_sim.distributions.contaminated import ContaminatedCounts, Estimate
from collapse_sim.distributions.gaussian_law import GaussianLaw
from collapse_sim.distributions.mixed_retraining import MixedRetraining
from collapse_sim.experiment.process import Check, Process, Recording
from collapse_sim.loop import Trace
from experiments.recursion.family import Column, Family, Found, with_theory
from experiments.recursion.forgetting_tails import memoriser
from experiments.recursion.settings import Settings
from theory.distributions import contamination, zipf_tails

REPLICATES, MANY = 2**15, 2**17
"""Replicates of many types in many batches, and of all other processes."""

TYPES, EXPONENT, TOKENS, BATCHES = 32, 0.5, 1000, 200
"""Types and Zipf exponent of a language; tokens of a batch, and batches, of its training sets."""

SHARES = (0.1, 0.5, 0.9)
"""Shares of human tokens in all later batches: too few for the best rate, just too few, enough."""

HUMAN = 10_000
"""Human points that a Gaussian is fitted to again and again, beside synthetic ones."""

RATIOS = ((0.25, 4), (2.0, 11))
"""Synthetic points for each human one, with the number of generations."""

POINTS, ROUNDS = 10, 200
"""Points of a generation, and generations, of a Gaussian that accumulates."""

CUT: dict[str, Any] = {"exponent": 2.0, "cut": 8, "human_fraction": 0.005}
DRAWS = {"before": 50, "on": 1000, "after": 10**6}
"""Draws of a memoriser before, on and after the plateau of its error."""


def processes(settings: Settings) -> Iterator[Process]:
    yield from _estimates(settings)
    yield from _mixed(settings)
    yield _accumulated(settings)
    yield from _plateau(settings)


def _estimates(settings: Settings) -> Iterator[Process]:
    """Frequencies of words in batches that are part human, as they are or debiased."""
    law = type_laws.zipf(TYPES, EXPONENT)
    forms = {"debiased": contamination.debiased_error, "pooled": contamination.pooled_error}
    slope = "the error, not its slope"
    checks = {
        "debiased": [
            Check("ref.debiased", "squared_distance", BATCHES),
            Check("kanabar2025.minimax", "squared_distance", BATCHES),
        ],
        "pooled": [
            Check("ref.pooled", "squared_distance", BATCHES),
            Check("wang2026.rate", "squared_distance", BATCHES, note=slope),
        ],
    }
    cases: list[tuple[Estimate, float]] = [
        ("debiased", SHARES[0]),
        *(("pooled", share) for share in SHARES),
    ]
    for estimate, share in cases:
        shares = np.append(1.0, np.full(BATCHES - 1, share))
        counts = ContaminatedCounts.of(
            law, samples=TOKENS, human_shares=shares, estimate=estimate, dtype=settings.dtype
        )
        where = {"probabilities": law, "samples": TOKENS}
        errors = [forms[estimate](**where, human_shares=shares[:n]) for n in range(1, BATCHES + 1)]
        yield Process(
            estimate,
            counts,
            REPLICATES,
            variant=f"{100 * share:g} % human",
            where=where | {"types": TYPES, "human_share": share, "human_shares": shares},
            checks=checks[estimate],
            closed={"squared_distance": errors},
        )


def _mixed(settings: Settings) -> Iterator[Process]:
    """A Gaussian fitted to its human points and some of its own, from one deviation away."""
    for ratio, generations in RATIOS:
        simulation = MixedRetraining(HUMAN, round(ratio * HUMAN), 1.0, generations, settings.dtype)
        most = contamination.mixed_distance_bound(ratio=ratio, generation=generations)
        note = "" if np.isfinite(most) else "nothing is promised from a ratio of 1/2 on"
        yield Process(
            "keep_human",
            simulation,
            MANY,
            variant=f"{ratio:g} drawn",
            where={"human": HUMAN, "ratio": ratio},
            checks=[
                Check("bertrand2024.stab", "distance", note=note),
                Check("ref.mixed_rate", "distance"),
            ],
            closed={"distance": contamination.mixed_distance},
        )


def _accumulated(settings: Settings) -> Process:
    """The largest error of an accumulated mean so far."""
    law = GaussianLaw.of(
        "accumulate",
        samples=POINTS,
        generations=ROUNDS,
        estimator="maximum_likelihood",
        dtype=settings.dtype,
    )
    return Process(
        "accumulate",
        Recording(law, _largest, alone=True),
        MANY,
        variant="max likelihood",
        where={"samples": POINTS},
        checks=[Check("barzilai2025.thm41", "largest_mean_error", note="for any rounds")],
    )


def _largest(trace: Trace) -> Trace:
    return {"largest_mean_error": jax.lax.cummax(trace["squared_mean_error"])}


def _plateau(settings: Settings) -> Iterator[Process]:
    """Memorisers of a Zipf law cut at a rank, with few human draws among the others."""
    plateau = zipf_tails.tail_mass(exponent=2.0, rank=CUT["cut"])
    for place, draws in DRAWS.items():
        where = CUT | {"samples": draws}
        yield Process(
            "replace",
            memoriser(settings, **where),
            MANY,
            variant=f"{place} the plateau",
            where=where,
            checks=[
                Check("dohmatob2024b.thm32", "test_error", 1, note=f"its plateau: {plateau:.4g}")
            ],
        )


def _sentences(found: Found) -> Iterator[str]:
    if found.has("debiased, 10 % human", "pooled, 10 % human"):
        yield (
            "Of batches that are one tenth human, those who take the model's part out learn the "
            f"law with a squared error of {found.mean('debiased, 10 % human', 'squared_distance')}"
            f"{found.cite('ref.debiased')}, those who count everything with "
            f"{found.mean('pooled, 10 % human', 'squared_distance')}{found.cite('ref.pooled')}."
        )
    if found.has("keep human, 2 drawn"):
        left = found.percent("keep human, 2 drawn", "distance")
        yield (
            "Two points of its own beside each human one do not carry a Gaussian away: after "
            f"{found.fits('keep human, 2 drawn')} generations {left:.2g} % of its first distance "
            f"is left{found.cite('ref.mixed_rate')}."
        )


FAMILY = Family(
    processes,
    table=(
        *with_theory("error", "squared_distance"),
        *with_theory("distance", "distance"),
        Column("largest error", "largest_mean_error"),
        Column("test error", "test_error", "mean", 0),
    ),
    sentences=_sentences,
    explained=(
        "Debiased: the model's part is taken out of every batch. Distance: of the mean of a model "
        "to its human points, as a share of the first. Test error: of the first model."
    ),
)
