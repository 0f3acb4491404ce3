"""Processes of a run: simulations, their names and their checks."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count, filterfalse
from typing import Any

import numpy as np

from collapse_sim import masks as policies
from collapse_sim.editing import Edit
from collapse_sim.experiment.process import Check, Process
from collapse_sim.linear.design import GaussianDesign, GivenDesign
from collapse_sim.linear.expectation import RandomMaskExpectation, ScheduledExpectation
from collapse_sim.linear.law import ExactLaw
from collapse_sim.linear.learner import ExternalPrior
from collapse_sim.loop import Chain
from collapse_sim.regimes import Accumulate, AccumulateSubsample, Mix, Regime, Replace
from collapse_sim.replicates import Simulation, looks
from experiments.linear.case import Case
from experiments.linear.checks import add_checks
from experiments.linear.closed_forms import closed_form
from experiments.linear.schedules import Masks, make_masks
from experiments.linear.settings import Settings
from experiments.linear.world import World
from theory.linear.subsampling import singular_chance

DESIGNS, MANY_DESIGNS = 256, 2**14
"""Most designs whose means over label noise decide an equality: for random masks, for a schedule.

The mean over masks as well hardly varies from design to design."""

FIRST_LOOK = 256
"""Designs before the first look at their means."""

FEW = 100
"""Designs whose means over label noise are enough for the normal limit: they hardly vary."""

RUNG = 128
"""Designs in flight under random masks: those of a rung along T, so that one program does both."""

LARGEST_BLOCKS = 128
"""Largest product of blocks and columns at which the mean over label noise is followed."""

LARGEST_ROWS = 400
"""Largest number of rows at which the mean over random masks is followed."""

SINGULAR = 1e-6
"""Largest chance that any replicate of a run is fitted to too few distinct rows."""


def make_processes(settings: Settings, world: World) -> list[Process]:
    """Make every process that the flags ask for, in the order of the report.

    After one whose mean over label noise is followed as well stands that, as a step of it.
    """
    found: list[Process] = []
    for regime in settings.regimes:
        if regime == "edit":
            found += [p for mask in settings.masks for p in _edits(settings, world, mask)]
        elif world.given and regime not in ("replace", "accumulate", "mix_fresh", "mix_fixed"):
            raise ValueError(
                f"--regimes {regime}: a given design has no fresh rows to draw; accepted are "
                "replace, accumulate, mix_fresh, mix_fixed and edit"
            )
        else:
            found.append(_resampling(settings, world, regime))
    return found


def _require_distinct_rows(settings: Settings) -> None:
    """Raise ValueError where a subsample of copies of the rows may not determine a fit."""

    def is_likely(samples: int) -> bool:
        chance = singular_chance(dim=settings.dim, samples=samples, generation=settings.generations)
        return settings.generations * settings.replicates * chance > SINGULAR

    if is_likely(settings.samples):
        enough = next(filterfalse(is_likely, count(settings.samples)))
        raise ValueError(
            f"--samples {settings.samples}: a subsample of copies of so few rows may hold fewer "
            f"than {settings.dim} distinct ones, which have no fit; accepted with --regimes "
            f"subsample is {enough} or more"
        )


def _process(
    case: Case, simulation: Simulation, checks: Sequence[Check], **options: Any
) -> Process:
    """Make a process of a case, with the fields that all processes fill alike."""
    closed, kind = closed_form(case)
    return Process(
        case.regime,
        simulation,
        case.settings.replicates,
        mask=case.mask,
        variant=case.variant,
        where=case.where,
        checks=checks,
        closed={} if closed is None else dict.fromkeys(case.measures, closed),
        closed_kind=kind,
        scale=case.world.scale,
        units=case.world.units,
        finite_moments={"test_error": case.finite_moments},
        measures=case.measures if case.variant == "external" else (),
        title=case.name,
        **options,
    )


def _resampling(settings: Settings, world: World, name: str) -> Process:
    if name == "subsample":
        _require_distinct_rows(settings)
    stem, _, kind = name.partition("_")
    shared = kind != "fresh" or stem == "mix"
    regimes: dict[str, Regime] = {
        "replace": Replace(),
        "accumulate": Accumulate(),
        "halfway": Replace(growing=True),
        "subsample": AccumulateSubsample(),
        "mix": Mix(settings.real_weight, fresh=kind == "fresh"),
    }
    law = not world.given and (stem in ("replace", "halfway") or (stem == "accumulate" and shared))
    rows_only = world.given or stem == "subsample"
    forms = ["law"] * law + ["statistics"] * (not rows_only) + ["rows"]
    choice = settings.representation
    if choice == "auto":
        choice = "rows" if stem == "mix" else forms[0]
    if choice not in forms:
        raise ValueError(
            f"--representation {choice}: {name} has no such form, accepted are auto, "
            f"{', '.join(forms)}"
        )
    if choice == "law":
        simulation = ExactLaw.of(
            stem,  # type: ignore[arg-type]
            dim=settings.dim,
            samples=settings.samples,
            generations=settings.generations,
            shared=shared,
            dtype=world.dtype,
        )
    else:
        design = world.design
        if not shared and isinstance(design, GaussianDesign):
            design = GaussianDesign(design.dim, design.samples, False, design.factor)
        learner = world.learner(design=design, representation=choice, human_labels=world.residuals)
        simulation = Chain(learner, regimes[stem], settings.generations)
    moments = np.inf if shared else (settings.samples - settings.dim + 1) / 2
    case = add_checks(Case(settings, world, name, finite_moments=moments))
    return _process(case, simulation, case.chains)


def _edits(settings: Settings, world: World, mask: str) -> Iterator[Process]:
    """Make the processes of one kind of mask: every writer, every variant."""
    masks = make_masks(settings, mask, world.design.samples)
    representation = settings.representation
    if representation == "law" or (representation == "statistics" and masks.schedule is None):
        accepted = "auto, rows" + (", statistics" if masks.schedule is not None else "")
        raise ValueError(
            f"--representation {representation}: edits by {mask} masks have no such form, "
            f"accepted are {accepted}"
        )
    for variant in _variants(settings, world, mask, masks):
        yield from edit_processes(settings, world, mask, masks, variant)


def _variants(settings: Settings, world: World, mask: str, masks: Masks) -> list[str]:
    """Variants of edits that a run makes. Frozen ones differ from chained ones from the second edit
    on."""
    variants = []
    if "latest" in settings.writers:
        variants += ["chained", "anchored", "additive"] if mask == "random" else ["chained"]
    again = masks.edits > 1 and mask != "nested"  # nested and free are one, when frozen
    if "frozen" in settings.writers and again:
        variants.append("frozen")
    if "external" in settings.writers and again and masks.schedule is not None and not world.given:
        variants.append("external")
    return variants


def edit_processes(
    settings: Settings, world: World, mask: str, masks: Masks, variant: str
) -> Iterator[Process]:
    """Make the process of these masks, and its mean over label noise where that is followed."""
    policy, external = masks.policy, variant == "external"
    learner = world.learner(human_labels=world.residuals)
    if masks.schedule is not None:
        sizes, blocks = policies.blocks_of(masks.schedule)
        # Every policy on rows shares one compiled program; statistics pay off for many rows.
        few = 16 * len(sizes) * world.design.dim <= world.design.samples and not world.given
        choice = settings.representation
        if choice == "statistics" or (choice == "auto" and few):
            learner = world.learner(representation="statistics", sizes=sizes)
            policy = policies.MaskPolicy.of(blocks)
    prior_error = settings.prior_error * world.unit_base_error if external else 0.0
    # Where another model writes some edits all others carry one as well: they share a program.
    beside = "external" in settings.writers
    prior, writes = (ExternalPrior(prior_error), np.asarray(external)) if beside else (None, None)
    regime = Edit.of(policy, "frozen" if external else variant)
    # An external prior is off by a vector that the design's scale does not leave alone.
    moments = (settings.samples - settings.dim + 1) / 2 if external else np.inf
    averaged = _averaged(world, masks, variant, prior_error)
    case = Case(settings, world, "edit", mask, variant, masks, averaged is not None, moments)
    chain = Chain(learner, regime, settings.generations, prior, writes)
    process = _process(add_checks(case), chain, case.chains)
    yield process
    if averaged is not None:
        designs = DESIGNS if masks.schedule is None else MANY_DESIGNS
        yield replace(
            process,
            simulation=averaged,
            replicates=designs,
            checks=case.means,
            looks=tuple(looks(designs, FIRST_LOOK)),
            smallest_look=FEW,
            chunk=RUNG if masks.schedule is None else None,
            finite_moments={},
            step="averaged",
        )


def _averaged(world: World, masks: Masks, variant: str, prior_error: float) -> Simulation | None:
    """The exact mean over label noise, where it costs little: masks blind to the labels."""
    design = world.design
    if isinstance(design, GivenDesign) or masks.counts is None:
        return None
    if masks.schedule is not None:
        if len(policies.blocks_of(masks.schedule)[0]) * design.dim > LARGEST_BLOCKS:
            return None
        return ScheduledExpectation.of(
            design, masks.schedule, variant, prior_error, dtype=world.dtype
        )
    if design.samples > LARGEST_ROWS:
        return None
    return RandomMaskExpectation.of(
        design, masks.inclusion, masks.pair_inclusion, variant, dtype=world.dtype
    )
