"""Forgetting: what is simulated, the numbers it is held against, and that wrong ones are seen."""

from dataclasses import replace

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from collapse_sim.certify import FAMILY_ERROR
from collapse_sim.distributions import rare_words
from collapse_sim.distributions.categorical import Truth
from collapse_sim.experiment.process import Recording
from collapse_sim.loop import Trace
from collapse_sim.replicates import EMPTY, Stream
from collapse_sim.run_directory import RunDirectory
from experiments import curse_of_recursion
from experiments.recursion import forgetting
from experiments.recursion.settings import ALL, Settings
from tests.collapse_sim.draws import draw, same_mean
from tests.experiments.evidence import evidence_of
from tests.theory.count_chains import coalescence_time, count_law, fixation_time
from theory.claims import ledger

PROCESSES = {process.name: process for process in forgetting.processes(Settings())}
EVIDENCE = {(e.claim, e.generation): e for p in PROCESSES.values() for e in evidence_of(p)}

DECIDED = """
suresh2025.vocab suresh2025.poisson kazdan2025.discrete ref.two_types seddik2024.absorb_least
seddik2024.absorb ref.mix_prob ref.unigram_fixed ref.zipf_error dohmatob2024b.thm21
dohmatob2024b.cor22 alemohammad2024.bias kazdan2025.gauss_acc_limit ref.gauss_acc_mean
ref.gauss_edit_mean ref.gauss_edit_fixed_path ref.gauss_edit_fixed suresh2025.gmm ref.kde_mean
ref.kde_silverman
""".split()

QUICK = {
    "replace, Poisson counts": 2**20,
    "fresh human, ten types": 2**17,
    "replace, a far cut": 2**14,
    "accumulate, max likelihood": 2**18,
    "replace, a fixed kernel": 2**18,
    "keep human, the same tokens": 2**15,
}
"""Processes that compile quickly, and replicates that decide them."""


def predicted(claim: str) -> float:
    return next(e.predicted[0] for (name, _), e in EVIDENCE.items() if name == claim)


def test_every_claim_has_evidence_and_the_family_is_no_part_of_all():
    assert {claim for claim, _ in EVIDENCE} == set(DECIDED)
    assert "forgetting" not in ALL
    assert Settings(family="forgetting").families() == ("forgetting",)


@pytest.mark.parametrize(("name", "replicates"), QUICK.items())
def test_claims_hold_within_their_tolerance_and_numbers_off_by_the_control_do_not(name, replicates):
    """The chance of a false alarm of a verdict is 1e-3 / 22; the seed is fixed."""
    process = PROCESSES[name]
    *_, summary = Stream.of(process.simulation).extend(EMPTY, jax.random.key(5), replicates)
    error = FAMILY_ERROR / 22
    for evidence in evidence_of(process):
        verdict = evidence.judge(summary, error)
        assert verdict.verdict == "holds" and verdict.control is True, evidence.claim
        exact = ledger()[evidence.claim].order == "exact"
        assert verdict.within <= evidence.tolerance == (0.01 if exact else 0.02), evidence.claim
        for factor in (0.98, 1.02) if exact else (0.95, 1.05):
            off = factor * evidence.predicted[0]
            wrong = replace(evidence, predicted=(off, off))
            assert wrong.judge(summary, error).verdict != "holds", (evidence.claim, factor)


def test_times_are_those_of_the_exact_chains_and_leading_orders_are_outside_the_tolerance():
    for claim, exact, leading in (
        ("kazdan2025.discrete", coalescence_time(forgetting.DISTINCT), 2 * forgetting.DISTINCT),
        ("ref.two_types", fixation_time(0.5, forgetting.PAIR), 2 * forgetting.PAIR * np.log(2)),
    ):
        assert predicted(claim) == pytest.approx(exact, rel=1e-10)
        assert abs(leading / exact - 1) > 5 * ledger()[claim].tolerance


def test_the_horizon_leaves_next_to_nothing_out():
    """Of the mean time, what comes after the last generation: by the slowest mode, 1 - 1/N."""
    samples = forgetting.PAIR
    left = count_law(0.5, samples, forgetting.LIFETIMES * samples)[1:-1].sum() * samples
    assert left / fixation_time(0.5, samples) < 2e-4


def test_bounds_stand_on_their_side_of_the_exact_chain():
    early, late = forgetting.PAIR, 6 * forgetting.PAIR
    laws = {n: count_law(0.5, forgetting.PAIR, n) for n in (early, late)}
    several = {n: law[1:-1].sum() for n, law in laws.items()}
    least, most = predicted("seddik2024.absorb_least"), predicted("seddik2024.absorb")
    assert least < several[early] < 1.6 * least
    assert several[late] < most < 1
    law = 1 / np.arange(1, 51) / np.sum(1 / np.arange(1, 51))
    types = sum(1 - count_law(p, 100, 20)[0] for p in law)
    # The verdict has to tell 4 % apart.
    assert 1.03 < types / predicted("suresh2025.vocab") < 1.05


def test_a_mixture_loses_variance_as_its_sample_does_and_some_outlive_the_bounds_level():
    mixture = PROCESSES["replace, two components"]
    got = draw(replace(mixture.simulation, measures=lambda trace: trace), seed=6)["variance"]
    assert same_mean(got[:, :4], 5 * 0.9 ** np.arange(1, 5))
    assert not same_mean(got[:, :4], 1.03 * 5 * 0.9 ** np.arange(1, 5))
    outlive = (got[:, -1] > forgetting.SPREAD**2).mean()
    assert 0 < outlive < evidence_of(mixture)[0].predicted[0] < 1
    traced = forgetting._above({"variance": jnp.array([1.1, 0.9])})
    assert traced["exceeds"].tolist() == [1, 0]


def test_fits_are_counted_until_one_type_is_left():
    traced = forgetting._until_one({"absorbed": jnp.array([0.0, 0.0, 1.0, 1.0])})
    assert traced["fits"].tolist() == [2, 3, 3, 3]
    assert traced["several"].tolist() == [1, 1, 0, 0]


def test_only_what_is_asked_for_is_recorded():
    def simulation(key) -> Trace:
        return {"a": jnp.zeros(2), "b": jnp.ones(2), "edited_fraction": jnp.ones(2)}

    only = Recording(simulation, lambda trace: {"c": 2 * trace["b"]}, alone=True)
    assert set(only(jax.random.key(0))) == {"c", "edited_fraction"}


def test_a_memoriser_errs_on_the_unseen_and_on_all_rarer_ranks():
    tested = np.array([0.5, 0.3, 0.1, 0.1])
    learner = rare_words.Memoriser(tested, 10, tested=tested)
    truth = Truth(jnp.asarray(tested), jnp.zeros(4, bool))
    error = learner.measure(jnp.array([0.9, 0.0, 0.05, 0.05]), truth)["test_error"]
    assert float(error) == pytest.approx(0.4)


def test_a_word_that_is_gone_stays_gone():
    word = rare_words.PoissonWord(2.0, 12)
    alive = jax.vmap(word)(jax.random.split(jax.random.key(1), 256))["alive"]
    assert (jnp.diff(alive, axis=1) <= 0).all() and 0 < alive[:, -1].mean() < alive[:, 0].mean()


def test_the_command_writes_a_run_and_prints_80_columns(tmp_path, monkeypatch, capfd):
    kept = [PROCESSES[name] for name in ("replace, words", "replace, Poisson counts")]
    few = [replace(process, replicates=2000) for process in kept]
    monkeypatch.setattr(forgetting, "processes", lambda settings: few)
    flags = ["--family", "forgetting", "--out", str(tmp_path / "run")]
    assert curse_of_recursion.command(flags, configure=lambda settings: None) == 0
    run = RunDirectory(tmp_path / "run")
    assert run.is_finished() and (run.path / "figure.png").is_file()
    assert [v["claim"] for v in run.verdicts()] == ["suresh2025.vocab", "suresh2025.poisson"]
    tables = capfd.readouterr().out.partition(str(tmp_path))[0]
    assert max(map(len, tables.splitlines())) <= 80
