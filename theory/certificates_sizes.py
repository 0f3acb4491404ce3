"""Certificates of rounds of another size than the human data, in fractions.

The mean of N human rows errs by the mean of their noise, of variance 1 here; the mean noise of M
synthetic rows has variance N / M. An error is a list of the weights of these independent noises.
"""

from collections.abc import Callable, Iterator
from fractions import Fraction

from theory.claims import certificate
from theory.linear import unequal_sizes

SIZES = [(1, 1), (3, 1), (1, 3), (10, 7), (1, 1000), (1000, 1)]
"""Human and synthetic rows."""

GENERATIONS = 12

Weights = list[Fraction]
Pool = tuple[Weights, Fraction]
"""Mean noise of a data set, and its rows."""


@certificate("ref.sizes_replace")
def what_is_replaced_adds_its_noise_for_ever() -> bool:
    r"""The next mean is the mean of what was written: $u_{n+1} = u_n + e_n$."""
    return _agrees(unequal_sizes.replaced_inflation, lambda human, seen, new: new)


@certificate("ref.sizes_accumulate")
def what_is_accumulated_adds_up_to_less_than_the_human_noise() -> bool:
    r"""The next mean is that of all rows: $s_{n+1} u_{n+1} = s_n u_n + M (u_n + e_n)$.

    Steps of $M N / (N + kM)^2$ lie below $N / (N + (k-1)M) - N / (N + kM)$, which adds up to 1.
    """
    holds = [
        _agrees(unequal_sizes.accumulated_inflation, lambda human, seen, new: _union(seen, new))
    ]
    for human, synthetic in SIZES:
        sizes = [Fraction(human + k * synthetic) for k in range(GENERATIONS)]
        holds += [
            synthetic * human / after**2 < human / before - human / after
            for before, after in zip(sizes[:-1], sizes[1:], strict=True)
        ]
    return all(holds)


@certificate("ref.sizes_kept")
def what_is_kept_bounds_the_error() -> bool:
    r"""The next mean is that of the human rows and the newest: below $1 + M / (N + 2M) < 3/2$."""
    beside = lambda human, seen, new: _union(human, new)  # noqa: E731
    holds = [_agrees(unequal_sizes.kept_inflation, beside)]
    for human, synthetic in SIZES:
        square = Fraction(synthetic, human + synthetic) ** 2
        limit = 1 + Fraction(human, synthetic) * square / (1 - square)
        holds += [limit == 1 + Fraction(synthetic, human + 2 * synthetic), limit < Fraction(3, 2)]
        found = unequal_sizes.kept_limit(human=human, synthetic=synthetic)
        holds.append(abs(found - limit) < 1e-12)
    return all(holds)


def _agrees(inflation: Callable[..., float], next_data: Callable[[Pool, Pool, Pool], Pool]) -> bool:
    """True if a formula gives the variance of the process itself in each generation."""
    holds = []
    for human, synthetic in SIZES:
        variances = _variances(human, synthetic, next_data)
        for generation, variance in enumerate(variances, start=1):
            found = inflation(human=human, synthetic=synthetic, generation=generation)
            holds.append(abs(found - variance) <= 1e-12 * variance)
    return all(holds)


def _variances(
    human: int, synthetic: int, next_data: Callable[[Pool, Pool, Pool], Pool]
) -> Iterator[Fraction]:
    noises = [Fraction(1), *[Fraction(human, synthetic)] * GENERATIONS]
    weights = lambda last: [Fraction(k == last) for k in range(len(noises))]  # noqa: E731
    first = seen = weights(0), Fraction(human)
    for generation in range(1, GENERATIONS + 1):
        error, _ = seen
        yield sum((w**2 * v for w, v in zip(error, noises, strict=True)), Fraction(0))
        new = [w + e for w, e in zip(error, weights(generation), strict=True)]
        seen = next_data(first, seen, (new, Fraction(synthetic)))


def _union(one: Pool, other: Pool) -> Pool:
    """Mean noise and rows of two data sets together."""
    (first, rows), (second, more) = one, other
    size = rows + more
    mean = [(rows * a + more * b) / size for a, b in zip(first, second, strict=True)]
    return mean, size
