"""Factors and solves against NumPy in float64, to what the dtype allows."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from collapse_sim.linalg import cholesky, require_noise, solve_gram, solve_lower, thin_qr
from collapse_sim.linear.design import GaussianDesign
from collapse_sim.linear.expectation import RandomMaskExpectation, ScheduledExpectation
from collapse_sim.linear.law import ExactLaw
from collapse_sim.linear.learner import LinearLearner

EPS = float(np.finfo(np.float32).eps)

# Each shape is compiled once; hypothesis draws the numbers for it many times.
DIMS = st.sampled_from((1, 2, 5))
SEEDS = st.integers(0, 2**32 - 1)
jitted = {f: jax.jit(f) for f in (cholesky, solve_gram, thin_qr)}
solve = jax.jit(solve_lower, static_argnames="transpose")


def lower_factor(dim: int, seed: int) -> np.ndarray:
    """Well conditioned: unit columns below a diagonal of 1 to 2."""
    rng = np.random.default_rng(seed)
    below = np.tril(rng.normal(size=(dim, dim)), -1) / np.sqrt(dim)
    return (below + np.diag(rng.uniform(1, 2, dim))).astype(np.float32).astype(float)


def spectrum(matrix: np.ndarray) -> float:
    return float(np.linalg.cond(matrix))


@given(dim=DIMS, seed=SEEDS)
@settings(max_examples=30)
def test_cholesky_is_numpys(dim, seed):
    lower = lower_factor(dim, seed)
    gram = (lower @ lower.T).astype(np.float32)
    found = np.asarray(jitted[cholesky](gram))
    expected = np.linalg.cholesky(gram.astype(float))
    # Cholesky is backward stable: the error is rounding, times the condition number
    atol = 4 * dim * EPS * spectrum(expected) ** 2 * np.abs(expected).max()
    np.testing.assert_allclose(found, expected, rtol=0, atol=atol)
    assert (np.triu(found, 1) == 0).all()


def test_cholesky_of_an_indefinite_matrix_is_not_a_number():
    assert np.isnan(jitted[cholesky](np.array([[1, 2], [2, 1]], np.float32))).any()


@pytest.mark.parametrize("transpose", [False, True])
@given(dim=DIMS, columns=st.sampled_from((1, 3)), seed=SEEDS)
@settings(max_examples=30)
def test_solve_lower_is_numpys(transpose, dim, columns, seed):
    lower = lower_factor(dim, seed)
    right = np.random.default_rng(seed).normal(size=(dim, columns)).astype(np.float32)
    found = np.asarray(solve(lower.astype(np.float32), right, transpose=transpose))
    expected = np.linalg.solve(lower.T if transpose else lower, right.astype(float))
    atol = 4 * dim * EPS * spectrum(lower) * np.abs(expected).max()
    np.testing.assert_allclose(found, expected, rtol=0, atol=atol)


@given(dim=DIMS, seed=SEEDS)
@settings(max_examples=30)
def test_solve_gram_is_numpys(dim, seed):
    lower = lower_factor(dim, seed)
    right = np.random.default_rng(seed).normal(size=dim).astype(np.float32)
    found = np.asarray(jitted[solve_gram](lower.astype(np.float32), right))
    expected = np.linalg.solve(lower @ lower.T, right.astype(float))
    atol = 4 * dim * EPS * spectrum(lower) ** 2 * np.abs(expected).max()
    np.testing.assert_allclose(found, expected, rtol=0, atol=atol)


def assert_is_thin_qr(matrix: np.ndarray):
    q, r = (np.asarray(part, float) for part in jitted[thin_qr](matrix))
    rows, dim = matrix.shape
    np.testing.assert_allclose(q.T @ q, np.eye(dim), rtol=0, atol=4 * dim * EPS)
    np.testing.assert_allclose(q @ r, matrix, rtol=0, atol=4 * dim * EPS * np.abs(matrix).max())
    assert (np.tril(r, -1) == 0).all()
    assert (np.diagonal(r) > 0).all()


@given(shape=st.sampled_from(((1, 1), (7, 1), (3, 3), (20, 5))), seed=SEEDS)
@settings(max_examples=40)
def test_thin_qr_is_numpys(shape, seed):
    matrix = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    assert_is_thin_qr(matrix)
    # unique up to signs, and far from singular for these shapes, except by bad luck
    expected = np.linalg.qr(matrix.astype(float))[1]
    found = np.abs(np.asarray(jitted[thin_qr](matrix)[1], float))
    atol = 4 * shape[1] * EPS * spectrum(matrix.astype(float)) * np.abs(expected).max()
    np.testing.assert_allclose(found, np.abs(expected), rtol=0, atol=atol)


@given(seed=SEEDS)
@settings(max_examples=30)
def test_thin_qr_stays_orthonormal_for_ill_conditioned_matrices(seed):
    rng = np.random.default_rng(seed)
    left, right = (np.linalg.qr(rng.normal(size=(n, 5)))[0] for n in (20, 5))
    matrix = ((left * np.geomspace(1, 1e-5, 5)) @ right.T).astype(np.float32)
    assert_is_thin_qr(matrix)


def test_gram_schmidt_once_would_not():
    """Negative control: such matrices do tell one orthogonalisation from two."""
    rng = np.random.default_rng(5)
    left, right = (np.linalg.qr(rng.normal(size=(n, 5)))[0] for n in (20, 5))
    matrix = ((left * np.geomspace(1, 1e-5, 5)) @ right.T).astype(np.float32)
    q = np.zeros_like(matrix)
    for j in range(5):
        vector = matrix[:, j] - q @ (q.T @ matrix[:, j])
        q[:, j] = vector / np.linalg.norm(vector)
    assert np.abs(q.T @ q - np.eye(5)).max() > 100 * EPS


@pytest.mark.parametrize("noise_std", [2e-19, 1e-30, 1e19, 1e200, -1e-19])
def test_noise_whose_square_leaves_float32_is_refused_by_every_simulation(noise_std):
    design, ones = GaussianDesign(2, 8), np.ones(1)
    simulations = (
        lambda noise_std: LinearLearner(design, noise_std),
        lambda noise_std: ExactLaw.of(
            "replace", dim=2, samples=8, generations=2, noise_std=noise_std
        ),
        lambda noise_std: RandomMaskExpectation(design, ones, ones, noise_std=noise_std),
        lambda noise_std: ScheduledExpectation.of(
            design, np.ones((1, 8), bool), noise_std=noise_std
        ),
    )
    for simulation in simulations:
        simulation(1e-15 * 2)
        with pytest.raises(ValueError, match="accepted is 1.1e-15 to 1.8e.15 in float32; sim"):
            simulation(noise_std)


def test_noise_within_range_and_none_at_all_are_accepted():
    for noise_std in (0, 0.0, 1.1e-15, 1, 1.8e15, jnp.float32(1e-30)):
        require_noise(noise_std, jnp.float32)
    for noise_std in (1.5e-150, 1.3e150):  # as it says in double precision
        require_noise(noise_std, jnp.float64)
