"""Flags of plan.py. Nothing here imports JAX, so that --help is quick."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import tyro

from experiments import command_line
from experiments.ranges import Positive, Share, at_least, from_to

MOST_ROUNDS = 1000
"""Rounds that are followed one by one; beyond stands the long run."""

Writer = Literal["latest", "frozen", "external"]


@dataclass(frozen=True)
class Settings(command_line.RunSettings):
    """Edit, mix or regenerate? What each costs, round by round, and the claim behind each number.

    Costs are factors of the excess loss: how far the loss of a model trained on the human text
    alone lies above the least that is possible.
    """

    experiment = "plan"

    human: Positive | None = None
    """Tokens of human text (required); 2e9 is two thousand million."""

    synthetic: Positive | None = None
    """Synthetic tokens that each round writes (default: as many as human)."""

    rounds: Annotated[int, from_to(1, MOST_ROUNDS)] = 5
    """Rounds of writing and training, after the first model."""

    writer: Writer = "latest"
    """Who writes: the model trained last, the first one for ever (frozen), or a model of somebody
    else, for ever (external; needs --gap and --excess)."""

    excess: Positive | None = None
    """Excess loss of a model trained on the human text alone, in nats a token: gives losses."""

    gap: Positive | None = None
    """external: what the writer's own text is worse by than human text, in nats a token: its loss
    on held-out human text above the least that is possible."""

    temperature: Positive = 1.0
    """Of the written text."""

    types: Annotated[int, at_least(2)] = 50_000
    """Size of the vocabulary; below temperature 1 diversity returns later in a larger one."""

    eligible: Share = 0.125
    """Share of the tokens that an edit may touch; 0.125 is that of the paper's first pass."""

    threshold: Share = 0.99
    """Probability from which on an edit touches a token."""

    parameters_of_model: Annotated[Positive | None, tyro.conf.arg(name="parameters")] = None
    """Parameters of the model: the formulas are true where there are far more tokens."""

    right: Share | None = None
    """Verifier: share of the written text that is right (needs both keep rates)."""

    keep_right: Share | None = None
    """Verifier: share that it keeps of what is right."""

    keep_wrong: Share | None = None
    """Verifier: share that it keeps of what is wrong."""

    allow: Positive = 0.1
    """Excess that may be added at most, as a share: decides the safe human share."""

    calibrate: str | None = None
    """Also train small models on this text (as --corpus of `collapse-sim transformer`), about five
    minutes, and show prediction beside measurement."""

    seed: int = 0
    """The one seed of the calibration."""

    out: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None
    """Directory for plan.json, and for the runs of --calibrate (default there: runs/plan)."""

    @property
    def written(self) -> float:
        """Synthetic tokens of each round."""
        assert self.human is not None
        return self.human if self.synthetic is None else self.synthetic

    def validate(self) -> None:
        super().validate()
        if self.human is None:
            self.reject("human", "accepted is the number of tokens of human text", "is missing")
        if self.writer == "external" and (self.gap is None or self.excess is None):
            missing = "gap" if self.gap is None else "excess"
            self.reject("writer", f"accepted with --gap and --excess; --{missing} is missing")
        if self.gap is not None and self.writer != "external":
            self.reject("gap", "accepted with --writer external")
        verifier = [self.right, self.keep_right, self.keep_wrong]
        if any(value is not None for value in verifier):
            if None in verifier:
                self.reject("right", "accepted with --keep-right and --keep-wrong, all three")
            if not self.keep_right and not self.keep_wrong:
                self.reject("keep_right", "accepted is a verifier that keeps something")


DEFAULT = Settings()

parse = partial(command_line.parse, {"default": DEFAULT})
"""Settings from the command line."""
