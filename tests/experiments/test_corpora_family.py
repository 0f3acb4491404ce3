"""Corpora: what is worse and better by the closed forms, and thresholds between the ends."""

import numpy as np
import pytest

from collapse_sim.certify import Evidence
from experiments.recursion import corpora
from tests.experiments.evidence import evidence_of, family_processes
from theory.distributions import contamination, temperature

PROCESSES = family_processes("corpora")


def test_more_synthetic_tokens_are_worse_and_then_better():
    found = [evidence_of(PROCESSES[f"keep human, {n} drawn"])[0] for n in corpora.SYNTHETIC]
    few, peak, many = (e.predicted[0] for e in found if isinstance(e, Evidence))
    assert few < 0.6 * peak and many < 0.5 * peak


def test_one_human_share_lies_between_two_thresholds():
    of = {name: corpora.TEMPERED[name] for name in ("types", "temperature")}
    lost = temperature.stay_share(temperature=of["temperature"])
    assert lost < corpora.TEMPERED["human_share"] < temperature.return_share(**of)
    low, high = (
        PROCESSES[f"replace, tempered from {start:g}"].closed_form("first_type", 12)
        for start in corpora.STARTS
    )
    assert low is not None and high is not None
    assert low[-1] < low[0] and high[-1] > 4 * low[-1]


def test_a_large_batch_has_the_variance_of_the_mean_of_points():
    process = PROCESSES["pooled, 30 % human"]
    (evidence,) = evidence_of(process)
    assert isinstance(evidence, Evidence)
    exact = contamination.pooled_error(
        probabilities=np.full(32, 1 / 32),
        samples=corpora.BATCH,
        human_shares=np.append(1.0, np.full(corpora.BATCHES - 1, corpora.PART)),
    )
    assert evidence.predicted[0] == pytest.approx(exact, rel=1e-4)
