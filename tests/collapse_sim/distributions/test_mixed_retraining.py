"""Retraining on kept human points and fresh ones of the model: moments by hand, and points drawn.

With share b = s / (n + s) of s fresh points beside n human ones, the mean's distance d to the human
mean has E d' = b d and E d'^2 = b^2 (E d^2 + E v / s), and the variance E v' = (1 - b) w + b (1 -
1 / s) E v + (1 - b) b (E d^2 + E v / s), where w = 1 - 1 / n is that of the human points.
"""

import numpy as np
import pytest

from collapse_sim.distributions.mixed_retraining import MixedRetraining
from tests.collapse_sim.draws import draw, same_mean, same_means

HUMAN, SYNTHETIC, START, GENERATIONS = 12, 6, 2.0, 4


@pytest.fixture(scope="module")
def found() -> dict[str, np.ndarray]:
    return draw(MixedRetraining(HUMAN, SYNTHETIC, START, GENERATIONS), seed=1, count=2**17)


def by_hand() -> np.ndarray:
    """Mean distance, its square and the variance, by generation."""
    b, w = SYNTHETIC / (HUMAN + SYNTHETIC), 1 - 1 / HUMAN
    rows = [(START, START**2, w)]
    for _ in range(GENERATIONS - 1):
        d, square, v = rows[-1]
        drawn = square + v / SYNTHETIC
        variance = (1 - b) * w + b * (1 - 1 / SYNTHETIC) * v + (1 - b) * b * drawn
        rows.append((b * d, b**2 * drawn, variance))
    return np.array(rows)


def test_moments_are_those_worked_out_by_hand(found):
    distance, square, variance = by_hand().T
    later = slice(1, None)  # the first distance is no random number
    assert (found["distance"][:, 0] == 1).all()
    assert same_mean(found["distance"][:, later] * START, distance[later])
    assert same_mean((found["distance"][:, later] * START) ** 2, square[later])
    assert same_mean(found["variance"], variance)
    for factor in (0.98, 1.02):
        assert not same_mean(found["distance"][:, [1]] * START, factor * distance[[1]])
        assert not same_mean((found["distance"][:, [1]] * START) ** 2, factor * square[[1]])
        assert not same_mean(found["variance"][:, [-1]], factor * variance[[-1]])


def test_points_drawn_one_by_one_give_the_same_laws(found):
    rng = np.random.default_rng(2)
    human = rng.normal(size=(30_000, HUMAN))
    mean, variance = human.mean(axis=1) + START, human.var(axis=1)
    for n in range(1, GENERATIONS):
        drawn = mean[:, None] + np.sqrt(variance)[:, None] * rng.normal(size=(30_000, SYNTHETIC))
        points = np.concatenate([human, drawn], axis=1)
        mean, variance = points.mean(axis=1), points.var(axis=1)
        distance = (mean - human.mean(axis=1)) / START
        for name, values in (("distance", distance), ("variance", variance)):
            one = found[name][:, n]
            powers = np.stack([values, values**2], axis=1)
            assert same_means(powers, np.stack([one, one**2], axis=1)), (name, n)


def test_the_share_of_fresh_points(found):
    np.testing.assert_allclose(found["edited_fraction"][0], [0, *[1 / 3] * 3], rtol=1e-6)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"human": 1}, "human=1"),
        ({"synthetic": 0}, "synthetic=0"),
        ({"start": 0.0}, "start=0.0"),
        ({"start": float("inf")}, "start=inf"),
    ],
)
def test_unusable_settings_are_refused(changes, named):
    settings = {"human": 5, "synthetic": 5, "start": 1.0, "generations": 2} | changes
    with pytest.raises(ValueError, match=named):
        MixedRetraining(**settings)
