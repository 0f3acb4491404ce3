"""Cases: processes before they are simulated, with their facts and the arguments of formulas."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from collapse_sim.experiment.process import Check
from experiments.linear.schedules import Masks
from experiments.linear.settings import Settings
from experiments.linear.world import World


@dataclass(frozen=True, eq=False)
class Case:
    """Regime and, for edits, the masks and the writer.

    `masks` is what is known of an edit's masks before it runs; `averaged` whether its mean over
    label noise is followed as well; `finite_moments` the order below which test errors have them.
    """

    settings: Settings
    world: World
    regime: str
    mask: str = ""
    variant: str = ""
    masks: Masks | None = None
    averaged: bool = False
    finite_moments: float = np.inf
    chains: list[Check] = field(default_factory=list)
    """Checks on whole chains."""
    means: list[Check] = field(default_factory=list)
    """Checks on means over label noise."""

    @property
    def name(self) -> str:
        variant = "" if self.variant == "chained" else self.variant
        return " ".join(part for part in (self.regime, self.mask, variant) if part)

    @property
    def is_blind(self) -> bool:
        """True if the masks never look at the labels."""
        return self.masks is not None and self.masks.counts is not None

    @property
    def measures(self) -> tuple[str, ...]:
        """Measures recorded: one for an external prior, which is off by a vector of its own.

        The mean over the design's scale is that of the test error only where nothing else but the
        scale tells designs apart.
        """
        both = "test_error", "scale_averaged_error"
        return both[:1] if self.variant == "external" else both

    @property
    def measure(self) -> str:
        """Measure whose mean is judged: the one without a heavy tail where there is a choice."""
        fresh = self.regime.endswith("_fresh") and self.regime != "mix_fresh"
        heavy = self.world.given or fresh or self.variant == "external"
        return "test_error" if heavy else "scale_averaged_error"

    @cached_property
    def where(self) -> dict[str, Any]:
        """Arguments of formulas, by name."""
        settings, world, n = self.settings, self.world, self.settings.generations
        where = {
            "dim": world.design.dim,
            "samples": world.design.samples,
            "noise_std": world.noise_std,
            "design": settings.design,
            "spectrum": settings.spectrum,
        }
        if world.given:
            where["given_design"] = True
        if self.regime.startswith("mix"):
            where["real_weight"] = settings.real_weight
        if self.variant == "external":
            where["prior_error"] = settings.prior_error * world.base_error
        if self.masks is None:
            return where
        if not self.is_blind:
            once = self.mask == "confident"
            where["residual_threshold"] = (
                settings.once_residual_threshold if once else settings.residual_threshold
            )
        return where | self.masks.facts(n)

    @property
    def recursion(self) -> dict[str, Any] | None:
        """Arguments of the exact recursion on a given design; None where it does not apply.

        The fit on real labels is the reference then, and of drawn masks it is not followed.
        """
        masks, world = self.masks, self.world
        if masks is None or not self.is_blind:
            return None
        known: dict[str, Any] = {"frame": world.frame, "variant": self.variant}
        if masks.schedule is not None:
            return known | {"masks": masks.schedule, "start": world.residuals}
        if world.labels is not None or self.variant == "additive":
            return None
        chances = {"inclusion": masks.inclusion, "pair_inclusion": masks.pair_inclusion}
        return known | chances

    def mean(
        self, claim: str, at: int = 0, *, exactly: bool = False, note: str = "", **options: Any
    ) -> None:
        """Decide a claim on the mean test error of one generation, by default the last.

        `exactly`: on means over label noise, where they are followed.
        """
        averaged = exactly and self.averaged
        if averaged:
            note = f"{note}; mean over label noise" if note else "mean over label noise"
        check = Check(claim, self.measure, at, note=note, **options)
        (self.means if averaged else self.chains).append(check)

    def law(self, claim: str, at: int, **given: Any) -> None:
        """Decide a claim on the law of the test error of one generation."""
        note = "Kolmogorov distance between the laws"
        self.chains.append(Check(claim, "test_error", at, given=given, note=note))

    def assumption(self, claim: str, note: str, **given: Any) -> None:
        """Decide a claim that the masks alone decide."""
        self.chains.append(Check(claim, given=given, note=note))
