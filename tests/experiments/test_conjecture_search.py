"""conjecture_search.py: what it tries, and that it would report a counterexample."""

import dataclasses

import numpy as np

from collapse_sim.run_directory import RunDirectory
from experiments import conjecture_search
from theory import claims

SMALL = conjecture_search.Settings(dims=(2,), ratios=(10.0,), blocks=(8,), totals=(0.5,))


def test_schedules_are_disjoint_and_edit_what_was_asked():
    for _, schedule in conjecture_search.schedules(20, 15, 4, np.random.default_rng(0)):
        assert schedule.shape == (4, 20) and schedule.sum() == 15
        assert schedule.sum(axis=0).max() == 1


def test_the_bound_survives_a_small_search_and_rows_edited_one_by_one_come_closest(
    tmp_path, capsys
):
    conjecture_search.main(dataclasses.replace(SMALL, out=tmp_path / "search"))
    verdicts = RunDirectory(tmp_path / "search").verdicts()
    assert {verdict["verdict"] for verdict in verdicts} == {"holds"}
    assert len(verdicts) == 5  # one for each shape of the sizes, and row by row
    assert "10 rows, one after the other" in capsys.readouterr().out


def test_a_bound_that_is_too_low_is_reported_as_violated(monkeypatch):
    predict = claims.Claim.predict
    monkeypatch.setattr(claims.Claim, "predict", lambda self, where: 0.5 * predict(self, where))
    assert {verdict.verdict for verdict in conjecture_search.search(SMALL)} == {"violated"}
