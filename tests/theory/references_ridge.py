"""Numbers for claims and formulas of penalised fits, found without the formula that they name.

Rows are (claim id or formula, parameters, number, relative tolerance). A formula off by 2 % misses
them.
"""

import math
from collections.abc import Callable
from typing import Any

from scipy import special

from theory.linear import ridge

EXACT = 1e-12


COLUMN = {"gram": [[1.0]], "moment": [1.0], "covariance": [[1.0]], "penalty": 1.0}
COLUMNS = {
    "gram": [[1.0, 0.0], [0.0, 3.0]],
    "moment": [2.0, 4.0],
    "true_weights": [2.0, 0.5],
    "covariance": [[1.0, 0.0], [0.0, 2.0]],
    "penalty": 1.0,
}


def three_rows_two_columns(penalty: float) -> tuple[float, float, float]:
    """Kept share, its square and noise at T = 3, d = 2, by exponential integrals.

    The eigenvalues a, b of X'X have the density |a - b| exp(-(a + b)/2) / 8 there, so one of them
    exp(-a/2) (2a - 4 + 8 exp(-a/2)) / 8.
    """
    p = 3 * penalty

    def j(rate: float) -> float:
        return math.exp(rate * p) * float(special.exp1(rate * p))  # of exp(-rate a) / (a + p)

    def minus_slope(rate: float) -> float:
        return 1 / p - rate * j(rate)

    once = (4 - (2 * p + 4) * j(0.5) + 8 * j(1)) / 8
    twice = (2 * j(0.5) - (2 * p + 4) * minus_slope(0.5) + 8 * minus_slope(1)) / 8
    return 1 - p * once, 1 - 2 * p * once + p**2 * twice, 2 * (once - p * twice)


REFERENCES: list[tuple[str, dict, float, float]] = [
    ("ref.ridge_memory", {"constants": [0.5, 0.25, 0.5], "generation": 3}, 1 / 8, EXACT),
    # f = 2/3 (1/4 + 3/4 f) at f = 1/3
    ("borup2021.limit", {"eigenvalue": 2.0, "penalty": 1.0, "truth_weight": 0.25}, 1 / 3, EXACT),
    ("mobahi2020.power", {"eigenvalue": 0.3, "penalty": 0.3, "fits": 5}, 1 / 32, EXACT),
    ("mobahi2020.power", {"eigenvalue": 2.0, "penalty": 1.0, "fits": 2}, 4 / 9, EXACT),
    # the fit 1/2 and the distilled one 1/2 - x/4: 1/4 at x = 1, 3/4 at x = -1
    *(
        ("dang2026.sign", COLUMN | {"true_weights": [truth]}, best, EXACT)
        for truth, best in ((0.25, 1.0), (0.75, -1.0))
    ),
    # two columns: the fit (1, 1) moves by x (-1/2, -1/4), to the truth (2, 1/2) nearest by
    # the error (-1, 1/2) . (1/2, 1/4) / |(1/2, 1/4)|^2 with squares weighted 1 and 2
    ("dang2026.sign", COLUMNS, (-1 / 2 + 2 / 8) / (1 / 4 + 2 / 16), EXACT),
]

FORMULAS: list[tuple[Callable[..., Any], dict, Any, float]] = [
    *(
        (
            ridge.ridge_constants_two_columns,
            {"samples": 3, "penalty": penalty},
            three_rows_two_columns(penalty),
            1e-9,
        )
        for penalty in (0.02, 0.3, 4.0)
    ),
]
