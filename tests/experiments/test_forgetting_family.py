"""Forgetting: what is simulated, the numbers it is held against, and that wrong ones are seen."""

from dataclasses import replace

import curse_of_recursion
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from distribution_lab import forgetting
from distribution_lab.process import LEADING, Only
from distribution_lab.settings import ALL, Settings

from collapse_sim.certify import FAMILY_ERROR
from collapse_sim.distributions import rare_words
from collapse_sim.distributions.categorical import Truth
from collapse_sim.loop import Trace
from collapse_sim.replicates import EMPTY, Stream
from collapse_sim.run_directory import RunDirectory
from tests.collapse_sim.draws import draw, same_mean
from tests.theory.references_distributions import coalescence_time, count_law, fixation_time

PROCESSES = {process.name: process for process in forgetting.processes(Settings())}
EVIDENCE = {(e.claim, e.generation): e for p in PROCESSES.values() for e in p.evidence}

DECIDED = """
suresh2025.vocab suresh2025.poisson kazdan2025.discrete ref.two_types seddik2024.absorb_least
seddik2024.absorb ref.mix_prob ref.unigram_fixed ref.zipf_error dohmatob2024b.thm21
dohmatob2024b.cor22 alemohammad2024.bias kazdan2025.gauss_acc_limit ref.gauss_acc_mean
ref.gauss_edit_mean ref.gauss_edit_fixed_path ref.gauss_edit_fixed suresh2025.gmm ref.kde_mean
ref.kde_silverman
""".split()

QUICK = {
    "replace, Poisson counts": 2**17,
    "fresh human, a pair": 2**16,
    "replace, a far cut": 2**12,
    "accumulate, max likelihood": 2**17,
    "replace, a fixed kernel": 2**16,
}
"""Processes that compile quickly, and replicates that decide them."""


def predicted(claim: str) -> float:
    return next(e.predicted[0] for (name, _), e in EVIDENCE.items() if name == claim)


def test_every_claim_has_evidence_and_the_family_is_no_part_of_all():
    assert {claim for claim, _ in EVIDENCE} == set(DECIDED)
    assert "forgetting" not in ALL
    assert Settings(family="forgetting").families() == ("forgetting",)


@pytest.mark.parametrize(("name", "replicates"), QUICK.items())
def test_claims_hold_and_numbers_five_percent_off_do_not(name, replicates):
    """The chance of a false alarm of a verdict is 1e-3 / 20; the seed is fixed."""
    process = PROCESSES[name]
    *_, summary = Stream.of(process.simulation).extend(EMPTY, jax.random.key(5), replicates)
    error = FAMILY_ERROR / 20
    for evidence in process.evidence:
        assert evidence.judge(summary, error).verdict == "holds", evidence.claim
        for factor in (0.95, 1.05):
            off = factor * evidence.predicted[0]
            wrong = replace(evidence, predicted=(off, off))
            assert wrong.judge(summary, error).verdict != "holds", (evidence.claim, factor)


@pytest.mark.parametrize(
    ("claim", "exact", "high"),
    [
        ("kazdan2025.discrete", coalescence_time(50), 0.0106),
        ("ref.two_types", fixation_time(0.5, 100), 0.0148),
    ],
)
def test_times_are_as_high_as_noted_and_six_percent_are_outside_the_tolerance(claim, exact, high):
    ratio = predicted(claim) / exact
    assert ratio == pytest.approx(1 + high, abs=2e-4)
    # What the cut chains miss is less than 0.2 %.
    for factor in (1.0, 0.94, 1.06):
        misses = [abs(left / (factor * ratio) - 1) for left in (1.0, 0.998)]
        assert (max(misses) < LEADING) == (factor == 1.0), factor
        assert (min(misses) < LEADING) == (factor == 1.0), factor


def test_the_horizon_leaves_next_to_nothing_out():
    """Of the mean time, what comes after the last generation: by the slowest mode, 1 - 1/N."""
    last = forgetting.LIFETIMES * 100
    left = count_law(0.5, 100, last)[1:-1].sum() * 100
    assert left / fixation_time(0.5, 100) < 0.002


def test_bounds_stand_on_their_side_of_the_exact_chain():
    laws = {n: count_law(0.5, 100, n) for n in (100, 600)}
    several = {n: law[1:-1].sum() for n, law in laws.items()}
    least, most = predicted("seddik2024.absorb_least"), predicted("seddik2024.absorb")
    assert least < several[100] < 1.6 * least
    assert several[600] < most < 1
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
    assert 0 < outlive < mixture.evidence[0].predicted[0] < 1
    traced = forgetting._above({"variance": jnp.array([1.1, 0.9])})
    assert traced["exceeds"].tolist() == [1, 0]


def test_fits_are_counted_until_one_type_is_left():
    traced = forgetting._until_one({"absorbed": jnp.array([0.0, 0.0, 1.0, 1.0])})
    assert traced["fits"].tolist() == [2, 3, 3, 3]
    assert traced["several"].tolist() == [1, 1, 0, 0]


def test_only_what_is_asked_for_is_recorded():
    def simulation(key) -> Trace:
        return {"a": jnp.zeros(2), "b": jnp.ones(2), "edited_fraction": jnp.ones(2)}

    only = Only(simulation, lambda trace: {"c": 2 * trace["b"]})
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
