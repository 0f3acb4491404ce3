"""Estimates from synthetic data, and the effects of extrapolation, fresh rows and curation.

Sizes are those at which each law differs from its neighbours by more than its tolerance, so of the
flags only --replicates and --precision say anything here.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Float

from collapse_sim.distributions.curated import CuratedTokens
from collapse_sim.distributions.fresh_rows import FreshRows
from collapse_sim.distributions.gaussian_law import GaussianLaw
from collapse_sim.distributions.synthetic_sets import SyntheticSets
from collapse_sim.experiment.process import LAST, Check, Process, Recording
from collapse_sim.linear.one_pass import OnePass
from collapse_sim.linear.shifted_rows import ShiftedRows
from collapse_sim.loop import Trace
from experiments.recursion.family import Column, Family, Found, with_theory
from experiments.recursion.settings import Settings
from theory.distributions import curation, estimates
from theory.linear import one_pass

REPLICATES = 2**20

LARGE, ROUNDS = 10**5, 10
"""Points of a generation whose interval is taken, and generations."""

QUANTILE = 1.959963984540054
"""Standard errors to either side of an interval of 95 %."""

POINTS = 30
"""Points of a Gaussian that is extrapolated away from its successor."""

WEIGHTS = ((1.0, 1.0), (1.5, 0.8))
"""Weights of the extrapolation, with the share of its variance that the model is sampled with."""

FRESH: dict[str, Any] = {"samples": 10, "human": 3}
AT_REST = 10
"""Generations after which the limit is reached within 1e-3."""

STEPS = "by its steps, each averaged over its own draw"

SETS: dict[str, Any] = {"samples": 10, "drawn": 10}
AVERAGED = (1, 2, 5)
"""Numbers of synthetic sets, the last all of them."""

NUMBERS = "the generations are numbers of sets"

LAW, REWARDS = [0.4, 0.3, 0.2, 0.1], [0.0, 0.5, 1.0, 1.5]
CHOICES, TOKENS = (2, 4), 64
"""Draws that a token is chosen among, and tokens chosen, of four types."""

RIVALS: dict[str, Any] = {"share": 0.5, "reward_gap": 1.0}
MANY_TOKENS, CHOSEN = 512, 5
"""Tokens of two types, and generations."""

PASS: dict[str, Any] = {
    "dim": 2,
    "rows": 4096,
    "step": 7 / 4096,
    "synthetic_share": 0.5,
    "distance": 1.0,
    "noise_std": 0.1,
}
SHORT = PASS | {"dim": 8, "rows": 256, "step": 0.01, "noise_std": 0.5}
"""One pass over so many rows that its limit is near, and over so few that all terms matter."""

INPUTS: dict[str, Any] = {"dim": 96, "human": 96, "synthetic": 96}
SHIFT, SCALE = 3.0, 2.0
"""Standard deviations that the synthetic inputs are away, or their width."""


def processes(settings: Settings) -> Iterator[Process]:
    yield from _intervals(settings)
    yield from _extrapolated(settings)
    yield _fresh(settings)
    yield _averaged(settings)
    yield from _curated(settings)
    yield from _one_pass(settings)
    yield from _shifted(settings)


def _intervals(settings: Settings) -> Iterator[Process]:
    """Usual intervals of the mean, from the last generation's points alone."""
    sizes = {"equal sizes": [LARGE] * ROUNDS, "nine for each": [LARGE, 9 * LARGE]}
    for name, samples in sizes.items():
        law = GaussianLaw.of(
            "replace", samples=np.array(samples), generations=len(samples), dtype=settings.dtype
        )
        equal = len(set(samples)) == 1
        at = (2, 5, ROUNDS) if equal else (2,)
        yield Process(
            "replace",
            Recording(law, partial(_covered, np.array(samples)), alone=True),
            REPLICATES,
            variant=name,
            where={"samples": LARGE if equal else samples},
            checks=[Check("ref.coverage", "covered", n, support=(0.0, 1.0)) for n in at],
            closed={"covered": estimates.naive_coverage} if equal else {},
        )


def _covered(sizes: Float[np.ndarray, " generations"], trace: Trace) -> Trace:
    """Tell whether the interval of each generation covers the true mean, 0."""
    widths = QUANTILE**2 * trace["variance"] / sizes
    covered = trace["squared_mean_error"] <= widths
    return {"covered": covered.astype(trace["variance"].dtype)}


def _extrapolated(settings: Settings) -> Iterator[Process]:
    """A fit moved away from the fit to its own draws; generation 2 is the extrapolated one."""
    for weight, share in WEIGHTS:
        law = GaussianLaw.of(
            "replace",
            samples=POINTS,
            generations=2,
            estimator="maximum_likelihood",
            dtype=settings.dtype,
        )
        where: dict[str, Any] = {"samples": POINTS, "weight": weight, "sampling_variance": share}
        plain: dict[str, Any] = where | {"weight": 0.0}
        forms = {
            "drawn_variance": estimates.extrapolated_variance,
            "squared_variance_error": estimates.extrapolated_error,
        }
        yield Process(
            "extrapolate",
            Recording(law, partial(_extrapolate, weight, share), alone=True),
            REPLICATES,
            variant=f"w = {weight:g}, {share:g} of variance",
            where=where,
            checks=[
                Check("neon2026.gauss", "drawn_variance"),
                Check("ref.neon_error", "squared_variance_error"),
            ],
            closed={name: [form(**plain), form(**where)] for name, form in forms.items()},
        )


def _extrapolate(weight: float, share: float, trace: Trace) -> Trace:
    """Variance of draws from the fit, and from the fit extrapolated.

    A sampler with a share of the variance has this share of the second fit's scatter.
    """
    first, second = trace["variance"]
    drawn = share * jnp.stack([first, (1 + weight) * first - weight * share * second])
    return {"drawn_variance": drawn, "squared_variance_error": (drawn - 1) ** 2}


def _fresh(settings: Settings) -> Process:
    """Process with as many fresh human points in every generation."""
    human = FRESH["human"]
    return Process(
        "fresh_human",
        FreshRows(human, FRESH["samples"] - human, AT_REST, settings.dtype),
        REPLICATES,
        variant=f"exactly {human} of {FRESH['samples']}",
        where=FRESH,
        checks=[
            Check("dhoot2026.fixedpoint", "variance"),
            Check("dhoot2026.fixedpoint_mean", "squared_mean_steps", note=STEPS),
        ],
        closed={"variance": estimates.fresh_rows_variance},
    )


def _averaged(settings: Settings) -> Process:
    """Estimates averaged over several sets of one generator: value m is about m sets."""
    sets = SyntheticSets(**SETS, sets=AVERAGED[-1], dtype=settings.dtype)
    return Process(
        "average",
        sets,
        REPLICATES,
        variant="several sets",
        where=SETS,
        checks=[
            Check("raisa2024.m", "squared_mean_error", m, {"sets": m}, note=NUMBERS)
            for m in AVERAGED
        ],
        closed={
            f"squared_{statistic}_error": [
                estimates.averaged_error(**SETS, sets=m, statistic=statistic)
                for m in range(1, AVERAGED[-1] + 1)
            ]
            for statistic in ("mean", "variance")
        },
    )


def _curated(settings: Settings) -> Iterator[Process]:
    """Tokens chosen among several by their rewards: one round of it, and several."""
    dtype, law, rewards = settings.dtype, np.array(LAW), np.array(REWARDS)
    for choices in CHOICES:
        tokens = CuratedTokens.of(
            law, rewards, choices=choices, samples=TOKENS, generations=2, dtype=dtype
        )
        yield Process(
            "choose",
            tokens,
            2**14,
            variant=f"one of {choices}",
            where={"probabilities": LAW, "rewards": REWARDS, "choices": choices},
            checks=[Check("ferbach2024.gain", "exponential_reward")],
        )
    share, gap = RIVALS["share"], RIVALS["reward_gap"]
    tokens = CuratedTokens.of(
        np.array([share, 1 - share]),
        np.array([0.0, gap]),
        samples=MANY_TOKENS,
        generations=CHOSEN,
        dtype=dtype,
    )
    yield Process(
        "choose",
        tokens,
        2**15,
        variant="two types",
        where=RIVALS,
        checks=[Check("ref.curation_rate", "first_share", at) for at in (3, LAST)],
        closed={"first_share": curation.losing_share},
    )


def _one_pass(settings: Settings) -> Iterator[Process]:
    """Gradient descent on rows that are half synthetic: at random places, or all at first."""
    for name, sizes, replicates in (("many rows", PASS, 2**11), ("few rows", SHORT, 2**17)):
        for regime, first in (("synthetic first", True), ("mixed", False)):
            checks = [Check("ref.one_pass", "squared_error", 1)]
            if name == "many rows":
                other = f"synthetic first, {name}"
                limit = Check("ref.two_stage", "squared_error", 1, less=other)
                checks = [] if first else [limit]
            where = sizes | {"synthetic_first": first}
            yield Process(
                regime,
                OnePass(**where, dtype=settings.dtype),
                replicates,
                variant=name,
                where=where,
                checks=checks,
                closed={"squared_error": [one_pass.one_pass_error(**where)]},
            )


def _shifted(settings: Settings) -> Iterator[Process]:
    """Least squares on human inputs and on others, shifted or wider."""
    cases = {
        "shifted": (SHIFT, 1.0, "rezaei2026.mean_shift"),
        "wider": (0.0, SCALE, "rezaei2026.covariance_shift"),
    }
    for regime, (shift, scale, claim) in cases.items():
        rows = ShiftedRows(shift, scale, **INPUTS, dtype=settings.dtype)
        yield Process(
            regime,
            rows,
            2**10,
            variant="inputs",
            where=INPUTS | {"shift": shift, "scale": scale},
            checks=[Check(claim, "test_error", 1, note="averaged over the noise of the labels")],
        )


def _sentences(found: Found) -> Iterator[str]:
    intervals = "replace, equal sizes"
    if found.has(intervals):
        share = found.percent(intervals, "covered")
        yield (
            f"Of the 95 % intervals taken from generation {found.fits(intervals)} alone "
            f"{share:.0f} % cover the truth{found.cite('ref.coverage')}."
        )


FAMILY = Family(
    processes,
    table=(
        *with_theory("covered", "covered"),
        Column("variance", "variance"),
        Column("drawn variance", "drawn_variance"),
        Column("mean error", "squared_mean_error"),
    ),
    sentences=_sentences,
    explained="Covered: share of usual 95 % intervals that hold the truth.",
)
