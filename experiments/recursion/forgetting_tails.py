"""Memorisers of a Zipf law: they err on the tail that they have not seen."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from collapse_sim.distributions.rare_words import Memoriser
from collapse_sim.experiment.process import Check, Process
from collapse_sim.loop import Chain
from collapse_sim.regimes import Replace
from experiments.recursion.settings import Settings
from theory.distributions import zipf_tails

REPLICATES = 2**18

EXPONENT, RANKS = 2.0, 512
"""Exponent of the Zipf law, and ranks that are told apart."""


def processes(settings: Settings) -> Iterator[Process]:
    """Make memorisers of a Zipf law: cut far out, cut near, and with a human part."""
    far: dict[str, Any] = {"exponent": EXPONENT, "samples": 10**3, "cut": 10**5}
    near: dict[str, Any] = {"exponent": EXPONENT, "samples": 10**9, "cut": 100}
    clean = far | {"cut": 8, "human_fraction": 0.05}
    slope, human = "the error, not its slope", {"human_samples": far["samples"]}
    yield Process(
        "replace",
        memoriser(settings, **far),
        REPLICATES,
        variant="a far cut",
        where=far,
        checks=[
            Check("ref.zipf_error", "test_error", 1),
            Check("dohmatob2024b.thm21", "test_error", 1, note=slope),
            Check("dohmatob2024b.cor22", "test_error", 2, human, note="multinomial: off by O(1/T)"),
        ],
    )
    yield Process(
        "replace",
        memoriser(settings, **near),
        REPLICATES,
        variant="a near cut",
        where=near,
        checks=[
            Check(  # a mass, and next to never another one
                "dohmatob2024b.thm21", "test_error", 1, note=slope, support=(0.0, 1.0)
            )
        ],
    )
    yield Process(
        "replace",
        memoriser(settings, **clean),
        REPLICATES,
        variant="a clean part",
        where=clean,
        checks=[Check("ref.zipf_error", "test_error", 1, note="below the floor of the cut")],
    )


def memoriser(
    settings: Settings, *, exponent: float, samples: int, cut: int, human_fraction: float = 0.0
) -> Chain:
    """Chain of two generations of a memoriser on a Zipf law, cut at a rank, with a human part."""

    def with_rest(law: np.ndarray) -> np.ndarray:
        return np.append(law, max(1 - law.sum(), 0.0))

    ranks = np.arange(1, RANKS + 1)
    tested = ranks**-exponent * (1 - zipf_tails.tail_mass(exponent=exponent, rank=1))
    kept = 1 - zipf_tails.tail_mass(exponent=exponent, rank=cut)
    drawn = tested * (human_fraction + (1 - human_fraction) * (ranks <= cut) / kept)
    learner = Memoriser(with_rest(drawn), samples, dtype=settings.dtype, tested=with_rest(tested))
    return Chain(learner, Replace(), 2)
