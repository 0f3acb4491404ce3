"""Rows and their statistics see the same data: sums, fits, unions and subsamples."""

from dataclasses import replace
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import stats

from collapse_sim.linear.data import Rows, Statistics
from collapse_sim.linear.learner import least_squares, min_norm, ridge
from tests.collapse_sim.draws import COMPILE_FAST, FAILURE_RATE

SIZES, DIM = (2, 6, 9), 3
SAMPLES = sum(SIZES)
ENDS = np.cumsum(SIZES)[:-1]


def example(seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(SAMPLES, DIM)), rng.normal(size=SAMPLES)


def rows_of(inputs: np.ndarray, labels: np.ndarray) -> Rows:
    return Rows(jnp.asarray(inputs, jnp.float32), jnp.asarray(labels, jnp.float32))


def statistics_of(inputs: np.ndarray, labels: np.ndarray) -> Statistics:
    """Blocks of SIZES rows; a factor of a Gram matrix is R^T, padded where rows are few."""
    parts = list(zip(np.split(inputs, ENDS), np.split(labels, ENDS), strict=True))
    factors = np.zeros((len(SIZES), DIM, DIM))
    for factor, (block, _) in zip(factors, parts, strict=True):
        root = np.linalg.qr(block)[1]
        factor[:, : len(root)] = root.T
    moments = [block.T @ part for block, part in parts]
    return Statistics(
        jnp.asarray(factors, jnp.float32),
        jnp.asarray(moments, jnp.float32),
        jnp.asarray(SIZES, jnp.float32) / SAMPLES,
    )


WEIGHTS = np.array([1.0, -2.0, 0.5])


@partial(jax.jit, compiler_options=COMPILE_FAST)
def _facts(data, weights):
    predicted = data.predict(weights)
    lower = data.gram_factor()
    return {
        "gram": lower @ lower.T,
        "moment": data.moment(),
        "predicted moment": predicted.moment(),
        "least squares": least_squares(data),
        "ridge": ridge(0.3, SAMPLES)(data),
        "total share": data.shares.sum(),
    }


def expected_facts(inputs: np.ndarray, labels: np.ndarray, share: float = 1.0):
    gram = inputs.T @ inputs
    penalised = gram + 0.3 * SAMPLES * np.eye(DIM)
    return {
        "gram": gram,
        "moment": inputs.T @ labels,
        "predicted moment": gram @ WEIGHTS,
        "least squares": np.linalg.lstsq(inputs, labels)[0],
        "ridge": np.linalg.solve(penalised, inputs.T @ labels),
        "total share": share,
    }


def assert_facts(data, expected):
    found = _facts(data, jnp.asarray(WEIGHTS, jnp.float32))
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-4, atol=1e-5, err_msg=name)


@pytest.mark.parametrize("make", [rows_of, statistics_of])
def test_fits_are_numpys(make):
    inputs, labels = example(1)
    assert_facts(make(inputs, labels), expected_facts(inputs, labels))


def test_rows_hardly_more_than_columns_are_factorised_as_well():
    """By QR: the Gram matrix of such a design has the square of its condition number."""
    inputs = np.random.default_rng(2).normal(size=(4, DIM))
    inputs[:, 0] = inputs[:, 1] + 1e-3 * inputs[:, 0]
    lower = np.asarray(jax.jit(Rows.gram_factor)(rows_of(inputs, np.zeros(4))), float)
    root = np.abs(np.linalg.qr(inputs.astype(np.float32).astype(float))[1])
    np.testing.assert_allclose(np.abs(lower.T), root, rtol=1e-3)


def test_the_minimum_norm_fit_is_numpys():
    rng = np.random.default_rng(3)
    inputs, labels = rng.normal(size=(3, 8)), rng.normal(size=3)
    found = jax.jit(min_norm)(rows_of(inputs, labels))
    np.testing.assert_allclose(found, np.linalg.pinv(inputs) @ labels, rtol=1e-4)


@partial(jax.jit, compiler_options=COMPILE_FAST)
def _union(first, second):
    return first.pool(3).put(second, jnp.asarray(1))


@pytest.mark.parametrize("make", [rows_of, statistics_of])
def test_a_pool_is_the_union(make):
    one, two = example(4), example(5)
    pool = _union(make(*one), make(*two))
    inputs, labels = np.concatenate([one[0], two[0]]), np.concatenate([one[1], two[1]])
    expected = expected_facts(inputs, labels)
    if make is statistics_of:
        # nothing can be generated like a pool of statistics
        found = {"gram": pool.total_gram(), "moment": pool.moment()}
        assert pool.factors is None
        np.testing.assert_array_equal(pool.shares, [1])
        for name in found:
            np.testing.assert_allclose(found[name], expected[name], rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(
            jax.jit(least_squares)(pool), expected["least squares"], rtol=1e-3, atol=1e-5
        )
    else:
        assert pool.labels.shape == (3 * SAMPLES,)  # rows not yet written are zero
        assert_facts(pool, expected)


def test_whitening_changes_coordinates_only():
    inputs, labels = example(6)
    data = statistics_of(inputs, labels)
    white, lower = data.whiten()
    gram = np.asarray(white.total_gram(), float)
    np.testing.assert_allclose(gram, np.eye(DIM), atol=1e-5)
    assert white.orthonormal
    # labels X w are labels (X L^-T) (L^T w)
    moved = white.predict(jnp.asarray(lower.T @ WEIGHTS, jnp.float32))
    np.testing.assert_allclose(lower @ moved.moment(), inputs.T @ inputs @ WEIGHTS, rtol=1e-4)


@pytest.mark.parametrize("make", [rows_of, statistics_of])
def test_noise_adds_the_moment_of_noisy_labels(make):
    """Its covariance is the Gram matrix of each block, blocks apart."""
    inputs, labels = example(7)
    data = make(inputs, labels)
    count = 2**14
    noise = jax.jit(jax.vmap(data.noise))(jax.random.split(jax.random.key(8), count))
    noise = np.asarray(noise, float)
    if make is rows_of:
        noise = np.stack(
            [
                part @ block
                for part, block in zip(
                    np.split(noise, ENDS, axis=1), np.split(inputs, ENDS), strict=True
                )
            ],
            axis=1,
        )
    flat = noise.reshape(count, -1)
    expected = np.zeros((flat.shape[1],) * 2)
    for g, block in enumerate(np.split(inputs, ENDS)):
        at = slice(g * DIM, (g + 1) * DIM)
        expected[at, at] = block.T @ block
    found = flat.T @ flat / count
    # Var of a mean of products of normals: (s_ii s_jj + s_ij^2) / count
    deviation = np.sqrt((np.outer(*[np.diag(expected)] * 2) + expected**2) / count)
    z = stats.norm.isf(FAILURE_RATE / 2 / expected.size)
    assert (np.abs(found - expected) < z * deviation).all()


def test_subsamples_are_uniform_without_replacement_from_what_is_filled():
    capacity, size, count = 3, 4, 4096
    labels = np.arange(1.0, size + 1)
    inputs = np.stack([labels, labels**2], axis=1)

    @partial(jax.jit, compiler_options=COMPILE_FAST)
    def subsamples(keys):
        pool = rows_of(inputs, labels).pool(capacity)
        pool = pool.put(rows_of(inputs, labels + size), jnp.asarray(1))
        filled = jnp.asarray(2 * size)

        def one(key):
            chosen = pool.subsample(key, filled, size)
            return chosen.inputs, chosen.labels

        return jax.vmap(one)(keys)

    chosen, names = (
        np.asarray(part) for part in subsamples(jax.random.split(jax.random.key(9), count))
    )
    names = names.astype(int)
    assert names.min() >= 1  # never an empty row
    assert (np.diff(np.sort(names, axis=1), axis=1) > 0).all()
    np.testing.assert_array_equal(chosen[:, :, 0], (names - 1) % size + 1)
    np.testing.assert_array_equal(chosen[:, :, 1], chosen[:, :, 0] ** 2)
    subsets, counts = np.unique(np.sort(names, axis=1), axis=0, return_counts=True)
    assert len(subsets) == 70  # all C(8, 4) subsets, about 58 times each
    assert stats.chisquare(counts).pvalue > FAILURE_RATE


def test_shares_are_of_rows():
    inputs, labels = example(10)
    np.testing.assert_allclose(rows_of(inputs, labels).shares, 1 / SAMPLES)
    np.testing.assert_allclose(statistics_of(inputs, labels).shares, np.array(SIZES) / SAMPLES)


def test_an_orthonormal_design_is_fitted_by_its_moment():
    frame = np.linalg.qr(example(11)[0])[0]
    data = rows_of(frame, example(11)[1])
    plain, known = least_squares(data), least_squares(replace(data, orthonormal=True))
    np.testing.assert_allclose(plain, known, rtol=1e-4, atol=1e-6)
