"""Certificates of claims on corpora, in whole numbers and fractions."""

from fractions import Fraction
from math import isqrt

from theory.claims import certificate
from theory.distributions import kept_corpora, temperature


@certificate("fu2024.ascent")
def the_excess_rises_to_its_peak_and_falls() -> bool:
    r"""One peak over the synthetic tokens n, where the formula says, and none without an end.

    The process's own recursion $D' = \alpha^2 [(1 - \frac1n) D + \frac hn]$ in whole numbers: with
    $w = (N + n)^2$ and $D = h A / w^k$ it is $A' = n (n - 1) A + n w^k$. n goes to three peaks.
    """
    holds = []
    for human in (2, 10, 50):
        for generation in (2, 3, 5, 10, 30):
            peak = kept_corpora.largest_excess(human=human, generation=generation)
            excess = [_excess(human, n, generation - 1) for n in range(1, round(3 * peak) + 2)]
            steps = [
                after * weight - before * next_weight
                for (before, weight), (after, next_weight) in zip(
                    excess[:-1], excess[1:], strict=True
                )
            ]
            # steps[i] leads from n = i + 1 to n = i + 2
            holds.append(all(step > 0 for step in steps[: round(peak) - 1]))
            holds.append(all(step <= 0 for step in steps[round(peak) - 1 :]))
            holds.append(all(step < 0 for step in steps[round(peak) :]))
        limits = [(n, human**2 + 2 * human * n + n) for n in range(1, 1000)]
        holds += [
            above * under > before * below
            for (before, under), (above, below) in zip(limits[:-1], limits[1:], strict=True)
        ]
    return all(holds)


def _excess(human: int, samples: int, rounds: int) -> tuple[int, int]:
    """Numerator and denominator of D / h after so many rounds."""
    weight, numerator, denominator = (human + samples) ** 2, 0, 1
    for _ in range(rounds):
        numerator = samples * (samples - 1) * numerator + samples * denominator
        denominator *= weight
    return numerator, denominator


@certificate("ref.temperature_real_share")
def diversity_returns_later_than_it_is_lost() -> bool:
    r"""Sampling at $\tau = 1/b$ with a human share, in fractions.

    Near the uniform law differences grow by $b (1 - \varepsilon)$. At b = 2 a top mass x is at rest
    iff $\varepsilon = V x (1-x) / (1 + (V-2) x)$, which is largest at $x = 1/(1+q)$,
    $V = 1 + q^2$, and is there $V / (1 + q)^2$. At b = 3 a grid of masses says the same of the
    formula.
    """
    holds = []
    for types in (2, 5, 10, 17, 1025):
        for power in (2, 3, 4):
            lost = Fraction(power - 1, power)
            for share in (Fraction(k, 25) for k in range(1, 25)):
                growth = _growth(types, power, share)
                holds.append(abs(growth - power * (1 - share)) < 1e-9)
                holds.append((growth < 1) == (share > lost))
            stay = temperature.stay_share(temperature=1 / power)
            holds.append(abs(stay - lost) < 1e-12)
        root = isqrt(types - 1)
        last, where = Fraction(types, (1 + root) ** 2), Fraction(1, 1 + root)
        found = temperature.return_share(types=types, temperature=0.5)
        holds.append(abs(found - last) < 1e-9)
        for mass in (Fraction(k, 200) for k in range(1, 200)):
            if mass > Fraction(1, types):
                at_rest = types * mass * (1 - mass) / (1 + (types - 2) * mass)
                holds.append(_sampled(types, 2, mass, at_rest) == mass)
                holds.append(at_rest < last or (at_rest == last and mass == where))
        holds.append(types == 2 or last > Fraction(1, 2))
        holds.append(types == 2 or _sampled(types, 2, where, last) == where)
        cubes = [_at_rest(types, 3, Fraction(k, 999)) for k in range(999 // types + 1, 999)]
        found = temperature.return_share(types=types, temperature=1 / 3)
        holds.append(-1e-4 < max(cubes) - found < 1e-12)
    return all(holds)


def _sampled(types: int, power: int, mass: Fraction, share: Fraction) -> Fraction:
    """The next mass of a type, the others alike."""
    others = (types - 1) * ((1 - mass) / (types - 1)) ** power
    return share / types + (1 - share) * mass**power / (mass**power + others)


def _at_rest(types: int, power: int, mass: Fraction) -> Fraction:
    """Human share at which a mass stays."""
    sampled = _sampled(types, power, mass, Fraction(0))
    return (sampled - mass) / (sampled - Fraction(1, types))


def _growth(types: int, power: int, share: Fraction) -> Fraction:
    """Slope of the next mass at the uniform law."""
    law, step = Fraction(1, types), Fraction(1, 10**9)
    above, below = (_sampled(types, power, law + s, share) for s in (step, -step))
    return (above - below) / (2 * step)
