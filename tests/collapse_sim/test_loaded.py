"""load: a run directory read back as it was written, or refused in one line."""

import numpy as np
import pytest

import collapse_sim as cs
from collapse_sim.run_directory import CHAIN_COLUMNS

HOLDS = cs.Verdict("a", "A 2025", {"dim": 3}, 2, "<=", 1.0, 0.5, [0.4, 0.6], 0.999, "holds")
VACUOUS = cs.Verdict("b", "B", {}, 1, "<=", np.inf, 1.0, [-np.inf, np.inf], 0.999, "vacuous")


def write(path, verdicts=(HOLDS, VACUOUS, HOLDS), finished=True):
    run = cs.RunDirectory.open(path, {"experiment": "bound", "parameters": {}}, resume=False)
    row = {"regime": "edit", "measure": "test_error", "generation": 1, "mean": 0.5}
    run.write_chains([tuple(row.get(name) for name in CHAIN_COLUMNS)])
    run.write_verdicts([v if isinstance(v, dict) else vars(v) for v in verdicts])
    if finished:
        run.clear_checkpoints()
    return path


def test_what_was_written_is_read(tmp_path):
    path = write(tmp_path / "run")
    for given in (path, str(path)):
        loaded = cs.load(given)
        assert loaded.verdicts == [HOLDS, VACUOUS, HOLDS]
        assert loaded.config["experiment"] == "bound"
        assert loaded.chains["mean"].tolist() == [0.5] and tuple(loaded.chains) == CHAIN_COLUMNS
    assert repr(loaded) == f"Loaded(bound in {path}: 2 holds, 1 vacuous)"


def test_chains_become_a_frame(tmp_path):
    pytest.importorskip("pandas")
    frame = cs.load(write(tmp_path / "run")).chains.to_frame()
    assert tuple(frame.columns) == CHAIN_COLUMNS and frame["regime"].tolist() == ["edit"]


def refusal(path) -> str:
    with pytest.raises(cs.RunError) as refused:
        cs.load(path)
    assert str(path) in str(refused.value) and "\n" not in str(refused.value)
    return str(refused.value)


def test_what_is_no_finished_run_is_refused(tmp_path):
    assert "accepted is a run directory" in refusal(tmp_path / "nowhere")
    assert "accepted is a run directory" in refusal(tmp_path)
    assert "is not finished" in refusal(write(tmp_path / "part", finished=False))


def test_verdicts_of_another_kind_are_refused(tmp_path):
    path = write(tmp_path / "other", [vars(HOLDS) | {"colour": "red"}])
    assert "unknown field colour: accepted are claim, confidence, " in refusal(path)
    path = write(tmp_path / "old", [{"claim": "a", "verdict": "holds"}])
    assert "no field confidence, generation, interval" in refusal(path)
    (path / "verdicts.json").write_text("{")
    assert "verdicts.json cannot be read (not JSON" in refusal(path)


def test_a_run_without_chains_has_verdicts(tmp_path):
    path = write(tmp_path / "run")
    (path / "chains.parquet").unlink()
    loaded = cs.load(path)
    assert len(loaded.verdicts) == 3
    with pytest.raises(cs.RunError, match="chains.parquet cannot be read"):
        loaded.chains  # noqa: B018
