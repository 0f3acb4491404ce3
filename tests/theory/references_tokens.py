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

LEAVING = np.array([[0.6, 0.3, 0.1], [0.2, 0.6, 0.2], [0.5, 0.3, 0.2]])
"""Laws of the next token: at 0.5 a change of token 0 or 1 moves what is sure behind it."""


def stationary(transition) -> np.ndarray:
    return np.linalg.matrix_power(transition, 200)[0]


def listed_pass(transition, threshold) -> tuple[float, float]:
    """Shares that left and that are eligible after a pass: all cases of five tokens are listed."""
    size, start = len(transition), stationary(transition)
    left = after = 0.0
    for context, y, z, w, v in np.ndindex(*[size] * 5):
        chance = start[context] * transition[context, y] * transition[y, w]
        is_sure, was = transition[context, y] >= threshold, transition[y, w] >= threshold
        chance *= transition[context, z] if is_sure else float(y == z)
        chance *= transition[y, v] if was else float(v == w)
        now = transition[z, v] >= threshold
        left += chance * (was and v == w and not now)
        after += chance * now
    return left, after


REFERENCES: list[tuple[str, dict, float | list[float], float]] = [
    # 1 - 99/100
    ("ref.token_tv_bound", {"threshold": 0.99}, float(Fraction(1, 100)), ROUNDING),
    ("ref.token_tv_bound", {"threshold": 0.25}, 0.75, ROUNDING),
    ("ref.edited_changed", {"mean_probability": 0.99642}, 0.00358, ROUNDING),
    ("ref.edited_leading", {"slope": 3.0, "fall_squared": 0.5}, 0.75, ROUNDING),
    (  # by hand: P = .55 leaves under two of the four shifts, .7 under one, .9 under none
        "ref.edited_between",
        {
            "sure": [0.55, 0.7, 0.9],
            "before": [0.5] * 4,
            "after": [0.3, 0.45, 0.48, 0.6],
            "threshold": 0.5,
        },
        0.75,
        ROUNDING,
    ),
    *(
        (
            claim,
            {"transition": LEAVING, "start": stationary(LEAVING), "threshold": threshold},
            listed_pass(LEAVING, threshold)[place],
            ROUNDING,
        )
        for threshold in (0.5, 0.55)
        for place, claim in enumerate(("ref.edited_left", "ref.edited_next"))
    ),
    # by hand, of tokens 0, 1 with laws (3/4, 1/4), (1/2, 1/2): sure is 0 behind 0 alone
    (
        "ref.edited_left",
        {"transition": [[0.75, 0.25], [0.5, 0.5]], "start": [2 / 3, 1 / 3], "threshold": 0.75},
        float(Fraction(1, 2) * Fraction(1, 4) * Fraction(9, 16)),
        ROUNDING,
    ),
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
