"""A chain of language models: the loop of all chains, on the host."""

from dataclasses import dataclass, replace

import jax
import numpy as np
import pytest
from scipy import stats
from tqdm import tqdm

import collapse_sim as cs
from collapse_sim.editing import Edit, EditSubset
from collapse_sim.language import fitting
from collapse_sim.language.chain import LanguageChain
from collapse_sim.language.checkpoints import Checkpoints
from collapse_sim.language.learner import LanguageLearner
from collapse_sim.loop import Learner
from collapse_sim.pytree import require_methods
from collapse_sim.regimes import (
    Accumulate,
    AccumulateSubsample,
    FreshHuman,
    HumanOnly,
    KeepHuman,
    Mix,
    Replace,
    Verify,
)
from collapse_sim.run_directory import RunDirectory
from collapse_sim.workplace import OnHost, Workplace, replicate_keys

SEEDS, GENERATIONS = 2, 3
CONFIG = cs.TransformerConfig(64, 8, 1, 2, 16)
RULE = cs.TokenRule(above_share=0.3)


@pytest.fixture(scope="module")
def learner() -> LanguageLearner:
    source = cs.MarkovSource.zipfian(64, seed=1)
    train, held_out = (np.asarray(source.sample(jax.random.key(i), 24, 8)) for i in (1, 2))
    text = cs.HumanText(train, {"oracle": held_out}, source)
    mesh = cs.make_mesh(SEEDS, jax.devices()[:1])
    training = cs.Training(4, batch=8, peak_rate=1e-2)
    return LanguageLearner(CONFIG, training, mesh, rows=16, end_of_text=None, text=text)


@pytest.fixture(scope="module")
def run(learner):
    """Traces of a regime, of these seeds."""

    def traces(regime, generations=GENERATIONS, **more):
        chain = LanguageChain(learner, regime, generations, **more)
        with tqdm(disable=True) as bar:
            return chain.on_host(
                replicate_keys(jax.random.key(0), SEEDS), Workplace(None, bar), "chain"
            )

    return traces


REGIMES = {
    "control": HumanOnly(),
    "replace": Replace(),
    "growing": Replace(growing=True),
    "keep human": KeepHuman(0.5),
    "accumulate": Accumulate(),
    "subsample": AccumulateSubsample(),
    "edit": Edit.of(RULE),
    "anchored": Edit.of(RULE, "anchored"),
    "frozen": Edit.of(RULE, "frozen"),
    "edit and drop": cs.EditAndDrop(Edit.of(RULE), 1e-3),
}


def test_it_is_a_learner_and_its_chain_runs_on_the_host(learner):
    require_methods("learner", learner, Learner)
    assert isinstance(LanguageChain(learner, Replace(), 2), OnHost)


@pytest.mark.parametrize("name", REGIMES)
def test_every_regime_of_text_runs(name, run, learner):
    """The first generation is the same in all; the divergence is exact, so never below zero."""
    found, control = run(REGIMES[name]), run(HumanOnly())
    assert {"held_out_loss", "held_out_loss/oracle", "kl", "training_loss"} <= found.keys()
    for measure, values in found.items():
        assert values.shape == (SEEDS, GENERATIONS) and np.isfinite(values).all()
        if measure in control:
            np.testing.assert_array_equal(values[:, 0], control[measure][:, 0])
    assert (found["kl"] > 0).all()
    # Held out is text of the source: its loss is the divergence and an entropy, but for sampling.
    kl, loss = (found[measure].mean(axis=0) for measure in ("kl", "held_out_loss"))
    np.testing.assert_allclose(loss - kl, (loss - kl)[0], atol=0.2)
    expected = {"control": 0, "replace": 1, "growing": 1, "keep human": 0.5}
    if name in expected:
        np.testing.assert_array_equal(found["edited_fraction"][:, 1:], expected[name])
    assert ("changed" in found) == (name in ("edit", "anchored", "frozen"))


@pytest.mark.parametrize(
    "regime",
    [
        Mix(0.5),
        FreshHuman(0.5),
        Verify(jax.tree_util.Partial(replace)),
        EditSubset(3),
        Edit.of(RULE, "additive"),
    ],
)
def test_a_regime_of_numbers_is_refused(regime, learner):
    with pytest.raises(ValueError, match="tokens are no numbers; accepted are Accumulate"):
        LanguageChain(learner, regime, 2)


def test_every_seed_draws_its_own_text_of_a_known_source(learner):
    """The same at every call and beside any other seeds; real text is one for all seeds."""
    keys = replicate_keys(jax.random.key(0), SEEDS)
    text, source = learner.human(keys)
    assert source is learner.text.source and text.labels.shape == (SEEDS, 24, 8)
    one, other = text.labels
    assert (one != other).any() and (one != learner.text.train).any()
    alone, _ = learner.human(keys[1:])
    np.testing.assert_array_equal(alone.labels[0], other)

    real = cs.HumanText(learner.text.train, learner.text.held_out)
    same, law = replace(learner, text=real).human(keys)
    assert law is None
    np.testing.assert_array_equal(same.labels, np.stack([real.train] * SEEDS))


def test_text_of_a_seed_has_the_law_of_the_source(learner):
    """Frequencies of first tokens in 32 times 24 blocks: chi square, false alarms 1e-6."""
    text, source = learner.human(jax.random.split(jax.random.key(3), 32))
    expected = source.stationary() * 32 * 24
    common = expected >= 10
    counts = np.bincount(text.labels[:, :, 0].ravel(), minlength=64)
    seen = np.append(counts[common], counts[~common].sum())
    law = np.append(expected[common], expected[~common].sum())
    assert stats.chisquare(seen, law).pvalue > 1e-6
    assert stats.chisquare(np.roll(seen, 1), law).pvalue < 1e-6


def test_other_chains_that_make_no_sense(learner):
    with pytest.raises(ValueError, match="text=None: accepted for a chain is a HumanText"):
        LanguageChain(replace(learner, text=None), Replace(), 2)
    with pytest.raises(ValueError, match="generations=0: accepted are integers >= 1"):
        LanguageChain(learner, Replace(), 0)


def test_frozen_edits_are_written_by_the_first_model(run, learner):
    """Told apart from the latest model's in the third generation, the first in which they differ.

    Parameters of another prior would write other tokens: the check below draws with the first
    model's alone.
    """
    frozen, chained = run(Edit.of(RULE, "frozen")), run(Edit.of(RULE))
    np.testing.assert_array_equal(frozen["changed"][:, :2], chained["changed"][:, :2])
    assert (frozen["kl"][:, 2] != chained["kl"][:, 2]).all()


@dataclass(frozen=True)
class First:
    """Whether the text is scored as the first model scores it."""

    learner: LanguageLearner

    def __call__(self, trained):
        scores = self.learner.score(trained.first.parameters, np.asarray(trained.data.labels))
        return {"under_first": -scores.astype(np.float64).mean(axis=(1, 2))}


def test_measures_see_the_text_and_the_first_model(run, learner):
    found = run(Replace(), measures=First(learner))["under_first"]
    assert found.shape == (SEEDS, GENERATIONS)
    assert (found[:, 0] != found[:, 1]).all()


def test_what_is_kept_has_the_number_of_its_generation(run, monkeypatch):
    names, once = [], Workplace.once

    def named(place, name, make):
        names.append(name)
        return once(place, name, make)

    monkeypatch.setattr(Workplace, "once", named)
    run(Replace())
    first, *later = names
    assert first.endswith("-1")
    assert later == [f"chain-{number}-{kept}" for number in (2, 3) for kept in ("data", "measures")]


def test_only_the_state_of_a_model_that_is_read_again_is_written(learner, tmp_path, monkeypatch):
    """All chains begin with generation 1; a later model has no reader but the next text."""
    saved, save = [], Checkpoints.save

    def named(checkpoints, name, *state):
        saved.append(name)
        save(checkpoints, name, *state)

    monkeypatch.setattr(Checkpoints, "save", named)
    directory = RunDirectory.open(tmp_path / "run", {"parameters": {}}, resume=False)
    keys = replicate_keys(jax.random.key(0), SEEDS)
    with tqdm(disable=True) as bar:
        for name in ("00-replace", "01-replace"):
            chain = LanguageChain(learner, Replace(), GENERATIONS)
            chain.on_host(keys, Workplace(directory, bar), name)
        assert saved == ["base-1"]
        monkeypatch.setattr(fitting, "CHECKPOINT_SECONDS", -1.0)  # fits that last for longer
        chain.on_host(keys, Workplace(directory, bar), "02-replace")
    assert saved == ["base-1", "02-replace-2", "02-replace-3"]


def test_later_fits_may_begin_with_the_first_model(run):
    fresh, warm = run(HumanOnly()), run(HumanOnly(), from_first=True)
    np.testing.assert_array_equal(fresh["kl"][:, 0], warm["kl"][:, 0])
    assert (warm["kl"][:, 1:] < fresh["kl"][:, 1:]).all()


def test_from_python_seeds_do_not_depend_on_their_number(learner):
    chain = LanguageChain(learner, Replace(), 2)
    few, more = (cs.simulate(chain, replicates=n, seed=3) for n in (2, 4))
    for measure in few.measures:
        np.testing.assert_allclose(
            few.summary.sample[measure], more.summary.sample[measure][:2], rtol=1e-5, atol=1e-7
        )
    assert few.replicates == 2 and few.generations == 2


def test_learners_of_one_run_do_not_share_a_first_generation(learner):
    """Two learners and two streams beside one another have the numbers that each has alone."""
    longer = replace(learner, training=cs.Training(8, batch=8, peak_rate=1e-2))
    cases = {"short": (learner, 0), "long": (longer, 0), "other seeds": (learner, 1)}
    processes = [
        cs.Process(name, LanguageChain(own, Replace(), 2), SEEDS, stream=stream, looks=(SEEDS,))
        for name, (own, stream) in cases.items()
    ]
    together, _ = cs.decide(processes, {})
    for process, found in zip(processes, together, strict=True):
        (alone,), _ = cs.decide([process], {})
        for measure, values in alone.summary.sample.items():
            np.testing.assert_array_equal(found.summary.sample[measure], values)
    first = [result.summary.sample["kl"][:, 0] for result in together]
    assert (first[0] != first[1]).all() and (first[0] != first[2]).all()


def test_nothing_begins_after_the_deadline(learner):
    process = cs.Process("late", LanguageChain(learner, Replace(), 2), SEEDS, looks=(SEEDS,))
    assert cs.decide([process], {}, deadline=0.0) == ([], [])
