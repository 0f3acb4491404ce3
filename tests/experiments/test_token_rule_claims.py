"""The token rule under a frozen prior: as many tests as share the error, and what each decides."""

from dataclasses import replace

import numpy as np
import pytest

from collapse_sim.experiment.decide import decide
from collapse_sim.verdict import Verdict
from experiments.transformer import token_rule
from experiments.transformer.settings import PRESETS
from experiments.transformer.world import SURE, make_world
from theory.claims import ledger

OUTCOMES = {
    "ref.token_tv": "holds",
    "ref.token_iter": "holds",
    "ref.token_iter_tail": "holds",
    "ref.token_tv_bound": "holds",
    "zhu2025.preserve": "violated",
    "ref.token_context": "holds",
}
"""At the default temperature."""


@pytest.fixture(scope="module")
def verdicts() -> list[Verdict]:
    """Of few replicates, at tolerances that they can reach; the seed is fixed."""
    world = make_world(replace(PRESETS["oracle"], tokens=1000))
    with pytest.MonkeyPatch.context() as patch:
        for name, value in (("PASSES", 2), ("MANY", 2**13), ("REPLICATES", 2**13), ("RARE", 0.1)):
            patch.setattr(token_rule, name, value)
        return decide(token_rule.token_rule_processes(world), ledger(), family_error=1e-3)[1]


def test_the_error_is_shared_over_the_tests_that_there_are(verdicts):
    assert len(verdicts) == 5 + 2 * 2  # two for each pass
    np.testing.assert_allclose([1 - v.confidence for v in verdicts], 1e-3 / 9)


def test_every_claim_of_the_ledger_is_decided(verdicts):
    """With a chance of 1e-3 that any is wrong, for asymptotic confidence sequences."""
    assert {v.claim for v in verdicts} == OUTCOMES.keys() <= ledger().keys()
    tempered = [v for v in verdicts if "temperature 1.5" in v.parameters["process"]]
    assert [v.verdict for v in tempered] == ["violated"]
    for verdict in verdicts:
        if verdict not in tempered:
            assert verdict.verdict == OUTCOMES[verdict.claim], verdict


def test_equalities_of_the_default_are_known_within_a_hundredth():
    """A pass lowers the top token's mass by 1 - a: a formula of one pass less must fail."""
    assert token_rule.RARE <= 0.01 and token_rule.COMMON < (1 - SURE) / 1.4
