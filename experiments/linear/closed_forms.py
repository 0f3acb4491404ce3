"""Closed forms of processes: the mean test error at generations 1, 2, ..., for the figure."""

from collections.abc import Callable
from functools import cache
from typing import Any, Literal

import numpy as np

from experiments.linear.case import Case
from experiments.linear.checks import GIVEN, RESAMPLED
from experiments.linear.designs import FRAMES, FRAMES_OF_ROWS, frames, overlaps
from theory.claims import ledger
from theory.editing import corrected, covariance, finite, repeated
from theory.editing.designs import given_errors
from theory.linear.wishart import base_error

Kind = Literal["exact", "averaged", "leading"]
Known = tuple[np.ndarray | Callable[[], np.ndarray] | None, Kind]
"""`averaged` over designs, and not before it is asked for; `leading`: only to leading order in
dim / samples."""

WRITTEN = {
    "frozen": "ref.edit_frozen",
    "external": "ref.edit_external",
    "additive": "ref.exact_one",
}
"""Claims whose formula holds at every generation, by the writer of edits set in advance."""


def closed_form(case: Case) -> Known:
    """Closed form of a case and its kind; None where none is known."""
    if case.world.given:
        return _given(case), "exact"
    where = {name: case.where[name] for name in ("dim", "samples", "noise_std")}
    base = base_error(**where)
    if case.regime == "subsample":
        return base * _curve(case, "ref.subsample"), "leading"
    if case.regime == "subsample_fresh":
        return None, "leading"
    if case.regime != "edit":
        fresh = case.regime.endswith("_fresh")
        return _curve(case, RESAMPLED[case.regime], fresh_design=fresh), "exact"
    if not case.is_blind:
        inflation = _confident(case)
        return (None if inflation is None else base * inflation), "leading"
    assert case.masks is not None and case.masks.counts is not None
    if case.variant in WRITTEN:
        return _curve(case, WRITTEN[case.variant]), "exact"
    if case.masks.schedule is None:
        return _random(case, base)
    return _scheduled(case, where, base)


def _curve(case: Case, claim: str, **given: Any) -> np.ndarray:
    """A claim's own formula at every generation, whichever is judged."""
    numbers = range(1, case.settings.generations + 1)
    predict = ledger()[claim].predict
    return np.array([float(predict(case.where | given | {"generation": n})) for n in numbers])


def _confident(case: Case) -> np.ndarray | None:
    """Inflations by edits that look at the labels."""
    if case.variant == "frozen":
        return _curve(case, "ref.edit_frozen_confident")
    if case.masks is not None and case.masks.edits == 1:
        return np.append(1.0, _curve(case, "ref.conf_one")[1:])
    return _curve(case, "ref.conf_nested") if case.mask == "nested" else None


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
    world, known = case.world, case.recursion
    if case.regime in GIVEN:
        return _curve(case, GIVEN[case.regime], labelled=world.labels is not None)
    if known is None:
        return None
    generations = case.settings.generations
    return given_errors(**known, noise_std=world.noise_std, generations=generations)
