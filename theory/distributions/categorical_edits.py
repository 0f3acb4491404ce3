"""Variety of tokens when some are drawn anew from the law of all.

Units and generations as in `theory.distributions.categorical`.
"""

import math

from numpy.typing import ArrayLike

from theory.claims import claim
from theory.distributions import gaussian_edits
from theory.distributions.laws import heterozygosity
from theory.validate import require_count

_EDITS = "derived: theory/distributions/categorical_edits.py"


def edit_factor(*, samples: int, edited: int) -> float:
    r"""Share of H kept when k random of N positions are redrawn from the corpus's own law.

    $1 - [\frac{k(N-k)}{N-1} + k]/N^2$, about $1 - m(2-m)/N$, $m = k/N$: Theorem D's factor.

    >>> edit_factor(samples=4, edited=4)
    0.75
    """
    require_count("samples", samples, least=2)
    require_count("edited", edited, least=0, most=samples)
    return 1 - _edit_loss(samples, edited)


@claim(
    "ref.unigram_edit",
    _EDITS,
    relation="==",
    says=r"redrawing k random positions keeps $1 - [\frac{k(N-k)}{N-1} + k]/N^2$ of H",
    needed="a uniformly random subset",
    expected="holds; nearly 1 - m (2 - m)/N, the factor of the linear model",
)
def edit_heterozygosity(
    *, probabilities: ArrayLike, samples: int, edited: int, generation: int
) -> float:
    r"""Mean heterozygosity when k random positions are redrawn each time, chained.

    $H (1 - \frac1N)$ times `edit_factor` to the power n - 1.

    >>> edit_heterozygosity(probabilities=[0.5, 0.5], samples=4, edited=4, generation=2)
    0.28125
    """
    require_count("generation", generation, least=1)
    require_count("samples", samples, least=2)
    require_count("edited", edited, least=0, most=samples)
    factor = math.exp((generation - 1) * math.log1p(-_edit_loss(samples, edited)))
    return heterozygosity(probabilities=probabilities) * (1 - 1 / samples) * factor


@claim(
    "ref.unigram_fixed_path",
    _EDITS,
    relation="==",
    says="redrawing the same k positions: the mean H of every generation",
    needed="averaged over the human draws",
    expected="holds",
)
def fixed_mask_heterozygosity(
    *, probabilities: ArrayLike, samples: int, edited: int, generation: int
) -> float:
    r"""Mean heterozygosity when the same k positions are redrawn each time, the rest are human.

    The recursion of `gaussian_edits.fixed_mask_variance`, averaged over the human draws.

    >>> fixed_mask_heterozygosity(probabilities=[0.5, 0.5], samples=4, edited=2, generation=1)
    0.375
    """
    kept = gaussian_edits.fixed_mask_variance(
        samples=samples, edited=edited, generation=generation, unbiased=False
    )
    return heterozygosity(probabilities=probabilities) * kept


def fixed_mask_limit(*, anchors: ArrayLike, samples: int, edited: int) -> float:
    r"""Limit of the mean heterozygosity with anchors of law a: $H_a \frac{1-m^2}{1-m^2+m^2/k}$.

    `anchors` is the law of the N - k human positions, $m = k/N$; 0 when nothing is anchored.

    >>> fixed_mask_limit(anchors=[0.5, 0.5], samples=2, edited=1)
    0.375
    """
    require_count("samples", samples, least=1)
    require_count("edited", edited, least=1, most=samples)
    kept = (samples - edited) * (samples + edited) / samples**2
    return heterozygosity(probabilities=anchors) * kept / (kept + edited / samples**2)


@claim(
    "ref.unigram_fixed",
    _EDITS,
    relation="->",
    says=r"redrawing the same k positions: $H \to H_a \frac{1-m^2}{1-m^2+m^2/k}$",
    needed="anchors of law a for ever",
    expected="holds",
)
def fixed_mask_mean_limit(*, probabilities: ArrayLike, samples: int, edited: int) -> float:
    r"""Limit averaged over the human draws of the anchors: $H_a = (1 - \frac1{N-k}) H$.

    >>> round(fixed_mask_mean_limit(probabilities=[0.5, 0.5], samples=3, edited=1) * 9, 12)
    2.0
    """
    require_count("edited", edited, least=1, most=samples - 1)
    kept = 1 - 1 / (samples - edited)
    return kept * fixed_mask_limit(anchors=probabilities, samples=samples, edited=edited)


@claim(
    "ref.unigram_anchored",
    _EDITS,
    relation="==",
    says="redrawing k random human positions each time: the mean H of every generation",
    needed="averaged over the human draws",
    expected="holds",
)
def anchored_edit_heterozygosity(
    *, probabilities: ArrayLike, samples: int, edited: int, generation: int
) -> float:
    r"""Mean heterozygosity when k random positions of the human corpus are redrawn each time.

    The recursion of `gaussian_edits.anchored_edit_variance`.

    >>> anchored_edit_heterozygosity(probabilities=[0.5, 0.5], samples=4, edited=0, generation=3)
    0.375
    """
    kept = gaussian_edits.anchored_edit_variance(
        samples=samples, edited=edited, generation=generation, unbiased=False
    )
    return heterozygosity(probabilities=probabilities) * kept


def _edit_loss(samples: int, edited: int) -> float:
    return (edited * (samples - edited) / (samples - 1) + edited) / samples**2
