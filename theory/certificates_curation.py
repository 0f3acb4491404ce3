"""Certificates of curation: best of n, by fractions and by enumeration of all draws."""

import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import accumulate, product

from theory.claims import certificate
from theory.distributions import curation

_MANY = (1, 2, 3, 4, 8, 64)
"""Numbers of draws."""

_MARGIN = 1e-9
"""Far beyond the rounding of a sum of at most a hundred logarithms."""


def _laws() -> Iterator[list[Fraction]]:
    """Laws of one to five types with weights 1, 2 and 5, and uniform ones of up to a hundred."""
    for types in range(1, 6):
        for weights in product((1, 2, 5), repeat=types):
            yield [Fraction(weight, sum(weights)) for weight in weights]
    for types in (10, 100):
        yield [Fraction(1, types)] * types


def _best(law: Sequence[Fraction], draws: int) -> list[Fraction]:
    """Law of the best of n: the differences of the powers of its distribution function."""
    powers = [Fraction(0), *(share**draws for share in accumulate(law))]
    return [after - before for before, after in zip(powers, powers[1:], strict=False)]


def _enumerated(law: Sequence[Fraction], draws: int) -> list[Fraction]:
    """The same over every sequence of draws."""
    found = [Fraction(0)] * len(law)
    for sequence in product(range(len(law)), repeat=draws):
        found[max(sequence)] += math.prod((law[place] for place in sequence), start=Fraction(1))
    return found


_SMALL = [
    (law, draws)
    for law in ([Fraction(1, 3), Fraction(2, 3)], [Fraction(k, 10) for k in (5, 1, 4)])
    for draws in (1, 2, 3, 4)
]


@certificate("beirami2025.bon_kl")
def the_divergence_is_at_most_the_printed_one() -> bool:
    """The law of the best by enumeration; its divergence below the bound on every law, and near it
    for a hundred types and few draws."""
    holds = [_enumerated(law, draws) == _best(law, draws) for law, draws in _SMALL]
    for law in _laws():
        for draws in _MANY:
            exact = _divergence(law, draws)
            printed = curation.best_of_divergence_bound(draws=draws)
            holds.append(exact <= printed + (_MARGIN if draws == 1 else -_MARGIN))
    fine = [Fraction(1, 1000)] * 1000
    near = _divergence(fine, 4), curation.best_of_divergence_bound(draws=4)
    return all(holds) and near[0] > 0.995 * near[1]


@certificate("beirami2025.win_rate")
def the_win_rate_is_at_most_its_bound() -> bool:
    """Ties counted half: at most n/(n + 1) on every law, and near it for many equal types."""
    holds = []
    for law in _laws():
        for draws in _MANY:
            bound = Fraction(draws, draws + 1)
            stated = curation.best_of_win_rate_bound(draws=draws)
            wins = _wins(law, draws)
            holds += [wins <= bound, abs(stated - bound) < 1e-12]
            if len(set(law)) == 1 and draws <= len(law):
                holds.append(bound - wins <= Fraction(draws, 6 * len(law) ** 2))
    return all(holds)


@certificate("ref.bon_rounds")
def rounds_are_one_best_of_a_power() -> bool:
    """Best of n of best of n, each by enumeration where it is small, is best of n squared."""
    holds = []
    for law, draws in _SMALL[:3]:
        twice = _enumerated(_enumerated(law, draws), draws)
        holds.append(twice == _enumerated(law, draws**2))
    for law in _laws():
        for draws, rounds in ((2, 1), (2, 3), (3, 2), (4, 2)):
            repeated = law
            for _ in range(rounds):
                repeated = _best(repeated, draws)
            holds.append(repeated == _best(law, draws**rounds))
            found = curation.best_of_rounds_share(share=float(law[0]), draws=draws, rounds=rounds)
            holds.append(abs(found - repeated[0]) <= 1e-12 * repeated[0])
    return all(holds)


def _divergence(law: Sequence[Fraction], draws: int) -> float:
    best = _best(law, draws)
    return math.fsum(q * math.log(q / p) for p, q in zip(law, best, strict=True))


def _wins(law: Sequence[Fraction], draws: int) -> Fraction:
    """Chance that the best of n beats another draw, and half the chance of a tie."""
    below = [Fraction(0), *accumulate(law)]
    pairs = zip(_best(law, draws), law, below, strict=False)
    return sum((best * (worse + own / 2) for best, own, worse in pairs), Fraction(0))
