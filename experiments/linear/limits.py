"""Claims that hold only as dim / samples -> 0, tested along rungs that double T each time."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from collapse_sim import masks as policies
from collapse_sim.certify import Evidence, Verdict
from collapse_sim.design import GaussianDesign
from collapse_sim.expectation import RandomMaskExpectation, StepwiseExpectation
from collapse_sim.limits import LimitEvidence
from collapse_sim.replicates import Simulation, Summary
from experiments.linear.evidence import SMALLEST_LOOK
from experiments.linear.plan import World
from experiments.linear.schedules import once
from experiments.linear.settings import Settings
from theory.claims import ledger
from theory.editing import confidence, corrected, frozen
from theory.wishart import base_error


@dataclass(frozen=True, eq=False)
class Rungs:
    """One process at doubling numbers of rows, in units of the noise, and what it decides.

    Every rung is simulated to the same number of replicates and looked at once. `bounds` are
    decided on the last rung alone.
    """

    process: str
    samples: tuple[int, ...]
    simulate: Callable[[int], Simulation]
    replicates: int
    tests: tuple[LimitEvidence, ...]
    bounds: tuple[Evidence, ...] = ()

    @property
    def count(self) -> int:
        """Verdicts that share the error."""
        return len(self.tests) + len(self.bounds)

    def judge(self, summaries: Sequence[Summary], error: float) -> Iterator[Verdict]:
        """The verdicts, each with chance `error` of being wrong."""
        for test in self.tests:
            note = f"limit; {test.deviations(summaries, error)}"
            yield replace(test.judge(summaries, error), note=note)
        for bound in self.bounds:
            yield bound.judge(summaries[-1], error)


def make_rungs(settings: Settings, world: World) -> list[Rungs]:
    """Limits for the masks that the run has; none for a given design."""
    if world.given or not settings.limits or "edit" not in settings.regimes:
        return []
    rungs = []
    if "random" in settings.masks and "latest" in settings.writers:
        rungs += [_random(settings, variant) for variant in ("chained", "anchored")]
    if "confident" in settings.masks and "latest" in settings.writers:
        rungs.append(_confident(settings))
    if "nested" in settings.masks and "latest" in settings.writers:
        rungs.append(_nested(settings))
    if "free" in settings.masks and "frozen" in settings.writers:
        rungs.append(_frozen(settings))
    return rungs


def _ladder(settings: Settings) -> tuple[int, ...]:
    """T / 2, T, 2T where half the rows are still many; one rung more with --preset paper."""
    samples = settings.samples
    first = samples // 2 if samples % 2 == 0 and samples >= 4 * settings.dim else samples
    return tuple(first * 2**rung for rung in range(4 if settings.preset == "paper" else 3))


def _test(
    settings: Settings,
    process: str,
    samples: tuple[int, ...],
    claim: str,
    generation: int,
    claimed: float,
    measure: str = "scale_averaged_error",
) -> LimitEvidence:
    record, share = ledger()[claim], measure == "edited_fraction"
    return LimitEvidence(
        claim=record.id,
        source=record.source,
        generation=generation,
        claimed=claimed,
        measure=measure,
        samples=samples,
        units=tuple(1.0 if share else base_error(dim=settings.dim, samples=t) for t in samples),
        tolerance=record.tolerance,
        control=record.control,
        smallest_look=SMALLEST_LOOK,
        parameters={
            "process": process, "dim": settings.dim, "samples": list(samples),
            "of": "share of rows" if share else "test error / b",
        },
    )  # fmt: skip


def _random(settings: Settings, variant: str) -> Rungs:
    edits, dim = settings.generations - 1, settings.dim
    rate = 0.3 if settings.edit_fraction is None else settings.edit_fraction
    anchored = variant == "anchored"
    if anchored:
        claimed = corrected.anchored_inflation(edit_fraction=rate, generation=edits + 1)
    else:
        claimed = corrected.random_mask_inflation(fractions=[rate] * edits)
    name, claim = f"edit random{' anchored' if anchored else ''}", f"ref.edit_{'DE'[anchored]}"

    def simulate(rows: int) -> Simulation:
        one = np.full(edits, rate)
        return RandomMaskExpectation.of(GaussianDesign(dim, rows), one, one**2, variant)

    ladder = _ladder(settings)
    test = _test(settings, name, ladder, claim, edits + 1, claimed)
    return Rungs(name, ladder, simulate, 128, (test,))


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
    """Fits along the ladders of confident masks: one length, so that they share programs."""
    return min(settings.generations, 11 if settings.preset == "paper" else 4)


def _confident(settings: Settings) -> Rungs:
    name, ladder, c = "edit confident", _ladder(settings), settings.once_threshold
    simulate = _stepwise(
        settings, _generations(settings), lambda rows, n: once(policies.confident(rows, n, c))
    )
    claimed = confidence.confidence_one_inflation(threshold=c)
    largest, unit = ladder[-1], base_error(dim=settings.dim, samples=ladder[-1])
    bound = Evidence.of(
        ledger()["zhu2025.thm2a_conf"], 2 * unit, generation=2, measure="scale_averaged_error",
        unit=unit, parameters={"process": name, "dim": settings.dim, "samples": largest},
        note=f"at T = {largest}",
    )  # fmt: skip
    test = _test(settings, name, ladder, "ref.conf_one", 2, claimed)
    return Rungs(name, ladder, simulate, 2**14, (test,), (bound,))


def _nested(settings: Settings) -> Rungs:
    name, ladder, c = "edit nested", _ladder(settings), settings.threshold
    last = _generations(settings)
    simulate = _stepwise(
        settings, last, lambda rows, n: policies.confident(rows, n, c, nested=True)
    )
    claimed = confidence.confidence_nested_inflation(threshold=c, generation=last)
    share = confidence.confidence_nested_share(threshold=c, edit=last - 1)
    tests = (
        _test(settings, name, ladder, "ref.conf_nested", last, claimed),
        _test(settings, name, ladder, "ref.conf_nested", last, share, "edited_fraction"),
    )
    return Rungs(name, ladder, simulate, 2**16, tests)


def _frozen(settings: Settings) -> Rungs:
    """Theorem G at T, 2T, 4T."""
    name, c, last = "edit free frozen", settings.threshold, _generations(settings)
    ladder = tuple(settings.samples * 2**rung for rung in range(3))
    simulate = _stepwise(
        settings, last, lambda rows, n: policies.confident(rows, n, c), by_first=True
    )
    claimed = frozen.frozen_confident_inflation(threshold=c, generation=last)
    test = _test(settings, name, ladder, "ref.edit_frozen_confident", last, claimed)
    return Rungs(name, ladder, simulate, 2**14, (test,))
