"""verify: the named claims, by the processes that decide them and no others."""

import json
import re

import pytest

from collapse_sim.replicates import looks
from collapse_sim.run_directory import RunDirectory
from collapse_sim.workplace import OnHost
from experiments import verify
from experiments.verification import processes
from experiments.verification.processes import all_processes, by_price, price, select
from theory import ledger


def command(*arguments: str) -> int:
    return verify.command(list(arguments), configure=lambda settings: None)


def test_a_simulation_a_certificate_and_a_citation(capfd):
    names = "kazdan2025.gauss_replace", "ref.golden_identity", "ref.conf_free"
    assert command(*names) == 0
    shown = " ".join(capfd.readouterr().out.split())
    assert "ref.golden_identity: holds, by exact arithmetic: theory.certificates." in shown
    assert "ref.conf_free: by nothing here: " in shown
    assert "replace, max likelihood" in shown and "holds within" in shown
    assert "1 of 1 negative controls caught" in shown


def test_what_stays_undecided_has_a_status_of_its_own(capfd):
    assert command("kazdan2025.gauss_replace", "--replicates", "2000") == 3
    assert "undecided" in capfd.readouterr().out


def test_claims_of_large_studies_name_their_command_and_stay_open(capfd):
    assert command("zhu2025.fraction") == 3
    assert "collapse-sim fraction" in capfd.readouterr().out


@pytest.fixture(scope="module")
def every():
    return all_processes(seed=0)


def test_processes_that_a_check_looks_at_come_along(every):
    names = {"shum2024.kept_human", "ref.conf_one"}
    found = select(every, names)
    assert [p.name for p in found if p.family == "gaussian"] == ["replace", "keep human"]
    assert [p.step for p in found if not p.family] == ["T = 50", "T = 100", "T = 200"]
    claims = {check.claim for process in found for check in process.checks}
    assert claims == names
    assert all(list(looks(p.replicates)) for p in found)


def test_every_process_has_a_key_of_its_own_and_the_cheap_come_first(every, monkeypatch):
    keys = [process.key for process in every]
    assert len(keys) == len(set(keys))
    known = {process.key: price(process) for process in every}
    monkeypatch.setattr(processes, "price", lambda process: known[process.key])  # asked for once
    ordered = by_price(every)
    prices = [known[process.key] for process in ordered]
    assert prices == sorted(prices) and prices[0] < prices[-1]
    trained = [i for i, process in enumerate(ordered) if isinstance(process.simulation, OnHost)]
    assert len(trained) == trained[-1] - trained[0] + 1 == 7  # side by side, as they are compared
    assert trained[0] > len(every) / 2


TRAINED = {
    "ref.edited_changed", "zhu2025.coverage", "zhu2025.edit_continual", "zhu2025.edit_finetune",
    "zhu2025.edit_pretrain", "lm.edit_neither",
    "zhu2025.edited_share", "zhu2025.fraction", "zhu2025.selection", "zhu2025.training_loss",
    "zhu2025.ushape", "shum2024.vae", "lm.certainty", "lm.edit_twice", "lm.frozen_levels",
    "lm.frozen_safer", "lm.replace_linear", "lm.size_slope", "dohmatob2025.size",
}  # fmt: skip
"""Claims of the two studies, of a pretrained prior, of the autoencoder, of the language in the
published regime and of the ladder of sizes, which train for minutes."""


def test_every_other_claim_has_a_process(every):
    there = {check.claim for process in every for check in process.checks}
    claims = {claim.id for claim in ledger().values() if claim.decided == "check"}
    assert claims - there == TRAINED


def test_the_whole_ledger_leaves_a_run_and_a_page(tmp_path, monkeypatch, capfd):
    """Of a few processes, in a moment; what is left open has a status of its own."""
    few = ("kazdan2025.gauss_replace", "shum2024.var")
    monkeypatch.setattr(
        "experiments.verification.processes.by_price", lambda every: select(every, few)
    )
    folder = tmp_path / "run"
    assert command("--out", str(folder)) == 3
    shown = capfd.readouterr().out
    assert "kazdan2025.gauss_replace" in shown and "holds within" in shown
    assert f"{folder}: page.html, verdicts.json" in shown
    assert re.search(rf"{len(TRAINED)} more need hours\s+of\s+training", shown)
    run = RunDirectory(folder)
    assert run.is_finished() and {v["claim"] for v in run.verdicts()} == set(few)
    assert command("--out", str(folder), "--resume") == 3  # what the run itself returned
    assert "finished before, nothing to resume" in capfd.readouterr().out
    page = (folder / "page.html").read_text()
    (caught,) = re.findall(r"(\d+ of \d+)\s+negative\s+controls\s+caught", shown)
    assert f"{caught} negative controls caught" in page and caught[0] != "0"
    (remembered,) = json.loads((folder / "history.json").read_text())
    assert remembered["started"] == run.config()["started"] and remembered["status"] == 3
    assert remembered["outcomes"]["kazdan2025.gauss_replace"] == ["holds"]
    assert "zhu2025.thm2a" not in remembered["outcomes"]
    assert f"<li>this run, {remembered['started']}, version" in page
    assert 'id="zhu2025.thm2a"' in page and "<math" in page and "http" not in body(page)
    assert command("--runs", str(folder), "zhu2025.thm2a", "shum2024.var", "--replicates", "9") == 3


def body(page: str) -> str:
    """Without the name of MathML's language, which is an address."""
    return page.replace("http://www.w3.org/1998/Math/MathML", "")


def test_an_unexpected_verdict_has_a_status_of_its_own(monkeypatch, capfd):
    record = ledger()["shum2024.var"]
    monkeypatch.setattr(record.__class__, "predict", lambda self, where: 2.0)
    assert command("shum2024.var") == 1
    assert "violated" in capfd.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["zhu2025.thm2"], "unknown claim zhu2025.thm2: the nearest are zhu2025.thm2b"),
        (["--budget", "soon"], "--budget soon: accepted are times such as 90s, 10m or 1h"),
        (["--budget", "-3m"], "--budget -3m: accepted are times"),
        (["ref.w2", "--resume"], "--resume: accepted with --out, or for the whole ledger"),
        (["ref.w2", "--runs", "nowhere"], "--runs nowhere: accepted are directories of finished"),
        (["ref.w2", "--jobs", "0"], "--jobs 0: accepted are integers >= 1"),
        (["ref.w2", "--replicates", "0"], "--replicates 0: accepted are integers >= 1"),
        (["ref.w2", "--seed", "-1"], "--seed -1: accepted are integers from 0 to"),
    ],
)
def test_bad_input_is_one_line(arguments, says, capfd):
    assert command(*arguments) == 2
    shown = capfd.readouterr()
    assert shown.out == "" and shown.err.startswith(f"verify.py: error: {says}")
    assert shown.err.count("\n") == 1
