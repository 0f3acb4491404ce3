"""Designs: the covariance asked for, the whitening of a draw, and what is refused."""

from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from collapse_sim.linalg import HIGHEST
from collapse_sim.linear.design import GaussianDesign, GivenDesign, covariance_factor
from tests.collapse_sim.draws import COMPILE_FAST, same_mean

DIM, SAMPLES, DRAWS = 3, 7, 4096
SPECTRA = ("isotropic", "ar1:0.8", "ar1:-0.3", "power:1.5")


def covariance(spectrum: str) -> np.ndarray:
    """The promised covariance, entry by entry."""
    kind, _, value = spectrum.partition(":")
    if kind == "isotropic":
        return np.eye(DIM)
    if kind == "ar1":
        return np.array([[float(value) ** abs(i - j) for j in range(DIM)] for i in range(DIM)])
    variances = [(j + 1) ** -float(value) for j in range(DIM)]
    return np.diag(variances) * DIM / sum(variances)


@pytest.mark.parametrize("spectrum", SPECTRA)
def test_factors_are_triangular_with_the_covariance_of_their_name(spectrum):
    factor = covariance_factor(spectrum, DIM)
    np.testing.assert_allclose(factor @ factor.T, covariance(spectrum), atol=1e-15)
    assert (np.triu(factor, 1) == 0).all()
    assert np.trace(factor @ factor.T) == pytest.approx(DIM)


def test_spectra_without_a_parameter_have_one():
    for short, long in (("ar1", "ar1:0.5"), ("power", "power:1"), ("power:0", "isotropic")):
        np.testing.assert_array_equal(covariance_factor(short, 4), covariance_factor(long, 4))


@pytest.mark.parametrize(
    "spectrum",
    ["", "ar1:1", "ar1:-1.5", "ar1:x", "ar1:nan", "power:-1", "power:inf", "isotropic:2", "flat"],
)
def test_other_spectra_are_refused_by_name(spectrum):
    with pytest.raises(ValueError, match=f"spectrum={spectrum}: accepted are isotropic, ar1:R"):
        covariance_factor(spectrum, DIM)


@partial(jax.jit, compiler_options=COMPILE_FAST)
def _draws(design, keys):
    def draw(key):
        rows = design.rows(key, jnp.float32)
        frame, readout = design.orthonormal_rows(key, jnp.float32)
        sizes = jnp.array([2.0, 5.0])  # fewer rows than columns, and more
        factors = design.block_factors(key, sizes, jnp.float32)
        grams = jnp.einsum("gij,gkj->gik", factors, factors, precision=HIGHEST)
        return rows, frame, readout, grams

    return jax.vmap(draw)(keys)


@pytest.fixture(params=["isotropic", "ar1:0.8"])
def draws(request):
    design = GaussianDesign(DIM, SAMPLES, True, covariance_factor(request.param, DIM))
    keys = jax.random.split(jax.random.key(1), DRAWS)
    parts = (np.asarray(part, float) for part in _draws(design, keys))
    return covariance(request.param), *parts


def test_rows_and_blocks_have_the_covariance(draws):
    expected, rows, _, _, grams = draws
    second_moments = (rows[:, :, :, None] * rows[:, :, None, :]).mean(1).reshape(DRAWS, -1)
    assert same_mean(second_moments, expected.ravel())
    assert not same_mean(second_moments, 1.1 * expected.ravel())
    for size, gram in zip((2, 5), grams.swapaxes(0, 1), strict=True):
        assert same_mean(gram.reshape(DRAWS, -1), size * expected.ravel())
    assert (np.linalg.matrix_rank(grams[:64, 0], tol=1e-5) == 2).all()


def test_whitened_rows_and_their_readout_belong_to_the_same_draw(draws):
    expected, rows, frame, readout, _ = draws
    eye = np.broadcast_to(np.eye(DIM), (DRAWS, DIM, DIM))
    np.testing.assert_allclose(frame.swapaxes(1, 2) @ frame, eye, atol=1e-5)
    # w = R^-1 u, so Q = X R^-1, and |F^T R^-1 u|^2 = w^T Sigma w
    inverse = np.linalg.pinv(rows) @ frame
    scale = np.abs(inverse).max((1, 2), keepdims=True) ** 2
    found = readout.swapaxes(1, 2) @ readout
    wanted = inverse.swapaxes(1, 2) @ expected @ inverse
    np.testing.assert_allclose(found / scale, wanted / scale, atol=1e-5)


def test_no_factor_is_the_identity():
    rows, others = (
        np.asarray(GaussianDesign(DIM, SAMPLES, True, factor).rows(jax.random.key(2), jnp.float32))
        for factor in (None, np.eye(DIM))
    )
    np.testing.assert_array_equal(rows, others)
    np.testing.assert_array_equal(GaussianDesign(DIM, SAMPLES).test_factor, np.eye(DIM))


def test_a_given_design_is_whitened_by_its_qr():
    inputs = np.random.default_rng(3).normal(size=(9, 3)) @ np.diag([1.0, 10.0, 0.1])
    design = GivenDesign.of(inputs)
    assert (design.dim, design.samples, design.shared) == (3, 9, True)
    np.testing.assert_allclose(design.frame.T @ design.frame, np.eye(3), atol=1e-14)
    root = design.frame.T @ inputs
    np.testing.assert_allclose(design.frame @ root, inputs, atol=1e-13)
    second_moment = design.test_factor @ design.test_factor.T
    np.testing.assert_allclose(second_moment, inputs.T @ inputs / 9, rtol=1e-10, atol=1e-12)
    frame, readout = design.orthonormal_rows(jax.random.key(0), jnp.float32)
    np.testing.assert_allclose(frame, design.frame, atol=1e-6)
    # u = R w: |readout u|^2 is the mean squared prediction over the rows
    u = root @ np.array([1.0, -2.0, 3.0])
    predictions = inputs @ np.array([1.0, -2.0, 3.0])
    assert np.sum((readout @ u) ** 2) == pytest.approx(np.mean(predictions**2), rel=1e-5)
    np.testing.assert_allclose(design.rows(jax.random.key(0), jnp.float32), inputs, rtol=1e-6)


SQUARE = np.arange(9.0).reshape(3, 3) ** 2


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        (np.zeros(3), r"design has shape \(3,\): accepted is \(rows, columns\)"),
        (np.zeros((0, 3)), r"design has shape \(0, 3\): accepted is"),
        (np.where(SQUARE == 16, np.nan, SQUARE), "design has nan at row 1, column 1: accepted are"),
        (np.where(SQUARE == 25, -np.inf, SQUARE), "design has -inf at row 1, column 2"),
        (np.ones((5, 2)), "rank 1 with 2 columns and 5 rows: accepted are designs of full column"),
        (np.eye(3)[:2], "rank 2 with 3 columns and 2 rows"),
        (np.c_[np.arange(5.0), np.zeros(5)], "rank 1 with 2 columns"),
    ],
)
def test_unusable_designs_are_refused(inputs, message):
    with pytest.raises(ValueError, match=message):
        GivenDesign.of(inputs)


def test_columns_of_very_different_scales_are_not_a_lack_of_rank():
    inputs = np.random.default_rng(4).normal(size=(9, 2)) * [1e-9, 1e9]
    assert GivenDesign.of(inputs).dim == 2


def test_whole_numbers_are_numbers():
    assert GivenDesign.of(np.arange(6).reshape(3, 2) ** 2).frame.dtype == np.float64


def test_a_given_design_has_no_statistics():
    design = GivenDesign.of(np.eye(3))
    with pytest.raises(ValueError, match="accepted is representation=rows"):
        design.block_factors(jax.random.key(0), jnp.ones(1), jnp.float32)
