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

PAPER = 16
"""Times as many designs with --preset paper: of ten edits by residuals the last have few rows."""

NOISES = 16
"""Draws of noise on each design of a rung of edits by residuals: they differ more than designs."""


def make_ladders(settings: Settings, world: World) -> list[Process]:
    """Limits for the regimes and masks that the run has; none for a given design.

    A ladder is one process at doubling numbers of rows, in units of the noise. Every rung is
    simulated to the same number of replicates and looked at once; the last one carries the checks.
    """
    if world.given or not settings.limits:
        return []
    ladders = [_subsample(settings)] if "subsample" in settings.regimes else []
    if "edit" in settings.regimes:
        ladders += _edits(settings)
    return [rung for ladder in ladders for rung in ladder]


def _edits(settings: Settings) -> Iterator[Iterator[Process]]:
    """Ladders of masks drawn at random, and of masks that look at the labels."""
    sizes, last = _sizes(settings), _generations(settings)
    sure, once_sure = settings.residual_threshold, settings.once_residual_threshold
    by_latest = settings.masks if "latest" in settings.writers else ()
    if "random" in by_latest:
        for variant in ("chained", "anchored"):
            yield _random(settings, variant)
    if "confident" in by_latest:
        name, note = "edit confident", f"at T = {sizes[-1]}"
        checks = (
            _limit(name, sizes, "ref.conf_one", 2),
            Check("zhu2025.thm2a_conf", ERRORS[1], 2, note=note),
        )
        yield _by_residuals(settings, name, once_sure, 2**9, *checks, only_once=True)
    if "nested" in by_latest:
        name = "edit nested"
        checks = (
            _limit(name, sizes, "ref.conf_nested", last),
            _limit(name, sizes, "ref.conf_nested_share", last, "edited_fraction"),
        )
        yield _by_residuals(settings, name, sure, 2**11, *checks, nested=True)
    if "free" in settings.masks and "frozen" in settings.writers:
        name = "edit free frozen"
        check = _limit(name, sizes, "ref.edit_frozen_confident", last)
        yield _by_residuals(settings, name, sure, 2**10, check, by_first=True)


def _sizes(settings: Settings) -> tuple[int, ...]:
    """T / 2, T, 2T where half the rows are still many; one rung more with --preset paper."""
    samples = settings.samples
    many = samples // 2 >= max(2 * settings.dim, settings.dim + 2)  # and the error has a mean
    first = samples // 2 if samples % 2 == 0 and many else samples
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
    chunk: int | None = None,
) -> Iterator[Process]:
    for samples in sizes:
        unit = base_error(dim=settings.dim, samples=samples)
        yield Process(
            regime,
            simulate(samples),
            replicates,
            where={"dim": settings.dim, "samples": samples, "noise_std": 1.0} | where(samples),
            checks=checks if samples == sizes[-1] else (),
            chunk=chunk,
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


def _generations(settings: Settings) -> int:
    """Fits along the ladders of stepwise chains: one length, so that they share programs."""
    return min(settings.generations, 11 if settings.preset == "paper" else 4)


def _by_residuals(
    settings: Settings,
    name: str,
    threshold: float,
    designs: int,
    *checks: Check,
    nested: bool = False,
    only_once: bool = False,
    by_first: bool = False,
) -> Iterator[Process]:
    """Edits of the rows with residuals up to a threshold, by the latest model or the first one."""
    last, times = _generations(settings), PAPER if settings.preset == "paper" else 1

    def simulate(rows: int) -> Simulation:
        masks = policies.confident(rows, last - 1, threshold, nested=nested)
        design = GaussianDesign(settings.dim, rows)
        return StepwiseExpectation(
            design, once(masks) if only_once else masks, last, np.asarray(by_first), NOISES
        )

    return _rungs(
        settings,
        name,
        _sizes(settings),
        simulate,
        lambda _: {"residual_threshold": threshold},
        designs * times,
        *checks,
        chunk=2**9,  # for all, so that they share programs
    )
