"""Training sets that are part human, part synthetic: errors of models that learn from them.

Sizes are those at which each law differs from its neighbours by more than its tolerance, so of the
flags only --replicates and --precision say anything here.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from collapse_sim.distributions import type_laws
from collapse_sim.distributions.contaminated import ContaminatedCounts, Estimate
from collapse_sim.distributions.gaussian_law import GaussianLaw
from collapse_sim.distributions.mixed_retraining import MixedRetraining
from collapse_sim.experiment.process import Check, Process, Recording
from collapse_sim.loop import Trace
from experiments.recursion.forgetting import memoriser
from experiments.recursion.points import family_process
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


_process = partial(family_process, "contamination", replicates=MANY)


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
            law,
            samples=TOKENS,
            human_shares=shares,
            estimate=estimate,
            dtype=jnp.dtype(settings.precision),
        )
        where = {"probabilities": law, "samples": TOKENS}
        errors = [forms[estimate](**where, human_shares=shares[:n]) for n in range(1, BATCHES + 1)]
        yield _process(
            settings,
            estimate,
            f"{100 * share:g} % human",
            counts,
            where | {"types": TYPES, "human_share": share, "human_shares": shares},
            *checks[estimate],
            closed={"squared_distance": errors},
            replicates=REPLICATES,
        )


def _mixed(settings: Settings) -> Iterator[Process]:
    """A Gaussian fitted to its human points and some of its own, from one deviation away."""
    for ratio, generations in RATIOS:
        simulation = MixedRetraining(
            HUMAN, round(ratio * HUMAN), 1.0, generations, jnp.dtype(settings.precision)
        )
        most = contamination.mixed_distance_bound(ratio=ratio, generation=generations)
        note = "" if np.isfinite(most) else "nothing is promised from a ratio of 1/2 on"
        yield _process(
            settings,
            "keep_human",
            f"{ratio:g} drawn",
            simulation,
            {"human": HUMAN, "ratio": ratio},
            Check("bertrand2024.stab", "distance", note=note),
            Check("ref.mixed_rate", "distance"),
            closed={"distance": contamination.mixed_distance},
        )


def _accumulated(settings: Settings) -> Process:
    """The largest error of an accumulated mean so far."""
    law = GaussianLaw.of(
        "accumulate",
        samples=POINTS,
        generations=ROUNDS,
        estimator="maximum_likelihood",
        dtype=jnp.dtype(settings.precision),
    )
    return _process(
        settings,
        "accumulate",
        "max likelihood",
        Recording(law, _largest, alone=True),
        {"samples": POINTS},
        Check("barzilai2025.thm41", "largest_mean_error", note="for any rounds"),
    )


def _largest(trace: Trace) -> Trace:
    return {"largest_mean_error": jax.lax.cummax(trace["squared_mean_error"])}


def _plateau(settings: Settings) -> Iterator[Process]:
    """Memorisers of a Zipf law cut at a rank, with few human draws among the others."""
    plateau = zipf_tails.tail_mass(exponent=2.0, rank=CUT["cut"])
    for place, draws in DRAWS.items():
        where = CUT | {"samples": draws}
        yield _process(
            settings,
            "replace",
            f"{place} the plateau",
            memoriser(settings, **where),
            where,
            Check("dohmatob2024b.thm32", "test_error", 1, note=f"its plateau: {plateau:.4g}"),
        )
