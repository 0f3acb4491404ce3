"""Least squares on given numbers, once, in float64: one QR and one rule of rank for all of them.

Columns are brought to one scale first, by powers of two, which rounds nothing: whatever units a
column has, the fit is the same.
"""

from dataclasses import dataclass

import numpy as np
from jaxtyping import Float, Int

EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False)
class Factors:
    """The thin QR of a matrix X = frame @ (triangle * 2^exponents), and the rank of X."""

    frame: Float[np.ndarray, "samples k"]
    triangle: Float[np.ndarray, "k dim"]
    exponents: Int[np.ndarray, " dim"]
    rank: int


@dataclass(frozen=True, eq=False)
class Fit:
    """Least squares of labels on a matrix; `noise_std` is the residual standard deviation.

    Its square is |residuals|^2 / (samples - dim), unbiased for the variance of the label noise.
    """

    weights: Float[np.ndarray, " dim"]
    residuals: Float[np.ndarray, " samples"]
    noise_std: float


def to_one_scale(
    inputs: Float[np.ndarray, "samples dim"],
) -> tuple[Float[np.ndarray, "samples dim"], Int[np.ndarray, " dim"]]:
    """Columns over powers of two, so that their largest entries are in [1/2, 1); the exponents."""
    exponents = np.frexp(np.abs(inputs).max(axis=0))[1]
    return np.ldexp(inputs, -exponents), exponents


def factorise(inputs: Float[np.ndarray, "samples dim"]) -> Factors:
    """QR by Householder reflections, of columns of one scale.

    The rank is that of the columns at length one: the number of their singular values above the
    rounding error of the largest, max(samples, dim) eps. Exactly collinear columns fall below it;
    Filip's polynomial of degree 10 (condition number 5e9) stays four digits above.
    """
    scaled, exponents = to_one_scale(inputs)
    frame, triangle = np.linalg.qr(scaled)
    lengths = np.linalg.norm(triangle, axis=0)
    singular = np.linalg.svd(triangle / np.where(lengths > 0, lengths, 1), compute_uv=False)
    rank = np.sum(singular > singular[0] * max(inputs.shape) * EPS)
    return Factors(frame, triangle, exponents, int(rank))


def spans_constant(inputs: Float[np.ndarray, "samples dim"]) -> bool:
    """True if some combination of the columns is constant, as with an intercept among them."""
    constant = np.ones((len(inputs), 1))
    return factorise(np.hstack([constant, inputs])).rank == factorise(inputs).rank


def fit_labels(
    inputs: Float[np.ndarray, "samples dim"], labels: Float[np.ndarray, " samples"]
) -> Fit:
    """Least squares by that QR, with nothing centred and nothing added.

    Certified regressions of NIST's StRD come out to 12 digits of `noise_std`, Filip's to 9 (7 in
    units that round its columns once more). There rounding the powers of x to float64 costs the
    rest: iterative refinement in extended precision gains nothing, and is left out.
    Raises ValueError where no noise can be estimated: columns without full rank, no more rows
    than columns, constant labels, and labels that the columns fit to rounding error.
    """
    samples, dim = inputs.shape
    factors = factorise(inputs)
    if factors.rank < dim or samples <= dim:
        raise ValueError(
            f"{samples} rows and {dim} columns of rank {factors.rank}: accepted are more rows "
            "than columns, and columns of full rank"
        )
    if np.ptp(labels) == 0:
        raise ValueError(f"all labels are {labels[0]:g}: accepted are labels that vary")
    exponent = np.frexp(np.abs(labels).max())[1]
    scaled = np.ldexp(labels, -exponent)
    frame, triangle = factors.frame, factors.triangle
    moments = frame.T @ scaled
    residuals = scaled - frame @ moments
    residuals -= frame @ (frame.T @ residuals)  # what rounding left in the frame
    weights = np.linalg.solve(triangle, moments)
    terms = np.abs(weights) @ np.linalg.norm(triangle, axis=0) + np.linalg.norm(scaled)
    length = np.linalg.norm(residuals)
    if length <= 8 * (dim + 1) * EPS * terms:
        raise ValueError(
            f"labels are fitted exactly by {dim} columns: accepted are labels with noise"
        )
    noise_std = np.ldexp(length / np.sqrt(samples - dim), exponent)
    return Fit(
        np.ldexp(weights, exponent - factors.exponents),
        np.ldexp(residuals, exponent),
        float(noise_std),
    )
