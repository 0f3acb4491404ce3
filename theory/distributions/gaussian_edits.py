r"""Moments of a Gaussian fitted to data that are drawn anew in part, or fresh human data in part.

Units, generations and `unbiased` as in `theory.distributions.gaussian`: results hold entry by entry
in any dimension, and by maximum likelihood they are the first two moments of any law on vectors.
"""

import math

from theory.claims import claim
from theory.validate import require_count, require_fraction

_EDITS = "derived: theory/distributions/gaussian_edits.py"


@claim(
    "ref.gauss_edit",
    _EDITS,
    relation="==",
    says=r"redrawing k random points of M: variance times $1 - \frac{k(M-k)}{M^2(M-1)}$ each "
    r"time; by maximum likelihood $1 - [\frac{k(M-k)}{M-1} + k]/M^2$",
    needed="subsets drawn uniformly and independently, chained",
    expected="holds",
)
def edit_variance(*, samples: int, edited: int, generation: int, unbiased: bool = True) -> float:
    r"""Mean variance when k random points of M are redrawn from the fit each time, chained.

    Every edit multiplies it by $1 - \frac{k(M-k)}{M^2(M-1)}$ (unbiased) or
    $1 - [\frac{k(M-k)}{M-1} + k]/M^2$ (ML): a redrawn point and a kept one are correlated through
    the fit, so even unbiased fits lose variance unless all points are redrawn.
    Source: derived here.

    >>> edit_variance(samples=4, edited=2, generation=2)
    0.9166666666666666
    """
    return _edited(samples, edited, generation, unbiased)[0]


@claim(
    "ref.gauss_edit_mean",
    _EDITS,
    relation="==",
    says=r"the same: the mean's error gains $m (2 - m) V/M$ each time, unbiased",
    needed="subsets drawn uniformly and independently, chained",
    expected="holds",
)
def edit_mean_error(*, samples: int, edited: int, generation: int, unbiased: bool = True) -> float:
    r"""Mean squared error of the mean under `edit_variance`: $1/M + \sum_{i<n} g V_i$.

    Unbiased $g = m(2-m)/M$, $m = k/M$; ML $g = [\frac{k(M-k)}{M-1} + k]/M^2$.

    >>> edit_mean_error(samples=4, edited=2, generation=2)
    0.4375
    """
    return _edited(samples, edited, generation, unbiased)[1]


@claim(
    "ref.gauss_edit_fixed_path",
    _EDITS,
    relation="==",
    says="redrawing the same k points: the mean variance of every generation",
    needed="M - k human points for ever",
    expected="holds",
)
def fixed_mask_variance(
    *, samples: int, edited: int, generation: int, unbiased: bool = True
) -> float:
    r"""Mean variance when the same k points are redrawn from the fit each time, the rest are human.

    With D the mean squared distance of the fitted mean to the mean of the M - k anchors, and c the
    fit's divisor, $D' = m^2 (D + V/k)$ and $cV' = M - k - 1 + (k-1)V + M\frac{1-m}m D'$.
    Source: derived here.

    >>> fixed_mask_variance(samples=4, edited=2, generation=2)
    0.9166666666666666
    """
    return _fixed_mask(samples, edited, generation, unbiased)[0]


def fixed_mask_mean_error(
    *, samples: int, edited: int, generation: int, unbiased: bool = True
) -> float:
    r"""Mean squared error of the mean under `fixed_mask_variance`: $D_n + (1 - 2m^n)/(M - k)$.

    By $e' = \frac{1-m}M + 2m(1-m) c + m^2 (e + V/k)$, where c is the covariance with the mean of
    the anchors, $c' = \frac1M + mc$, from $e = c = \frac1M$.

    >>> fixed_mask_mean_error(samples=4, edited=2, generation=1)
    0.25
    """
    return _fixed_mask(samples, edited, generation, unbiased)[1]


@claim(
    "ref.gauss_edit_fixed",
    _EDITS,
    relation="->",
    says=r"redrawing the same k points: $V \to \frac{M-k-1}{M-1-k+m/(1+m)}$",
    needed="M - k human points for ever; M for M - 1 by maximum likelihood",
    expected="holds; the exact recursion is fixed_mask_variance",
)
def fixed_mask_limit(*, samples: int, edited: int, unbiased: bool = True) -> float:
    r"""Limit of `fixed_mask_variance`: $\frac{M-k-1}{c - k + m/(1+m)}$, $c = M - 1$ or $M$ (ML).

    >>> fixed_mask_limit(samples=4, edited=2, unbiased=False)
    0.42857142857142855
    """
    _require_some_kept(samples, edited)
    share = edited / samples
    return (samples - edited - 1) / (samples - unbiased - edited + share / (1 + share))


@claim(
    "ref.gauss_edit_anchored",
    _EDITS,
    relation="==",
    says="redrawing k random points of the human sample: the mean variance of every "
    r"generation, $\to \frac{(1-m)(M-1-m/(1+m))}{M-1-k+m/(1+m)}$",
    needed="subsets drawn uniformly and independently; also keeping M - k human positions",
    expected="holds; the variance stays near 1",
)
def anchored_edit_variance(
    *, samples: int, edited: int, generation: int, unbiased: bool = True
) -> float:
    r"""Mean variance when k random points of the human sample are redrawn from the fit each time.

    Anchored editing, and keeping the human data of M - k random positions. With D the mean squared
    distance of the fitted mean to the human sample's, $D' = m^2 D + \frac mM (1 - m + V)$ and
    $cV' = (1-m)(M-1) + k(V + D) - MD'$. Source: derived here.

    >>> anchored_edit_variance(samples=4, edited=2, generation=2)
    0.9166666666666666
    """
    return _anchored(samples, edited, generation, unbiased)[0]


def anchored_edit_mean_error(
    *, samples: int, edited: int, generation: int, unbiased: bool = True
) -> float:
    r"""Mean squared error of the mean under `anchored_edit_variance`: $1/M + D_n$.

    >>> anchored_edit_mean_error(samples=4, edited=2, generation=2)
    0.4375
    """
    return _anchored(samples, edited, generation, unbiased)[1]


def anchored_edit_limit(*, samples: int, edited: int, unbiased: bool = True) -> float:
    r"""Limit of `anchored_edit_variance`: $\frac{(1-m)(M - 1 - m/(1+m))}{c - k + m/(1+m)}$.

    >>> round(anchored_edit_limit(samples=4, edited=2) * 4, 12)
    4.0
    """
    _require_some_kept(samples, edited)
    share = edited / samples
    shift, kept = share / (1 + share), (samples - edited) / samples
    return kept * (samples - 1 - shift) / (samples - unbiased - edited + shift)


@claim(
    "ref.gauss_fresh",
    _EDITS,
    relation="==",
    says=r"each point human and fresh with chance a: $V' = W = a + (1-a)(V + ae)$, "
    r"$e' = (1-a)^2 e + W/M$; $V \to 1 + \frac{1-a}{Ma(2-a) - (1-a)}$",
    needed="unbiased variance; any dimension, entry by entry",
    expected=r"holds; the mean is finite iff $Ma(2-a) > 1 - a$",
)
def fresh_human_variance(
    *, samples: int, human_share: float, generation: int, unbiased: bool = True
) -> float:
    r"""Mean variance when each point is, with chance a, a fresh human one and else the model's.

    A point's variance is $W = a + (1-a) V + a (1-a) e$ given the model, of which $V' = W$, or
    $(1 - 1/M) W$ by maximum likelihood, and $e' = (1-a)^2 e + W/M$. Source: derived here.

    >>> fresh_human_variance(samples=2, human_share=0.5, generation=2)
    1.125
    """
    return _fresh(samples, human_share, generation, unbiased)[0]


def fresh_human_mean_error(
    *, samples: int, human_share: float, generation: int, unbiased: bool = True
) -> float:
    r"""Mean squared error of the mean under `fresh_human_variance`: $e_n$.

    >>> fresh_human_mean_error(samples=2, human_share=1.0, generation=5)
    0.5
    """
    return _fresh(samples, human_share, generation, unbiased)[1]


def fresh_human_limit(*, samples: int, human_share: float) -> float:
    r"""Limit of `fresh_human_variance`, unbiased: $1 + \frac{1-a}{M a (2-a) - (1-a)}$.

    With $e_\infty = \frac{W}{M a (2-a)}$; infinite where $M a (2-a) \le 1 - a$.

    >>> fresh_human_limit(samples=4, human_share=0.5)
    1.2
    """
    require_count("samples", samples, least=2)
    require_fraction("human_share", human_share)
    pull = samples * human_share * (2 - human_share)
    lost = 1 - human_share
    return 1 + lost / (pull - lost) if pull > lost else math.inf


def _fresh(
    samples: int, human_share: float, generation: int, unbiased: bool
) -> tuple[float, float]:
    require_count("samples", samples, least=2)
    require_fraction("human_share", human_share)
    require_count("generation", generation, least=1)
    drawn, variance, mean_error = 1 - human_share, 1.0, 0.0
    for _ in range(generation):
        point = human_share + drawn * variance + human_share * drawn * mean_error
        variance = point if unbiased else (1 - 1 / samples) * point
        mean_error = drawn**2 * mean_error + point / samples
    return variance, mean_error


def _edited(samples: int, edited: int, generation: int, unbiased: bool) -> tuple[float, float]:
    _require_edited(samples, edited, generation)
    scatter = 1 / (samples - unbiased)
    kept = edited * (samples - edited) / (samples * (samples - 1))
    # of the next mean about this one, in units of the fitted variance
    moved = (kept / scatter + edited) / samples**2
    lost = kept / samples if unbiased else moved
    variance, mean_error = (samples - 1) * scatter, 1 / samples
    for _ in range(1, generation):
        mean_error += moved * variance
        variance *= 1 - lost
    return variance, mean_error


def _fixed_mask(samples: int, edited: int, generation: int, unbiased: bool) -> tuple[float, float]:
    _require_some_kept(samples, edited)
    _require_edited(samples, edited, generation)
    anchors, share = samples - edited, edited / samples
    kept = anchors / samples
    variance, distance = (samples - 1) / (samples - unbiased), share / anchors
    error = shared = 1 / samples
    for _ in range(1, generation if edited else 1):
        error = kept / samples + 2 * share * kept * shared + share**2 * (error + variance / edited)
        shared = 1 / samples + share * shared
        distance = share**2 * (distance + variance / edited)
        between = samples * kept / share * distance
        variance = (anchors - 1 + (edited - 1) * variance + between) / (samples - unbiased)
    return variance, error


def _anchored(samples: int, edited: int, generation: int, unbiased: bool) -> tuple[float, float]:
    _require_edited(samples, edited, generation)
    share, kept = edited / samples, (samples - edited) / samples
    variance, distance = (samples - 1) / (samples - unbiased), 0.0
    for _ in range(1, generation):
        # The docstring's recursion with D' put in: no term is subtracted.
        scatter = kept * (samples - 1 - share) + share * (samples - 1) * variance
        scatter += edited * kept * distance
        distance = share**2 * distance + share / samples * (kept + variance)
        variance = scatter / (samples - unbiased)
    return variance, 1 / samples + distance


def _require_edited(samples: int, edited: int, generation: int) -> None:
    require_count("samples", samples, least=2)
    require_count("edited", edited, least=0, most=samples)
    require_count("generation", generation, least=1)


def _require_some_kept(samples: int, edited: int) -> None:
    require_count("samples", samples, least=2)
    require_count("edited", edited, least=0, most=samples - 1)
