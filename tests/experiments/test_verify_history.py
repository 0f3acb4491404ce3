"""History of a ledger: what runs remember, each once, and what they say of a broken file."""

import json

import pytest

from collapse_sim.run_directory import RunDirectory, RunError
from experiments.verification.history import (
    PastRun,
    changed,
    past_runs,
    remember,
    status_of,
    this_run,
)
from experiments.verification.outcomes import decisions
from theory import ledger


def run_at(path, started: str) -> RunDirectory:
    path.mkdir(exist_ok=True)
    run = RunDirectory(path)
    run.write_json("config.json", {"started": started, "version": "1", "parameters": {}})
    return run


def past(started: str, **outcomes: str) -> PastRun:
    return PastRun(started, "1", "verify", {name: [word] for name, word in outcomes.items()})


def test_a_run_remembers_the_ones_before_it_and_those_of_other_directories(tmp_path):
    first = run_at(tmp_path / "a", "2026-01-01")
    assert past_runs(first) == []
    remember(first, [], past("2026-01-01", x="holds"))
    assert past_runs(first) == []  # not itself, as where a finished run is resumed
    again = run_at(tmp_path / "a", "2026-03-01")
    other = run_at(tmp_path / "b", "2026-02-01")
    remember(other, past_runs(other, [again.path]), past("2026-02-01", x="violated"))
    found = past_runs(again, [other.path])
    assert found == [past("2026-02-01", x="violated"), past("2026-01-01", x="holds")]
    assert past_runs(again, [tmp_path / "no verify run"]) == [past("2026-01-01", x="holds")]


def test_what_changed_is_compared_with_the_newest_run_that_decided_it():
    now = past("4", a="holds", b="holds", c="holds", new="holds")
    earlier = [past("3", a="holds"), past("2", a="violated", b="violated"), past("1", c="holds")]
    assert changed(now, earlier) == ["b"]


def test_what_a_run_did_not_reach_is_no_outcome():
    claims = [ledger()[name] for name in ("zhu2025.thm2a", "zhu2025.fraction", "ref.conf_free")]
    decided = decisions(claims, [], {}, {"zhu2025.thm2a"})
    run = this_run({"started": "1", "version": "1"}, "verify", decided)
    assert run.outcomes == {"ref.conf_free": ["cited"]}


@pytest.mark.parametrize("status", [0, 1, 3])
def test_a_finished_run_tells_its_own_status(tmp_path, status):
    run = run_at(tmp_path / "a", "2")
    now = this_run(run.config(), "verify", [], status)
    remember(run, [this_run({"started": "1", "version": "1"}, "verify", [], 9)], now)
    assert status_of(run) == status


def test_a_run_of_an_earlier_version_tells_no_status(tmp_path):
    run = run_at(tmp_path / "a", "2")
    remember(run, [], past("2"))
    with pytest.raises(RunError, match="exit status; accepted is the same command without"):
        status_of(run)


@pytest.mark.parametrize(
    "content", ["no json", "{}", "[3]", '[{"started": "1"}]', '[{"outcomes": 3}]']
)
def test_a_broken_history_is_said_in_one_line(tmp_path, content):
    run = run_at(tmp_path / "a", "2")
    (run.path / "history.json").write_text(content)
    with pytest.raises(RunError, match=r"history\.json cannot be read \(") as error:
        past_runs(run)
    assert "\n" not in str(error.value)


def test_outcomes_are_lists(tmp_path):
    run = run_at(tmp_path / "a", "2")
    records = [vars(past("1")) | {"outcomes": {"a": "holds"}}]
    (run.path / "history.json").write_text(json.dumps(records))
    with pytest.raises(RunError, match="no run"):
        past_runs(run)
