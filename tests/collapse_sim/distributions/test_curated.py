"""Curated tokens, against the law of a choice over every sequence of draws."""

import numpy as np
import pytest

from collapse_sim.distributions.curated import CuratedTokens
from tests.collapse_sim.draws import draw, same_mean
from tests.theory.distributions.test_curation import chosen_law

LAW, REWARDS = np.array([0.5, 0.3, 0.2]), np.array([0.0, 1.0, -0.5])


@pytest.mark.parametrize("choices", [1, 3])
def test_one_round_is_the_law_of_a_choice(choices):
    """A t test at 1e-6; the controls are 2 % off."""
    tokens = CuratedTokens.of(LAW, REWARDS, choices=choices, samples=16, generations=2)
    found = draw(tokens, seed=1, count=2**14)
    expected = chosen_law(LAW.tolist(), REWARDS.tolist(), choices)
    first, reward = found["first_share"][:, 1], found["exponential_reward"][:, 1]
    assert same_mean(first, expected[0])
    assert same_mean(reward, expected @ np.exp(REWARDS))
    for factor in (0.98, 1.02):
        assert not same_mean(first, factor * expected[0])
        assert not same_mean(reward, factor * expected @ np.exp(REWARDS))
    np.testing.assert_allclose(found["first_share"][:, 0], 0.5)
    np.testing.assert_allclose(found["edited_fraction"][0], [0, 1])


def test_a_law_of_one_type_stays_and_one_draw_is_no_choice():
    tokens = CuratedTokens.of(np.array([1.0, 0.0]), np.zeros(2), samples=5, generations=3)
    np.testing.assert_array_equal(draw(tokens, seed=2, count=64)["first_share"], 1)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"law": np.array([0.5, 0.6, 0.1])}, "law="),
        ({"rewards": np.array([0.0, np.inf, 1.0])}, "rewards="),
        ({"choices": 0}, "choices=0"),
        ({"samples": 0}, "samples=0"),
    ],
)
def test_unusable_settings_are_refused(changes, named):
    given = {"law": LAW, "rewards": REWARDS, "samples": 4, "generations": 2} | changes
    with pytest.raises(ValueError, match=named):
        CuratedTokens.of(given.pop("law"), given.pop("rewards"), **given)
