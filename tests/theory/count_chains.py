"""Counts of types as exact Markov chains, and a test of the mean over simulated chains."""

import numpy as np
from scipy import stats

FAILURE_RATE = 1e-6
"""Chance that one comparison of means fails although the formula is right. All seeds are fixed."""


def wright_fisher(samples: int) -> np.ndarray:
    """Transition matrix of the count of one of two types."""
    counts = np.arange(samples + 1)
    return stats.binom.pmf(counts[None, :], samples, counts[:, None] / samples)


def count_law(probability: float, samples: int, generation: int) -> np.ndarray:
    """Law of that count in generation n."""
    first = stats.binom.pmf(np.arange(samples + 1), samples, probability)
    return first @ np.linalg.matrix_power(wright_fisher(samples), generation - 1)


def fixation_time(probability: float, samples: int) -> float:
    """Mean fits until one of two types is left."""
    inner = wright_fisher(samples)[1:-1, 1:-1]
    times = np.linalg.solve(np.eye(samples - 1) - inner, np.ones(samples - 1))
    return 1 + float(count_law(probability, samples, 1)[1:-1] @ times)


def coalescence_time(samples: int) -> float:
    """Mean generations back to one ancestor of all: balls in boxes, again and again."""
    moves = np.zeros((samples + 1, samples + 1))
    for balls in range(1, samples + 1):
        occupied = np.zeros(samples + 1)
        occupied[0] = 1
        for _ in range(balls):
            full = np.arange(samples + 1) / samples
            occupied = occupied * full + np.append(0, (occupied * (1 - full))[:-1])
        moves[balls] = occupied
    inner = moves[2:, 2:]
    return float(np.linalg.solve(np.eye(samples - 1) - inner, np.ones(samples - 1))[-1])


def same_mean(values: np.ndarray, expected: float) -> bool:
    """True if a t test over independent chains leaves it possible that `expected` is the mean."""
    return bool(stats.ttest_1samp(values, expected).pvalue > FAILURE_RATE)
