"""Flags of transformer_collapse.py. Nothing here imports JAX, so that --help is quick."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal

import tyro

from experiments import command_line
from experiments.ranges import Count, Positive, PositiveShare, Share, at_least

Regime = Literal[
    "human_only", "replace", "keep_human", "accumulate", "subsample", "edit", "edit_anchored",
    "edit_share", "edit_frozen", "edit_blind", "edit_blind_frozen",
]  # fmt: skip
Strategy = Literal["revise", "revise_drop", "filter"]


@dataclass(frozen=True)
class Settings(command_line.RunSettings):
    """What happens to a small language model trained on its own text, regime by regime?"""

    experiment = "transformer_collapse"

    preset: Literal[
        "default",
        "text",
        "tiny",
        "oracle",
        "wikitext",
        "ladder",
        "gpu",
        "paper",
        "curse",
        "curse_gpu",
    ] = "text"
    """default: a made-up language, of which a small model is as sure as the published prior is of
    its text; text: a corpus, and what --corpus alone chooses; oracle: a made-up language with a
    Zipf law; tiny: a smoke test of a minute that decides nothing; wikitext: WikiText-2; ladder:
    models of several sizes on one text; gpu and paper: sizes for accelerators; curse and curse_gpu:
    a pretrained model, fine-tuned again and again on what its predecessor wrote, on a CPU or an
    accelerator."""

    base: str | None = None
    """Fine-tune a pretrained model, from its own weights in every generation: smollm2, a .gguf
    file, or a folder as Hugging Face has them. --size, --vocabulary then mean nothing."""

    fine_tune: Literal["full", "lora"] = "full"
    """With --base: all parameters, or low-rank updates of the matrices."""

    rank: Count = 16
    """Of the updates under --fine-tune lora."""

    lora_rate: Positive = 1e-3
    """Largest learning rate under --fine-tune lora, in place of --peak-rate."""

    corpus: str = "python"
    """python (the text every Python carries), a .txt, .md, .jsonl or .parquet file, a folder of
    such files (hidden ones are passed over), hf:NAME, published or oracle (languages made up)."""

    regimes: tuple[Regime, ...] = (
        "human_only", "replace", "keep_human", "accumulate", "edit", "edit_anchored", "edit_share"
    )  # fmt: skip
    """How the next generation's data are made. edit edits by probability, edit_share by share,
    edit_blind at random, as large a share; frozen ones are written by the first model, with --base
    by the pretrained one."""

    generations: Annotated[int, at_least(2)] = 4
    """Models trained one after the other; generation 1 sees human text."""

    seeds: int = 6
    """Independent repetitions of everything, trained side by side; fewer than 6 decide nothing, and
    n that agree are right but for a chance of 2^(1-n)."""

    seed: int = 0
    """The one seed of the run."""

    size: str = "0.1m"
    """Model: 0.016m, 0.1m, 0.5m, 0.9m, 3m, 11m, 30m or 124m parameters."""

    sizes: tuple[str, ...] = ()
    """A ladder: every arm at each of these sizes, in place of --size, on the same tokens; does what
    synthetic text costs depend on the size?"""

    vocabulary: Annotated[int, at_least(2)] = 288
    """Tokens of the byte-level BPE trained on the human text, or of the language made up."""

    context: Annotated[int, at_least(2)] = 64
    """Tokens of a block."""

    tokens: Annotated[int, at_least(2)] = 110_000
    """Most training tokens of each generation's human data."""

    held_out: Annotated[int, at_least(2)] = 8_192
    """With --base: most held-out tokens that models are scored on; without, all are taken."""

    epochs: Positive = 6.0
    """Training tokens of every fit, in units of the human data: all fits see the same number."""

    batch: Count = 16
    """Blocks of each training step."""

    peak_rate: Positive = 5e-3
    """Largest learning rate; of --sizes that of the first, and of others as 1 / width."""

    init: Literal["fresh", "base"] = "fresh"
    """Every generation starts from fresh parameters, or from those of generation 1."""

    human_share: Share = 0.1
    """Share of the data that is human under keep_human: blocks of the original human text."""

    prompt: Count = 1
    """Tokens of a human block that every synthetic block begins with; with --base, human tokens
    before a block, of which the synthetic block is the continuation."""

    temperature: Positive = 1.0
    """Of generated text."""

    top_k: Count | None = None
    """Generated text takes the k most probable tokens only."""

    top_p: PositiveShare | None = None
    """Generated text takes the most probable tokens of this total probability only."""

    edit_above: Share | None = 0.9
    """Edit tokens of at least this probability (0.99 in the paper, whose prior is far larger)."""

    edit_share: Share = 0.125
    """Share of the tokens, the most probable ones, that edit_share touches, and edit where neither
    --edit-above nor --edit-below is given; 0.125 is the share of the paper's first pass. Of all
    tokens at random under edit_blind."""

    edit_below: Share | None = None
    """Also edit tokens of at most this probability; with --edit-above None, only those."""

    strategy: Strategy = "revise"
    """revise; revise_drop also deletes tokens with P <= drop_below; filter only deletes."""

    drop_below: Share = 1e-3
    """Delete tokens of at most this probability."""

    edit_temperature: Positive = 1.0
    """Of the replacements."""

    edit_top_k: Count | None = None
    """Replacements are among the k most probable tokens (8 in the paper)."""

    edit_top_p: PositiveShare | None = None
    """Replacements are among the most probable tokens of this total probability."""

    edit_reject: bool = False
    """A replacement is never the token that stood there."""

    bounded_slope: Positive = 0.03
    """Editing counts as bounded when its loss grows by less, in nats a generation."""

    out: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None
    """Run directory (default: runs/transformer_collapse/<preset>-<hash of the parameters>)."""

    resume: bool = False
    """Go on with an interrupted run of the same parameters."""

    @property
    def rate(self) -> float:
        """Largest learning rate of this kind of training."""
        return self.lora_rate if self.base and self.fine_tune == "lora" else self.peak_rate

    def validate(self) -> None:
        super().validate()
        if self.seeds < (least := 1 if self.base else 2):
            self.reject("seeds", f"accepted are integers >= {least}")
        if self.base and self.corpus == "oracle":
            self.reject("corpus", "accepted with --base are texts")
        if self.base and self.strategy != "revise":
            self.reject("strategy", "accepted with --base is revise")
        if self.prompt >= self.context and not self.base:
            self.reject(
                "prompt", f"accepted are integers from 1 to context - 1, {self.context - 1}"
            )
        if not self.regimes:
            self.reject("regimes", "accepted is at least one")
        if self.sizes and (self.base or len(set(self.sizes)) != max(len(self.sizes), 2)):
            which = "none with --base" if self.base else "two or more, each once"
            self.reject("sizes", f"accepted are {which}", " ".join(self.sizes))


TEXT = Settings()
DEFAULT = replace(
    TEXT, preset="default", corpus="published", generations=8, seeds=20, size="0.016m",
    vocabulary=128, context=2, tokens=60_000, epochs=4.0, batch=128, peak_rate=1e-2,
    edit_above=0.99, edit_share=0.25,
    regimes=(
        "human_only", "replace", "accumulate", "edit", "edit_frozen", "edit_blind",
        "edit_blind_frozen",
    ),
)  # fmt: skip
CURSE = replace(
    TEXT, preset="curse", base="smollm2", generations=3, seeds=6, context=64, prompt=64,
    tokens=512, held_out=1_024, epochs=2.0, batch=4, peak_rate=5e-5, edit_above=0.99,
    edit_temperature=1.5,
    regimes=("human_only", "replace", "keep_human", "accumulate", "edit_frozen", "edit"),
)  # fmt: skip
"""Published: a model of 125 M parameters, WikiText-2, prompts and continuations of 64 tokens, 5
epochs, or 10 with a tenth of the human text (Shumailov et al. 2023, arXiv 2305.17493)."""
PRESETS = {
    "default": DEFAULT,
    "text": TEXT,
    "tiny": replace(
        TEXT, preset="tiny", generations=3, seeds=2, tokens=8_000, epochs=2.0, context=32,
        edit_above=0.5, regimes=("human_only", "replace", "edit"),
    ),
    "oracle": replace(
        TEXT, preset="oracle", corpus="oracle", vocabulary=128, context=32, tokens=60_000,
    ),
    "wikitext": replace(TEXT, preset="wikitext"),
    "ladder": replace(
        TEXT, preset="ladder", sizes=("0.016m", "0.1m", "0.5m"), generations=3, tokens=40_000,
        epochs=5.0, batch=8, peak_rate=3e-3, human_share=0.5, regimes=("replace", "keep_human"),
    ),
    "gpu": replace(
        TEXT, preset="gpu", size="11m", vocabulary=4096, context=256, tokens=2_000_000,
        batch=64, peak_rate=1e-3, generations=5, seeds=6,
    ),
    "paper": replace(
        TEXT, preset="paper", size="124m", vocabulary=32_768, context=1024, seeds=6,
        tokens=50_000_000, epochs=2.0, batch=64, peak_rate=6e-4, generations=6, edit_above=0.99,
        edit_top_k=8, prompt=64,
    ),
    "curse": CURSE,
    "curse_gpu": replace(
        CURSE, preset="curse_gpu", tokens=131_072, held_out=65_536, epochs=5.0, batch=64,
        generations=5, seeds=6,
    ),
}  # fmt: skip


def parse(arguments: Sequence[str]) -> Settings:
    """Settings from the command line; flags override those of --preset.

    Whoever names a corpus and no preset wants the sizes for text.
    """
    of_text = any(argument.partition("=")[0] == "--corpus" for argument in arguments)
    return command_line.parse(PRESETS, arguments, usual="text" if of_text else "default")
