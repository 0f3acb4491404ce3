"""Flags of synthetic_fraction.py. Nothing here imports JAX, so that --help is quick."""

from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from experiments import command_line
from experiments.study.settings import StudySettings

SELECTIONS = 4
"""Ways to select from the synthetic text, at random among them."""


@dataclass(frozen=True)
class Settings(StudySettings):
    """How does perplexity grow with the share of synthetic text, and what is wrong with it?"""

    experiment = "synthetic_fraction"

    preset: Literal["tiny", "default", "gpu"] = "default"
    """tiny: a smoke test of two minutes that decides nothing; gpu: sizes for an accelerator."""

    fractions: tuple[float, ...] = (0.0, 0.25, 0.5, 0.75, 1.0)
    """Shares of synthetic text, in increasing order, at equal numbers of tokens."""

    generators: tuple[str, ...] = ("0.1m", "0.5m")
    """Sizes of the models that write the synthetic text; the first one also at every other
    temperature."""

    temperatures: tuple[float, ...] = (0.7, 1.0)
    """Of the synthetic text; the first one for every generator. At 0.7 a small model's text is
    less perplexing than human text, as the published one is; at 1 it is not."""

    analyse: bool = False
    """Also compare the texts, and train on selections of the synthetic one."""

    human: str | None = None
    """With --synthetic: only compare two texts, this one written by people."""

    synthetic: str | None = None
    """With --human: the text of a model. Both are named as a corpus is."""

    def validate(self) -> None:
        """Raises ValueError, in one line, for values that nothing can be done with."""
        super().validate()
        rising = all(a < b for a, b in zip(self.fractions, self.fractions[1:], strict=False))
        inside = all(0 <= fraction <= 1 for fraction in self.fractions)
        if len(self.fractions) < 2 or not rising or not inside:
            self.reject("fractions", "accepted are two or more increasing numbers in [0, 1]")
        if self.analyse and min(self.fractions) > 0:
            self.reject("fractions", "accepted with --analyse are those that begin with 0")
        if not self.generators:
            self.reject("generators", "accepted is at least one")
        if not self.temperatures or not all(0 < t < float("inf") for t in self.temperatures):
            self.reject("temperatures", "accepted is at least one finite number > 0")
        if (self.human is None) != (self.synthetic is None):
            missing = "human" if self.human is None else "synthetic"
            self.reject(missing, "accepted with the other of --human and --synthetic")
        if self.human is not None and not self.analyse:
            self.reject("human", "accepted with --analyse")

    def written_by(self) -> list[tuple[str, float]]:
        """Size and temperature of every generator, the main one first."""
        first = self.temperatures[0]
        sizes = [(size, first) for size in self.generators]
        return [*sizes, *((self.generators[0], t) for t in self.temperatures[1:])]

    def fits(self) -> int:
        """Fits of the whole study, if each took as long as a student's."""
        authors, sizes = self.written_by(), {size for size, _ in self.written_by()}
        synthetic = sum(fraction > 0 for fraction in self.fractions)
        judged = 1 + SELECTIONS if self.analyse else 0
        return len(sizes) + len(authors) * synthetic + (0 in self.fractions) + judged


DEFAULT = Settings()
PRESETS = {
    "default": DEFAULT,
    "tiny": replace(
        DEFAULT, preset="tiny", seeds=2, tokens=8_000, epochs=2.0, context=32,
        fractions=(0.0, 0.5, 1.0), generators=("0.1m",),
    ),
    "gpu": replace(
        DEFAULT, preset="gpu", size="11m", vocabulary=4096, context=256, tokens=2_000_000,
        batch=64, peak_rate=1e-3, seeds=6, generators=("11m", "30m"),
    ),
}  # fmt: skip

parse = partial(command_line.parse, PRESETS)
"""Settings from the command line; flags override those of --preset."""
