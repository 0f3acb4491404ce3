"""Ridge fits to their own predictions: what distillation keeps, and when it pays.

A fit with the penalty lambda keeps g = s / (s + lambda) of the labels along an eigenvector of the
kernel (or Gram) matrix with the eigenvalue s. Derivations: docs/penalised.md, distillation.
"""

import numpy as np
from numpy.typing import ArrayLike

from theory.claims import claim
from theory.validate import require_count, require_fraction, require_positive


@claim(
    "borup2021.limit",
    "after Borup and Andersen 2021 (arXiv 2102.13088); this form "
    "derived: theory/linear/distillation.py",
    relation="->",
    says=r"distilled for ever with weight a on the truth: ridge with the penalty $\lambda / a$",
    stated="kernel ridge, labels a y + (1 - a) times the last fit's (recalled)",
    needed="a > 0, any kernel matrix, any labels",
    expected="holds, exactly and for each set of labels",
    decided="exact",
)
def distilled_limit(*, eigenvalue: float, penalty: float, truth_weight: float) -> float:
    r"""Share of the labels along an eigenvector that distillation keeps in the end.

    $\frac{s}{s + \lambda/a}$, the fixed point of $f = g\,(a + (1 - a) f)$.
    Source: after Borup and Andersen 2021, recalled; derived here.

    >>> distilled_limit(eigenvalue=1.0, penalty=0.5, truth_weight=0.5)
    0.5
    """
    require_fraction("truth_weight", truth_weight)
    require_positive("truth_weight", truth_weight)
    return distilled_share(eigenvalue=eigenvalue, penalty=penalty / truth_weight, fits=1)


@claim(
    "mobahi2020.power",
    "Mobahi, Farajtabar and Bartlett 2020 (arXiv 2002.05715) (recalled)",
    relation="==",
    provenance="recalled",
    says=r"distilled n - 1 times on its own labels: $(\frac{s}{s + \lambda})^n \to 0$",
    stated="kernel regression with a constraint on the loss; here a fixed penalty (recalled)",
    needed="the same penalty in every fit, no true label kept",
    expected="holds, exactly: each fit shrinks every direction, small ones first",
    decided="exact",
)
def distilled_share(*, eigenvalue: float, penalty: float, fits: int) -> float:
    r"""Share of the labels along an eigenvector after n fits, each to the labels of the last.

    $(\frac{s}{s + \lambda})^n$. Source: Mobahi, Farajtabar and Bartlett 2020, recalled.

    >>> distilled_share(eigenvalue=1.0, penalty=1.0, fits=3)
    0.125
    """
    require_positive("eigenvalue", eigenvalue)
    require_positive("penalty", penalty, zero=True)
    require_count("fits", fits, least=1)
    return (eigenvalue / (eigenvalue + penalty)) ** fits


@claim(
    "dang2026.sign",
    "after Dang, Patil and Rinaldo 2026 (arXiv 2602.17565), wording of the abstract read; this "
    "form derived: theory/linear/distillation.py",
    relation="==",
    says=r"best weight of a ridge fit's own labels: $-R' / (2 \lambda |\hat w'|^2)$, the sign of "
    r"$-R'(\lambda)$",
    stated="ridge self-distillation with a free weight strictly helps where R' is not 0",
    needed="any data, any test covariance; lambda > 0",
    expected=r"holds for every data set; the gain is $R'^2 / (4 |\hat w'|^2)$",
    decided="exact",
)
def best_teacher_weight(
    *,
    gram: ArrayLike,
    moment: ArrayLike,
    true_weights: ArrayLike,
    covariance: ArrayLike,
    penalty: float,
) -> float:
    r"""Weight of a ridge fit's own labels, beside the true ones, of least test error.

    $\xi^* = -\frac{R'(\lambda)}{2 \lambda \lVert \hat w'_\lambda \rVert_\Sigma^2}$ with
    $\hat w_\lambda = (S + \lambda I)^{-1} m$, $\hat w' = -(S + \lambda I)^{-1} \hat w$ and the test
    error $R = \lVert \hat w_\lambda - w_0 \rVert_\Sigma^2$; `gram` S and `moment` m of the data.
    Any real number, negative where a smaller penalty would be better.
    Source: Dang, Patil and Rinaldo 2026 for the sign; derived here.

    >>> best_teacher_weight(
    ...     gram=[[1.0]], moment=[1.0], true_weights=[0.25], covariance=[[1.0]], penalty=1.0)
    1.0
    """
    require_positive("penalty", penalty)
    s, m, truth, sigma = (np.asarray(x, float) for x in (gram, moment, true_weights, covariance))
    if m.ndim != 1 or s.shape != 2 * m.shape or sigma.shape != s.shape or truth.shape != m.shape:
        raise ValueError(
            f"gram, covariance of shapes {s.shape}, {sigma.shape}: accepted are square matrices "
            f"of the length of moment and true_weights, here {m.shape} and {truth.shape}"
        )
    if not m.any():
        raise ValueError("moment=0: accepted are labels that the fit is not 0 for")
    shifted = s + penalty * np.eye(len(m))
    fit = np.linalg.solve(shifted, m)
    slope = -np.linalg.solve(shifted, fit)
    risk_slope = 2 * slope @ sigma @ (fit - truth)
    return float(-risk_slope / (2 * penalty * (slope @ sigma @ slope)))
