"""Points, statistics and the exact law of a Gaussian chain are one process.

The law itself is tested against closed forms elsewhere. Means here have errors below 1 %.
"""

from dataclasses import dataclass
from functools import cache

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy.special import digamma
from scipy.stats import chi, norm

from collapse_sim import masks
from collapse_sim.distributions.gaussian import GaussianLearner
from collapse_sim.distributions.gaussian_law import GaussianLaw
from collapse_sim.editing import Edit
from collapse_sim.loop import Chain
from collapse_sim.pytree import pytree
from collapse_sim.regimes import Accumulate, Replace
from tests.collapse_sim.draws import COMPILE_FAST, draw, same_law, same_mean, same_means

COUNT = 2**15
LAW_MEASURES = (
    *("squared_mean_error", "variance", "standard_deviation"),
    *("log_variance", "squared_wasserstein"),
)


def learner(representation: str, variance: float = 1.0, **settings) -> GaussianLearner:
    scale = jnp.float32(variance)
    settings = {"dim": 1, "samples": 10, "sampling_variance": scale} | settings
    return GaussianLearner(representation=representation, **settings)


def agree(first: dict, second: dict, names) -> bool:
    """Laws of the last generation, means of all, and what was edited."""
    assert all(same_law(first[name][:, -1], second[name][:, -1]) for name in names), "laws"
    for name in names:
        assert same_means(first[name], second[name]), name
    edited = [np.unique(x["edited_fraction"], axis=0) for x in (first, second)]
    np.testing.assert_allclose(*edited, rtol=1e-6)
    return True


@cache
def exact_law(regime: str) -> dict[str, np.ndarray]:
    return draw(GaussianLaw.of(regime, samples=10, generations=3), seed=1, count=COUNT)


@pytest.mark.parametrize("representation", ["rows", "statistics"])
@pytest.mark.parametrize("regime", [Replace(), Accumulate()], ids=["replace", "accumulate"])
def test_one_dimension_follows_the_exact_law(representation, regime):
    name = "replace" if isinstance(regime, Replace) else "accumulate"
    chain = Chain(learner(representation), regime, generations=3)
    found = draw(chain, seed=2, count=COUNT)
    assert agree(found, exact_law(name), LAW_MEASURES)


@pytest.mark.parametrize("representation", ["rows", "statistics"])
def test_a_sampling_variance_multiplies_the_variance_at_each_round(representation):
    chain = Chain(learner(representation, variance=0.81), Replace(), generations=3)
    found = draw(chain, seed=3, count=COUNT)
    expected = 0.81 ** np.arange(3)
    assert same_mean(found["variance"], expected)


def test_a_block_has_the_laws_of_its_points_mean_and_scatter():
    # One draw of many blocks of 10 points has all the accuracy that the chains above lack.
    blocks = 2**18
    gaussian = learner("statistics", dim=2, samples=10 * blocks, sizes=np.full(blocks, 10))
    human, _ = jax.jit(gaussian.human, compiler_options=COMPILE_FAST)(jax.random.key(11))
    means, factors = np.split(np.asarray(human.labels, float), [1], axis=2)
    for value, law in (
        (np.sqrt(10) * means[:, 0, 0], norm()),
        (np.sqrt(10) * means[:, 1, 0], norm()),
        (factors[:, 0, 0], chi(9)),
        (factors[:, 1, 0], norm()),
        (factors[:, 1, 1], chi(8)),
    ):
        assert same_law(value, law)
        squares = law.var() + law.mean() ** 2
        assert same_mean(value**2, squares)
        assert not same_mean(value**2, 0.98 * squares)
        assert not same_mean(value**2, 1.02 * squares)


def test_growing_statistics_follow_the_exact_law():
    chain = Chain(learner("statistics"), Replace(growing=True, power=0.5), generations=3)
    found = draw(chain, seed=4, count=COUNT)
    samples = np.array([10, 14, 17])
    exact = draw(GaussianLaw.of("replace", samples=samples, generations=3), seed=5, count=COUNT)
    assert agree(found, exact, LAW_MEASURES)
    constant = exact_law("replace")["standard_deviation"]
    assert not same_means(found["standard_deviation"], constant)


# Three histories: one point edited each time, seven once, four never.
SCHEDULE = np.zeros((2, 12), bool)
SCHEDULE[:, 0] = True
SCHEDULE[1, :8] = True


@pytest.mark.parametrize("variant", ["chained", "anchored"])
def test_edited_blocks_are_edited_points(variant):
    sizes, blocks = masks.blocks_of(SCHEDULE)

    def edited(gaussian, schedule, seed):
        regime = Edit.of(masks.MaskPolicy.of(schedule), variant)
        return draw(Chain(gaussian, regime, generations=3), seed=seed, count=COUNT)

    found = (
        edited(learner("rows", dim=2, samples=12), SCHEDULE, seed=7),
        edited(learner("statistics", dim=2, samples=12, sizes=sizes), blocks, seed=8),
    )
    names = ("squared_mean_error", "variance", "mean_log_variance", "tail_mass")
    assert agree(*found, names)
    np.testing.assert_allclose(found[0]["edited_fraction"][0], [0, 1 / 12, 8 / 12])


@pytree
@dataclass(frozen=True, eq=False)
class Directions(GaussianLearner):
    """Also measures the conditional variance of each coordinate, given those before it."""

    def measure(self, params, truth):
        logs = 2 * jnp.log(jnp.diagonal(params.factor))
        return super().measure(params, truth) | {str(j): logs[j] for j in range(self.dim)}


def test_every_direction_collapses_at_its_own_rate():
    # The last direction's deviation falls to e^-18 of the first's, below rounding error.
    gaussian = Directions(4, 10, representation="statistics")
    found = draw(Chain(gaussian, Replace(), generations=80), seed=9, count=2**13)
    rates = digamma((10 - np.arange(1, 5)) / 2) + np.log(2 / 9)
    np.testing.assert_allclose(rates, [-0.1152, -0.2480, -0.4009, -0.5813], atol=5e-5)
    slopes = np.stack([found[str(j)][:, -1] for j in range(4)], axis=1) / 80
    assert same_mean(slopes, rates)
    for j, rate in enumerate(rates[1:], start=1):  # the first is that of one dimension
        assert not same_mean(slopes[:, j], 0.98 * rate)
        assert not same_mean(slopes[:, j], 1.02 * rate)
    assert same_mean(found["mean_log_variance"][:, -1], 80 * rates.mean())
    # The mean covariance stays the identity all the while, and the mean moves away.
    assert same_mean(found["variance"][:, :5], np.ones(5))
    assert same_mean(found["squared_mean_error"][:, :5], np.arange(1, 6) / 10)
    assert not same_mean(found["variance"][:, 0], 0.98)
    assert not same_mean(found["variance"][:, 0], 1.02)
