"""What theory says of each process: a curve of test errors, known exactly or up to an interval.

Closed forms that still depend on the design are averaged over draws of it. That average is a
simulation of designs alone: no label is drawn, and everything after the draw is theory.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import stats

from experiments.linear.plan import LARGEST_ROWS, Process, World
from experiments.linear.schedules import Masks
from experiments.linear.settings import Settings
from theory import mixing, resampling
from theory.editing import confidence, corrected, covariance, finite, frozen, published
from theory.wishart import base_error

DESIGNS = 8192
"""Draws of the design behind an averaged closed form of d x d matrices."""

FRAMES = 24
"""The same for T x T matrices, whose traces hardly vary."""


@dataclass(frozen=True, eq=False)
class Prediction:
    """Test errors of generations 1, ..., n as intervals; `kind` says how they are known.

    `exact`, `averaged` over designs (an interval at the confidence asked for), or `leading`: only
    to leading order in dim / samples.
    """

    low: np.ndarray
    high: np.ndarray
    kind: str

    @property
    def centre(self) -> np.ndarray:
        return (self.low + self.high) / 2


def _curve(value: Callable[[int], float], generations: int, kind: str = "exact") -> Prediction:
    values = np.array([float(value(n)) for n in range(1, generations + 1)])
    return Prediction(values, values, kind)


def predict(settings: Settings, world: World, process: Process, error: float) -> Prediction | None:
    """The closed form of a process, or None where there is none; `error` as for an interval."""
    if world.given:
        return _predict_given(settings, world, process)
    where = {
        "dim": settings.dim, "samples": settings.samples, "noise_std": world.noise_std,
    }  # fmt: skip
    base, n = base_error(**where), settings.generations
    if process.regime != "edit":
        return _predict_resampling(settings, process, where)
    if process.variant in ("frozen", "external"):
        return _predict_frozen(settings, process, where)
    if process.mask == "confident":
        once = confidence.confidence_one_inflation(threshold=settings.once_threshold)
        return _curve(lambda g: base * (1 if g == 1 else once), n, "leading")
    if process.mask == "nested":
        nested = confidence.confidence_nested_inflation
        return _curve(
            lambda g: base * nested(threshold=settings.threshold, generation=g), n, "leading"
        )
    if process.mask == "free":
        return None
    if process.variant == "additive":
        rows = process.edit_rows or ()
        return _curve(lambda g: published.theorem_1_error(**where, edit_counts=rows[: g - 1]), n)
    if process.schedule is None:
        return _predict_random(settings, process, base, error)
    return _predict_scheduled(settings, process, where, error)


def _predict_resampling(settings: Settings, process: Process, where: dict) -> Prediction:
    base, n, weight = base_error(**where), settings.generations, settings.real_weight
    forms = {
        "replace": resampling.replace_error,
        "replace_fresh": resampling.replace_error,
        "accumulate": resampling.accumulate_shared_error,
        "accumulate_fresh": resampling.accumulate_fresh_error,
        "halfway": resampling.halfway_shared_error,
        "halfway_fresh": resampling.halfway_fresh_error,
    }
    if process.regime in forms:
        return _curve(lambda g: forms[process.regime](**where, generation=g), n)
    if process.regime == "mix_fresh":
        mixed = mixing.label_mix_inflation
        return _curve(lambda g: base * mixed(generation=g, real_weight=weight), n)
    if process.regime == "mix_fixed":
        mixed = mixing.fixed_real_inflation
        return _curve(lambda g: base * mixed(generation=g, real_weight=weight), n)
    return _curve(lambda g: base * resampling.subsample_inflation(generation=g), n, "leading")


def _predict_frozen(settings: Settings, process: Process, where: dict) -> Prediction:
    """Any number of edits by one model is one edit of the rows edited so far."""
    n, base = settings.generations, base_error(**where)
    if process.masks is None or process.masks.counts is None:
        sure = frozen.frozen_confident_inflation
        threshold = settings.threshold
        return _curve(lambda g: base * sure(threshold=threshold, generation=g), n, "leading")
    so_far = [rows_so_far(process.masks, g) for g in range(1, n + 1)]
    if process.variant == "external":
        where = where | {"prior_error": process.prior_error * base}
        return _curve(lambda g: frozen.external_error(**where, **so_far[g - 1]), n)
    return _curve(lambda g: frozen.frozen_error(**where, **so_far[g - 1]), n)


def rows_so_far(masks: Masks, generation: int) -> dict[str, Any]:
    """Mean number of rows edited before a fit, and of pairs of them, by the names of theory."""
    if generation == 1:
        return {"edited_rows": 0.0}
    if masks.schedule is not None:
        done = masks.schedule[: generation - 1].astype(int)
        return {"edited_rows": frozen.rows_edited_so_far(masks=done)[-1]}
    rows, pairs = frozen.random_rows_edited(
        samples=masks.rows,
        inclusion=masks.inclusion[: generation - 1].tolist(),
        pair_inclusion=masks.pair_inclusion[: generation - 1].tolist(),
    )
    return {"edited_rows": rows, "edited_pairs": pairs}


def _predict_scheduled(
    settings: Settings, process: Process, where: dict, error: float
) -> Prediction:
    n, rows, schedule = settings.generations, settings.samples, process.schedule
    assert schedule is not None
    counts = [int(count) for count in schedule.sum(axis=1)]
    base = base_error(**where)
    if process.mask == "one":
        one = finite.one_edit_error(**where, edited_rows=counts[0])
        return _curve(lambda g: base if g == 1 else one, n)
    if process.mask == "halves":
        one = finite.one_edit_error(**where, edited_rows=counts[0])
        two = finite.two_disjoint_edits_error(**where, edit_counts=counts[:2]) if n > 2 else one
        return _curve(lambda g: base if g == 1 else one if g == 2 else two, n)
    if process.mask == "disjoint" and settings.dim == 1:
        inflations = finite.disjoint_inflation_one_dimension(block_sizes=counts, samples=rows)
        return _curve(lambda g: base * float(inflations[g - 1]), n)
    if published.masks_are_disjoint(masks=schedule):
        overlaps = _overlaps(settings, schedule)
        covariances = corrected.disjoint_covariances(overlaps=overlaps)
    elif (schedule == schedule[:1]).all():
        overlap = _overlaps(settings, schedule[:1])[:, 0]
        covariances = np.stack(
            [corrected.fixed_mask_covariance(overlap=overlap, generation=g + 1) for g in range(n)],
            axis=1,
        )
    else:
        errors = [
            covariance.conditional_errors(design=frame, masks=schedule)
            for frame in _frames(settings, FRAMES)
        ]
        return _average(np.array(errors) * base / settings.dim, error)
    inflations = np.trace(covariances, axis1=-2, axis2=-1) / settings.dim
    return _average(base * inflations, error)


def _predict_random(settings: Settings, process: Process, base: float, error: float) -> Prediction:
    masks, n = process.masks, settings.generations
    assert masks is not None
    if masks.rows > LARGEST_ROWS:
        fractions = masks.inclusion.tolist()
        if process.variant == "anchored":
            form = corrected.anchored_inflation
            m = fractions[0]
            return _curve(lambda g: base * form(edit_fraction=m, generation=g), n, "leading")
        form = corrected.random_mask_inflation
        return _curve(lambda g: base * form(fractions=fractions[: g - 1]), n, "leading")
    errors = [
        covariance.random_mask_errors(
            design=frame,
            inclusion=masks.inclusion,
            pair_inclusion=masks.pair_inclusion,
            generations=n,
            variant=process.variant,  # type: ignore[arg-type]
        )
        for frame in _frames(settings, FRAMES)
    ]
    return _average(np.array(errors) * base / settings.dim, error)


def _predict_given(settings: Settings, world: World, process: Process) -> Prediction | None:
    """Conditional on a user's design: exact wherever masks do not look at the noise."""
    frame, n = world.frame, settings.generations  # neither errors nor chains see coordinates
    rows, dim = frame.shape
    base = world.noise_std**2 * dim / rows
    first = 0 if world.labels is None else 1  # the fit on real labels is the reference: no error
    if process.regime == "replace":
        return _curve(lambda g: base * (g - first), n)
    if process.regime == "accumulate":
        form = resampling.accumulate_inflation
        return _curve(lambda g: base * (form(generation=g) - first), n)
    if process.schedule is not None:
        errors = covariance.conditional_errors(
            design=frame,
            masks=process.schedule,
            noise_std=world.noise_std,
            test_covariance=np.eye(dim) / rows,
            variant=process.variant,  # type: ignore[arg-type]
            start=world.residuals,
        )
        return Prediction(errors, errors, "exact")
    masks = process.masks
    if masks is None or masks.counts is None or first or process.variant == "additive":
        return None
    errors = covariance.random_mask_errors(
        design=frame * np.sqrt(rows),
        inclusion=masks.inclusion,
        pair_inclusion=masks.pair_inclusion,
        generations=n,
        noise_std=world.noise_std,
        variant=process.variant,  # type: ignore[arg-type]
    )
    return Prediction(errors, errors, "exact")


def _average(errors: np.ndarray, error: float) -> Prediction:
    """Mean over designs with a Student interval; every entry of a curve has its own."""
    mean, count = errors.mean(axis=0), len(errors)
    half = stats.t(count - 1).isf(error / 2) * errors.std(axis=0, ddof=1) / np.sqrt(count)
    return Prediction(mean - half, mean + half, "averaged")


def _frames(settings: Settings, count: int) -> np.ndarray:
    """Orthonormal frames Q of Gaussian designs, (count, T, d)."""
    rng = np.random.default_rng([settings.seed, 1])
    return np.linalg.qr(rng.standard_normal((count, settings.samples, settings.dim)))[0]


def _overlaps(settings: Settings, masks: np.ndarray) -> np.ndarray:
    """Q' M Q of every mask for many Gaussian designs, (designs, masks, d, d).

    Only the d x d overlaps are kept of each batch of designs, so that many rows fit in memory.
    """
    batch = max(min(DESIGNS, 10**7 // (settings.samples * settings.dim)), 1)
    parts, done = [], 0
    rng = np.random.default_rng([settings.seed, 2])
    while done < DESIGNS:
        shape = (min(batch, DESIGNS - done), settings.samples, settings.dim)
        frames = np.linalg.qr(rng.standard_normal(shape))[0]
        parts.append(
            np.stack(
                [np.swapaxes(kept, 1, 2) @ kept for kept in (frames[:, mask] for mask in masks)],
                axis=1,
            )
        )
        done += shape[0]
    return np.concatenate(parts)
