"""Shares of a corpus and their intervals, whatever its documents are like."""

import math
from collections.abc import Callable

import numpy as np
import pytest
from scipy import stats

from collapse_sim.corpus.sums import Estimate, Sums, student

CORPORA = 400
"""Of a coverage. With a true one of 95 % fewer than 91 % are seen with a chance of 3e-4."""

RATE = 0.1

Lengths = Callable[[np.random.Generator, int], np.ndarray]


def sums(part, tokens) -> Sums:
    rows = [{"part": float(a), "tokens": float(b)} for a, b in zip(part, tokens, strict=True)]
    return Sums.of(rows, ("part", "tokens"))


def share(part, tokens) -> Estimate:
    return sums(part, tokens).share("part", "tokens")


def coverage(lengths: Lengths, count: int, rate: float = RATE, alike: float = 20.0) -> float:
    """Of the interval of a share that differs from document to document."""
    rng, inside = np.random.default_rng(count), 0
    for _ in range(CORPORA):
        tokens = lengths(rng, count)
        rates = rng.beta(alike * rate, alike * (1 - rate), count)
        _, low, high = share(rng.binomial(tokens, rates), tokens)
        inside += low <= rate <= high
    return inside / CORPORA


def equal(rng: np.random.Generator, count: int) -> np.ndarray:
    del rng
    return np.full(count, 1000)


def unequal(rng: np.random.Generator, count: int) -> np.ndarray:
    return np.maximum(np.exp(rng.normal(6, 1.5, count)), 2).astype(int)


def one_is_nearly_all(rng: np.random.Generator, count: int) -> np.ndarray:
    del rng
    return np.array([100_000] + [300] * (count - 1))


@pytest.mark.parametrize("count", [2, 3, 5, 30])
@pytest.mark.parametrize("lengths", [equal, unequal, one_is_nearly_all])
def test_few_documents_or_one_that_outweighs_all_are_no_false_certainty(lengths, count):
    """A normal quantile covers 67 % with two equal documents, 1 % where one is nearly all."""
    assert coverage(lengths, count) > 0.9


@pytest.mark.parametrize("expected", [0.5, 2, 4])
def test_what_is_rare_is_not_excluded(expected):
    """A normal interval is [0, 0] where nothing was seen: it covers 39 to 90 %."""
    assert coverage(equal, 100, rate=expected / 1e5, alike=1e6) > 0.9


def test_a_share_that_all_documents_have_is_as_sure_as_their_tokens():
    """As Wilson's score for so many draws, with Student's quantile: few documents say less."""
    nothing = share(np.zeros(300), np.full(300, 50))
    pull = student(300) ** 2 / 15_000
    assert tuple(nothing) == pytest.approx((0.0, 0.0, pull / (1 + pull)))
    assert 0.01 < (1 - nothing.high) ** 15_000 < 0.05
    low, high = share(np.full(300, 25), np.full(300, 50))[1:]
    assert (low, high) == pytest.approx((0.5 - 0.98 / 15_000**0.5, 0.5 + 0.98 / 15_000**0.5), 1e-3)
    assert share([0, 0], [10, 10]) == pytest.approx((0.0, 0.0, 0.89), abs=0.01)
    assert share([10, 10, 10], [10, 10, 10])[1:] == pytest.approx((0.62, 1.0), abs=0.01)


def test_rounding_moves_no_share_out_of_its_interval():
    for count in range(2, 200):
        for part in (0, count):
            value, low, high = share(np.full(count, part), np.full(count, count))
            assert 0 <= low <= value <= high <= 1


def test_one_token_more_does_not_make_an_interval_shorter():
    """Where nothing was seen an interval by documents would be a hundred times longer."""
    tokens = np.full(60, 350)
    highs = [share(np.arange(60) < seen, tokens).high for seen in range(4)]
    assert highs == sorted(highs) and highs[1] < 2 * highs[0]


def test_a_single_document_tells_nothing_and_no_token_has_no_share():
    assert share([5], [10]) == (0.5, 0.0, 1.0)
    assert sums([-5], [10]).perplexity("part", "tokens")[1:] == (0.0, math.inf)
    assert np.isnan(share([0, 0], [0, 0])).all()


def test_one_document_among_empty_ones_is_single():
    assert share([5, 0, 0], [10, 0, 0]) == (0.5, 0.0, 1.0)


def test_of_many_documents_it_is_the_normal_interval():
    rng = np.random.default_rng(0)
    tokens = rng.integers(80, 120, 20_000)
    part = rng.binomial(tokens, 0.3)
    value, low, high = share(part, tokens)
    deviation = np.std(part - value * tokens) / tokens.mean() / math.sqrt(20_000)
    assert high - low == pytest.approx(2 * 1.96 * deviation, rel=2e-3)
    ratio = sums(part, tokens).ratio("part", "tokens")
    assert (low, high) == pytest.approx(ratio[1:], rel=1e-3)


def test_the_quantile_is_students():
    assert student(20) == pytest.approx(stats.t.isf(0.025, 19))
    assert student(1) == student(0.0) == math.inf
