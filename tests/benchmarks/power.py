"""How often a formula that is off is refuted: simulated, and predicted by the normal law.

    python tests/benchmarks/power.py [--claims 200] [--error 1e-2] [--figure docs/power.png]

Claims are judged as a run judges them, on a process whose law is known: the variance of a normal
law fitted to 20 draws, divided by the true one, has mean 1 and variance 2 / 19. Each claim has
replicates of its own, which are looked at after 4,096, 8,192, ... of them. Prints a line for each
share by which the formula is off: of so many claims, the share refuted by each look, and in
parentheses theory's prediction. The first lines are false alarms: a claim is true up to 1 %.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import jax
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))
from collapse_sim.certify import Evidence
from collapse_sim.distributions.gaussian_law import GaussianLaw
from collapse_sim.intervals import radius
from collapse_sim.replicates import EMPTY, Stream, Summary
from theory.power import refuted_by

SAMPLES = 20
SPREAD = (2 / (SAMPLES - 1)) ** 0.5
COUNTS = tuple(4096 * 2**k for k in range(5))
TOLERANCE = 0.01
DEVIATIONS = (0.0, 0.01, 0.015, 0.02, 0.025, 0.03, 0.04)
MEASURE, SHOWN = "variance", (0.015, 0.02, 0.03)


def looked_at(stream: Stream, key: jax.Array) -> list[Summary]:
    """What is known of one claim at each look."""
    found, summary = [], EMPTY
    for count in COUNTS:
        *_, summary = stream.extend(summary, key, count)
        found.append(summary)
    return found


def refuted_at(known: Sequence[Summary], deviation: float, error: float) -> np.ndarray:
    """Whether a claim is refuted by each look; it is looked at until it is decided."""
    claimed = 1 + deviation
    evidence = Evidence("x", "-", "==", 1, (claimed, claimed), MEASURE, TOLERANCE)
    outcomes = (evidence.judge(summary, error).verdict for summary in known)
    decided = next(((i, end) for i, end in enumerate(outcomes) if end != "undecided"), None)
    found = np.zeros(len(COUNTS), bool)
    if decided is not None and decided[1] == "violated":
        found[decided[0] :] = True
    return found


def simulated(claims: int, error: float, seed: int) -> dict[float, np.ndarray]:
    """Share of the claims refuted by each look, by the share that the formula is off."""
    stream = Stream.of(GaussianLaw.of("replace", samples=SAMPLES, generations=1))
    refuted = {deviation: np.zeros(len(COUNTS)) for deviation in DEVIATIONS}
    for claim in range(claims):
        known = looked_at(stream, jax.random.fold_in(jax.random.key(seed), claim))
        for deviation in DEVIATIONS:
            refuted[deviation] += refuted_at(known, deviation, error) / claims
    return refuted


def predicted(deviation: float, error: float) -> np.ndarray:
    reaches = [radius(count, error) for count in COUNTS]
    return refuted_by(
        deviation=deviation, tolerance=TOLERANCE, spread=SPREAD, counts=COUNTS, reaches=reaches
    )


def table(found: dict[float, np.ndarray], error: float) -> str:
    rows = [
        ["formula off by", *(f"{count:,}" for count in COUNTS)],
        ["---"] * (1 + len(COUNTS)),
        *(
            [f"{100 * deviation:g} %"]
            + [
                f"{100 * share:.1f} ({100 * theory:.1f})"
                for share, theory in zip(shares, predicted(deviation, error), strict=True)
            ]
            for deviation, shares in found.items()
        ),
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def draw(found: dict[float, np.ndarray], error: float, path: Path) -> None:
    """Power against replicates, and against the deviation: lines are theory, points simulation."""
    from paper_figs import style

    colours = style.BLUE, style.RED, style.GREEN
    with style.context():
        figure = style.new_figure(style.PAGE, 2.4)
        left, right = figure.subplots(1, 2, sharey=True)
        for deviation, colour in zip(SHOWN, colours, strict=True):
            left.plot(COUNTS, predicted(deviation, error), color=colour)
            label = f"off by {100 * deviation:g} %"
            left.plot(COUNTS, found[deviation], "o", color=colour, label=label)
        deviations = np.linspace(0, max(DEVIATIONS), 81)
        for look, colour in zip((0, 2, 4), colours, strict=True):
            curve = [predicted(deviation, error)[look] for deviation in deviations]
            right.plot(100 * deviations, curve, color=colour)
            shares = [found[deviation][look] for deviation in DEVIATIONS]
            label = f"{COUNTS[look]:,} replicates"
            right.plot(100 * np.array(DEVIATIONS), shares, "o", color=colour, label=label)
        right.axvspan(0, 100 * TOLERANCE, color="0.92", zorder=0)
        right.text(0.03, 0.93, "true within\nthe tolerance", va="top", fontsize=style.SMALL)
        left.set(xscale="log", xlabel="replicates", ylabel="share of claims refuted")
        left.set_xticks(COUNTS, [f"{count:,}" for count in COUNTS])
        left.minorticks_off()
        right.set(xlabel="share by which the formula is off, per cent")
        for ax in (left, right):
            ax.legend()
        figure.savefig(path, dpi=200, metadata=style.METADATA["png"])


def main() -> None:
    parser = argparse.ArgumentParser(description="Power of verdicts, simulated and predicted.")
    parser.add_argument("--claims", type=int, default=200)
    parser.add_argument("--error", type=float, default=1e-2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--figure", type=Path)
    options = parser.parse_args()
    found = simulated(options.claims, options.error, options.seed)
    print(table(found, options.error))
    if options.figure is not None:
        draw(found, options.error, options.figure)


if __name__ == "__main__":
    main()
