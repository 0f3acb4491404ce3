"""Random words against JAX's hash; chi-squares and Wishart factors against their laws."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
from jax.extend.random import threefry_2x32
from scipy import stats

from collapse_sim.random import bits, chi_square, wishart_factor
from tests.collapse_sim.draws import COMPILE_FAST, same_law, same_mean

DEGREES = (0, 1, 2, 3, 9, 91, 10**6)
COUNT = 2**18  # a shift of the law by half a percent of probability is seen


@pytest.mark.parametrize("shape", [(0,), (1,), (2,), (7,), (3, 4)])
def test_words_are_those_of_the_hash(shape):
    key, size = jax.random.key(12), int(np.prod(shape))
    counts = jnp.arange(size + size % 2, dtype=jnp.uint32)
    hashed = threefry_2x32(jax.random.key_data(key), counts)[:size].reshape(shape)
    np.testing.assert_array_equal(bits(key, shape), hashed)


@pytest.fixture(scope="module")
def chi_squares() -> dict[float, np.ndarray]:
    degrees = np.tile(np.array(DEGREES, np.float32), (COUNT, 1))
    values = np.asarray(jax.jit(chi_square)(jax.random.key(1), degrees), float)
    return dict(zip(DEGREES, values.T, strict=True))


@pytest.mark.parametrize("degrees", DEGREES[1:])
def test_chi_square_has_its_law(chi_squares, degrees):
    assert same_law(chi_squares[degrees], stats.chi2(degrees))


@pytest.mark.parametrize(("degrees", "wrong"), [(1, 1.1), (9, 9.5), (91, 93), (10**6, 10**6 + 99)])
def test_wrong_degrees_are_seen(chi_squares, degrees, wrong):
    assert not same_law(chi_squares[degrees], stats.chi2(wrong))


def test_no_degrees_give_exactly_zero(chi_squares):
    assert (chi_squares[0] == 0).all()


def test_entries_are_independent(chi_squares):
    correlations = np.corrcoef([chi_squares[degrees] for degrees in DEGREES[1:]])
    pairs = correlations[np.triu_indices(len(correlations), 1)]
    assert np.abs(pairs).max() < 6 / np.sqrt(COUNT)  # 15 normal pairs: 3e-8


ROWS, DIM, MATRICES = (2.0, 3.0, 9.0, 1000.0), 4, 2**13


@pytest.fixture(scope="module")
def factors() -> dict[float, np.ndarray]:
    rows = np.tile(np.array(ROWS, np.float32), (MATRICES, 1))
    values = jax.jit(wishart_factor, static_argnums=2, compiler_options=COMPILE_FAST)(
        jax.random.key(2), rows, DIM
    )
    return {rows: np.asarray(values[:, i], float) for i, rows in enumerate(ROWS)}


@pytest.mark.parametrize("rows", ROWS)
def test_the_mean_of_a_wishart_is_its_rows_times_the_identity(factors, rows):
    grams = factors[rows] @ factors[rows].swapaxes(1, 2)
    assert same_mean(grams.reshape(MATRICES, -1), rows * np.eye(DIM).ravel())


@pytest.mark.parametrize("rows", ROWS)
def test_the_trace_is_a_chi_square(factors, rows):
    assert same_law((factors[rows] ** 2).sum((1, 2)), stats.chi2(rows * DIM))


@pytest.mark.parametrize("rows", [9.0, 1000.0])
def test_the_determinant_has_the_law_of_scipys_wishart(factors, rows):
    log_determinant = 2 * np.log(np.diagonal(factors[rows], axis1=1, axis2=2)).sum(1)

    def reference(rows):
        law = stats.wishart(rows, np.eye(DIM), seed=3)
        return np.linalg.slogdet(law.rvs(MATRICES))[1]

    assert same_law(log_determinant, reference(rows))
    assert not same_law(log_determinant, reference(rows * 1.05))


@pytest.mark.parametrize("rows", [2.0, 3.0])
def test_fewer_rows_than_columns_give_a_singular_wishart(factors, rows):
    rank = int(rows)
    lower = factors[rows]
    assert (lower[:, :, rank:] == 0).all()
    # X^T X and X X^T share their spectrum, and X X^T is a Wishart with the roles exchanged
    thin = lower[:, :, :rank]
    log_determinant = np.linalg.slogdet(thin.swapaxes(1, 2) @ thin)[1]
    exchanged = stats.wishart(DIM, np.eye(rank), seed=4).rvs(MATRICES)
    assert same_law(log_determinant, np.linalg.slogdet(exchanged)[1])


def test_factors_are_lower_triangular_with_a_diagonal_of_no_sign(factors):
    for lower in factors.values():
        assert (np.triu(lower, 1) == 0).all()
        assert (np.diagonal(lower, axis1=1, axis2=2) >= 0).all()
