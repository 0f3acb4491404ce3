"""Flags of curse_of_recursion.py. Nothing here imports JAX, so that --help is quick."""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import numpy as np
import tyro

from experiments import command_line
from experiments.ranges import Count, NotNegative, Positive, PositiveShare, Share, at_least
from experiments.recursion.names import ALL, FAMILIES, described

if TYPE_CHECKING:
    Family = str
else:
    Family = Literal[(*FAMILIES, "all")]
Regime = Literal[
    "human_only", "replace", "keep_human", "fresh_human", "accumulate", "subsample", "edit",
    "edit_anchored",
]  # fmt: skip


@dataclass(frozen=True)
class Settings(command_line.RunSettings):
    """How do Gaussians, categorical laws and mixtures lose their tails, and then their variance?"""

    experiment = "curse_of_recursion"

    preset: Literal["quick", "default", "paper"] = "default"
    """quick: a smoke test, too small to decide most equalities; paper: the published sizes (1,000
    points, 2,000 generations) and regimes (no human data kept, a tenth of them)."""

    family: Annotated[Family, tyro.conf.arg(help=described())] = "all"

    regimes: tuple[Regime, ...] = ("replace", "keep_human", "accumulate", "edit", "edit_anchored")
    """Regimes: ways to make the data of the next generation."""

    samples: Annotated[int, at_least(2)] | None = None
    """Points or words of each generation (20 for gaussian, 5,000 words, 100 for the others)."""

    generations: Annotated[int, at_least(2)] | None = None
    """Fits in a chain (20 for words, mixture and kde, 10 for sources, else 40); generation 1 is
    the fit on human data."""

    replicates: Annotated[int, at_least(2)] | None = None
    """Most replicates of each process (by family); it stops earlier once its claims are decided."""

    human_share: Share = 0.1
    """Share of the data that is human: kept data under keep_human (0 and 0.1 in the paper), new
    data under fresh_human, where it is a mean."""

    edit_share: Share = 0.5
    """Share of the data that an edit touches."""

    dim: Count | None = None
    """Dimensions of the multivariate Gaussian (4, under full resampling only; a number given runs
    every regime in so many) and of mixture and kde (1; at most 2)."""

    sampling_variance: PositiveShare = 0.9
    """Variance of the draws of a generator that prefers the middle, as a share of its model's
    variance."""

    law: Literal["corpus", "uniform", "zipf", "zipf_mandelbrot"] = "corpus"
    """Law of the words: of a text (corpus), or a formula with --types types."""

    corpus: str = "python"
    """python (the language reference that every Python carries), a .txt, .md, .jsonl or .parquet
    file, a folder of such files (hidden ones are passed over), or hf:NAME."""

    types: Annotated[int, at_least(2)] = 2000
    """Number of types of a law by formula."""

    exponent: Positive = 1.0
    """Exponent of zipf and zipf_mandelbrot."""

    shift: NotNegative = 2.7
    """Shift of the ranks of zipf_mandelbrot."""

    components: Count = 2
    """Components of the fitted mixture."""

    steps: Count = 15
    """EM steps of each fit."""

    bandwidth: Positive = 0.3
    """Width of the kernels, in true standard deviations."""

    images: str = "digits"
    """Pictures of vae: digits (1,797 of 8 x 8 pixels, needs scikit-learn), or a .npz file with
    images (pictures, height, width) and, for the classes, labels."""

    latent: Count = 8
    """Numbers in the code of a picture."""

    pixel_noise: bool = False
    """Generated pictures are draws from the whole law, not the decoder's means as in the paper."""

    data: str | None = None
    """Your own table, a .csv, .parquet, .npy or .npz file of numbers: a Gaussian and a Gaussian
    copula are fitted to its columns again and again."""

    columns: tuple[str, ...] = ()
    """Columns of --data, also separated by commas (all)."""

    seed: int = 0
    """The one seed of the run."""

    early_stop: bool = True
    """Stop a process once its claims are decided."""

    precision: Literal["float32", "float64"] = "float32"
    """Precision of the simulation; reductions, closed forms and verdicts are always float64."""

    out: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None
    """Run directory (default: runs/curse_of_recursion/<preset>-<hash of the parameters>)."""

    resume: bool = False
    """Go on with an interrupted run of the same parameters."""

    def validate(self) -> None:
        super().validate()
        integrated = {"mixture", "kde"} & set(self.families())
        if integrated and self.dim is not None and self.dim > 2:
            self.reject("dim", "accepted are 1, 2 for mixture and kde, whose KL is an integral")
        if not self.regimes:
            self.reject("regimes", "accepted is at least one")
        if self.data is not None and self.family not in ("all", "gaussian", "table"):
            self.reject("data", f"accepted without --family {self.family}")
        if self.family == "table" and self.data is None:
            self.reject("family", "accepted with --data FILE")
        if self.columns and self.data is None:
            self.reject("columns", "accepted with --data FILE")

    @property
    def dtype(self) -> np.dtype:
        """Type of everything that is simulated."""
        return np.dtype(self.precision)

    def families(self) -> tuple[str, ...]:
        if self.data is not None:
            return ("table",)
        if self.family == "all" and self.images != "digits":
            return ("vae",)
        return ALL if self.family == "all" else (self.family,)


DEFAULT = Settings()
PRESETS = {
    "quick": replace(DEFAULT, preset="quick", generations=10, replicates=1024),
    "default": DEFAULT,
    "paper": replace(
        DEFAULT,
        preset="paper",
        samples=1000,
        generations=2000,
        replicates=1024,
        regimes=("replace", "keep_human"),
    ),
}

parse = partial(command_line.parse, PRESETS)
"""Settings from the command line; flags override the preset."""
