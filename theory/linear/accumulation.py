"""Refitting least squares on all labels so far, its own beside the real ones: accumulate.

Generation 1 is the fit on real data. "Shared" relabels one design for ever, "fresh" draws a new
design each generation. An inflation is a test error in units of b = sigma^2 d / (T - d - 1).
"""

import math

from theory.claims import claim
from theory.linear.wishart import base_error, given_base_error
from theory.validate import require_count


@claim(
    "dey2024.augment",
    "Dey and Donoho 2024 (recalled)",
    relation="->",
    provenance="recalled",
    says=r"Augmenting: variance ratio $\sum_{g \le G} \frac{1}{g^2}$, efficiency $\ge "
    r"\frac{6}{\pi^2}$.",
    stated="n -> infinity at fixed G, asymptotically linear estimators",
    needed="the same; nothing uniform in G. Derived for canonical links in docs/theory.md",
    expected="holds in the limit: logistic and Poisson regression within 2 % at 32,000 rows",
    order="leading",
)
def accumulate_inflation(*, generation: int) -> float:
    r"""Inflation when every generation's labels are kept beside all earlier ones.

    $\sum_{i \le n} i^{-2} < \pi^2/6$. Exact for least squares on shared rows; for any
    asymptotically linear estimator the variance ratio as the sample grows at fixed n
    ("augment"), so the relative efficiency stays above $6/\pi^2$.
    Source: Gerstgrasser et al. 2024; Dey and Donoho 2024.

    >>> accumulate_inflation(generation=2)
    1.25
    """
    require_count("generation", generation, least=1)
    return sum(i**-2 for i in range(1, generation + 1))


@claim(
    "gerst2024.accumulate",
    "Gerstgrasser et al. 2024",
    relation="==",
    provenance="recalled",
    says=r"Accumulating shared rows: $E(w_n) = b \sum_{i \le n} \frac{1}{i^2} \le b "
    r"\frac{\pi^2}{6}$.",
    stated="shared X (recalled)",
    needed="T >= d + 2; equality only for shared X, an upper bound for fresh X too",
    expected="holds: equality for shared X, strict inequality for fresh X from n = 2",
)
def accumulate_shared_error(
    *, dim: int, samples: int, noise_std: float = 1.0, generation: int
) -> float:
    r"""Test error of accumulate on shared rows: $b \sum_{i \le n} i^{-2}$, $T \ge d + 2$.

    Source: Gerstgrasser et al. 2024 (for shared rows an equality).

    >>> accumulate_shared_error(dim=4, samples=9, noise_std=2.0, generation=2)
    5.0
    """
    base = base_error(dim=dim, samples=samples, noise_std=noise_std)
    return base * accumulate_inflation(generation=generation)


@claim(
    "ref.given_accumulate",
    "docs/theory.md, accumulate",
    relation="==",
    says=r"accumulate on a given design: $E = \frac{\sigma^2 d}{T} \sum_{i \le n} i^{-2}$",
    needed="any full-rank design; from real labels on, the distance to their fit lacks i = 1",
    expected="holds",
)
def given_accumulate_error(
    *, dim: int, samples: int, noise_std: float = 1.0, generation: int, labelled: bool = False
) -> float:
    """Test error of accumulate on a given design; `labelled`: the distance to the first fit.

    >>> given_accumulate_error(dim=4, samples=8, generation=2, labelled=True)
    0.125
    """
    base = given_base_error(dim=dim, samples=samples, noise_std=noise_std)
    return base * (accumulate_inflation(generation=generation) - labelled)


@claim(
    "gerst2024.accumulate_bound",
    "Gerstgrasser et al. 2024",
    relation="<=",
    provenance="recalled",
    says=r"Accumulating: $E(w_n) \le b \frac{\pi^2}{6}$ in every generation.",
    stated="shared X (recalled)",
    needed="T >= d + 2; shared or fresh X",
    expected="holds: approached for shared X, never reached for fresh X",
)
def accumulate_shared_bound(*, dim: int, samples: int, noise_std: float = 1.0) -> float:
    r"""Bound on the test error of accumulate at every generation: $b \pi^2/6$.

    Approached for shared rows, never reached for fresh ones; $T \ge d + 2$.
    Source: Gerstgrasser et al. 2024.

    >>> accumulate_shared_bound(dim=4, samples=9) == math.pi**2 / 6
    True
    """
    return base_error(dim=dim, samples=samples, noise_std=noise_std) * math.pi**2 / 6


@claim(
    "ref.accumulate_fresh",
    "docs/theory.md, accumulate",
    relation="==",
    says=r"Accumulating fresh rows: $E(w_n) = \sum_{i \le n} \frac{\sigma^2 d}{i (iT - d - "
    "1)}$.",
    needed="fresh Gaussian X, T >= d + 2",
    expected="holds",
)
def accumulate_fresh_error(
    *, dim: int, samples: int, noise_std: float = 1.0, generation: int
) -> float:
    r"""Test error of accumulate on fresh Gaussian rows.

    $\sum_{i \le n} \frac{\sigma^2 d}{i (iT - d - 1)}$, $T \ge d + 2$; strictly below the value
    for shared rows from n = 2 on. Source: docs/theory.md, accumulate.

    >>> accumulate_fresh_error(dim=2, samples=5, generation=2)
    1.1428571428571428
    """
    require_count("generation", generation, least=1)
    return sum(
        base_error(dim=dim, samples=i * samples, noise_std=noise_std) / i
        for i in range(1, generation + 1)
    )
