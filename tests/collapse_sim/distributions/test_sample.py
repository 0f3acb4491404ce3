"""A sample as points: weights, pools, subsets."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from collapse_sim.distributions.sample import Sample

POINTS = np.arange(6, dtype=np.float32).reshape(3, 2)
TYPES = np.array([4, 0, 4])


@pytest.mark.parametrize("labels", [POINTS, TYPES], ids=["points", "types"])
def test_a_pool_holds_what_was_put_and_nothing_else(labels):
    sample = Sample.of(jnp.asarray(labels), jnp.float32)
    pool = sample.pool(3)
    assert (pool.size, float(pool.count)) == (9, 3)
    pool = pool.put(Sample.of(sample.labels + 10, jnp.float32), jnp.int32(2))
    np.testing.assert_array_equal(pool.weights, [1, 1, 1, 0, 0, 0, 1, 1, 1])
    np.testing.assert_array_equal(pool.labels[6:], labels + 10)
    np.testing.assert_array_equal(pool.labels[:3], labels)


def test_shares_are_of_points_that_are_data():
    pool = Sample.of(jnp.asarray(TYPES), jnp.float32).pool(2)
    mask = jnp.array([True, False, False, True, True, True])
    assert float(pool.share_of(mask)) == pytest.approx(1 / 3)


def test_a_chosen_subset_has_its_size():
    chosen = Sample.of(jnp.asarray(TYPES), jnp.float32).choose(jax.random.key(0), 2)
    assert chosen.sum() == 2


def test_a_subsample_is_of_different_points_that_are_data():
    pool = Sample.of(jnp.arange(4), jnp.float32).pool(3)
    pool = pool.put(Sample.of(jnp.arange(4, 8), jnp.float32), jnp.int32(1))

    def labels_and_weights(key):
        drawn = pool.subsample(key, jnp.int32(8), 4)
        return drawn.labels, drawn.weights

    labels, weights = jax.vmap(labels_and_weights)(jax.random.split(jax.random.key(0), 2000))
    assert (weights == 1).all()
    labels = np.sort(labels, axis=1)
    assert (np.diff(labels, axis=1) > 0).all()
    # Each of the eight is in 1000 of 2000 subsets, with a standard deviation of 22.
    assert (abs(np.bincount(labels.ravel(), minlength=8) - 1000) < 120).all()
