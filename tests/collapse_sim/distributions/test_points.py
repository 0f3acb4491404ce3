"""PointLearner: a learner from a truth, a fit, a draw and a measure; exact laws of its chains."""

from dataclasses import dataclass

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import collapse_sim as cs


@dataclass(frozen=True)
class Exponential(cs.PointLearner):
    """Exponential waiting times, fitted by their mean."""

    samples: int
    truth: float = 1.0

    def fit(self, data, key=None):
        return jnp.average(data.labels, weights=data.weights)

    def draw(self, key, mean, size):
        return mean * jax.random.exponential(key, (size,))

    def measure(self, mean, truth):
        return {"mean": mean, "squared_error": (mean - truth) ** 2}


class WithDensity(Exponential):
    def log_density(self, mean, points):
        return -jnp.log(mean) - points / mean


def squared_error(learner, regime, generations=4):
    run = cs.simulate(cs.Chain(learner, regime, generations), replicates=2**17)
    return run.interval("squared_error", error=1e-6 / generations)


def inside(intervals, expected) -> bool:
    """A right formula is outside with a chance of 1e-6."""
    return bool(((intervals[:, 0] < expected) & (expected < intervals[:, 1])).all())


GENERATIONS = np.arange(1, 5)
REPLACE = (1 + 1 / 20) ** GENERATIONS - 1  # a mean of 20 has relative variance 1/20


def test_full_resampling_multiplies_second_moments():
    found = squared_error(Exponential(20), cs.Replace())
    assert inside(found, REPLACE) and not inside(found, 1.1 * REPLACE)


def test_accumulated_points_of_weight_0_are_no_data():
    """With m_n the mean of n parts of 20: E (m_n - m_{n-1})^2 is that of one part over n^2."""
    second, expected = 1.0, []
    for n in GENERATIONS:
        # m_n = m_{n-1} + (x_n - m_{n-1}) / n with x_n a mean of 20 of mean m_{n-1}.
        second *= 1 + 1 / (20 * n**2)
        expected.append(second - 1)
    assert inside(squared_error(Exponential(20), cs.Accumulate()), np.array(expected))


def test_human_and_anchored_data_do_not_drift():
    assert inside(squared_error(Exponential(20), cs.HumanOnly()), np.full(4, 1 / 20))
    every = cs.masks.random_masks(20, 4, 1.0)
    assert inside(squared_error(Exponential(20), cs.Edit.of(every)), REPLACE)


@pytest.mark.parametrize(
    "regime", [cs.KeepHuman(0.5), cs.FreshHuman(0.5), cs.AccumulateSubsample(), cs.EditSubset(5)]
)
def test_every_regime_of_points_runs(regime):
    run = cs.simulate(cs.Chain(Exponential(20), regime, 3), replicates=2048)
    first, *rest = run.mean("squared_error")
    assert all(first < later < REPLACE[2] for later in rest)


def test_regimes_that_make_no_sense_are_refused():
    with pytest.raises(ValueError, match="averages of points are a sample of neither law"):
        cs.Chain(Exponential(20), cs.Mix(0.5), 3)
    confident = cs.Edit.of(cs.masks.confident(20, 2, 1.0))
    with pytest.raises(ValueError, match=r"^Exponential has no log_density\(params, points\): acc"):
        cs.Chain(Exponential(20), confident, 3)
    run = cs.simulate(cs.Chain(WithDensity(20), confident, 3), replicates=64)
    # Surprise t / mean + log mean <= 1: about 1 - 1/e of the points.
    np.testing.assert_allclose(run.mean("edited_fraction")[1], 1 - np.exp(-1), atol=0.07)


def test_what_is_missing_is_named(monkeypatch):
    monkeypatch.setattr("jaxtyping.config.jaxtyping_disable", True)  # as for a user

    @dataclass(frozen=True)
    class Fit(cs.PointLearner):
        samples: int = 3

        def fit(self, data, key=None): ...

    with pytest.raises(ValueError, match="^learner is a Fit without measure: accepted are"):
        cs.Chain(Fit(), cs.Replace(), 3)

    class Measured(Fit):
        def measure(self, params, truth): ...

    with pytest.raises(ValueError, match="^learner is a Measured without truth, draw: accepted"):
        cs.Chain(Measured(), cs.Replace(), 3)
