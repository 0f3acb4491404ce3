r"""Selection of training data by a verifier with a centre of its own.

A synthetic y is kept iff $|y - \theta_c| \le c$, and the next model is $N(\theta, \sigma^2)$
with $\theta$ the mean of what was kept: $c = r + \sigma_c$ in the rule
$|y - x^\top \theta_c| \le r |x| + \sigma_c$ at x = 1. Of labels:
`theory.distributions.verified_labels`.
"""

import math
from typing import NamedTuple

import numpy as np

from theory.claims import claim
from theory.distributions.verified_labels import NEGLIGIBLE, NODES, WEIGHTS
from theory.validate import require_count, require_positive


def verified_mean(*, mean: float, centre: float, width: float, noise_std: float = 1.0) -> float:
    r"""Mean of the kept part of $N(\theta, \sigma^2)$: $g(\theta)$, the next model at large
    samples.

    $g(\theta) = \theta - \sigma \frac{\varphi(b) - \varphi(a)}{\Phi(b) - \Phi(a)}$ with
    $a, b = \frac{\theta_c \mp c - \theta}{\sigma}$. Its one fixed point is $\theta_c$.

    >>> verified_mean(mean=2.0, centre=2.0, width=0.5)
    2.0
    """
    return _kept_law(mean, centre, width, noise_std).mean


def verified_slope(*, mean: float, centre: float, width: float, noise_std: float = 1.0) -> float:
    r"""Slope of $g$: $g'(\theta) = \mathrm{Var}(y \mid \text{kept}) / \sigma^2$, in (0, 1].

    As for any exponential family in $\theta / \sigma^2$; truncation lowers a normal's variance.

    >>> round(verified_slope(mean=0.0, centre=0.0, width=0.01), 7)  # uniform: width^2 / 3
    3.33e-05
    """
    return _kept_law(mean, centre, width, noise_std).slope


def contraction_rate(*, width: float, noise_std: float = 1.0) -> float:
    r"""Largest slope of $g$: $\rho = 1 - \frac{2 b \varphi(b)}{2\Phi(b) - 1}$ with $b = c/\sigma$.

    It is that at the centre: a cut normal has an even potential with a convex slope, so tilted
    upwards it has a negative third cumulant (the GHS inequality). So
    $|g(\theta) - \theta_c| \le \rho |\theta - \theta_c|$ with $\rho < 1$, wherever the truth is.

    >>> round(contraction_rate(width=1.0), 4)
    0.2911
    """
    return verified_slope(mean=0.0, centre=0.0, width=width, noise_std=noise_std)


def verified_means(
    *, truth: float, centre: float, width: float, noise_std: float = 1.0, generations: int
) -> np.ndarray:
    r"""Means of the fits 1, ..., `generations` as the samples grow: $g^{n-1}(\theta_*)$.

    Fit 1 is that on unverified human data. The limit is $\theta_c$, at the distance
    $|\theta_c - \theta_*|$ from the truth, whatever the truth is.

    >>> verified_means(truth=1.0, centre=1.0, width=0.5, generations=2).tolist()
    [1.0, 1.0]
    """
    require_count("generations", generations, least=1)
    means = [truth]
    for _ in range(1, generations):
        means.append(verified_mean(mean=means[-1], centre=centre, width=width, noise_std=noise_std))
    return np.array(means)


@claim(
    "ref.verified_mean",
    "theory/distributions/selection.py, verified_means",
    relation="==",
    says=r"$E \theta_n \to g^{n-1}(\theta_*)$, g the mean of the cut normal, whose fixed "
    r"point is $\theta_c$: the plateau is $|\theta_c - \theta_*|$",
    needed="mean estimation, known noise; up to O(1/T)",
    expected="holds",
    order="leading",
)
def verified_mean_at(
    *, truth: float, centre: float, width: float, noise_std: float = 1.0, generation: int
) -> float:
    """Mean of fit `generation`, the last entry of `verified_means`; off by O(1/samples).

    >>> verified_mean_at(truth=3.0, centre=1.0, width=0.5, generation=1)
    3.0
    """
    return float(
        verified_means(
            truth=truth, centre=centre, width=width, noise_std=noise_std, generations=generation
        )[-1]
    )


@claim(
    "ref.verified_error",
    "theory/distributions/selection.py, verified_error",
    relation="==",
    says=r"$E (\theta_n - \theta_*)^2$ of iterated verified means, with the terms in 1/T",
    needed="mean estimation, known noise; up to O(1/T^2)",
    expected="holds; the plateau is |centre - truth|^2 and more",
    order="leading",
)
def verified_error(
    *,
    truth: float,
    centre: float,
    width: float,
    noise_std: float = 1.0,
    samples: int,
    generation: int,
) -> float:
    r"""Mean squared distance of fit n to the truth, up to O(1/samples^2).

    $(m_n - \theta_*)^2 + 2 (m_n - \theta_*) \delta_n + v_n$ with $m_n = g^{n-1}(\theta_*)$, its
    correction $\delta' = g' \delta + \frac12 g'' v$ and the variance
    $v' = \frac{g' \sigma^2}{T \kappa} + g'^2 v$, from $\delta_1 = 0$, $v_1 = \sigma^2 / T$; $g''$
    is the third cumulant over $\sigma^4$. Infinite where the share kept is below the least float.

    >>> verified_error(truth=1.0, centre=0.0, width=0.5, samples=2, generation=1)
    0.5
    """
    require_count("samples", samples, least=1)
    rule = {"centre": centre, "width": width, "noise_std": noise_std}
    means = verified_means(truth=truth, generations=generation, **rule)
    bias, variance = 0.0, noise_std**2 / samples
    for mean in means[:-1]:
        law = _kept_law(float(mean), **rule)
        bias = law.slope * bias + law.bend / noise_std * variance / 2
        variance = _sampled(law.slope * noise_std**2, samples, law) + law.slope**2 * variance
    away = means[-1] - truth
    return float(away**2 + 2 * away * bias + variance)


@claim(
    "yi2026.contract",
    "Yi et al. 2026 (arXiv 2510.16657): the form recalled; rate and constants "
    "derived for means, theory/distributions/selection.py, verified_error_bound",
    relation="<=",
    says=r"$E|\theta_n - \theta_c|^2 \le \rho^{2(n-1)} E|\theta_1 - \theta_c|^2 "
    r"+ \sigma^2 \sum_j \rho^{2(n-j)+1} / n_j$, $\rho < 1$: it converges to $\theta_c$",
    stated=r"block design; exponent $2(n-j)-1$, weaker (recalled)",
    needed=r"mean estimation; $\rho = g'(\theta_c)$; to order 1/T, as $n_j$ is random",
    expected="holds; equality, to order 1/T, if the verifier's centre is the truth",
    order="leading",
)
def verified_error_bound(
    *,
    truth: float,
    centre: float,
    width: float,
    noise_std: float = 1.0,
    samples: int,
    generation: int,
) -> float:
    r"""Bound on the mean squared distance of fit n to the verifier's centre, to order 1/samples.

    $\rho^{2(n-1)} ((\theta_* - \theta_c)^2 + \frac{\sigma^2}{T})
    + \sigma^2 \sum_{j=2}^n \frac{\rho^{2(n-j)+1}}{T \kappa_j}$, with $\kappa_j$ the share kept of
    what fit j - 1 generates: conditionally on fit j - 1 the square of its bias is contracted by
    $\rho^2$, and its variance is $g' \sigma^2 / (T \kappa_j)$. The printed exponent (recalled) is
    $2(n-j)-1$, which is weaker. Infinite where the share kept is below the least float.
    Source: derived for means; the form is that of Yi et al. 2026 (recalled).

    >>> verified_error_bound(truth=1.0, centre=0.0, width=0.5, samples=2, generation=1)
    1.5
    """
    require_count("samples", samples, least=1)
    rule = {"centre": centre, "width": width, "noise_std": noise_std}
    rate = contraction_rate(width=width, noise_std=noise_std)
    bound = (truth - centre) ** 2 + noise_std**2 / samples
    for mean in verified_means(truth=truth, generations=generation, **rule)[:-1]:
        law = _kept_law(float(mean), **rule)
        bound = rate**2 * bound + _sampled(rate * noise_std**2, samples, law)
    return float(bound)


class _KeptLaw(NamedTuple):
    """Law of the rows that a verifier keeps of a normal law; cumulants in its standard
    deviations."""

    share: float
    mean: float
    slope: float
    """The second cumulant."""
    bend: float
    """The third cumulant."""


def _kept_law(mean: float, centre: float, width: float, noise_std: float) -> _KeptLaw:
    """Kept law by a sum over distances s from the kept point that is nearest to the mean.

    Its terms are exp(-s (s + 2 away) / 2), all positive: neither differences of distribution
    functions far in a tail nor a variance that is a difference of squares.
    """
    require_positive("width", width)
    require_positive("noise_std", noise_std)
    offset = mean - centre  # first: centre - width may round the width away
    nearest = min(max(offset, -width), width)
    away = min(abs(offset - nearest) / noise_std, 1e300)
    reach = 2 * NEGLIGIBLE / (away + math.hypot(away, math.sqrt(2 * NEGLIGIBLE)))
    if away > 0:
        low, high, side = 0.0, min(2 * width / noise_std, reach), math.copysign(1, nearest - offset)
    else:
        low = max((-width - offset) / noise_std, -reach)
        high, side = min((width - offset) / noise_std, reach), 1.0
    s = low + (high - low) * (NODES + 1) / 2
    weights = WEIGHTS * np.exp(-s * (s + 2 * away) / 2)
    total = weights.sum()
    shift = weights @ s / total
    slope, bend = (weights @ (s - shift) ** power / total for power in (2, 3))
    share = (high - low) / 2 * total * math.exp(-(min(away, 1e9) ** 2) / 2) / math.sqrt(2 * math.pi)
    return _KeptLaw(
        min(float(share), 1.0),
        float(centre + nearest + side * noise_std * shift),
        min(float(slope), 1.0),
        float(side * bend),
    )


def _sampled(variance: float, samples: int, law: _KeptLaw) -> float:
    """Variance of the mean of the rows kept among `samples`."""
    return variance / (samples * law.share) if law.share > 0 else math.inf
