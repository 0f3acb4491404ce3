"""Forgetting: the numbers that claims are held against, by exact chains, and what is recorded."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from collapse_sim.distributions import rare_words
from collapse_sim.distributions.categorical import Truth
from collapse_sim.experiment.process import Recording
from collapse_sim.loop import Trace
from experiments.recursion import forgetting
from tests.collapse_sim.draws import draw, same_mean
from tests.experiments.evidence import evidence_of, family_processes
from tests.theory.count_chains import coalescence_time, count_law, fixation_time
from theory.claims import ledger

PROCESSES = family_processes("forgetting")
EVIDENCE = {(e.claim, e.generation): e for p in PROCESSES.values() for e in evidence_of(p)}


def predicted(claim: str) -> float:
    return next(e.predicted[0] for (name, _), e in EVIDENCE.items() if name == claim)


def test_times_are_those_of_the_exact_chains_and_leading_orders_are_outside_the_tolerance():
    for claim, exact, leading in (
        ("kazdan2025.discrete", coalescence_time(forgetting.DISTINCT), 2 * forgetting.DISTINCT),
        ("ref.two_types", fixation_time(0.5, forgetting.PAIR), 2 * forgetting.PAIR * np.log(2)),
    ):
        assert predicted(claim) == pytest.approx(exact, rel=1e-10)
        assert abs(leading / exact - 1) > 5 * ledger()[claim].tolerance


def test_the_horizon_leaves_next_to_nothing_out():
    """Of the mean time, what comes after the last generation: by the slowest mode, 1 - 1/N."""
    samples = forgetting.PAIR
    left = count_law(0.5, samples, forgetting.LIFETIMES * samples)[1:-1].sum() * samples
    assert left / fixation_time(0.5, samples) < 2e-4


def test_bounds_stand_on_their_side_of_the_exact_chain():
    early, late = forgetting.PAIR, 6 * forgetting.PAIR
    laws = {n: count_law(0.5, forgetting.PAIR, n) for n in (early, late)}
    several = {n: law[1:-1].sum() for n, law in laws.items()}
    least, most = predicted("seddik2024.absorb_least"), predicted("seddik2024.absorb")
    assert least < several[early] < 1.6 * least
    assert several[late] < most < 1
    law = 1 / np.arange(1, 51) / np.sum(1 / np.arange(1, 51))
    types = sum(1 - count_law(p, 100, 20)[0] for p in law)
    # The verdict has to tell 4 % apart.
    assert 1.03 < types / predicted("suresh2025.vocab") < 1.05


def test_a_mixture_loses_variance_as_its_sample_does_and_some_outlive_the_bounds_level():
    mixture = PROCESSES["replace, two components"]
    got = draw(replace(mixture.simulation, measures=lambda trace: trace), seed=6)["variance"]
    assert same_mean(got[:, :4], 5 * 0.9 ** np.arange(1, 5))
    assert not same_mean(got[:, :4], 1.03 * 5 * 0.9 ** np.arange(1, 5))
    outlive = (got[:, -1] > forgetting.SPREAD**2).mean()
    assert 0 < outlive < evidence_of(mixture)[0].predicted[0] < 1
    traced = forgetting._above({"variance": jnp.array([1.1, 0.9])})
    assert traced["exceeds"].tolist() == [1, 0]


def test_fits_are_counted_until_one_type_is_left():
    traced = forgetting._until_one({"absorbed": jnp.array([0.0, 0.0, 1.0, 1.0])})
    assert traced["fits"].tolist() == [2, 3, 3, 3]
    assert traced["several"].tolist() == [1, 1, 0, 0]


def test_only_what_is_asked_for_is_recorded():
    def simulation(key) -> Trace:
        return {"a": jnp.zeros(2), "b": jnp.ones(2), "edited_fraction": jnp.ones(2)}

    only = Recording(simulation, lambda trace: {"c": 2 * trace["b"]}, alone=True)
    assert set(only(jax.random.key(0))) == {"c", "edited_fraction"}


def test_a_memoriser_errs_on_the_unseen_and_on_all_rarer_ranks():
    tested = np.array([0.5, 0.3, 0.1, 0.1])
    learner = rare_words.Memoriser(tested, 10, tested=tested)
    truth = Truth(jnp.asarray(tested), jnp.zeros(4, bool))
    error = learner.measure(jnp.array([0.9, 0.0, 0.05, 0.05]), truth)["test_error"]
    assert float(error) == pytest.approx(0.4)


def test_a_word_that_is_gone_stays_gone():
    word = rare_words.PoissonWord(2.0, 12)
    alive = jax.vmap(word)(jax.random.split(jax.random.key(1), 256))["alive"]
    assert (jnp.diff(alive, axis=1) <= 0).all() and 0 < alive[:, -1].mean() < alive[:, 0].mean()
