"""A kernel density fitted to its own draws: it spreads where the others shrink."""

from collections.abc import Iterator
from typing import Any

from collapse_sim.distributions.kernel_density import KernelDensityLearner
from collapse_sim.experiment.process import Check, Process, only
from collapse_sim.loop import Chain
from collapse_sim.regimes import Replace
from experiments.recursion.family import Column, Family, Found, with_theory
from experiments.recursion.points import GENERATIONS, SAMPLES, processes_of, truth, truth_variance
from experiments.recursion.settings import Settings
from theory.distributions import kernel_density

EARLY, MANY = 5, 2**16
"""Generation of the verdict (later the variance varies too much between chains), and replicates of
chains that end there and record the variance alone."""


def processes(settings: Settings) -> Iterator[Process]:
    samples, dim = settings.samples or SAMPLES, settings.dim or 1
    learner = KernelDensityLearner(samples, settings.bandwidth, truth(dim), dtype=settings.dtype)
    closed = {"variance": kernel_density.model_variance}
    known: dict[str, Any] = {"bandwidth": settings.bandwidth, "human_variance": truth_variance(dim)}
    yield from processes_of(settings, learner, samples, resampled=closed, **known)
    if "replace" in settings.regimes:
        at = min(EARLY, settings.generations or GENERATIONS)
        note = "of the density: the sample's and the kernel's"
        yield Process(
            "replace",
            only(Chain(learner, Replace(), at), "variance"),
            MANY,
            variant=f"{at} fits",
            where={"samples": samples, "dim": dim, **known},
            checks=[Check("ref.kde_variance", "variance", note=note)],
            closed=closed,
        )


def _sentences(found: Found) -> Iterator[str]:
    if found.has("replace"):
        yield (
            "A kernel density does not shrink but spreads: its variance grows from "
            f"{found.mean('replace', 'variance', 1)} to {found.mean('replace', 'variance')}"
            f"{found.cite('ref.kde_variance')}."
        )


FAMILY = Family(
    processes,
    table=(
        Column("tails", "tail_mass", "median"),
        *with_theory("variance", "variance"),
        Column("KL at first", "kl", "mean", 0),
        Column("KL", "kl"),
    ),
    sentences=_sentences,
    explained="A kernel of fixed width adds its variance in every generation: the law diffuses.",
)
