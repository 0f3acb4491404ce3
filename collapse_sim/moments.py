"""Moments of a measure over replicates, generation by generation."""

import math
from dataclasses import dataclass

import numpy as np
from jaxtyping import Float

FOLD = 16
"""Replicates whose traces are reduced side by side."""


@dataclass(frozen=True, repr=False)
class Moments:
    """Count, mean, sum of squared deviations and extremes over replicates, in float64."""

    count: int
    mean: Float[np.ndarray, " generations"]
    squares: Float[np.ndarray, " generations"]
    least: Float[np.ndarray, " generations"]
    largest: Float[np.ndarray, " generations"]

    @staticmethod
    def of(values: Float[np.ndarray, "replicates generations"]) -> "Moments":
        count, generations = values.shape
        # Rows side by side: NumPy's loops run along a row, and most are short.
        folds = math.gcd(count, FOLD)
        wide = values.reshape(-1, folds * generations)

        def over(operation, wide):
            folded = operation.reduce(wide, axis=0)
            return operation.reduce(folded.reshape(folds, generations), axis=0, dtype=np.float64)

        extremes = over(np.minimum, wide), over(np.maximum, wide)
        deviations = wide.astype(np.float64)
        mean = over(np.add, deviations) / count
        deviations -= np.tile(mean, folds)
        squares = np.einsum("rg,rg->g", deviations, deviations).reshape(folds, generations)
        return Moments(count, mean, squares.sum(axis=0), *extremes)

    def __repr__(self) -> str:
        return f"Moments(count={self.count}, generations={len(self.mean)})"

    def merge(self, other: "Moments") -> "Moments":
        """Moments of both sets of replicates together (Chan, Golub and LeVeque 1983)."""
        count = self.count + other.count
        step = other.mean - self.mean
        return Moments(
            count,
            self.mean + step * (other.count / count),
            self.squares + other.squares + step**2 * (self.count * other.count / count),
            np.minimum(self.least, other.least),
            np.maximum(self.largest, other.largest),
        )

    def scaled(self, factor: float) -> "Moments":
        """Moments of `factor` > 0 times the values."""
        least, largest = (factor * x.astype(np.float64) for x in (self.least, self.largest))
        mean, squares = factor * self.mean, factor**2 * self.squares
        return Moments(self.count, mean, squares, least, largest)

    @property
    def variance(self) -> Float[np.ndarray, " generations"]:
        return self.squares / max(self.count - 1, 1)

    @property
    def standard_error(self) -> Float[np.ndarray, " generations"]:
        return np.sqrt(self.variance / self.count)

    @property
    def largest_share(self) -> Float[np.ndarray, " generations"]:
        """Share of the sum of squared deviations that the most extreme replicate alone makes up."""
        extreme = np.maximum(self.largest - self.mean, self.mean - self.least) ** 2
        return extreme / np.where(self.squares > 0, self.squares, 1)
