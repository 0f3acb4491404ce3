"""How fast logistic regressions are fitted again and again, beside a loop over scikit-learn's.

    python tests/benchmarks/regression_table.py

One run, alternating; medians over the rounds. Compilation is excluded. Before each line both
solvers fit the same labels, and the distances of their weights from those of a float64 solver with
a far smaller tolerance are printed: the looser of them is theirs.
"""

import sys
import warnings
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
from sklearn.linear_model import LogisticRegression

sys.path.insert(0, str(Path(__file__).parents[2]))
from collapse_sim.linear.data import Rows
from collapse_sim.linear.design import GaussianDesign
from collapse_sim.linear.generalised import LogisticLearner
from collapse_sim.loop import Chain
from collapse_sim.regimes import Replace
from experiments.devices import cores
from tests.benchmarks.distribution_table import race, report, stream

SIZES = ((4, 100), (10, 1000))
GENERATIONS = 10
TOLERANCE = 1e-5
"""Largest entry of the gradient of the mean loss at which scikit-learn stops."""

SOLVERS = ("lbfgs", "newton-cholesky")
"""Scikit-learn's default, and its fastest for few columns."""


def solver(name: str, tolerance: float = TOLERANCE) -> LogisticRegression:
    return LogisticRegression(
        C=np.inf, fit_intercept=False, solver=name, tol=tolerance, max_iter=1000
    )


def labels_of(random: np.random.Generator, x: np.ndarray, weights: np.ndarray) -> np.ndarray:
    return random.random(len(x)) < 1 / (1 + np.exp(-x @ weights))


def sklearn_chains(name: str, dim: int, samples: int, chains: int) -> None:
    """Chains under full resampling, fit by fit; the truth is 0."""
    random = np.random.default_rng(0)
    for _ in range(chains):
        x, weights = random.standard_normal((samples, dim)), np.zeros(dim)
        for _ in range(GENERATIONS):
            weights = solver(name).fit(x, labels_of(random, x, weights)).coef_[0]


def distances(dim: int, samples: int) -> dict[str, float]:
    """Largest distance of each solver's weights from the optimum, over twenty data sets."""
    random, found = np.random.default_rng(1), dict.fromkeys(("ours", *SOLVERS), 0.0)
    fit = jax.jit(LogisticLearner(GaussianDesign(dim, samples)).fit)
    for _ in range(20):
        x = random.standard_normal((samples, dim)).astype(np.float32)
        labels = labels_of(random, x, np.zeros(dim))
        right = solver("newton-cholesky", 1e-12).fit(x.astype(np.float64), labels).coef_[0]
        fits = {name: solver(name).fit(x.astype(np.float64), labels).coef_[0] for name in SOLVERS}
        fits["ours"] = np.asarray(fit(Rows(jnp.asarray(x), jnp.asarray(labels, x.dtype))).weights)
        for name, weights in fits.items():
            found[name] = max(found[name], float(np.abs(weights - right).max()))
    return found


def main() -> None:
    warnings.simplefilter("ignore")
    for dim, samples in SIZES:
        off = ", ".join(f"{name} {value:.0e}" for name, value in distances(dim, samples).items())
        print(f"({dim}, {samples}), off the optimum: {off}", file=sys.stderr)
    print("| what | fits/s | baseline | baseline fits/s | ratio | aim |")
    print("| --- | --- | --- | --- | --- | --- |")
    for dim, samples in SIZES:
        chain = Chain(LogisticLearner(GaussianDesign(dim, samples)), Replace(), GENERATIONS)
        replicates = 4096 if samples < 1000 else 512
        for name in SOLVERS:
            ours, theirs = race(
                stream(chain, replicates),
                lambda name=name, dim=dim, samples=samples: sklearn_chains(name, dim, samples, 5),
                replicates * GENERATIONS,
                5 * GENERATIONS,
            )
            report(f"logistic, ({dim}, {samples})", ours, f"scikit-learn, {name}", theirs, 50)


if __name__ == "__main__":
    jax.config.update("jax_num_cpu_devices", cores())
    main()
