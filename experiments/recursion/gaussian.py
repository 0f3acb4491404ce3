"""Gaussians fitted to their own draws: the mean wanders, the variance vanishes, the tails first."""

from collections.abc import Iterator
from typing import Any, cast

import jax.numpy as jnp

from collapse_sim.distributions.gaussian import GaussianLearner
from collapse_sim.experiment.process import LAST, Check, Process, Recording, only
from collapse_sim.loop import Chain, Trace
from collapse_sim.regimes import Replace
from collapse_sim.replicates import Simulation
from experiments.recursion import gaussian_means
from experiments.recursion.family import Column, Family, Found, with_theory
from experiments.recursion.points import is_contrasted, regimes_of
from experiments.recursion.settings import Settings
from theory.distributions import forgetting, gaussian, gaussian_accumulate, gaussian_edits

SAMPLES, GENERATIONS, DIM = 20, 40, 4
EARLY = 5
"""Generation at which means of the variance are tested: later too few chains carry them."""

SHORT = 8
"""Generation of this test for regimes that stay near the human data, and length of the chains that
are run for it alone."""

SHOWN, WHOLE, CHEAP = 2**13, 2**17, 2**20
"""Most replicates of chains that are only shown, of whole chains, and of short or cheap ones."""

EXCEEDED = 0.1
"""Standard deviation whose chance of being exceeded is bounded."""

CLOSED = {
    name: {"variance": variance, "squared_mean_error": mean_error}
    for name, variance, mean_error in (
        ("replace", gaussian.replace_variance, gaussian.replace_mean_error),
        (
            "accumulate",
            gaussian_accumulate.accumulate_variance,
            gaussian_accumulate.accumulate_mean_error,
        ),
        ("edit", gaussian_edits.edit_variance, gaussian_edits.edit_mean_error),
        ("fresh_human", gaussian_edits.fresh_human_variance, gaussian_edits.fresh_human_mean_error),
        *(
            (kept, gaussian_edits.anchored_edit_variance, gaussian_edits.anchored_edit_mean_error)
            for kept in ("keep_human", "edit_anchored")
        ),
    )
}
"""Mean variance and squared error of the mean, where they are known."""

CLAIMED = {
    "keep_human": ("ref.gauss_edit_anchored", SHORT),
    "edit": ("ref.gauss_edit", EARLY),
    "edit_anchored": ("ref.gauss_edit_anchored", SHORT),
    "fresh_human": ("ref.gauss_fresh", EARLY),
    "accumulate": ("ref.gauss_acc_unb", LAST),
}
"""Claims on the mean variance by regime, with the generation of the check."""


def processes(settings: Settings) -> Iterator[Process]:
    """Make every regime asked for, in one dimension and in several, and processes for single
    claims."""
    samples, generations = settings.samples or SAMPLES, settings.generations or GENERATIONS
    yield from _regimes(settings, samples, 1, settings.regimes)
    dim, names = settings.dim, settings.regimes
    if dim is None:
        dim, names = min(DIM, samples - 1), tuple(name for name in names if name == "replace")
    if dim > 1:
        yield from _regimes(settings, samples, dim, names)
    yield from gaussian_means.processes(settings, samples, generations)


def _regimes(
    settings: Settings, samples: int, dim: int, names: tuple[str, ...]
) -> Iterator[Process]:
    """Make the regimes. First moments are the ones of one dimension, entry by entry."""
    generations = settings.generations or GENERATIONS
    for name in names:
        if name == "replace":
            yield (_replace if dim == 1 else _several)(settings, samples, dim, generations)
            continue
        worth = [Check("shum2024.kept_human", "log_variance", less="replace")]
        contrasted = name == "keep_human" and dim == 1 and is_contrasted(settings)
        claim, at = CLAIMED.get(name, ("", LAST))
        claimed = [Check(claim, "variance", min(at, generations))] if claim else []
        whole = name in ("human_only", "accumulate", "subsample") or generations <= SHORT
        yield _process(
            settings,
            name,
            samples,
            dim,
            generations,
            checks=[*(claimed if whole else []), *(worth if contrasted else [])],
        )
        if not whole:
            yield _process(settings, name, samples, dim, SHORT, checks=claimed, alone=True)


def _process(
    settings: Settings,
    name: str,
    samples: int,
    dim: int,
    generations: int,
    *,
    checks: list[Check],
    alone: bool = False,
    closed: dict[str, Any] | None = None,
) -> Process:
    """Make the process of one regime; on sufficient statistics where whole data sets come and go.

    `alone`: a short chain of which only the variance is recorded.
    """
    on_statistics = name in ("replace", "accumulate", "human_only")
    learner = GaussianLearner(
        dim, samples, representation="statistics" if on_statistics else "rows", dtype=settings.dtype
    )
    regime = Replace() if name == "replace" else regimes_of(settings, samples)[name]
    chain = Chain(learner, regime, generations)
    many = alone or generations <= SHORT
    variants = [f"{dim} dimensions"] * (dim > 1) + [f"{generations} fits"] * alone
    return Process(
        name,
        only(chain, "variance") if alone else chain,
        CHEAP if many else WHOLE if on_statistics else SHOWN,
        variant=", ".join(variants),
        where=_where(settings, name, samples) | ({} if dim == 1 else {"dim": dim}),
        checks=checks,
        closed=CLOSED.get(name, {}) if closed is None else closed,
    )


def _where(settings: Settings, name: str, samples: int) -> dict[str, Any]:
    """Points, and how many of them are drawn anew each time."""
    edited = round(settings.edit_share * samples)
    renewed = {
        "edit": {"edited": edited},
        "edit_anchored": {"edited": edited},
        "keep_human": {"edited": samples - round(settings.human_share * samples)},
        "fresh_human": {"human_share": settings.human_share},
    }
    return {"samples": samples, **renewed.get(name, {})}


def _replace(settings: Settings, samples: int, dim: int, generations: int) -> Process:
    """Full resampling in one dimension: the whole law of the variance, and so its median."""
    note = "Kolmogorov distance between the laws of variance^(1/n)"
    process = _process(
        settings,
        "replace",
        samples,
        dim,
        generations,
        closed=CLOSED["replace"] | {"log_variance": forgetting.mean_log_variance},
        checks=[
            Check("suresh2025.gauss", "exceeds", given={"threshold": EXCEEDED}, trivial=1.0),
            Check("ref.gauss_median", "variance_factor", min(2, generations), note=note),
            Check("ref.gauss_median", "variance_factor", note=note),
        ],
    )
    return process.of(Recording(cast(Simulation, process.simulation), _spread))


def _spread(trace: Trace) -> Trace:
    """Trace of the variance kept by a generation, in the geometric mean, and of spreads above a
    level.

    The law of the variance itself is soon so wide that one 2 % off looks the same.
    """
    deviation = trace["standard_deviation"]
    generation = jnp.arange(1, len(deviation) + 1, dtype=deviation.dtype)
    return {
        "variance_factor": deviation ** (2 / generation),
        "exceeds": (deviation > EXCEEDED).astype(deviation.dtype),
    }


def _several(settings: Settings, samples: int, dim: int, generations: int) -> Process:
    """Full resampling in several dimensions: every direction collapses."""
    note = "log determinant: the sum of all rates, at every generation"
    return _process(
        settings,
        "replace",
        samples,
        dim,
        generations,
        closed=CLOSED["replace"] | {"mean_log_variance": forgetting.mean_log_eigenvalue},
        checks=[Check("ref.lyapunov", "mean_log_variance", note=note)],
    )


def _sentences(found: Found) -> Iterator[str]:
    if not found.has("replace"):
        return
    samples = found.results["replace"].process.where["samples"]
    yield (
        f"Fitted {found.fits('replace')} times, each time to {samples} points of the last fit, the "
        f"median Gaussian keeps {found.median('replace', 'variance')} of its variance"
        f"{found.cite('ref.gauss_median', 'shum2024.thm31')}; a few wide ones keep the mean at 1."
    )
    also = []
    if found.has("keep human"):
        kept = found.median("keep human", "variance")
        also.append(f"with {found.kept} {kept}{found.cite('shum2024.kept_human')}")
    if found.has("accumulate"):
        kept = found.median("accumulate", "variance")
        also.append(f"on all data so far {kept}{found.cite('ref.gauss_acc_unb')}")
    if also:
        yield f"The median one keeps more {', and '.join(also)}."


def _explained(found: Found) -> str:
    if not found.has("replace"):
        return ""
    last = found.results["replace"].summary.sample["variance"][:, -1]
    above = last > 1
    held = last[above].sum() / last.sum()
    return (
        "Tails: the median model's chance of a point beyond 3 true standard deviations (the truth "
        "has 0.0027). Under full resampling the mean variance stays at 1 for ever while almost "
        f"every chain loses its variance: {above.mean():.1%} of the chains are above 1 and hold "
        f"{held:.0%} of the mean. Read the median and the log-variance, not the mean."
    )


FAMILY = Family(
    processes,
    table=(
        Column("tails", "tail_mass", "median"),
        Column("variance", "variance", "median"),
        *with_theory("its mean", "variance"),
        *with_theory("mean error", "squared_mean_error"),
    ),
    sentences=_sentences,
    explained=_explained,
    unasked=("fresh_human",),
)
