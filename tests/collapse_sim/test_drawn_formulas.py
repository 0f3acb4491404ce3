"""Formulas that are averaged over draws: what is predicted and what is measured share the error."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

import collapse_sim as cs
from collapse_sim.certify import Evidence
from collapse_sim.experiment.evidence import evidence
from collapse_sim.experiment.process import Drawn
from collapse_sim.intervals import mean_interval
from collapse_sim.replicates import EMPTY

ERROR = 0.01
CHAIN = cs.Chain(cs.GaussianLearner(dim=1, samples=8), cs.Replace(), 2)
DRAWS = np.random.default_rng(3).normal(1.0, 0.1, 24)
RECORD = SimpleNamespace(
    id="mean", source="by construction", relation="==", attained=False, tolerance=0.1, control=0.2
)


def drawn_evidence(formula) -> Evidence:
    """Evidence of a formula of what is drawn."""
    ledger = {"mean": SimpleNamespace(**vars(RECORD), predict=formula)}
    check = cs.Check("mean", "place", given={"draws": Drawn("24 numbers", lambda: DRAWS)})
    process = cs.Process("replace", CHAIN, 4096, checks=[check])
    found = evidence(check, process, ledger, ERROR)
    assert isinstance(found, Evidence)
    return found


def test_the_error_is_shared_by_what_is_drawn_and_what_is_measured():
    found = drawn_evidence(lambda where: where["draws"])
    low, high = found.predicted
    half = stats.t(23).isf(ERROR / 4) * stats.sem(DRAWS)  # two sides of one half of the error
    assert (low, high) == pytest.approx((DRAWS.mean() - half, DRAWS.mean() + half))

    summary = EMPTY.add({"place": np.random.default_rng(4).normal(1.0, 0.3, (4096, 2))})
    verdict = found.judge(summary, ERROR)
    assert verdict.interval == list(mean_interval(summary.moments["place"], 1, ERROR / 2))
    assert verdict.confidence == 1 - ERROR
