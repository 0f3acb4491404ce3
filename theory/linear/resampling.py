"""Refitting least squares on its own labels: replace, and halfway. See also `accumulation`.

Generation 1 is the fit on real data. "Shared" relabels one design for ever, "fresh" draws a new
design each generation. An inflation is a test error in units of b = sigma^2 d / (T - d - 1).
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import scipy

from theory.claims import claim
from theory.linear.wishart import base_error, given_base_error
from theory.validate import require_count, require_positive


@claim(
    "dey2024.discard",
    "Dey and Donoho 2024 (recalled)",
    relation="->",
    provenance="recalled",
    says="Discarding: variance ratio G.",
    stated="n -> infinity at fixed G, asymptotically linear estimators",
    needed="the same; nothing uniform in G. Derived for canonical links in docs/theory.md",
    expected="holds in the limit: logistic and Poisson regression within 2 % at 32,000 rows",
    order="leading",
)
def replace_inflation(*, generation: int) -> float:
    r"""Inflation when every generation sees only the labels of the last fit: $n$.

    Exact for least squares with shared or fresh rows; for any asymptotically linear estimator
    it is the variance ratio as the sample grows at fixed n ("discard").
    Source: Zhu et al. 2025, equation 7; Dey and Donoho 2024.

    >>> replace_inflation(generation=3)
    3.0
    """
    require_count("generation", generation, least=1)
    return float(generation)


@claim(
    "zhu2025.eq7",
    "Zhu et al. 2025, equation 7 (baseline)",
    relation="==",
    provenance="read",
    says="Replacing all labels each generation: $E(w_n) = b n$.",
    stated="T >= d + 2, shared X",
    needed="T >= d + 2; shared or fresh X, any covariance",
    expected="holds, exactly, for shared and fresh X",
)
@claim(
    "gerst2024.replace",
    "Gerstgrasser et al. 2024",
    relation="==",
    provenance="read",
    says="Replacing all labels each generation: $E(w_n) = b n$.",
    stated="T >= d + 2, shared X",
    needed="T >= d + 2; shared or fresh X, any covariance",
    expected="holds, exactly, for shared and fresh X",
)
def replace_error(*, dim: int, samples: int, noise_std: float = 1.0, generation: int) -> float:
    r"""Test error when labels are replaced each generation.

    $E(\hat w_n) = b n$, shared or fresh rows of any covariance, $T \ge d + 2$.
    Source: Zhu et al. 2025, equation 7; Gerstgrasser et al. 2024.

    >>> replace_error(dim=4, samples=9, generation=5)
    5.0
    """
    base = base_error(dim=dim, samples=samples, noise_std=noise_std)
    return base * replace_inflation(generation=generation)


@claim(
    "ref.given_replace",
    "docs/theory.md, replace",
    relation="==",
    says=r"replace on a given design: $E = \frac{\sigma^2 d}{T} n$",
    needed="any full-rank design; from real labels on, the distance to their fit has n - 1",
    expected="holds",
)
def given_replace_error(
    *, dim: int, samples: int, noise_std: float = 1.0, generation: int, labelled: bool = False
) -> float:
    """Test error of replace on a given design; `labelled`: the distance to the first fit.

    >>> given_replace_error(dim=4, samples=8, generation=3)
    1.5
    """
    base = given_base_error(dim=dim, samples=samples, noise_std=noise_std)
    return base * (replace_inflation(generation=generation) - labelled)


def replace_error_varying(*, dim: int, sizes: Sequence[int], noise_stds: Sequence[float]) -> float:
    r"""Test error of replace with its own size and noise in each generation, fresh rows.

    $\sum_i \sigma_i^2 d / (T_i - d - 1)$, every $T_i \ge d + 2$.
    Source: docs/theory.md, replace; the increments of the chain are uncorrelated.

    >>> replace_error_varying(dim=2, sizes=(5, 7), noise_stds=(1.0, 2.0))
    3.0
    """
    if len(sizes) != len(noise_stds) or not sizes:
        raise ValueError(
            f"sizes={tuple(sizes)}, noise_stds={tuple(noise_stds)}: "
            "accepted are two sequences of one length >= 1"
        )
    return sum(
        base_error(dim=dim, samples=size, noise_std=noise_std)
        for size, noise_std in zip(sizes, noise_stds, strict=True)
    )


@dataclass(frozen=True)
class ErrorLaw:
    """Law of a test error >= 0: `scale` times an F variable of `dim` and `freedom` degrees."""

    dim: int
    freedom: int
    scale: float

    def cdf(self, error: float | np.ndarray) -> float | np.ndarray:
        """Chance of at most `error`, any shape. `scipy.stats` takes half a second to import."""
        return scipy.special.fdtr(self.dim, self.freedom, error / self.scale)

    def sf(self, error: float | np.ndarray) -> float | np.ndarray:
        """Chance of more than `error`, any shape."""
        return scipy.special.fdtrc(self.dim, self.freedom, error / self.scale)

    def ppf(self, chance: float | np.ndarray) -> float | np.ndarray:
        """Error that is not exceeded with this chance, any shape."""
        return self.scale * scipy.special.fdtri(self.dim, self.freedom, chance)

    def mean(self) -> float:
        """Mean, which is infinite with at most 2 degrees of freedom."""
        return self.scale * self.freedom / (self.freedom - 2) if self.freedom > 2 else math.inf


@claim(
    "ref.replace_law",
    "docs/theory.md, replace",
    relation="~",
    given={"design": None},  # in a run the name of its law of rows
    says=r"$E_{test}(\hat w_n) \sim \sigma^2 n \chi^2_d / \chi^2_{T - d + 1}$",
    needed="Gaussian rows, T >= d; shared design, or fresh at n = 1",
    expected="holds, also where mean or variance are infinite",
)
def replace_error_law(
    *,
    dim: int,
    samples: int,
    noise_std: float = 1.0,
    generation: int,
    fresh_design: bool = False,
    design: Literal["shared", "fresh"] | None = None,
) -> ErrorLaw:
    r"""Law of the test error of replace.

    $\sigma^2 n\, \chi^2_d / \chi^2_{T - d + 1}$ for shared Gaussian rows, $T \ge d$; for fresh
    rows the same at n = 1, and no closed form is given later. The law exists even where its
    mean ($T \ge d + 2$) or variance ($T \ge d + 4$) does not. `design` is another way to say
    whether rows are fresh.
    Source: docs/theory.md, replace.

    >>> float(replace_error_law(dim=2, samples=3, generation=3).cdf(3.0))
    0.5
    """
    require_count("dim", dim, least=1)
    require_count("samples", samples, least=dim)
    require_count("generation", generation, least=1)
    require_positive("noise_std", noise_std)
    if design not in ("shared", "fresh", None):
        raise ValueError(f"design={design!r}: accepted are 'shared' and 'fresh'")
    if (fresh_design or design == "fresh") and generation > 1:
        raise ValueError(f"generation={generation}: accepted is 1 with a fresh design")
    freedom = samples - dim + 1
    return ErrorLaw(dim, freedom, generation * noise_std**2 * dim / freedom)


def halfway_shared_error(
    *, dim: int, samples: int, noise_std: float = 1.0, generation: int
) -> float:
    r"""Test error when round i relabels i copies of the shared rows, keeping no old label.

    $b \sum_{i \le n} 1/i$, $T \ge d + 2$. Source: docs/theory.md, halfway; the order log n is
    in Gerstgrasser et al. 2024.

    >>> halfway_shared_error(dim=4, samples=9, generation=2)
    1.5
    """
    require_count("generation", generation, least=1)
    base = base_error(dim=dim, samples=samples, noise_std=noise_std)
    return base * sum(1 / i for i in range(1, generation + 1))


def halfway_fresh_error(
    *, dim: int, samples: int, noise_std: float = 1.0, generation: int
) -> float:
    r"""Test error when round i labels i T fresh rows, keeping no old label.

    $\sum_{i \le n} \frac{\sigma^2 d}{iT - d - 1}$, $T \ge d + 2$.
    Source: docs/theory.md, halfway; the order log n is in Gerstgrasser et al. 2024.

    >>> halfway_fresh_error(dim=2, samples=7, noise_std=2.0, generation=1)
    2.0
    """
    require_count("generation", generation, least=1)
    sizes = [i * samples for i in range(1, generation + 1)]
    return replace_error_varying(dim=dim, sizes=sizes, noise_stds=[noise_std] * generation)


@claim(
    "gerst2024.halfway",
    "Gerstgrasser et al. 2024 (order log n); docs/theory.md, halfway (exact)",
    relation="==",
    says=r"Round $i$ refits $iT$ purely synthetic rows: $O(\log n)$; exactly $\sum_{i \le n} "
    r"\frac{\sigma^2 d}{iT - d - 1}$ for fresh $X$ and $b H_n$ for shared $X$.",
    stated="O(log n) (recalled)",
    needed="T >= d + 2; shared X, or fresh Gaussian X",
    expected="holds",
)
def halfway_error(
    *, dim: int, samples: int, noise_std: float = 1.0, generation: int, fresh_design: bool
) -> float:
    """Test error of halfway on fresh rows, or on shared ones: the one or the other of the above.

    >>> halfway_error(dim=4, samples=9, generation=2, fresh_design=False)
    1.5
    """
    form = halfway_fresh_error if fresh_design else halfway_shared_error
    return form(dim=dim, samples=samples, noise_std=noise_std, generation=generation)
