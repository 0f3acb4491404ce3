"""Logistic and Poisson regression on their own labels: universality of 1, 2, 3, ... and pi^2/6.

Of the flags only --replicates and --precision say anything here: the claims are on many rows.
"""

from collections.abc import Iterator
from itertools import product
from typing import Any

import jax.numpy as jnp
import numpy as np

from collapse_sim.experiment.process import Check, Process
from collapse_sim.linear.design import GivenDesign
from collapse_sim.linear.generalised import GeneralisedLearner, LogisticLearner, PoissonLearner
from collapse_sim.loop import Chain
from collapse_sim.regimes import Accumulate, Replace
from experiments.recursion.family import Column, Family, Found, with_theory
from experiments.recursion.settings import Settings
from theory.linear import accumulation, resampling

GENERATIONS = 4
"""Fits of a chain: the sum of 1 / k^2 is 5 % from those of one less, 3 % from one more."""

ROWS = np.array([(1, a, b, c, a * b, b * c, c * a) for a, b, c in product((-1.0, 1.0), repeat=3)])
"""Inputs: a constant, three factors of two levels in all combinations, and their products in
pairs."""

COPIES = 4000
"""Rows of each combination. Their labels are drawn as one count, which is all that a fit sees."""

WEIGHTS = {
    "logistic": (0.5, -0.5, 0.25, 1.0, 0.25, -0.25, 0.0),
    "Poisson": (0.0, -0.5, 0.25, 0.5, 0.25, -0.25, 0.0),
}
"""True weights of a single row; the first is the constant's."""

REPLICATES = 2**17

CASES = (
    ("replace", Replace(), "dey2024.discard", resampling.replace_inflation),
    ("accumulate", Accumulate(), "dey2024.augment", accumulation.accumulate_inflation),
)


def learners(precision: str, copies: int = COPIES) -> dict[str, GeneralisedLearner]:
    """Both regressions on `copies` rows of each combination.

    Successes add up to those of as many trials, Poisson counts to one of as large a mean: the sum
    has log(copies) more as its constant.
    """
    design, dtype = GivenDesign.of(ROWS), jnp.dtype(precision)
    logistic, poisson = (np.array(WEIGHTS[name]) for name in ("logistic", "Poisson"))
    poisson[0] += np.log(copies)
    return {
        "logistic": LogisticLearner(design, logistic, dtype, trials=copies),
        "Poisson": PoissonLearner(design, poisson, dtype),
    }


def processes(settings: Settings) -> Iterator[Process]:
    rows, dim = ROWS.shape
    where: dict[str, Any] = {"dim": dim, "samples": rows * COPIES}
    for name, learner in learners(settings.precision).items():
        for regime, rule, claim, inflation in CASES:
            yield Process(
                regime,
                Chain(learner, rule, GENERATIONS),
                REPLICATES,
                variant=name,
                where=where,
                checks=[Check(claim, "scaled_error", note=f"at T = {rows * COPIES:,}")],
                closed={"scaled_error": inflation},
            )


def _sentences(found: Found) -> Iterator[str]:
    for name in ("logistic", "Poisson"):
        replace, accumulate = f"replace, {name}", f"accumulate, {name}"
        if found.has(replace, accumulate):
            yield (
                f"After {found.fits(replace)} fits the error of {name} regression is "
                f"{found.mean(replace, 'scaled_error')} times that of one fit on its last labels "
                f"alone{found.cite('dey2024.discard')}, and "
                f"{found.mean(accumulate, 'scaled_error')} times on all labels so far"
                f"{found.cite('dey2024.augment')}."
            )


FAMILY = Family(
    processes,
    table=(*with_theory("error", "scaled_error"), Column("separated", "separated")),
    sentences=_sentences,
    explained=(
        "Error: squared, in the norm of the Fisher information, by dimension; that of one fit to "
        "many rows is 1."
    ),
)
