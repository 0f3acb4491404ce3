"""Numbers for each claim on corpora, found without the formula that it names.

Rows are (claim id, parameters, number, relative tolerance). A formula off by 2 % misses them.
"""

import math
from collections import defaultdict
from collections.abc import Callable, Iterable

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
]
