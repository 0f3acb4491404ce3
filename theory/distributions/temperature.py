r"""Sampling below temperature 1, with a share of human tokens: two states of an infinite corpus.

$p' = \frac\varepsilon V + (1 - \varepsilon) p^{1/\tau} / \sum p^{1/\tau}$: the human law is uniform
over V types. The diverse state is $p = \frac1V$; in a collapsed one a single type has more than the
others, which are alike. Derivation: docs/distributions.md, corpora.
"""

import math

import numpy as np
import scipy

from theory.claims import claim
from theory.validate import require_count, require_fraction

_DERIVED = "derived: theory/distributions/temperature.py"


def stay_share(*, temperature: float) -> float:
    r"""Human share above which the diverse state is stable: $1 - \tau$.

    A small difference grows by $(1 - \varepsilon) / \tau$ a round. Source: derived here.

    >>> stay_share(temperature=0.75)
    0.25
    """
    require_fraction("temperature", temperature, open_interval=True)
    return 1 - temperature


@claim(
    "ref.temperature_real_share",
    _DERIVED + "; motivated by Marchi et al. 2024 (arXiv 2404.02325)",
    relation="==",
    says=r"sampling at $\tau < 1$ with a human share $\varepsilon$: diversity is kept iff "
    r"$\varepsilon > 1 - \tau$; it returns from collapse only above a larger share if V > 2",
    needed="uniform truth, infinite sample, one type ahead of the others",
    expected=r"holds: at $\tau = \frac12$ a share above $V / (1 + \sqrt{V-1})^2$; .400 at "
    r"$\tau = .7$, V = 10, where .300 keeps",
    decided="exact",
)
def return_share(*, types: int, temperature: float) -> float:
    r"""Human share above which the collapsed state is gone and diversity returns.

    A type with o times the probability of each other one is at rest at
    $\varepsilon = \frac{V o}{o + V - 1} \cdot \frac{o^{b-1} - 1}{o^b - 1}$, $b = \frac1\tau$: the
    largest over $o > 1$, at least $1 - \tau$, its limit at o = 1. Source: derived here.

    >>> round(return_share(types=10, temperature=0.5), 9)
    0.625
    """
    require_count("types", types, least=2)
    least = stay_share(temperature=temperature)

    def at_rest(logarithm: float) -> float:
        less = math.exp(-logarithm)
        share = types * less / (1 + (types - 1) * less)
        power = math.expm1((1 - 1 / temperature) * logarithm)
        return share * power / math.expm1(-logarithm / temperature)

    # Steps first: no local optimum is mistaken for the largest.
    steps = np.linspace(0, math.log(types) + 3, 200)[1:]
    best = int(np.argmax([at_rest(step) for step in steps]))
    around = float(steps[max(best - 1, 0)]), float(steps[min(best + 1, len(steps) - 1)])
    found = scipy.optimize.minimize_scalar(
        lambda logarithm: -at_rest(logarithm),
        bounds=(around[0] if best else 1e-9, around[1]),
        method="bounded",
        options={"xatol": 1e-10},
    )
    return max(least, -float(found.fun))


@claim(
    "ref.temperature_state",
    _DERIVED,
    relation="==",
    says=r"the same from a type of probability x: its probability after n fits, by the map",
    needed="many tokens",
    expected="holds: one human share, two ends, as the chain starts above or below a threshold",
    order="leading",
)
def top_mass(
    *, types: int, temperature: float, human_share: float, start: float, generation: int
) -> float:
    r"""Probability of a type that starts with `start`, in fit n, the other types alike.

    Generation 1 is the start. Source: derived here.

    >>> top_mass(types=3, temperature=0.5, human_share=0.25, start=0.5, generation=2) * 12
    7.0
    """
    require_count("types", types, least=2)
    require_count("generation", generation, least=1)
    require_fraction("temperature", temperature, open_interval=True)
    require_fraction("human_share", human_share)
    require_fraction("start", start)
    mass, power = start, 1 / temperature
    for _ in range(1, generation):
        other = (types - 1) * ((1 - mass) / (types - 1)) ** power
        sampled = mass**power / (mass**power + other)
        mass = human_share / types + (1 - human_share) * sampled
    return mass
