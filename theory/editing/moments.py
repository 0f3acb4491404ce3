"""Second moments of the label noise, edit by edit, as `covariance` reads test errors from them.

P is the hat matrix of the design, or Q Q' of a frame Q with orthonormal columns; a mask is 1 where
a row is edited. Arguments are checked there.
"""

from collections.abc import Iterator
from typing import Literal, NamedTuple

import numpy as np

Variant = Literal["chained", "anchored", "frozen", "additive"]


class Moments(NamedTuple):
    """Second moments of the label noise: S = E[R R'], K = E[R R_1'], and S_1 of generation 1."""

    now: np.ndarray
    cross: np.ndarray
    first: np.ndarray


class _Parts(NamedTuple):
    """Moments of W, to which the writer of an edit was fitted, and B, whose rows are kept.

    Chained, both are R. Anchored, B is R_1; frozen, W is R_1: one step serves all three.
    """

    writer: np.ndarray
    """E[W W']."""
    both: np.ndarray
    """E[W B']."""
    kept: np.ndarray
    """E[B B']."""
    writer_first: np.ndarray
    """E[W R_1']."""
    kept_first: np.ndarray
    """E[B R_1']."""


def each_edit(
    frame: np.ndarray, masks: np.ndarray, first: np.ndarray, noise_std: float, variant: Variant
) -> Iterator[Moments]:
    """Moments of generation 1, and after each edit."""
    moments = unedited(first)
    yield moments
    for mask in masks:
        moments = edit_once(frame, moments, mask, noise_std, variant)
        yield moments


def unedited(first: np.ndarray) -> Moments:
    """Moments of generation 1."""
    return Moments(now=first, cross=first, first=first)


def _parts(moments: Moments, variant: Variant) -> _Parts:
    now, cross, first = moments
    if variant == "anchored":
        return _Parts(now, cross, first, cross, first)
    if variant == "frozen":
        return _Parts(first, cross.T, now, first, cross)
    return _Parts(now, now, now, cross, cross)


def edit_once(
    frame: np.ndarray, moments: Moments, mask: np.ndarray, noise_std: float, variant: Variant
) -> Moments:
    """Moments after an edit, of edited rows alone: the others keep theirs."""
    edited = np.flatnonzero(mask)
    if variant == "additive":
        return moments._replace(now=_add_noise(moments.now.copy(), edited, noise_std))
    parts = _parts(moments, variant)
    # Without the fresh noise, for the new R:
    to_kept = _relabel(frame, parts.both, edited, parts.kept)  # E[R' B']
    chained = variant == "chained"
    to_writer = to_kept if chained else _relabel(frame, parts.writer, edited, parts.both.T)
    now = _relabel(frame, to_writer.T, edited, to_kept.T)
    cross = None if chained else _relabel(frame, parts.writer_first, edited, parts.kept_first)
    now = _add_noise(now, edited, noise_std)
    return Moments(now, moments.cross if cross is None else cross, moments.first)


def _relabel(
    frame: np.ndarray, moment: np.ndarray, edited: np.ndarray, kept: np.ndarray
) -> np.ndarray:
    """Replace the edited rows of `kept` by the rows of P `moment`."""
    rows = kept.copy(order="K")
    rows[edited] = frame[edited] @ (frame.T @ moment)
    return rows


def _add_noise(moment: np.ndarray, edited: np.ndarray, noise_std: float) -> np.ndarray:
    moment[edited, edited] += noise_std**2
    return moment


def edit_densely(
    hat: np.ndarray, moments: Moments, mask: np.ndarray, noise_std: float, variant: Variant
) -> Moments:
    """Moments after an edit, by plain products of T x T matrices."""
    now, cross, first = moments
    edited, kept, noise = np.diag(mask), np.diag(1 - mask), noise_std**2 * np.diag(mask)
    if variant == "additive":
        return moments._replace(now=now + noise)
    if variant == "chained":
        carry = np.eye(len(hat)) - mask[:, None] * (np.eye(len(hat)) - hat)
        return moments._replace(now=carry @ now @ carry.T + noise)
    carry = edited @ hat
    if variant == "frozen":
        mixed = carry @ cross.T @ kept
        now = carry @ first @ carry.T + mixed + mixed.T + kept @ now @ kept + noise
        return moments._replace(now=now, cross=carry @ first + kept @ cross)
    mixed = carry @ cross @ kept
    now = carry @ now @ carry.T + mixed + mixed.T + kept @ first @ kept + noise
    return moments._replace(now=now, cross=carry @ cross + kept @ first)


def edit_in_the_mean(
    frame: np.ndarray,
    moments: Moments,
    p1: float,
    p2: float,
    noise_std: float,
    variant: Variant,
) -> Moments:
    """Moments after an edit, averaged over masks that edit a row with p1, and a pair with p2."""
    every = np.arange(len(frame))
    if variant == "additive":
        return moments._replace(now=_add_noise(moments.now.copy(), every, noise_std * p1**0.5))
    parts = _parts(moments, variant)
    fit_both, fit = frame.T @ parts.both, frame.T @ parts.writer @ frame
    # (p1 - p2) (P E[W B'] + its transpose) + p2 P E[W W'] P, as one product plus its transpose
    half = frame @ ((p1 - p2) * fit_both + p2 / 2 * (fit @ frame.T))
    now = (1 - 2 * p1 + p2) * parts.kept + half + half.T
    relabelled = np.sum((frame @ fit) * frame, axis=1) + noise_std**2
    now[every, every] = (1 - p1) * np.diag(parts.kept) + p1 * relabelled
    if variant == "chained":
        return moments._replace(now=now)
    cross = p1 * (frame @ (frame.T @ parts.writer_first)) + (1 - p1) * parts.kept_first
    return moments._replace(now=now, cross=cross)
