"""Best of several draws, and choices among them: by enumeration, and what they end on."""

import math
from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from theory import certificates_curation
from theory.distributions import curation


def laws(least: int = 1):
    weights = st.lists(st.floats(0.01, 1), min_size=least, max_size=5)
    return weights.map(lambda found: (np.array(found) / sum(found)).tolist())


rewarded = laws(2).flatmap(
    lambda law: st.tuples(
        st.just(law), st.lists(st.floats(-3, 3), min_size=len(law), max_size=len(law))
    )
)


def chosen_law(law: list[float], rewards: list[float], choices: int) -> np.ndarray:
    """Law of a choice among several draws, over every sequence of them."""
    found, values = np.zeros(len(law)), np.exp(rewards)
    for sequence in product(range(len(law)), repeat=choices):
        drawn = math.prod(law[place] for place in sequence)
        for place in sequence:
            found[place] += drawn * values[place] / values[list(sequence)].sum()
    return found


@given(case=rewarded, choices=st.integers(1, 3))
def test_the_mean_reward_grows_by_as_much_as_the_bound_says(case, choices):
    law, rewards = case
    where = {"probabilities": law, "rewards": rewards}
    reached = chosen_law(law, rewards, choices) @ np.exp(rewards)
    least = curation.curated_reward_least(**where, choices=choices)
    assert law @ np.exp(rewards) * (1 - 1e-12) <= least <= reached * (1 + 1e-9)


@given(case=rewarded)
def test_pairs_are_those_of_the_enumeration(case):
    law, rewards = case
    found = curation.curated_pairs(probabilities=law, rewards=rewards)
    np.testing.assert_allclose(found, chosen_law(law, rewards, 2), rtol=1e-9)


@given(share=st.floats(0, 1), gap=st.floats(0, 5))
def test_a_round_between_two_types_is_one_of_pairs(share, gap):
    pairs = curation.curated_pairs(probabilities=[share, 1 - share], rewards=[0.0, gap])
    found = curation.losing_share(share=share, reward_gap=gap, generation=2)
    assert found == pytest.approx(pairs[0], rel=1e-9, abs=1e-15)


def test_the_loser_ends_at_a_constant_rate():
    at = {"share": 0.5, "reward_gap": 1.0}
    late, later = (curation.losing_share(**at, generation=n) for n in (60, 61))
    assert later / late == pytest.approx(0.537883, abs=1e-6)


@given(law=laws(), draws=st.integers(1, 200))
def test_the_printed_divergence_is_only_an_upper_bound(law, draws):
    exact = curation.best_of_divergence(probabilities=law, draws=draws)
    assert -1e-12 <= exact <= curation.best_of_divergence_bound(draws=draws) + 1e-12


def test_the_printed_divergence_is_met_by_many_types_and_missed_by_few():
    fine, coin = (
        curation.best_of_divergence(probabilities=np.full(n, 1 / n), draws=64) for n in (1000, 2)
    )
    assert curation.best_of_divergence_bound(draws=64) == pytest.approx(3.1745, abs=5e-5)
    assert fine == pytest.approx(3.1743, abs=5e-5)
    assert coin == pytest.approx(math.log(2), rel=1e-12)


@pytest.mark.parametrize("factor", [0.98, 1.02])
@pytest.mark.parametrize(
    ("formula", "certificate"),
    [
        ("best_of_win_rate_bound", certificates_curation.the_win_rate_is_at_most_its_bound),
        ("best_of_rounds_share", certificates_curation.rounds_are_one_best_of_a_power),
    ],
)
def test_a_formula_off_by_two_percent_is_seen(monkeypatch, formula, certificate, factor):
    right = getattr(curation, formula)
    monkeypatch.setattr(curation, formula, lambda **given: factor * right(**given))
    assert certificate() is False


@pytest.mark.parametrize("factor", [0.98, 1.02])
def test_a_divergence_bound_that_is_too_low_or_not_sharp_is_seen(monkeypatch, factor):
    right = curation.best_of_divergence_bound
    monkeypatch.setattr(
        curation, "best_of_divergence_bound", lambda **given: factor * right(**given)
    )
    assert certificates_curation.the_divergence_is_at_most_the_printed_one() is False


@pytest.mark.parametrize(
    ("formula", "given", "named"),
    [
        (curation.best_of_divergence_bound, {"draws": 0}, "draws=0"),
        (curation.best_of_law, {"probabilities": [0.5, 0.6], "draws": 2}, "probabilities sums"),
        (
            curation.curated_pairs,
            {"probabilities": [0.5, 0.5], "rewards": [1.0]},
            "accepted are 2 finite numbers",
        ),
        (
            curation.losing_share,
            {"share": 0.5, "reward_gap": -1.0, "generation": 1},
            "reward_gap=-1.0",
        ),
    ],
)
def test_unusable_arguments_are_named(formula, given, named):
    with pytest.raises(ValueError, match=named):
        formula(**given)
