"""How fast distributions are fitted again and again, each beside a named baseline.

    python tests/benchmarks/distribution_table.py

One run, alternating; medians over the rounds. Compilation is excluded.
"""

import statistics
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))
from collapse_sim.distributions import type_laws
from collapse_sim.distributions.categorical import CategoricalLearner
from collapse_sim.distributions.divergences import Mixture
from collapse_sim.distributions.gaussian_law import GaussianLaw
from collapse_sim.distributions.mixture import MixtureLearner
from collapse_sim.loop import Chain
from collapse_sim.regimes import HumanOnly, Replace
from collapse_sim.replicates import EMPTY, Simulation, Stream
from experiments.devices import cores

ROUNDS = 3


def stream(simulation: Simulation, replicates: int) -> Callable[[], object]:
    """Replicates of a simulation, reduced on the host as an experiment does."""
    made = Stream.of(simulation, chunk=min(replicates, 4096))

    def run():
        *_, summary = made.extend(EMPTY, jax.random.key(0), replicates)
        return summary

    return run


def race(ours: Callable, theirs: Callable, work: int, their_work: int) -> tuple[float, float]:
    """Fits a second of both, medians over alternating rounds."""
    ours()
    found = []
    for _ in range(ROUNDS):
        speeds = []
        for run, count in ((ours, work), (theirs, their_work)):
            start = time.perf_counter()
            run()
            speeds.append(count / (time.perf_counter() - start))
        found.append(speeds)
    first, second = (statistics.median(column) for column in zip(*found, strict=True))
    return first, second


def gaussian_loop(samples: int, generations: int, chains: int) -> None:
    """The published notebooks' loop: draw, take mean and standard deviation, draw again."""
    random = np.random.default_rng(0)
    for _ in range(chains):
        mean, deviation = 0.0, 1.0
        for _ in range(generations):
            x = random.normal(mean, deviation, samples)
            mean, deviation = x.mean(), x.std(ddof=1)


def multinomial_loop(law: np.ndarray, tokens: int, generations: int) -> None:
    random = np.random.default_rng(0)
    p = law
    for _ in range(generations):
        p = random.multinomial(tokens, p) / tokens


def sklearn_loop(samples: int, fits: int) -> None:
    from sklearn.mixture import GaussianMixture

    random = np.random.default_rng(0)
    for seed in range(fits):
        x = random.normal(np.where(random.random(samples) < 0.5, -2, 2), 1)
        GaussianMixture(2, random_state=seed).fit(x[:, None])


def main() -> None:
    warnings.simplefilter("ignore")
    print("| what | fits/s | baseline | baseline fits/s | ratio | aim |")
    print("| --- | --- | --- | --- | --- | --- |")
    for samples in (1000, 10**6):
        law = GaussianLaw.of("replace", samples=samples, generations=40)
        chains = 2**19
        ours, theirs = race(
            stream(law, chains), lambda: gaussian_loop(1000, 40, 50), 40 * chains, 40 * 50
        )
        report(f"Gaussian law, M = {samples:,}", ours, "NumPy loop, M = 1,000", theirs, 500)
    for name, law in (
        ("uniform", type_laws.uniform(10**4)), ("Zipf", type_laws.zipf(10**4, 1.0)),
    ):  # fmt: skip
        chain = Chain(CategoricalLearner(law, 10**6), Replace(), 100)
        ours, theirs = race(
            stream(chain, 64), lambda law=law: multinomial_loop(law, 10**6, 100), 6400, 100
        )
        report(f"{name} law, 10^4 types, 10^6 tokens", ours, "Generator.multinomial", theirs, 3)
    truth = Mixture.of((0.5, 0.5), (-2.0, 2.0), (1.0, 1.0))
    chain = Chain(MixtureLearner(truth, 1000, 2, 30), HumanOnly(), 4)
    ours, theirs = race(stream(chain, 512), lambda: sklearn_loop(1000, 50), 4 * 512, 50)
    report("EM, 1,000 points, 30 steps", ours, "GaussianMixture", theirs, 5)


def report(what: str, ours: float, baseline: str, theirs: float, aim: float) -> None:
    ratio = ours / theirs
    met = "met" if ratio >= aim else "missed"
    print(f"| {what} | {ours:,.0f} | {baseline} | {theirs:,.0f} | {ratio:.3g} | >={aim} {met} |")


if __name__ == "__main__":
    jax.config.update("jax_num_cpu_devices", cores())
    main()
