"""The three sources of error one by one: statistical, functional and computational."""

from collections.abc import Iterator

import jax.numpy as jnp

from collapse_sim.distributions.mixture import MixtureLearner
from collapse_sim.experiment.process import Process
from collapse_sim.loop import Chain
from collapse_sim.regimes import Replace
from experiments.recursion.family import Column, Family, Found
from experiments.recursion.points import truth
from experiments.recursion.settings import Settings

MANY, FEW = 3000, 100
"""Points of a generation: more than float16 can count one by one, and few."""

STEPS, GENERATIONS = 15, 10
REPLICATES = 64

ALONE = {
    "none": {},
    "few points": {"samples": FEW},
    "one Gaussian": {"components": 1},
    "few EM steps": {"steps": 1},
    "float16 sums": {"sum_dtype": jnp.float16},
    "all": {"samples": FEW, "components": 1, "steps": 1, "sum_dtype": jnp.float16},
}
"""Sources of error: statistical; functional, of the family and of its optimiser; computational."""


def processes(settings: Settings) -> Iterator[Process]:
    """Full resampling with each source alone, with none and with all."""
    for name, change in ALONE.items():
        options = {
            "samples": MANY,
            "components": settings.components,
            "steps": STEPS,
            "dtype": settings.dtype,
        }
        learner = MixtureLearner(truth(1), **(options | change))
        chain = Chain(learner, Replace(), settings.generations or GENERATIONS)
        yield Process(
            "replace", chain, REPLICATES, variant=name, where={"samples": learner.samples}
        )


def _sentences(found: Found) -> Iterator[str]:
    parts = [
        f"{found.mean(f'replace, {name}', 'kl')} with {what}"
        for name, what in (
            ("none", "none of them"),
            ("few points", "few points"),
            ("one Gaussian", "one Gaussian for two"),
            ("few EM steps", "few steps of the fit"),
            ("float16 sums", "short sums"),
        )
    ]
    yield (
        f"After {found.fits('replace, none')} generations the distance from the truth is, by "
        f"source of error, {', '.join(parts)} (nats); no claim is decided here."
    )


FAMILY = Family(
    processes,
    table=(
        Column("KL at first", "kl", "mean", 0),
        Column("KL", "kl"),
        Column("median", "kl", "median"),
        Column("L2", "l2_distance"),
    ),
    sentences=_sentences,
    explained=(
        "KL in nats, each source of error alone. Functional errors are there at once; the "
        "statistical one grows with every generation."
    ),
)
