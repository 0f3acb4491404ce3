"""Sums over documents, from which shares and means have intervals.

Documents are what was drawn: tokens of one document depend on each other. So a share is a ratio of
two sums over documents, and its variance that of a ratio estimator (Cochran 1977, section 6.4).
Documents of unequal length weigh as fewer equal ones (Kish 1965, section 8.2): that many decide
Student's quantile. A share has the interval of Wilson's score, as for tokens drawn one by one, but
with the variance over documents: near 0 and 1 a normal one is too short on the side that matters.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from scipy.special import stdtrit

MISSED = 0.05
"""Chance that an interval misses."""

LEAST_WEIGHT = 1.05
"""Of documents, in equal ones: those that weigh less tell nothing of how far documents vary."""

ROUNDING = 1e-12
"""Share of a sum of squares below which a difference of such sums is none."""


def student(count: float | int) -> float:
    """Half of a 95 % interval, in standard errors from so many values; inf for a single one."""
    return float(stdtrit(count - 1, 1 - MISSED / 2)) if count > LEAST_WEIGHT else math.inf


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

        The interval is infinite for fewer than two documents, and where one is nearly all.
        """
        value, reach, _ = self._ratio(name, over)
        return Estimate(value, value - reach, value + reach)

    def share(self, name: str, over: str) -> Estimate:
        """A ratio that is known to lie in [0, 1], as does its interval.

        Where it is the same in all documents it has the error of tokens drawn one by one.
        """
        value, reach, quantile = self._ratio(name, over)
        if math.isnan(value):
            return Estimate(value, value, value)
        if math.isinf(quantile):
            return Estimate(value, 0.0, 1.0)
        spread = max(value * (1 - value), 0.0)
        pull = reach**2 / spread if reach and spread else quantile**2 / self.total(over)
        half = math.sqrt(pull * spread + pull**2 / 4)
        low, high = ((value + pull / 2 + end) / (1 + pull) for end in (-half, half))
        # At 0 and 1 an end is the share itself, but for rounding.
        return Estimate(value, min(max(low, 0.0), value), max(min(high, 1.0), value))

    def ratio_error(self, name: str, over: str) -> tuple[float, float]:
        """Standard error of a ratio, and as how many equal documents its own weigh.

        It is infinite for fewer than two documents, and where one is nearly all.
        """
        a, b = self.names.index(name), self.names.index(over)
        value, p = float(self.totals[a] / self.totals[b]), self.products
        weight = float(self.totals[b] ** 2 / p[b, b])
        if weight <= LEAST_WEIGHT:
            return math.inf, weight
        squares = p[a, a] - 2 * value * p[a, b] + value**2 * p[b, b]
        if squares <= ROUNDING * p[a, a]:
            return 0.0, weight
        return math.sqrt(squares * weight / (weight - 1)) / float(self.totals[b]), weight

    def _ratio(self, name: str, over: str) -> tuple[float, float, float]:
        """The ratio, half of its interval, and Student's quantile."""
        if not self.total(over):
            return math.nan, math.nan, math.nan
        error, weight = self.ratio_error(name, over)
        quantile = student(weight)
        return self.total(name) / self.total(over), quantile * error, quantile

    def perplexity(self, log_probability: str, tokens: str) -> Estimate:
        """exp of the mean loss a token."""
        mean, low, high = self.ratio(log_probability, tokens)
        with np.errstate(over="ignore"):
            value, most, least = np.exp([-mean, -low, -high])
        return Estimate(float(value), float(least), float(most))
