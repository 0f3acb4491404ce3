"""Flags of phase_diagram.py. Nothing here imports JAX, so that --help is quick."""

from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from experiments import command_line
from experiments.ranges import Count, at_least

Writer = Literal["latest", "frozen", "anchored"]

DEFAULTS: dict[str, dict[str, Any]] = {
    "editing": {"generations": 67, "replicates": 10_000},
    "mixing": {"generations": 12, "replicates": 1024},
}
"""Of flags whose meaning depends on the map."""

DIVERSE = 1.2
"""mixing: probability of the first word at the nearly diverse start, in units of its human one."""

SMALLEST_LOOK = 1000
"""Replicates below which no interval is given."""


@dataclass(frozen=True)
class Settings(command_line.RunSettings):
    """Is this safe? Maps of where a model's error stays under a level, and theory's boundary."""

    experiment = "phase_diagram"

    preset: Literal["quick", "default", "paper"] = "default"
    """quick: few points, seconds; paper: 20,100 points of editing, 5,000 of mixing."""

    map: Literal["editing", "mixing"] = "editing"
    """editing (rows of a regression edited in each generation, against generations) or mixing (the
    human share of a model of words, against its temperature)."""

    level: float = 2.0
    """What must not be passed. editing: the test error in units of b, the error of the fit on human
    data; 2 is the published bound. mixing: the first word's probability in units of that among
    humans, at the least 1.2, where the nearly diverse start is."""

    generations: Annotated[int, at_least(2)] | None = None
    """Fits in a chain (67; 12 of mixing); generation 1 is the fit on human data."""

    replicates: Annotated[int, at_least(SMALLEST_LOOK)] | None = None
    """Replicates of each point (10,000; 1,024 of mixing); below 1,000 there is no interval."""

    dim: Count = 10
    """editing: columns of the design, d."""

    samples: int = 100
    """editing: rows of each generation's data, T."""

    rates: Annotated[int, at_least(2)] = 50
    """editing: number of edit rates, up to 1."""

    writers: tuple[Writer, ...] = ("latest", "frozen", "anchored")
    """editing: who writes. The latest model on the latest rows, the first one for ever (frozen), or
    the latest on human rows (anchored)."""

    shares: Annotated[int, at_least(2)] = 20
    """mixing: number of human shares between 0 and 1."""

    temperatures: Annotated[int, at_least(2)] = 20
    """mixing: number of temperatures between 0 and 1."""

    types: Annotated[int, at_least(3)] = 10
    """mixing: words, equally frequent among humans."""

    tokens: Count = 20_000
    """mixing: words of each generation's text."""

    seed: int = 0
    """The one seed of the run."""

    precision: Literal["float32", "float64"] = "float32"
    """Precision of the simulation; reductions, closed forms and intervals are always float64."""

    out: Annotated[Path | None, tyro.conf.arg(metavar="DIR")] = None
    """Run directory (default: runs/phase_diagram/<preset>-<hash of the parameters>)."""

    resume: bool = False
    """Go on with an interrupted run of the same parameters."""

    @property
    def fits(self) -> int:
        """Generations of a chain."""
        return self._chosen("generations")

    @property
    def draws(self) -> int:
        """Replicates of each point."""
        return self._chosen("replicates")

    def _chosen(self, name: str) -> Any:
        value = getattr(self, name)
        return DEFAULTS[self.map][name] if value is None else value

    def validate(self) -> None:
        super().validate()
        if self.tokens >= 2**31:
            self.reject("tokens", "accepted are integers < 2^31")
        if self.samples < self.dim + 2:
            self.reject(
                "samples", f"a mean test error exists only for samples >= dim + 2 = {self.dim + 2}"
            )
        if self.map == "editing" and not 1 < self.level < float("inf"):
            self.reject("level", "accepted are finite numbers > 1, the error of the first fit")
        if self.map == "mixing" and not DIVERSE < self.level < self.types:
            self.reject("level", f"accepted are numbers between {DIVERSE:g} and {self.types}")
        if not self.writers or len(set(self.writers)) < len(self.writers):
            self.reject("writers", "accepted is at least one, each once", list(self.writers))

    @property
    def starts(self) -> tuple[float, float]:
        """mixing: probability of the first word at the start, nearly diverse and collapsed."""
        return DIVERSE / self.types, 1.0


DEFAULT = Settings()
PRESETS = {
    "quick": replace(
        DEFAULT,
        preset="quick",
        rates=5,
        generations=8,
        replicates=4096,
        shares=4,
        temperatures=4,
        tokens=2000,
    ),
    "default": DEFAULT,
    "paper": replace(DEFAULT, preset="paper", rates=100, shares=50, temperatures=50),
}

parse = partial(command_line.parse, PRESETS)
"""Settings from the command line; flags override the preset."""
