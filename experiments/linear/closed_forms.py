"""Closed forms of processes: the mean test error at generations 1, 2, ..., for the figure."""

from collections.abc import Callable
from functools import cache
from typing import Literal

import numpy as np

from experiments.linear.case import Case
from experiments.linear.designs import FRAMES, FRAMES_OF_ROWS, frames, overlaps
from theory.editing import confidence, corrected, covariance, finite, frozen, published, repeated
from theory.editing.designs import given_errors
from theory.editing.frozen import external_edits_error, frozen_edits_error
from theory.linear import accumulation, mixing, resampling, subsampling
from theory.linear.wishart import base_error

Kind = Literal["exact", "averaged", "leading"]
Known = tuple[np.ndarray | Callable[[], np.ndarray] | None, Kind]
"""`averaged` over designs, and not before it is asked for; `leading`: only to leading order in
dim / samples."""

RESAMPLED = {
    "replace": resampling.replace_error,
    "replace_fresh": resampling.replace_error,
    "accumulate": accumulation.accumulate_shared_error,
    "accumulate_fresh": accumulation.accumulate_fresh_error,
    "halfway": resampling.halfway_shared_error,
    "halfway_fresh": resampling.halfway_fresh_error,
    "mix_fresh": mixing.weighted_error,
    "mix_fixed": mixing.fixed_real_error,
}


def closed_form(case: Case) -> Known:
    """Closed form of a case and its kind; None where none is known."""
    if case.world.given:
        return _given(case), "exact"
    where = {name: case.where[name] for name in ("dim", "samples", "noise_std")}
    base, n = base_error(**where), case.settings.generations

    def curve(value: Callable[[int], float]) -> np.ndarray:
        return np.array([float(value(g)) for g in range(1, n + 1)])

    if case.regime == "subsample":
        inflation = subsampling.subsample_inflation
        return curve(lambda g: base * inflation(generation=g)), "leading"
    if case.regime != "edit":
        weight = {"real_weight": case.settings.real_weight} if "mix" in case.regime else {}
        return curve(lambda g: RESAMPLED[case.regime](**where, **weight, generation=g)), "exact"
    if not case.is_blind:
        inflation = _confident(case)
        return (None if inflation is None else base * curve(inflation)), "leading"
    assert case.masks is not None and case.masks.counts is not None
    if case.variant in ("frozen", "external"):
        names = "rows_edited_so_far", "pairs_edited_so_far", "prior_error"
        facts = where | {name: case.where[name] for name in names if name in case.where}
        form = frozen_edits_error if case.variant == "frozen" else external_edits_error
        return curve(lambda g: form(**facts, generation=g)), "exact"
    if case.variant == "additive":
        counts = case.masks.counts
        form = published.theorem_1_error
        return curve(lambda g: form(**where, edit_counts=counts, generation=g)), "exact"
    if case.masks.schedule is None:
        return _random(case, base)
    return _scheduled(case, where, base)


def _confident(case: Case) -> Callable[[int], float] | None:
    """Inflations by edits that look at the labels."""
    threshold = {"residual_threshold": case.where["residual_threshold"]}
    if case.variant == "frozen":
        return lambda g: frozen.frozen_confident_inflation(**threshold, generation=g)
    if case.masks is not None and case.masks.edits == 1:
        once = confidence.confidence_one_inflation(**threshold)
        return lambda g: 1 if g == 1 else once
    if case.mask == "nested":
        return lambda g: confidence.confidence_nested_inflation(**threshold, generation=g)
    return None


def _random(case: Case, base: float) -> Known:
    masks, n = case.masks, case.settings.generations
    assert masks is not None
    if not case.averaged:
        shares, anchored = masks.inclusion.tolist(), case.variant == "anchored"
        values = [
            repeated.anchored_inflation(edit_share=shares[0], generation=g)
            if anchored
            else repeated.random_mask_inflation(fractions=shares[: g - 1])
            for g in range(1, n + 1)
        ]
        return base * np.array(values), "leading"

    return cache(lambda: random_masks_averaged(case)), "averaged"


def random_masks_averaged(case: Case, designs: int = FRAMES) -> np.ndarray:
    """Exact means over noise and random masks of every fit, averaged over a few designs."""
    masks, settings = case.masks, case.settings
    assert masks is not None
    errors = [
        covariance.random_mask_errors(
            design=frame,
            inclusion=masks.inclusion,
            pair_inclusion=masks.pair_inclusion,
            generations=settings.generations,
            variant=case.variant,  # type: ignore[arg-type]
        )
        for frame in frames(settings, designs).draw()
    ]
    return (np.array(errors) * case.world.base_error / settings.dim).mean(axis=0)


def _scheduled(case: Case, where: dict, base: float) -> Known:
    masks, settings, n = case.masks, case.settings, case.settings.generations
    assert masks is not None and masks.schedule is not None and masks.counts is not None
    if masks.edits <= 2 and masks.is_disjoint:
        error = [base, base, base]
        rows = [int(count) for count in masks.counts if count]
        for edits in range(1, len(rows) + 1):
            if edits == 1:
                error[edits] = finite.one_edit_error(**where, edited_rows=rows[0])
            else:
                error[edits] = finite.two_disjoint_edits_error(**where, edit_counts=rows)
        done = np.cumsum([0, *(count > 0 for count in masks.counts)])[:n]
        return np.array(error)[done], "exact"
    if masks.is_disjoint and settings.dim == 1:
        counts = [int(count) for count in masks.counts]
        form = finite.disjoint_inflation_one_dimension
        inflations = form(block_sizes=counts, samples=settings.samples)
        return base * np.array([float(value) for value in inflations]), "exact"
    return cache(lambda: _averaged(case, base)), "averaged"


def _averaged(case: Case, base: float) -> np.ndarray:
    """Average over designs a closed form that depends on them."""
    masks, settings, n = case.masks, case.settings, case.settings.generations
    assert masks is not None and masks.schedule is not None
    if masks.is_disjoint:
        drawn = overlaps(settings, masks.schedule).draw()
        covariances = corrected.disjoint_covariances(overlaps=drawn)
    elif masks.is_constant:
        drawn = overlaps(settings, masks.schedule[:1]).draw()
        covariances = repeated.fixed_mask_covariances(overlap=drawn, generations=n)
    else:
        errors = [
            covariance.conditional_errors(design=frame, masks=masks.schedule)
            for frame in frames(settings, FRAMES_OF_ROWS).draw()
        ]
        return (np.array(errors) * base / settings.dim).mean(axis=0)
    inflations = np.trace(covariances, axis1=-2, axis2=-1) / settings.dim
    return (base * inflations).mean(axis=0)


def _given(case: Case) -> np.ndarray | None:
    """Closed form on a user's design: exact for masks that never look at the noise."""
    world, n = case.world, case.settings.generations
    where = {name: case.where[name] for name in ("dim", "samples", "noise_std")}
    forms = {
        "replace": resampling.given_replace_error,
        "accumulate": accumulation.given_accumulate_error,
    }
    if case.regime in forms:
        where["labelled"] = world.labels is not None
        return np.array([forms[case.regime](**where, generation=g) for g in range(1, n + 1)])
    known = case.recursion
    if known is None:
        return None
    return given_errors(**known, noise_std=world.noise_std, generations=n)
