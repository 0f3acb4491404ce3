"""Human text, or text of a source whose law is known: to train on, and held out by domain."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from jaxtyping import Int

from collapse_sim.language.oracle import MarkovSource


@dataclass(frozen=True, eq=False)
class HumanText:
    """Blocks of tokens that a chain begins with, and blocks that its models are scored on."""

    train: Int[np.ndarray, "blocks time"]
    held_out: Mapping[str, Int[np.ndarray, "_ time"]]
    """By domain."""
    source: MarkovSource | None = None
    """The law of all of it, where it is known: the truth that a test error is measured from. Each
    seed then begins with its own text of this law, as large as `train`."""
    before: Int[np.ndarray, "blocks prompt"] | None = None
    """The human tokens before each block, where generated blocks go on from those; else they begin
    with the first tokens of a human block."""
