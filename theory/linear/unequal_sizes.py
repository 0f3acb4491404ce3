r"""Rounds of synthetic data of another size than the human data: N human rows, M synthetic ones.

Variances of a mean, in units of that of the human data alone; the same number is the inflation of
the test error of least squares, in units of b, as d/T -> 0. Generation 1 is the fit on the human
data. Every model writes M new rows, each of them unbiased with the noise of a human one.
Source: docs/theory.md, unequal sizes.
"""

from scipy.special import polygamma

from theory.claims import claim
from theory.validate import require_count, require_positive

_OWN = "docs/theory.md, unequal sizes"
_NEEDED = "mean estimation; least squares as d/T -> 0, for asymptotically linear estimators too"


@claim(
    "ref.sizes_replace",
    _OWN,
    relation="==",
    says=r"M synthetic rows replace N human ones, then each other: $v_n = 1 + (n - 1) N / M$",
    needed=_NEEDED,
    expected="holds, by algebra: without a bound at any M",
    decided="exact",
)
def replaced_inflation(*, human: int | float, synthetic: int | float, generation: int) -> float:
    r"""Inflation when each fit sees only what the last one wrote.

    >>> replaced_inflation(human=100, synthetic=50, generation=3)
    5.0
    """
    _require(human, synthetic, generation)
    return 1.0 + (generation - 1) * human / synthetic


@claim(
    "ref.sizes_accumulate",
    _OWN,
    relation="==",
    says=r"M synthetic rows join everything so far: $v_n = 1 + \sum_{k=2}^n M N / (N + (k-1) M)^2 "
    r"\to 1 + \frac NM \psi_1(1 + \frac NM) < 2$",
    needed=_NEEDED,
    expected="holds, by algebra: below 2 at any M, and pi^2/6 at M = N",
    decided="exact",
)
def accumulated_inflation(*, human: int | float, synthetic: int | float, generation: int) -> float:
    r"""Inflation when each fit sees the human data and all that was written since.

    >>> accumulated_inflation(human=100, synthetic=100, generation=2)
    1.25
    """
    _require(human, synthetic, generation)
    sizes = (human + k * synthetic for k in range(1, generation))
    return 1.0 + sum(synthetic * human / size**2 for size in sizes)


def accumulated_limit(*, human: int | float, synthetic: int | float) -> float:
    r"""Limit over generations, with $\psi_1$ the trigamma function.

    >>> round(accumulated_limit(human=1, synthetic=1), 6)  # pi^2 / 6
    1.644934
    """
    _require(human, synthetic, 1)
    ratio = human / synthetic
    return 1 + ratio * float(polygamma(1, 1 + ratio))


@claim(
    "ref.sizes_kept",
    _OWN,
    relation="==",
    says=r"N human rows kept beside the M newest: $v_n = 1 + \frac NM \alpha^2 "
    r"\frac{1 - \alpha^{2(n-1)}}{1 - \alpha^2} \to 1 + \frac M{N + 2M}$, $\alpha = \frac M{N + M}$",
    needed=_NEEDED,
    expected="holds, by algebra: below 3/2 at any M",
    decided="exact",
)
def kept_inflation(*, human: int | float, synthetic: int | float, generation: int) -> float:
    r"""Inflation when each fit sees the human data and what the last fit wrote.

    >>> kept_inflation(human=100, synthetic=100, generation=2)
    1.25
    """
    _require(human, synthetic, generation)
    square = (synthetic / (human + synthetic)) ** 2
    return 1.0 + human / synthetic * sum(square**k for k in range(1, generation))


def kept_limit(*, human: int | float, synthetic: int | float) -> float:
    r"""Limit over generations, $1 + M / (N + 2M)$: at most 3/2.

    >>> kept_limit(human=2, synthetic=1)
    1.25
    """
    _require(human, synthetic, 1)
    return 1 + synthetic / (human + 2 * synthetic)


def _require(human: int | float, synthetic: int | float, generation: int) -> None:
    require_positive("human", human)
    require_positive("synthetic", synthetic)
    require_count("generation", generation, least=1)
