"""Claims that hold only as dim / samples -> 0, tested along rungs that double T each time."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from collapse_sim import masks as policies
from collapse_sim.certify import (
    SMALLEST_LOOK,
    Interval,
    Verdict,
    decide,
    decide_limit,
    extrapolate,
    mean_interval,
)  # fmt: skip
from collapse_sim.design import GaussianDesign
from collapse_sim.expectation import RandomMaskExpectation
from collapse_sim.learners import LinearLearner
from collapse_sim.loop import Chain
from collapse_sim.regimes import Edit
from collapse_sim.replicates import Simulation, Summary
from linear_lab.plan import World, once
from linear_lab.settings import Settings
from theory.claims import ledger
from theory.editing import confidence, corrected
from theory.wishart import base_error


@dataclass(frozen=True, eq=False)
class Rungs:
    """One process at doubling numbers of rows.

    Where `own` is set the rung at the run's T is the run's own simulation of the process.
    `smallest_look`: how many replicates make the normal limit trustworthy; few are enough for
    means over the noise, which hardly vary from design to design.
    """

    process: str
    samples: tuple[int, ...]
    simulate: Callable[[int], Simulation]
    replicates: int
    tests: tuple["LimitTest", ...]
    smallest_look: int = SMALLEST_LOOK
    own: bool = True

    def uses(self, process: str) -> bool:
        """Whether a rung is the run's own simulation of `process`."""
        return self.own and self.process == process


@dataclass(frozen=True, eq=False)
class LimitTest:
    """The limit of one generation's measure: an inflation of b, or a share of edited rows."""

    claim: str
    generation: int
    claimed: float
    tolerance: float
    measure: str = "scale_averaged_error"
    bound: float | None = None
    """Also judge this bound on the inflation at the last rung, for `claim`."""


def make_rungs(settings: Settings, world: World) -> list[Rungs]:
    """Limits for the masks that the run has; none for a given design."""
    if world.given or not settings.limits or "edit" not in settings.regimes:
        return []
    dim, samples, edits = settings.dim, settings.samples, settings.generations - 1
    paper = settings.preset == "paper"
    first = samples // 2 if samples % 2 == 0 and samples >= 4 * dim else samples
    ladder = tuple(first * 2**rung for rung in range(4 if paper else 3))
    tolerance = 0.02 if paper else 0.1
    replicates = 2**19 if paper else 2**15
    rungs = []
    if "random" in settings.masks:
        fraction = 0.3 if settings.edit_fraction is None else settings.edit_fraction
        chained = corrected.random_mask_inflation(fractions=[fraction] * edits)
        anchored = corrected.anchored_inflation(edit_fraction=fraction, generation=edits + 1)
        for variant, claim, claimed in (
            ("", "ref.edit_D", chained),
            (" anchored", "ref.edit_E", anchored),
        ):
            test = LimitTest(claim, edits + 1, claimed, 0.02)
            simulate = _averaged(dim, edits, fraction, anchored=bool(variant))
            rungs.append(
                Rungs(f"edit random{variant}", ladder, simulate, 128, (test,), 100, own=False)
            )
    last = min(settings.generations, 11 if paper else 4)
    if "confident" in settings.masks:
        c = settings.once_threshold
        claimed = confidence.confidence_one_inflation(threshold=c)
        tests = (
            LimitTest("ref.conf_one", 2, claimed, tolerance),
            LimitTest("zhu2025.thm2a_conf", 2, claimed, tolerance, bound=2.0),
        )
        simulate = _rows(dim, last, c, only_once=True)
        rungs.append(Rungs("edit confident", ladder, simulate, replicates, tests))
    if "nested" in settings.masks:
        c = settings.threshold
        claimed = confidence.confidence_nested_inflation(threshold=c, generation=last)
        share = confidence.confidence_nested_share(threshold=c, edit=last - 1)
        tests = (
            LimitTest("ref.conf_nested", last, claimed, tolerance),
            LimitTest("ref.conf_nested", last, share, tolerance, "edited_fraction"),
        )
        simulate = _rows(dim, last, c, nested=True)
        rungs.append(Rungs("edit nested", ladder, simulate, replicates, tests))
    return rungs


def _averaged(dim: int, edits: int, rate: float, *, anchored: bool) -> Callable[[int], Simulation]:
    def simulate(rows):
        one = np.full(edits, rate)
        return RandomMaskExpectation(GaussianDesign(dim, rows), one, one**2, np.asarray(anchored))

    return simulate


def _rows(
    dim: int, generations: int, threshold: float, *, nested: bool = False, only_once: bool = False
) -> Callable[[int], Simulation]:
    def simulate(rows):
        policy = policies.confident(rows, generations - 1, threshold, nested=nested)
        policy = once(policy) if only_once else policy
        return Chain(LinearLearner(GaussianDesign(dim, rows)), Edit.of(policy), generations)

    return simulate


def judge_limits(
    settings: Settings, world: World, rungs: Rungs, summaries: list[Summary], error: float
) -> list[Verdict]:
    """Verdicts of every test, each with chance `error` of being wrong."""
    return [_judge(settings, world, rungs, test, summaries, error) for test in rungs.tests]


def _judge(
    settings: Settings,
    world: World,
    rungs: Rungs,
    test: LimitTest,
    summaries: list[Summary],
    error: float,
) -> Verdict:
    intervals: list[Interval] = []
    for rows, summary in zip(rungs.samples, summaries, strict=True):
        unit = 1.0
        if test.measure != "edited_fraction":
            # The rungs above the first have unit noise.
            noise_std = world.noise_std if rows == settings.samples else 1.0
            unit = base_error(dim=settings.dim, samples=rows, noise_std=noise_std)
        share = error / len(rungs.samples)
        low, high = mean_interval(
            summary.moments[test.measure],
            test.generation - 1,
            share,
            smallest_look=rungs.smallest_look,
        )
        intervals.append((low / unit, high / unit))
    limit = extrapolate(rungs.samples, intervals, test.claimed)
    if test.bound is not None:
        interval, predicted, relation = intervals[-1], test.bound, "<="
        verdict = decide(relation, interval, (predicted, predicted), tolerance=0.0)
        note = f"at T = {rungs.samples[-1]}, in units of b"
    else:
        interval, predicted, relation = limit.extrapolated, test.claimed, "->"
        verdict = decide_limit(limit, test.claimed, tolerance=test.tolerance)
        shown = ", ".join(f"{100 * (lo + hi) / 2:+.2f} %" for lo, hi in limit.deviations)
        order = "" if limit.order is None else f", order {sum(limit.order) / 2:.2f} in 1/T"
        what = "share of rows" if test.measure == "edited_fraction" else "in units of b"
        note = f"limit, {what}; deviation at T = {rungs.samples}: {shown}{order}"
    return Verdict(
        claim=test.claim,
        source=ledger()[test.claim].source,
        parameters={
            "dim": settings.dim, "samples": list(rungs.samples), "process": rungs.process,
            "tolerance": test.tolerance,
        },
        generation=test.generation,
        relation=relation,
        predicted=predicted,
        observed=sum(interval) / 2,
        interval=list(interval),
        confidence=1 - error,
        verdict=verdict,
        note=note,
    )  # fmt: skip
