"""Spikes under accumulation: likelihoods by hand, the law of points, and levels of chains."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collapse_sim import masks
from collapse_sim.distributions.sample import Sample
from collapse_sim.distributions.spikes import INNER, Spiked, SpikeLearner
from collapse_sim.distributions.verification import NearCentre
from collapse_sim.editing import Edit
from collapse_sim.loop import Chain
from collapse_sim.regimes import Accumulate, HumanOnly, Mix, Replace, Verify
from tests.collapse_sim.draws import COMPILE_FAST, COUNT, FAILURE_RATE, draw, same_mean
from theory.distributions import accumulation_failure

TINY = SpikeLearner(4)  # so small that many points of level 1 outweigh one of level 2
PLACES = 20


@partial(jax.jit, compiler_options=COMPILE_FAST)
def fit(data: Sample) -> Spiked:
    return TINY.fit(data)


def likelihoods(points: list[tuple[int, int]]) -> dict[tuple[int, int], float]:
    """Log-likelihood of every law that has a point in its window, by its address; (0, 0): none."""
    found = {(0, 0): 0.0}
    for outer, inner in points:
        if outer:
            found[outer, 0] = 0.0
        if inner:
            found[outer, inner] = 0.0
    for outer, inner in found:
        weight, log_width = (0.9, -64.0) if inner else (0.5, -16.0)
        inside = sum(p == (outer, inner) if inner else p[0] == outer for p in points)
        if outer:
            within = np.logaddexp(np.log1p(-weight), np.log(weight) - log_width)
            outside = np.log1p(-weight)
            found[outer, inner] = inside * within + (len(points) - inside) * outside
    return found


addresses = st.tuples(st.sampled_from([0, 0, 1, 2, 7]), st.sampled_from([0, 0, 0, 0, 1, 3])).map(
    lambda address: address if address[0] else (0, 0)
)


@settings(max_examples=200)
@given(points=st.lists(addresses, min_size=1, max_size=PLACES), seed=st.integers(0, 99))
def test_the_fit_is_the_most_likely_law(points, seed):
    labels = np.full(PLACES, (7 << INNER) | 3, np.uint32)  # what has no weight is not seen
    weights = np.zeros(PLACES, np.float32)
    places = np.random.default_rng(seed).permutation(PLACES)[: len(points)]
    labels[places] = [outer << INNER | inner for outer, inner in points]
    weights[places] = 1
    law = fit(Sample(jnp.asarray(labels), jnp.asarray(weights)))
    found = likelihoods(points)
    address = int(law.address) >> INNER, int(law.address) & (2**INNER - 1)
    assert found[address] == pytest.approx(max(found.values()), rel=1e-5, abs=1e-4)
    assert int(law.level) == (address[0] > 0) + (address[1] > 0)


def test_many_points_of_level_one_may_outweigh_one_of_level_two():
    def level(points):
        padded = points + [(0, 0)] * (8 - len(points))
        labels = jnp.asarray([outer << INNER | inner for outer, inner in padded], jnp.uint32)
        return int(TINY.fit(Sample.of(labels, jnp.float32)).level)

    assert level([]) == 0
    assert level([(5, 0)]) == 1
    assert level([(5, 9), (5, 0)]) == 2
    assert level([(5, 9)] + [(5, 0)] * 6) == 1


LEARNER = SpikeLearner(64)


@partial(jax.jit, compiler_options=COMPILE_FAST)
def points_of(law: Spiked, keys):
    like = Sample.of(jnp.zeros(64, jnp.uint32), jnp.float32)
    return jax.vmap(lambda key: LEARNER.generate(key, law, like).labels)(keys)


@pytest.mark.parametrize("level", [0, 1, 2])
def test_points_have_the_law_of_the_model(level):
    address = [0, 5 << INNER, 5 << INNER | 9][level]
    keys = jax.random.split(jax.random.key(level), COUNT)
    points = np.asarray(points_of(Spiked(jnp.int32(level), jnp.uint32(address)), keys))
    outer, inner = points >> INNER, points & (2**INNER - 1)
    weight = [0.0, 1 / 8, 0.9][level]
    expected = {
        "outer": weight + (1 - weight) / 64,
        "inner": weight * [0, 1 / 8, 1][level] + (1 - weight) / 512,
        "own": weight + (1 - weight) / 64 * 2**-16,
    }
    shares = {"outer": outer > 0, "inner": inner > 0, "own": (outer == 5) & (level > 0)}
    for name, hit in shares.items():
        if level or name != "own":
            assert same_mean(hit.mean(axis=1)[:, None], np.array([expected[name]])), name
    assert not (inner > 0)[outer == 0].any()
    if level == 2:
        assert ((inner == 9)[outer == 5]).mean() > 0.998


REGIMES = {"accumulate": Accumulate(), "replace": Replace(), "human_only": HumanOnly()}


@pytest.mark.parametrize(
    ("regime", "samples", "generations"),
    [("accumulate", 64, 4), ("replace", 64, 4), ("human_only", 64, 4), ("accumulate", 1024, 2)],
)
def test_levels_of_a_chain(regime, samples, generations):
    chain = Chain(SpikeLearner(samples), REGIMES[regime], generations)
    count = COUNT if samples < 1024 else COUNT // 2
    got = draw(chain, seed=samples, count=count)
    at = {"samples": samples, "generations": generations, "regime": regime}
    laws = accumulation_failure.level_probabilities(**at)
    assert same_mean(got["spiked"], laws[:, 1])
    assert same_mean(got["collapsed"], laws[:, 2])
    distances = [
        accumulation_failure.expected_total_variation(
            samples=samples, generation=n + 1, regime=regime
        )
        for n in range(generations)
    ]
    assert same_mean(got["total_variation"], np.array(distances))
    steps = np.diff(got["collapsed"], axis=1)
    if regime == "accumulate":  # collapse is for ever
        assert (steps >= 0).all()
        floors = [accumulation_failure.collapse_floor(generation=n + 1) for n in range(generations)]
        below = np.sqrt(np.log(1 / FAILURE_RATE) / (2 * count))  # Hoeffding
        assert (got["collapsed"].mean(axis=0) > np.array(floors) - below).all()
        # the control of this test: at fit 1 it collapses far more rarely
        assert not same_mean(got["collapsed"], np.repeat(laws[:1, 2], generations))
    if regime == "human_only":
        assert (steps == 0).all()


def test_replacement_comes_back_from_a_light_collapse():
    chain = Chain(SpikeLearner(16, collapsed_weight=0.1), Replace(), 4)
    got = draw(chain, seed=3)
    laws = accumulation_failure.level_probabilities(
        samples=16, generations=4, regime="replace", collapsed_weight=0.1
    )
    assert same_mean(got["spiked"], laws[:, 1])
    assert same_mean(got["collapsed"], laws[:, 2])
    assert (np.diff(got["collapsed"], axis=1) < 0).any()


@partial(jax.jit, compiler_options=COMPILE_FAST)
def drawn_anew(law: Spiked, key):
    human, truth = LEARNER.human(key)
    drawn = LEARNER.resample(key, law, human)
    return drawn, LEARNER.fresh_human(key, truth, human).labels


def test_points_drawn_anew_are_points_of_the_model():
    law = Spiked(jnp.int32(2), jnp.uint32(5 << INNER | 9))
    drawn, fresh = drawn_anew(law, jax.random.key(0))
    assert drawn.expected is None and (np.asarray(drawn.surprise) == 0).all()
    assert np.mean(np.asarray(drawn.labels) == (5 << INNER | 9)) > 0.7
    assert np.mean(np.asarray(fresh) == 0) > 0.8


CONFIDENT = masks.confident(LEARNER.samples, 1, 1.0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SpikeLearner(1), "samples=1: accepted are integers >= 2"),
        (lambda: SpikeLearner(9, 1.0), r"collapsed_weight=1.0: accepted is \(0, 1\)"),
        (lambda: Chain(LEARNER, Mix(0.5), 2), "averages of points are a sample of neither"),
        (lambda: Chain(LEARNER, Replace(growing=True), 2), "accepted is growing=False"),
        (lambda: Chain(LEARNER, Edit.of(CONFIDENT, "additive"), 2), "no noise-free part"),
        (lambda: Chain(LEARNER, Edit.of(CONFIDENT), 2), "all points surprise alike"),
        (lambda: Chain(LEARNER, Verify(NearCentre.of([0.0], 1.0)), 2), "accepted is no Verify"),
    ],
)
def test_what_cannot_be_simulated_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
