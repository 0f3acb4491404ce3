"""Gaussians fitted to their own draws: the mean wanders, the variance vanishes, the tails first."""

from collections.abc import Iterator
from dataclasses import replace

import jax.numpy as jnp
import numpy as np
from distribution_lab.points import is_contrasted, regimes_of
from distribution_lab.process import Derived, Process, over_generations
from distribution_lab.settings import Settings

from collapse_sim.certify import LawEvidence
from collapse_sim.distributions.gaussian import GaussianLearner
from collapse_sim.distributions.gaussian_law import GaussianLaw
from collapse_sim.loop import Chain, Trace
from collapse_sim.regimes import Accumulate, Replace
from theory import forgetting, gaussian, gaussian_edits
from theory.claims import ledger

SAMPLES, GENERATIONS, DIM = 20, 40, 4
EARLY = 5
"""Means of the variance are tested here: later they are carried by too few chains."""

MANY, FEW = 2**18, 2**16
EXCEEDED = 0.1
"""Standard deviation whose chance of being exceeded is bounded."""

LEADING = 0.1
"""Relative tolerance of a claim to leading order."""

POWER = 2.0
"""Of the growth of the sample sizes that keeps the mean from wandering off."""


def _draws(trace: Trace) -> Trace:
    """Second moment of one point drawn from the fit, and whether its spread is above a level."""
    return {
        "point_variance": trace["squared_mean_error"] + trace["variance"],
        "exceeds": (trace["standard_deviation"] > EXCEEDED).astype(trace["variance"].dtype),
    }


def processes(settings: Settings) -> list[Process]:
    """Every regime asked for, in one dimension and in several, and what belongs to the theory."""
    samples = settings.samples or SAMPLES
    found = [*_regimes(settings, samples, 1, settings.regime)]
    dim, names = settings.dim, settings.regime
    if dim is None:
        dim, names = min(DIM, samples - 1), tuple(name for name in names if name == "replace")
    if dim > 1:
        found += _regimes(settings, samples, dim, names)
    return [*found, *_theory(settings, samples)]


def _regimes(
    settings: Settings, samples: int, dim: int, names: tuple[str, ...]
) -> Iterator[Process]:
    """First moments are those of one dimension, entry by entry."""
    generations = settings.generations or GENERATIONS
    dtype = jnp.dtype(settings.precision)
    regimes = regimes_of(settings, samples) | {"replace": Replace()}
    early, is_line = min(EARLY, generations), dim == 1
    for name in names:
        statistics = name in ("replace", "accumulate", "control")
        learner = GaussianLearner(
            dim, samples, representation="statistics" if statistics else "rows", dtype=dtype
        )
        process = Process(
            "gaussian", name, Chain(learner, regimes[name], generations),
            settings.replicates or (MANY if statistics and is_line else FEW),
            "" if is_line else f"{dim} dimensions",
            closed=_closed(settings, name, samples, generations),
            parameters={"samples": samples} if is_line else {"samples": samples, "dim": dim},
        )  # fmt: skip
        if name == "replace":
            decide = _replace if is_line else _log_determinant
            yield decide(process, samples, generations)
            continue
        claims = {
            "keep_human": "ref.gauss_edit_anchored",
            "edit": "ref.gauss_edit",
            "edit_anchored": "ref.gauss_edit_anchored",
            "fresh_human": "ref.gauss_fresh",
            "accumulate": "ref.gauss_acc_unb",
        }
        if name in claims:
            at = early if name in ("edit", "keep_human", "fresh_human") else generations
            predicted = process.closed["variance"][at - 1]
            process = process.deciding(process.claim(claims[name], "variance", at, predicted))
        if name == "keep_human" and is_line and is_contrasted(settings):
            kept = process.claim("shum2024.kept_human", "log_variance", generations, 0.0)
            process = process.against("replace", kept)
        yield process


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
    early, size = min(EARLY, generations), {"samples": samples}
    logs = over_generations(
        generations, lambda n: forgetting.mean_log_variance(samples=samples, generation=n)
    )
    wasserstein = over_generations(
        generations, lambda n: gaussian.squared_wasserstein(samples=samples, generation=n)
    )
    process = Process(
        "gaussian", "replace", Derived(process.simulation, _draws), process.replicates,
        closed={**process.closed, "log_variance": logs, "squared_wasserstein": wasserstein},
        parameters=size,
    )  # fmt: skip
    rare = "mean of few chains: tested early"
    drawn = gaussian.draw_variance(samples=samples, generation=early)
    leading = gaussian.squared_wasserstein_leading(samples=samples, generation=early)
    bound = forgetting.deviation_survival_bound(
        threshold=EXCEEDED, samples=samples, generation=generations
    )
    found = [
        process.claim("shum2024.var", "point_variance", early, drawn, note=rare),
        process.claim("ref.w2", "squared_wasserstein", early, wasserstein[early - 1], note=rare),
        process.claim("shum2024.thm31", "log_variance", generations, logs[-1]),
        process.claim("suresh2025.gauss", "exceeds", generations, bound, trivial=1.0),
        _median_law(samples, generations),
    ]
    if abs(wasserstein[early - 1] / leading - 1) < LEADING / 2:  # else n/M is not small
        found.append(
            process.claim(
                "shum2024.w2lead", "squared_wasserstein", early, leading, relation="==",
                note="leading order in n/M",
            )
        )  # fmt: skip
    return process.deciding(*found)


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
    """The whole law of the variance, and so its median."""
    spread = np.sqrt(2 * generations / (samples - 1))
    centre = forgetting.mean_log_variance(samples=samples, generation=generations)
    logs = centre + spread * np.linspace(-8, 8, 401)
    chances = [
        forgetting.variance_cdf(variance=float(v), samples=samples, generation=generations)
        for v in np.exp(logs)
    ]

    def law(variance: np.ndarray) -> np.ndarray:
        return np.interp(np.log(np.maximum(variance, 1e-300)), logs, chances)

    record = ledger()["ref.gauss_median"]
    return LawEvidence(
        record.id, record.source, generations, law, measure="variance",
        size=2**15, parameters={"family": "gaussian", "process": "replace", "samples": samples},
        note="Kolmogorov distance between the laws of the variance",
    )  # fmt: skip


def _theory(settings: Settings, samples: int) -> Iterator[Process]:
    """Estimators, growing samples and biased generators."""
    generations = settings.generations or GENERATIONS
    dtype, replicates = jnp.dtype(settings.precision), settings.replicates or MANY
    early, size = min(EARLY, generations), {"samples": samples}
    for regime, claim, at in (
        ("replace", "kazdan2025.gauss_replace", early),
        ("accumulate", "kazdan2025.gauss_acc", generations),
    ):
        if regime in settings.regime:
            law = GaussianLaw.of(
                regime,  # type: ignore[arg-type]
                samples=samples, generations=generations,
                estimator="maximum_likelihood", dtype=dtype,
            )  # fmt: skip
            form = (
                gaussian.replace_variance if regime == "replace" else gaussian.accumulate_variance
            )
            curve = over_generations(generations, lambda n, form=form: form(
                **size, generation=n, unbiased=False
            ))  # fmt: skip
            process = Process(
                "gaussian", regime, law, replicates, "max likelihood",
                closed={"variance": curve}, parameters=size,
            )  # fmt: skip
            yield process.deciding(process.claim(claim, "variance", at, curve[at - 1]))
    if "replace" in settings.regime:
        yield _growing(settings, samples, generations, dtype)
    if "accumulate" in settings.regime and settings.sampling_variance < 1:
        bias = settings.sampling_variance
        learner = GaussianLearner(
            1, samples, sampling_variance=bias, representation="statistics", dtype=dtype
        )
        curve = over_generations(
            generations,
            lambda n: gaussian.accumulate_variance(
                samples=samples, sampling_variance=bias, generation=n
            ),
        )
        process = Process(
            "gaussian", "accumulate", Chain(learner, Accumulate(), generations), replicates,
            f"{settings.sampling_variance:g} of variance", closed={"variance": curve},
            parameters={**size, "sampling_variance": bias},
        )  # fmt: skip
        yield process.deciding(
            process.claim("ref.gauss_acc_biased", "variance", generations, curve[-1])
        )


def _growing(settings: Settings, samples: int, generations: int, dtype) -> Process:
    """Sample sizes that grow faster than linearly keep the mean."""
    sizes = np.floor(samples * np.arange(1, generations + 1) ** POWER).astype(int)
    law = GaussianLaw.of("replace", samples=sizes, generations=generations, dtype=dtype)
    curve = over_generations(
        generations, lambda n: gaussian.replace_mean_error(samples=sizes[:n], generation=n)
    )
    process = Process(
        "gaussian", "replace", law, settings.replicates or MANY, f"n^{POWER:g} points",
        closed={"squared_mean_error": curve, "variance": np.ones(generations)},
        parameters={"samples": samples, "power": POWER},
    )  # fmt: skip
    limit = gaussian.growing_mean_error_limit(samples=samples, power=POWER)
    note = f"at generation {generations}; its limit is {limit:.4g}"
    return process.deciding(
        process.claim(
            "ref.gauss_growing", "squared_mean_error", generations, curve[-1], relation="==",
            note=note,
        )
    )  # fmt: skip
