"""Numbers for claims on estimates from synthetic data, found without the formula that each names.

Rows are (claim id, parameters, number, relative tolerance). A formula off by 2 % misses them.
"""

import math

import numpy as np
from scipy import special


def chi_square_nodes(degrees: int, count: int = 8) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of means over a chi-square law, exact for powers below 2 `count`."""
    nodes, weights = special.roots_genlaguerre(count, degrees / 2 - 1)
    return 2 * nodes, weights / weights.sum()


def extrapolated_moments(samples: int, weight: float, share: float) -> tuple[float, float]:
    """Mean, and mean squared error, of the variance of draws: by both fits' chi-squares."""
    nodes, weights = chi_square_nodes(samples - 1)
    first = nodes[:, None] / samples
    second = first * share * nodes[None, :] / samples
    drawn = share * (first + weight * (first - second))
    chances = weights[:, None] * weights[None, :]
    return float(np.sum(chances * drawn)), float(np.sum(chances * (drawn - 1) ** 2))


def averaged_variance_error(samples: int, drawn: int) -> float:
    """Squared error of the mean of two sets' variances: by three chi-squares."""
    human, chance = chi_square_nodes(samples - 1)
    own, own_chance = chi_square_nodes(drawn - 1)
    first = human[:, None, None] / (samples - 1)
    mean = first * (own[None, :, None] + own[None, None, :]) / (2 * (drawn - 1))
    chances = chance[:, None, None] * own_chance[None, :, None] * own_chance[None, None, :]
    return float(np.sum(chances * (mean - 1) ** 2))


def fresh_rows(samples: int, human: int, generation: int) -> tuple[float, float]:
    """Mean variance and mean squared error of the mean, by the second moments of all points."""
    moments = np.eye(samples)
    mean_square = variance = np.nan
    for _ in range(generation):
        mean_square = moments.mean()
        variance = np.trace(moments) / samples - mean_square
        moments = np.full((samples, samples), mean_square)
        moments[:human], moments[:, :human] = 0, 0
        own = mean_square + variance
        np.fill_diagonal(moments, [1.0] * human + [own] * (samples - human))
    return float(variance), float(mean_square)


def _extrapolated(samples: int, weight: float, share: float) -> list[tuple]:
    where = {"samples": samples, "weight": weight, "sampling_variance": share}
    mean, error = extrapolated_moments(samples, weight, share)
    return [
        ("neon2026.gauss", where, mean, 1e-12),
        ("ref.neon_error", where, error, 1e-12),
    ]


def _fresh(samples: int, human: int) -> list[tuple]:
    variance, mean_square = fresh_rows(samples, human, 2000)
    where = {"samples": samples, "human": human}
    return [
        ("dhoot2026.fixedpoint", where, variance, 1e-12),
        ("dhoot2026.fixedpoint_mean", where, mean_square, 1e-12),
    ]


def pass_error(places: list[float], where: dict) -> float:
    """Error after a pass over rows of one coordinate each, synthetic with the chances `places`.

    By second moments of w' = (1 - h x^2) w + h x^2 u + h x e, with E x^2 = 1 and E x^4 = 3.
    """
    step, distance, noise = where["step"], where["distance"], where["noise_std"]
    square, mean = where["start"] ** 2, 0.0
    for chance in places:
        kept, moved = 1 - 2 * step + 3 * step**2, step - 3 * step**2
        target, target_square = chance * distance, chance * distance**2
        square = (
            kept * square
            + 2 * moved * target * mean
            + 3 * step**2 * target_square
            + (step * noise) ** 2
        )
        mean = (1 - step) * mean + step * target
    return square


def _passes() -> list[tuple]:
    where = {"dim": 1, "step": 0.1, "distance": 2.0, "noise_std": 0.5, "start": 1.5}
    mixed = where | {"rows": 12, "synthetic_share": 0.25}
    return [
        ("ref.one_pass", mixed, pass_error([0.25] * 12, where), 1e-12),
        (
            "ref.one_pass",
            mixed | {"synthetic_first": True},
            pass_error([1.0] * 3 + [0.0] * 9, where),
            1e-12,
        ),
        # one row, w' = w - h x (x.w): 1 - 2 h + h^2 (d + 2), and its noise h^2 d
        (
            "ref.one_pass",
            {
                "dim": 4,
                "rows": 1,
                "step": 0.5,
                "synthetic_share": 0.0,
                "distance": 1.0,
                "noise_std": 1.0,
            },
            1 - 1 + 6 / 4 + 1,
            1e-12,
        ),
    ]


WIDE = {"dim": 10, "human": 50, "synthetic": 50}
COINS = {"probabilities": [0.5, 0.5], "rewards": [0.0, math.log(3)]}
RIVALS = {"share": 0.5, "reward_gap": math.log(3)}

_VARIANCE = {"samples": 7, "drawn": 5, "sets": 2, "statistic": "variance"}

REFERENCES: list[tuple[str, dict, float, float]] = [
    # the normal law at half of 1.96, of tables; four sizes' worth of variance either way
    ("ref.coverage", {"samples": 50, "generation": 4}, 2 * 0.836453 - 1, 1e-4),
    ("ref.coverage", {"samples": [100, 300], "generation": 2}, 2 * 0.836453 - 1, 1e-4),
    ("ref.coverage", {"samples": 50, "generation": 1}, 0.95, 1e-12),
    *_extrapolated(10, 1.0, 1.0),
    *_extrapolated(5, 1.5, 0.8),
    *_extrapolated(3, 0.0, 0.5),
    *_fresh(10, 2),
    *_fresh(5, 1),
    *_fresh(6, 6),
    ("raisa2024.m", {"samples": 4, "drawn": 4, "sets": 2}, 3 / 8, 1e-12),
    ("raisa2024.m", {"samples": 5, "drawn": 10, "sets": 1}, 3 / 10, 1e-12),
    ("raisa2024.m", _VARIANCE, averaged_variance_error(7, 5), 1e-12),
    ("beirami2025.bon_kl", {"draws": 64}, 6 * math.log(2) - 63 / 64, 1e-12),
    ("beirami2025.bon_kl", {"draws": 2}, 0.19314718055994531, 1e-12),
    ("beirami2025.win_rate", {"draws": 3}, 3 / 4, 1e-12),
    ("ref.bon_rounds", {"share": 0.9, "draws": 2, "rounds": 3}, 0.43046721, 1e-12),
    # values 1 and 3 of e^r have the mean 2 and the variance 1
    ("ferbach2024.gain", COINS | {"choices": 2}, 2 + 1 / 6, 1e-12),
    ("ferbach2024.gain", COINS | {"choices": 4}, 2 + 1 / 4, 1e-12),
    # a loser's chance of 1/4: 1/2, then 3/8, then 33/128
    ("ref.curation_rate", RIVALS | {"generation": 2}, 3 / 8, 1e-12),
    ("ref.curation_rate", RIVALS | {"generation": 3}, 33 / 128, 1e-12),
    ("ref.curation_rate", {"share": 1e-9, "reward_gap": 1.0, "generation": 2}, 0.53788e-9, 1e-5),
    *_passes(),
    ("ref.two_stage", {"synthetic_share": 0.3, "distance": 1.0}, 0.09, 1e-12),
    ("rezaei2026.mean_shift", {"dim": 60, "human": 60, "synthetic": 60}, 60 / 59, 1e-12),
    # of equal rows 10 to a weight, half of them twice as wide: 5 u/(1 + u) + 20 u/(1 + 4 u) = 1
    ("rezaei2026.covariance_shift", WIDE | {"scale": 2.0}, 0.04616399, 1e-6),
    # and without a difference u = d / (n - d)
    ("rezaei2026.covariance_shift", WIDE | {"scale": 1.0}, 1 / 9, 1e-12),
]
