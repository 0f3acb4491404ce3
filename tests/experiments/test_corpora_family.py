"""Corpora: which claims are held against which simulation, and that wrong ones are seen."""

from dataclasses import replace

import jax
import numpy as np
import pytest

from collapse_sim.certify import FAMILY_ERROR, Evidence, LawEvidence
from collapse_sim.replicates import EMPTY, Stream
from collapse_sim.run_directory import RunDirectory
from experiments import curse_of_recursion
from experiments.recursion import corpora
from experiments.recursion.settings import ALL, Settings
from tests.experiments.evidence import evidence_of
from theory.distributions import contamination, temperature

PROCESSES = {process.name: process for process in corpora.processes(Settings())}

DECIDED = """
ref.kept_excess ref.polya ref.missing_mass ref.smoothing ref.posterior_rate griffiths2007.prior
ref.innovation ref.models_pooled ref.models_spread ref.temperature_state ref.contaminated_mean
""".split()

QUICK = {
    "keep human, 126 drawn": 2**16,
    "accumulate, an urn": 2**16,
    "replace, posterior draws": 2**17,
}
"""Processes that run quickly, and replicates that decide them."""


def test_every_claim_has_evidence_and_the_family_is_no_part_of_all():
    assert {e.claim for p in PROCESSES.values() for e in evidence_of(p)} == set(DECIDED)
    assert "corpora" not in ALL
    assert Settings(family="corpora").families() == ("corpora",)


@pytest.mark.parametrize(("name", "replicates"), QUICK.items())
def test_claims_hold_and_numbers_six_percent_off_do_not(name, replicates):
    """The chance of a false alarm of a verdict is 1e-3 / 20; the seed is fixed."""
    process = PROCESSES[name]
    *_, summary = Stream.of(process.simulation).extend(EMPTY, jax.random.key(7), replicates)
    error = FAMILY_ERROR / 20
    for evidence in evidence_of(process):
        verdict = evidence.judge(summary, error)
        assert verdict.verdict == "holds", evidence.claim
        assert verdict.control is True and verdict.within <= verdict.tolerance <= 0.025
        if isinstance(evidence, LawEvidence):
            scaled = replace(evidence, law=lambda x, law=evidence.law: law(x / 1.04))
            assert scaled.judge(summary, error).verdict == "violated"
            continue
        for factor in (0.94, 1.06):
            off = factor * evidence.predicted[0]
            wrong = replace(evidence, predicted=(off, off))
            assert wrong.judge(summary, error).verdict == "violated", (evidence.claim, factor)


def test_more_synthetic_tokens_are_worse_and_then_better():
    found = [evidence_of(PROCESSES[f"keep human, {n} drawn"])[0] for n in corpora.SYNTHETIC]
    few, peak, many = (e.predicted[0] for e in found if isinstance(e, Evidence))
    assert few < 0.6 * peak and many < 0.5 * peak


def test_one_human_share_lies_between_two_thresholds():
    of = {name: corpora.TEMPERED[name] for name in ("types", "temperature")}
    lost = temperature.stay_share(temperature=of["temperature"])
    assert lost < corpora.TEMPERED["human_share"] < temperature.return_share(**of)
    low, high = (
        PROCESSES[f"replace, tempered from {start:g}"].closed_form("first_type", 12)
        for start in corpora.STARTS
    )
    assert low is not None and high is not None
    assert low[-1] < low[0] and high[-1] > 4 * low[-1]


def test_a_large_batch_has_the_variance_of_the_mean_of_points():
    process = PROCESSES["pooled, 30 % human"]
    (evidence,) = evidence_of(process)
    assert isinstance(evidence, Evidence)
    exact = contamination.pooled_error(
        probabilities=np.full(32, 1 / 32),
        samples=corpora.BATCH,
        human_shares=np.append(1.0, np.full(corpora.BATCHES - 1, corpora.PART)),
    )
    assert evidence.predicted[0] == pytest.approx(exact, rel=1e-4)


def test_the_command_writes_a_run_and_prints_80_columns(tmp_path, monkeypatch, capfd):
    names = "keep human, 126 drawn", "accumulate, an urn"
    few = [replace(PROCESSES[name], replicates=2000) for name in names]
    monkeypatch.setattr(corpora, "processes", lambda settings: few)
    flags = ["--family", "corpora", "--out", str(tmp_path / "run")]
    assert curse_of_recursion.command(flags, configure=lambda settings: None) == 0
    run = RunDirectory(tmp_path / "run")
    assert run.is_finished() and (run.path / "figure.png").is_file()
    assert [v["claim"] for v in run.verdicts()] == ["ref.kept_excess", "ref.polya", "ref.polya"]
    tables = capfd.readouterr().out.partition(str(tmp_path))[0]
    assert max(map(len, tables.splitlines())) <= 80
