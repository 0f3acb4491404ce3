"""Flags that the studies share. Nothing here imports JAX, so that --help is quick."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from experiments import command_line
from experiments.ranges import Count, Positive, at_least


@dataclass(frozen=True)
class StudySettings(command_line.RunSettings):
    """Texts, models and training of a study."""

    corpus: str = "python"
    """python (the text every Python carries), a .txt, .md, .jsonl or .parquet file, a folder of
    such files (hidden ones are passed over), or hf:NAME."""

    seeds: Annotated[int, at_least(2)] = 8
    """Independent repetitions of everything, trained side by side; fewer than 6 decide nothing, and
    n that agree are right but for a chance of 2^(1-n)."""

    seed: int = 0
    """The one seed of the run."""

    size: str = "0.1m"
    """Of every student: 0.1m, 0.5m, 0.9m, 3m, 11m, 30m or 124m parameters."""

    vocabulary: Annotated[int, at_least(257)] = 288
    """Tokens of the byte-level BPE trained on the human text."""

    context: Annotated[int, at_least(3)] = 64
    """Tokens of a block."""

    tokens: int = 80_000
    """Most tokens of the human text of each role: student, generator or prior, judge."""

    epochs: Positive = 6.0
    """Training tokens of every fit, in units of the student's text."""

    batch: Count = 16
    """Blocks of each training step."""

    peak_rate: Positive = 5e-3
    """Largest learning rate."""

    out: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None
    """Run directory (default: runs/<study>/<preset>-<hash of the parameters>)."""

    resume: bool = False
    """Go on with an interrupted run of the same parameters."""

    def validate(self) -> None:
        super().validate()
        if self.tokens < self.context:
            self.reject("tokens", f"accepted are integers >= context = {self.context}")
