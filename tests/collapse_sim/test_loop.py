"""Chains: what cannot be simulated is refused before anything runs."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from collapse_sim import masks
from collapse_sim.editing import Edit
from collapse_sim.linear.design import GaussianDesign, GivenDesign
from collapse_sim.linear.law import ExactLaw
from collapse_sim.linear.learner import LinearLearner, ridge
from collapse_sim.loop import Chain
from collapse_sim.masks import MaskPolicy
from collapse_sim.regimes import Accumulate, AccumulateSubsample, Mix, Replace

SHARED, FRESH = GaussianDesign(2, 8), GaussianDesign(2, 8, shared=False)
EDIT = Edit.of(masks.random_masks(8, 2, 0.5))
AT = {"dim": 3, "samples": 9, "generations": 4}


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Chain(LinearLearner(SHARED), Replace(), 0), r"generations=0: accepted are .* 1"),
        (
            lambda: Chain(
                LinearLearner(SHARED, representation="statistics"),
                Edit.of(masks.confident(1, 2, 1.0)),
                3,
            ),
            "confidence masks look at residuals: accepted is representation=rows",
        ),
        (lambda: Mix(1.5), r"real_weight=1\.5: accepted is \[0, 1\]"),
        (lambda: Mix(float("nan")), r"real_weight=nan: accepted is \[0, 1\]"),
        (lambda: ExactLaw.of("replace", **AT | {"samples": 2}), r"samples=2, .* samples >= dim"),
        (lambda: ExactLaw.of("replace", **AT | {"generations": 0}), r"generations=0: accepted are"),
        (
            lambda: ExactLaw.of("accumulate", **AT, shared=False),
            "accumulate with fresh designs: accepted is representation=statistics",
        ),
    ],
)
def test_what_cannot_be_simulated_is_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


@pytest.mark.parametrize(
    ("learner", "regime"),
    [
        # drawn rows cannot grow in number: they would stay as many, without a word
        (LinearLearner(FRESH), Replace(growing=True)),
        # labels of one design cannot be put beside the inputs of another
        (LinearLearner(FRESH), EDIT),
        (LinearLearner(FRESH), Mix(0.5)),
        (LinearLearner(FRESH, representation="statistics"), Mix(0.5)),
        # statistics have no rows to draw a subsample of
        (LinearLearner(SHARED, representation="statistics"), AccumulateSubsample()),
    ],
)
def test_a_regime_that_its_data_cannot_follow_is_refused(learner, regime):
    with pytest.raises(ValueError, match="accepted"):
        Chain(learner, regime, 3)


@pytest.mark.parametrize("representation", ["rows", "statistics"])
@pytest.mark.parametrize("regime", [Replace(), Accumulate()])
def test_a_regime_that_its_data_can_follow_is_not(representation, regime):
    for design in (SHARED, FRESH):
        Chain(LinearLearner(design, representation=representation), regime, 3)
    policy = MaskPolicy.of(np.ones((2, 1), bool))
    Chain(LinearLearner(SHARED, representation="statistics"), Edit.of(policy), 3)


def test_true_weights_that_would_be_ignored_are_refused():
    learner = LinearLearner(SHARED, true_weights=np.ones(2))
    with pytest.raises(ValueError, match="true_weights has no effect on least squares"):
        learner.human(jax.random.key(0))
    for other in (
        LinearLearner(SHARED, solver=ridge(0.1, 8), true_weights=np.ones(2)),
        LinearLearner(FRESH, true_weights=np.ones(2)),
    ):
        np.testing.assert_array_equal(other.human(jax.random.key(0))[1].weights, np.ones(2))


def test_no_scale_to_average_over_is_no_measure():
    """The scale-averaged error exists for a shared Gaussian design of at least dim + 2 rows."""
    given = GivenDesign.of(np.eye(4, 2))
    for design, there in (
        (GaussianDesign(2, 4), True),
        (GaussianDesign(2, 3), False),
        (GaussianDesign(2, 4, shared=False), False),
        (given, False),
    ):
        chain = Chain(LinearLearner(design), Replace(), 2)
        measures = jax.eval_shape(chain.__call__, jax.random.key(0))
        assert ("scale_averaged_error" in measures) == there


def test_real_labels_are_their_own_truth():
    rng = np.random.default_rng(1)
    inputs = rng.normal(size=(8, 2))
    labels = inputs @ np.array([1.0, -3.0]) + rng.normal(size=8)
    learner = LinearLearner(GivenDesign.of(inputs), human_labels=labels)
    data, truth = learner.human(jax.random.key(0))
    np.testing.assert_allclose(data.labels, labels, rtol=1e-6)
    u = np.linalg.qr(inputs)[0].T @ labels
    np.testing.assert_allclose(truth.weights, u, rtol=1e-5)
    assert learner.measure(learner.fit(data), truth)["test_error"] == 0


def _keys_of(generations: int):
    """Key words of each generation's fit, human data, regime and synthetic data."""
    noted = []

    class Noting(LinearLearner):
        def fit(self, data, key=None):
            noted.append(key)
            return super().fit(data, key)

        def generate(self, key, weights, like, copies=1):
            noted.append(key)
            return super().generate(key, weights, like, copies)

    class DrawingWithAll(Replace):
        def step(self, key, memory, seen):
            seen.fresh_human()
            noted.append(key)
            return super().step(key, memory, seen)

    with jax.disable_jit():
        Chain(Noting(SHARED), DrawingWithAll(), generations)(jax.random.key(5))
    return np.asarray([jax.random.key_data(key) for key in noted]).reshape(generations, 4, 2)


def test_no_key_of_a_chain_is_another_ones_child():
    """Fits, draws and regimes split their keys and fold numbers into them as they like."""
    own = _keys_of(3).reshape(-1, 2)
    keys = jax.random.wrap_key_data(jnp.asarray(own))
    splits = jax.vmap(lambda key: jax.random.split(key, 8))(keys)
    fold = jax.vmap(jax.random.fold_in, in_axes=(None, 0))
    folds = jax.vmap(lambda key: fold(key, jnp.arange(8)))(keys)
    children = np.concatenate([jax.random.key_data(x).reshape(-1, 2) for x in (splits, folds)])
    distinct = set(map(tuple, own.tolist()))
    assert len(distinct) == 12
    assert distinct.isdisjoint(map(tuple, children.tolist()))


def test_longer_chains_have_the_keys_of_shorter_ones():
    np.testing.assert_array_equal(_keys_of(3)[:2], _keys_of(2))


def test_each_call_for_data_draws_anew():
    drawn = []

    class Several(Replace):
        def step(self, key, memory, seen):
            drawn.extend(seen.synthetic().labels for _ in range(3))
            drawn.extend(seen.resample(seen.human).labels for _ in range(2))
            drawn.extend(seen.fresh_human().labels for _ in range(2))
            return super().step(key, memory, seen)

    with jax.disable_jit():
        Chain(LinearLearner(SHARED), Several(), 1)(jax.random.key(5))
    assert len({tuple(labels.tolist()) for labels in drawn}) == 7
