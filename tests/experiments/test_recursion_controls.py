"""What may hold in every family: nothing wider than its claim allows, no formula that is off."""

import functools
import math
from dataclasses import replace

import jax
import pytest

from collapse_sim.certify import FAMILY_ERROR, Evidence, LawEvidence
from collapse_sim.experiment.process import Process
from collapse_sim.experiment.streaming import CHUNK
from collapse_sim.replicates import EMPTY, Stream, Summary, looks
from collapse_sim.verdict import Verdict
from experiments.recursion.families import make_processes
from experiments.recursion.settings import Family, Settings
from tests.experiments.evidence import evidence_of
from theory.claims import ledger
from theory.distributions import gaussian_accumulate

FAMILIES: tuple[Family, ...] = (
    "gaussian", "categorical", "kde", "selection", "forgetting", "contamination",
    "estimates", "corpora", "regressions",
)  # fmt: skip
"""Those that decide equalities."""

SHORT = Settings(law="zipf", types=50)

AFFORDABLE = {
    "gaussian": (
        "replace", "edit, 8 fits", "edit anchored, 8 fits", "replace, two draws a fit",
        "replace, max likelihood", "accumulate, max likelihood", "replace, n^2 points",
    ),
    "categorical": (
        "replace, four types", "keep human, the same half", "replace, equally rare types",
        "accumulate, 32 types",
    ),
    "kde": ("replace, 5 fits",),
    "selection": ("verified labels", "verified rows"),
}  # fmt: skip
"""Processes of the default run that are quick to compile and to decide; forgetting,
contamination, estimates, corpora and regressions have files of their own."""


@functools.cache
def processes(family: str) -> dict[str, Process]:
    """By name; the words are those of a small law."""
    found, *_ = make_processes(replace(SHORT, family=family))  # type: ignore[arg-type]
    return {process.name: process for process in found}


def equalities(process: Process) -> list[Evidence | LawEvidence]:
    return [
        e for e in evidence_of(process) if isinstance(e, LawEvidence) or e.relation in ("==", "->")
    ]


@functools.cache
def decided(family: str, name: str) -> tuple[Summary, tuple[Verdict, ...]]:
    """The process as in a default run: until its equalities are decided, or to its last look."""
    process, summary = processes(family)[name], EMPTY
    stream = Stream.of(process.simulation, chunk=process.chunk or CHUNK)
    verdicts: tuple[Verdict, ...] = ()
    for target in looks(process.replicates):
        *_, summary = stream.extend(summary, jax.random.key(11), target)
        verdicts = tuple(e.judge(summary, FAMILY_ERROR / 40) for e in equalities(process))
        if all(verdict.verdict != "undecided" for verdict in verdicts):
            break
    return summary, verdicts


@pytest.mark.parametrize("family", FAMILIES)
def test_tolerances_and_controls_are_those_of_the_ledger(family):
    found = [e for process in processes(family).values() for e in equalities(process)]
    assert found
    for evidence in found:
        record = ledger()[evidence.claim]
        if isinstance(evidence, LawEvidence):
            assert (evidence.tolerance, evidence.control) == (0.025, 0.02)
        else:
            exact = record.order == "exact"
            assert evidence.tolerance == (0.01 if exact else 0.02), evidence.claim
            assert evidence.control == (0.02 if exact else 0.05), evidence.claim


@pytest.mark.parametrize(
    ("family", "name"), [(family, name) for family, names in AFFORDABLE.items() for name in names]
)
def test_equalities_hold_within_their_tolerance_and_formulas_off_by_the_control_do_not(
    family, name
):
    """The chance of a false alarm of a verdict is 1e-3 / 40; the seed is fixed."""
    _, verdicts = decided(family, name)
    assert verdicts
    for verdict in verdicts:
        assert verdict.verdict == "holds", verdict
        assert verdict.control is True, verdict
        assert verdict.within is not None and verdict.tolerance is not None
        assert verdict.within <= verdict.tolerance, verdict


def judged_at(family: str, name: str, claim: str, generation: int, predicted: float) -> str:
    """The verdict on another formula, from what decides the right one."""
    summary, _ = decided(family, name)
    evidence = next(
        e
        for e in evidence_of(processes(family)[name])
        if e.claim == claim and e.generation == generation and isinstance(e, Evidence)
    )
    right = evidence.judge(summary, FAMILY_ERROR / 40)
    wrong = replace(evidence, predicted=(predicted, predicted))
    assert right.verdict == "holds"
    return wrong.judge(summary, FAMILY_ERROR / 40).verdict


def test_the_limit_of_an_accumulated_variance_is_not_its_finite_product():
    limit = gaussian_accumulate.accumulate_limit(samples=20)
    where = "gaussian", "accumulate, max likelihood", "kazdan2025.gauss_acc", 3
    assert judged_at(*where, limit) != "holds"


def test_one_over_e_is_not_the_chance_to_lose_a_type():
    where = "categorical", "replace, equally rare types", "shum2024.discrete", 1
    assert judged_at(*where, 1 / math.e) == "violated"


def test_an_anchored_edit_does_not_keep_the_variance_at_one():
    where = "gaussian", "keep human, 8 fits", "ref.gauss_edit_anchored", 8
    assert judged_at(*where, 1.0) == "violated"


@pytest.mark.parametrize(
    ("name", "claim", "generation", "wrong"),
    [
        # one generation less, and the leading order of a mean that is known exactly
        ("replace, two draws a fit", "shum2024.var", 5, 1 + 4 / 20),
        ("replace, two draws a fit", "shum2024.thm31", 40, 39 / 40 * -2.142234),
        ("replace, max likelihood", "kazdan2025.gauss_replace", 5, (1 - 1 / 20) ** 4),
    ],
)
def test_formulas_one_generation_off_do_not_hold(name, claim, generation, wrong):
    assert judged_at("gaussian", name, claim, generation, wrong) == "violated"
