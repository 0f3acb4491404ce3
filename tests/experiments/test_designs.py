"""Overlaps Q'MQ of masks with Gaussian designs, drawn without the rows."""

import numpy as np
import pytest

from collapse_sim import masks
from experiments.linear.designs import DESIGNS, overlaps
from experiments.linear.settings import parse

QUANTILE = 5.5
"""Of a mean of 8,192 draws: a false alarm of 10^-6 for a few dozen of them."""


def drawn(schedule: np.ndarray, dim: int) -> np.ndarray:
    settings = parse(["--dim", str(dim), "--samples", str(schedule.shape[1])])
    return overlaps(settings, schedule).draw()


@pytest.mark.parametrize(("samples", "dim"), [(100, 10), (23, 4), (13, 5)])
def test_overlaps_of_all_rows_are_whole(samples, dim):
    found = drawn(masks.disjoint(samples, 4), dim)
    assert found.shape == (DESIGNS, 4, dim, dim)
    assert np.abs(found.sum(axis=1) - np.eye(dim)).max() < 1e-8
    assert (np.linalg.eigvalsh(found) > -1e-8).all()


def test_a_mask_of_few_rows_has_as_many_directions():
    eigenvalues = np.linalg.eigvalsh(drawn(masks.fixed(30, 1, 0.1), dim=6))
    assert (np.abs(eigenvalues[:, :3]) < 1e-8).all()
    assert (eigenvalues[:, 3:] > 1e-8).all()


@pytest.mark.parametrize(("samples", "dim", "rows"), [(40, 6, 20), (23, 4, 3), (12, 8, 6)])
def test_the_law_is_that_of_a_random_subspace(samples, dim, rows):
    """Of P = QQ': E P_ii = d/T, E P_ii^2 = d(d+2) / T(T+2), and E sum_j P_ij^2 = d/T."""
    found = drawn(masks.fixed(samples, 1, rows / samples), dim)
    on, per_row = dim * (dim + 2) / (samples * (samples + 2)), dim / samples
    traces = np.trace(found, axis1=1, axis2=2)
    squares = np.trace(found @ found, axis1=1, axis2=2)
    mean = rows * on + rows * (rows - 1) * (per_row - on) / (samples - 1)
    for values, expected, off in ((traces, rows * per_row, 1.02), (squares, mean, 1.05)):
        error = QUANTILE * values.std() / np.sqrt(DESIGNS)
        assert abs(values.mean() - expected) < error
        assert not abs(values.mean() - off * expected) < error


def test_masks_that_overlap_share_their_rows():
    first = np.arange(20) < 10
    found = drawn(np.array([first, np.arange(20) < 15, ~first]), dim=3)
    assert np.abs(found[:, 0] + found[:, 2] - np.eye(3)).max() < 1e-8
    assert (np.linalg.eigvalsh(found[:, 1] - found[:, 0]) > -1e-8).all()


def test_half_of_many_rows_is_half_of_every_direction():
    found = drawn(masks.fixed(10**6, 1, 0.5), dim=2)
    assert np.abs(found - np.eye(2) / 2).max() < 0.01
