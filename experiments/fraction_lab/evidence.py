"""What a study of synthetic fractions decides."""

import numpy as np
from fraction_lab.arms import Arm
from fraction_lab.settings import Settings
from trends import Trend

WORSE_THAN_HUMAN = ("importance", "perplexity", "density")
"""Selections of synthetic text that are held against human text."""


def of_author(arms: list[Arm], generator: str, measure: str) -> np.ndarray:
    """A measure by fraction and seed."""
    mine = [arm for arm in arms if arm.generator == generator and arm.text.endswith("%")]
    return np.stack([arm.values[measure] for arm in mine])


def trends(settings: Settings, arms: list[Arm]) -> list[Trend]:
    """That every further share of synthetic text costs, of the first generator's text."""
    main = arms[0].generator
    losses = of_author(arms, main, "held_out_loss")
    own = of_author(arms, main, "training_loss")
    found = [
        Trend(
            "zhu2025.fraction", np.diff(losses, axis=0), ">=", parameters={"generator": main},
            note="least rise of the held-out loss from one fraction to the next, nats per token",
        ),
        Trend(
            "zhu2025.training_loss", np.polyfit(settings.fractions, own, 1)[0], "<=",
            parameters={"generator": main},
            note="slope of the loss on the training text over the fraction, nats per token",
        ),
    ]  # fmt: skip
    for arm in arms:
        if arm.text in WORSE_THAN_HUMAN:
            rise = arm.values["held_out_loss"] - losses[0]
            found.append(
                Trend(
                    "zhu2025.selection", rise, ">=", parameters={"selection": arm.text},
                    note="held-out loss minus that of human text, nats per token",
                )
            )  # fmt: skip
    return found
