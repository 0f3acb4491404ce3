"""The number that a verdict is judged against is the formula of its claim at its own parameters.

That is `ledger()[claim].predict(parameters)` with the generation among the parameters. No run is
made: a run judges its evidence as it stands.
"""

import json
from collections.abc import Iterator
from typing import NamedTuple

import numpy as np
import pytest

from collapse_sim.certify import Evidence
from collapse_sim.limits import LimitEvidence
from experiments.linear.evidence import gather
from experiments.linear.limits import make_rungs
from experiments.linear.plan import make_processes, make_world
from experiments.linear.predictions import predict
from experiments.linear.settings import parse as parse_linear
from experiments.recursion.families import make_processes as make_families
from experiments.recursion.settings import parse as parse_curse
from theory import ledger

EXCEPTIONS = {
    "linear": """garg2026.fixedreal gerst2024.accumulate gerst2024.halfway he2025.weight
    ref.conf_nested ref.conf_one ref.edit_B ref.edit_B_const ref.edit_C ref.edit_C_T
    ref.edit_D ref.edit_E ref.edit_external ref.edit_frozen ref.edit_frozen_confident
    ref.edit_one_T ref.edit_two_T ref.exact_one ref.subsample zhu2025.thm1 zhu2025.thm2b""",
    "gaussian": "ref.gauss_edit ref.gauss_edit_anchored ref.gauss_growing suresh2025.gauss",
    "categorical": """ref.bern_acc ref.distinct ref.distinct_first ref.unigram_anchored
    ref.unigram_edit ref.unigram_fixed_path seddik2024.partial seddik2024.synth""",
    "kde": "ref.kde_variance",
    "forgetting": """dohmatob2024b.cor22 ref.gauss_acc_mean ref.kde_silverman ref.mix_prob
    ref.unigram_fixed suresh2025.gmm suresh2025.vocab""",
    "contamination": """kanabar2025.minimax ref.debiased ref.pooled wang2026.rate""",
}
"""Claims whose parameters do not say enough yet, or that are judged by another number."""


class Judged(NamedTuple):
    claim: str
    parameters: dict
    predicted: float


def judged_in_regression() -> Iterator[Judged]:
    settings = parse_linear([
        "--dim", "2", "--samples", "12", "--generations", "4", "--preset", "paper",
        "--replicates", "64",
    ])  # fmt: skip
    world = make_world(settings)
    evidence: list[Evidence | LimitEvidence] = []
    for process in make_processes(settings, world):
        found = gather(settings, world, process, predict(settings, world, process, 0.01))
        evidence += [one for one in (*found.chains, *found.averaged) if isinstance(one, Evidence)]
    for rungs in make_rungs(settings, world):
        evidence += [*rungs.tests, *rungs.bounds]
    for one in evidence:
        predicted = one.claimed if isinstance(one, LimitEvidence) else sum(one.predicted) / 2
        yield Judged(one.claim, {**one.parameters, "generation": one.generation}, predicted)


def judged_of_distributions(family: str) -> Iterator[Judged]:
    flags = ["--family", family, "--law", "zipf"]
    flags += ["--generations", "6"] if family == "gaussian" else []
    processes, *_ = make_families(parse_curse(flags))
    for process in processes:
        for one in (*process.evidence, *(contrast.evidence for contrast in process.contrasts)):
            if isinstance(one, Evidence):
                parameters = {**one.parameters, "generation": one.generation}
                yield Judged(one.claim, parameters, sum(one.predicted) / 2)


def unexplained(numbers: Iterator[Judged]) -> set[str]:
    """Claims of which some number is not their formula's at the parameters beside it."""
    return {one.claim for one in numbers if not _explained(one)}


def _explained(one: Judged) -> bool:
    try:
        found = ledger()[one.claim].predict(json.loads(json.dumps(one.parameters)))
    except (KeyError, ValueError, TypeError):
        return False
    return np.ndim(found) == 0 and bool(np.isclose(found, one.predicted, rtol=1e-12))


def test_numbers_of_regression():
    assert unexplained(judged_in_regression()) == set(EXCEPTIONS["linear"].split())


@pytest.mark.parametrize(
    "family",
    ["gaussian", "categorical", "mixture", "kde", "selection", "forgetting", "contamination"],
)
def test_numbers_of_distributions(family):
    assert unexplained(judged_of_distributions(family)) == set(EXCEPTIONS.get(family, "").split())


def test_a_number_that_is_not_the_formula_s_is_seen():
    right = Judged("ref.w2", {"samples": 3, "generation": 1}, 2.333333 - np.sqrt(np.pi))
    exact = ledger()["ref.w2"].predict(right.parameters)
    assert unexplained(iter([right._replace(predicted=exact)])) == set()
    assert unexplained(iter([right])) == {"ref.w2"}
    assert unexplained(iter([right._replace(parameters={"samples": 3})])) == {"ref.w2"}
