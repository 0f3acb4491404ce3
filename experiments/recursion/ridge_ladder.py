"""A limit of the ridge family, judged along sizes that double."""

from collections.abc import Callable, Iterator
from typing import Any

from collapse_sim.experiment.process import Check, Process
from collapse_sim.linear.mixture_chain import MixtureChain
from experiments.recursion.settings import Settings

LADDER = (4, 8, 16)
"""Columns of the sizes along which a limit is judged; rows grow with them."""


def ladder(
    settings: Settings,
    name: str,
    claim: str,
    simulate: Callable[[int], MixtureChain],
    where: Callable[[int], dict[str, Any]],
    replicates: int,
) -> Iterator[Process]:
    """A limit along processes of doubling size, each looked at once; the last carries the check."""
    steps = [f"d = {dim}" for dim in LADDER]
    along = tuple(f"ridge {name} {step}" for step in steps)
    replicates = settings.replicates or replicates
    for dim, step in zip(LADDER, steps, strict=True):
        checks = [Check(claim, "test_error", along=along)] if dim == LADDER[-1] else []
        yield Process(
            name.partition(",")[0],
            simulate(dim),
            replicates,
            where=where(dim),
            checks=checks,
            looks=(replicates,),
            title=name,
            step=step,
        )
