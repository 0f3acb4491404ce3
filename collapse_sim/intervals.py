"""Intervals for the mean of a measure over replicates, and for the distance between two laws.

Those of means are asymptotic confidence sequences: valid at every look at once, so a run may stop
as soon as it knows.
"""

import math
from collections.abc import Callable
from functools import cache

import numpy as np
from jaxtyping import Float

from collapse_sim.moments import Moments

SMALLEST_LOOK = 1000
"""Fewest replicates at which the normal limit behind a confidence sequence is trusted."""

LARGEST_SHARE = 0.02
"""Largest share of the variance that one replicate may have; above it no mean is judged.

A mean may be made of rare events. The limit asks for fifty of them, and more where the error is
small: see `largest_share`. With five a confidence sequence missed 25 times as often as it says.
This is the share at SMALLEST_LOOK replicates; where fewer are enough, it is larger in proportion.
"""

Interval = tuple[float, float]

ANYWHERE: Interval = (-math.inf, math.inf)
"""Interval of an unknown measure: the whole line."""


def require_finite_variance(finite_moments: float, what: str) -> None:
    """Raises ValueError unless moments of order above 2 are finite, as every mean test needs.

    The test error of least squares on fresh Gaussian rows has finite moments below order
    (samples - dim + 1) / 2: a variance from samples = dim + 4 on.
    """
    if finite_moments <= 2:
        raise ValueError(
            f"{what} has finite moments only below order {finite_moments:g}: a test of its mean "
            "needs more than 2; test its law, or the mean over the design's scale"
        )


def require_error(error: float) -> None:
    """Raises ValueError for a chance of error that is none."""
    if not 0 < error < 1:
        raise ValueError(f"error={error}: accepted is (0, 1)")


def radius(count: int, error: float, *, best_at: int = 20_000) -> float:
    """Half width, in standard deviations, of a confidence sequence for a mean after `count` values.

    Asymptotic confidence sequence of Waudby-Smith, Arbour, Sinha, Kennedy and Ramdas, "Time-uniform
    central limit theory and asymptotic confidence sequences" (Annals of Statistics 2024),
    Theorem 2.2, with the scale of its normal mixture chosen to be narrowest at `best_at`.
    Needs a finite variance. `error` is the chance that the sequence ever misses the mean.
    """
    require_error(error)
    log = -2 * math.log(error)
    scale = count * (log + math.log(log + 1)) / best_at
    return math.sqrt(2 * (scale + 1) / (count * scale) * math.log(math.sqrt(scale + 1) / error))


def mean_interval(
    moments: Moments,
    index: int,
    error: float,
    *,
    finite_moments: float = math.inf,
    smallest_look: int = SMALLEST_LOOK,
    support: Interval = ANYWHERE,
) -> Interval:
    """Confidence sequence for one generation's mean; (-inf, inf) before `smallest_look` replicates.

    Also (-inf, inf) when one replicate makes up too much of the variance, which then may not even
    be finite, whatever `finite_moments` says. When all n replicates are equal another differs with
    a chance of at most log(1 / error) / n, and may lie anywhere in the `support`: where one is
    given, that and the sequence share the error. What no replicate has shown yet among values that
    differ cannot be seen: a rare and large event makes it miss oftener. Raises ValueError where no
    finite variance is known to exist.
    """
    require_finite_variance(finite_moments, "the measured error")
    require_error(error)
    if moments.count < smallest_look:
        return ANYWHERE
    error = error if support == ANYWHERE else error / 2
    mean = float(moments.mean[index])
    if moments.least[index] == moments.largest[index]:
        other = min(1.0, math.log(1 / error) / moments.count)
        return mean - other * (mean - support[0]), mean + other * (support[1] - mean)
    if moments.largest_share[index] > largest_share(moments.count, error, smallest_look):
        return ANYWHERE
    half = radius(moments.count, error) * math.sqrt(moments.variance[index])
    return mean - half, mean + half


def why_unknown(
    moments: Moments,
    index: int,
    error: float,
    *,
    smallest_look: int = SMALLEST_LOOK,
    support: Interval = ANYWHERE,
) -> str:
    """Reason in words why `mean_interval` is infinite; empty where the sequence is known."""
    if moments.count < smallest_look:
        return f"{moments.count:,} replicates, at least {smallest_look:,} are needed"
    if moments.least[index] == moments.largest[index]:
        return "all replicates are equal, which says nothing of how far another may lie"
    error = error if support == ANYWHERE else error / 2
    share = float(moments.largest_share[index])
    most = largest_share(moments.count, error, smallest_look)
    if share > most:
        return (
            f"one replicate alone makes up {100 * share:.3g} % of the variance, at most "
            f"{100 * most:.3g} % are accepted"
        )
    return ""


@cache
def largest_share(count: int, error: float, smallest_look: int = SMALLEST_LOOK) -> float:
    """Largest share of the variance that one of `count` replicates may have.

    Of k rare events each makes up 1 / k. Their number is a Poisson variable, whose lower tail is
    heavier than the normal one: the fewer events, and the farther out, the more. Here one look
    misses with a chance of at most a third of the `error`, so that all looks together keep it.
    """
    reach, accepted = radius(count, error) * math.sqrt(count), 0.0
    refused = LARGEST_SHARE * SMALLEST_LOOK / smallest_look
    if _rare_missed(refused, reach) <= error / 3:
        return refused
    for _ in range(40):
        middle = (accepted + refused) / 2
        small = _rare_missed(middle, reach) <= error / 3
        accepted, refused = (middle, refused) if small else (accepted, middle)
    return accepted


def _rare_missed(share: float, reach: float) -> float:
    """Chance that 1 / `share` events are seen where more than `reach` deviations more are expected.

    The tail of a Poisson variable to leading order (Bahadur and Ranga Rao 1960).
    """
    more = reach * math.sqrt(share)
    return math.exp((math.log1p(more) - more) / share) / (reach * math.sqrt(2 * math.pi))


def largest_distance(
    sample: Float[np.ndarray, " replicates"], law: Callable[[np.ndarray], np.ndarray]
) -> float:
    """Kolmogorov's distance between a sample and a distribution function."""
    ordered = law(np.sort(np.asarray(sample, np.float64)))
    steps = np.arange(len(ordered) + 1) / len(ordered)
    return float(max((steps[1:] - ordered).max(), (ordered - steps[:-1]).max()))


def law_interval(distance: float, count: int, error: float) -> Interval:
    """Interval for the true distance between two laws, from one look at `count` draws.

    Dvoretzky-Kiefer-Wolfowitz with Massart's constant; no moment needs to be finite.
    """
    half = math.sqrt(math.log(2 / error) / (2 * count))
    return max(distance - half, 0.0), distance + half
