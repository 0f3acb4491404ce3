"""Sums over documents, from which shares and means have intervals.

Documents are what was drawn: tokens of one document depend on each other. So a share is a ratio of
two sums over documents, and its variance that of a ratio estimator (Cochran 1977, section 6.4).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

NORMAL = 1.959963984540054
"""Half of a 95 % interval, in standard deviations."""


class Estimate(NamedTuple):
    """A number with its interval of 95 %."""

    value: float
    low: float
    high: float


@dataclass(frozen=True, eq=False)
class Sums:
    """Sums of named measures over documents, and of the products of any two."""

    names: tuple[str, ...]
    documents: int
    totals: np.ndarray
    products: np.ndarray

    @classmethod
    def of(cls, measured: Iterable[Mapping[str, int | float]], names: tuple[str, ...]) -> "Sums":
        rows = [[float(measures[name]) for name in names] for measures in measured]
        values = np.array(rows, np.float64).reshape(-1, len(names))
        return cls(names, len(values), values.sum(axis=0), values.T @ values)

    @classmethod
    def of_json(cls, value: Mapping[str, Any]) -> "Sums":
        arrays = (np.array(value[name], np.float64) for name in ("totals", "products"))
        return cls(tuple(value["names"]), int(value["documents"]), *arrays)

    @classmethod
    def merged(cls, parts: Iterable["Sums"], names: tuple[str, ...]) -> "Sums":
        """The sum of parts, in their order: floating-point sums depend on it."""
        total = cls.of([], names)
        for part in parts:
            total = cls(
                names,
                total.documents + part.documents,
                total.totals + part.totals,
                total.products + part.products,
            )
        return total

    def json(self) -> dict[str, Any]:
        return {
            "names": list(self.names),
            "documents": self.documents,
            "totals": self.totals.tolist(),
            "products": self.products.tolist(),
        }

    def total(self, name: str) -> float:
        return float(self.totals[self.names.index(name)])

    def ratio(self, name: str, over: str) -> Estimate:
        """The sum of one measure over that of another; nan for a sum of 0.

        The interval is infinite for fewer than two documents.
        """
        a, b = self.names.index(name), self.names.index(over)
        if not self.totals[b]:
            return Estimate(np.nan, np.nan, np.nan)
        value = self.totals[a] / self.totals[b]
        if self.documents < 2:
            return Estimate(float(value), -np.inf, np.inf)
        p = self.products
        squares = max(p[a, a] - 2 * value * p[a, b] + value**2 * p[b, b], 0.0)
        n = self.documents
        reach = NORMAL * np.sqrt(squares * n / (n - 1)) / self.totals[b]
        return Estimate(float(value), float(value - reach), float(value + reach))

    def share(self, name: str, over: str) -> Estimate:
        """A ratio that is known to lie in [0, 1], as does its interval."""
        found = self.ratio(name, over)
        return Estimate(*(float(np.clip(bound, 0.0, 1.0)) for bound in found))  # nan stays

    def perplexity(self, log_probability: str, tokens: str) -> Estimate:
        """exp of the mean loss a token."""
        mean, low, high = self.ratio(log_probability, tokens)
        value, most, least = np.exp([-mean, -low, -high])
        return Estimate(float(value), float(least), float(most))
