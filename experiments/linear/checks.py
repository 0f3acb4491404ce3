"""Checks: the claims that each process decides. Masks are judged by their facts; names play no
part."""

import numpy as np

from experiments.linear.case import Case
from experiments.linear.designs import FRAMES_OF_ROWS, frames, overlaps
from theory.editing import published
from theory.editing.schedules import random_edits_inflation

FINITE = 0.003
"""Tolerance of a law at finite T whose limit is less than one per cent away."""

RESAMPLED = {
    "replace": "zhu2025.eq7",
    "replace_fresh": "gerst2024.replace",
    "accumulate": "gerst2024.accumulate",
    "accumulate_fresh": "ref.accumulate_fresh",
    "halfway": "gerst2024.halfway",
    "halfway_fresh": "gerst2024.halfway",
    "mix_fresh": "he2025.weight",
    "mix_fixed": "garg2026.fixedreal",
}
"""Closed forms that hold at every T."""
GIVEN = {"replace": "ref.given_replace", "accumulate": "ref.given_accumulate"}
"""The same for a given design."""


def add_checks(case: Case) -> Case:
    """Add to a case all claims that it decides."""
    if case.world.given:
        _given(case)
    elif case.regime == "edit":
        _edits(case)
    else:
        _resampling(case)
    return case


def _resampling(case: Case) -> None:
    regime, last = case.regime, case.settings.generations
    if regime in RESAMPLED:
        fresh = {"fresh_design": regime.endswith("_fresh")} if "halfway" in regime else {}
        case.mean(RESAMPLED[regime], given=fresh)
    if regime == "replace_fresh":
        case.law("ref.replace_law", 1, fresh_design=True)
    if regime == "replace":
        case.law("ref.replace_law", last)
        case.mean("zhu2025.sec2", 2, note="printed one generation late")
    if regime.startswith("accumulate"):
        case.mean("gerst2024.accumulate_bound", note="bound b pi^2 / 6")


def _edits(case: Case) -> None:
    variant = case.variant
    if variant in ("frozen", "external"):
        return _by_a_frozen_model(case)
    if variant == "additive":
        return case.mean("ref.exact_one", exactly=True, note="Theorem 1 is exact here")
    masks = case.masks
    assert masks is not None
    if not case.is_blind and masks.edits <= 1:
        return case.mean("zhu2025.thm2a_conf", 2)
    if variant == "chained":
        case.mean("zhu2025.thm2a_single" if masks.edits <= 1 else "zhu2025.thm2a")
    if not case.is_blind:
        return
    if variant == "chained":
        printed = published.theorem_1_error(
            edit_counts=case.where["edit_counts"],
            **{name: case.where[name] for name in ("dim", "samples", "noise_std")},
        )
        note = f"mean error by the printed formula, {printed / case.world.base_error:.4g} b"
        case.mean("zhu2025.thm1", note=note)
    if masks.schedule is None:
        _random(case)
    else:
        _scheduled(case)


def _by_a_frozen_model(case: Case) -> None:
    """Add the claims on edits by one frozen model: the bound is a theorem for masks set in
    advance."""
    if case.variant == "external":
        return case.mean("ref.edit_external", exactly=True)
    if not case.is_blind:
        return case.mean("zhu2025.thm2a_conf", note="again and again, by a frozen prior")
    case.mean("zhu2025.thm2a_frozen", exactly=True)
    case.mean("ref.edit_frozen", exactly=True)


def _random(case: Case) -> None:
    """Add the claims on rows drawn afresh for each edit."""
    masks = case.masks
    assert masks is not None
    anchored = case.variant == "anchored"
    if case.averaged:
        chances = {"inclusion": masks.inclusion, "pair_inclusion": masks.pair_inclusion}
        case.mean(
            "ref.edit_E_finite" if anchored else "ref.edit_D_finite",
            exactly=True,
            tolerance=FINITE,
            given=chances | {"frames": frames(case.settings)},
            note="closed form at this T",
        )
    else:
        claim = "ref.edit_E" if anchored else "ref.edit_D"
        case.mean(claim, per_unit=True, note="the law is about T >> d")
    case.assumption("zhu2025.eq16", "masks are drawn afresh: rows are edited again")
    if len(set(masks.counts or ())) > 1:
        _shrinking(case)


def _scheduled(case: Case) -> None:
    """Add the claims on rows that are known beforehand."""
    masks, where = case.masks, case.where
    assert masks is not None and masks.schedule is not None and masks.counts is not None
    disjoint = masks.is_disjoint
    case.assumption("zhu2025.eq16", "no row twice" if disjoint else "rows edited again")
    if disjoint:
        note = "(2 e^tau - 1) b; conjecture for d >= 2 and more than four edits of arbitrary T"
        case.mean("ref.edit_B_const", note=note)
    note = "closed form at this T"
    if masks.edits <= 1:
        case.mean("ref.edit_one_T", exactly=True, note=note)
    elif disjoint and masks.edits == 2:
        case.mean("ref.edit_two_T", exactly=True, note=note)
    elif disjoint:
        drawn = overlaps(case.settings, masks.schedule)
        case.mean("ref.edit_B", exactly=True, given={"overlaps": drawn}, note=note)
    elif masks.is_constant:
        drawn = overlaps(case.settings, masks.schedule[:1])
        case.mean("ref.edit_C_finite", exactly=True, given={"overlap": drawn}, note=note)
        if where["samples"] - masks.counts[0] >= where["dim"] + 2:
            case.mean("ref.edit_C_T", note="upper side of the limit")
    else:
        drawn = frames(case.settings, FRAMES_OF_ROWS)
        given = {"frames": drawn, "masks": masks.schedule}
        case.mean("ref.edit_recursion", exactly=True, given=given, note=note)


def _shrinking(case: Case) -> None:
    """Add the second bound of Theorem 2, about edits that shrink."""
    counts, where = case.where["edit_counts"], case.where
    decay = float(np.sqrt(case.settings.decay))
    if counts[0]:
        given = {"first_count": counts[0], "norm_decay": decay}
        sizes = {name: where[name] for name in ("dim", "samples", "noise_std")}
        base, loose = case.world.base_error, published.theorem_2b_bound(**sizes, **given)
        law = random_edits_inflation(
            samples=where["samples"], edit_counts=counts, generation=len(counts) + 1
        )
        note = f"bound is {loose / base:.4g} b, the law 1 + sum m(2 - m) gives {law:.4g} b"
        case.mean("zhu2025.thm2b", given=given, trivial=base * law, note=note)
    case.assumption("zhu2025.decay", f"edited rows {counts}", norm_decay=decay)


def _given(case: Case) -> None:
    """Add the claims for a given design: each is conditional on it."""
    masks, world = case.masks, case.world
    note = "conditional on the given design"
    labels = {"labelled": world.labels is not None}
    if case.regime in GIVEN:
        case.mean(GIVEN[case.regime], given=labels, note=note)
    if masks is None or case.variant not in ("chained", "frozen"):
        return
    claim = "zhu2025.thm2a_single" if case.is_blind and masks.edits <= 1 else "zhu2025.thm2a"
    if not case.is_blind and (masks.edits <= 1 or case.variant == "frozen"):
        claim = "zhu2025.thm2a_conf"
    elif case.variant == "frozen":
        claim = "zhu2025.thm2a_frozen"
    labelled = "; distance from the fit on real labels" if world.labels is not None else ""
    case.mean(claim, note=note + labelled)
    known = case.recursion
    if known is not None:
        case.mean("ref.edit_given", given=known, note=f"exact recursion given X{labelled}")
