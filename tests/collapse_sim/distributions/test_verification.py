"""Verifiers: what passes, by hand; and what is learned from it, by the closed forms."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from collapse_sim.distributions.sample import Sample
from collapse_sim.distributions.verification import NearCentre, VerifiedLabels, VerifiedLearner
from collapse_sim.linear.data import Rows
from collapse_sim.linear.design import GivenDesign
from collapse_sim.linear.learner import LinearLearner, Truth
from collapse_sim.loop import Chain
from collapse_sim.regimes import Generation, Verify
from collapse_sim.resampled import Resampled
from tests.collapse_sim.draws import draw, same_mean
from theory.distributions import selection, verified_labels

KEPT = NearCentre.of([1.0, 0.0], radius=0.5, slack=0.25)


def test_rows_that_miss_the_centre_become_zero():
    inputs = jnp.asarray([[3.0, 4.0], [3.0, 4.0], [0.0, 0.0], [0.0, 0.0]])
    labels = jnp.asarray([3.0 + 2.7, 3.0 - 2.8, 0.2, -0.3])  # |x| = 5: may miss by 2.75
    got = KEPT(Rows(inputs, labels))
    np.testing.assert_array_equal(got.labels, labels * np.array([1, 0, 1, 0]))
    np.testing.assert_array_equal(got.inputs, inputs * np.array([1, 0, 1, 0])[:, None])


def test_points_away_from_the_centre_lose_their_weight():
    points = jnp.asarray([[1.5, 0.5], [1.0, -0.8], [1.0, 0.7], [9.0, 9.0]])
    data = Sample(points, jnp.asarray([1.0, 1.0, 0.0, 1.0]))
    np.testing.assert_array_equal(KEPT(data).weights, [1, 0, 0, 0])
    np.testing.assert_array_equal(KEPT(data).labels, points)
    line = Sample.of(jnp.asarray([0.2, -0.3, 0.9, 1.1]), jnp.float32)
    narrow = NearCentre.of([0.0], radius=0.5, slack=0.5)
    np.testing.assert_array_equal(narrow(line).weights, [1, 1, 1, 0])


def test_types_are_compared_with_a_centre_that_is_no_whole_number():
    types = Sample.of(jnp.arange(4), jnp.float32)
    np.testing.assert_array_equal(NearCentre.of([1.5], radius=0.5)(types).weights, [0, 1, 1, 0])


@pytest.mark.parametrize(
    "data",
    [
        Sample.of(jnp.ones((3, 1)), jnp.float32),
        Sample.of(jnp.ones(2), jnp.float32),
        Rows(jnp.ones((2, 3)), jnp.ones(2)),
    ],
    ids=["points", "numbers", "rows"],
)
def test_a_centre_of_another_dimension_is_refused(data):
    """Points of one coordinate were once compared with every coordinate of the centre."""
    with pytest.raises(ValueError, match="centre of 2 coordinates: accepted are [13], as many as"):
        KEPT(data)


def means(centre: float, samples: int = 20_000, truth: float = 0.0) -> Chain:
    """Mean estimation, rows of ones, the verifier's width 1."""
    design = replace(GivenDesign.of(np.ones((samples, 1))), shared=False)
    learner = LinearLearner(design, true_weights=np.array([truth]))
    return Chain(learner, Verify(NearCentre.of([centre], radius=0.6, slack=0.4)), generations=4)


@pytest.mark.parametrize("centre", [0.0, 1.0])
def test_a_verified_mean_goes_to_the_verifiers_centre(centre):
    got = draw(means(centre), seed=11, count=128)["test_error"]
    at = {"truth": 0.0, "centre": centre, "width": 1.0}
    errors = [selection.verified_error(**at, samples=20_000, generation=n) for n in (1, 2, 3, 4)]
    assert same_mean(got, np.array(errors))
    if centre:
        # 2 % of the way is seen, and so is a verifier that is not asked
        path = selection.verified_means(generations=4, **at)
        assert not same_mean(got[:, 1:], (1.02 * path[1:]) ** 2)
        assert abs(np.sqrt(got[:, -1].mean()) - 1) < 0.03
        assert (np.diff(got.mean(axis=0)) > 0).all()
    else:
        bounds = [
            selection.verified_error_bound(**at, samples=20_000, generation=n) for n in (2, 3, 4)
        ]
        assert same_mean(got[:, 1:], np.array(bounds))  # reached at the centre


def test_fits_are_seen_from_the_verifiers_centre():
    design = replace(GivenDesign.of(np.eye(4, 2)), shared=False)
    learner = VerifiedLearner(design, centre=np.array([1.0, -2.0]))
    truth = Truth(jnp.asarray([3.0, 0.0]), jnp.eye(2))
    got = learner.measure(jnp.asarray([2.0, -4.0]), truth)
    assert {name: float(value) for name, value in got.items()} == {
        "test_error": 17.0,
        "first_weight": 2.0,
        "centre_error": 5.0,
    }


def test_the_next_data_are_what_passes_of_the_models_own():
    human = Rows(jnp.ones((3, 2)), jnp.zeros(3), orthonormal=True)
    own = Rows(jnp.ones((3, 2)), jnp.asarray([0.5, 1.0, 9.0]))
    regime = Verify(KEPT)
    data, memory = regime.start(human, 3)
    assert not data.orthonormal  # a subset of the rows may not be
    np.testing.assert_array_equal(data.labels, human.labels)
    seen = Generation(1, human, data, lambda: own, lambda data: Resampled(0, None, 0), lambda: own)
    step = regime.step(jax.random.key(0), memory, seen)
    np.testing.assert_array_equal(step.data.labels, [0.5, 1, 0])
    np.testing.assert_array_equal(step.data.inputs[:, 0], [1, 1, 0])
    assert step.edited_fraction == 1


def test_whitened_rows_are_refused():
    with pytest.raises(ValueError, match="orthonormal=True: accepted are rows of a design"):
        KEPT(Rows(jnp.eye(2), jnp.zeros(2), orthonormal=True))


SHARES = (0.0, 0.5, 0.75, 0.8, 0.85, 1.0)
VERIFIER = {"keep_correct": 0.5, "keep_wrong": 0.125}


def accuracies(samples: int, dim: int) -> dict[str, np.ndarray]:
    return draw(VerifiedLabels.of(SHARES, **VERIFIER, dim=dim, samples=samples), seed=samples + dim)


def test_accuracy_on_many_verified_labels(samples=400, dim=4):
    got = accuracies(samples, dim)
    kept = [verified_labels.kept_share(wrong_share=p, **VERIFIER) for p in SHARES]
    assert same_mean(got["kept_share"], np.array(kept))
    at = {"samples": samples, "dim": dim, **VERIFIER}
    expected = [verified_labels.verified_accuracy(wrong_share=p, **at) for p in SHARES]
    # near breakdown the error of the formula is not seen; elsewhere it is O(1/T)
    assert same_mean(got["accuracy"][:, 1:5], np.array(expected[1:5]))
    np.testing.assert_allclose(got["accuracy"].mean(axis=0), expected, atol=0.004)


def test_accuracy_on_one_verified_label():
    # In the plane the angle of a correct input to w* is uniform up to pi / 2: accuracy 3/4.
    p = np.array(SHARES)
    expected = 0.5 + 0.25 * (0.5 * (1 - p) - 0.125 * p)
    got = accuracies(1, 2)["accuracy"]
    assert same_mean(got, expected)
    # In space its cosine is uniform, the angle 1 in the mean: accuracy 1 - 1/pi.
    expected = 0.5 + (0.5 - 1 / np.pi) * (0.5 * (1 - p) - 0.125 * p)
    assert same_mean(accuracies(1, 3)["accuracy"], expected)


def test_accuracy_is_one_half_at_breakdown_for_few_labels():
    got = accuracies(8, 3)["accuracy"]
    assert verified_labels.breakdown_share(**VERIFIER) == SHARES[3]
    assert same_mean(got[:, 3:4], np.array([0.5]))
    below, above = got[:, [0, 1]], got[:, [5]]
    for others in (below, above):
        assert not same_mean(others, np.full(others.shape[1], 0.5))
    assert (np.diff(got.mean(axis=0)) < 0).all()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: NearCentre.of([0.0], radius=-1.0), r"radius=-1.0, slack=0.0: accepted are"),
        (lambda: NearCentre.of([0.0], radius=0.0), "that are not both 0"),
        (
            lambda: VerifiedLabels.of((0.1, 1.5), **VERIFIER, dim=1, samples=1),
            r"wrong_shares=\(0.1, 1.5\): accepted is \[0, 1\]",
        ),
        (
            lambda: VerifiedLabels.of((0.1,), keep_correct=2.0, keep_wrong=0.1, dim=1, samples=1),
            r"keep_correct=2.0: accepted is \[0, 1\]",
        ),
        (lambda: VerifiedLabels.of((0.1,), **VERIFIER, dim=1, samples=0), "dim=1, samples=0"),
    ],
)
def test_bad_input_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()
