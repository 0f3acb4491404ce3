"""verify: the named claims, by the processes that decide them and no others."""

import pytest

from collapse_sim.replicates import looks
from experiments import verify
from experiments.verify import Settings, select


def command(*arguments: str) -> int:
    return verify.command(list(arguments), configure=lambda settings: None)


def test_a_simulation_a_certificate_and_a_citation(capfd):
    names = "kazdan2025.gauss_replace", "ref.golden_identity", "dohmatob2025.thm1"
    assert command(*names) == 0
    shown = " ".join(capfd.readouterr().out.split())
    assert "ref.golden_identity: holds, by exact arithmetic: theory.certificates." in shown
    assert "dohmatob2025.thm1: by nothing here: " in shown
    assert "replace, max likelihood" in shown and "holds within" in shown
    assert "1 of 1 negative controls caught" in shown


def test_what_stays_undecided_has_a_status_of_its_own(capfd):
    assert command("kazdan2025.gauss_replace", "--replicates", "2000") == 3
    assert "undecided" in capfd.readouterr().out


def test_claims_of_language_models_name_their_command(capfd):
    assert command("lm.edit_bounded") == 0
    assert "collapse-sim transformer" in capfd.readouterr().out


def test_processes_that_a_check_looks_at_come_along():
    settings = Settings(("shum2024.kept_human", "ref.conf_one"))
    processes = select(settings, settings.ids)
    assert [p.name for p in processes if p.family == "gaussian"] == ["replace", "keep human"]
    assert [p.step for p in processes if not p.family] == ["T = 50", "T = 100", "T = 200"]
    claims = {check.claim for process in processes for check in process.checks}
    assert claims == set(settings.ids)
    assert all(list(looks(p.replicates)) for p in processes)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["zhu2025.thm2"], "unknown claim zhu2025.thm2: the nearest are zhu2025.thm2b"),
        ([], "no claim named: collapse-sim claims lists them"),
        (["ref.w2", "--replicates", "0"], "--replicates 0: accepted are integers >= 1"),
        (["ref.w2", "--seed", "-1"], "--seed -1: accepted are integers from 0 to"),
    ],
)
def test_bad_input_is_one_line(arguments, says, capfd):
    assert command(*arguments) == 2
    shown = capfd.readouterr()
    assert shown.out == "" and shown.err.startswith(f"verify.py: error: {says}")
    assert shown.err.count("\n") == 1
