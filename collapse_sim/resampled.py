"""Draws of a learner for an edit: a new label for every position."""

from typing import Any, NamedTuple

from jax import Array


class Resampled(NamedTuple):
    """Draw of a new label for every position of a data set; inputs and contexts stay."""

    labels: Any
    expected: Array | None
    """The draw without its noise, where the noise is additive."""
    surprise: Any
    """Surprise of the model at the present label; nan at positions that no edit may touch."""
