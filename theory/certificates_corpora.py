"""Certificates of claims on corpora, in whole numbers and fractions."""

from theory.claims import certificate
from theory.distributions import kept_corpora


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
