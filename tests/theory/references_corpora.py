"""Numbers for each claim on corpora, found without the formula that it names.

Rows are (claim id, parameters, number, relative tolerance). A formula off by 2 % misses them.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable
from fractions import Fraction
from itertools import product

import numpy as np
from scipy import stats

State = tuple[int, ...]
Law = dict[State, float]

PAIR = [0.3, 0.7]


def binomial(count: int, chance: float) -> list[float]:
    """Chances of 0, 1, ..., `count`."""
    return [float(stats.binom.pmf(k, count, chance)) for k in range(count + 1)]


def moved(law: Law, move: Callable[[State], Iterable[tuple[State, float]]]) -> Law:
    """The law one round later."""
    after: dict[State, float] = defaultdict(float)
    for state, chance in law.items():
        for following, share in move(state):
            after[following] += chance * share
    return dict(after)


def kept_counts(*, human: int, added: int, rounds: int, stay: bool) -> Law:
    """Law of (human tokens of type 0, all its tokens, all tokens): two types, by enumeration."""

    def move(state: State) -> Iterable[tuple[State, float]]:
        first, count, total = state
        base = (count, total) if stay else (first, human)
        for drawn, chance in enumerate(binomial(added, count / total)):
            yield (first, base[0] + drawn, base[1] + added), chance

    law: Law = {(k, k, human): chance for k, chance in enumerate(binomial(human, PAIR[0]))}
    for _ in range(rounds):
        law = moved(law, move)
    return law


def squared_error(*, human: int, samples: int, generation: int) -> float:
    """Mean squared distance of the fit to the truth."""
    law = kept_counts(human=human, added=samples, rounds=generation - 1, stay=False)
    return sum(2 * (c / t - PAIR[0]) ** 2 * chance for (_, c, t), chance in law.items())


def excess(*, human: int, samples: int, generation: int) -> float:
    """Error above that of the human tokens alone."""
    where = {"human": human, "samples": samples}
    return squared_error(**where, generation=generation) - squared_error(**where, generation=1)


def urn(*, human: int, added: int, generation: int) -> float:
    law = kept_counts(human=human, added=added, rounds=generation - 1, stay=True)
    return sum(2 * c / t * (1 - c / t) * chance for (_, c, t), chance in law.items())


def largest(human: int, generation: int) -> int:
    """The n from 1 to 99 with the largest excess, by its recursion."""

    def error(samples: int) -> float:
        share, found = samples / (human + samples), 0.0
        for _ in range(generation - 1):
            found = share**2 * (found + (1 - found) / samples)
        return found

    return max(range(1, 100), key=error)


def _excess(**where: int) -> tuple[str, dict, float, float]:
    return "ref.kept_excess", {"probabilities": PAIR, **where}, excess(**where), 1e-9


def _urn(**where: int) -> tuple[str, dict, float, float]:
    return "ref.polya", {"probabilities": PAIR, **where}, urn(**where), 1e-12


def smoothed(*, samples: int, pseudo_count: float, generation: int) -> float:
    """Error of two smoothed types: each count is binomial around the last smoothed one."""

    def model(count: int) -> float:
        return (count + pseudo_count) / (samples + 2 * pseudo_count)

    law: Law = {(k,): chance for k, chance in enumerate(binomial(samples, PAIR[0]))}
    for _ in range(generation - 1):
        law = moved(
            law, lambda s: (((k,), c) for k, c in enumerate(binomial(samples, model(s[0]))))
        )
    return sum(2 * (model(k) - PAIR[0]) ** 2 * chance for (k,), chance in law.items())


def posterior(*, samples: int, prior: list[float], generation: int) -> float:
    """Mean distance from the prior, as a share of the first: counts are beta-binomial."""

    def following(state: State) -> Iterable[tuple[State, float]]:
        first, second = prior[0] + state[0], prior[1] + samples - state[0]
        for count in range(samples + 1):
            yield (count,), float(stats.betabinom.pmf(count, samples, first, second))

    law: Law = {(k,): chance for k, chance in enumerate(binomial(samples, PAIR[0]))}
    for _ in range(generation - 1):
        law = moved(law, following)
    mean = sum(chance * (prior[0] + k) for (k,), chance in law.items()) / (samples + sum(prior))
    rest = prior[0] / sum(prior)
    return (mean - rest) / (PAIR[0] - rest)


def copied(*, samples: int, innovation: float, generation: int) -> float:
    """Share of pairs alike, over every choice of what is copied and what is new."""

    def following(tokens: State) -> Iterable[tuple[State, float]]:
        for sources in product(range(-1, samples), repeat=samples):
            chance, made = 1.0, []
            for place, source in enumerate(sources):
                chance *= innovation if source < 0 else (1 - innovation) / samples
                made.append(100 + place if source < 0 else tokens[source])
            yield tuple(made.index(token) for token in made), chance

    law: Law = defaultdict(float)
    for tokens in product(range(2), repeat=samples):
        law[tokens] = math.prod(PAIR[token] for token in tokens)
    for _ in range(generation - 1):
        law = moved(law, following)
    pairs = [(i, j) for i in range(samples) for j in range(i)]
    return sum(
        chance * sum(t[i] == t[j] for i, j in pairs) / len(pairs) for t, chance in law.items()
    )


def two_models(*, samples: int, generation: int) -> tuple[float, float]:
    """Mean heterozygosity of the mean of two models, and their mean squared distance to it."""

    def following(counts: State) -> Iterable[tuple[State, float]]:
        each = binomial(samples, sum(counts) / (2 * samples))
        for first, second in product(range(samples + 1), repeat=2):
            yield (first, second), each[first] * each[second]

    each = binomial(samples, PAIR[0])
    law: Law = {s: each[s[0]] * each[s[1]] for s in product(range(samples + 1), repeat=2)}
    for _ in range(generation - 1):
        law = moved(law, following)
    variety = spread = 0.0
    for (first, second), chance in law.items():
        mean = (first + second) / (2 * samples)
        variety += chance * 2 * mean * (1 - mean)
        spread += chance * 2 * ((first - second) / (2 * samples)) ** 2
    return variety, spread


def tempered(law: list[Fraction], power: int, share: Fraction, rounds: int) -> float:
    """Probability of the first type by the map of the whole law, in fractions."""
    for _ in range(rounds):
        powers = [p**power for p in law]
        law = [share / len(law) + (1 - share) * p / sum(powers) for p in powers]
    return float(law[0])


def returning(types: int, temperature: float) -> float:
    """The human share that brings a collapsed law back, by halving an interval."""
    low, high = 0.0, 1.0
    for _ in range(11):
        share = (low + high) / 2
        law = np.eye(types)[0]
        for _ in range(1500):
            law = law ** (1 / temperature)
            law = share / types + (1 - share) * law / law.sum()
        low, high = (low, share) if law[0] < 1.5 / types else (share, high)
    return (low + high) / 2


def _models(samples: int, generation: int) -> list[tuple[str, dict, float, float]]:
    where = {"probabilities": PAIR, "models": 2, "samples": samples, "generation": generation}
    variety, spread = two_models(samples=samples, generation=generation)
    return [
        ("ref.models_pooled", where, variety, 1e-12),
        ("ref.models_spread", where, spread, 1e-12),
    ]


REFERENCES: list[tuple[str, dict, float, float]] = [
    _excess(human=3, samples=2, generation=2),
    _excess(human=3, samples=2, generation=4),
    _excess(human=2, samples=5, generation=3),
    ("fu2024.ascent", {"human": 50, "generation": 2}, 50, 1e-12),
    ("fu2024.ascent", {"human": 10, "generation": 5}, largest(10, 5), 1e-12),
    ("fu2024.ascent", {"human": 20, "generation": 10}, largest(20, 10), 1e-12),
    _urn(human=3, added=2, generation=4),
    _urn(human=2, added=4, generation=3),
    # one token at a time is Polya's own urn, whose H falls by N / (N + 1) from first to last
    (
        "ref.polya",
        {"probabilities": [0.5, 0.5], "human": 4, "added": 1, "generation": 10**5},
        0.5 * (1 - 1 / 4) * 4 / 5,
        2e-5,
    ),
    # a half of e^-1 each; then lines that die at once with chance 1/e
    (
        "ref.missing_mass",
        {"probabilities": [0.5, 0.5], "samples": 2, "generation": 1},
        math.exp(-1),
        1e-12,
    ),
    (
        "ref.missing_mass",
        {"probabilities": [0.5, 0.25, 0.25], "samples": 4, "generation": 2},
        0.5 * math.exp(-2 * 0.632120558829) + 0.5 * math.exp(-0.632120558829),
        1e-9,
    ),
    *(
        (
            "ref.smoothing",
            {"probabilities": PAIR, "samples": 4, "pseudo_count": added, "generation": n},
            smoothed(samples=4, pseudo_count=added, generation=n),
            1e-12,
        )
        for added, n in ((0.5, 1), (0.25, 3))
    ),
    *(
        (
            "ref.posterior_rate",
            {"samples": 4, "prior": [2.0, 1.0], "generation": n},
            posterior(samples=4, prior=[2.0, 1.0], generation=n),
            1e-9,
        )
        for n in (1, 3)
    ),
    *(
        (
            "ref.innovation",
            {"probabilities": PAIR, "samples": 3, "innovation": u, "generation": n},
            copied(samples=3, innovation=u, generation=n),
            1e-12,
        )
        for u, n in ((0.25, 2), (0.1, 4))
    ),
    *_models(2, 1),
    *_models(3, 3),
    (
        "ref.temperature_state",
        {"types": 4, "temperature": 0.5, "human_share": 0.25, "start": 0.4, "generation": 4},
        tempered([Fraction(2, 5), *[Fraction(1, 5)] * 3], 2, Fraction(1, 4), 3),
        1e-12,
    ),
    # 10 / (1 + 3)^2 and 1025 / (1 + 32)^2; without hysteresis, 1 - temperature
    ("ref.temperature_real_share", {"types": 10, "temperature": 0.5}, 10 / 16, 1e-9),
    ("ref.temperature_real_share", {"types": 1025, "temperature": 0.5}, 1025 / 33**2, 1e-9),
    ("ref.temperature_real_share", {"types": 2, "temperature": 0.7}, 0.3, 1e-9),
    (
        "ref.temperature_real_share",
        {"types": 10, "temperature": 0.7},
        returning(10, 0.7),
        3e-3,
    ),
]

LAWS = [
    # a type of one pseudo-count among four has 1 - (1 - x)^3
    ("griffiths2007.prior", {"prior": [1.0, 1.0, 2.0]}, 0.5, 0.875, 1e-9),
]
"""Distributions: a value, and the chance of at most that by hand, within an absolute error."""
