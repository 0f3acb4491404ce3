"""A ladder of model sizes: what synthetic text costs a model of each, and how it depends on it.

All sizes see the same tokens, as often and in the same order: seed by seed they are paired.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from collapse_sim.experiment.process import Check, Process
from collapse_sim.medians import Statistic
from experiments.transformer.checks import GROWTH, Values, slope

ROUND = "held-out loss that one round adds, nats"


def first_round(values: Values) -> np.ndarray:
    """What the first round of synthetic text adds, for each seed."""
    return values[:, 1] - values[:, 0]


class Cost(NamedTuple):
    """What an arm costs a model of one size, and the claims on it."""

    of: Statistic
    note: str
    positive: str
    """Claim that it is a cost, at every size."""
    rises: str
    """Claim that it rises with the size."""


COSTS = {
    "replace": Cost(slope, GROWTH, "lm.replace_grows", "lm.size_slope"),
    "keep human": Cost(first_round, ROUND, "zhu2025.fraction", "dohmatob2025.size"),
}
"""By the title of the arm."""


def per_tenfold(parameters: Sequence[int]) -> Statistic:
    """Least-squares slope over the decimal logarithm of these sizes, for each seed."""
    tenfolds = np.log10(parameters)
    return lambda costs: np.polyfit(tenfolds, costs.T, 1)[0]


def ladder(
    rungs: Mapping[str, Sequence[Process]], parameters: Sequence[int], measure: str
) -> list[Process]:
    """Processes of all sizes with the checks of the ladder: at each size, and along them all."""
    sizes = list(rungs)
    return [
        replace(process, checks=[*process.checks, *checks])
        for size, processes in rungs.items()
        for process in processes
        for checks in [_checks(process.title, size, sizes, parameters, measure)]
    ]


def _checks(
    title: str, size: str, sizes: Sequence[str], parameters: Sequence[int], measure: str
) -> Iterator[Check]:
    cost = COSTS.get(title)
    if cost is None:
        return
    if cost.positive != "lm.replace_grows":  # which is asked of every run
        yield Check(cost.positive, measure, statistic=cost.of, note=cost.note)
    if size == sizes[-1]:
        yield Check(
            cost.rises,
            measure,
            along=[f"{own} {title}" for own in sizes],
            of_each=cost.of,
            statistic=per_tenfold(parameters),
            given={"sizes": sizes, "parameters": list(parameters)},
            note=f"slope over log10 of the size of: {cost.note}",
        )
