"""Masks that look at the residual: a row is edited when |y - x'w| <= c sigma (high density).

The linear analogue of editing the tokens that a model is confident about. Such masks depend on
the noise, so Theorems A to E do not apply. Everything here is the limit T >> d of a Gaussian
model; Z is a standard normal and the residual threshold c is in units of noise_std.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import scipy

from theory.claims import claim
from theory.validate import require_count, require_positive

_OWN = "docs/theory.md"


_LARGEST_THRESHOLD = 4.0
"""Largest threshold: beyond it 6e-5 of the rows are kept a round, and the limit takes 1e6
rounds."""


class FreeLimit(NamedTuple):
    """Simulated limit of the free process: threshold, inflation and its standard error."""

    residual_threshold: float
    inflation: float
    standard_error: float


FREE_LIMITS = (
    FreeLimit(0.2, 1.180, 0.005),
    FreeLimit(0.25, 1.225, 0.005),
    FreeLimit(0.5, 1.481, 0.006),
    FreeLimit(1.0, 2.203, 0.010),
    FreeLimit(1.5, 3.568, 0.024),
    FreeLimit(2.0, 6.33, 0.06),
)
"""Numerical only: T = 2000, d = 10, after 20 to 40 rounds. No closed form is known."""


def share_edited(*, residual_threshold: float) -> float:
    r"""Share of rows edited at first: $\pi = P(|Z| \le c) = \mathrm{erf}(c / \sqrt 2)$.

    >>> share_edited(residual_threshold=0.0)
    0.0
    """
    require_positive("residual_threshold", residual_threshold, zero=True)
    return float(scipy.special.erf(residual_threshold / math.sqrt(2)))


def edited_second_moment(*, residual_threshold: float) -> float:
    r"""Residual variance that the edited rows hold: $a = E[Z^2; |Z| \le c] = \pi - 2 c \varphi(c)$.

    Evaluated as $P(\chi^2_3 \le c^2)$, which does not cancel for small c.

    >>> edited_second_moment(residual_threshold=0.0)
    0.0
    """
    require_positive("residual_threshold", residual_threshold, zero=True)
    return float(scipy.special.gammainc(1.5, residual_threshold**2 / 2))


@claim(
    "ref.conf_one",
    f"{_OWN}, Masks that look at the residual",
    relation="->",
    says=r"$v_2 = 1 + a - a^2 + \pi$",
    needed="one edit of the rows with |residual| <= c sigma, T >> d",
    expected="holds to leading order",
    order="leading",
)
def confidence_one_inflation(*, residual_threshold: float) -> float:
    r"""Inflation after one edit of the confident rows: $v_2 = 1 + a - a^2 + \pi$.

    Above 2 for $c > 1.2315$ and 2.1575 at most: the bound 2b of one edit is false here.
    Source: docs/theory.md, "Masks that look at the residual" (leading order in d / T).

    >>> confidence_one_inflation(residual_threshold=0.0)
    1.0
    """
    a = edited_second_moment(residual_threshold=residual_threshold)
    return 1 + a - a**2 + share_edited(residual_threshold=residual_threshold)


def confidence_one_crossing() -> float:
    """Threshold at which one confidence edit reaches an inflation of 2: 1.2315.

    >>> round(confidence_one_crossing(), 4)
    1.2315
    """
    return _root(lambda c: confidence_one_inflation(residual_threshold=c) - 2, 1.0, 1.5)


def confidence_one_maximum() -> tuple[float, float]:
    r"""Worst residual threshold for one confidence edit, and the inflation there.

    The derivative $2 \varphi(c) (1 + c^2 (1 - 2a))$ vanishes at $c = 1.82$.

    >>> residual_threshold, inflation = confidence_one_maximum()
    >>> round(residual_threshold, 2), round(inflation, 4)
    (1.82, 2.1575)
    """
    worst = _root(_one_edit_derivative, 1.0, 3.0)
    return worst, confidence_one_inflation(residual_threshold=worst)


def confidence_nested_share(*, residual_threshold: float, edit: int) -> float:
    r"""Share of rows changed by edit i when a row once kept is kept for ever: $\pi^i$.

    The decay $\lVert M_i \rVert = \eta \lVert M_{i-1} \rVert$ that Zhu et al. 2025 assume is thus
    derived, with $\eta^2 = \pi$. Source: docs/theory.md, "Masks that look at the residual".

    >>> confidence_nested_share(residual_threshold=0.0, edit=1)
    0.0
    """
    require_count("edit", edit, least=1)
    return share_edited(residual_threshold=residual_threshold) ** edit


@claim(
    "ref.conf_nested_share",
    f"{_OWN}, Masks that look at the residual",
    relation="->",
    says=r"$E\,\mathrm{tr} M_i / T = \pi^i$: the masks decay by $\eta^2 = \pi$",
    needed="a row once kept is kept for ever, T >> d",
    expected="holds to leading order",
    order="leading",
)
def confidence_nested_last_share(*, residual_threshold: float, generation: int) -> float:
    """Share of rows changed just before fit `generation`, from 2 on: `confidence_nested_share`.

    >>> confidence_nested_last_share(residual_threshold=0.0, generation=2)
    0.0
    """
    return confidence_nested_share(residual_threshold=residual_threshold, edit=generation - 1)


@claim(
    "ref.conf_nested",
    f"{_OWN}, Masks that look at the residual",
    relation="->",
    says=r"$u_n = \sum_{j \le n} \Delta_j$, "
    r"$\Delta_{n+1} = a \pi^{n-1} \Delta_n - A_n + A_{n+1} + F_{n+1}$; $\eta^2 = \pi$",
    needed="a row once kept is kept for ever, T >> d",
    expected="holds to leading order",
    order="leading",
)
def confidence_nested_inflation(*, residual_threshold: float, generation: int) -> float:
    r"""Inflation of w_n when a row once kept is kept for ever.

    $\Delta_{n+1} = a \pi^{n-1} \Delta_n - A_n + A_{n+1} + F_{n+1}$, $u_n = \sum_{j \le n} \Delta_j$
    with uncorrelated A, F of variances $a \pi^{n-1}$, $(1 - a) \pi^{n-1}$ and
    $\Delta_1 = A_1 + F_1$. Source: docs/theory.md, "Masks that look at the residual" (leading
    order in d / T).

    >>> confidence_nested_inflation(residual_threshold=0.5, generation=1)
    1.0
    """
    require_count("generation", generation, least=1)
    share, a = (
        share_edited(residual_threshold=residual_threshold),
        edited_second_moment(residual_threshold=residual_threshold),
    )
    moments = _Nested(1.0, 1.0, 1.0)
    for edit in range(1, generation):
        moments = _nested_step(moments, a * share ** (edit - 1), share**edit)
    return moments.error


def confidence_nested_limit(*, residual_threshold: float) -> float:
    r"""Limit over generations of `confidence_nested_inflation`, $0 \le c \le 4$.

    >>> confidence_nested_limit(residual_threshold=0.0)
    1.0
    """
    share, a = (
        share_edited(residual_threshold=residual_threshold),
        edited_second_moment(residual_threshold=residual_threshold),
    )
    if residual_threshold > _LARGEST_THRESHOLD:
        raise ValueError(
            f"residual_threshold={residual_threshold}: accepted is [0, {_LARGEST_THRESHOLD}]"
        )
    moments, active = _Nested(1.0, 1.0, 1.0), 1.0
    # A round adds O(active); the rounds left add at most that over 1 - share.
    while active > 1e-16 * (1 - share):
        moments = _nested_step(moments, a * active, share * active)
        active *= share
    return moments.error


def confidence_nested_crossing() -> float:
    """Threshold at which the limit of nested confidence edits is an inflation of 2.

    >>> round(confidence_nested_crossing(), 3)
    0.657
    """
    return _root(lambda c: confidence_nested_limit(residual_threshold=c) - 2, 0.4, 1.0)


@claim(
    "ref.conf_free",
    f"{_OWN}, Masks that look at the residual",
    relation="->",
    says="rows may re-enter: the error stays bounded, with the limits of FREE_LIMITS",
    needed="none known",
    expected="numerical only: simulated at T = 2000, d = 10",
    order="leading",
    decided="cited",
    reason="known from one simulation only, so that another could not decide it",
)
def confidence_free_limit(*, residual_threshold: float) -> float:
    """Simulated limit when kept rows may be edited later; numerical, no formula is known.

    Only the thresholds of `FREE_LIMITS` are known.

    >>> confidence_free_limit(residual_threshold=0.5)
    1.481
    """
    known = {limit.residual_threshold: limit.inflation for limit in FREE_LIMITS}
    if residual_threshold not in known:
        raise ValueError(f"residual_threshold={residual_threshold}: accepted are {sorted(known)}")
    return known[residual_threshold]


def stationary_residual_variance(*, residual_threshold: float) -> float:
    r"""Residual variance, in units of the noise, at which editing confident rows settles.

    $E[Z^2 \mid |Z| > c] = 1 + \frac{2 c \varphi(c)}{1 - \pi}$: editing the likely rows adds noise.
    Source: docs/theory.md, "Masks that look at the residual" (leading order in d / T).

    >>> stationary_residual_variance(residual_threshold=0.0)
    1.0
    """
    require_positive("residual_threshold", residual_threshold, zero=True)
    scaled = float(scipy.special.erfcx(residual_threshold / math.sqrt(2)))
    return 1 + 2 * residual_threshold / (math.sqrt(2 * math.pi) * scaled)


def unconfident_residual_variance(*, residual_threshold: float) -> float:
    r"""Residual variance when the rows with $|r| > c$ are edited: $1 - \frac{2 c \varphi(c)}{\pi} <
    1$.

    $E[Z^2 \mid |Z| \le c]$, $c > 0$: editing the unlikely rows removes the tails.
    Source: docs/theory.md, "Masks that look at the residual" (leading order in d / T).

    >>> round(unconfident_residual_variance(residual_threshold=1.0), 3)
    0.291
    """
    require_positive("residual_threshold", residual_threshold)
    if residual_threshold > 1:
        return edited_second_moment(residual_threshold=residual_threshold) / share_edited(
            residual_threshold=residual_threshold
        )
    # Both are powers of c times Kummer functions; only the powers can vanish.
    x = residual_threshold**2 / 2
    return float(
        residual_threshold**2
        / 3
        * scipy.special.hyp1f1(1, 2.5, x)
        / scipy.special.hyp1f1(1, 1.5, x)
    )


class _Nested(NamedTuple):
    """Var(u_n), Cov(u_n, Delta_n) and Var(Delta_n) of one coordinate."""

    error: float
    covariance: float
    step: float


def _nested_step(moments: _Nested, held: float, edited: float) -> _Nested:
    """Moments after one edit: `held` = Var(A_n) = Cov(Delta_n, A_n) = Cov(u_n, A_n), `edited` =
    pi^n."""
    drift = held * (moments.covariance - 1)
    step = held**2 * moments.step - 2 * held**2 + held + edited
    return _Nested(moments.error + 2 * drift + step, drift + step, step)


def _one_edit_derivative(residual_threshold: float) -> float:
    """Derivative of 1 + a - a^2 + pi, without the positive factor 2 phi(c)."""
    return 1 + residual_threshold**2 * (
        1 - 2 * edited_second_moment(residual_threshold=residual_threshold)
    )


def _root(function: Callable[[float], float], low: float, high: float) -> float:
    return scipy.optimize.root_scalar(function, bracket=(low, high), method="brentq").root
