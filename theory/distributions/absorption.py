"""Exact mean times until one type is left, by solving the chains of full resampling.

The large-sample forms are `categorical.absorption_time_distinct` and `absorption_time_two_types`.
"""

import numpy as np

from theory.claims import claim
from theory.validate import require_count, require_fraction


@claim(
    "kazdan2025.discrete",
    "Kazdan et al. 2025",
    relation="==",
    provenance="recalled",
    says="from N distinct types one is left after about 2N generations: exactly, when N "
    "lines of descent have one ancestor",
    stated="2N (recalled)",
    needed="the chain of ancestors; 2(N - 1) for large N, 1 % high at N = 50",
    expected="holds; 2N is its leading order",
)
def coalescence_time(*, samples: int) -> float:
    r"""Mean generations until one of N distinct types is left: N lines of descent coalesce.

    Going back one generation, j lines have as many ancestors as N boxes have full ones after j
    throws. About $2 (N - 1)$, 1 % too high at N = 50.
    Source: the coalescent of the Wright-Fisher model; Ewens 2004, section 10.

    >>> coalescence_time(samples=2)
    2.0
    """
    require_count("samples", samples, least=1)
    full = np.arange(samples + 1) / samples
    occupied = np.eye(1, samples + 1)[0]
    moves = []
    for _ in range(samples):
        occupied = occupied * full + np.append(0, (occupied * (1 - full))[:-1])
        moves.append(occupied)
    # From j = 2, ..., N lines; one is the end.
    return _mean_time(np.array(moves)[1:, 2:], np.eye(1, samples - 1, samples - 2)[0])


@claim(
    "ref.two_types",
    "derived: theory/distributions/absorption.py; Ewens 2004",
    relation="==",
    says="two types: one is left after about -2N [p ln p + (1 - p) ln(1 - p)] fits: "
    "exactly, by the chain of counts",
    stated="diffusion limit",
    needed="the exact chain; the limit for large N, 3 % high at N = 50, p = .3",
    expected="holds; the diffusion limit is its leading order",
)
def fixation_time(*, probability: float, samples: int) -> float:
    r"""Mean fits until one of two types is left, the first fit to human tokens included.

    About $-2N [p \ln p + (1-p) \ln(1-p)]$, 3 % too high at N = 50, p = .3.
    Source: the Wright-Fisher chain; Ewens 2004, section 3.

    >>> fixation_time(probability=0.5, samples=2)
    2.0
    """
    require_fraction("probability", probability, open_interval=True)
    require_count("samples", samples, least=1)
    inner = np.arange(1, samples)
    moves = np.array([_binomial(samples, count / samples)[inner] for count in inner])
    moves = moves.reshape(samples - 1, samples - 1)
    return 1 + _mean_time(moves, _binomial(samples, probability)[inner])


def _mean_time(moves: np.ndarray, start: np.ndarray) -> float:
    """Mean number of steps among states that are all left in the end."""
    return float(start @ np.linalg.solve(np.eye(len(moves)) - moves, np.ones(len(moves))))


def _binomial(count: int, chance: float) -> np.ndarray:
    """Chances of 0, ..., `count` successes."""
    found = np.arange(count + 1)
    factorials = np.append(0, np.cumsum(np.log(np.arange(1, count + 1))))
    logs = factorials[-1] - factorials - factorials[::-1]
    return np.exp(logs + found * np.log(chance) + found[::-1] * np.log1p(-chance))
