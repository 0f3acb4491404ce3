"""Flags of token_editing.py. Nothing here imports JAX, so that --help is quick."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from experiments import command_line, repeat
from experiments.editing.pretrained_settings import PRESETS as PRETRAINED_PRESETS
from experiments.editing.pretrained_settings import PretrainedSettings
from experiments.ranges import Count, Positive, Share, at_least
from experiments.study.settings import StudySettings

RULES = {
    "above-0.99": {"above": 0.99},
    "above-0.999": {"above": 0.999},
    "below-0.1": {"below": 0.1},
    "below-0.01": {"below": 0.01},
    "below-0.001": {"below": 0.001},
}
"""Which tokens are edited, by name: those of at least, or at most, this probability."""

Rule = Literal["above-0.99", "above-0.999", "below-0.1", "below-0.01", "below-0.001"]
Stage = Literal["pretrain", "continual", "finetune"]


@dataclass(frozen=True)
class TokenEditingSettings(StudySettings):
    """Which tokens does token-level editing touch, and do models learn more from edited text?"""

    experiment = "token_editing"

    preset: Literal["tiny", "default", "gpu"] = "default"
    """tiny: a smoke test of a minute that decides nothing; gpu: a size for accelerators."""

    stages: tuple[Stage, ...] = ("pretrain", "continual", "finetune")
    """Where models trained on unedited and on edited text are compared; none: tables only."""

    context: Annotated[int, at_least(3)] = 96
    """Tokens of a block: most pairs fit."""

    batch: Count = 8
    """Blocks of each training step: the same text in twice the steps of 16 is learnt better."""

    prior: Literal["small"] = "small"
    """small, trained here; or a pretrained one, smollm2, a .gguf file or a folder, for the study of
    the rule alone: --prior smollm2 --help has its flags."""

    prior_size: str = "0.5m"
    """Parameters of the prior, the frozen model that edits."""

    prior_tokens: int = 240_000
    """Most tokens of the prior's own human text, of which the students see nothing."""

    prior_epochs: Positive = 3.0
    """Training tokens of the prior, in units of its own text."""

    edit_above: Share = 0.8
    """Edit tokens of at least this probability (0.99 in the paper, whose prior is far larger)."""

    edit_temperature: Positive = 1.0
    """Of the replacements; beta in the authors' script, where it is 1 or 1.5."""

    edit_top_k: Count | None = 8
    """Replacements are among the k most probable tokens (8 in the paper)."""

    drop_below: Share = 1e-3
    """Two of the authors' strategies delete tokens of at most this probability."""

    ablation: tuple[Rule, ...] = ("below-0.1",)
    """Other rules whose text also pre-trains a model."""

    first_domain: str = "docstrings"
    """Continual: the domain of the first training."""

    second_domain: str = "reference"
    """Continual: the domain on which training goes on, edited or not."""

    pairs: str | None = None
    """Finetune: a .jsonl or .parquet file of pairs with `prompt` and `response`, or a folder of
    such files (default: signatures of Python's library and first lines of docstrings)."""

    answers: Count = 200
    """Finetune: most held-out pairs that are answered."""

    continued_rate: Positive = 1e-3
    """Largest learning rate of continued training and of fine-tuning."""

    def validate(self) -> None:
        super().validate()
        if self.prior_tokens < self.context:
            self.reject("prior_tokens", f"accepted are integers >= {self.context}")
        if "continual" in self.stages and self.first_domain == self.second_domain:
            self.reject("second_domain", "accepted is a domain other than --first-domain")


DEFAULT = TokenEditingSettings()
PRESETS = {
    "default": DEFAULT,
    "tiny": replace(
        DEFAULT, preset="tiny", seeds=2, tokens=8_000, prior_tokens=24_000, prior_size="0.1m",
        context=64, epochs=2.0, prior_epochs=8.0, edit_above=0.3, answers=20,
    ),
    "gpu": replace(
        DEFAULT, preset="gpu", size="11m", vocabulary=4096, context=256, tokens=2_000_000,
        prior_size="30m", prior_tokens=8_000_000, batch=64, peak_rate=1e-3, seeds=6,
        continued_rate=3e-4,
    ),
}  # fmt: skip


SMALL = "small"


def parse(arguments: Sequence[str]) -> TokenEditingSettings | PretrainedSettings:
    """Settings from the command line; flags override those of --preset.

    Which flags there are is decided by --prior, or by that of --config's run.
    """
    path, _ = repeat.taken(arguments)
    stored = {} if path is None else repeat.stored_parameters(path)
    prior = command_line.value_of("--prior", arguments, stored.get("prior", SMALL))
    if prior == SMALL:
        return command_line.parse(PRESETS, arguments)
    return command_line.parse(PRETRAINED_PRESETS, arguments)
