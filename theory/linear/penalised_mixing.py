"""Label mixing when the fit is of minimum norm or has a ridge penalty.

`real_weight` w is the weight of the real labels, fresh in every round, as in
`theory.linear.mixing`.
"""

import numpy as np
from numpy.typing import ArrayLike

from theory.claims import claim
from theory.linear.mixing import label_mix_limit
from theory.linear.wishart import mean_trace_inverse_kernel
from theory.validate import require_count, require_fraction, require_positive


@claim(
    "garg2026.minnorm",
    "Garg, Bhattacharya and Sur 2026",
    relation="->",
    provenance="recalled",
    says=r"Label mixing, min-norm: $R \to \sigma^2 c(w) \frac{T}{d - T - 1} + \lVert w_0 "
    r"\rVert^2 (1 - \frac{T}{d})$.",
    stated="d/T -> gamma > 1, fresh labels, fixed X (recalled)",
    needed="isotropic Gaussian X, d >= T + 2 for the finite form given here",
    expected="holds; least at w = .618 for every gamma",
)
def min_norm_mix_limit(
    *, dim: int, samples: int, noise_std: float = 1.0, true_norm: float, real_weight: float
) -> float:
    r"""Limiting error of label mixing with the minimum-norm fit on shared Gaussian rows.

    $\sigma^2 c(w) \frac{T}{d - T - 1} + \lVert w_0 \rVert^2 (1 - \frac{T}{d})$: exact in the
    limit of rounds for isotropic rows, $T \le d - 2$, fresh real labels.
    Source: docs/theory.md, mixing.

    >>> min_norm_mix_limit(dim=4, samples=2, true_norm=2.0, real_weight=1.0)
    4.0
    """
    require_positive("noise_std", noise_std, zero=True)
    require_positive("true_norm", true_norm, zero=True)
    spread = mean_trace_inverse_kernel(dim=dim, samples=samples)
    variance = noise_std**2 * label_mix_limit(real_weight=real_weight) * spread
    return variance + true_norm**2 * (dim - samples) / dim


def min_norm_mix_asymptotic(
    *, dim: int, samples: int, noise_std: float = 1.0, true_norm: float, real_weight: float
) -> float:
    r"""Limit of this error as d and T grow with $\gamma = d/T > 1$ fixed.

    $\sigma^2 \frac{c(w)}{\gamma - 1} + \lVert w_0 \rVert^2 (1 - \frac{1}{\gamma})$.
    Source: Garg, Bhattacharya and Sur 2026.

    >>> min_norm_mix_asymptotic(dim=4, samples=2, true_norm=2.0, real_weight=1.0)
    3.0
    """
    require_positive("noise_std", noise_std, zero=True)
    require_positive("true_norm", true_norm, zero=True)
    require_count("samples", samples, least=1, most=dim - 1)
    variance = noise_std**2 * label_mix_limit(real_weight=real_weight) * samples / (dim - samples)
    return variance + true_norm**2 * (dim - samples) / dim


def ridge_mix_limit(
    *,
    gram_eigenvalues: ArrayLike,
    samples: int,
    penalty: float,
    noise_std: float = 1.0,
    true_norm: float,
    real_weight: float,
) -> float:
    r"""Limiting error of label mixing with ridge on one shared isotropic design.

    With eigenvalues s of X'X, $g = \frac{s}{s + \lambda T}$ and true weights of random
    direction: $\frac1d \sum \lVert w_0 \rVert^2 (\frac{1 - g}{1 - (1 - w) g})^2
    + \sigma^2 (w^2 + (1 - w)^2) \sum \frac{s / (s + \lambda T)^2}{1 - (1 - w)^2 g^2}$.
    The penalty is on the mean of squares. Source: the fixed point of the fit, mode by mode.

    >>> ridge_mix_limit(
    ...     gram_eigenvalues=[2.0], samples=2, penalty=1.0, true_norm=2.0, real_weight=1.0)
    1.125
    """
    require_fraction("real_weight", real_weight)
    require_positive("noise_std", noise_std, zero=True)
    require_positive("true_norm", true_norm, zero=True)
    require_positive("penalty", penalty)
    spectrum, kept = np.asarray(gram_eigenvalues, dtype=float), 1 - real_weight
    ridge = penalty * samples
    missed = ridge + real_weight * spectrum  # (1 - (1 - w) g) (s + lambda T)
    bias = true_norm**2 * np.mean((ridge / missed) ** 2)
    noise = spectrum / missed / (spectrum + ridge + kept * spectrum)
    return float(bias + noise_std**2 * (real_weight**2 + kept**2) * np.sum(noise))


@claim(
    "garg2026.ridge",
    "Garg, Bhattacharya and Sur 2026, abstract",
    relation=">=",
    provenance="read",
    says=r"Ridge label mixing: the best $w$ is in $[\frac12, 1]$ and $\to 1$ as the penalty "
    "grows.",
    stated="isotropic, random effects or spiked",
    needed="any spectrum, mode by mode, in the limit of rounds",
    expected="holds: below 1/2 bias and noise of every mode fall as w grows",
    decided="exact",
)
def ridge_least_optimal_weight() -> float:
    r"""Least value the best real weight of ridge label mixing can take: one half.

    Below 1/2 bias and noise of every mode fall as w grows, so $w^* \in [\frac12, 1]$; it tends
    to the inverse golden ratio as the penalty vanishes and to 1 as it grows.
    Source: Garg, Bhattacharya and Sur 2026, abstract.

    >>> ridge_least_optimal_weight()
    0.5
    """
    return 0.5
