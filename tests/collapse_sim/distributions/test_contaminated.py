"""Estimates from contaminated batches, against sums over every path and the first batch's law."""

import numpy as np
import pytest

from collapse_sim.distributions.contaminated import ContaminatedCounts, Estimate
from tests.collapse_sim.draws import draw, same_mean
from tests.theory.references_contamination import BATCHES, paths_error

PAIR = np.array(BATCHES["probabilities"])
SIZES, SHARES = np.array(BATCHES["samples"]), np.array(BATCHES["human_shares"])


@pytest.mark.parametrize("estimate", ["debiased", "pooled"])
def test_errors_are_sums_over_every_path(estimate: Estimate):
    """A t test at 1e-6 for each generation; the standard error is about .4 %."""
    counts = ContaminatedCounts.of(PAIR, samples=SIZES, human_shares=SHARES, estimate=estimate)
    found = draw(counts, seed=1, count=2**17)
    expected = np.array(
        [
            paths_error(
                probabilities=PAIR.tolist(),
                samples=SIZES[:n].tolist(),
                human_shares=SHARES[:n].tolist(),
                debias=estimate == "debiased",
            )
            for n in (1, 2, 3)
        ]
    )
    assert same_mean(found["squared_distance"], expected)
    for n in range(3):
        for factor in (0.96, 1.04):
            column = found["squared_distance"][:, [n]]
            assert not same_mean(column, factor * expected[[n]]), (n, factor)


def test_without_human_tokens_a_debiased_estimate_stays_and_a_pooled_one_wanders():
    human = np.array([1.0, 0.0, 0.0])
    cases: list[tuple[Estimate, bool]] = [("debiased", True), ("pooled", False)]
    for estimate, stays in cases:
        counts = ContaminatedCounts.of(PAIR, samples=20, human_shares=human, estimate=estimate)
        distance = draw(counts, seed=2, count=64)["squared_distance"]
        assert bool((distance[:, 0] == distance[:, 2]).all()) == stays


def test_the_share_of_synthetic_tokens_is_that_of_all_so_far():
    counts = ContaminatedCounts.of(PAIR, samples=SIZES, human_shares=SHARES)
    edited = draw(counts, seed=3, count=1)["edited_fraction"][0]
    np.testing.assert_allclose(edited, [0, 1.5 / 5, 2.3 / 9], atol=1e-7)


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"estimate": "oracle"}, "estimate=oracle"),
        ({"law": np.array([0.5, 0.6])}, "law="),
        ({"human_shares": np.array([0.5, 0.5])}, "human_shares="),
        ({"human_shares": np.array([1.0, -0.5])}, "human_shares="),
        ({"samples": np.array([3, 3, 3])}, "samples="),
        ({"samples": 0}, "samples=0"),
        ({"samples": 2**31}, "samples=2147483648: accepted are integers from 1 to 2147483647"),
        ({"samples": np.array([2, 90]), "human_shares": np.array([1.0, 0.1])}, "here up to 3.1"),
    ],
)
def test_unusable_settings_are_refused(changes, named, monkeypatch):
    monkeypatch.setattr("jaxtyping.config.jaxtyping_disable", True)
    settings = {"law": PAIR, "samples": 3, "human_shares": np.array([1.0, 0.5])} | changes
    with pytest.raises(ValueError, match=named):
        ContaminatedCounts.of(settings.pop("law"), **settings)
