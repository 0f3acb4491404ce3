"""A language whose token probabilities have a histogram that is given: exactly, by construction."""

from collections.abc import Sequence
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Float

from collapse_sim.language.oracle import MarkovSource

DECILES = 10
"""Bins of a token's probability in its context, from 0 to 1."""

ROUNDING = 1e-9
"""By which shares of the text may miss a sum of 1."""

Joint = Float[np.ndarray, "contexts tokens"]
"""Probability of a context with a token after it."""


class Sure(NamedTuple):
    """Contexts whose next token is nearly certain."""

    share: float
    """Of the text: tokens drawn there with this probability."""
    probability: float
    """Of that token in its context, in (0.9, 1)."""


def calibrated_source(
    deciles: Sequence[float] | Float[np.ndarray, " bins"],
    sure: Sure,
    *,
    vocabulary: int = 128,
    seed: int = 0,
) -> MarkovSource:
    """A source of order 1 in whose text these shares of the tokens have these probabilities.

    `deciles[i]` is the share of the tokens that are drawn with a probability in
    [i / 10, (i + 1) / 10) in their context; `sure` is part of the last one. A context is sure of
    one token or holds some probable ones, all of a decile alike; the rest of its law is spread
    over all other tokens. Sure contexts are equally frequent, as are the others. The seed decides
    which token follows which.

    Raises ValueError for shares that are none, and for a vocabulary in which no whole number of
    tokens has them, or too small for the rest of a law to be improbable (below 1 / 10).
    """
    shares = np.asarray(deciles, float)
    if shares.shape != (DECILES,) or shares.min() < 0 or abs(shares.sum() - 1) > ROUNDING:
        raise ValueError(f"deciles={deciles}: accepted are {DECILES} shares >= 0 that sum to 1")
    if not (0 < sure.share <= shares[-1] and 0.9 < sure.probability < 1):
        raise ValueError(f"{sure}: accepted are shares in (0, {shares[-1]:g}] and P in (0.9, 1)")
    frequency = sure.share / sure.probability
    contexts = max(round(vocabulary * frequency), 1)
    if contexts >= vocabulary:
        raise _too_small(vocabulary)
    masses = np.full(vocabulary, (1 - frequency) / (vocabulary - contexts))
    masses[:contexts] = frequency / contexts
    edges = pairwise(np.arange(1, DECILES + 1) / DECILES)
    wanted = [*shares[1:-1], shares[-1] - sure.share]
    probable = [
        value
        for (low, high), share in zip(edges, wanted, strict=True)
        for value in _equal(share, low * masses[-1], high * masses[-1], vocabulary)
    ]
    joint = _scattered([sure.share / contexts] * contexts, probable[::-1], masses, seed)
    rest = _balanced(joint == 0, masses - joint.sum(axis=1), masses - joint.sum(axis=0))
    if not (rest / masses[:, None]).max() < 1 / DECILES:
        raise _too_small(vocabulary)
    return MarkovSource.of(((joint + rest) / masses[:, None])[None])


def _equal(total: float, low: float, high: float, vocabulary: int) -> list[float]:
    """Equal numbers in [low, high) with this sum, as near to the middle as can be."""
    about = round(2 * total / (low + high))
    counts = [n for n in (about, about + 1, about - 1) if n > 0 and low <= total / n < high]
    if total > 0 and not counts:
        raise _too_small(vocabulary)
    return [total / counts[0]] * counts[0] if total > 0 else []


def _scattered(
    sure: list[float], others: list[float], masses: Float[np.ndarray, " tokens"], seed: int
) -> Joint:
    """One sure number in each of the first rows, the others in the rows with most room; else 0.

    Each stands in the column with most room, the largest first: so what is left is left everywhere.
    """
    random = np.random.default_rng(seed)
    # Ties are broken at random, by far less than the numbers differ.
    rooms = np.stack([masses, masses]) * (1 + 1e-6 * random.random((2, len(masses))))
    joint = np.zeros((len(masses), len(masses)))
    for number, value in enumerate([*sure, *others]):
        row = number if number < len(sure) else int(np.argmax(rooms[0]))
        # No token follows itself with ease: text would run in circles.
        taken = (joint[row] > 0) | (np.arange(len(masses)) == row)
        column = int(np.argmax(np.where(taken, -np.inf, rooms[1])))
        joint[row, column] = value
        rooms[0, row] -= value
        rooms[1, column] -= value
    if not min((masses - joint.sum(axis=1)).min(), (masses - joint.sum(axis=0)).min()) > 0:
        raise _too_small(len(masses))
    return joint


def _balanced(
    cells: Bool[np.ndarray, "contexts tokens"],
    rows: Float[np.ndarray, " contexts"],
    columns: Float[np.ndarray, " tokens"],
) -> Joint:
    """Positive numbers in these cells with these sums: iterative proportional fitting.

    Sinkhorn and Knopp 1967, Pacific Journal of Mathematics 21.
    """
    found = cells * np.outer(rows, columns)
    for _ in range(10_000):
        found *= (rows / found.sum(axis=1))[:, None]
        factors = columns / found.sum(axis=0)
        found *= factors
        if np.abs(factors - 1).max() < 1e-14:
            break
    return found


def _too_small(vocabulary: int) -> ValueError:
    return ValueError(
        f"vocabulary={vocabulary}: too small for these shares (128 do for the published)"
    )
