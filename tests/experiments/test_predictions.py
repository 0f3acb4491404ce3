"""The number that a verdict is judged against is the formula of its claim at its own parameters.

That is `ledger()[claim].predict(parameters)`, of the parameters as verdicts.json holds them, with
the generation among them; what is too long for it stands in arrays.npz. No run is made: a run
judges its evidence as it stands.
"""

import json
from collections.abc import Iterator
from typing import Any, NamedTuple, get_args

import numpy as np
import pytest

from collapse_sim.certify import Evidence, LawEvidence
from collapse_sim.experiment.evidence import (
    evidence,
    is_statistical,
    limit_evidence,
    long_arrays,
    parameters,
    undecidable,
)
from collapse_sim.experiment.process import Drawn, Process
from experiments.linear.ladders import make_ladders
from experiments.linear.processes import make_processes
from experiments.linear.settings import Regime
from experiments.linear.settings import parse as parse_linear
from experiments.linear.world import make_world
from experiments.recursion.families import make_processes as make_families
from experiments.recursion.settings import Family
from experiments.recursion.settings import parse as parse_curse
from theory import ledger

AVERAGED = {
    "ref.edit_B",
    "ref.edit_C_finite",
    "ref.edit_D_finite",
    "ref.edit_E_finite",
    "ref.edit_recursion",
}
"""Claims on a mean over designs: their number is the mean of the formula over the draws."""

ERROR = 1e-5
LINEAR = (
    "--dim", "2", "--samples", "16", "--generations", "4", "--preset", "paper", "--replicates", "64"
)  # fmt: skip


class Judged(NamedTuple):
    claim: str
    parameters: dict[str, Any]
    predicted: float
    unit: float = 1.0


def judged(processes: list[Process]) -> Iterator[Judged]:
    """What every check is judged by, draws left out."""
    claims = ledger()
    named = {process.key: process for process in processes}
    for process in processes:
        for check in process.checks:
            if check.claim in AVERAGED:
                continue
            where = parameters(check, process)
            if check.along:
                rungs = [named[key] for key in check.along]
                limit = limit_evidence(check, rungs, claims)
                where["generation"] = limit.generation
                yield Judged(check.claim, where, limit.claimed)
            elif not is_statistical(check, process, claims):
                verdict = undecidable(check, process, claims[check.claim])
                where["generation"] = check.at or process.generations
                yield Judged(check.claim, where, float(verdict.verdict == "holds"))
            else:
                found = evidence(check, process, claims, ERROR)
                where["generation"] = found.generation
                if isinstance(found, LawEvidence):
                    yield Judged(check.claim, where, float(found.law(np.array([0.7]))[0]))
                else:
                    unit = found.unit if check.per_unit else 1.0
                    yield Judged(check.claim, where, float(np.mean(found.predicted)), unit)


def unexplained(numbers: Iterator[Judged], arrays: dict[str, np.ndarray]) -> set[str]:
    """Claims of which some number is not their formula's at the parameters beside it."""
    return {one.claim for one in numbers if not _explained(one, arrays)}


def _explained(one: Judged, arrays: dict[str, np.ndarray]) -> bool:
    where = json.loads(json.dumps(one.parameters))
    for name, value in where.items():
        if isinstance(value, str) and value.startswith("arrays.npz: "):
            where[name] = arrays[value.removeprefix("arrays.npz: ")]
    try:
        found = ledger()[one.claim].predict(where)
    except (KeyError, ValueError, TypeError):
        return False
    if ledger()[one.claim].relation == "~":
        found = found.cdf(np.array([0.7]))[0]
    right = np.ndim(found) == 0 and np.isclose(found * one.unit, one.predicted, rtol=1e-12, atol=0)
    return bool(right) or found == one.predicted


def regression(*flags: str) -> list[Process]:
    settings = parse_linear([*LINEAR, *flags])
    world = make_world(settings)
    return [*make_processes(settings, world), *make_ladders(settings, world)]


@pytest.mark.parametrize("flags", [(), ("--edit-share", "0.25"), ("--samples", "420")])
def test_numbers_of_regression(flags):
    processes = regression(*flags)
    found = list(judged(processes))
    assert len(found) > 40
    assert unexplained(iter(found), long_arrays(processes)) == set()


def test_numbers_on_a_given_design(tmp_path):
    np.save(tmp_path / "design.npy", np.random.default_rng(0).standard_normal((30, 3)))
    flags = "--design", str(tmp_path / "design.npy"), "--regimes", "replace", "accumulate", "edit"
    processes = regression(*flags)
    found = list(judged(processes))
    assert {"ref.given_replace", "ref.given_accumulate", "ref.edit_given"} <= {
        one.claim for one in found
    }
    assert unexplained(iter(found), long_arrays(processes)) == set()


@pytest.mark.parametrize(
    "family", [name for name in get_args(Family) if name not in ("all", "sources", "table")]
)
def test_numbers_of_distributions(family):
    flags = ["--family", family, "--law", "zipf"]
    flags += ["--generations", "6"] if family == "gaussian" else []
    processes, *_ = make_families(parse_curse(flags))
    found = list(judged(processes))
    assert found
    assert unexplained(iter(found), long_arrays(processes)) == set()


def test_means_over_designs_are_those_of_the_formula():
    checked = set()
    for process in regression("--edit-share", "0.25"):
        for check in process.checks:
            if check.claim not in AVERAGED:
                continue
            found = evidence(check, process, ledger(), ERROR)
            where = {**process.where, **check.given, "generation": process.generations}
            drawn = {n: v.draw() if isinstance(v, Drawn) else v for n, v in where.items()}
            values = ledger()[check.claim].predict(drawn)
            assert isinstance(found, Evidence) and len(values) > 20
            low, high = found.predicted
            assert low < np.mean(values) < high
            assert (low + high) / 2 == pytest.approx(np.mean(values), rel=1e-12)
            checked.add(check.claim)
    assert checked == AVERAGED - {"ref.edit_recursion"}  # masks of a file


def test_a_number_that_is_not_the_formula_s_is_seen():
    right = Judged("ref.w2", {"samples": 3, "generation": 1}, 2.333333 - np.sqrt(np.pi))
    exact = ledger()["ref.w2"].predict(right.parameters)
    assert unexplained(iter([right._replace(predicted=exact)]), {}) == set()
    assert unexplained(iter([right]), {}) == {"ref.w2"}
    assert unexplained(iter([right._replace(parameters={"samples": 3})]), {}) == {"ref.w2"}


def test_every_regime_of_the_regression_makes_a_process():
    settings = parse_linear([*LINEAR, "--masks", "one", "--regimes", *get_args(Regime)])
    made = {process.regime for process in make_processes(settings, make_world(settings))}
    assert made == set(get_args(Regime))
