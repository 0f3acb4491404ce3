"""Claims that hold only as dim / samples -> 0, tested along rungs that double T each time."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np

from collapse_sim import masks as policies
from collapse_sim.experiment.process import Check, Process
from collapse_sim.linear.design import GaussianDesign
from collapse_sim.linear.expectation import RandomMaskExpectation, StepwiseExpectation
from collapse_sim.linear.learner import LinearLearner
from collapse_sim.loop import Chain
from collapse_sim.regimes import AccumulateSubsample
from collapse_sim.replicates import Simulation
from experiments.linear.processes import FEW, RUNG
from experiments.linear.schedules import once
from experiments.linear.settings import Regime, Settings
from experiments.linear.world import ERRORS, World
from theory.linear.wishart import base_error


def make_ladders(settings: Settings, world: World) -> list[Process]:
    """Limits for the regimes and masks that the run has; none for a given design.

    A ladder is one process at doubling numbers of rows, in units of the noise. Every rung is
    simulated to the same number of replicates and looked at once; the last one carries the checks.
    """
    if world.given or not settings.limits:
        return []
    ladders: list[Iterator[Process]] = []
    if "subsample" in settings.regimes:
        ladders.append(_subsample(settings))
    if "edit" in settings.regimes:
        ladders += _edits(settings)
    return [rung for ladder in ladders for rung in ladder]


def _edits(settings: Settings) -> list[Iterator[Process]]:
    ladders: list[Iterator[Process]] = []
    if "random" in settings.masks and "latest" in settings.writers:
        ladders += [_random(settings, variant) for variant in ("chained", "anchored")]
    if "confident" in settings.masks and "latest" in settings.writers:
        ladders.append(_confident(settings))
    if "nested" in settings.masks and "latest" in settings.writers:
        ladders.append(_nested(settings))
    if "free" in settings.masks and "frozen" in settings.writers:
        ladders.append(_frozen(settings))
    return ladders


def _sizes(settings: Settings) -> tuple[int, ...]:
    """T / 2, T, 2T where half the rows are still many; one rung more with --preset paper."""
    samples = settings.samples
    first = samples // 2 if samples % 2 == 0 and samples >= 4 * settings.dim else samples
    return tuple(first * 2**rung for rung in range(4 if settings.preset == "paper" else 3))


def _rungs(
    settings: Settings,
    name: str,
    sizes: tuple[int, ...],
    simulate: Callable[[int], Simulation],
    where: Callable[[int], dict[str, Any]],
    replicates: int,
    *checks: Check,
    regime: Regime = "edit",
) -> Iterator[Process]:
    for samples in sizes:
        unit = base_error(dim=settings.dim, samples=samples)
        yield Process(
            regime,
            simulate(samples),
            replicates,
            where={"dim": settings.dim, "samples": samples, "noise_std": 1.0} | where(samples),
            checks=checks if samples == sizes[-1] else (),
            units=dict.fromkeys(ERRORS, unit),
            looks=(replicates,),
            smallest_look=FEW,
            title=name,
            step=f"T = {samples}",
        )


def _limit(
    name: str, sizes: tuple[int, ...], claim: str, at: int, measure: str = ERRORS[1]
) -> Check:
    along = tuple(f"{name} T = {samples}" for samples in sizes)
    return Check(claim, measure, at, along=along)


def _subsample(settings: Settings) -> Iterator[Process]:
    """One rung of many rows for the columns: a ladder would need ten times the replicates."""
    settings, samples, last = replace(settings, dim=4), 400, 3
    note = f"at T = {samples}, d = {settings.dim}; the claim is about T >> d"

    def simulate(rows: int) -> Simulation:
        learner = LinearLearner(GaussianDesign(settings.dim, rows))
        return Chain(learner, AccumulateSubsample(), last)

    check = Check("ref.subsample", ERRORS[1], last, per_unit=True, note=note)
    return _rungs(
        settings, "subsample", (samples,), simulate, lambda _: {}, 2**17, check, regime="subsample"
    )


def _random(settings: Settings, variant: str) -> Iterator[Process]:
    edits, anchored = settings.generations - 1, variant == "anchored"
    rate = 0.3 if settings.edit_share is None else settings.edit_share
    name = f"edit random{' anchored' if anchored else ''}"
    sizes = _sizes(settings)

    def simulate(rows: int) -> Simulation:
        one = np.full(edits, rate)
        return RandomMaskExpectation.of(GaussianDesign(settings.dim, rows), one, one**2, variant)

    claim = "ref.edit_E" if anchored else "ref.edit_D"
    return _rungs(
        settings,
        name,
        sizes,
        simulate,
        lambda rows: {"edit_counts": [rate * rows] * edits},
        RUNG,
        _limit(name, sizes, claim, edits + 1),
    )


def _stepwise(
    settings: Settings,
    generations: int,
    policy: Callable[[int, int], policies.MaskPolicy],
    *,
    by_first: bool = False,
) -> Callable[[int], Simulation]:
    def simulate(rows: int) -> Simulation:
        masks = policy(rows, generations - 1)
        design = GaussianDesign(settings.dim, rows)
        return StepwiseExpectation(design, masks, generations, np.asarray(by_first))

    return simulate


def _generations(settings: Settings) -> int:
    """Fits along the ladders of stepwise chains: one length, so that they share programs."""
    return min(settings.generations, 11 if settings.preset == "paper" else 4)


def _confident(settings: Settings) -> Iterator[Process]:
    name, sizes, c = "edit confident", _sizes(settings), settings.once_residual_threshold
    simulate = _stepwise(
        settings, _generations(settings), lambda rows, n: once(policies.confident(rows, n, c))
    )
    return _rungs(
        settings,
        name,
        sizes,
        simulate,
        lambda _: {"residual_threshold": c},
        2**14,
        _limit(name, sizes, "ref.conf_one", 2),
        Check("zhu2025.thm2a_conf", ERRORS[1], 2, note=f"at T = {sizes[-1]}"),
    )


def _nested(settings: Settings) -> Iterator[Process]:
    name, sizes, c = "edit nested", _sizes(settings), settings.residual_threshold
    last = _generations(settings)
    simulate = _stepwise(
        settings, last, lambda rows, n: policies.confident(rows, n, c, nested=True)
    )
    return _rungs(
        settings,
        name,
        sizes,
        simulate,
        lambda _: {"residual_threshold": c},
        2**16,
        _limit(name, sizes, "ref.conf_nested", last),
        _limit(name, sizes, "ref.conf_nested_share", last, "edited_fraction"),
    )


def _frozen(settings: Settings) -> Iterator[Process]:
    name, c, last = "edit free frozen", settings.residual_threshold, _generations(settings)
    sizes = _sizes(settings)
    simulate = _stepwise(
        settings, last, lambda rows, n: policies.confident(rows, n, c), by_first=True
    )
    return _rungs(
        settings,
        name,
        sizes,
        simulate,
        lambda _: {"residual_threshold": c},
        2**14,
        _limit(name, sizes, "ref.edit_frozen_confident", last),
    )
