"""The processes of a run: what is simulated, under which names."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import jax.numpy as jnp
import numpy as np

from collapse_sim import masks as policies
from collapse_sim.design import GaussianDesign, GivenDesign, covariance_factor
from collapse_sim.expectation import RandomMaskExpectation, ScheduledExpectation
from collapse_sim.law import ExactLaw
from collapse_sim.learners import ExternalPrior, LinearLearner
from collapse_sim.linear_fit import fit_labels, spans_constant, to_one_scale
from collapse_sim.loop import Chain
from collapse_sim.regimes import Accumulate, AccumulateSubsample, Edit, Mix, Regime, Replace
from collapse_sim.replicates import Simulation, Summary
from experiments.linear.inputs import read_design
from experiments.linear.schedules import Masks, make_masks
from experiments.linear.settings import NOISE, Settings

DESIGNS, MANY_DESIGNS = 256, 2**14
"""Most designs whose means over label noise decide an equality, by random masks and by a schedule.

The mean over masks as well hardly varies from design to design."""

LARGEST_BLOCKS = 128
"""Most blocks times columns of a schedule whose mean over label noise is followed."""

LARGEST_ROWS = 400
"""Most rows of a design whose mean over random masks is followed."""


@dataclass(frozen=True, eq=False)
class World:
    """The design, its labels and noise: what every process of a run shares.

    Simulations run in units of the noise, whatever the units of labels and columns are: no scale
    leaves the range of float32. `in_units_of_labels` brings their summaries back.
    """

    design: GaussianDesign | GivenDesign
    """A given one has columns of one scale; least squares does not see the difference."""
    noise_std: float
    """In units of the labels."""
    dtype: jnp.dtype
    labels: np.ndarray | None = None
    hashes: dict[str, str] | None = None
    note: str = ""
    """What was read, in one line."""

    @property
    def given(self) -> bool:
        return isinstance(self.design, GivenDesign)

    @property
    def base_error(self) -> float:
        """b, the mean test error of the fit on human data (given X, for a given design)."""
        dim, samples = self.design.dim, self.design.samples
        rows = samples if self.given else samples - dim - 1
        return self.noise_std**2 * dim / rows

    @property
    def unit_base_error(self) -> float:
        """The same in units of the noise, in which everything is simulated."""
        return self.base_error / self.noise_std**2

    @property
    def residuals(self) -> np.ndarray | None:
        """Real labels less their fit: least squares does not see the difference."""
        return None if self.labels is None else fit_labels(self.inputs, self.labels).residuals

    @property
    def inputs(self) -> np.ndarray:
        """The rows of a given design."""
        assert isinstance(self.design, GivenDesign)
        return np.asarray(self.design.inputs)

    @property
    def frame(self) -> np.ndarray:
        """Orthonormal columns that span those of a given design."""
        assert isinstance(self.design, GivenDesign)
        return np.asarray(self.design.frame)

    def learner(self, **options: Any) -> LinearLearner:
        """Of unit noise; `human_labels` are in units of the labels."""
        design, labels = options.pop("design", self.design), options.pop("human_labels", None)
        if labels is not None:
            labels = labels / self.noise_std
        return LinearLearner(design, human_labels=labels, dtype=self.dtype, **options)

    def in_units_of_labels(self, summary: Summary) -> Summary:
        """A summary of unit noise, in float64: errors are squares, shares of rows have no unit."""
        errors = summary.moments.keys() - {"edited_fraction"}
        return summary.scaled(dict.fromkeys(errors, self.noise_std**2))


@dataclass(frozen=True, eq=False)
class Averaged:
    """The same process, each replicate a mean over label noise: few designs decide much."""

    simulation: Simulation
    replicates: int = DESIGNS


@dataclass(frozen=True, eq=False)
class Process:
    """One line of the report: a regime, how its data are edited, and what simulates it.

    `masks` is what is known of an edit's masks before it runs; `prior_error` the test error of the
    external model that writes, in units of b.
    """

    regime: str
    simulation: Simulation
    mask: str = ""
    variant: str = ""
    masks: Masks | None = None
    averaged: Averaged | None = None
    prior_error: float = 0.0
    finite_moments: float = np.inf

    @property
    def name(self) -> str:
        variant = "" if self.variant == "chained" else self.variant
        return " ".join(part for part in (self.regime, self.mask, variant) if part)

    def records(self, measure: str) -> bool:
        """Whether a measure means what it says: an external prior is off by a vector of its own.

        The mean over the design's scale is that of the test error only where nothing else but the
        scale tells designs apart.
        """
        return measure != "scale_averaged_error" or self.variant != "external"

    def measure(self, recorded: Collection[str]) -> str:
        """The measure whose mean is reported: without the heavy tail where there is a choice."""
        name = "scale_averaged_error"
        return name if name in recorded and self.records(name) else "test_error"

    @property
    def edit_rows(self) -> tuple[float, ...] | None:
        """Mean number of rows edited before each later fit; None where masks look at the data."""
        return None if self.masks is None else self.masks.counts

    @property
    def schedule(self) -> np.ndarray | None:
        """The masks themselves, where they are fixed."""
        return None if self.masks is None else self.masks.schedule


def make_world(settings: Settings) -> World:
    """Read or build the design; raises ValueError for whatever cannot be used."""
    dtype = jnp.dtype(settings.precision)
    if settings.design == "gaussian":
        factor = covariance_factor(settings.spectrum, settings.dim)
        isotropic = settings.spectrum == "isotropic"
        design = GaussianDesign(
            settings.dim, settings.samples, factor=None if isotropic else factor
        )
        return World(design, settings.noise_std or 1.0, dtype)
    given = read_design(settings.design, settings.labels, settings.has_header)
    inputs, intercept = to_one_scale(given.inputs)[0], "no intercept"
    try:
        design = GivenDesign.of(inputs)
    except ValueError as error:
        raise ValueError(f"--design {settings.design}: {error}") from None
    if spans_constant(inputs):
        intercept = "constant among the columns"
    elif settings.add_intercept:
        inputs, intercept = np.hstack([np.ones((len(inputs), 1)), inputs]), "intercept added"
        design = GivenDesign.of(inputs)
    if design.samples < design.dim + 2:
        raise ValueError(
            f"--design {settings.design}: has {design.samples} rows and {design.dim} columns "
            f"({intercept}), accepted are at least columns + 2 rows"
        )
    noise_std = settings.noise_std or 1.0
    if given.labels is not None:
        try:
            estimate = fit_labels(inputs, given.labels).noise_std
        except ValueError as error:
            raise ValueError(f"--labels {settings.labels}: {error}") from None
        noise_std = settings.noise_std or estimate
        if not NOISE[0] <= noise_std <= NOISE[1]:
            raise ValueError(
                f"--labels {settings.labels}: have noise {noise_std:g}, accepted is "
                f"{NOISE[0]:g} to {NOISE[1]:g}"
            )
    note = f"{given.note}; {intercept}, d = {design.dim}"
    return World(design, noise_std, dtype, given.labels, given.hashes, note)


def make_processes(settings: Settings, world: World) -> list[Process]:
    """Every process that the flags ask for, in the order of the report."""
    processes = []
    for regime in settings.regimes:
        if regime == "edit":
            processes += [p for mask in settings.masks for p in _edits(settings, world, mask)]
        elif world.given and regime not in ("replace", "accumulate", "mix_fresh", "mix_fixed"):
            raise ValueError(
                f"--regimes {regime}: a given design has no fresh rows to draw; accepted are "
                "replace, accumulate, mix_fresh, mix_fixed and edit"
            )
        else:
            processes.append(_resampling(settings, world, regime))
    return processes


def _resampling(settings: Settings, world: World, name: str) -> Process:
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
    choice = settings.representation
    if choice == "auto":
        rows_only = world.given or stem in ("subsample", "mix")
        choice = "law" if law else "rows" if rows_only else "statistics"
    if choice == "law":
        if not law:
            raise ValueError(f"--representation law: {name} has none, accepted are auto and rows")
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
    return Process(name, simulation, finite_moments=moments)


def _edits(settings: Settings, world: World, mask: str) -> list[Process]:
    """Every way to edit under one kind of mask: who writes, and what is kept."""
    masks = make_masks(settings, mask, world.design.samples)
    representation = settings.representation
    if representation == "law" or (representation == "statistics" and masks.schedule is None):
        accepted = "auto, rows" + (", statistics" if masks.schedule is not None else "")
        raise ValueError(
            f"--representation {representation}: edits by {mask} masks have no such form, "
            f"accepted are {accepted}"
        )
    return [
        _edit(settings, world, mask, masks, variant)
        for variant in _variants(settings, world, mask, masks)
    ]


def _variants(settings: Settings, world: World, mask: str, masks: Masks) -> list[str]:
    """Frozen edits differ from chained ones from the second edit on."""
    variants = []
    if "latest" in settings.writers:
        variants += ["chained", "anchored", "additive"] if mask == "random" else ["chained"]
    again = masks.edits > 1 and mask != "nested"  # nested and free are one, when frozen
    if "frozen" in settings.writers and again:
        variants.append("frozen")
    if "external" in settings.writers and again and masks.schedule is not None and not world.given:
        variants.append("external")
    return variants


def _edit(settings: Settings, world: World, mask: str, masks: Masks, variant: str) -> Process:
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
    error = settings.prior_error if external else 0.0
    prior_error = error * world.unit_base_error
    prior = ExternalPrior(prior_error) if external else None
    regime = Edit.of(policy, "frozen" if external else variant)
    return Process(
        "edit",
        Chain(learner, regime, settings.generations, prior),
        mask,
        variant,
        masks,
        _averaged(world, masks, variant, prior_error),
        error,
        # An external prior is off by a vector that the design's scale does not leave alone.
        (settings.samples - settings.dim + 1) / 2 if external else np.inf,
    )


def _averaged(world: World, masks: Masks, variant: str, prior_error: float) -> Averaged | None:
    """The exact mean over label noise, where it costs little: masks blind to the labels."""
    design = world.design
    if isinstance(design, GivenDesign) or masks.counts is None:
        return None
    if masks.schedule is not None:
        if len(policies.blocks_of(masks.schedule)[0]) * design.dim > LARGEST_BLOCKS:
            return None
        return Averaged(
            ScheduledExpectation.of(
                design, masks.schedule, variant, prior_error, dtype=world.dtype
            ),
            MANY_DESIGNS,
        )
    if design.samples > LARGEST_ROWS:
        return None
    return Averaged(
        RandomMaskExpectation.of(
            design, masks.inclusion, masks.pair_inclusion, variant, dtype=world.dtype
        )
    )
