"""What the simulators are measured against: iterated least squares in plain NumPy, three ways.

A baseline simulates `replicates` independent chains of least-squares fits (truth 0, unit label
noise, standard Gaussian inputs) and returns the mean test error |w|^2 of each generation, in
squared units. A fit is one generation of one replicate.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.linalg import solve_triangular

Baseline = Callable[[np.random.Generator, "Size", int, type], np.ndarray]
Mask = Literal["replace", "random", "disjoint"]

EDIT_RATE = 0.1
"""Share of the rows that a random mask edits."""
BATCH_FLOATS = 2**20
"""Floats of a batch's largest array; the best of 2^14 to 2^20 on two cores."""


@dataclass(frozen=True)
class Size:
    """`generations` fits of `dim` weights on `samples` rows in each replicate."""

    dim: int
    samples: int
    generations: int = 50


def published_loop(mask: Mask = "replace", *, shared: bool = True) -> Baseline:
    """(i) The loop as published code writes it: a new factorisation for every fit."""

    def run(rng, size, replicates, dtype):
        errors = np.zeros((replicates, size.generations))
        edit = _editor(mask, size)
        for replicate in range(replicates):
            x = rng.standard_normal((size.samples, size.dim), dtype)
            y = rng.standard_normal(size.samples, dtype)
            for n in range(size.generations):
                w = np.linalg.lstsq(x, y)[0]
                errors[replicate, n] = w @ w
                if not shared:
                    x = rng.standard_normal((size.samples, size.dim), dtype)
                synthetic = x @ w + rng.standard_normal(size.samples, dtype)
                y = edit(rng, n, y, synthetic)
        return errors.mean(axis=0)

    return run


def batched_rows(mask: Mask = "replace") -> Baseline:
    """(ii) Many replicates at once; one QR of a shared design each, then two products a fit."""

    def run(rng, size, replicates, dtype):
        edit = _editor(mask, size)

        def batch(count):
            q, r = np.linalg.qr(rng.standard_normal((count, size.samples, size.dim), dtype))
            y = rng.standard_normal((count, size.samples), dtype)
            u = np.empty((size.generations, count, size.dim), dtype)
            for n in range(size.generations):
                np.vecmat(y, q, out=u[n])
                synthetic = np.matvec(q, u[n])
                synthetic += rng.standard_normal(synthetic.shape, dtype)
                y = edit(rng, n, y, synthetic)
            return _solved_lengths(r, u)

        return _mean_over_batches(batch, replicates, floats=size.samples * size.dim)

    return run


def batched_law() -> Baseline:
    """(iii) No rows: one triangular factor of X^T X a replicate, `dim` normals for each fit."""

    def run(rng, size, replicates, dtype):
        rows, columns = np.tril_indices(size.dim, -1)
        diagonal = np.arange(size.dim)
        degrees = size.samples - diagonal

        def batch(count):
            lower = np.zeros((count, size.dim, size.dim), dtype)
            lower[:, rows, columns] = rng.standard_normal((count, len(rows)), dtype)
            lower[:, diagonal, diagonal] = np.sqrt(rng.chisquare(degrees, (count, size.dim)))
            u = rng.standard_normal((size.generations, count, size.dim), dtype)
            for n in range(1, size.generations):
                u[n] += u[n - 1]
            return _solved_lengths(lower.transpose(0, 2, 1), u)

        floats = size.dim * max(size.dim, size.generations)
        return _mean_over_batches(batch, replicates, floats)

    return run


def _solved_lengths(upper: np.ndarray, u: np.ndarray) -> np.ndarray:
    """|upper^-1 u|^2 of each generation and replicate.

    `upper` is (count, dim, dim), `u` (generations, count, dim), the result (generations, count).
    Large triangles go to LAPACK one by one; small ones are inverted by a substitution that runs
    over the whole batch.
    """
    dim = u.shape[-1]
    if dim > 50:
        w = solve_triangular(upper, u.transpose(1, 2, 0), check_finite=False)
        return np.vecdot(w, w, axis=1).T
    w = np.matmul(u.transpose(1, 0, 2), _inverse(upper).transpose(0, 2, 1))
    return np.vecdot(w, w).T


def _inverse(upper: np.ndarray) -> np.ndarray:
    """Inverses of a batch of upper triangles, (count, dim, dim), with the batch innermost."""
    dim = upper.shape[-1]
    entries = np.ascontiguousarray(upper.transpose(1, 2, 0))
    inverse = np.zeros_like(entries)
    for j in range(dim):
        inverse[j, j] = 1 / entries[j, j]
        partial = np.einsum("ikr,kr->ir", inverse[:j, :j], entries[:j, j])
        inverse[:j, j] = -partial * inverse[j, j]
    return np.ascontiguousarray(inverse.transpose(2, 0, 1))


def _editor(mask: Mask, size: Size) -> Callable:
    """How the labels of the next generation are made; `disjoint` edits equal blocks in turn."""
    owner = np.arange(size.samples) * (size.generations - 1) // size.samples

    def edit(rng, n, current, synthetic):
        if mask == "replace":
            return synthetic
        random = mask == "random"
        touched = rng.random(current.shape, np.float32) < EDIT_RATE if random else owner == n
        return np.where(touched, synthetic, current)

    return edit


def _mean_over_batches(
    batch: Callable[[int], np.ndarray], replicates: int, floats: int
) -> np.ndarray:
    """Mean over replicates of the (generations, count) that `batch(count)` returns."""
    most = max(BATCH_FLOATS // floats, 1)
    total = 0.0
    for start in range(0, replicates, most):
        total += batch(min(most, replicates - start)).sum(axis=1, dtype=np.float64)
    return total / replicates
