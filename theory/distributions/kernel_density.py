r"""A kernel density fitted again and again to its own draws: mean variances, exactly.

Each generation draws M points from the last density: a point of its sample plus h times noise of
unit variance, in one dimension or, with covariances, entry by entry. Generation 1 is the density
of M human points of variance v, and variances of samples divide by M. A fixed bandwidth ends at
the variance M h^2 while the mean drifts for ever; one in units of the sample's own spread, as
Silverman's, makes the variance grow exponentially.
"""

import math

from theory.claims import claim
from theory.validate import require_count, require_positive

_KERNEL = "derived: theory/distributions/kernel_density.py"


def sample_variance(
    *, samples: int, generation: int, bandwidth: float, human_variance: float = 1.0
) -> float:
    r"""Mean biased variance of the n-th sample, fixed bandwidth h.

    $s_1^2 = rv$, $s_{n+1}^2 = r (s_n^2 + h^2)$, $r = 1 - 1/M$:
    $s_n^2 = r^n v + h^2 (M-1) (1 - r^{n-1})$. Source: derived here.

    >>> sample_variance(samples=2, generation=2, bandwidth=1.0)
    0.75
    """
    _require(samples, generation, human_variance)
    require_positive("bandwidth", bandwidth, zero=True)
    remembered = (generation - 1) * math.log1p(-1 / samples)
    human = (1 - 1 / samples) * math.exp(remembered) * human_variance
    return human - bandwidth**2 * (samples - 1) * math.expm1(remembered)


@claim(
    "ref.kde_variance",
    _KERNEL,
    relation="==",
    says=r"kernel density, fixed h: $s_n^2 = r^n v + h^2 (M-1)(1-r^{n-1})$, $r = 1-1/M$",
    needed="biased variance of the n-th sample, h^2 more of the density; any kernel of variance "
    "h^2, any human law",
    expected="holds; the density ends at M h^2",
)
def model_variance(
    *, samples: int, generation: int, bandwidth: float, human_variance: float = 1.0
) -> float:
    r"""Mean variance of the n-th density: $s_n^2 + h^2$; its limit is $M h^2$.

    >>> model_variance(samples=2, generation=2, bandwidth=1.0)
    1.75
    """
    spread = sample_variance(
        samples=samples,
        generation=generation,
        bandwidth=bandwidth,
        human_variance=human_variance,
    )
    return spread + bandwidth**2


def sample_variance_limit(*, samples: int, bandwidth: float) -> float:
    r"""Limit of `sample_variance`: $h^2 (M - 1)$, whatever the human law.

    >>> sample_variance_limit(samples=5, bandwidth=0.5)
    1.0
    """
    require_count("samples", samples, least=1)
    require_positive("bandwidth", bandwidth, zero=True)
    return bandwidth**2 * (samples - 1)


@claim(
    "ref.kde_mean",
    _KERNEL,
    relation="==",
    says=r"kernel density, fixed h: the sample's mean errs by $v + (n-1) h^2 - s_n^2$",
    needed="the same",
    expected="holds; it grows for ever",
)
def mean_error(
    *, samples: int, generation: int, bandwidth: float, human_variance: float = 1.0
) -> float:
    r"""Mean squared error of the n-th sample's mean, fixed bandwidth.

    $v + (n-1) h^2 - s_n^2$: a draw gains $h^2$ of variance over chains each time. It grows by
    $h^2$ a generation for ever. Summed as $\frac1M (v + \sum_{i<n} s_i^2 + h^2)$.

    >>> mean_error(samples=2, generation=2, bandwidth=1.0)
    1.25
    """
    _require(samples, generation, human_variance)
    require_positive("bandwidth", bandwidth, zero=True)
    kept = 1 - 1 / samples
    spread, total = kept * human_variance, human_variance
    for _ in range(1, generation):
        total += spread + bandwidth**2
        spread = kept * (spread + bandwidth**2)
    return total / samples


def silverman_factor(*, samples: int) -> float:
    r"""Silverman's bandwidth in units of the sample's standard deviation: $1.06 M^{-1/5}$.

    Source: Silverman 1986, section 3.4.

    >>> silverman_factor(samples=32)
    0.53
    """
    require_count("samples", samples, least=1)
    return 1.06 / samples**0.2


@claim(
    "ref.kde_silverman",
    _KERNEL,
    relation="==",
    says=r"h = f times the sample's spread: $s_{n+1}^2 = s_n^2 (r + f^2)$, $s_1^2 = rv$",
    needed="spread with M - 1; r f^2 for f^2 when it is divided by M",
    expected="holds; Silverman's rule makes the variance explode",
)
def relative_sample_variance(
    *,
    samples: int,
    generation: int,
    factor: float,
    unbiased: bool = True,
    human_variance: float = 1.0,
) -> float:
    r"""Mean biased variance of the n-th sample when h is `factor` times the sample's spread.

    $s_n^2 = rv (r + r c f^2)^{n-1}$ with c = 1, or 1/r when the spread is `unbiased`: it grows
    exponentially iff $c f^2 > 1/(M-1)$, as Silverman's rule does for every M >= 3.
    Source: derived here.

    >>> relative_sample_variance(samples=2, generation=2, factor=1.0)
    0.75
    """
    _require(samples, generation, human_variance)
    require_positive("factor", factor, zero=True)
    kept = 1 - 1 / samples
    growth = kept + (1 if unbiased else kept) * factor**2
    return kept * human_variance * growth ** (generation - 1)


def _require(samples: int, generation: int, human_variance: float) -> None:
    require_count("samples", samples, least=2)
    require_count("generation", generation, least=1)
    require_positive("human_variance", human_variance, zero=True)
