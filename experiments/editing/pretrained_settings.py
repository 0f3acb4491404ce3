"""Flags of token_editing.py with a pretrained prior. Nothing here imports JAX: --help is quick."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import tyro

from experiments import command_line


@dataclass(frozen=True)
class PretrainedSettings(command_line.RunSettings):
    """What does the published rule do to human text, with a real pretrained prior?

    Of the stages there is one: small models trained from scratch on the text, edited and not.
    """

    experiment = "token_editing"

    preset: Literal["tiny", "default"] = "default"
    """tiny: 4,096 tokens and two seeds, too few for most verdicts."""

    prior: str = "smollm2"
    """smollm2, a .gguf file, or a folder with config.json, safetensors and tokenizer.json; small:
    a small prior trained on the corpus, with stages."""

    corpus: str = "python"
    """python (the text every Python carries), a .txt, .md, .jsonl or .parquet file, a folder of
    such files (hidden ones are passed over), or hf:NAME."""

    tokens: int = 20_480
    """Tokens of human text, of which each document gives its first 512 at most."""

    edit_above: float = 0.99
    """Edit tokens of at least this probability."""

    drop_below: float = 1e-3
    """Two of the authors' strategies delete tokens of at most this probability."""

    seeds: int = 40
    """Small models trained on each text, side by side; 0: none. Fewer than 6 decide nothing, and n
    that agree are right but for a chance of 2^(1-n)."""

    size: str = "0.016m"
    """Of the small models: 0.016m, 0.1m, 0.5m or more parameters."""

    vocabulary: int = 512
    """Tokens of their byte-level BPE, trained on the human text."""

    epochs: float = 4.0
    """Training tokens of each, in units of its text."""

    loss_tolerance: float = 0.02
    """Difference of two held-out losses that still counts as none, in nats per token."""

    seed: int = 0
    """The one seed of the run."""

    out: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None
    """Run directory (default: runs/token_editing/<preset>-<hash of the parameters>)."""

    resume: bool = False
    """Go on with an interrupted run of the same parameters."""

    def validate(self) -> None:
        """Raises ValueError, in one line, for values that nothing can be done with."""
        if self.tokens < 2:
            self.reject("tokens", "accepted are integers >= 2")
        if not 0 < self.edit_above < 1:
            self.reject("edit_above", "accepted is (0, 1) with a pretrained prior")
        if not 0 <= self.drop_below <= 1:
            self.reject("drop_below", "accepted is [0, 1]")
        if self.seeds < 0 or self.seeds == 1:
            self.reject("seeds", "accepted are 0 and integers >= 2")
        if self.vocabulary < 257:
            self.reject("vocabulary", "accepted are integers >= 257")
        for name in ("epochs", "loss_tolerance"):
            if not 0 < getattr(self, name) < float("inf"):
                self.reject(name, "accepted are finite numbers > 0")


PRETRAINED = PretrainedSettings()
PRESETS = {
    "default": PRETRAINED,
    "tiny": replace(PRETRAINED, preset="tiny", tokens=4_096, seeds=2),
}
