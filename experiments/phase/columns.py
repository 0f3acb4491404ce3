"""Panels of a map: the simulation at each point, and its theory."""

from dataclasses import dataclass, replace
from functools import partial

import jax.numpy as jnp
import numpy as np

from collapse_sim.distributions import type_laws
from collapse_sim.distributions.unigram_learners import TemperedLearner
from collapse_sim.editing import Edit
from collapse_sim.experiment.process import Check, Process
from collapse_sim.intervals import ANYWHERE, Interval
from collapse_sim.loop import Chain
from collapse_sim.regimes import Replace
from experiments.linear.case import Case
from experiments.linear.closed_forms import closed_form, random_masks_averaged
from experiments.linear.processes import LARGEST_ROWS
from experiments.linear.schedules import make_masks
from experiments.linear.settings import Settings as LinearSettings
from experiments.linear.world import make_world
from experiments.phase.settings import Settings
from theory.distributions import temperature

DESIGNS = 4
"""Gaussian designs behind the closed form at finite T, whose traces hardly vary."""

VARIANTS = {"latest": "chained", "frozen": "frozen", "anchored": "anchored"}
TITLES = {
    "latest": "Edits by the latest model",
    "frozen": "Edits by one frozen model",
    "anchored": "Edits anchored to human rows",
}
PUBLISHED = {"latest": "zhu2025.thm2a", "frozen": "zhu2025.thm2a_frozen"}
"""Claims that the error stays under 2b."""


@dataclass(frozen=True, eq=False)
class Panel:
    """One map: a column of points for each value `across`, from the bottom `up`.

    `columns` are processes: of editing each is a chain, whose generations are the points; of mixing
    there is a process for each point.
    """

    name: str
    title: str
    measure: str
    across: tuple[float, ...]
    up: tuple[float, ...]
    columns: tuple[tuple[Process, ...], ...]
    """Processes that are simulated together: they differ in numbers alone."""
    unit: float = 1.0
    support: Interval = ANYWHERE
    rises: bool = True
    """Whether the measure grows upwards."""
    last: bool = False
    """Whether only the last generation of a chain is a point."""

    @property
    def points(self) -> int:
        return len(self.across) * len(self.up)


def make_panels(settings: Settings) -> list[Panel]:
    """Every panel of the map that is asked for."""
    if settings.map == "mixing":
        return [_mixing(settings, start) for start in settings.starts]
    return [_editing(settings, writer) for writer in settings.writers]


STRIP = 25
"""Edit rates that are simulated side by side, on the same random numbers."""


def _editing(settings: Settings, writer: str) -> Panel:
    rates = tuple((np.arange(settings.rates) + 1) / settings.rates)
    columns = [_edits(settings, writer, rate) for rate in rates]
    strips = np.array_split(np.arange(len(rates)), -(-len(rates) // STRIP))
    return Panel(
        writer,
        TITLES[writer],
        "scale_averaged_error",
        rates,
        tuple(range(1, settings.fits + 1)),
        tuple(tuple(columns[i] for i in strip) for strip in strips),
        unit=columns[0].units["scale_averaged_error"],
    )


def _edits(settings: Settings, writer: str, rate: float) -> Process:
    """Edits of each row with chance `rate` in every generation."""
    linear = LinearSettings(
        dim=settings.dim,
        samples=settings.samples,
        generations=settings.fits,
        replicates=settings.draws,
        seed=settings.seed,
        precision=settings.precision,
        edit_share=float(rate),
    )
    world, variant = make_world(linear), VARIANTS[writer]
    masks = make_masks(linear, "random", settings.samples)
    case = Case(linear, world, "edit", "random", variant, masks)
    curve, kind = closed_form(case)
    if kind == "leading" and settings.samples <= LARGEST_ROWS:
        curve, kind = partial(random_masks_averaged, case, DESIGNS), "averaged"
    assert curve is not None
    return Process(
        "edit",
        Chain(world.learner(), Edit.of(masks.policy, variant), settings.fits),
        settings.draws,
        mask=f"random {rate:g}",
        variant=variant,
        where=case.where,
        checks=[Check(PUBLISHED[writer], case.measure)] if writer in PUBLISHED else [],
        closed={case.measure: curve},
        closed_kind=kind,
        units=world.units,
        title=f"edit {rate:g} {writer}",
    )


def _middles(count: int) -> tuple[float, ...]:
    return tuple((np.arange(count) + 0.5) / count)


def _mixing(settings: Settings, start: float) -> Panel:
    """Texts sampled at a temperature, from a first word that has the probability `start`."""
    shares, temperatures = _middles(settings.shares), _middles(settings.temperatures)
    others = np.full(settings.types - 1, (1 - start) / (settings.types - 1))
    learner = TemperedLearner(
        np.append(start, others),
        settings.tokens,
        dtype=jnp.dtype(settings.precision),
        human_law=type_laws.uniform(settings.types),
        human_share=0.0,
        temperature=0.5,
    )
    collapsed = start == 1

    def point(heat: float, share: float) -> Process:
        chain = replace(learner, human_share=share, temperature=heat)
        where = {"types": settings.types, "temperature": heat, "human_share": share}
        where |= {"start": start, "samples": settings.tokens}
        known = temperature.top_mass(
            types=settings.types,
            temperature=heat,
            human_share=share,
            start=start,
            generation=settings.fits,
        )
        return Process(
            "replace",
            Chain(chain, Replace(), settings.fits),
            settings.draws,
            mask=f"temperature {heat:g}",
            variant=f"human {share:g} from {start:g}",
            where=where,
            closed={"first_type": [known]},
            closed_kind="leading",
            title=f"temperature {heat:g} from {start:g}",
        )

    return Panel(
        "collapsed" if collapsed else "diverse",
        "From collapse" if collapsed else "From near diversity",
        "first_type",
        temperatures,
        shares,
        tuple(tuple(point(heat, share) for share in shares) for heat in temperatures),
        unit=1 / settings.types,
        support=(0.0, 1.0),
        rises=False,
        last=True,
    )
