"""Gaussians fitted to their own draws: the mean wanders, the variance vanishes, the tails first."""

from collections.abc import Iterator
from dataclasses import replace

import jax.numpy as jnp
import numpy as np

from collapse_sim.certify import LawEvidence
from collapse_sim.distributions.gaussian import GaussianLearner
from collapse_sim.loop import Chain, Trace
from collapse_sim.regimes import Replace
from experiments.recursion import gaussian_means
from experiments.recursion.points import is_contrasted, regimes_of
from experiments.recursion.process import Derived, Only, Process, only, over_generations
from experiments.recursion.settings import Settings
from theory import forgetting, gaussian, gaussian_edits
from theory.claims import ledger

SAMPLES, GENERATIONS, DIM = 20, 40, 4
EARLY, SHORT = 5, 8
"""Generation at which means of the variance are tested, and of those that stay near the human
data: later they are carried by too few chains. SHORT is also the length of chains that are run for
their means alone."""

SHOWN, FEW, MANY = 2**13, 2**17, 2**20
"""Most replicates of chains that are only shown, of whole chains, and of short or cheap ones."""

EXCEEDED = 0.1
"""Standard deviation whose chance of being exceeded is bounded."""


def _spread(trace: Trace) -> Trace:
    """What a generation keeps of the variance, in the geometric mean; spreads above a level."""
    deviation = trace["standard_deviation"]
    generation = jnp.arange(1, len(deviation) + 1, dtype=deviation.dtype)
    return {
        "variance_factor": deviation ** (2 / generation),
        "exceeds": (deviation > EXCEEDED).astype(deviation.dtype),
    }


def processes(settings: Settings) -> list[Process]:
    """Every regime asked for, in one dimension and in several, and what belongs to the theory."""
    samples, generations = settings.samples or SAMPLES, settings.generations or GENERATIONS
    found = [*_regimes(settings, samples, 1, settings.regime)]
    dim, names = settings.dim, settings.regime
    if dim is None:
        dim, names = min(DIM, samples - 1), tuple(name for name in names if name == "replace")
    if dim > 1:
        found += _regimes(settings, samples, dim, names)
    return [*found, *gaussian_means.processes(settings, samples, generations)]


def _regimes(
    settings: Settings, samples: int, dim: int, names: tuple[str, ...]
) -> Iterator[Process]:
    """First moments are those of one dimension, entry by entry."""
    generations = settings.generations or GENERATIONS
    for name in names:
        process = _chain(settings, name, samples, dim, generations)
        if name == "replace":
            yield (_replace if dim == 1 else _log_determinant)(process, samples, generations)
            continue
        if name == "keep_human" and dim == 1 and is_contrasted(settings):
            kept = process.claim("shum2024.kept_human", "log_variance", generations, 0.0)
            process = process.against("replace", kept)
        if name in ("control", "accumulate", "subsample") or generations <= SHORT:
            yield _decide(process, name, generations)
        else:
            yield process
            short = _chain(settings, name, samples, dim, SHORT)
            alone = replace(short, simulation=Only(short.simulation, only("variance")))
            yield _decide(alone, name, SHORT)


def _chain(settings: Settings, name: str, samples: int, dim: int, generations: int) -> Process:
    """One regime; on sufficient statistics where whole data sets come and go."""
    dtype, size = jnp.dtype(settings.precision), {"samples": samples}
    whole = name in ("replace", "accumulate", "control")
    learner = GaussianLearner(
        dim, samples, representation="statistics" if whole else "rows", dtype=dtype
    )
    regime = Replace() if name == "replace" else regimes_of(settings, samples)[name]
    asked = settings.generations or GENERATIONS
    short = generations < asked
    variants = [f"{dim} dimensions"] * (dim > 1) + [f"{generations} fits"] * short
    most = MANY if short or generations <= SHORT else FEW if whole else SHOWN
    return Process(
        "gaussian", name, Chain(learner, regime, generations), settings.replicates or most,
        ", ".join(variants), closed=_closed(settings, name, samples, generations),
        parameters=size if dim == 1 else size | {"dim": dim},
    )  # fmt: skip


def _decide(process: Process, name: str, generations: int) -> Process:
    """The mean variance, where it is known."""
    claims = {
        "keep_human": ("ref.gauss_edit_anchored", SHORT),
        "edit": ("ref.gauss_edit", EARLY),
        "edit_anchored": ("ref.gauss_edit_anchored", SHORT),
        "fresh_human": ("ref.gauss_fresh", EARLY),
        "accumulate": ("ref.gauss_acc_unb", generations),
    }
    if name not in claims:
        return process
    claim, at = claims[name]
    at = min(at, generations)
    predicted = process.closed["variance"][at - 1]
    return process.deciding(process.claim(claim, "variance", at, predicted))


def _closed(settings: Settings, name: str, samples: int, generations: int) -> dict[str, np.ndarray]:
    """Mean variance and squared error of the mean, where they are known."""
    where = {"samples": samples}
    edited = round(settings.edit_share * samples)
    renewed = samples - round(settings.kept_human * samples)
    chained = gaussian_edits.edit_variance, gaussian_edits.edit_mean_error
    anchored = gaussian_edits.anchored_edit_variance, gaussian_edits.anchored_edit_mean_error
    fresh = gaussian_edits.fresh_human_variance, gaussian_edits.fresh_human_mean_error
    forms = {
        "replace": (gaussian.replace_variance, gaussian.replace_mean_error, where),
        "accumulate": (gaussian.accumulate_variance, gaussian.accumulate_mean_error, where),
        "edit": (*chained, where | {"edited": edited}),
        "edit_anchored": (*anchored, where | {"edited": edited}),
        "keep_human": (*anchored, where | {"edited": renewed}),
        "fresh_human": (*fresh, where | {"human_share": settings.kept_human}),
    }
    if name not in forms:
        return {}
    variance, mean_error, given = forms[name]
    return {
        "variance": over_generations(generations, lambda n: variance(**given, generation=n)),
        "squared_mean_error": over_generations(
            generations, lambda n: mean_error(**given, generation=n)
        ),
    }


def _replace(process: Process, samples: int, generations: int) -> Process:
    logs = over_generations(
        generations, lambda n: forgetting.mean_log_variance(samples=samples, generation=n)
    )
    process = replace(
        process, simulation=Derived(process.simulation, _spread),
        closed={**process.closed, "log_variance": logs},
    )  # fmt: skip
    bound = forgetting.deviation_survival_bound(
        threshold=EXCEEDED, samples=samples, generation=generations
    )
    return process.deciding(
        process.claim("suresh2025.gauss", "exceeds", generations, bound, trivial=1.0),
        _median_law(samples, min(2, generations)),
        _median_law(samples, generations),
    )


def _log_determinant(process: Process, samples: int, generations: int) -> Process:
    rates = forgetting.lyapunov_exponents(samples=samples, dim=process.parameters["dim"])
    logs = np.mean(rates) * np.arange(1, generations + 1)
    process = replace(process, closed={**process.closed, "mean_log_variance": logs})
    return process.deciding(
        process.claim(
            "ref.lyapunov", "mean_log_variance", generations, logs[-1], relation="==",
            note="log determinant: the sum of all rates, at every generation",
        )
    )  # fmt: skip


def _median_law(samples: int, generations: int) -> LawEvidence:
    """The whole law of the variance, and so its median.

    Of its root of order `generations`, the factor of one generation: the law of the variance itself
    is soon so wide that one 2 % off looks the same.
    """
    spread = np.sqrt(2 * generations / (samples - 1))
    centre = forgetting.mean_log_variance(samples=samples, generation=generations)
    logs = centre + spread * np.linspace(-8, 8, 401)
    chances = [
        forgetting.variance_cdf(variance=float(v), samples=samples, generation=generations)
        for v in np.exp(logs)
    ]

    def law(factor: np.ndarray) -> np.ndarray:
        return np.interp(generations * np.log(np.maximum(factor, 1e-30)), logs, chances)

    record = ledger()["ref.gauss_median"]
    return LawEvidence(
        record.id, record.source, generations, law, measure="variance_factor",
        size=2**15, parameters={"family": "gaussian", "process": "replace", "samples": samples},
        note="Kolmogorov distance between the laws of variance^(1/n)",
    )  # fmt: skip
