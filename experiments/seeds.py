"""Verdicts over seeds in words: how sure they are, and their conditions."""

import math
from collections.abc import Sequence

import numpy as np

from collapse_sim.medians import LEAST_SEEDS
from collapse_sim.verdict import Verdict, rounded_up

CONDITIONS = "one corpus, one split of it and one tokenizer"
"""What verdicts over seeds are conditional on: all seeds of a run share these."""


def how_sure_over_seeds(verdicts: Sequence[Verdict], conditions: str = CONDITIONS) -> str:
    """The chance of a wrong verdict, and its conditions."""
    if not verdicts:
        return "No claim is about this run."
    seeds = min(verdict.parameters["seeds"] for verdict in verdicts)
    if seeds < LEAST_SEEDS:
        return (
            f"A smoke test: {seeds} seeds decide nothing, whatever they show. With {LEAST_SEEDS} "
            "or more the run gives verdicts."
        )
    misses = [1 - verdict.confidence for verdict in verdicts]
    undecided = sum(verdict.verdict == "undecided" for verdict in verdicts)
    return (
        f"Verdicts are about the median over {seeds} seeds: each is wrong with a chance of at most "
        f"{at_most(max(misses))}, any of the {len(verdicts)} with one of at most "
        f"{at_most(sum(misses))}, whatever the law of a seed's value. That holds for independent "
        f"seeds, and for {conditions}."
        + (f" {undecided} undecided: more seeds may decide." if undecided else "")
    )


def at_most(chance: float) -> str:
    """A chance in per cent, two digits, rounded up."""
    return f"{100 * rounded_up(chance, digits=2):.3g} %"


def spread(values: np.ndarray) -> float:
    """Two standard errors of the mean over seeds; nan of one."""
    if len(values) < 2:
        return math.nan
    return float(2 * values.std(ddof=1) / math.sqrt(len(values)))


def seed_range(values: np.ndarray) -> tuple[float, float]:
    """The smallest and the largest value: of n seeds they hold the median but for 2^(1-n)."""
    return float(values.min()), float(values.max())
