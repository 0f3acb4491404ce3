r"""Least squares on human rows and synthetic rows of one truth but another law of inputs.

Human rows are N(0, I), synthetic ones $N(\mu, s^2 I)$, all labels $x'w_* + \sigma \epsilon$; the
error is that on human inputs, $\sigma^2 E\,\mathrm{tr}(X'X)^{-1}$. Derivations:
docs/distributions.md, estimates, curation and extrapolation.
"""

import math

from theory.claims import claim
from theory.validate import require_count, require_positive, require_rows

_REZAEI = "Rezaei et al. 2026 (arXiv 2510.08123): wording of the abstract read"


@claim(
    "rezaei2026.mean_shift",
    f"{_REZAEI}; this form derived: theory/linear/shifted_rows.py",
    relation="->",
    says=r"a shift $\mu$ of the synthetic inputs' mean, of any size, changes no leading order: "
    r"error $\frac{\sigma^2 d}{n-d-1}$",
    stated="with one truth, a shift of the mean does not matter, one of the covariance does",
    needed="more rows than weights; the shift can help, by a share of at most about 1/d",
    expected=r"holds: $\frac{d-1}{n-d} \le E\,\mathrm{tr}(X'X)^{-1} \le \frac{d}{n-d-2}$ for any "
    r"$\mu$",
    order="leading",
)
def shifted_error(*, dim: int, human: int, synthetic: int, noise_std: float = 1.0) -> float:
    r"""Test error on rows of which some have a shifted mean, to leading order.

    $\sigma^2 \frac{d}{n-d-1}$, exact without a shift.

    >>> shifted_error(dim=2, human=3, synthetic=4)
    0.5
    """
    samples = _rows(dim, human, synthetic, extra=2)
    require_positive("noise_std", noise_std, zero=True)
    return noise_std**2 * dim / (samples - dim - 1)


def shifted_error_bounds(*, dim: int, human: int, synthetic: int) -> tuple[float, float]:
    r"""Least and largest mean of tr (X'X)^-1 for any shift: $\frac{d-1}{n-d}$, $\frac{d}{n-d-2}$.

    >>> shifted_error_bounds(dim=2, human=3, synthetic=4)
    (0.2, 0.6666666666666666)
    """
    samples = _rows(dim, human, synthetic, extra=3)
    return (dim - 1) / (samples - dim), dim / (samples - dim - 2)


@claim(
    "rezaei2026.covariance_shift",
    f"{_REZAEI}; this form derived: theory/linear/shifted_rows.py",
    relation="->",
    says=r"inputs of covariance $s^2 I$: error $\sigma^2 u$ with "
    r"$\frac{n_1 u}{1+u} + \frac{n_2 s^2 u}{1 + s^2 u} = d$",
    stated="with one truth, a shift of the mean does not matter, one of the covariance does",
    needed="more rows than weights, many of both",
    expected=r"holds to leading order: u = 1/s where $n_1 = n_2 = d$",
    order="leading",
)
def scaled_error(
    *, dim: int, human: int, synthetic: int, scale: float, noise_std: float = 1.0
) -> float:
    r"""Test error on rows of which some are `scale` times as wide, to leading order.

    >>> scaled_error(dim=7, human=7, synthetic=7, scale=2.0)
    0.5
    """
    _rows(dim, human, synthetic, extra=1)
    require_positive("scale", scale)
    require_positive("noise_std", noise_std, zero=True)
    # s^2 (n - d) u^2 + [n1 + n2 s^2 - d (1 + s^2)] u - d = 0
    square = scale**2
    curve = square * (human + synthetic - dim)
    slope = human - dim + square * (synthetic - dim)
    root = math.sqrt(slope**2 + 4 * curve * dim)
    found = 2 * dim / (slope + root) if slope > 0 else (root - slope) / (2 * curve)
    return noise_std**2 * found


def _rows(dim: int, human: int, synthetic: int, *, extra: int) -> int:
    require_count("human", human, least=1)
    require_count("synthetic", synthetic, least=1)
    require_rows(dim, human + synthetic, extra=extra)
    return human + synthetic
