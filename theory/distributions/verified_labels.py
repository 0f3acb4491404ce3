r"""Selecting labels to train a classifier on: a verifier that keeps some of the wrong ones.

Inputs $x \sim N(0, I_d)$, truth $y = \mathrm{sign}(w_* \cdot x)$, synthetic labels wrong
with probability p; the verifier keeps correct ones with probability $\phi$ and wrong ones with
$\psi$. The classifier is $w = \sum y x$ over the kept rows, its accuracy 1 - angle$(w, w_*)/\pi$,
one half for w = 0. Given the kept rows, w is $\sum s_i |z_i|$ along $w_*$ ($s_i$ = -1 for a wrong
label, $z_i$ normal) and $N(0, K I_{d-1})$ across it, K being their number.
"""

import math
from collections.abc import Sequence

import numpy as np
import scipy

from theory.claims import claim
from theory.validate import require_count, require_fraction

NODES, WEIGHTS = np.polynomial.legendre.leggauss(80)
"""Gauss and Legendre's rule on [-1, 1]: it sums positive terms, so that nothing cancels."""


NEGLIGIBLE = 45.0
"""Value of x from which on exp(-x) and its integrals are less than a rounding error."""


def breakdown_share(*, keep_correct: float, keep_wrong: float) -> float:
    r"""Share of wrong labels beyond which verified data teach the opposite of the truth.

    $p^* = \frac{1}{1 + \psi/\phi}$, where $\phi (1 - p) = \psi p$: half of what is kept is wrong,
    w and -w have one law, and the mean accuracy is 1/2 at every sample size; below $p^*$ it is
    larger and tends to 1, above it is smaller and tends to 0.
    Source: Feng et al. 2025 (recalled); the statement at every size is derived.

    >>> breakdown_share(keep_correct=0.5, keep_wrong=0.125)
    0.8
    """
    _require_verifier(keep_correct, keep_wrong)
    return keep_correct / (keep_correct + keep_wrong)


def kept_share(*, wrong_share: float, keep_correct: float, keep_wrong: float) -> float:
    r"""Share of rows that the verifier keeps: $\kappa = \phi (1 - p) + \psi p$.

    >>> kept_share(wrong_share=0.5, keep_correct=1.0, keep_wrong=0.5)
    0.75
    """
    require_fraction("wrong_share", wrong_share)
    _require_verifier(keep_correct, keep_wrong)
    return keep_correct * (1 - wrong_share) + keep_wrong * wrong_share


def signal_accuracy(*, signal: float, dim: int) -> float:
    r"""Mean accuracy of $w \sim N(h w_*, I_d)$, the law of $w / \sqrt K$ as the kept K grow.

    $E\, \Phi(h |v|)$, v one coordinate of a uniform unit vector in $R^d$, because
    $P(\mathrm{sign}\, w \cdot u = \mathrm{sign}\, w_* \cdot u) = \Phi(h |w_* \cdot u|)$ for each
    test direction u. For large d: $\frac12 + \frac1\pi \arctan(h / \sqrt d)$.

    >>> signal_accuracy(signal=0.0, dim=3)
    0.5
    """
    require_count("dim", dim, least=1)
    if dim == 1:
        return float(scipy.special.ndtr(signal))
    wrong = _mean_tail(abs(signal), dim) / (2 * _mean_tail(0.0, dim))
    return wrong if signal < 0 else 1 - wrong


def _mean_tail(signal: float, dim: int) -> float:
    """Integral of Phi(-signal |v|) cos(angle)^(dim - 2), v = sin(angle), up to pi/2."""
    # Where either factor has become negligible the integral is over.
    end = math.asin(math.sqrt(min(2 * NEGLIGIBLE / max(signal, 1e-9) ** 2, 1)))
    if dim > 2:
        end = min(end, 2 * math.asin(math.sqrt(-math.expm1(-NEGLIGIBLE / (dim - 2)) / 2)))
    v = np.sin(end * (NODES + 1) / 2)
    values = scipy.special.ndtr(-signal * v) * np.exp((dim - 2) / 2 * np.log1p(-v * v))
    return float(end / 2 * (WEIGHTS @ values))


def verified_accuracy(
    *, wrong_share: float, keep_correct: float, keep_wrong: float, samples: int, dim: int
) -> float:
    r"""Mean accuracy of the classifier on `samples` verified rows, up to O(1/samples).

    $E\, \Phi(h |v|)$ with $h = \sqrt{\frac{2T}{\pi \kappa}} (\phi + \psi) (p^* - p)$: the curves of
    all T and large d are one function of $(p^* - p) \sqrt{T/d}$. Exact at $p = p^*$.

    >>> verified_accuracy(
    ...     wrong_share=0.8, keep_correct=0.5, keep_wrong=0.125, samples=7, dim=3)
    0.5
    """
    require_count("samples", samples, least=1)
    verifier = {"keep_correct": keep_correct, "keep_wrong": keep_wrong}
    kept = kept_share(wrong_share=wrong_share, **verifier)
    if kept == 0:
        return 0.5
    surplus = (keep_correct + keep_wrong) * (breakdown_share(**verifier) - wrong_share)
    signal = math.sqrt(2 * samples / (math.pi * kept)) * surplus
    return signal_accuracy(signal=signal, dim=dim)


@claim(
    "feng2025.pstar",
    "Feng et al. 2025 (arXiv 2406.07515) (recalled); "
    "at every sample size: theory/distributions/verified_labels.py, breakdown_share",
    relation="==",
    provenance="recalled",
    says=r"mean accuracy is 1/2 at wrong share $p^* = 1/(1 + \psi/\phi)$, and tends to 1 "
    "below it and to 0 above",
    stated="linear classifier, infinite data",
    needed="any sample size; classifier the sum of label times isotropic input",
    expected="holds: half of what is kept is wrong, so w and -w have one law",
)
def breakdown_accuracy(*, keep_correct: float, keep_wrong: float, samples: int, dim: int) -> float:
    """Mean accuracy at the `breakdown_share` of wrong labels: 1/2, whatever the size.

    >>> breakdown_accuracy(keep_correct=0.5, keep_wrong=0.125, samples=7, dim=3)
    0.5
    """
    verifier = {"keep_correct": keep_correct, "keep_wrong": keep_wrong}
    share = breakdown_share(**verifier)
    return verified_accuracy(wrong_share=share, **verifier, samples=samples, dim=dim)


@claim(
    "ref.verified_accuracy",
    "theory/distributions/verified_labels.py, verified_accuracy",
    relation="==",
    says=r"accuracy $E\, \Phi(h |v|)$, $h = \sqrt{2T / (\pi \kappa)} (\phi + \psi) "
    r"(p^* - p)$: the crossing sharpens as $T^{-1/2}$",
    needed=r"$N(0, I)$ inputs; exact at $p^*$, elsewhere up to O(1/T)",
    expected="holds",
    order="leading",
)
def verified_accuracy_at(
    *,
    wrong_shares: Sequence[float],
    generation: int,
    keep_correct: float,
    keep_wrong: float,
    samples: int,
    dim: int,
) -> float:
    """Mean accuracy in generation n of a run whose share of wrong labels is `wrong_shares[n - 1]`.

    >>> verified_accuracy_at(
    ...     wrong_shares=[0.1, 0.8], generation=2, keep_correct=0.5, keep_wrong=0.125, samples=7,
    ...     dim=3)
    0.5
    """
    require_count("generation", generation, least=1, most=len(wrong_shares))
    return verified_accuracy(
        wrong_share=wrong_shares[generation - 1],
        keep_correct=keep_correct,
        keep_wrong=keep_wrong,
        samples=samples,
        dim=dim,
    )


def _require_verifier(keep_correct: float, keep_wrong: float) -> None:
    require_fraction("keep_correct", keep_correct)
    require_fraction("keep_wrong", keep_wrong)
    if keep_correct == keep_wrong == 0:
        raise ValueError(
            f"keep_correct={keep_correct}, keep_wrong={keep_wrong}: accepted are two shares that "
            "are not both 0"
        )
