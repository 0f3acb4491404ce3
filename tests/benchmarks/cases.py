"""What is measured: each simulation of linear regression, and the baselines that do the same work.

The design is standard Gaussian, one for all generations (shared) or a new one for each (fresh).
"""

from collections.abc import Callable
from dataclasses import dataclass

import jax

from collapse_sim.editing import Edit
from collapse_sim.linear.design import GaussianDesign
from collapse_sim.linear.law import ExactLaw
from collapse_sim.linear.learner import LinearLearner
from collapse_sim.loop import Chain
from collapse_sim.masks import MaskPolicy, disjoint, random_masks
from collapse_sim.regimes import Accumulate, Regime, Replace
from collapse_sim.replicates import EMPTY, Simulation, Stream, Summary
from tests.benchmarks.baselines import (
    EDIT_RATE,
    Baseline,
    Size,
    batched_law,
    batched_rows,
    published_loop,
)

CALL_FLOATS = 2**22
"""Floats of all designs (or their Gram matrices) of one call: one second at most, or about it."""
SIZES = (Size(10, 100), Size(20, 200), Size(100, 1000))


@dataclass(frozen=True)
class Rival:
    """A baseline and the least speed-up over it that is aimed at (none: no aim), for `sizes`."""

    name: str
    baseline: Baseline
    aim: float | None = None
    sizes: tuple[Size, ...] = SIZES


@dataclass(frozen=True)
class Case:
    """One of our simulations; `rows` if it holds explicit rows, which make a long call."""

    what: str
    simulation: Callable[[Size], Simulation]
    rivals: tuple[Rival, ...]
    rows: bool = False

    def stream(self, size: Size, devices: list | None = None) -> Stream:
        floats = size.dim * (size.samples if self.rows else size.dim)
        chunk = min(CALL_FLOATS // floats, 4096)
        return Stream.of(self.simulation(size), devices=devices, chunk=chunk)


def simulate(stream: Stream, replicates: int, *, seed: int = 0) -> Summary:
    """Moments over `replicates` replicates, from a stream that compiles at its first use."""
    summary = EMPTY
    for further in stream.extend(EMPTY, jax.random.key(seed), replicates):
        summary = further
    return summary


def chain(
    size: Size, regime: Regime, *, shared: bool = True, representation: str = "rows"
) -> Chain:
    """The loop of fit, generate and regime on a standard Gaussian design."""
    design = GaussianDesign(size.dim, size.samples, shared=shared)
    learner = LinearLearner(design, representation=representation)
    return Chain(learner, regime, size.generations)


def accumulating(size: Size) -> Chain:
    """Accumulation by statistics, with a fresh design for every generation."""
    return chain(size, Accumulate(), shared=False, representation="statistics")


def exact_law(size: Size, *, shared: bool = True) -> ExactLaw:
    """Replacement without rows."""
    return ExactLaw.of(
        "replace",
        dim=size.dim,
        samples=size.samples,
        generations=size.generations,
        shared=shared,
    )


def _random_edit(size: Size) -> Chain:
    return chain(size, Edit.of(random_masks(size.samples, size.generations - 1, EDIT_RATE)))


def _disjoint_edit(size: Size) -> Chain:
    schedule = disjoint(size.samples, size.generations - 1)
    return chain(size, Edit.of(MaskPolicy.of(schedule)))


LOOP = "loop"
FRESH_LOOP = "loop, fresh X"
ROWS = "batched rows"
LAW = "batched law"
SMALL, MIDDLE, _ = SIZES

CASES = (
    Case(
        "rows, replace",
        lambda size: chain(size, Replace()),
        (Rival(LOOP, published_loop()), Rival(ROWS, batched_rows(), aim=1)),
        rows=True,
    ),
    Case(
        "rows, random mask",
        _random_edit,
        (Rival(LOOP, published_loop("random")), Rival(ROWS, batched_rows("random"), aim=1)),
        rows=True,
    ),
    Case(
        "rows, disjoint masks",
        _disjoint_edit,
        (Rival(LOOP, published_loop("disjoint")), Rival(ROWS, batched_rows("disjoint"), aim=1)),
        rows=True,
    ),
    Case(
        "rows, fresh X",
        lambda size: chain(size, Replace(), shared=False),
        (Rival(FRESH_LOOP, published_loop(shared=False), aim=3),),
        rows=True,
    ),
    Case(
        "statistics",
        lambda size: chain(size, Replace(), representation="statistics"),
        (Rival(LOOP, published_loop(), aim=15, sizes=(MIDDLE,)),),
    ),
    Case(
        "statistics, fresh X",
        lambda size: chain(size, Replace(), shared=False, representation="statistics"),
        (Rival(FRESH_LOOP, published_loop(shared=False), aim=15, sizes=(MIDDLE,)),),
    ),
    Case(
        "exact law",
        exact_law,
        (
            Rival(LOOP, published_loop(), aim=150, sizes=(MIDDLE,)),
            Rival(LAW, batched_law(), aim=1, sizes=(SMALL,)),
        ),
    ),
    Case(
        "exact law, fresh X",
        lambda size: exact_law(size, shared=False),
        (Rival(FRESH_LOOP, published_loop(shared=False), aim=150, sizes=(MIDDLE,)),),
    ),
)
