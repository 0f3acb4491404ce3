"""The processes of a run: what is simulated, under which names."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import jax.numpy as jnp
import numpy as np

from collapse_sim import masks as policies
from collapse_sim.design import GaussianDesign, GivenDesign, covariance_factor
from collapse_sim.law import ExactLaw
from collapse_sim.learners import LinearLearner
from collapse_sim.linear_fit import fit_labels, spans_constant, to_one_scale
from collapse_sim.loop import Chain
from collapse_sim.regimes import Accumulate, AccumulateSubsample, Edit, Mix, Regime, Replace
from collapse_sim.replicates import Simulation, Summary
from linear_lab.inputs import read_design, read_masks
from linear_lab.settings import MASKS, NOISE, Settings


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
class Process:
    """One line of the report: a regime, how its data are edited, and what simulates it.

    `edit_rows` is the mean number of rows edited before each later fit (None unless an edit with
    masks known or drawn in advance); `schedule` is the masks themselves where they are fixed.
    """

    regime: str
    simulation: Simulation
    mask: str = ""
    variant: str = ""
    edit_rows: tuple[float, ...] | None = None
    schedule: np.ndarray | None = None
    finite_moments: float = np.inf

    @property
    def name(self) -> str:
        variant = "" if self.variant == "chained" else self.variant
        return " ".join(part for part in (self.regime, self.mask, variant) if part)


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
    rows, edits = world.design.samples, settings.generations - 1
    default = {"disjoint": 1.0, "halves": 1.0, "random": 0.3}.get(mask, 0.5)
    fraction = default if settings.edit_fraction is None else settings.edit_fraction
    schedules = {
        "one": partial(policies.single, rows, edits, fraction),
        "halves": partial(policies.disjoint, rows, edits, fraction, blocks=2),
        "disjoint": partial(policies.disjoint, rows, edits, fraction),
        "fixed": partial(policies.fixed, rows, edits, fraction),
    }
    if mask in schedules or mask not in MASKS:
        schedule = schedules[mask]() if mask in schedules else read_masks(mask, rows)[:edits]
        return [_scheduled(settings, world, mask, schedule)]
    if settings.representation not in ("auto", "rows"):
        raise ValueError(
            f"--representation {settings.representation}: {mask} masks change with every "
            "replicate, accepted are auto and rows"
        )
    counts: tuple[float, ...] | None = None
    if mask == "random":
        policy, counts = policies.random_masks(rows, edits, fraction), (fraction * rows,) * edits
    elif mask == "geometric":
        counts = policies.geometric_counts(rows, edits, fraction, settings.decay)
        policy = policies.random_subsets(rows, counts)
    elif mask == "confident":
        policy = once(policies.confident(rows, edits, settings.once_threshold))
    else:
        nested = mask == "nested"
        policy = policies.confident(rows, edits, settings.threshold, nested=nested)
    variants = ("chained", "anchored", "additive") if mask == "random" else ("chained",)
    learner = world.learner(human_labels=world.residuals)
    return [
        Process(
            "edit",
            Chain(learner, Edit.of(policy, variant), settings.generations),
            mask,
            variant,
            edit_rows=counts,
        )
        for variant in variants
    ]


def once(policy: policies.MaskPolicy) -> policies.MaskPolicy:
    """The same policy for the first edit, and none after it."""
    schedule = np.array(policy.schedule)
    schedule[1:] = False
    return replace(policy, schedule=schedule)


def _scheduled(settings: Settings, world: World, mask: str, schedule: np.ndarray) -> Process:
    """A schedule's blocks as statistics when they are few and the design is not given."""
    edits = settings.generations - 1
    if len(schedule) < edits:
        schedule = np.concatenate([schedule, np.zeros((edits - len(schedule), schedule.shape[1]))])
    schedule = schedule.astype(bool)
    sizes, blocks = policies.blocks_of(schedule)
    choice = settings.representation
    if choice == "law":
        raise ValueError(
            "--representation law: edits have none, accepted are auto, rows, statistics"
        )
    if choice == "auto":
        # Every policy on rows shares one compiled program; statistics pay off for many rows.
        few = 16 * len(sizes) * world.design.dim <= world.design.samples
        choice = "statistics" if few and not world.given else "rows"
    if choice == "statistics":
        learner = world.learner(representation="statistics", sizes=sizes)
    else:
        learner, blocks = world.learner(human_labels=world.residuals), schedule
    return Process(
        "edit",
        Chain(learner, Edit.of(policies.MaskPolicy.of(blocks)), settings.generations),
        mask,
        "chained",
        edit_rows=tuple(int(count) for count in schedule.sum(axis=1)),
        schedule=schedule,
    )
