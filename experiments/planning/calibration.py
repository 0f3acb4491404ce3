"""A small sweep on the user's own text: how far the formulas hold of small language models."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from experiments.planning.options import MANY
from experiments.planning.settings import Settings
from theory.claims import ledger

ROUNDS = 2
CLAIMS = {
    "replace": "ref.sizes_replace",
    "accumulate": "ref.sizes_accumulate",
    "edit_share": "ref.edit_D",
}
"""Arms that are trained, and the claims that predict them."""

NAMES = {"replace": "replace", "accumulate": "add to all", "edit_share": "edit, again and again"}


@dataclass(frozen=True)
class Compared:
    """Loss above that of the first model, in nats a token: predicted and measured over seeds."""

    name: str
    claim: str
    round: int
    predicted: float
    measured: float
    error: float
    """Standard error of `measured`, paired by seed."""
    is_unit: bool = False
    """True of the number from which the others are predicted."""

    @property
    def agrees(self) -> bool:
        """True if the prediction lies within two standard errors."""
        return abs(self.measured - self.predicted) <= 2 * self.error


def calibrate(settings: Settings) -> list[Compared]:
    """Train, and compare; raises ValueError for a text that cannot be used."""
    from collapse_sim.experiment.decide import decide
    from collapse_sim.language.fitting import token_progress
    from experiments.transformer.processes import make_learner, make_processes, total_tokens
    from experiments.transformer.settings import PRESETS
    from experiments.transformer.world import make_world

    assert settings.calibrate is not None
    small = replace(
        PRESETS["text"],
        corpus=settings.calibrate,
        regimes=tuple(CLAIMS),
        generations=ROUNDS + 1,
        edit_share=settings.eligible,
        tokens=40_000,
        seed=settings.seed,
    )
    try:
        world = make_world(small)
    except ValueError as error:
        raise ValueError(str(error).replace("--corpus", "--calibrate", 1)) from None
    learner = make_learner(small, world)
    with token_progress(total_tokens(small, learner)) as bar:
        processes = [replace(p, checks=()) for p in make_processes(small, world, learner)]
        results, _ = decide(processes, ledger(), seed=small.seed, bar=bar)
    losses = {
        name: np.asarray(result.summary.sample["held_out_loss"], float)
        for name, result in zip(CLAIMS, results, strict=True)
    }
    return compare(losses, settings.eligible)


def compare(losses: dict[str, np.ndarray], share: float) -> list[Compared]:
    """Predictions beside losses (seeds x generations) of each arm, paired by seed."""
    unit = float((losses["replace"][:, 1] - losses["replace"][:, 0]).mean())
    found = []
    for arm, of_arm in losses.items():
        for number in range(1, of_arm.shape[1]):
            risen = of_arm[:, number] - of_arm[:, 0]
            given: dict[str, Any] = {"human": 1, "synthetic": 1, "generation": number + 1}
            given |= {"samples": MANY, "edit_counts": [share * MANY] * number}
            inflation = float(ledger()[CLAIMS[arm]].predict(given))
            found.append(
                Compared(
                    NAMES[arm],
                    CLAIMS[arm],
                    number,
                    unit * (inflation - 1),
                    float(risen.mean()),
                    float(risen.std(ddof=1) / np.sqrt(len(risen))),
                    is_unit=arm == "replace" and number == 1,
                )
            )
    return found
