"""Default linear_bound: what holds within how much, and near misses that do not."""

from dataclasses import replace

import jax
import pytest

from collapse_sim.certify import Evidence
from collapse_sim.experiment.process import Process
from collapse_sim.replicates import EMPTY, Stream, Summary
from collapse_sim.run_directory import RunDirectory
from collapse_sim.verdict import Verdict
from experiments import linear_bound
from experiments.linear.processes import make_processes
from experiments.linear.settings import parse
from experiments.linear.world import make_world
from tests.experiments.evidence import evidence_of
from theory.claims import ledger
from theory.editing.repeated import anchored_inflation

ERROR = 1e-5
SMALL = (
    *("--dim", "8", "--samples", "24", "--generations", "4", "--replicates", "16384"),
    *("--no-limits", "--regimes", "edit", "--masks", "halves", "random", "free"),
)


def simulated(simulation, count: int) -> Summary:
    *_, summary = Stream.of(simulation).extend(EMPTY, jax.random.key(1), count)
    return summary


def process_of(*flags: str, name: str, step: str = "") -> Process:
    settings = parse(list(flags))
    found = make_processes(settings, make_world(settings))
    return next(p for p in found if p.name == name and p.step == step)


def evidence_on(process: Process, claim: str) -> Evidence:
    found = next(e for e in evidence_of(process) if e.claim == claim)
    assert isinstance(found, Evidence)
    return found


def scaled(evidence, factor: float):
    low, high = evidence.predicted
    return replace(evidence, predicted=(factor * low, factor * high))


def test_the_base_error_has_one_degree_of_freedom_less_than_rows_over_columns():
    """T - d for T - d - 1 is 1.1 % at the defaults: nearer than the controls of 2 %."""
    process = process_of("--regimes", "replace", name="replace")
    evidence = evidence_on(process, "zhu2025.eq7")
    summary = simulated(process.simulation, 2**19)
    assert evidence.judge(summary, ERROR).verdict == "holds"
    assert scaled(evidence, 89 / 90).judge(summary, ERROR).verdict != "holds"


def test_the_finite_law_of_anchored_edits_is_told_from_its_limit():
    name = "edit random anchored"
    process = process_of("--masks", "random", name=name, step="averaged")
    evidence = evidence_on(process, "ref.edit_E_finite")
    summary = simulated(process.simulation, 256)
    assert evidence.judge(summary, ERROR).verdict == "holds"
    limit = anchored_inflation(edit_share=0.3, generation=11) * evidence.unit
    assert limit == pytest.approx(sum(evidence.predicted) / 2, rel=0.009)  # inside one per cent
    assert replace(evidence, predicted=(limit, limit)).judge(summary, ERROR).verdict == "violated"


@pytest.fixture(scope="module")
def verdicts(tmp_path_factory) -> dict[tuple[str, str], Verdict]:
    folder = tmp_path_factory.mktemp("runs") / "small"
    arguments = [*SMALL, "--out", str(folder)]
    assert linear_bound.command(arguments, configure=lambda settings: None) == 0
    records = [Verdict(**record) for record in RunDirectory(folder).verdicts()]
    return {(v.claim, v.parameters["process"]): v for v in records}


def test_a_frozen_model_keeps_the_bound_that_the_latest_one_breaks(verdicts):
    for mask in ("halves", "random"):
        assert verdicts["zhu2025.thm2a", f"edit {mask}"].verdict == "violated"
        assert verdicts["zhu2025.thm2a_frozen", f"edit {mask} frozen"].verdict == "holds"
        assert verdicts["ref.edit_frozen", f"edit {mask} frozen"].verdict == "holds"
    attained = verdicts["zhu2025.thm2a_frozen", "edit halves frozen"]
    assert attained.control is True and attained.observed == pytest.approx(attained.predicted)
    assert verdicts["ref.edit_external", "edit halves external"].verdict == "holds"
    assert verdicts["zhu2025.thm2a_conf", "edit free frozen"].verdict == "violated"


def test_every_equality_says_its_tolerance_and_catches_its_control(verdicts):
    held = [v for v in verdicts.values() if v.verdict == "holds" and v.relation in ("==", "~")]
    assert len(held) >= 6
    for verdict in held:
        record = ledger()[verdict.claim]
        assert verdict.tolerance is not None and verdict.within is not None
        assert verdict.within <= verdict.tolerance <= record.tolerance
        assert verdict.control is True
        assert verdict.unit == pytest.approx(8 / 15)


def test_the_answer_stands_first(tmp_path, capsys):
    arguments = [*SMALL, "--out", str(tmp_path / "run")]
    assert linear_bound.command(arguments, configure=lambda settings: None) == 0
    first = " ".join(capsys.readouterr().out.split()).partition("Test error after")[0]
    assert "break the published bound 2b: halves" in first
    assert "Written by the first model for ever (frozen), they keep it" in first
    assert "What matters is who writes the edits" in first


def test_writers_are_chosen_and_named():
    settings = parse(["--masks", "halves", "--writers", "frozen", "--regimes", "edit"])
    names = [p.name for p in make_processes(settings, make_world(settings)) if not p.step]
    assert names == ["edit halves frozen"]
    with pytest.raises(ValueError, match="--prior-error -1.0: accepted are finite numbers >= 0"):
        parse(["--prior-error", "-1"])
