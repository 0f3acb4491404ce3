"""Fresh human data among synthetic data: whole positions, each of them with its own chance."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from collapse_sim.distributions.categorical import Counts
from collapse_sim.distributions.sample import Sample
from collapse_sim.distributions.verification import NearCentre
from collapse_sim.editing import EditSubset
from collapse_sim.linear.data import Rows
from collapse_sim.regimes import (
    Accumulate,
    AccumulateSubsample,
    FreshHuman,
    Generation,
    KeepHuman,
    Mix,
    Verify,
)
from tests.collapse_sim.draws import FAILURE_RATE

SIZE = 16
KEY = jax.random.key(1)


def rows(start: int) -> Rows:
    """Labels that are all different."""
    return Rows(jnp.eye(SIZE), start + jnp.arange(SIZE, dtype=jnp.float32))


def points(start: int) -> Sample:
    """The same of points in the plane."""
    labels = start + jnp.arange(2 * SIZE, dtype=jnp.float32).reshape(SIZE, 2)
    return Sample.of(labels, jnp.float32)


def step(regime: FreshHuman, key, data=rows):
    """Human data are below 100, current below 200, synthetic below 300, the fresh human above."""
    human, current, synthetic, fresh = (data(start) for start in (0, 100, 200, 300))

    def never(_):
        raise AssertionError("nothing is edited")

    seen = Generation(1, human, current, lambda: synthetic, never, lambda: fresh)
    return regime.step(key, None, seen)


@pytest.mark.parametrize("data", [rows, points])
def test_a_position_is_the_fresh_human_one_or_the_synthetic_one_as_a_whole(data):
    found = step(FreshHuman(0.5), KEY, data).data
    labels, fresh, synthetic = (
        np.asarray(one.labels).reshape(SIZE, -1) for one in (found, data(300), data(200))
    )
    is_fresh, is_synthetic = (labels == fresh).all(axis=1), (labels == synthetic).all(axis=1)
    np.testing.assert_array_equal(is_fresh, ~is_synthetic)
    assert 0 < is_fresh.sum() < SIZE
    assert type(found) is type(data(0))


@pytest.mark.parametrize(("share", "start"), [(0.0, 200), (1.0, 300)])
def test_no_share_is_all_synthetic_and_the_whole_is_all_fresh(share, start):
    np.testing.assert_array_equal(step(FreshHuman(share), KEY).data.labels, rows(start).labels)


def test_what_is_not_a_label_is_that_of_the_synthetic_data():
    marked = step(
        FreshHuman(0.5), KEY, lambda start: replace(rows(start), inputs=jnp.eye(SIZE) + start)
    )
    np.testing.assert_array_equal(marked.data.inputs, jnp.eye(SIZE) + 200)


def test_it_starts_from_the_human_data_and_draws_all_anew():
    regime, human = FreshHuman(0.25), rows(0)
    data, memory = regime.start(human, 4)
    assert data is human and memory is None
    assert regime.copies(jnp.asarray(3)) == 1
    assert step(regime, KEY).edited_fraction == 1


@pytest.mark.parametrize("share", [0.3, 0.7])
def test_a_share_that_is_data_gives_what_the_same_number_gives(share):
    number, data = (step(FreshHuman(s), KEY).data.labels for s in (share, jnp.asarray(share)))
    np.testing.assert_array_equal(number, data)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.8])
def test_positions_are_fresh_independently_with_the_chance_that_is_asked(share):
    """Fresh positions of 65 536 keys are binomial: chi-square; control: a share 2 % too large."""
    count = jax.jit(jax.vmap(lambda key: (step(FreshHuman(share), key).data.labels >= 300).sum()))
    counts = np.asarray(count(jax.random.split(jax.random.key(2), 2**16)))

    def p_value(chance: float) -> float:
        expected = len(counts) * stats.binom.pmf(np.arange(SIZE + 1), SIZE, chance)
        common = expected >= 20
        found = np.bincount(counts, minlength=SIZE + 1)
        rare = (found[~common].sum(), expected[~common].sum())
        return float(
            stats.chisquare([*found[common], rare[0]], [*expected[common], rare[1]]).pvalue
        )

    assert p_value(share) > FAILURE_RATE
    assert p_value(1.02 * share) < FAILURE_RATE


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan"), 2])
def test_a_share_of_human_data_is_a_share(share, unchecked):
    with pytest.raises(ValueError, match=rf"human_share={share}: accepted is \[0, 1\]"):
        FreshHuman(share)
    with pytest.raises(ValueError, match=rf"real_weight={share}: accepted is \[0, 1\]"):
        Mix(share)


def test_of_counts_as_many_are_fresh_as_of_tokens():
    """Fresh tokens of one type, synthetic ones of another, 2^16 keys; control: 2 % too many."""
    size, share = 1000, 0.8

    def counts(kind: int) -> Counts:
        return Counts(size * jnp.eye(4, dtype=jnp.int32)[kind, None], jnp.asarray([size]), size)

    def fresh(key):
        data = step(FreshHuman(share), key, lambda start: counts(start // 100)).data
        return data.labels[0]

    labels = np.asarray(jax.jit(jax.vmap(fresh))(jax.random.split(KEY, 2**16)))
    assert (labels[:, 2] + labels[:, 3] == size).all()
    off = np.sqrt(len(labels) / (size * share * (1 - share))) * (labels[:, 3].mean() - size * share)
    spread = labels[:, 3].var() / (size * share * (1 - share)) - 1
    assert abs(off) < 5 and abs(spread) < 5 * np.sqrt(2 / len(labels))
    assert abs(off - 0.02 * share * size * np.sqrt(len(labels) / (size * share * 0.2))) > 5


@pytest.mark.parametrize(
    ("regime", "says"),
    [
        (FreshHuman(0.5), "cannot exchange labels: accepted are Rows, Sample, Counts and other"),
        (EditSubset(1), "cannot exchange labels: accepted are Rows, Sample, Counts and other"),
        (KeepHuman(0.5), "cannot keep some of their labels: accepted are Rows, Sample and other"),
        (Verify(NearCentre.of([0.0], 1.0)), "cannot be taken in part: accepted are Rows, Sample"),
        (AccumulateSubsample(), "cannot be subsampled: accepted are Rows, Sample, Counts and ot"),
        (Accumulate(), "cannot be pooled: accepted are Rows, Statistics, Sample, Scatter, Counts"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_data_that_lack_what_a_regime_asks_for_are_refused(regime, says):
    """A user's own: the package's learners refuse before they draw any."""

    class Own:
        size, labels = 3, jnp.zeros(3)

    with pytest.raises(ValueError, match=f"^Own {says}.* a method "):
        regime.start(Own(), 3)
