"""What a study of synthetic fractions decides."""

import numpy as np

from experiments.fraction.arms import Arm
from experiments.fraction.settings import Settings
from experiments.trends import Trend
from theory.claims import Relation, ledger

WORSE_THAN_HUMAN = ("importance", "perplexity", "density")
"""Selections of synthetic text that are held against human text."""

SLOPES: tuple[tuple[str, str, Relation, str], ...] = (
    ("zhu2025.fraction", "held_out_loss", ">=", "held-out loss"),
    ("zhu2025.training_loss", "training_loss", "<=", "loss on the training text"),
)
"""Claims on how a measure changes with the share of synthetic text."""


def of_author(arms: list[Arm], generator: str, measure: str) -> np.ndarray:
    """A measure by fraction and seed."""
    mine = [arm for arm in arms if arm.generator == generator and arm.text.endswith("%")]
    return np.stack([arm.values[measure] for arm in mine])


def trends(settings: Settings, arms: list[Arm]) -> list[Trend]:
    """That synthetic text costs held-out loss, and less loss in training, by generator."""
    found = []
    for generator in dict.fromkeys(arm.generator for arm in arms):
        for claim, measure, relation, what in SLOPES:
            slopes = np.polyfit(settings.fractions, of_author(arms, generator, measure), 1)[0]
            note = f"slope of the {what} over the fraction, nats per token"
            where = {"generator": generator}
            found.append(Trend(claim, slopes, relation, parameters=where, note=note))
    human = of_author(arms, arms[0].generator, "held_out_loss")[0]
    for arm in arms:
        if arm.text in WORSE_THAN_HUMAN:
            rise = arm.values["held_out_loss"] - human
            found.append(
                Trend(
                    "zhu2025.selection", rise, ">=", parameters={"selection": arm.text},
                    note="held-out loss minus that of human text, nats per token",
                )
            )  # fmt: skip
    return found


def coverage_trend(coverage: np.ndarray, generator: str) -> Trend:
    """That the synthetic text misses a part of the human range of perplexity; by seed."""
    return Trend(
        "zhu2025.coverage", coverage, "<=", bound=ledger()["zhu2025.coverage"].formula(),
        parameters={"generator": generator},
        note="human documents between the synthetic quantiles of 1 and 99 %",
    )  # fmt: skip
