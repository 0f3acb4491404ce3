"""Numbers for each claim of the token rule, found without the formula that the claim names.

Rows are (claim id, parameters, number or law, relative tolerance). A formula off by 2 % misses
them.
"""

from fractions import Fraction

import numpy as np

ROUNDING = 1e-9  # float64 sums of a few terms
PRINTED = 5e-5  # numbers known to five digits


def edited_by_matrix(law, prior, threshold, replacement, *, context: bool = False) -> np.ndarray:
    """One pass as a transition matrix, token by token: row y is the law of what replaces y."""
    size = len(prior)
    transition = np.zeros((size, size))
    for y in range(size):
        edit = max(prior) >= threshold if context else prior[y] >= threshold
        transition[y] = replacement if edit else np.eye(size)[y]
    return np.asarray(law) @ transition


def distance_of_a_pass(law, prior, threshold, replacement) -> float:
    """Total variation as the largest difference over all events, which are listed."""
    change = edited_by_matrix(law, prior, threshold, replacement) - law
    events = (np.arange(2 ** len(change))[:, None] >> np.arange(len(change))) & 1
    return float(np.max(events @ change))


CONFIDENT = [0.995, 0.003, 0.0015, 0.0005]
FLAT = [0.3, 0.3, 0.25, 0.15]
OTHER = [0.1, 0.6, 0.2, 0.1]

REFERENCES: list[tuple[str, dict, float | list[float], float]] = [
    # 1 - 99/100
    ("ref.token_tv_bound", {"threshold": 0.99}, float(Fraction(1, 100)), ROUNDING),
    ("ref.token_tv_bound", {"threshold": 0.25}, 0.75, ROUNDING),
    # a (1 - a)
    (
        "ref.token_tv",
        {"prior": CONFIDENT, "threshold": 0.99},
        float(Fraction(995, 1000) * Fraction(5, 1000)),
        ROUNDING,
    ),
    # any starting law: q(y*) (1 - a)
    (
        "ref.token_tv",
        {"prior": CONFIDENT, "threshold": 0.99, "law": OTHER},
        float(Fraction(1, 10) * Fraction(5, 1000)),
        ROUNDING,
    ),
    # three eligible tokens and another replacement law
    (
        "ref.token_tv",
        {"prior": FLAT, "threshold": 0.2, "law": OTHER, "replacement": CONFIDENT},
        distance_of_a_pass(OTHER, FLAT, 0.2, CONFIDENT),
        ROUNDING,
    ),
    ("ref.token_iter", {"prior_top": 0.995, "passes": 1}, 0.990025, ROUNDING),
    ("ref.token_iter", {"prior_top": 0.995, "passes": 2}, 0.985075, PRINTED),
    ("ref.token_iter", {"prior_top": 0.995, "passes": 3}, 0.980150, PRINTED),
    # from the matrix, where the formula's conditions hold
    (
        "ref.token_iter",
        {"prior_top": 0.995, "passes": 1},
        edited_by_matrix(CONFIDENT, CONFIDENT, 0.99, CONFIDENT)[0],
        ROUNDING,
    ),
    ("ref.token_iter_tail", {"prior_top": 0.995, "passes": 1}, 1.995, ROUNDING),
    ("ref.token_iter_tail", {"prior_top": 0.995, "passes": 2}, 2.985025, ROUNDING),
    ("ref.token_iter_tail", {"prior_top": 0.995, "passes": 3}, 3.9701, PRINTED),
    ("ref.token_iter_tail", {"prior_top": 1.0, "passes": 7}, 8.0, ROUNDING),
    # the prior itself, and whatever law is drawn from in its place
    ("ref.token_context", {"prior": CONFIDENT, "threshold": 0.99}, max(CONFIDENT), ROUNDING),
    (
        "ref.token_context",
        {"prior": CONFIDENT, "threshold": 0.99, "law": OTHER, "replacement": FLAT},
        max(FLAT),
        ROUNDING,
    ),
    ("ref.token_context", {"prior": FLAT, "threshold": 0.99, "law": OTHER}, max(OTHER), ROUNDING),
]
