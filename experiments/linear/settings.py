"""Flags of linear_bound.py. Nothing here imports JAX, so that --help is quick."""

from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Annotated, Literal

import tyro

from experiments import command_line
from experiments.ranges import Count, NotNegative, Positive, Share, at_least

Regime = Literal[
    "replace", "replace_fresh", "accumulate", "accumulate_fresh", "halfway", "halfway_fresh",
    "subsample", "subsample_fresh", "mix_fresh", "mix_fixed", "edit",
]  # fmt: skip
Writer = Literal["latest", "frozen", "external"]

MASKS = ("one", "halves", "disjoint", "random", "fixed", "geometric", "confident", "nested", "free")

Flag = tyro.conf.FlagCreatePairsOff[bool]
"""Flag without a `no-` form: its opposite is a flag of its own; without both the data decide."""

NOISE = 1e-60, 1e60
"""Smallest and largest noise: sums of squared errors stay within float64."""


@dataclass(frozen=True)
class Settings(command_line.RunSettings):
    """Does token editing keep the test error of iterated linear regression under its bound?"""

    experiment = "linear_bound"

    preset: Literal["quick", "default", "paper"] = "default"
    """quick: a first look, three masks and few replicates; paper: every regime, 2^20 replicates,
    all limits."""

    dim: Count = 10
    """Columns of the design, d."""

    samples: int = 100
    """Rows of each generation's data, T; a mean exists for T >= d + 2."""

    noise_std: Positive | None = None
    """Standard deviation of the label noise (1; estimated from real labels when given)."""

    generations: Annotated[int, at_least(2)] = 11
    """Fits in a chain; generation 1 is the fit on human data, so there are one fewer edits."""

    replicates: Count = 2**17
    """Most replicates of each process; it stops earlier once every claim is decided."""

    seed: int = 0
    """The one seed of the run."""

    regimes: tuple[Regime, ...] = ("replace", "accumulate", "edit")
    """Regimes: ways to make the data of the next generation."""

    masks: tuple[str, ...] = MASKS
    """Rows that an edit touches: one, halves, disjoint, random, fixed, geometric, confident
    (one edit of the confident rows), nested and free (confident rows every time), or a .npy
    file of 0 and 1, one row for each edit."""

    writers: tuple[Writer, ...] = ("latest", "frozen", "external")
    """Writer of the edits: the latest model (as in the paper's equation 3), the first one for ever
    (frozen), or another frozen one, given from outside (external; masks set in advance)."""

    prior_error: NotNegative = 0.5
    """Test error of that external model, in units of b, the error of a fit on human data."""

    edit_share: Share | None = None
    """Share of the rows that an edit touches (1 for disjoint in all, 0.3 for random, else 0.5)."""

    decay: float = 0.5
    """Factor on the number of edited rows from one geometric edit to the next."""

    residual_threshold: Positive = 1.0
    """Largest |residual| of a confident row, in units of noise_std, for nested and free masks."""

    once_residual_threshold: Positive = 1.82
    """Residual threshold of the one edit of `confident`; at 1.82 the error of that edit is
    largest."""

    real_weight: Share = 0.5
    """Weight of the real labels in the mix regimes, where every label is an average of a real and a
    synthetic one. No share of the rows: none of them keeps its real label."""

    design: str = "gaussian"
    """gaussian, diabetes (442 x 10 real rows, needs scikit-learn), or a .npy, .npz, .csv or
    .parquet file; verdicts are then conditional on that design."""

    labels: str | None = None
    """Real labels: a column of the design's file, a file, or `target` of diabetes. The chains
    then start from them, and errors are distances from the fit on them."""

    intercept: Flag = False
    """Add a column of ones to a given design, if none of its combinations is constant. The
    default with real labels: they are fitted with an intercept, and d counts it."""

    no_intercept: Flag = False
    """Add none. The default without real labels."""

    header: Flag = False
    """The first line of .csv files holds the names of columns (default: its cells tell)."""

    no_header: Flag = False
    """The first line of .csv files holds numbers."""

    spectrum: str = "isotropic"
    """Input covariance of a gaussian design: isotropic, ar1:R or power:B."""

    representation: Literal["auto", "rows", "statistics", "law"] = "auto"
    """Form of a simulation: row by row, by sufficient statistics, or by its exact law. auto takes
    the cheapest there is."""

    limits: bool = True
    """Test also the claims that hold only as d/T -> 0, along T, 2T, 4T."""

    early_stop: bool = True
    """Stop a process once its claims are decided."""

    precision: Literal["float32", "float64"] = "float32"
    """Precision of the simulation; reductions, closed forms and verdicts are always float64."""

    budget_seconds: Positive | None = None
    """Stop simulating after this many seconds; claims without a verdict are reported as
    undecided."""

    out: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None
    """Run directory (default: runs/linear_bound/<preset>-<hash of the parameters>)."""

    resume: bool = False
    """Go on with an interrupted run of the same parameters."""

    def validate(self) -> None:
        super().validate()
        if self.design == "gaussian" and self.samples < self.dim + 2:
            self.reject(
                "samples", f"a mean test error exists only for samples >= dim + 2 = {self.dim + 2}"
            )
        if not 0 < self.decay < 1:
            self.reject("decay", "accepted is (0, 1)")
        if self.noise_std is not None and not NOISE[0] <= self.noise_std <= NOISE[1]:
            self.reject("noise_std", f"accepted is {NOISE[0]:g} to {NOISE[1]:g}")
        for name in ("intercept", "header"):
            either = getattr(self, name), getattr(self, f"no_{name}")
            if all(either):
                self.reject(
                    name, f"accepted is one of --{name} and --no-{name}", "and its opposite"
                )
            if any(either) and self.design == "gaussian":
                flag = name if either[0] else f"no_{name}"
                self.reject(flag, "accepted with a design from a file, or diabetes", "")
        for mask in self.masks:
            if mask not in MASKS and not mask.endswith(".npy"):
                self.reject("masks", f"accepted are {', '.join(MASKS)} or a .npy file", mask)
        if self.labels is not None and self.design == "gaussian":
            self.reject("labels", "accepted with a design from a file, or diabetes")
        if not self.regimes or ("edit" in self.regimes and not (self.masks and self.writers)):
            self.reject("regimes", "accepted is at least one, and a mask and a writer for edit")

    @property
    def add_intercept(self) -> bool:
        """True if a given design needs a constant among its columns."""
        return self.intercept or (self.labels is not None and not self.no_intercept)

    @property
    def has_header(self) -> bool | None:
        """True if .csv files begin with names; None where their cells tell."""
        return True if self.header else False if self.no_header else None


PRESETS = {
    "quick": Settings(  # three programs to compile: masks of two blocks of rows share theirs
        preset="quick",
        replicates=2**15,
        masks=("one", "halves", "fixed"),
        writers=("latest", "frozen"),
        limits=False,
    ),
    "default": Settings(),
    "paper": Settings(
        preset="paper",
        replicates=2**20,
        regimes=(
            "replace",
            "replace_fresh",
            "accumulate",
            "accumulate_fresh",
            "halfway",
            "halfway_fresh",
            "subsample",
            "mix_fresh",
            "mix_fixed",
            "edit",
        ),
    ),
}

parse = partial(command_line.parse, PRESETS)
"""Settings from the command line; flags override the preset."""
