"""Numbers for each claim of contaminated retraining, found without the formula that it names.

Rows are (claim id, parameters, number, relative tolerance). A formula off by 2 % misses them.
"""

import math

import numpy as np
from scipy import stats

PI = math.pi

BATCHES = {"probabilities": [0.3, 0.7], "samples": [2, 3, 4], "human_shares": [1.0, 0.5, 0.8]}
COINS = {"probabilities": [0.5, 0.5], "samples": 5}
"""One batch is off by 1/2 / 5 = 1/10."""

EQUAL = {"probabilities": [0.5, 0.5], "samples": 3, "human_shares": [1.0, 0.25, 0.25]}


def paths_error(
    *, probabilities: list[float], samples: int | list[int], human_shares: list[float], debias: bool
) -> float:
    """Mean squared error over every sequence of counts of two types, by the definition."""
    sizes = np.broadcast_to(samples, len(human_shares)).tolist()
    truth = probabilities[0]

    def mean_error(seen: list[tuple[float, float]], estimate: float, place: int) -> float:
        if place == len(sizes):
            return 2 * (estimate - truth) ** 2
        size, share = sizes[place], human_shares[place]
        chance = share * truth + (1 - share) * estimate
        total = 0.0
        for count in range(size + 1):
            mean, weight = count / size, size
            if debias:
                mean = (mean - (1 - share) * estimate) / share
                weight = size * share**2
            grown = [*seen, (mean, weight)]
            following = sum(m * w for m, w in grown) / sum(w for _, w in grown)
            chance_of_count = float(stats.binom.pmf(count, size, chance))
            total += chance_of_count * mean_error(grown, following, place + 1)
        return total

    return mean_error([], truth, 0)


def mean_variance(share: float, batches: int) -> float:
    """Of a mean of batches, each off by (1 - a) times the error so far and by 1 of its own."""
    variance = 0.0
    for t in range(1, batches + 1):
        variance = (1 - share / t) ** 2 * variance + 1 / t**2
    return variance


def cut_missed(draws: float, cut: int, clean: float) -> float:
    """Sum over the ranks of p = 6/(pi i)^2 under a cut with a clean part; above 1e5, that of p."""
    ranks = np.arange(1, 10**5)
    law = 6 / PI**2 / ranks**2.0
    kept = np.where(ranks <= cut, 1 / law[:cut].sum(), 0)
    trained = law * (clean + (1 - clean) * kept)
    return float(law @ np.exp(draws * np.log1p(-trained))) + 6 / PI**2 / (10**5 - 0.5)


def _rate(share: float, batches: int) -> tuple[str, dict, float, float]:
    where = COINS | {"generation": batches, "human_share": share}
    return "wang2026.rate", where, mean_variance(share, batches) / 10, 1e-9


def _descent(draws: float, cut: int, clean: float) -> tuple[str, dict, float, float]:
    where = {"exponent": 2.0, "samples": draws, "cut": cut, "human_fraction": clean}
    return "dohmatob2024b.thm32", where, cut_missed(draws, cut, clean), 2e-3


REFERENCES: list[tuple[str, dict, float, float]] = [
    ("kanabar2025.minimax", {"samples": [4, 8], "human_shares": [1.0, 0.5]}, 1 / 6, 1e-12),
    ("ref.debiased", BATCHES, paths_error(**BATCHES, debias=True), 1e-12),
    ("ref.debiased", EQUAL, paths_error(**EQUAL, debias=True), 1e-12),
    ("ref.pooled", BATCHES, paths_error(**BATCHES, debias=False), 1e-12),
    ("ref.pooled", EQUAL, paths_error(**EQUAL, debias=False), 1e-12),
    # without any human batch but the first, the sum of 1/t^2
    ("wang2026.rate", COINS | {"generation": 3, "human_share": 0.0}, 49 / 360, 1e-12),
    ("wang2026.rate", COINS | {"generation": 10**12, "human_share": 0.0}, PI**2 / 60, 1e-9),
    ("wang2026.rate", COINS | {"generation": 7, "human_share": 1.0}, 1 / 70, 1e-12),
    *(
        _rate(*case)
        for case in ((0.1, 10**4), (0.2, 10**5), (0.49, 50), (0.5, 10**4), (0.8, 10**4))
    ),
    ("bertrand2024.stab", {"ratio": 0.25, "generation": 3}, 1 / 9, 1e-12),
    ("bertrand2024.stab", {"ratio": 0.25, "misfit": 0.5, "generation": 2}, 0.6, 1e-12),
    ("ref.mixed_rate", {"ratio": 0.25, "generation": 3}, 1 / 25, 1e-12),
    ("ref.mixed_rate", {"ratio": 2.0, "generation": 4}, 8 / 27, 1e-12),
    # sin(x) / x is 2 / pi at x = pi / 2, and .843436 for ten points
    ("barzilai2025.thm41", {"samples": 4}, 4 - 8 / PI, 1e-12),
    ("barzilai2025.thm41", {"samples": 10}, 4 * (1 - 0.843436), 1e-5),
    # before, on and after a plateau, at 8 ranks and at 100
    *(_descent(draws, 8, 0.005) for draws in (200, 1000, 10**6)),
    *(_descent(draws, 100, 1e-4) for draws in (1000, 10**5, 10**9)),
]

ANSWERS = [("bertrand2024.stab", {"ratio": 0.5, "generation": 2}, math.inf)]
