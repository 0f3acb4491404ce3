"""Verdicts over seeds in words."""

from dataclasses import replace

import numpy as np
import pytest

from collapse_sim.medians import MedianEvidence
from collapse_sim.replicates import EMPTY
from collapse_sim.verdict import Verdict
from experiments.seeds import CONDITIONS, at_most, how_sure_over_seeds, spread


def verdicts(seeds: int, count: int = 9) -> list[Verdict]:
    """As of a run whose error is shared."""
    summary = EMPTY.add({"loss": np.arange(1.0, seeds + 1)[:, None]})
    evidence = MedianEvidence(
        "zhu2025.fraction", "a source", ">=", 1, 0.0, "loss", parameters={"seeds": seeds}
    )
    return [evidence.judge(summary, 1e-3 / count)] * count


def test_how_sure_by_hand():
    """Six seeds miss with 1 / 32 each, nine such at most with 9 / 32."""
    said = how_sure_over_seeds(verdicts(6))
    assert "median over 6 seeds: each is wrong with a chance of at most 3.2 %" in said
    assert "any of the 9 with one of at most 29 %" in said
    assert said.endswith(f"independent seeds, and for {CONDITIONS}.")
    eight = how_sure_over_seeds(verdicts(8, 3), "one source")
    assert "at most 0.79 %, any of the 3 with one of at most 2.4 %" in eight
    assert eight.endswith("and for one source.")
    assert "at most 0.0041 %, any of the 9 with one of at most 0.037 %" in how_sure_over_seeds(
        verdicts(20)
    )


def test_what_is_undecided_is_counted_and_a_smoke_test_is_called_one():
    first, *rest = verdicts(6)
    some = [replace(first, verdict="undecided"), *rest]
    assert how_sure_over_seeds(some).endswith("1 undecided: more seeds may decide.")
    assert "undecided" not in how_sure_over_seeds(verdicts(6))
    for seeds in (2, 5):
        said = how_sure_over_seeds(verdicts(seeds))
        assert said.startswith(f"A smoke test: {seeds} seeds decide nothing") and "%" not in said
    assert how_sure_over_seeds([]) == "No claim is about this run."


@pytest.mark.parametrize(
    ("chance", "said"),
    [(1 / 32, "3.2 %"), (9 / 32, "29 %"), (0.5, "50 %"), (0.999, "100 %"), (2.5, "100 %"),
     (1, "100 %"), (0, "0 %"), (0.001, "0.1 %"), (2**-19, "0.0002 %"), (0.30001, "31 %")],
)  # fmt: skip
def test_a_chance_is_rounded_up(chance, said):
    assert at_most(chance) == said


def test_two_standard_errors_by_hand():
    assert spread(np.array([1.0, 2.0, 3.0])) == pytest.approx(2 / np.sqrt(3))
