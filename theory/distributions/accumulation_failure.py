r"""Failure of accumulation: a consistent estimator that collapses at the second fit.

An instance in the form of Barzilai and Shamir 2025, Theorem 5.1, $(1-a) U[0,1] + a U[\mu, \mu+f]$;
the constants are derived here, theirs are not at hand. Human points are uniform on [0, 1]. One
family for each sample size n: the uniform law, and spikes of weight a on one window of width f,

- level 1: $a_1 = n^{-1/2}$, $f_1 = e^{-4n}$; the windows cover a share $q_1 = 1/n$ of [0, 1];
- level 2: $a_2$ (0.9), $f_2 = e^{-n^3}$; they cover a share $r = n^{-1/2}$ of each level-1
  window, hence $q_2 = q_1 r = n^{-3/2}$ of [0, 1]

(widths up to the rounding that makes the numbers of windows whole). A window with m of N points
gives the log-likelihood $m \log(1 - a + a/f) + (N - m) \log(1 - a)$, the uniform law 0. Where
`likelihood_margins` are positive, one point in a level-2 window beats every law of a lower level,
and one in a level-1 window beats the uniform law. So **the level of the fit is the highest level
that any point of the data hits**, exactly, whatever else the data are, and the levels of successive
fits are a Markov chain of three states:

- fit 1 has total variation at most $a_1$ to the truth, but for a chance
  $1 - (1 - q_2)^n < n^{-1/2}$: the estimator is consistent;
- it is at level 1 with a chance near 1 - 1/e, and then draws about $\sqrt n$ points from its
  window, so that one of them hits level 2 with a chance near 1 - 1/e: total variation $a_2$.

Accumulation keeps every human point and does not help: a likelihood without bound outweighs them.
Smoothness is what the theorems that promise safety assume. A generator that narrows its own law
collapses under accumulation as well (theory/distributions/gaussian.py).
"""

import math

import numpy as np

from theory.claims import claim
from theory.validate import require_count, require_fraction

_REGIMES = ("accumulate", "replace", "human_only")


def likelihood_margins(
    *, samples: int, fits: int, collapsed_weight: float = 0.9
) -> tuple[float, float]:
    r"""Least lead in log-likelihood of one point in a window, over up to `fits` times n points.

    With $B = \log(1 - a + a/f)$ and N = fits n points: level 1 over the uniform law,
    $B_1 + (N - 1) \log(1 - a_1)$; level 2 over all below, $B_2 + (N - 1) \log(1 - a_2) - N B_1$.

    >>> [round(margin) for margin in likelihood_margins(samples=64, fits=2)]
    [237, 229350]
    """
    require_count("samples", samples, least=2)
    require_count("fits", fits, least=1)
    require_fraction("collapsed_weight", collapsed_weight, open_interval=True)
    points, light = fits * samples, samples**-0.5
    gains = [
        np.logaddexp(math.log1p(-weight), math.log(weight) + log_inverse_width)
        for weight, log_inverse_width in ((light, 4 * samples), (collapsed_weight, samples**3))
    ]
    first = gains[0] + (points - 1) * math.log1p(-light)
    second = gains[1] + (points - 1) * math.log1p(-collapsed_weight) - points * gains[0]
    return float(first), float(second)


def level_probabilities(
    *,
    samples: int,
    generations: int,
    regime: str = "accumulate",
    collapsed_weight: float = 0.9,
) -> np.ndarray:
    r"""Chances that fit 1, ..., `generations` is uniform, spiked (1) or collapsed (2): (., 3).

    A point of a level-l model misses level 1 with probability $(1 - a_l)(1 - q_1)$, and level 2
    with $1 - q_2$, $1 - a_1 r - (1 - a_1) q_2$, $(1 - a_2)(1 - q_2)$ for l = 0, 1, 2. The next fit
    has the highest level among the n new points (`replace`), or among them and all before
    (`accumulate`); `human_only` fits the same data again.

    Raises ValueError where the margins are not positive: for too few samples or too many fits.

    >>> level_probabilities(samples=64, generations=2)[:, 2].round(4).tolist()
    [0.1176, 0.509]
    """
    if regime not in _REGIMES:
        raise ValueError(f"regime={regime}: accepted are {', '.join(_REGIMES)}")
    require_count("generations", generations, least=1)
    fits = generations if regime == "accumulate" else 1
    margins = likelihood_margins(samples=samples, fits=fits, collapsed_weight=collapsed_weight)
    if min(margins) <= 0:
        raise ValueError(
            f"samples={samples}: accepted are sample sizes with positive likelihood margins over "
            f"{fits} fits, here {margins}"
        )
    drawn = _levels_drawn(samples, collapsed_weight)
    if regime == "accumulate":  # the level cannot fall: what was below the present one is at it
        kept = np.triu(drawn)
        step = kept + np.diag(1 - kept.sum(axis=1))
    else:
        step = drawn if regime == "replace" else np.eye(3)
    laws = [drawn[0]]
    for _ in range(1, generations):
        laws.append(laws[-1] @ step)
    return np.stack(laws)


@claim(
    "ref.accumulate_fails",
    "theory/distributions/accumulation_failure.py, collapse_probability",
    relation="==",
    says="chance of collapse by fit t: the level of a fit is the highest that its data "
    "hit, a Markov chain of three states",
    needed="positive likelihood margins",
    expected="holds",
)
def collapse_probability(
    *,
    samples: int,
    generation: int,
    regime: str = "accumulate",
    collapsed_weight: float = 0.9,
) -> float:
    """Chance that fit `generation` is collapsed: total variation at least 0.9 to the truth.

    >>> round(collapse_probability(samples=4**12, generation=2), 3)
    0.4
    """
    laws = level_probabilities(
        samples=samples,
        generations=generation,
        regime=regime,
        collapsed_weight=collapsed_weight,
    )
    return float(laws[-1, 2])


@claim(
    "barzilai2025.thm51",
    "Barzilai and Shamir 2025 (arXiv 2505.19046), Theorem 5.1; "
    "constants derived: theory/distributions/accumulation_failure.py",
    relation=">=",
    says="a family, consistent in total variation, collapses at fit 2 under accumulation with "
    "a chance of at least a constant, here $(1 - 1/e)^2$, for every $n$",
    stated="uniform laws with spikes; constants not at hand",
    needed="the derived instance, one family for each n",
    expected="holds: keeping the human data does not protect maximum likelihood without smoothness",
)
def collapse_floor(*, generation: int) -> float:
    r"""Least chance of collapse by fit t under accumulation, for every n: its limit as n grows.

    $1 - e^{-t} (1 + t (e - 1))$, at t = 2 $(1 - 1/e)^2 = 0.3996$. A uniform fit stays uniform
    with $(1 - 1/n)^n < 1/e$, a spiked one survives with $(1 - s)^n < 1/e$, $s > a_1 r = 1/n$, and
    the chance to survive grows with both and with $(1 - q_2)^n \le 1$.

    >>> collapse_floor(generation=1)
    0.0
    """
    require_count("generation", generation, least=1)
    return 1 - math.exp(-generation) * (1 + generation * (math.e - 1))


def expected_total_variation(
    *,
    samples: int,
    generation: int,
    regime: str = "accumulate",
    collapsed_weight: float = 0.9,
) -> float:
    r"""Mean total variation of fit `generation` to the truth: $a_l (1 - f_l)$ at level l.

    >>> expected_total_variation(samples=64, generation=1) < 2 * 64**-0.5
    True
    """
    laws = level_probabilities(
        samples=samples,
        generations=generation,
        regime=regime,
        collapsed_weight=collapsed_weight,
    )
    inside = -np.expm1(-np.array([4.0 * samples, float(samples) ** 3]))
    return float(laws[-1, 1:] @ (np.array([samples**-0.5, collapsed_weight]) * inside))


def _levels_drawn(samples: int, collapsed_weight: float) -> np.ndarray:
    """Law of the highest level among n points of a model of each level, (3, 3)."""
    light = share = samples**-0.5
    first, second = 1 / samples, share / samples
    weights = np.array([0.0, light, collapsed_weight])
    reaches_first = weights + (1 - weights) * first
    reaches_second = weights * np.array([0.0, share, 1.0]) + (1 - weights) * second
    none_first, none_second = (
        samples * np.log1p(-chance) for chance in (reaches_first, reaches_second)
    )
    only_first = np.exp(none_second) * -np.expm1(none_first - none_second)
    return np.stack([np.exp(none_first), only_first, -np.expm1(none_second)], axis=1)
